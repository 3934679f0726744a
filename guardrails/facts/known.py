"""What the case knows: every value and word of its facts, parsed once."""

import re
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from itertools import combinations
from typing import TypeVar

from guardrails.case import Case
from guardrails.facts.durations import DAY, Duration
from guardrails.facts.lexer import LONGEST, ORDINALS, Piece, decimal, pieces
from guardrails.facts.values import Day, Kind, Period, Scan, Value
from guardrails.facts.words import concept
from guardrails.language.memory import remembered
from guardrails.language.words import STOP

# What only identifies: it grounds names, never claims.
_ADMIN = frozenset({"incident.id", "incident.category", "incident.severity", "account.id", "account.locale"})


@dataclass(frozen=True, slots=True)
class Fact:
    """One part of one fact: its key and text, its values, the words it is told in."""

    key: str
    text: str
    values: tuple[Value, ...]
    words: frozenset[str]
    ticket: bool = False

    @property
    def shown(self) -> str:
        """Return `key: text`, as a finding's evidence prints it."""
        return f"{self.key}: {self.text}"


def shown(key: str, text: object) -> str:
    """Return `key: value` for any fact, a date without its midnight."""
    if isinstance(text, datetime):
        text = text.isoformat(sep=" ", timespec="minutes")
    return f"{key}: {text}"


@dataclass(slots=True)
class Known:
    """The values of a case by kind, each with the fact it stands in, and the words of all its facts."""

    today: date | None
    facts: list[Fact] = field(default_factory=list)
    dates: dict[date, str] = field(default_factory=dict)
    months: dict[int, str] = field(default_factory=dict)
    years: dict[int, str] = field(default_factory=dict)
    weekdays: dict[int, str] = field(default_factory=dict)
    days: dict[int, str] = field(default_factory=dict)
    times: dict[int, str] = field(default_factory=dict)
    money: list[tuple[Decimal, str, str]] = field(default_factory=list)
    percents: dict[Decimal, str] = field(default_factory=dict)
    numbers: list[tuple[Decimal, frozenset[str], str]] = field(default_factory=list)
    durations: list[tuple[float, str]] = field(default_factory=list)
    window: tuple[datetime, datetime] | None = None
    span: tuple[date, date] | None = None
    """The first and the last day of the incident, where both are known."""
    zone: tzinfo | None = None
    moment: datetime | None = None
    """When the incident began, by its own clock."""
    raw: str = ""
    names: dict[str, str] = field(default_factory=dict)
    vocabulary: dict[str, str] = field(default_factory=dict)
    internal: list[Fact] = field(default_factory=list)
    internal_words: dict[str, str] = field(default_factory=dict)
    lengths: list[tuple[float, str]] = field(default_factory=list)
    totals: frozenset[Decimal] = frozenset()
    counted: list[tuple[Decimal, frozenset[str], str]] = field(default_factory=list)
    """The numbers that stand for themselves in the facts, not as part of a date, an amount or a code."""
    sums: list[Decimal] = field(default_factory=list)
    """The larger figures and amounts, which a letter may mistype."""
    own: str = ""
    """The text of all facts but the customer's own words: a link stands nowhere else."""
    whole: "Known | None" = None
    """The same with the customer's own words, which ground what the customer did, said or suffered, and nothing that we give, caused or promise."""

    @property
    def everything(self) -> "Known":
        """What the case knows, the customer's own words included."""
        return self.whole or self


def content(pieces: Iterable[Piece]) -> frozenset[str]:
    """Return the content words of some pieces, as concepts."""
    return frozenset(concept(piece.lower) for piece in pieces if piece.kind == "word" and piece.lower not in STOP and len(piece.lower) > 1)


def said_in(text: str) -> frozenset[str]:
    """Return the content words of a long text, as concepts; each of its words is looked at only where it is new."""
    chunks = set(text.split())
    long = {chunk for chunk in chunks if len(chunk) >= LONGEST}
    return frozenset[str]().union(*map(_said, chunks - long), *(content(pieces(chunk)) for chunk in long))


@remembered
def _said(chunk: str) -> frozenset[str]:
    return content(pieces(chunk))


_THEIRS = ("account.tickets", "account.goals", "account.plan", "account.contact.title")
"""Where the customer's own words stand, or words that came with the account: none of our promises is among them."""


_Result = TypeVar("_Result")


def per_case(work: Callable[[Case], _Result]) -> Callable[[Case], _Result]:
    """Return the function with its results for the newest cases kept, so that many checks of one case read it once."""
    recent: list[tuple[Case, _Result]] = []

    def kept(case: Case) -> _Result:
        for one, result in recent:
            if one is case:
                return result
        result = work(case)
        recent.insert(0, (case, result))
        del recent[8:]
        return result

    return kept


facts_of = per_case(Case.facts)


@lru_cache(maxsize=1024)
def _scanned(text: str, today: date | None) -> tuple[tuple[Scan, frozenset[str]], ...]:
    """Return the parts of a fact's text with their content words: the accounts of an incident share most of its facts."""
    scans = (Scan(part, 0, today) for part in _parts(text))
    return tuple((scan, content(scan.pieces)) for scan in scans)


@per_case
def known(case: Case) -> Known:
    """Return what a case knows."""
    incident = case.incident
    today = _date(case.written_on) or _date(incident.ended_at) or _date(incident.started_at) or _date(incident.detected_at)
    found = Known(today)
    own: list[str] = []
    theirs: list[tuple[str, str]] = []
    for key, value in facts_of(case).items():
        if isinstance(value, datetime):
            local = incident.local(value)
            if not isinstance(local, datetime):
                continue
            found.dates.setdefault(local.date(), shown(key, value))
            if local.time() != datetime.min.time() or key.startswith("incident."):
                found.times.setdefault(local.hour * 60 + local.minute, shown(key, value))
            continue
        if isinstance(value, date):
            found.dates.setdefault(value, shown(key, value))
            continue
        text = str(value)
        if key.startswith(_THEIRS) and not (key.endswith(".author") and _A_NAME.fullmatch(text)):
            theirs.append((key, text))
            continue
        own.append(text)
        if key in _ADMIN:
            continue
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            if key.endswith(".amount"):
                unit = case.remedy.items[int(key.partition("[")[2].partition("]")[0])].currency or ""
                found.money.append((Decimal(value), unit, shown(key, f"{value} {unit}")))
            else:
                found.numbers.append((Decimal(value), frozenset(), shown(key, value)))
                found.counted.append(found.numbers[-1])
                found.money.append((Decimal(value), "", shown(key, value)))
            continue
        for scan, words in _scanned(text, today):
            fact = Fact(key, text, tuple(scan.found), words)
            found.facts.append(fact)
            _absorb(found, fact, scan)
    found.zone = incident.zone
    first, last = _date(incident.started_at), _date(incident.ended_at)
    found.span = (first, last) if first and last else None
    begun = incident.started_at or incident.detected_at or case.written_on
    found.moment = begun.replace(tzinfo=None) if isinstance(begun, datetime) else datetime.combine(begun, datetime.min.time()) if begun else None
    for start, end in ((incident.started_at, incident.ended_at),):
        elapsed = incident.elapsed()
        if elapsed is not None and start is not None and end is not None:
            found.durations.append((elapsed.total_seconds(), f"{shown('incident.started_at', start)}, {shown('incident.ended_at', end)}"))
            rest = elapsed.total_seconds() % DAY
            if elapsed.total_seconds() > DAY and rest:
                found.durations.append((rest, shown("incident.ended_at", end)))
            if isinstance(start, datetime) and isinstance(end, datetime):
                found.window = (start.replace(tzinfo=None), end.replace(tzinfo=None))
    for key, value in case.background().items():
        text = value.isoformat() if isinstance(value, date) else str(value)
        for scan, words in _scanned(text, today):
            fact = Fact(key, text, tuple(scan.found), words)
            found.internal.append(fact)
            for word in fact.words:
                found.internal_words.setdefault(word, shown(key, text))
    found.raw = found.own = "\n".join(own).lower()
    for word in _spoken(case):
        found.vocabulary.setdefault(concept(word), word)
    found.whole = _with(found, theirs) if theirs else None
    for each in (found, found.everything):
        each.lengths = spans_of_time(each)
        each.totals = frozenset(number for number, _, _ in each.numbers)
        each.sums = [number for number, _, _ in (*each.counted, *each.money) if number >= (1000 if f"{number.normalize():f}".endswith("0") else 100)]
    return found


_A_NAME = re.compile(r"[^\W\d_][^\W\d_.'’ -]*(?:[ .'’-]+[^\W\d_]+){0,3}")


def _with(found: Known, theirs: list[tuple[str, str]]) -> Known:
    """Return what the case knows with the customer's own words."""
    whole = copy(found)
    for item in fields(Known):
        if isinstance(value := getattr(found, item.name), list | dict):
            setattr(whole, item.name, value.copy())
    for key, text in theirs:
        for scan, words in _scanned(text, found.today):
            fact = Fact(key, text, tuple(scan.found), words, ticket=True)
            whole.facts.append(fact)
            _absorb(whole, fact, scan)
    whole.raw = "\n".join([found.own, *(text for _, text in theirs)]).lower()
    return whole


def _date(value: date | datetime | None) -> date | None:
    return value.date() if isinstance(value, datetime) else value


def _spoken(case: Case) -> list[str]:
    """The words of the category, which name the kind of failure."""
    return (case.incident.category or "").split("_")


def _parts(text: str) -> list[str]:
    """Cut a fact's text at semicolons and full stops: each part tells one thing."""
    parts, last = [], 0
    for at, letter in enumerate(text):
        if letter == ";" or (
            letter == "." and text[at + 1 : at + 2] in {" ", ""} and text[max(at - 2, 0) : at].strip().lower() not in {"mr", "ms", "dr", "no", "st", "rs"}
        ):
            if text[last:at].strip():
                parts.append(text[last:at].strip())
            last = at + 1
    if text[last:].strip():
        parts.append(text[last:].strip())
    return parts or [text]


def _absorb(found: Known, fact: Fact, scan: Scan) -> None:
    evidence = fact.shown
    for value in fact.values:
        what = value.value
        if isinstance(what, Day):
            for day in what.days if (what.day is not None and what.month is not None) or what.year else ():
                found.dates.setdefault(day, evidence)
            if what.weekday is not None:
                found.weekdays.setdefault(what.weekday, evidence)
            if what.day is not None:
                found.days.setdefault(what.day, evidence)
            if what.month is not None:
                found.months.setdefault(what.month, evidence)
            if what.year is not None:
                found.years.setdefault(what.year, evidence)
        elif isinstance(what, Period):
            for month in what.months:
                found.months.setdefault(month, evidence)
            if what.year is not None:
                found.years.setdefault(what.year, evidence)
        elif isinstance(what, Duration):
            found.durations.append((what.seconds, evidence))
        elif isinstance(what, frozenset):
            for minute in what:
                found.times.setdefault(minute, evidence)
        elif isinstance(what, Decimal):
            if value.kind is Kind.MONEY:
                found.money.append((what, value.unit, evidence))
            elif value.kind is Kind.PERCENT:
                found.percents.setdefault(what, evidence)
            else:
                if what == what.to_integral() and 1990 < what < 2100:
                    found.years.setdefault(int(what), evidence)
                unit = value.unit if value.unit and value.unit.split()[0] not in _JOINED else _listed(fact.values, value, scan)
                entry = (what, frozenset(concept(word) for word in unit.split() if word not in STOP), evidence)
                found.numbers.append(entry)
                found.counted.append(entry)
    for month, days in _DAYS_OF.findall(fact.text):
        for number in re.findall(r"\d+", days):
            for told in Scan(f"{number} {month}", 0, found.today).found:
                for day in told.value.days if isinstance(told.value, Day) else ():
                    found.dates.setdefault(day, evidence)
    _shared_units(found, fact, scan)
    for piece in scan.pieces:
        if piece.kind == "word":
            if piece.text[:1].isupper():
                found.names.setdefault(piece.lower, evidence)
            if piece.lower not in STOP:
                found.vocabulary.setdefault(concept(piece.lower), evidence)
        elif piece.kind == "num" and (figure := decimal(piece.text)) is not None:
            # Figures that stand in a date, an amount or a code are known figures too, if weaker.
            found.numbers.append((figure, frozenset(), evidence))


_JOINED = frozenset({"and", "or", "to"})


def _listed(values: tuple[Value, ...], value: Value, scan: Scan) -> str:
    """Return what the numbers of a list count: "12, 15 and 19 people" are all people."""
    at = values.index(value)
    for later in values[at + 1 : at + 6]:
        between = [piece.lower for piece in scan.pieces[value.stop : later.first]]
        if later.kind is not Kind.NUMBER or not between or not set(between) <= {",", "and", "or", "to", "-", "–"}:
            break
        if later.unit and later.unit.split()[0] not in _JOINED:
            return later.unit
        value = later
    return value.unit


_DAYS_OF = re.compile(
    r"\b(January|February|March|April|May|June|July|August|September|October|November|December)\s*\(((?:\d{1,2}(?:st|nd|rd|th)?(?:, | and |, and )?){2,8})\)"
)
"""Days in brackets behind their month: "in January (6, 14, 22)"."""


def _shared_units(found: Known, fact: Fact, scan: Scan) -> None:
    """Give "60, 30 and 7 days" one unit, and "70 and 85 percent" one sign."""
    unit: int | None = None
    share = False
    for value in reversed(fact.values):
        joined = scan.pieces[value.stop].lower in {",", "and", "or", "to", "-", "–"} if value.stop < len(scan.pieces) else False
        if value.kind is Kind.PERCENT or (share and joined and value.kind is Kind.NUMBER):
            share = True
            if isinstance(value.value, Decimal):
                found.percents.setdefault(value.value, fact.shown)
            continue
        share = False
        if isinstance(value.value, Duration):
            unit = value.value.unit
        elif unit and value.kind is Kind.NUMBER and isinstance(value.value, Decimal) and scan.pieces[value.stop].lower in {",", "and", "or", "to", "-", "–"}:
            found.durations.append((float(value.value) * unit, fact.shown))
        else:
            unit = None


_YEAR, _MONTH = 31556952.0, 2629746.0


def _within_one(found: Known) -> Iterator[tuple[float, str]]:
    """Yield the lengths that one fact gives: from one of its days and times to the next, between two years, of the months it names, of a bare figure."""
    for fact in found.facts:
        days = [day for value in fact.values if isinstance(value.value, Day) and value.value.month for day in value.value.days[:1]]
        times = [sorted(value.value) for value in fact.values if isinstance(value.value, frozenset)]
        if days and len(times) == 2 and times[1][0] < times[0][0]:
            yield (times[1][0] - times[0][0] + 1440) * 60.0, fact.shown  # over a night
        years = {int(value.value) for value in fact.values if value.kind is Kind.NUMBER and isinstance(value.value, Decimal) and 1900 < value.value < 2200}
        years |= {value.value.year for value in fact.values if isinstance(value.value, Period) and value.value.year}
        if len(years) == 2:
            yield (max(years) - min(years)) * _YEAR, fact.shown
        months = frozenset[int]().union(*(value.value.months for value in fact.values if isinstance(value.value, Period) and len(value.value.months) == 1))
        if len(months) > 1:
            yield len(months) * _MONTH, fact.shown
    for figure, unit, told in found.counted:
        for fact in found.facts if not unit and figure > 1 else ():
            if fact.key == told.partition(":")[0]:  # "the window is 45 days; it was told as 30"
                yield from ((float(figure) * value.value.unit, told) for value in fact.values if isinstance(value.value, Duration) and value.value.unit >= 60)


_ORDINAL_SPAN = re.compile(r"\b(second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth) (day|week|month|year)\b")
_UNIT = {"day": DAY, "week": 7 * DAY, "month": _MONTH, "year": _YEAR}


def _between_moments(found: Known) -> Iterator[tuple[float, str]]:
    """Yield the lengths of time between two moments that the facts tell by day and hour, of two lengths in one fact, and of "the third week"."""
    moments: dict[datetime, str] = {}
    for moment in found.window or ():
        moments.setdefault(moment, "incident.started_at, incident.ended_at")
    if found.moment:
        moments.setdefault(found.moment, "incident.started_at")
    for fact in found.facts:
        if fact.key.startswith("follow_up"):
            continue
        day = None
        for value in fact.values:
            if isinstance(value.value, Day) and value.value.month and len(value.value.days) == 1:
                day = value.value.days[0]
            elif isinstance(value.value, frozenset) and day and len(value.value & _A_DAY) == 1:
                moments.setdefault(datetime.combine(day, datetime.min.time()) + timedelta(minutes=min(value.value)), fact.shown)
        lengths = [value.value.seconds for value in fact.values if isinstance(value.value, Duration)]
        yield from ((abs(one - other), fact.shown) for one, other in combinations(lengths[:5], 2) if one != other)
        yield from ((ORDINALS[word] * _UNIT[unit], fact.shown) for word, unit in _ORDINAL_SPAN.findall(fact.text.lower()))
    for (one, first), (other, second) in combinations(sorted(moments.items())[:12], 2):
        if timedelta(0) < other - one < timedelta(days=8):
            yield (other - one).total_seconds(), first if first == second else f"{first}, {second}"


_A_DAY = frozenset(range(1440))


def spans_of_time(found: Known) -> list[tuple[float, str]]:
    """Return the lengths of time that lie between two known dates or two known times, in seconds."""
    lengths = []
    for (one, first), (other, second) in combinations(sorted(found.dates.items()), 2):
        lengths.append((float((other - one) / timedelta(seconds=1)), first if first == second else f"{first}, {second}"))
    moments = [(minute, fact) for minute, fact in sorted(found.times.items()) if not fact.startswith(("follow_up", "remedy"))]
    for (early, first), (late, second) in combinations(moments, 2):
        if late - early < 720:
            lengths.append(((late - early) * 60.0, first if first == second else f"{first}, {second}"))
    lengths += _within_one(found)
    lengths += _between_moments(found)
    if found.today:
        for year, fact in found.years.items():
            if year < found.today.year:
                lengths.append(((found.today.year - year) * 31556952.0, fact))
    return lengths
