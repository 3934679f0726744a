"""The review queue: letters by what is due, filtered and paged, with cheap counts."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select

from drafting.store import tables
from drafting.store.records import State
from drafting.store.session import Session
from guardrails.case import Severity

_ROW = tables.letters.c
WAITING = (State.DRAFTED, State.IN_REVIEW, State.SENT_BACK, State.APPROVED, State.FOLLOW_UP_DUE)
"""The states in which somebody still has to do something."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters. Empty fields do not narrow; without `states`, those that wait for somebody."""

    states: tuple[State, ...] = WAITING
    severities: tuple[Severity, ...] = ()
    overdue: bool = False
    due_within: timedelta | None = None
    text: str = ""
    batch: str | None = None
    cohort: str | None = None
    mine: str | None = None
    """The drafter's name."""
    account: str | None = None
    incident: str | None = None
    category: str | None = None
    cause: str | None = None
    week: datetime | None = None
    """The Monday of the week in which the letter was drafted."""
    clear: bool | None = None
    """True: without a blocking finding; False: with one."""
    failed: bool | None = None
    repeats: bool = False
    """Only letters to accounts that had an apology within 90 days before."""
    among: tuple[int, ...] | None = None
    """Only these letters; at most 20,000."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A letter as one row of the queue."""

    id: int
    company: str
    account: str
    subject: str
    incident: str | None
    severity: Severity
    category: str
    state: State
    due: datetime | None
    due_what: str | None
    arr: float | None
    currency: str | None
    errors: int
    warnings: int
    revision: int
    sha256: str | None
    drafter: str
    signs: str | None
    repeats: int
    batch: str | None
    cohort: str | None
    failure: str | None
    holder: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the letters that a filter lets through, and how many there are."""

    entries: tuple[Entry, ...]
    total: int
    offset: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many letters a filter lets through, by what they are."""

    total: int
    states: dict[State, int]
    severities: dict[Severity, int]
    overdue: int
    overdue_arr: float
    due_today: int
    blocked: int
    failed: int


def queue(session: Session, wanted: Filter = Filter(), *, offset: int = 0, limit: int = 50) -> Page:
    """Return a page of the queue: what is due soonest first, then the largest account."""
    where = _where(session, wanted)
    held = select(tables.holds.c.holder).where(tables.holds.c.letter_id == _ROW.id, tables.holds.c.until > session.now).scalar_subquery()
    columns = [held.label("holder") if field.name == "holder" else _ROW[field.name] for field in fields(Entry)]
    query = select(*columns).where(*where).order_by(_ROW.due.is_(None), _ROW.due, _ROW.arr.is_(None), _ROW.arr.desc(), _ROW.id).offset(offset).limit(limit)
    total = session.connection.execute(select(func.count()).select_from(tables.letters).where(*where)).scalar_one()
    return Page(tuple(_entry(row) for row in session.connection.execute(query).mappings()), int(total), offset)


def counts(session: Session, wanted: Filter = Filter()) -> Counts:
    """Return how many letters a filter lets through, by state, severity and what is due, in one look at the table."""

    def number(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    late = _ROW.due < session.now
    query: Select[Any] = (
        select(
            _ROW.state,
            _ROW.severity,
            func.count(),
            number(late),
            func.coalesce(func.sum(case((late, _ROW.arr), else_=0.0)), 0.0),
            number(_ROW.due.between(session.now, session.now + timedelta(days=1))),
            number(_ROW.errors > 0),
            number(_ROW.failure.is_not(None)),
        )
        .where(*_where(session, wanted))
        .group_by(_ROW.state, _ROW.severity)
    )
    states: dict[State, int] = {}
    severities: dict[Severity, int] = {}
    sums = [0, 0, 0.0, 0, 0, 0]
    for state, severity, *numbers in session.connection.execute(query):
        states[State(state)] = states.get(State(state), 0) + numbers[0]
        severities[Severity(severity)] = severities.get(Severity(severity), 0) + numbers[0]
        sums = [one + more for one, more in zip(sums, numbers, strict=True)]
    total, overdue, arr, today, blocked, failed = sums
    return Counts(int(total), states, severities, int(overdue), float(arr), int(today), int(blocked), int(failed))


def neighbours(session: Session, wanted: Filter, letter_id: int) -> tuple[int | None, int | None, int]:
    """Return the letters before and after this one in the queue, and its place (from 1, 0 where it is not in it)."""
    order = (_ROW.due.is_(None), _ROW.due, _ROW.arr.is_(None), _ROW.arr.desc(), _ROW.id)
    ids = list(session.connection.execute(select(_ROW.id).where(*_where(session, wanted)).order_by(*order)).scalars())
    if letter_id not in ids:
        return None, ids[0] if ids else None, 0
    place = ids.index(letter_id)
    return ids[place - 1] if place else None, ids[place + 1] if place + 1 < len(ids) else None, place + 1


def _entry(row: Any) -> Entry:
    return Entry(**(dict(row) | {"severity": Severity(row["severity"]), "state": State(row["state"])}))


def _where(session: Session, wanted: Filter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if wanted.states:
        where.append(_ROW.state.in_([state.value for state in wanted.states]))
    if wanted.severities:
        where.append(_ROW.severity.in_([severity.value for severity in wanted.severities]))
    if wanted.overdue:
        where.append(_ROW.due < session.now)
    if wanted.due_within is not None:
        where.append(_ROW.due <= session.now + wanted.due_within)
    for word in wanted.text.casefold().split():
        where.append(_ROW.search.contains(word, autoescape=True))
    for column, value in (
        (_ROW.batch, wanted.batch), (_ROW.cohort, wanted.cohort), (_ROW.drafter, wanted.mine), (_ROW.account, wanted.account),
        (_ROW.incident, wanted.incident), (_ROW.category, wanted.category), (_ROW.cause, wanted.cause),
    ):  # fmt: skip
        if value is not None:
            where.append(column == value)
    if wanted.week is not None:
        where.append(_ROW.at.between(wanted.week, wanted.week + timedelta(days=7)))
    if wanted.clear is not None:
        where.append((_ROW.errors == 0) & (_ROW.revision > 0) if wanted.clear else or_(_ROW.errors > 0, _ROW.revision == 0))
    if wanted.failed is not None:
        where.append(_ROW.failure.is_not(None) if wanted.failed else _ROW.failure.is_(None))
    if wanted.among is not None:
        where.append(_ROW.id.in_(wanted.among[:20_000]))
    if wanted.repeats:
        where.append(_ROW.repeats > 0)
    return where
