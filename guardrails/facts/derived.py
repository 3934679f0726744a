"""What the facts give without saying it: a time on another clock, a moment some known while after another, sums and shares."""

import re
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations, pairwise

from guardrails.case import zone
from guardrails.facts.durations import DAY, HOUR, LOOSE, Duration
from guardrails.facts.known import Known
from guardrails.facts.reckoning import EACH, Figure, beside, figures, length_each, portion, product, rate, times
from guardrails.facts.values import Day, Kind, Period, Scan, Value, same_money

Reason = tuple[str | None, str]
"""The fact behind a value (None where it is no single one) and how it comes of it."""

_ELSEWHERE = re.compile(r"\b(?:your|our|local|their) (?:own )?(?:local )?time\b|\bwhere you are\b|\b(?:for|with) you\b|\b[a-z]+ time\b|\bby your clocks?\b")
_ZONE = re.compile(r"\b(?:[A-Z]{3,4}|[EMCP]T)\b|\b(?:UTC|GMT)[+-]\d")
_AGAIN = re.compile(r"\b(?:every|each|weekly|fortnightly|once a (?:week|month))\b")
_UNTIL = re.compile(r"\b(?:to|until|till|through|into|reach(?:es)?|ends?|runs?|lasts?|brings? you)\b")
_SHARED = re.compile(r"\b(?:each|per|a|apiece|every|average|to an?|one in)\b")


def derived(value: Value, text: str, offset: int, scan: Scan, facts: Known) -> Reason | None:
    """Return the facts that a value comes of, though none of them says it; None where there are none."""
    what = value.value
    if isinstance(what, frozenset):
        return _time(what, value, text, offset, scan, facts)
    if isinstance(what, Day):
        return _day(what, scan, facts) or _beside(what, value, scan) or _weekday(what, value, scan, facts)
    if isinstance(what, Period):
        return _month(what, value, scan, facts)
    if isinstance(what, Duration):
        if moment := _moment(what, value, scan, facts):
            return moment
        return _length(what, scan, facts) or _each(what, value, text, offset, scan)
    if isinstance(what, Decimal) and value.kind in {Kind.NUMBER, Kind.MONEY}:
        return _share(what, value, text, facts) or _of_passage(what, value, text, offset, scan, facts)
    if isinstance(what, Decimal) and value.kind is Kind.PERCENT:
        return _percent(what, value, scan, facts)
    return None


def _pool(value: Value, scan: Scan, facts: Known) -> list[Figure]:
    """The other figures of the sentence, and those the facts count."""
    told = [Figure(Kind.NUMBER, number, "") for number, unit, _ in facts.numbers if unit and number > 1]
    told += [Figure(Kind.MONEY, amount, unit) for amount, unit, _ in facts.money if amount > 0]
    return figures(beside(scan, value)) + told[:40]


_FRACTION_OF = {"half": 2, "quarter": 4, "tenth": 10, "fifth": 5, "third": 3}


def _percent(what: Decimal, value: Value, scan: Scan, facts: Known) -> Reason | None:
    """What one figure of the sentence is of another, or of one that the facts tell."""
    before = [piece.lower for piece in scan.pieces[max(value.first - 2, 0) : value.first]]
    if len(before) == 2 and before[1] == "of" and before[0] in _FRACTION_OF and (fact := facts.percents.get(what / _FRACTION_OF[before[0]])):
        return fact, "a part of it"
    here = figures(beside(scan, value))
    if found := portion(what, value.loose, here):
        return None, f"{found[0]} of {found[1]}"
    told = [Figure(Kind.NUMBER, number, "") for number, unit, _ in facts.numbers if unit and number > 1]
    for figure in here:
        for other in told:
            if figure.amount > 4 and (found := portion(what, value.loose, (figure, other))):
                return None, f"{found[0]} of {found[1]}"
    return None


def _of_passage(what: Decimal, value: Value, text: str, offset: int, scan: Scan, facts: Known) -> Reason | None:
    """A rate that the figures of the passage and of the facts give, or the amount that a known one is so many times."""
    pool = _pool(value, scan, facts)
    unit = value.unit if value.kind is Kind.MONEY else ""
    if short := _short_of(what, value, text, offset, scan, facts):
        return short
    if (whole := _sum_of_all(what, value, unit, scan, facts)) is not None:
        return whole, "all of them together"
    if value.kind is Kind.NUMBER and what >= 100 and (fact := _paid_together(what, facts)):
        return fact, "a sum of two amounts"
    if value.kind is Kind.MONEY and (each := _A_WHILE.match(text[value.span.end - offset :])):
        for amount, other, fact in facts.money:
            if same_money(unit, other) and any(abs(float(what) * seconds / _WHILE[each[1]] - float(amount)) < 0.5 for seconds, _ in facts.durations):
                return fact, f"so much {each[0].strip()}"
    if EACH.match(text[value.span.end - offset :]) and (found := rate(what, value.loose, value.kind, unit, pool)):
        return None, f"{found[0]} shared among {found[1]}"
    here = figures(beside(scan, value))
    if found := times(what, value.kind, unit, here):
        return None, f"{found[0]} times {found[1]}"
    if value.kind is Kind.MONEY and (fact := product(what, value.unit, here, facts.money)):
        return fact, "so many times it"
    return None


_A_WHILE = re.compile(r"\s*(?:an?|per|each) (day|week|month|hour)\b")
_WHILE = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 2629746}


def _paid_together(what: Decimal, facts: Known) -> str | None:
    """The fact of an amount that gives a bare figure together with another."""
    amounts = [(amount, fact) for amount, unit, fact in facts.money if unit][:20]
    return next((first for (one, first), (other, _) in combinations(amounts, 2) if one + other == what), None)


_SHORT = re.compile(r"\s*(short of|shy of|under|below|less than|over|above|more than|beyond)\s")


def _short_of(what: Decimal, value: Value, text: str, offset: int, scan: Scan, facts: Known) -> Reason | None:
    """A known amount or a sum of known ones, told as so much short of a round figure, or over it: "twenty pounds short of two thousand"."""
    around = sorted((value, *beside(scan, value)), key=lambda one: one.first)
    for first, second in pairwise(around):
        if value not in (first, second) or not isinstance(first.value, Decimal) or not isinstance(second.value, Decimal):
            continue
        turn = _SHORT.fullmatch(text[first.span.end - offset : second.span.start - offset])
        if turn is None or first.value >= second.value:
            continue
        meant = second.value - first.value if turn[1] in _FEWER else second.value + first.value
        pool = [(amount, fact) for amount, _, fact in facts.money] if Kind.MONEY in {first.kind, second.kind} else [(n, f) for n, _, f in facts.counted]
        for amount, fact in pool:
            if amount == meant:
                return fact, "told by what it is short of"
        for (one, fact), (other, _) in combinations(pool[:20], 2):
            if one + other == meant:
                return fact, "told by what it is short of"
    return None


_FEWER = frozenset({"short of", "shy of", "under", "below", "less than"})


def _sum_of_all(what: Decimal, value: Value, unit: str, scan: Scan, facts: Known) -> str | None:
    """The fact of a figure that is the sum of three or more: of the others of its sentence, or of those of one kind that the facts tell."""
    here = [other.value for other in beside(scan, value) if other.kind is value.kind and isinstance(other.value, Decimal)]
    if len(here) > 2 and sum(here) == what:
        return ""
    if value.kind is not Kind.NUMBER:
        return None
    told = [(number, fact) for number, _, fact in facts.counted if 4 < number < what][:14]
    for size in (3, 4):
        for some in combinations(told, size):
            if sum(number for number, _ in some) == what and len({fact.partition("[")[0].partition(":")[0] for _, fact in some}) <= 2:
                return some[0][1]
    return None


def _each(what: Duration, value: Value, text: str, offset: int, scan: Scan) -> Reason | None:
    """A length that two times of the sentence give, or another length when it is shared out."""
    others = beside(scan, value)
    times = [minute for other in others if isinstance(other.value, frozenset) for minute in sorted(other.value)]
    if what.counted and what.unit < DAY and any(what.fits((late - early) % 1440 * 60) for early in times for late in times if late != early):
        return None, "from one time to the other"
    each = EACH.search(text[value.span.end - offset : value.span.end - offset + 36])
    return (None, "shared out") if each and length_each(what, others, figures(others)) else None


def _weekday(what: Day, value: Value, scan: Scan, facts: Known) -> Reason | None:
    """A weekday that a known while after another of the sentence falls on: seventy-two hours from a Friday it is Monday."""
    if what.weekday is None or what.day is not None:
        return None
    for other in beside(scan, value):
        if isinstance(other.value, Day) and other.value.weekday is not None and other.value.day is None:
            days = (what.weekday - other.value.weekday) % 7
            if fact := next((fact for seconds, fact in facts.durations if days and DAY <= seconds <= 6 * DAY and round(seconds / DAY) == days), None):
                return fact, "so long after the other day"
    return None


def _beside(what: Day, value: Value, scan: Scan) -> Reason | None:
    """A day told twice: "tomorrow, Friday the 13th"."""
    for other in beside(scan, value):
        if (
            isinstance(other.value, Day)
            and other.value.relative
            and len(other.value.days) == 1
            and 0 <= value.first - other.stop <= 2
            and other.value.days[0] in what.days
        ):
            return None, "the same day in other words"
    return None


_TURNED = {"before": -1, "to": -1, "after": 1, "past": 1}


def _moment(what: Duration, value: Value, scan: Scan, facts: Known) -> Reason | None:
    """A known time of day, told as so long before or after another: "a quarter of an hour before midnight"."""
    turn = _TURNED.get(scan.pieces[value.stop].lower, 0) if value.stop < len(scan.pieces) else 0
    for other in beside(scan, value) if turn and what.unit <= HOUR else ():
        if isinstance(other.value, frozenset) and 0 < other.first - value.stop <= 2:
            told = {(minute + turn * round(what.seconds / 60)) % 1440 for minute in other.value}
            if fact := next((fact for minute, fact in facts.times.items() if minute % 1440 in told), None):
                return fact, "the time of day"
    return None


def _time(minutes: frozenset[int], value: Value, text: str, offset: int, scan: Scan, facts: Known) -> Reason | None:
    """A known moment on another clock, or a known while before or after one."""
    named = _ZONE.search(text, value.span.end - offset, value.span.end - offset + 24)
    there, here = zone(named[0]) if named else None, facts.zone
    moment = facts.moment
    shift = None
    if there and here and moment:
        ours, theirs = moment.replace(tzinfo=here).utcoffset(), moment.replace(tzinfo=there).utcoffset()
        shift = round((theirs - ours) / timedelta(minutes=1)) if ours is not None and theirs is not None else None
    for known, fact in facts.times.items():
        if shift and any((minute - known - shift) % 1440 == 0 for minute in minutes):
            return fact, f"on the clock of {named[0] if named else ''}"
    beside = bool(_ELSEWHERE.search(text.lower())) and not shift
    for known, fact in facts.times.items():
        if beside and any((minute - known) % 30 == 0 and minute % 60 for minute in minutes):
            return fact, "on another clock"
    whiles = {seconds for seconds, _ in facts.durations if seconds < DAY / 2}
    whiles |= {other.value.seconds for other in scan.found if isinstance(other.value, Duration) and other.value.seconds < DAY / 2}
    for known, fact in facts.times.items():
        if not fact.startswith("follow_up") and any(abs(minute - known) * 60 in whiles for minute in minutes):
            return fact, "a known while before or after it"
    return None


_EVE = re.compile(r"\b(?:evening|day|night) before\b|\bthe eve of\b")
_NIGHT = re.compile(r"\b(?:night|overnight|midnight)\b")


def _day(what: Day, scan: Scan, facts: Known) -> Reason | None:
    """A known day with a known number of days before or behind it."""
    if what.relative and len(what.days) > 60 and "last year" in facts.raw:
        return None, "last year"
    if what.weekday is not None and what.day is None and facts.moment and _EVE.search(facts.raw):
        before = facts.moment.date() - timedelta(days=1)
        if before in what.days:
            return None, "the day before the incident"
    if what.relative and len(what.days) > 4 and facts.today:
        ago = {(facts.today - day).days * DAY for day in (what.days[0], what.days[-1])}
        if fact := next((fact for seconds, fact in facts.durations if min(ago) <= seconds <= max(ago)), None):
            return fact, "as long ago as the facts say"
    if what.day is not None and what.month is None and facts.span and any(facts.span[0] <= day <= facts.span[1] for day in what.days):
        return None, "within the incident"
    if (
        what.day is None
        or what.relative
        or (what.month is None and what.weekday is not None)
        or (what.weekday is not None and what.days and what.days[0].weekday() != what.weekday)
    ):
        return None
    if what.month is not None and _NIGHT.search(" ".join(piece.lower for piece in scan.pieces)):
        for day in what.days:
            if fact := facts.dates.get(day + timedelta(days=1)) or facts.dates.get(day - timedelta(days=1)):
                return fact, "the night from one day to the next"
    weekly = bool(_AGAIN.search(facts.raw))
    lengths = {round(seconds / DAY) for seconds, _ in facts.durations if seconds >= DAY and seconds % DAY == 0 and seconds < 100 * DAY}
    for day in what.days:
        for known, fact in facts.dates.items():
            if weekly and day > known and (day - known).days in {7, 14, 21, 28}:
                return fact, "as often as the facts say"
            if (
                abs((day - known).days) in lengths
                or ((day - known).days + 1 in lengths and day > known)
                or (day > known and _working_days(known, day) in lengths)
            ):
                return fact, "a known number of days before or after it"
    return None


def _working_days(first: date, last: date) -> int:
    days = (last - first).days
    return -1 if days > 60 else sum((first + timedelta(days=shift)).weekday() < 5 for shift in range(1, days + 1))


def _month(what: Period, value: Value, scan: Scan, facts: Known) -> Reason | None:
    """A month between the beginning and the end of the incident, or one that a known while after a known day ends in."""
    if not what.months:
        return None
    lasts = _UNTIL.search(" ".join(piece.lower for piece in scan.pieces[max(value.first - 6, 0) : value.first]))
    whiles = [(seconds, fact) for seconds, fact in facts.durations if lasts and DAY <= seconds < 200 * DAY]
    told = [(day, fact) for day, fact in facts.dates.items()]
    told += [(day, "") for other in beside(scan, value) if isinstance(other.value, Day) and len(other.value.days) == 1 for day in other.value.days]
    for seconds, fact in whiles if len(what.months) == 1 else ():
        for day, _ in told:
            if (day + timedelta(seconds=seconds)).month in what.months:
                return fact, "a known while after a known day"
    if facts.span is None:
        return None
    first, last = facts.span
    count = (last.year - first.year) * 12 + last.month - first.month
    within = {(first.month - 1 + shift) % 12 + 1 for shift in range(min(count, 11) + 1)}
    return (None, "within the incident") if what.months <= within else None


def _length(what: Duration, scan: Scan, facts: Known) -> Reason | None:
    """Several known lengths together, or one of them several times."""
    if not what.counted:
        return None
    told: dict[str, list[float]] = {}
    for seconds, fact in facts.durations:
        told.setdefault(fact, []).append(seconds)
    for fact, group in told.items():
        for size in range(2, min(len(group), 4) + 1):
            if any(what.fits(sum(some)) for some in combinations(group[:6], size)):
                return fact, "together"
    for fact, group in told.items():
        if any(
            what.unit <= 7 * DAY and abs(one - other) == what.seconds and {one, other} & _told_lengths(scan, what) for one, other in combinations(group[:6], 2)
        ):
            return fact, "the difference of the two"
    lone = [other.value for other in scan.found if isinstance(other.value, Duration) and other.value != what]
    beside_it = [figure.amount for figure in figures([other for other in scan.found[:12] if other.value != what]) if figure.kind is Kind.NUMBER]
    if any(what.fits(float(count) * one.seconds) and one.seconds < what.seconds for one in lone for count in beside_it if 1 < count <= 60):
        return None, "several times it"
    counts = [int(number) for number, _, _ in facts.numbers if 1 < number <= 12 and number == int(number)]
    counts += [int(other.value) for other in scan.found if other.kind is Kind.NUMBER and isinstance(other.value, Decimal) and 1 < other.value <= 12]
    for other in scan.found[:12]:
        if other.kind is Kind.MONEY and isinstance(other.value, Decimal) and (often := _so_often(other, what, facts)):
            return often, "as often as the amount goes into it"
    lengths = [(seconds, fact) for seconds, fact in facts.durations if seconds < what.seconds]
    text = " ".join(piece.lower for piece in scan.pieces)
    if _TOGETHER.search(text):
        repeated = {_TIMES[word] for word in _OFTEN.findall(f"{text} {facts.raw}")} | set(counts)
        for seconds, fact in lengths:
            if _RATED.search(fact.lower()) and any(what.seconds == seconds * count for count in repeated):
                return fact, "several times it"
    beside = any(isinstance(other.value, Duration) and other.value != what for other in scan.found)
    for seconds, fact in lengths:
        if beside and any(what.fits(seconds * count) for count in counts):
            return fact, "several times it"
    return None


_TIMES = {"twice": 2, "both": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_OFTEN = re.compile(r"\b(twice|both|two(?= times)|three(?= times)|four(?= times)|five(?= times)|six(?= times))\b")
_RATED = re.compile(r"\b(?:each|every|an?(?= (?:day|week|month|time|run|quarter))|per)\b")


def _told_lengths(scan: Scan, what: Duration) -> set[float]:
    """The other lengths of a sentence, in seconds."""
    return {other.value.seconds for other in scan.found if isinstance(other.value, Duration) and other.value != what}


def _so_often(amount: Value, what: Duration, facts: Known) -> str | None:
    """Return the amount in the facts that another one is, taken so often as a length counts: "three months at 3,900"."""
    count = Decimal(round(what.seconds / what.unit))
    return next(
        (
            fact
            for known, unit, fact in facts.money
            if isinstance(amount.value, Decimal) and count > 1 and same_money(unit, amount.unit) and known == amount.value * count
        ),
        None,
    )


def _share(what: Decimal, value: Value, text: str, facts: Known) -> Reason | None:
    """One known figure shared out over another of the same fact, or a round figure for a known one."""
    if value.kind is Kind.NUMBER and value.loose in LOOSE and what >= 20 and what % 10 == 0:
        low, high = LOOSE[value.loose]
        for number, unit, fact in facts.numbers:
            if unit and number >= 20 and float(what) * low <= float(number) <= float(what) * high:
                return fact, "in round figures"
    if not _SHARED.search(text.lower()):
        return None
    counts = [(number, fact) for number, unit, fact in facts.numbers if unit and number > 1]
    money = [(amount, fact) for amount, unit, fact in facts.money if value.kind is Kind.MONEY and same_money(unit, value.unit)]
    low, high = LOOSE.get(value.loose, (0.998, 1.002))
    for whole, first in money if value.kind is Kind.MONEY else counts:
        for number, second in counts:
            if (first == second or value.kind is Kind.MONEY) and number > 2 and float(what) * low <= float(whole / number) <= float(what) * high:
                return first, f"shared among {number}"
    return None


_TOGETHER = re.compile(r"\b(?:together|altogether|in all|in total|in sum|combined|add(?:s|ed)? up|added together|all told|sum)\b")
_SHIFTED = re.compile(r"(later|after|earlier|before)(?: than)?(?: the)?(?: \w+)?$")


def off(flat: str, scan: Scan, facts: Known, unknown: Collection[int]) -> Iterator[tuple[int, str]]:
    """Yield the values of a sentence that the facts beside them do not give: a total of lengths, a day so much later than another."""
    if unknown and _TOGETHER.search(flat):
        told: dict[str, list[float]] = {}
        for seconds, fact in facts.durations:
            told.setdefault(fact, []).append(seconds)
        for number in unknown:
            what = scan.found[number].value
            lists = [group for group in told.values() if len(group) > 1]
            if isinstance(what, Duration) and what.counted and lists and any(what.seconds > max(group) for group in lists):
                yield number, "the lengths in the facts come to another total"
    for number in unknown:
        what = scan.found[number].value
        if isinstance(what, Duration) and what.counted and what.unit < DAY and facts.window:
            elapsed = (facts.window[1] - facts.window[0]).total_seconds()
            if 0.4 * elapsed <= what.seconds <= 2.5 * elapsed:
                yield number, f"the incident lasted {timedelta(seconds=elapsed)}"
    for number, value in enumerate(scan.found[:-1]):
        later = scan.found[number + 1]
        if not isinstance(value.value, Duration) or value.value.unit < DAY or value.value.loose or value.value.working or not isinstance(later.value, Day):
            continue
        between = " ".join(piece.lower for piece in scan.pieces[value.stop : later.first])
        shifted = _SHIFTED.fullmatch(between)
        if shifted is None or later.value.day is None or not later.value.days or later.value.days[0] not in facts.dates:
            continue
        days = round(value.value.seconds / DAY) * (1 if shifted[1] in {"later", "after"} else -1)
        if value.value.unit <= 7 * DAY and later.value.days[0] + timedelta(days=days) not in facts.dates:
            yield number, f"{(later.value.days[0] + timedelta(days=days)).isoformat()} is no day of the facts"
