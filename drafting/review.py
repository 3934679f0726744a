"""Review a batch without reading every letter: what is odd across the lot, which letters to read, and a yes by two people."""

from collections.abc import Iterator
from dataclasses import asdict

from sqlalchemy import select, update

from drafting.batch import find
from drafting.desk import Desk, approve
from drafting.errors import DeskError, Refused
from drafting.rows import find_case
from drafting.sampling import Flag, Plan, Text, compare, plan
from drafting.store import BatchRow, LetterRow, Revision, State, Store, tables
from drafting.users import require
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


def check_lot(desk: Desk, batch: str) -> tuple[Flag, ...]:
    """Hold a batch's letters against one another, keep what is odd with the batch, and return it."""
    require(desk.store, desk.user, "write letters")
    found = tuple(compare(_Lot(desk.store, batch)))
    with desk.store.begin() as session:
        row = session.get(BatchRow, batch, lock=True)
        assert row, "a batch does not go away"
        data = row.data | {"flags": [asdict(flag) for flag in found]}
        session.connection.execute(update(tables.batches).where(tables.batches.c.id == batch).values(data=data))
        session.log(desk.user.name, "batch.check", "batch", batch, flags=len(found))
    return found


def flags(store: Store, batch: str) -> tuple[Flag, ...] | None:
    """Return what the last check of the lot found odd, or None where there was none yet."""
    kept = find(store, batch).data.get("flags")
    return None if kept is None else tuple(Flag(one["letter"], one["code"], one["text"], tuple(one["beside"])) for one in kept)


def reading(desk: Desk, batch: str, cohort: str | None = None) -> Plan:
    """Return which letters of a cohort people read, and the rule in words; the same letters each time it is asked."""
    odd = {flag.letter for flag in flags(desk.store, batch) or ()}
    rows = _rows(desk.store, batch, cohort)
    return plan([(row.id, row.severity) for row in rows], odd | {row.id for row in rows if row.errors or not row.revision}, seed=f"{batch}/{cohort}")


def approve_cohort(desk: Desk, batch: str, cohort: str | None = None) -> int:
    """Say yes to a cohort and return how many letters that approved: none until a second person says so too.

    What is read one by one stays as it is. Raises Refused while a letter of the sample has not been
    read, and where one was sent back or has a blocking finding: that stops the lot.
    """
    require(desk.store, desk.user, "send letters back")
    if flags(desk.store, batch) is None:
        raise Refused(f"batch {batch}: the letters have not been held against one another yet; check the lot first")
    wanted = reading(desk, batch, cohort)
    rows = {row.id: row for row in _rows(desk.store, batch, cohort)}
    for letter in wanted.sample:
        if rows[letter].state is State.SENT_BACK:
            raise Refused(f"letter {letter} of the sample was sent back: that stops the lot; mend it and its like, and check the lot again")
    unread = [letter for letter in wanted.sample if rows[letter].state not in _READ]
    if unread:
        named = ", ".join(f"L-{letter}" for letter in unread[:5])
        raise Refused(f"{len(unread)} of the {len(wanted.sample)} letters of the sample are not read yet: {named}{' …' * (len(unread) > 5)}")
    with desk.store.begin() as session:
        row = session.get(BatchRow, batch, lock=True)
        assert row, "a batch does not go away"
        key = cohort or ""
        yes = row.data.get("yes", {})
        said = [name for name in yes.get(key, []) if name != desk.user.name]
        data = row.data | {"yes": yes | {key: [*said, desk.user.name]}}
        session.connection.execute(update(tables.batches).where(tables.batches.c.id == batch).values(data=data))
        session.log(desk.user.name, "batch.approve", "batch", batch, letters=wanted.rest)
    if not said and not desk.user.sole:
        return 0
    read, count = {*wanted.each, *wanted.sample}, 0
    for row_of in rows.values():
        if row_of.id in read or row_of.state is not State.IN_REVIEW:
            continue
        try:
            approve(desk, row_of.id, row_of.revision, row_of.sha256 or "")
            count += 1
        except DeskError:
            continue  # it stays in review, with what stands in its way on its page
    return count


def _rows(store: Store, batch: str, cohort: str | None) -> tuple[LetterRow, ...]:
    with store.read() as session:
        return session.find(LetterRow, batch=batch) if cohort is None else session.find(LetterRow, batch=batch, cohort=cohort)
