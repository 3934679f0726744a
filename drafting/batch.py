"""One incident, every affected account: what people do with a batch and what it tells of itself.

The record holds each account's letter from the start; `drafting.worker` is what writes their texts.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import case as either
from sqlalchemy import func, select, update

from drafting.accounts import Accounts, Rejects, Unusable, Usable
from drafting.aftercare import Recurrence, raised, recurrences
from drafting.desk import Desk, add_lot
from drafting.errors import NotThere, Refused
from drafting.limits import EXPECTED
from drafting.pipeline import first_prompt
from drafting.prices import Tokens, price
from drafting.settings import Settings
from drafting.store import BatchRow, BatchState, Job, LetterRow, Session, Store, tables
from drafting.triage import triage
from drafting.users import require
from guardrails.case import Case, Severity
from guardrails.policy import Policy, Role

PAGE = 250
"""Letters put into the record in one transaction."""
TURNS = 1.4
"""Calls that a letter takes on average, revisions included: what estimates reckon with until a batch has its own figure."""

_JOB, _LETTER = tables.jobs.c, tables.letters.c


@dataclass(frozen=True, slots=True)
class Orders:
    """How a batch is to be written: by whom, within which limits, and where it stops by itself."""

    models: tuple[str, ...]
    revisions: int = 2
    rpm: float | None = None
    tpm: float | None = None
    cap: Decimal | None = None
    """Most to spend, in USD."""
    pilot: int | None = None
    """How many letters to write before a person has looked at them."""

    @property
    def plain(self) -> dict[str, Any]:
        """The orders as JSON has them."""
        return asdict(self) | {"cap": None if self.cap is None else str(self.cap), "models": list(self.models)}

    @classmethod
    def of(cls, data: dict[str, Any]) -> "Orders":
        """Return the orders that were kept as JSON."""
        cap = data.get("cap")
        return cls(tuple(data["models"]), data["revisions"], data["rpm"], data["tpm"], None if cap is None else Decimal(cap), data["pilot"])


@dataclass(frozen=True, slots=True)
class Survey:
    """What a batch would be, before anything is spent."""

    letters: int
    severities: dict[str, int]
    cohorts: dict[str, int]
    unusable: int
    duplicates: int
    columns: dict[str, str]
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    """USD; None where nobody knows the model's price."""
    minutes: float | None
    """At the limits given; None without limits."""


def survey(desk: Desk, accounts: Accounts, orders: Orders, settings: Settings, rejects: Rejects) -> Survey:
    """Look at every row and return what the batch would be; rows that can not be used go to `rejects`. Nothing is written or spent."""
    severities: dict[str, int] = {}
    cohorts: dict[str, int] = {}
    letters = duplicates = unusable = tokens = looked = 0
    known = replace(accounts, known=_known(desk.store))
    for row in known:
        if isinstance(row, Unusable):
            duplicates += row.duplicate
            unusable += not row.duplicate
            rejects.add(row)
            continue
        case = triaged(row.case, desk.policy)
        severity = (case.incident.severity or "medium") if case.incident.severity else "medium"
        severities[str(severity)] = severities.get(str(severity), 0) + 1
        cohorts[row.cohort or "-"] = cohorts.get(row.cohort or "-", 0) + 1
        if letters < 20:
            tokens, looked = tokens + first_prompt(case, desk.policy).tokens, looked + 1
        letters += 1
    rejects.close()
    model = orders.models[0]
    remote = model != "template"
    each = tokens / looked if looked else 0
    read, wrote = (round(letters * each * TURNS), round(letters * EXPECTED * TURNS)) if remote else (0, 0)
    cost = price(model, settings, Tokens(read, wrote))[0] if remote else Decimal(0)
    calls = letters * TURNS if remote else 0
    rates = [calls / orders.rpm] if orders.rpm else []
    rates += [(read + wrote) / orders.tpm] if orders.tpm else []
    return Survey(letters, severities, cohorts, unusable, duplicates, dict(known.mapping), read, wrote, cost, max(rates) if rates else None)


def triaged(case: Case, policy: Policy) -> Case:
    """Return the case ready for drafting. Where the file states severity and category, they stand for every account."""
    if case.incident.severity and case.incident.category in policy.categories:
        return case
    return triage(case, policy).case


def _known(store: Store) -> Callable[[str], str | None]:
    def known(key: str) -> str | None:
        with store.read() as session:
            row = session.connection.execute(select(_LETTER.batch).where(_LETTER.key == key)).one_or_none()
        return None if row is None else row[0] or "none"

    return known


def create(desk: Desk, accounts: Accounts, orders: Orders) -> str:
    """Note a new batch and return its id; `load` puts its letters into the record."""
    require(desk.store, desk.user, "write letters")
    name = re.sub(r"[^A-Za-z0-9-]+", "-", accounts.mass.incident).strip("-")[:40] or "batch"
    made = f"{name}-{secrets.token_hex(3)}"
    data = orders.plain | {"source": accounts.mass.source, "accounts": str(accounts.path.resolve()), "columns": accounts.mapping}
    with desk.store.begin() as session:
        session.connection.execute(
            tables.batches.insert().values(
                id=made,
                state=BatchState.LOADING.value,
                incident=accounts.mass.incident,
                data=data,
                total=0,
                author=desk.user.name,
                at=session.now,
                changed_at=session.now,
            )
        )
        session.log(desk.user.name, "batch.create", "batch", made)
    return made


def load(desk: Desk, batch: str, accounts: Accounts, progress: Callable[[int], None] = lambda count: None) -> int:
    """Put a letter for each usable account into the record, page by page, and return how many; safe to say again after a crash."""
    read, page = 0, list[Usable]()

    def flush() -> None:
        with together(desk.store) as (session, store):
            ready = [_ready(one, desk.policy) for one in recurrences(session, desk.policy, [row.case for row in page])]
            lot = [(row.key, case, row.cohort, signs) for row, (case, signs) in zip(page, ready, strict=True)]
            # An account that has its letter by now, from this batch or another, is passed over.
            new = add_lot(replace(desk, store=store), batch, lot)
            waiting = {"batch": batch, "state": "waiting", "attempt": 0, "starts": 0, "repeats": 0, "calls": 0}
            session.add_all("jobs", [{"letter_id": letter, **waiting} for letter in new])
        page.clear()

    for row in accounts:
        if isinstance(row, Usable):
            page.append(row)
            read += 1
            if len(page) == PAGE:
                flush()
                progress(read)
    flush()
    with desk.store.begin() as session:
        current, total = _find(session, batch), session.count(Job, batch=batch)
        session.connection.execute(update(tables.batches).where(tables.batches.c.id == batch).values(total=total))
        if current.state is BatchState.LOADING:
            _set(session, desk.user.name, batch, BatchState.RUNNING if total else BatchState.DONE)
    return total


def _ready(again: Recurrence, policy: Policy) -> tuple[Case, Role | None]:
    """Return a case ready for drafting, with what the record knows of the account, and who has to sign where it is not the first apology of late."""
    case = triaged(again.case, policy)
    return case, raised(policy, case.incident.severity or Severity.MEDIUM) if again.reasons else None


class _Joined(Store):
    """A record whose transactions are parts of one that is open already: each is undone alone where it fails."""

    def __init__(self, session: Session, store: Store) -> None:
        self.session, self.engine, self.clock = session, store.engine, store.clock

    @contextmanager
    def begin(self) -> Iterator[Session]:
        links = len(self.session._links)
        try:
            with self._errors(), self.session.connection.begin_nested():
                yield self.session
        except BaseException:
            del self.session._links[links:]
            raise

    @contextmanager
    def read(self) -> Iterator[Session]:
        yield self.session


@contextmanager
def together(store: Store) -> Iterator[tuple[Session, Store]]:
    """Open one transaction and give a record whose own transactions are parts of it: many letters, one wait for the disk."""
    with store.begin() as session:
        yield session, _Joined(session, store)


@dataclass(frozen=True, slots=True)
class Status:
    """How far a batch is."""

    id: str
    state: BatchState
    why: str | None
    total: int
    clear: int
    blocked: int
    failed: int
    waiting: int
    cost: Decimal | None
    """USD so far; None where a call's cost is not known."""
    rate: float
    """Letters a second over the last half minute."""
    eta: datetime | None
    repeated: int
    """Letters that were begun again after a crash: at most one call of each was made twice."""

    def as_dict(self) -> dict[str, Any]:
        """Return the status as `amends batch status --json` prints it."""
        return asdict(self) | {
            "state": self.state.value,
            "cost": None if self.cost is None else float(self.cost),
            "rate": round(self.rate, 2),
            "eta": self.eta.isoformat(timespec="seconds") if self.eta else None,
        }


def batches(store: Store) -> tuple[BatchRow, ...]:
    """Return all batches, newest first."""
    with store.read() as session:
        return session.find(BatchRow, "-at")


def status(store: Store, batch: str) -> Status:
    """Return how far a batch is. Raises NotThere."""
    with store.read() as session:
        row = _find(session, batch)
        run = session.connection.execute
        done = _JOB.state == "done"
        counted = run(
            select(_JOB.state, func.count(), func.sum(_JOB.cost), func.sum(either((done & _JOB.cost.is_(None), 1), else_=0)), func.sum(_JOB.repeats))
            .where(_JOB.batch == batch)
            .group_by(_JOB.state)
        ).all()
        number = {state: count for state, count, *_ in counted}
        blocked = run(select(func.count()).select_from(tables.letters).where(_LETTER.batch == batch, _LETTER.revision > 0, _LETTER.errors > 0)).scalar_one()
        span = timedelta(seconds=30)
        last = run(select(func.count(), func.min(_JOB.done_at)).where(_JOB.batch == batch, _JOB.done_at > session.now - span)).one()
    seconds = max((session.now - last[1]).total_seconds(), 1.0) if last[1] else span.total_seconds()
    rate = last[0] / seconds if row.state is BatchState.RUNNING else 0.0
    waiting = number.get("waiting", 0) + number.get("fed", 0)
    known = not any(unknown for _, _, _, unknown, _ in counted)
    return Status(
        batch, row.state, row.why, row.total, number.get("done", 0) - blocked, blocked, number.get("failed", 0), waiting,
        sum((Decimal(str(cost)) for _, _, cost, _, _ in counted if cost), Decimal(0)) if known else None,
        rate, session.now + timedelta(seconds=waiting / rate) if rate and waiting else None, sum(repeats or 0 for *_, repeats in counted),
    )  # fmt: skip


def orders(store: Store, batch: str) -> Orders:
    """Return how a batch is to be written."""
    with store.read() as session:
        return Orders.of(_find(session, batch).data)


def find(store: Store, batch: str | None = None) -> BatchRow:
    """Return a batch, or the newest one. Raises NotThere."""
    with store.read() as session:
        if batch is not None:
            return _find(session, batch)
        newest = session.find(BatchRow, "-at", limit=1)
    if not newest:
        raise NotThere("there is no batch yet: `amends batch run INCIDENT ACCOUNTS` begins one")
    return newest[0]


def ended(store: Store, batch: str) -> bool:
    """Return whether nothing of a batch is in the works, and nothing will be until somebody says so."""
    with store.read() as session:
        if _find(session, batch).state in (BatchState.RUNNING, BatchState.LOADING):
            return False
        return not session.count(Job, batch=batch, state="fed")


def idle(store: Store) -> bool:
    """Return whether no batch is running."""
    return all(row.state is not BatchState.RUNNING and ended(store, row.id) for row in batches(store))


def rows(store: Store, batch: str, *, state: str | None = None, offset: int = 0, limit: int = 100) -> tuple[tuple[Job, LetterRow], ...]:
    """Return a page of a batch's letters with the work on each, in the order of the accounts."""
    with store.read() as session:
        _find(session, batch)
        where = [_JOB.batch == batch, *([_JOB.state == state] if state else [])]
        found = session.connection.execute(select(tables.jobs).where(*where).order_by(_JOB.letter_id).offset(offset).limit(limit)).all()
        jobs = [Job(*one) for one in found]
        letters = {one.id: one for one in session.find(LetterRow, id=tuple(job.letter_id for job in jobs))}
    return tuple((job, letters[job.letter_id]) for job in jobs)


def pause(desk: Desk, batch: str, why: str = "by hand") -> None:
    """Stop a batch where it is: letters in the works are finished, no other is begun."""
    _move(desk, batch, BatchState.PAUSED, (BatchState.RUNNING,), why)


def resume(desk: Desk, batch: str, *, cap: Decimal | None = None) -> None:
    """Let a paused batch go on; a pilot has been looked at then. `cap` raises what may be spent."""
    with desk.store.begin() as session:
        row = _find(session, batch, lock=True)
        if row.state in (BatchState.CANCELLED, BatchState.DONE):
            raise Refused(
                f"batch {batch} is {row.state.value}: there is nothing to go on with"
                + ("; `amends batch retry` tries failed letters again" * (row.state is BatchState.DONE))
            )
        data = row.data | ({"cap": str(cap)} if cap is not None else {}) | {"pilot": None if row.state is BatchState.PAUSED else row.data["pilot"]}
        session.connection.execute(update(tables.batches).where(tables.batches.c.id == batch).values(data=data))
        if row.state is BatchState.PAUSED:
            _set(session, desk.user.name, batch, BatchState.RUNNING)


def cancel(desk: Desk, batch: str) -> None:
    """End a batch: letters that are written stay on the desk, the others are closed without a text."""
    _move(desk, batch, BatchState.CANCELLED, (BatchState.LOADING, BatchState.RUNNING, BatchState.PAUSED), None)
    with desk.store.begin() as session:
        run, ids = session.connection.execute, select(_JOB.letter_id).where(_JOB.batch == batch, _JOB.state == "cancelled")
        run(update(tables.jobs).where(_JOB.batch == batch, _JOB.state == "waiting").values(state="cancelled"))
        # The key goes with it, so that another batch may write to the account.
        run(
            update(tables.letters)
            .where(_LETTER.id.in_(ids), _LETTER.revision == 0)
            .values(state="closed", key=None, failure="the batch was cancelled", due=None, due_what=None)
        )


def retry(desk: Desk, batch: str) -> int:
    """Have every failed letter written again and return how many there are."""
    require(desk.store, desk.user, "write letters")
    with desk.store.begin() as session:
        row = _find(session, batch, lock=True)
        if row.state is BatchState.CANCELLED:
            raise Refused(f"batch {batch} is cancelled: run another")
        ids = select(_JOB.letter_id).where(_JOB.batch == batch, _JOB.state == "failed")
        session.connection.execute(update(tables.letters).where(_LETTER.id.in_(ids)).values(failure=None))
        count = session.connection.execute(
            update(tables.jobs).where(_JOB.batch == batch, _JOB.state == "failed").values(state="waiting", done_at=None)
        ).rowcount
        if count and row.state is BatchState.DONE:
            _set(session, desk.user.name, batch, BatchState.RUNNING)
    return int(count)


def _move(desk: Desk, batch: str, to: BatchState, allowed: Iterable[BatchState], why: str | None) -> None:
    require(desk.store, desk.user, "write letters")
    with desk.store.begin() as session:
        row = _find(session, batch, lock=True)
        if row.state not in allowed:
            raise Refused(f"batch {batch} is {row.state.value}: it can not become {to.value}")
        _set(session, desk.user.name, batch, to, why)


def _set(session: Session, who: str, batch: str, state: BatchState, why: str | None = None) -> None:
    session.connection.execute(update(tables.batches).where(tables.batches.c.id == batch).values(state=state.value, why=why, changed_at=session.now))
    session.log(who, "batch.state", "batch", batch, state=state.value)


def _find(session: Session, batch: str, lock: bool = False) -> BatchRow:
    row = session.get(BatchRow, batch, lock=lock)
    if row is None:
        raise NotThere(f"there is no batch {batch!r}: `amends batch status` shows the newest")
    return row
