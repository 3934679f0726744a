"""What follows a letter: its promises, its follow-up, and what the next letter to the account has to know."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from drafting.desk import Desk, Written, add, move
from drafting.errors import DeskError, NotThere, Refused
from drafting.rows import REPEATED, account_key, apologies_before, day_of, find_case, find_letter, found, settle
from drafting.store import LetterRow, Promise, Session, State
from drafting.triage import PROMISED
from drafting.users import require
from guardrails.case import Case, EarlierApology, Severity
from guardrails.policy import Policy, Role

MOST = 12
"""Earlier promises that a letter is told of at most, the newest."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A promise made to an account before, and what became of it."""

    promise: Promise
    state: str
    """`kept`, `kept late`, `open` or `late`."""

    @property
    def text(self) -> str:
        """One line for a prompt or a page."""
        by = f" (due {self.promise.due:%Y-%m-%d})" if self.promise.due else ""
        return f"{self.promise.at:%Y-%m-%d}: {self.promise.text}{by}: {self.state}"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How often this account has had an apology within 90 days, what it was promised, and what follows from it."""

    case: Case
    """The case with those apologies and promises told, and `recurring_issue` as its category where it applies."""
    count: int
    earlier: tuple[LetterRow, ...]
    signs: Role | None
    reasons: tuple[str, ...]
    promises: tuple[Earlier, ...]


def advance(desk: Desk) -> int:
    """Move letters whose follow-up window has opened to `follow_up_due`; return how many."""
    with desk.store.begin() as session:
        rows = [
            row
            for row in session.find(LetterRow, state=State.EXPORTED.value)
            if row.follow_up_from and row.follow_up_from <= session.now and row.followed_at is None
        ]
        for row in rows:
            move(desk, session, row, State.FOLLOW_UP_DUE)
    return len(rows)


def done(desk: Desk, letter_id: int, what: str) -> LetterRow:
    """Note that the customer has had a first word (`acknowledge`), a follow-up (`follow_up`) or the `postmortem`."""
    require(desk.store, desk.user, "write letters")
    columns = {"acknowledge": "acknowledged_at", "follow_up": "followed_at", "postmortem": "postmortem_at"}
    if what not in columns:
        raise DeskError(f"{what!r} is no clock; use {', '.join(columns)}")
    with desk.store.begin() as session:
        row = find_letter(session, letter_id, lock=True)
        session.set(LetterRow, letter_id, **{columns[what]: getattr(row, columns[what]) or session.now})
        session.log(desk.user.name, f"clock.{what}", "letter", letter_id)
        return settle(session, letter_id)


def follow_up(desk: Desk, letter_id: int, write: Callable[[Case], Written | Sequence[Written]]) -> LetterRow:
    """Draft the follow-up letter of one that went out, and return it; `write` makes its text from its case."""
    with desk.store.read() as session:
        row = find_letter(session, letter_id)
        if row.state not in {State.APPROVED, State.EXPORTED, State.FOLLOW_UP_DUE}:
            raise Refused(f"letter {letter_id} is {row.state.value.replace('_', ' ')}: a follow-up comes after a letter that went out")
        if known := session.find(LetterRow, follows=letter_id):
            return known[-1]
        case = told_promises(follow_up_case(find_case(session, row).case, row, session.now.date()), _promises(session, row.account))
    return add(desk, case, write(case), follows=letter_id, key=f"follow-up/{letter_id}", batch=row.batch, cohort=row.cohort)


def follow_up_case(case: Case, row: LetterRow, today: date) -> Case:
    """Return the case of a follow-up: the same incident, told as something that has been written about."""
    out = (row.exported_at or row.approved_at or row.at).date()
    incident = case.incident
    details: dict[str, Any] = {"original_issue": incident.summary or incident.impact or row.subject, "apology_date": out}
    if incident.fixes:
        details["resolved"] = incident.fixes[0]
    told = EarlierApology(at=out, category=row.category, incident=row.incident)
    return case.model_copy(
        update={
            "incident": incident.model_copy(update={"category": "follow_up", "details": incident.details | details}),
            "account": case.account.model_copy(update={"apologies": (*case.account.apologies, told)}),
            "follow_up": None,
            "written_on": today,
        }
    )


def recurrence(desk: Desk, case: Case, *, category: str | None = None) -> Recurrence:
    """Return the case with the apologies this account has had, from the record and as given, and with what it was promised.

    With one or more, the category becomes `recurring_issue` and the signer one rank higher than the
    severity asks. `category` is a person's word that overrules the category.
    """
    with desk.store.read() as session:
        return recurrences(session, desk.policy, [case], category=category)[0]


def recurrences(session: Session, policy: Policy, cases: Sequence[Case], *, category: str | None = None) -> list[Recurrence]:
    """Return `recurrence` for each of several cases, in two looks at the record."""
    promises: dict[str, list[Earlier]] = {}
    for row in session.find(Promise, "at", account=tuple({account_key(case) for case in cases}), state=("open", "kept")):
        promises.setdefault(row.account, []).append(Earlier(row, _fate(row, session.now)))
    found = zip(cases, apologies_before(session, cases), strict=True)
    return [_recurrence(session, policy, case, earlier, tuple(promises.get(account_key(case), ())), category) for case, earlier in found]


def _recurrence(
    session: Session, policy: Policy, case: Case, earlier: tuple[LetterRow, ...], promises: tuple[Earlier, ...], category: str | None
) -> Recurrence:
    day = day_of(case.written_on) or session.now.date()
    told = {(day_of(one.at), one.incident): one for one in case.account.apologies}
    for row in earlier:
        when = (row.approved_at or row.at).date()
        told.setdefault((when, row.incident), EarlierApology(at=when, category=row.category, incident=row.incident))
    apologies = tuple(sorted(told.values(), key=lambda one: day_of(one.at) or date.min))
    recent = [one for one in apologies if timedelta(0) <= day - (day_of(one.at) or date.min) <= REPEATED and one.category != "follow_up"]
    recent = [one for one in recent if one.incident is None or one.incident != case.incident.id]
    changed = told_promises(case.model_copy(update={"account": case.account.model_copy(update={"apologies": apologies})}), promises)
    if not recent or case.incident.category == "follow_up":
        return Recurrence(changed, len(recent), earlier, None, (), promises)
    reasons = [f"apology number {len(recent) + 1} to {case.account.company} within 90 days: " + ", ".join(f"{one.at:%Y-%m-%d}" for one in recent)]
    if category is None:
        incident = changed.incident.model_copy(update={"category": "recurring_issue"})
        changed = changed.model_copy(update={"incident": incident})
        if case.incident.category not in {None, "recurring_issue"}:
            reasons.append(f"the case says {case.incident.category}; repeated apologies call for recurring_issue, unless a person overrules it")
    signs = None
    if case.incident.severity:
        signs = raised(policy, case.incident.severity)
        reasons.append(f"the signer moves up to {signs.value}")
    return Recurrence(changed, len(recent), earlier, signs, tuple(reasons), promises)


def raised(policy: Policy, severity: Severity) -> Role:
    """Return who signs where an apology to the same account repeats: one rank above whom the severity asks."""
    return _one_up(policy.severity[severity].signs)


def told_promises(case: Case, promises: Sequence[Earlier]) -> Case:
    """Return the case with the state of earlier promises among its facts, so that the letter may own up to them and a check knows them."""
    if not promises:
        return case
    details = case.incident.details | {PROMISED: tuple(one.text for one in promises[-MOST:])}
    return case.model_copy(update={"incident": case.incident.model_copy(update={"details": details})})


def earlier(desk: Desk, account: str) -> tuple[Earlier, ...]:
    """Return the promises made to an account so far and what became of them, oldest first. `account` as `account_key` gives it."""
    require(desk.store, desk.user, "see letters")
    with desk.store.read() as session:
        return _promises(session, account)


def overdue(desk: Desk) -> tuple[Promise, ...]:
    """Return the promises that are open past their day, longest overdue first."""
    require(desk.store, desk.user, "see letters")
    with desk.store.read() as session:
        return tuple(row for row in session.find(Promise, "due", state="open") if row.due and row.due < session.now.date())


def keep_promise(desk: Desk, promise_id: int) -> Promise:
    """Note that a promise has been kept, now."""
    require(desk.store, desk.user, "write letters")
    with desk.store.begin() as session:
        row = session.get(Promise, promise_id, lock=True)
        if row is None:
            raise NotThere(f"there is no promise {promise_id}")
        if row.state != "open":
            raise Refused(f"promise {promise_id} is {row.state}, not open")
        session.set(Promise, promise_id, state="kept", settled_at=session.now)
        session.log(desk.user.name, "promise.kept", "promise", promise_id, letter=row.letter_id, owner=None)
        return found(session.get(Promise, promise_id))


def _promises(session: Session, account: str) -> tuple[Earlier, ...]:
    rows = session.find(Promise, "at", account=account, state=("open", "kept"))
    return tuple(Earlier(row, _fate(row, session.now)) for row in rows)


def _one_up(role: Role) -> Role:
    ladder = {0: Role.CSM, 1: Role.VP_CS, 2: Role.EXECUTIVE, 3: Role.EXECUTIVE}
    return ladder[role.rank]


def _fate(row: Promise, now: datetime) -> str:
    if row.state == "kept":
        return "kept late" if row.due and row.settled_at and row.settled_at.date() > row.due else "kept"
    return "late" if row.due and row.due < now.date() else "open"
