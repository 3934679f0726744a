"""Review a batch without reading every letter: what is odd across the lot, which letters to read, and a yes by two people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select, update

from drafting.batch import find, status
from drafting.desk import Desk, approve
from drafting.errors import DeskError, Refused
from drafting.rows import find_case
from drafting.sampling import Flag, Plan, Text, compare, plan
from drafting.store import BatchRow, LetterRow, Revision, State, Store, tables
from drafting.users import require
from guardrails.case import Severity
from guardrails.letter import Letter

_LETTER = tables.letters.c
_PAGE = 200
_READ = frozenset({State.APPROVED, State.EXPORTED, State.FOLLOW_UP_DUE, State.CLOSED})


class _Lot:
    """The letters of a batch, page by page, as often as they are asked for."""

    def __init__(self, store: Store, batch: str) -> None:
        self._store, self._batch = store, batch

    def __iter__(self) -> Iterator[Text]:
        last = 0
        while True:
            with self._store.read() as session:
                ids = select(_LETTER.id).where(_LETTER.batch == self._batch, _LETTER.id > last, _LETTER.revision > 0).order_by(_LETTER.id).limit(_PAGE)
                rows = session.find(LetterRow, id=tuple(session.connection.execute(ids).scalars()))
                texts = {(one.letter_id, one.number): one for one in session.find(Revision, letter_id=tuple(row.id for row in rows))}
                page = [
                    Text(row.id, find_case(session, row).case, Letter(texts[row.id, row.revision].subject, texts[row.id, row.revision].body)) for row in rows
                ]
            if not page:
                return
            yield from page
            last = page[-1].id


@dataclass(frozen=True, slots=True)
class Lot:
    """How far the review of a cohort is, since its letters were last held against one another."""

    plan: Plan
    unread: tuple[int, ...]
    """Letters of the sample that nobody has read yet."""
    stopped: str | None
    """What stops the lot, in words."""
    open: tuple[int, ...]
    """Letters that a yes by two people approves: in review, read by nobody, and as they were when the lot was checked."""
    yes: tuple[str, ...]
    """Who has said yes."""


class _Row(NamedTuple):
    id: int
    severity: Severity
    state: State
    errors: int
    revision: int
    sha256: str | None


def check_lot(desk: Desk, batch: str, *, confidence: float = 0.95, share: float = 0.02) -> tuple[Flag, ...]:
    """Hold a batch's letters against one another, fix which of them people read, and return what is odd.

    `confidence` and `share` set the size of the sample: see `drafting.sampling.size`. What people said
    of the lot before is void. Raises Refused while letters have still to be written.
    """
    require(desk.store, desk.user, "write letters")
    if waiting := status(desk.store, batch).waiting:
        raise Refused(f"{waiting} letters of batch {batch} are not written yet: check the lot when they are")
    found = tuple(compare(_Lot(desk.store, batch)))
    rows = _rows(desk.store, batch, None)
    with desk.store.begin() as session:
        row = session.get(BatchRow, batch, lock=True)
        assert row, "a batch does not go away"
        checked = {
            "flags": [asdict(flag) for flag in found], "odd": [one.id for one in rows if one.errors or not one.revision],
            "checked": session.now.isoformat(), "confidence": confidence, "share": share, "yes": {},
        }  # fmt: skip
        session.connection.execute(update(tables.batches).where(tables.batches.c.id == batch).values(data=row.data | checked))
        session.log(desk.user.name, "batch.check", "batch", batch, flags=len(found))
    return found


def flags(store: Store, batch: str) -> tuple[Flag, ...] | None:
    """Return what the last check of the lot found odd, or None where there was none yet."""
    return _flags(find(store, batch).data)


def reading(desk: Desk, batch: str, cohort: str | None = None) -> Plan:
    """Return which letters of a cohort people read, and the rule in words; the same letters each time it is asked."""
    return _plan(find(desk.store, batch), _rows(desk.store, batch, cohort), cohort)


def lot(desk: Desk, batch: str, cohort: str | None = None) -> Lot:
    """Return how far the review of a cohort is. Raises Refused where the lot has not been checked."""
    require(desk.store, desk.user, "see letters")
    row, rows = find(desk.store, batch), _rows(desk.store, batch, cohort)
    if _flags(row.data) is None:
        raise Refused(f"batch {batch}: the letters have not been held against one another yet; check the lot first")
    wanted, by_id = _plan(row, rows, cohort), {one.id: one for one in rows}
    sample = [by_id[letter] for letter in wanted.sample]
    back = next((one.id for one in sample if one.state is State.SENT_BACK), None)
    wrong = next((one.id for one in sample if one.errors), None)
    stopped = None
    if back or wrong:
        what = f"letter {back} of the sample was sent back" if back else f"letter {wrong} of the sample has a blocking finding"
        stopped = f"{what}: that stops the lot; mend it and its like, and check the lot again"
    with desk.store.read() as session:
        later = tables.revisions.c.at > datetime.fromisoformat(row.data["checked"])
        edited = select(tables.revisions.c.letter_id).join(tables.letters, _LETTER.id == tables.revisions.c.letter_id).where(_LETTER.batch == batch, later)
        read = {*wanted.each, *wanted.sample, *session.connection.execute(edited).scalars()}
    return Lot(
        wanted,
        tuple(one.id for one in sample if one.state not in _READ),
        stopped,
        tuple(one.id for one in rows if one.id not in read and one.state is State.IN_REVIEW),
        tuple(row.data["yes"].get(cohort or "", ())),
    )


def approve_cohort(desk: Desk, batch: str, cohort: str | None = None) -> int:
    """Say yes to a cohort and return how many letters that approved: none until a second person says so too.

    What is read one by one, and what was edited since the lot was checked, stays as it is. Raises Refused
    while a letter of the sample has not been read, and where one was sent back or has a blocking
    finding: that stops the lot.
    """
    require(desk.store, desk.user, "send letters back")
    now = lot(desk, batch, cohort)
    if now.stopped:
        raise Refused(now.stopped)
    if now.unread:
        named = ", ".join(f"L-{letter}" for letter in now.unread[:5])
        raise Refused(f"{len(now.unread)} of the {len(now.plan.sample)} letters of the sample are not read yet: {named}{' …' * (len(now.unread) > 5)}")
    with desk.store.begin() as session:
        row = session.get(BatchRow, batch, lock=True)
        assert row, "a batch does not go away"
        key, yes = cohort or "", row.data["yes"]
        said = [name for name in yes.get(key, []) if name != desk.user.name]
        data = row.data | {"yes": yes | {key: [*said, desk.user.name]}}
        session.connection.execute(update(tables.batches).where(tables.batches.c.id == batch).values(data=data))
        session.log(desk.user.name, "batch.approve", "batch", batch, letters=len(now.open))
    if not said and not desk.user.sole:
        return 0
    rows, count = {one.id: one for one in _rows(desk.store, batch, cohort)}, 0
    for letter in now.open:
        try:
            approve(desk, letter, rows[letter].revision, rows[letter].sha256 or "")
            count += 1
        except DeskError:
            continue  # it stays in review, with what stands in its way on its page
    return count


def cohorts(store: Store, batch: str) -> tuple[str, ...]:
    """Return the cohorts of a batch, by name."""
    with store.read() as session:
        named = select(_LETTER.cohort).where(_LETTER.batch == batch, _LETTER.cohort.is_not(None)).distinct().order_by(_LETTER.cohort)
        return tuple(session.connection.execute(named).scalars())


def _flags(data: Mapping[str, Any]) -> tuple[Flag, ...] | None:
    if "checked" not in data:
        return None
    return tuple(Flag(one["letter"], one["code"], one["text"], tuple(one["beside"])) for one in data["flags"])


def _plan(row: BatchRow, rows: Sequence[_Row], cohort: str | None) -> Plan:
    # What was blocked when the lot was checked: a letter that becomes so later is not exchanged for another, it stops the lot.
    blocked = row.data["odd"] if "odd" in row.data else [one.id for one in rows if one.errors or not one.revision]
    odd = {flag.letter for flag in _flags(row.data) or ()} | set(blocked)
    wanted = {name: row.data[name] for name in ("confidence", "share") if name in row.data}
    return plan([(one.id, one.severity) for one in rows], odd, seed=f"{row.id}/{cohort}", **wanted)


def _rows(store: Store, batch: str, cohort: str | None) -> list[_Row]:
    wanted = select(_LETTER.id, _LETTER.severity, _LETTER.state, _LETTER.errors, _LETTER.revision, _LETTER.sha256).where(_LETTER.batch == batch)
    if cohort is not None:
        wanted = wanted.where(_LETTER.cohort == cohort)
    with store.read() as session:
        found = session.connection.execute(wanted.order_by(_LETTER.id)).all()
    return [_Row(one.id, Severity(one.severity), State(one.state), one.errors, one.revision, one.sha256) for one in found]
