"""What people do with a letter: write, dismiss, send back, approve, export, follow up; and who may.

Every function checks the person, the state and the revision itself, writes in one transaction and
leaves a link in the audit log. Nothing here sends anything.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from drafting import clocks
from drafting.errors import Blocker, Conflict, DeskError, Forbidden, NotThere, Refused
from drafting.promises import commitments
from drafting.rows import (
    about,
    apologies_before,
    case_hash,
    day_of,
    find_case,
    find_letter,
    find_revision,
    found,
    keep_case,
    keep_cases,
    plain,
    search,
    settle,
    with_due,
)
from drafting.store import (
    Comment,
    Decision,
    Dismissal,
    Hold,
    LetterRow,
    Promise,
    Revision,
    Session,
    State,
    Store,
    Taken,
    Unsaved,
    clean,
    decision_hash,
    digest,
    encode,
    text_hash,
)
from drafting.users import User, could, of_rank, require
from guardrails.case import Case, Incident, Severity
from guardrails.finding import Finding, Level
from guardrails.letter import Letter, Reading
from guardrails.policy import Policy, Role
from guardrails.report import Report, Suppression, check
from guardrails.rule import Rule

if TYPE_CHECKING:
    from drafting.pipeline import Draft

HOLD = timedelta(minutes=5)
"""How long a letter stays marked as open by somebody who does not say so again."""
_MOVES: Mapping[State, frozenset[State]] = {
    State.DRAFTED: frozenset({State.IN_REVIEW, State.SUPERSEDED, State.CLOSED}),
    State.IN_REVIEW: frozenset({State.DRAFTED, State.SENT_BACK, State.APPROVED, State.SUPERSEDED, State.CLOSED}),
    State.SENT_BACK: frozenset({State.IN_REVIEW, State.SUPERSEDED, State.CLOSED}),
    State.APPROVED: frozenset({State.EXPORTED, State.SUPERSEDED, State.CLOSED}),
    State.EXPORTED: frozenset({State.FOLLOW_UP_DUE, State.CLOSED, State.SUPERSEDED}),
    State.FOLLOW_UP_DUE: frozenset({State.CLOSED, State.SUPERSEDED}),
    State.CLOSED: frozenset(),
    State.SUPERSEDED: frozenset(),
}
_OF_TEXT = ("revision", "sha256", "subject", "search", "failure", "changed_at", "errors", "warnings")
"""What a new text changes of its letter."""
_OPEN = (State.DRAFTED, State.IN_REVIEW, State.SENT_BACK, State.APPROVED)
_FACT_RULES = frozenset({"invented-fact", "inconsistent-fact", "remedy-mismatch", "leaked-internal-fact", "wrong-signer", "missing-required-fact"})


@dataclass(frozen=True)
class Desk:
    """The record, who acts on it, and what they are held to."""

    store: Store
    user: User
    policy: Policy
    rules: tuple[Rule, ...] | None = None
    check: Callable[..., Report] = field(default=check, repr=False)

    def judge(self, letter: Letter, case: Case) -> Report:
        """Return what the rules say of a text, before any dismissal."""
        return self.check(letter, case, self.policy, rules=self.rules)


@dataclass(frozen=True, slots=True)
class Written:
    """A text on its way into the record. Without a model a person wrote it: `author`, or whoever acts."""

    letter: Letter
    model: str | None = None
    prompt: str | None = None
    usage: Mapping[str, Any] | None = None
    cost: Decimal | None = None
    author: str | None = None
    report: Report | None = None

    def __post_init__(self) -> None:
        """Keep only what a database can: see `clean`."""
        object.__setattr__(self, "letter", Letter(clean(self.letter.subject), clean(self.letter.body)))


@dataclass(frozen=True, slots=True)
class View:
    """All that the letter's page shows, as it stands now."""

    row: LetterRow
    case: Case
    case_hash: str
    revision: Revision | None
    report: Report | None
    """What the rules say under the present case and policy, dismissals taken out."""
    stale: tuple[Finding, ...]
    """What a changed case has made wrong in the text."""
    blockers: tuple[Blocker, ...]
    approvals: tuple[Decision, ...]
    needed: int
    signs: Role
    decisions: tuple[Decision, ...]
    comments: tuple[Comment, ...]
    dismissals: tuple[Dismissal, ...]
    promises: tuple[Promise, ...]
    due: tuple[tuple[str, datetime], ...]
    hold: Hold | None


def written(draft: "Draft") -> tuple[Written, ...]:
    """Return the texts of a draft, every turn of the model, ready for `add` or `save`."""
    turns = [Written(turn.letter, turn.model, turn.prompt, plain(asdict(turn.usage)), turn.usage.cost, report=turn.report) for turn in draft.turns]
    if draft.letter != draft.turns[-1].letter:
        turns.append(Written(draft.letter, report=draft.report))
    return tuple(turns)


def add(
    desk: Desk,
    case: Case,
    texts: Written | Sequence[Written] = (),
    *,
    key: str | None = None,
    batch: str | None = None,
    cohort: str | None = None,
    signs: Role | None = None,
    overruled: Mapping[str, Any] | None = None,
    follows: int | None = None,
    failure: str | None = None,
) -> LetterRow:
    """Put a triaged case on the desk, with the texts written for it so far, and return the letter.

    `key` makes it safe to say twice: the letter with that key is returned, and texts are added only
    while it has none. `failure` is why there is no text. `signs` is the rank a recurrence asks for;
    `overruled` records a person's word over triage.
    """
    require(desk.store, desk.user, "write letters")
    texts = (texts,) if isinstance(texts, Written) else tuple(texts)
    judged = [text if text.report else replace(text, report=desk.judge(text.letter, case)) for text in texts]
    about_it = {
        "key": key, "batch": batch, "cohort": cohort, "follows": follows, "signs": signs.value if signs else None,
        "overruled": dict(overruled) if overruled else None,
    }  # fmt: skip
    try:
        with desk.store.begin() as session:
            known = session.find(LetterRow, key=key) if key else ()
            row = known[0] if known else _add(desk, session, [case], desk.user.name, [about_it])[0]
            if row.revision:
                return row
            for text in judged:
                saved = _write(desk, session, row, case, text)
                row = replace(row, revision=saved.number, sha256=saved.sha256)
            if not judged:
                session.set(LetterRow, row.id, failure=failure)
            return find_letter(session, row.id)
    except Taken:  # another worker put the same key there between our look and our insert
        return add(desk, case, judged, key=key, failure=failure)


def add_lot(desk: Desk, batch: str, lot: Sequence[tuple[str, Case, str | None, Role | None]]) -> list[int]:
    """Put triaged cases on the desk as letters of a batch, each by key, case, cohort and the rank that a recurrence asks for; return the new ones.

    A key that is there already is passed over.
    """
    require(desk.store, desk.user, "write letters")
    with desk.store.begin() as session:
        there = {row.key for row in session.find(LetterRow, key=tuple(key for key, *_ in lot))}
        new = [one for one in lot if one[0] not in there]
        about_them = [{"key": key, "batch": batch, "cohort": cohort, "signs": signs.value if signs else None} for key, _, cohort, signs in new]
        return [row.id for row in _add(desk, session, [case for _, case, *_ in new], desk.user.name, about_them)]


def _add(desk: Desk, session: Session, cases: Sequence[Case], drafter: str, about_them: Sequence[Mapping[str, Any]]) -> list[LetterRow]:
    rows, values = [], []
    ids = keep_cases(session, desk.user.name, cases)
    for case_id, case, before, about_it in zip(ids, cases, apologies_before(session, cases), about_them, strict=True):
        new: dict[str, Any] = dict.fromkeys(LetterRow.__dataclass_fields__) | about(case) | _clocks(desk, case, session.now) | dict(about_it)
        new |= {"id": 0, "case_id": case_id, "state": State.DRAFTED.value, "drafter": drafter, "repeats": len(before)}
        new |= {"subject": "", "revision": 0, "errors": 0, "warnings": 0, "at": session.now, "changed_at": session.now}
        rows.append(with_due(LetterRow(**new)))
        values.append({name: value for name, value in new.items() if name != "id"} | {"due": rows[-1].due, "due_what": rows[-1].due_what})
    for number, (made, about_it) in enumerate(zip(session.add_many(LetterRow, values), about_them, strict=True)):
        rows[number] = replace(rows[number], id=made)
        ties = {name: about_it.get(name) for name in ("batch", "follows", "replaces")}
        session.log(desk.user.name, "letter.add", "letter", made, case=rows[number].case_id, drafter=drafter, **ties)
        if about_it.get("overruled"):
            session.log(desk.user.name, "letter.overrule", "letter", made, after=digest(encode(about_it["overruled"])))
    return rows


def save(desk: Desk, letter_id: int, base: int, sha256: str | None, text: Written | Letter) -> Revision:
    """Save a new revision on top of the one the writer started from, and return it.

    An edit voids approvals. The same text again is no new revision. Raises Conflict, holding both
    texts, where another revision stands by now; Refused once the letter is out.
    """
    require(desk.store, desk.user, "write letters")
    text = Written(text) if isinstance(text, Letter) else text
    with desk.store.begin() as session:
        row = find_letter(session, letter_id, lock=True)
        if row.state not in _OPEN:
            raise Refused(f"letter {letter_id} is {_said(row.state)}: write a new one in its place (supersede), the one that went out stays as it is")
        standing = find_revision(session, row)
        if (row.revision, row.sha256) != (base, sha256):
            if standing is None:
                raise Refused(f"letter {letter_id} has no revision {base}")
            if standing.letter != text.letter:
                raise Conflict(text.letter, standing)
        if standing and standing.letter == text.letter:
            return standing
        case = find_case(session, row).case
        if text.report is None:
            text = replace(text, report=desk.judge(text.letter, case))
        saved = _write(desk, session, row, case, text)
        _unapprove(desk, session, row, "edit")
        settle(session, letter_id)
        return saved


def edit(desk: Desk, letter_id: int, base: Revision, letter: Letter) -> Revision:
    """Save what a person wrote on top of a revision they had before them; see `save`."""
    return save(desk, letter_id, base.number, base.sha256, letter)


def fail(desk: Desk, letter_id: int, reason: str) -> LetterRow:
    """Note why a letter has no text, in words that hold nothing about the customer."""
    require(desk.store, desk.user, "write letters")
    with desk.store.begin() as session:
        find_letter(session, letter_id, lock=True)
        session.set(LetterRow, letter_id, failure=reason, changed_at=session.now)
        session.log(desk.user.name, "letter.fail", "letter", letter_id)
        return find_letter(session, letter_id)


def view(desk: Desk, letter_id: int) -> View:
    """Return the letter with its report, its history and whatever stands in the way of approval."""
    require(desk.store, desk.user, "see letters")
    with desk.store.read() as session:
        return _view(desk, session, find_letter(session, letter_id))


def preview(desk: Desk, letter_id: int, letter: Letter) -> Report:
    """Return what the rules say of a text that is not saved, without what people let stand in this letter."""
    require(desk.store, desk.user, "see letters")
    with desk.store.read() as session:
        row = find_letter(session, letter_id)
        case = find_case(session, row).case
        dismissals = session.find(Dismissal, letter_id=letter_id, withdrawn_at=None)
    return _dismissed(desk.judge(letter, case), dismissals, row.revision)


def history(desk: Desk, letter_id: int) -> tuple[Revision, ...]:
    """Return every revision of a letter, first to last."""
    require(desk.store, desk.user, "see letters")
    with desk.store.read() as session:
        find_letter(session, letter_id)
        return session.find(Revision, "number", letter_id=letter_id)


def internal_facts(desk: Desk, letter_id: int) -> dict[str, Any]:
    """Return the account's background, and note in the audit log that it was looked at."""
    require(desk.store, desk.user, "see letters")
    with desk.store.begin() as session:
        row = find_letter(session, letter_id)
        session.log(desk.user.name, "facts.view", "case", row.case_id, letter=letter_id)
        return dict(find_case(session, row).case.background())


@dataclass(frozen=True, slots=True)
class Filled:
    """What came of a letter that waited for its text: the texts written for it, or why there are none."""

    letter_id: int
    case: Case
    texts: tuple[Written, ...] = ()
    failure: str | None = None


def fill_lot(desk: Desk, lot: Sequence[Filled]) -> None:
    """Give letters that wait for their text what was written for each and hand them to review, or note why there is nothing; safe to say twice."""
    require(desk.store, desk.user, "write letters")
    with desk.store.begin() as session:
        found = {row.id: row for row in session.find(LetterRow, lock=True, id=tuple(one.letter_id for one in lot))}
        waiting = [(row, one) for one in lot if (row := found.get(one.letter_id)) and not row.revision and row.state is State.DRAFTED]
        session.set_all(LetterRow, [(row.id, {"failure": one.failure}) for row, one in waiting if not one.texts])
        saved = _write_lot(desk, session, [(row, one.case, text) for row, one in waiting for text in one.texts])
        # Of several texts the last one stands.
        rows = [with_due(replace(row, state=State.IN_REVIEW)) for row in {row.id: row for row, _ in saved}.values()]
        session.set_all(
            LetterRow, [(row.id, {name: getattr(row, name) for name in (*_OF_TEXT, "due", "due_what")} | {"state": row.state.value}) for row in rows]
        )
        for row in rows:
            session.log(desk.user.name, "letter.state", "letter", row.id, after=row.sha256, state=row.state.value, was=State.DRAFTED.value)


def submit(desk: Desk, letter_id: int) -> LetterRow:
    """Hand a drafted or mended letter to review."""
    require(desk.store, desk.user, "write letters")
    with desk.store.begin() as session:
        row = find_letter(session, letter_id, lock=True)
        if row.revision == 0:
            raise Refused(f"letter {letter_id} has no text yet: write one, or draft it again")
        return move(desk, session, row, State.IN_REVIEW)


def send_back(desk: Desk, letter_id: int, revision: int, sha256: str, reason: str) -> LetterRow:
    """Return a letter to its drafter, with a reason."""
    require(desk.store, desk.user, "send letters back")
    with desk.store.begin() as session:
        row = _at(session, letter_id, revision, sha256)
        _decide(desk, session, row, "send_back", _reason(reason))
        return move(desk, session, row, State.SENT_BACK)


def approve(desk: Desk, letter_id: int, revision: int, sha256: str, override: str | None = None) -> LetterRow:
    """Approve exactly this revision; the letter is approved once enough people have.

    `override` is the reason for letting the remaining errors stand, from a person of the policy's
    rank. Raises Refused with its blockers, Forbidden, or Refused where another revision stands.
    """
    with desk.store.begin() as session:
        row = _at(session, letter_id, revision, sha256)
        now = _view(desk, session, row)
        if override is not None and now.report:
            for finding in now.report.findings:
                if finding.level is Level.ERROR:
                    _dismiss(desk, session, row, finding, _reason(override))
            now = _view(desk, session, row)
        if now.blockers:
            kind: type[DeskError] = Forbidden if all(blocker.code in _PERSONAL for blocker in now.blockers) else Refused
            text = "; ".join(blocker.text for blocker in now.blockers)
            raise Refused(text, now.blockers) if kind is Refused else Forbidden(text)
        waived = desk.user.sole and len(now.approvals) + 1 < now.needed
        _decide(desk, session, row, "approve", "single local user: nobody to share the decision with" if waived else override)
        if len(now.approvals) + 1 >= now.needed or desk.user.sole:
            return _approved(desk, session, row, now)
        return settle(session, letter_id)


def approve_all(desk: Desk, letters: Iterable[tuple[int, int, str]]) -> tuple[tuple[LetterRow, ...], tuple[tuple[int, str], ...]]:
    """Approve each (letter, revision, sha256) without a blocker; return those, and each other one with its reason.

    High and critical letters are left out: each is read on its own.
    """
    done, left = [], []
    for letter_id, revision, sha256 in letters:
        try:
            with desk.store.read() as session:
                severity = find_letter(session, letter_id).severity
            if severity.rank >= Severity.HIGH.rank:
                raise Refused(f"letter {letter_id} is {severity.value}: read it on its own")
            done.append(approve(desk, letter_id, revision, sha256))
        except DeskError as error:
            left.append((letter_id, str(error)))
    return tuple(done), tuple(left)


def undo(desk: Desk, letter_id: int) -> LetterRow:
    """Take back one's own last decision (approve or send back), while nothing has come of it."""
    with desk.store.begin() as session:
        row = find_letter(session, letter_id, lock=True)
        standing = [one for one in session.find(Decision, "-id", letter_id=letter_id) if one.withdrawn_at is None and one.kind in {"approve", "send_back"}]
        if not standing or standing[0].author != desk.user.name:
            raise Refused(f"letter {letter_id}: there is no last decision of yours to take back")
        if row.state not in {State.APPROVED, State.IN_REVIEW, State.SENT_BACK}:
            raise Refused(f"letter {letter_id} is {_said(row.state)}: what is out can not be taken back")
        session.set(Decision, standing[0].id, withdrawn_at=session.now)
        session.log(desk.user.name, "letter.undo", "letter", letter_id, decision=standing[0].kind)
        if row.state is not State.IN_REVIEW:
            _void_promises(session, letter_id)
            session.set(LetterRow, letter_id, state=State.IN_REVIEW.value, approved_at=None, follow_up_from=None, follow_up_by=None)
        return settle(session, letter_id)


def dismiss(desk: Desk, letter_id: int, revision: int, sha256: str, finding: Finding, reason: str) -> View:
    """Let one finding of the present report stand, with a reason. An error takes a person of the policy's rank.

    A dismissed warning stays so while its words stay; a dismissed error only for this revision.
    """
    require(desk.store, desk.user, "write letters")
    with desk.store.begin() as session:
        row = _at(session, letter_id, revision, sha256)
        now = _view(desk, session, row)
        if now.report is None or not any(_same(finding, one) for one in now.report.findings):
            raise Refused(f"letter {letter_id}: the rules do not say this of revision {revision}")
        _dismiss(desk, session, row, finding, _reason(reason))
        return _view(desk, session, _recount(desk, session, row))


def restore(desk: Desk, letter_id: int, dismissal_id: int) -> View:
    """Take a dismissal back: the finding counts again."""
    require(desk.store, desk.user, "write letters")
    with desk.store.begin() as session:
        row = find_letter(session, letter_id, lock=True)
        one = session.get(Dismissal, dismissal_id)
        if one is None or one.letter_id != letter_id:
            raise NotThere(f"letter {letter_id} has no dismissal {dismissal_id}")
        session.set(Dismissal, dismissal_id, withdrawn_at=session.now)
        session.log(desk.user.name, "finding.restore", "letter", letter_id, rule=one.rule)
        _unapprove(desk, session, row, "restore")
        return _view(desk, session, _recount(desk, session, find_letter(session, letter_id)))


def comment(desk: Desk, letter_id: int, text: str, quote: str | None = None) -> Comment:
    """Add a remark to the letter as it stands."""
    require(desk.store, desk.user, "write letters")
    with desk.store.begin() as session:
        row = find_letter(session, letter_id)
        if not text.strip():
            raise DeskError("comment: say something")
        made = session.add(Comment, letter_id=letter_id, revision=row.revision, author=desk.user.name, text=text.strip(), quote=quote, at=session.now)
        session.log(desk.user.name, "comment.add", "comment", made, after=digest(text.strip()), letter=letter_id)
        return found(session.get(Comment, made))


def change_case(desk: Desk, letter_id: int, case: Case) -> View:
    """Replace the letter's facts. What the text now says wrongly is in `stale`, and approval waits for `acknowledge`."""
    require(desk.store, desk.user, "write letters")
    with desk.store.begin() as session:
        row = find_letter(session, letter_id, lock=True)
        before = find_case(session, row)
        if before.hash == case_hash(case):
            return _view(desk, session, row)
        made = keep_case(session, desk.user.name, case)
        session.set(LetterRow, letter_id, case_id=made, changed_at=session.now, **about(case, row.subject), **_clocks(desk, case, row.at))
        session.log(desk.user.name, "case.change", "case", made, before=before.hash, after=case_hash(case), letter=letter_id)
        _unapprove(desk, session, row, "case")
        return _view(desk, session, _recount(desk, session, find_letter(session, letter_id)))


def change_incident(desk: Desk, incident: Incident) -> tuple[LetterRow, ...]:
    """Give every open letter of an incident its new facts; severity and category stay as each letter has them. Return those letters."""
    if not incident.id:
        raise DeskError("incident.id: name the incident whose letters this changes")
    with desk.store.read() as session:
        rows = session.find(LetterRow, incident=incident.id, state=tuple(state.value for state in _OPEN))
    changed = []
    for row in rows:
        with desk.store.read() as session:
            case = find_case(session, row).case
        new = incident.model_copy(update={"severity": case.incident.severity, "category": case.incident.category})
        changed.append(change_case(desk, row.id, case.model_copy(update={"incident": new})).row)
    return tuple(changed)


def acknowledge(desk: Desk, letter_id: int, revision: int, sha256: str, reason: str) -> View:
    """Say that somebody has looked at a changed case beside this revision; its errors still block."""
    require(desk.store, desk.user, "write letters")
    with desk.store.begin() as session:
        row = _at(session, letter_id, revision, sha256)
        _decide(desk, session, row, "acknowledge", _reason(reason))
        return _view(desk, session, row)


def export(desk: Desk, letter_id: int, form: str, *, drafts: bool = False) -> View:
    """Note that a letter leaves in some form and return what to write; `drafting.export` writes it.

    Only approved letters leave, or drafts on demand, stamped as such. The first export of an
    approved letter is the moment it went out.
    """
    require(desk.store, desk.user, "take a proof pack" if form == "proof" else "export letters")
    with desk.store.begin() as session:
        row = find_letter(session, letter_id, lock=True)
        now = _view(desk, session, row)
        out = row.state in {State.APPROVED, State.EXPORTED, State.FOLLOW_UP_DUE, State.CLOSED}
        if not out and not drafts and form != "proof":
            raise Refused(f"letter {letter_id} is {_said(row.state)}: only approved letters are exported, or drafts on demand (stamped as drafts)")
        if now.revision is None:
            raise Refused(f"letter {letter_id} has no text yet: write one, or draft it again")
        session.log(desk.user.name, "letter.export", "revision", now.revision.id, after=now.revision.sha256, form=form, letter=letter_id, draft=not out)
        if row.state is State.APPROVED and form != "proof":
            session.set(LetterRow, letter_id, exported_at=row.exported_at or session.now)
            move(desk, session, row, State.EXPORTED)
            _followed(desk, session, row)
        return _view(desk, session, settle(session, letter_id))


def close(desk: Desk, letter_id: int, reason: str) -> LetterRow:
    """End the work on a letter, with a reason."""
    require(desk.store, desk.user, "write letters")
    with desk.store.begin() as session:
        row = find_letter(session, letter_id, lock=True)
        _decide(desk, session, row, "close", _reason(reason))
        session.set(LetterRow, letter_id, closed_at=session.now)
        return move(desk, session, row, State.CLOSED)


def supersede(desk: Desk, letter_id: int, reason: str) -> LetterRow:
    """Put a new letter about the same case, with the text as it stands, in the place of this one, and return the new one."""
    require(desk.store, desk.user, "write letters")
    with desk.store.begin() as session:
        row = find_letter(session, letter_id, lock=True)
        case, standing = find_case(session, row).case, find_revision(session, row)
        _decide(desk, session, row, "supersede", _reason(reason))
        _void_promises(session, letter_id)
        move(desk, session, row, State.SUPERSEDED)
        ties = {"batch": row.batch, "cohort": row.cohort, "follows": row.follows, "overruled": row.overruled, "replaces": letter_id}
        made = _add(desk, session, [case], row.drafter, [ties | {"signs": row.signs.value if row.signs else None}])[0]
        if standing:
            _write(desk, session, made, case, Written(standing.letter, standing.model, standing.prompt, author=standing.author))
        return settle(session, made.id)


def hold(desk: Desk, letter_id: int) -> Hold:
    """Mark a letter as open by this person for five minutes, unless somebody else holds it; return who does."""
    with desk.store.begin() as session:
        find_letter(session, letter_id)
        standing = session.get(Hold, letter_id, lock=True)
        if standing and standing.until > session.now and standing.holder != desk.user.name:
            return standing
        session.remove(Hold, letter_id=letter_id)
        session.add(Hold, letter_id=letter_id, holder=desk.user.name, until=session.now + HOLD)
        return Hold(letter_id, desk.user.name, session.now + HOLD)


def release(desk: Desk, letter_id: int) -> None:
    """Take this person's mark off a letter."""
    with desk.store.begin() as session:
        session.remove(Hold, letter_id=letter_id, holder=desk.user.name)


def keep(desk: Desk, place: str, data: object) -> None:
    """Keep what this person has typed in one place of the desk (`letter/12`, `draft`) until it is saved or discarded."""
    with desk.store.begin() as session:
        session.remove(Unsaved, owner=desk.user.name, place=place)
        session.add(Unsaved, owner=desk.user.name, place=place, data=data, at=session.now)


def kept(desk: Desk, place: str) -> Any:
    """Return what this person has typed there and not saved, or None."""
    with desk.store.read() as session:
        found = session.get(Unsaved, desk.user.name, place)
        return found.data if found else None


def discard(desk: Desk, place: str) -> None:
    """Forget what this person has typed there."""
    with desk.store.begin() as session:
        session.remove(Unsaved, owner=desk.user.name, place=place)


_PERSONAL = frozenset({"role", "drafter", "twice"})
"""Blockers that fall with another person."""


def _view(desk: Desk, session: Session, row: LetterRow) -> View:
    kept_case, standing = find_case(session, row), find_revision(session, row)
    case = kept_case.case
    decisions = session.find(Decision, "id", letter_id=row.id)
    dismissals = tuple(one for one in session.find(Dismissal, "id", letter_id=row.id) if one.withdrawn_at is None)
    raw = desk.judge(standing.letter, case) if standing else None
    report = _dismissed(raw, dismissals, row.revision) if raw else None
    stale: tuple[Finding, ...] = ()
    if raw and standing and standing.case_hash != kept_case.hash:
        before = {(one["rule"], one["field"], one["start"], one["end"], one["message"]) for one in standing.report["findings"]}
        stale = tuple(one for one in raw.findings if one.rule in _FACT_RULES and (one.rule, one.field, one.start, one.end, one.message) not in before)
    approvals = tuple(
        one for one in decisions if one.kind == "approve" and one.withdrawn_at is None and (one.revision, one.sha256) == (row.revision, row.sha256)
    )
    demand = desk.policy.severity[row.severity]
    needed = max(demand.approvals, desk.policy.approval.security_approvals if row.category == "security_incident" else 1)
    signs = max((demand.signs, row.signs or demand.signs), key=lambda role: role.rank)
    held = session.get(Hold, row.id)
    now = View(
        row, case, kept_case.hash, standing, report, stale, (), approvals, needed, signs, decisions,
        session.find(Comment, "id", letter_id=row.id), dismissals, session.find(Promise, "id", letter_id=row.id),
        clocks.due(row), held if held and held.until > session.now else None,
    )  # fmt: skip
    return replace(now, blockers=tuple(_blockers(desk, now)))


def _blockers(desk: Desk, now: View) -> Iterable[Blocker]:
    row, policy = now.row, desk.policy
    if now.revision is None or now.report is None:
        yield Blocker("empty", "there is no text yet")
        return
    if row.state is not State.IN_REVIEW:
        yield Blocker("state", f"the letter is {_said(row.state)}, not in review")
    errors = [finding for finding in now.report.findings if finding.level is Level.ERROR]
    if errors:
        rules = ", ".join(dict.fromkeys(finding.rule for finding in errors))
        may = could(desk.store, of_rank(policy.approval.override.rank))
        yield Blocker("errors", f"{len(errors)} blocking finding{'s' if len(errors) > 1 else ''} ({rules}): mend, or have them overridden by {may}")
    if now.revision.case_hash != now.case_hash and not any(
        one.kind == "acknowledge" and (one.revision, one.case_hash) == (row.revision, now.case_hash) for one in now.decisions
    ):
        yield Blocker("case", "the facts have changed since this was written: look at the sentences they make wrong, then acknowledge")
    signer = Reading(now.revision.letter, now.case, policy).signer
    role = policy.role(signer.title)
    let_stand = any(finding.rule == "wrong-signer" for finding, _ in now.report.suppressed)
    if now.signs.rank > 0 and not let_stand and (role is None or role.rank < now.signs.rank):
        who = f"{signer.name} ({signer.title})" if signer.title else signer.name or "nobody"
        yield Blocker("signer", f"{who} signs; a {row.severity.value} letter{' after earlier apologies' if row.signs else ''} needs {now.signs.value} or above")
    if row.severity.rank >= Severity.HIGH.rank and now.case.remedy.items and not now.case.remedy.approved_by:
        yield Blocker("remedy", "remedy.approved_by: say who approved what is offered")
    yield from _personal_blockers(desk, now)


def _personal_blockers(desk: Desk, now: View) -> Iterable[Blocker]:
    who, row, demand = desk.user, now.row, desk.policy.severity[now.row.severity]
    if who.sole:
        return
    lowest = min(demand.signs.rank, Role.CSM.rank)
    if who.rank < lowest:
        yield Blocker("role", f"{who.name} ({who.position}) may not approve a {row.severity.value} letter: ask {could(desk.store, of_rank(lowest))}")
    if row.drafter == who.name and not demand.drafter_may_approve:
        yield Blocker("drafter", f"{who.name} drafted this {row.severity.value} letter: somebody else approves it, {could(desk.store, of_rank(lowest))}")
    if any(one.author == who.name for one in now.approvals):
        yield Blocker("twice", f"{who.name} has approved this already: it takes {now.needed} people")


def _approved(desk: Desk, session: Session, row: LetterRow, now: View) -> LetterRow:
    window = clocks.follow_up(row.severity, desk.policy, session.now) if row.category != "follow_up" else None
    session.set(LetterRow, row.id, approved_at=session.now, follow_up_from=window[0] if window else None, follow_up_by=window[1] if window else None)
    if now.revision:
        day = day_of(now.case.written_on) or session.now.date()
        for one in commitments(now.revision.letter, now.case, desk.policy, day):
            made = session.add(
                Promise, letter_id=row.id, account=row.account, kind=one.kind, text=one.text, owner=row.drafter, due=one.due, state="open", at=session.now
            )
            session.log(desk.user.name, "promise.add", "promise", made, after=digest(one.text), letter=row.id, due=one.due.isoformat() if one.due else None)
    return move(desk, session, row, State.APPROVED)


def _write(desk: Desk, session: Session, row: LetterRow, case: Case, text: Written) -> Revision:
    [(after, saved)] = _write_lot(desk, session, [(row, case, text)])
    session.set(LetterRow, row.id, **{name: getattr(after, name) for name in _OF_TEXT})
    return saved


def _write_lot(desk: Desk, session: Session, lot: Sequence[tuple[LetterRow, Case, Written]]) -> list[tuple[LetterRow, Revision]]:
    """Add texts as revisions, in their order, and return for each its letter as that stands then, still to be written down, and the revision."""
    standing = {row.id: row for row, _, _ in lot}
    news: list[dict[str, Any]] = []
    steps: list[tuple[LetterRow, LetterRow, Report]] = []
    for row, case, text in lot:
        before, report = standing[row.id], text.report or desk.judge(text.letter, case)
        subject, number, sha = text.letter.subject, before.revision + 1, text_hash(text.letter.subject, text.letter.body)
        news.append({
            "letter_id": row.id, "number": number, "subject": subject, "body": text.letter.body, "sha256": sha,
            "author": text.author or desk.user.name, "model": text.model, "prompt": text.prompt, "usage": plain(text.usage),
            "cost": str(text.cost) if text.cost is not None else None, "report": report.as_dict(), "case_id": row.case_id, "case_hash": case_hash(case),
            "at": session.now,
        })  # fmt: skip
        left = _dismissed(report, session.find(Dismissal, letter_id=row.id, withdrawn_at=None) if row.revision else (), number)
        after = replace(before, revision=number, sha256=sha, subject=subject, search=search(case, subject), failure=None, changed_at=session.now)
        levels = _levels(left)
        standing[row.id] = replace(after, errors=levels["errors"], warnings=levels["warnings"])
        steps.append((before, standing[row.id], report))
    hits: list[dict[str, Any]] = []
    saved: list[tuple[LetterRow, Revision]] = []
    for made, new, (before, after, report) in zip(session.add_many(Revision, news), news, steps, strict=True):
        fired = Counter((finding.rule, finding.level.value) for finding in report.findings)
        hits += [{"revision_id": made, "rule": rule, "level": level, "count": count} for (rule, level), count in fired.items()]
        ties = {"letter": after.id, "number": after.revision, "model": new["model"]}
        session.log(desk.user.name, "letter.write", "revision", made, before=before.sha256, after=after.sha256, **ties)
        saved.append((after, Revision(id=made, erased_at=None, **new)))
    session.add_all("hits", hits)
    return saved


def _recount(desk: Desk, session: Session, row: LetterRow) -> LetterRow:
    now = _view(desk, session, row)
    if now.report:
        session.set(LetterRow, row.id, **_levels(now.report))
    return settle(session, row.id)


def _levels(report: Report) -> dict[str, int]:
    levels = [finding.level for finding in report.findings]
    return {"errors": levels.count(Level.ERROR), "warnings": levels.count(Level.WARNING)}


def _dismissed(report: Report, dismissals: Sequence[Dismissal], revision: int) -> Report:
    """Return the report without what people let stand: errors only on their own revision, and only where an error was meant."""

    def note(finding: Finding) -> Suppression | None:
        for one in dismissals:
            if (one.rule, one.field, one.quote) != (finding.rule, finding.field, finding.quote):
                continue
            if finding.level is not Level.ERROR or (one.level == Level.ERROR.value and one.revision == revision):
                return Suppression(one.rule, finding.field, one.quote, one.author, one.reason, one.at)
        return None

    noted = [(finding, note(finding)) for finding in report.findings]
    return replace(
        report,
        findings=tuple(finding for finding, by in noted if by is None),
        suppressed=(*report.suppressed, *((finding, by) for finding, by in noted if by is not None)),
    )


def _dismiss(desk: Desk, session: Session, row: LetterRow, finding: Finding, reason: str) -> None:
    needed = desk.policy.approval.override.rank
    if finding.level is Level.ERROR and desk.user.rank < needed:
        raise Forbidden(f"{desk.user.name} ({desk.user.position}) may not override `{finding.rule}`: ask {could(desk.store, of_rank(needed))}")
    session.add(
        Dismissal, letter_id=row.id, revision=row.revision, rule=finding.rule, level=finding.level.value, field=finding.field, quote=finding.quote,
        author=desk.user.name, role=desk.user.position.value, reason=reason, at=session.now,
    )  # fmt: skip
    act = "finding.override" if finding.level is Level.ERROR else "finding.dismiss"
    session.log(desk.user.name, act, "letter", row.id, after=digest(reason), rule=finding.rule, revision=row.revision)


def _decide(desk: Desk, session: Session, row: LetterRow, kind: str, reason: str | None) -> None:
    case, who = find_case(session, row), desk.user
    made = session.add(
        Decision, letter_id=row.id, kind=kind, revision=row.revision, sha256=row.sha256, case_hash=case.hash, author=who.name,
        role=who.position.value, reason=reason, at=session.now,
    )  # fmt: skip
    said = decision_hash(row.id, kind, row.revision, row.sha256, who.name, who.position.value, reason)
    session.log(who.name, f"letter.{kind}", "decision", made, before=row.sha256, after=said, letter=row.id, revision=row.revision, sole=who.sole)


def _unapprove(desk: Desk, session: Session, row: LetterRow, why: str) -> None:
    """Void the approvals that stand: what they were for is no longer what is there."""
    standing = [one for one in session.find(Decision, letter_id=row.id, kind="approve") if one.withdrawn_at is None]
    for one in standing:
        session.set(Decision, one.id, withdrawn_at=session.now)
    if standing:
        session.log(desk.user.name, "letter.unapprove", "letter", row.id, why=why, count=len(standing))
    if row.state is State.APPROVED:
        _void_promises(session, row.id)
        session.set(LetterRow, row.id, state=State.IN_REVIEW.value, approved_at=None, follow_up_from=None, follow_up_by=None)


def _void_promises(session: Session, letter_id: int) -> None:
    session.set_where(Promise, {"letter_id": letter_id, "state": "open"}, state="void", settled_at=session.now)


def _followed(desk: Desk, session: Session, row: LetterRow) -> None:
    """A follow-up that goes out settles the clock of the letter it follows, and closes it where nothing else is owed."""
    if row.follows is None:
        return
    first = find_letter(session, row.follows, lock=True)
    session.set(LetterRow, first.id, followed_at=first.followed_at or session.now)
    session.log(desk.user.name, "clock.follow_up", "letter", first.id, by=row.id)
    if not clocks.due(settle(session, first.id)) and State.CLOSED in _MOVES[first.state]:
        session.set(LetterRow, first.id, closed_at=session.now)
        move(desk, session, first, State.CLOSED)


def move(desk: Desk, session: Session, row: LetterRow, to: State) -> LetterRow:
    """Put a letter into another state and return it. Raises Refused where no way leads there."""
    if to not in _MOVES[row.state]:
        raise Refused(f"letter {row.id} is {_said(row.state)} and can not become {_said(to)}")
    session.set(LetterRow, row.id, state=to.value, changed_at=session.now)
    session.log(desk.user.name, "letter.state", "letter", row.id, after=row.sha256, state=to.value, was=row.state.value)
    return settle(session, row.id)


def _clocks(desk: Desk, case: Case, drafted_at: datetime) -> dict[str, Any]:
    return asdict(clocks.clocks(case, desk.policy, drafted_at))


_UNITS = {"k": 1e3, "m": 1e6, "b": 1e9}


def _at(session: Session, letter_id: int, revision: int, sha256: str) -> LetterRow:
    """Return the letter, locked, where this very revision stands."""
    row = find_letter(session, letter_id, lock=True)
    if (row.revision, row.sha256) != (revision, sha256):
        raise Refused(
            f"letter {letter_id}: revision {row.revision} stands, you looked at {revision}: read it first",
            (Blocker("revision", f"revision {row.revision} stands by now"),),
        )
    return row


def _same(one: Finding, other: Finding) -> bool:
    return (one.rule, one.field, one.quote) == (other.rule, other.field, other.quote)


def _reason(text: str) -> str:
    if not text.strip():
        raise DeskError("reason: say why in a few words")
    return clean(text.strip())


def _said(state: State) -> str:
    return state.value.replace("_", " ")
