"""The record looked at over time: how often we apologise, for what, to whom, and whether we keep our word."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import distinct, func, select

from drafting.store import tables
from drafting.store.session import Session

_ROW = tables.letters.c


@dataclass(frozen=True, slots=True)
class Count:
    """How many letters fall under a name. The filter of the queue with the same name shows them."""

    name: str
    letters: int


@dataclass(frozen=True, slots=True)
class Week:
    """The letters drafted in a week, by severity."""

    monday: date
    severities: dict[str, int]


@dataclass(frozen=True, slots=True)
class Repeat:
    """An account that had more than one apology in the period."""

    account: str
    company: str
    letters: int
    arr: float | None


@dataclass(frozen=True, slots=True)
class Clock:
    """From detection to the letter's leaving, by severity, in hours, against what the policy allows."""

    severity: str
    letters: int
    median_hours: float
    slowest_hours: float
    in_time: int


@dataclass(frozen=True, slots=True)
class Fired:
    """How often a rule fired on what an author or a model wrote: in how many letters, how many times."""

    rule: str
    author: str
    letters: int
    findings: int


@dataclass(frozen=True, slots=True)
class Dismissed:
    """In how many letters a rule fired and in how many of them somebody let it stand. Above a half, look at the rule."""

    rule: str
    fired: int
    dismissed: int

    @property
    def share(self) -> float:
        """Dismissed over fired."""
        return self.dismissed / self.fired if self.fired else 0.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the promises made in the period."""

    kept: int
    kept_late: int
    late: int
    open: int


@dataclass(frozen=True, slots=True)
class Trends:
    """The figures of a period."""

    since: datetime
    until: datetime
    letters: int
    weeks: tuple[Week, ...]
    causes: tuple[Count, ...]
    categories: tuple[Count, ...]
    accounts: tuple[Count, ...]
    repeats: tuple[Repeat, ...]
    clocks: tuple[Clock, ...]
    findings: tuple[Fired, ...]
    dismissed: tuple[Dismissed, ...]
    promises: Kept


def trends(session: Session, since: datetime, until: datetime) -> Trends:
    """Return the figures of the letters drafted from `since` up to `until`; follow-ups are no apologies and are left out."""
    period = (_ROW.at >= since, _ROW.at < until, _ROW.category != "follow_up")
    wanted = (
        _ROW.at, _ROW.severity, _ROW.category, _ROW.cause, _ROW.account, _ROW.company, _ROW.arr,
        _ROW.detected_at, _ROW.respond_by, _ROW.exported_at, _ROW.state,
    )  # fmt: skip
    rows = session.connection.execute(select(*wanted).where(*period)).all()
    return Trends(
        since,
        until,
        len(rows),
        _weeks(rows),
        _ranked(Counter(row.cause or "not known" for row in rows)),
        _ranked(Counter(row.category for row in rows)),
        _ranked(Counter(row.company for row in rows)),
        _repeats(rows),
        _clocks(rows),
        _fired(session, period),
        _dismissed(session, period),
        _promises(session, since, until),
    )


def _ranked(counter: Counter[str]) -> tuple[Count, ...]:
    return tuple(Count(name, number) for name, number in sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def _weeks(rows: Any) -> tuple[Week, ...]:
    weeks: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for row in rows:
        weeks[row.at.date() - timedelta(days=row.at.weekday())][row.severity] += 1
    return tuple(Week(monday, dict(weeks[monday])) for monday in sorted(weeks))


def _repeats(rows: Any) -> tuple[Repeat, ...]:
    accounts: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        if row.state != "superseded":
            accounts[row.account].append(row)
    found = [Repeat(account, own[-1].company, len(own), own[-1].arr) for account, own in accounts.items() if len(own) > 1]
    return tuple(sorted(found, key=lambda one: (-one.letters, -(one.arr or 0), one.company)))


def _clocks(rows: Any) -> tuple[Clock, ...]:
    spent: defaultdict[str, list[tuple[float, bool]]] = defaultdict(list)
    for row in rows:
        if row.exported_at and row.detected_at:
            hours = (row.exported_at - row.detected_at).total_seconds() / 3600
            spent[row.severity].append((hours, row.respond_by is None or row.exported_at <= row.respond_by))
    return tuple(
        Clock(severity, len(own), round(median(hours for hours, _ in own), 2), round(max(hours for hours, _ in own), 2), sum(ok for _, ok in own))
        for severity, own in sorted(spent.items())
    )


def _fired(session: Session, period: tuple[Any, ...]) -> tuple[Fired, ...]:
    author = func.coalesce(tables.revisions.c.model, tables.revisions.c.author).label("author")
    query = (
        select(tables.hits.c.rule, author, func.count(distinct(tables.revisions.c.letter_id)), func.sum(tables.hits.c.count))
        .join(tables.revisions, tables.revisions.c.id == tables.hits.c.revision_id)
        .join(tables.letters, _ROW.id == tables.revisions.c.letter_id)
        .where(*period)
        .group_by(tables.hits.c.rule, author)
    )
    found = (Fired(rule, who, int(letters), int(findings)) for rule, who, letters, findings in session.connection.execute(query))
    return tuple(sorted(found, key=lambda one: (-one.letters, one.rule, one.author)))


def _dismissed(session: Session, period: tuple[Any, ...]) -> tuple[Dismissed, ...]:
    revisions, dismissals = tables.revisions, tables.suppressions
    fired = (
        select(tables.hits.c.rule, func.count(distinct(revisions.c.letter_id)))
        .join(revisions, revisions.c.id == tables.hits.c.revision_id)
        .join(tables.letters, _ROW.id == revisions.c.letter_id)
        .where(*period)
        .group_by(tables.hits.c.rule)
    )
    let_stand = (
        select(dismissals.c.rule, func.count(distinct(dismissals.c.letter_id)))
        .join(tables.letters, _ROW.id == dismissals.c.letter_id)
        .where(*period, dismissals.c.withdrawn_at.is_(None))
        .group_by(dismissals.c.rule)
    )
    stood = {rule: int(number) for rule, number in session.connection.execute(let_stand)}
    found = [Dismissed(rule, int(number), stood.get(rule, 0)) for rule, number in session.connection.execute(fired)]
    return tuple(sorted(found, key=lambda one: (-one.share, -one.fired, one.rule)))


def _promises(session: Session, since: datetime, until: datetime) -> Kept:
    row = tables.promises.c
    today = session.now.date()
    kept = Counter[str]()
    for due, state, settled in session.connection.execute(select(row.due, row.state, row.settled_at).where(row.at >= since, row.at < until)):
        if state == "kept":
            kept["kept late" if due and settled and settled.date() > due else "kept"] += 1
        elif state == "open":
            kept["late" if due and due < today else "open"] += 1
    return Kept(kept["kept"], kept["kept late"], kept["late"], kept["open"])
