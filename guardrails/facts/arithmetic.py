"""Do the figures of one sentence add up? Sums, differences, products, and lengths of time between two times."""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from itertools import pairwise

from guardrails.facts.durations import DAY, LOOSE, WEEK, Duration
from guardrails.facts.values import WEEKDAY_NAMES, Day, Kind, Value

# Words that announce a result of the figures around them. The result stands behind `_AFTER`, or before `_BEHIND`.
_AFTER = re.compile(
    r"\b(?:makes?|making|gives?|giving|leav(?:es|ing)|left|remaining|remain|excess of|a difference of|difference is|out by|comes? to|coming to"
    r"|amounts? to|total(?:s|ling|ing)? (?:of )?|adds? up to"
    r"|so|are|or|that is|that's|this is|i\.e\.|altogether|together|in (?:sum|all|total)|equals?|all but|being|sum of|overcharge is|overcharged? (?:you "
    r")?(?:by )?|is)\s*[,:(]?\s*(?:you |us |only |just |some |the |a |an |exactly |about )*\Z"
)
_BEHIND = re.compile(
    r"\A[\s,)]*(?:[\w-]+ ){0,3}?(?:too (?:many|much)|in (?:all|sum|total)|altogether|outstanding|remain(?:s|ing|ed)?|left over|are left|unaccounted"
    r"|unrecovered|short\b(?! (?!of\b)[a-z])|we couldn't|which we)"
)
_OR_TWO = re.compile(r"\ban? \w+ or\W*\Z")
"""How "a line or two" begins."""
_STRONG = re.compile(r"all but|remain|leav|excess|overcharge is|difference|out by|behind")
_SPLIT_SENSE = re.compile(
    r"(?:\A|[.,;] )of \d|\d(?: [\w-]+){0,2} of \d|\b(?:minus|less|plus|times|instead of|in place of|rather than"
    r"|against|out of|of the|gap between|difference|between|off the"
    r"|(?:months?|weeks?|days?|seats|places|units|lines|pieces) at|each|apiece|a \w+|at"
    r"|with|and|by)\b"
)


def clashes(
    text: str, offset: int, values: list[Value], unknown: Collection[int] = (), firm: Collection[int] = (), totals: Collection[Decimal] = ()
) -> Mapping[int, str]:
    """Return the values that contradict their own sentence, by their place in the list, with the reason.

    `unknown` are the values no fact holds, `firm` those that one holds as they are, and `totals` the
    figures of the facts: where a sum fails, it is the unknown figure that is wrong.
    """
    found = dict(_calendar(text, offset, values))
    found.update(_lengths(text, offset, values))
    found.update(_apart(text, offset, values))
    for number, reason in _sums(text, offset, values, unknown, firm, totals):
        found.setdefault(number, reason)
    found.update(_one_in(text, offset, values))
    if unknown:
        found.update(_shares(text, values, unknown))
        for number, reason in _rates(text, offset, values, unknown):
            found.setdefault(number, reason)
    return found


def _shares(text: str, values: list[Value], unknown: Collection[int]) -> list[tuple[int, str]]:
    """Find "of 48, 36 … and 14 …" where the two are not the whole."""
    counts = [(number, value.value) for number, value in enumerate(values) if value.kind is Kind.NUMBER and isinstance(value.value, Decimal)]
    if len(counts) != 3 or not re.match(r"\W*of (?:the |our |your |these |those )?\w", text.lower()) or " and " not in text:
        return []
    (_, whole), (one, first), (other, second) = counts
    culprit = other if other in unknown else one
    return [(culprit, f"they are not {whole} together")] if first + second > whole and culprit in unknown else []


_IN_HOW_MANY = re.compile(r"\s+(?:\w+ )?(?:in|out of|from)(?: every)?\s+")


def _one_in(text: str, offset: int, values: list[Value]) -> list[tuple[int, str]]:
    """Find "one in ten" where the two counts of the sentence are another share: "thirty-one of 480, one in ten"."""
    numbers = [(number, value) for number, value in enumerate(values) if value.kind is Kind.NUMBER and isinstance(value.value, Decimal)]
    if len(numbers) != 4:
        return []
    for (one, first), (_, second) in pairwise(numbers):
        a, b = first.value, second.value
        if not isinstance(a, Decimal) or not isinstance(b, Decimal) or not 0 < a < b <= 20:
            continue
        if not _IN_HOW_MANY.fullmatch(text[first.span.end - offset : second.span.start - offset].lower()):
            continue
        low, high = sorted(value.value for _, value in numbers if value not in (first, second) and isinstance(value.value, Decimal))
        if low < 5 or low == high:
            return []
        told, true = float(a / b), float(low / high)
        if min(abs(true - told), abs(1 - true - told)) > 0.2 * min(told, 1 - told):
            return [(one, f"{low} of {high} is another share")]
    return []


_RATE = re.compile(r"\s*(?:an?|per|each|every|apiece)\b")
_FRACTION = re.compile(r"\b(?:a|one) (half|third|quarter|fifth|tenth|twentieth)(?: of)?(?: off)? *\Z")
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "tenth": 10, "twentieth": 20}


def _rates(text: str, offset: int, values: list[Value], unknown: Collection[int]) -> list[tuple[int, str]]:
    """Find an unknown amount that is no multiple of the rate beside it ("$3,810 at $1,590 a month"), or not the part of it that is told."""
    money = [(number, value) for number, value in enumerate(values) if value.kind is Kind.MONEY and isinstance(value.value, Decimal)]
    wrong = []
    for (one, first), (other, second) in pairwise(money):
        a, b = first.value, second.value
        if not isinstance(a, Decimal) or not isinstance(b, Decimal) or a <= 0 or b <= 0:
            continue
        between = text[first.span.end - offset : second.span.start - offset].lower()
        if one in unknown and a > b and re.fullmatch(r"\W*at\W*", between) and _RATE.match(text[second.span.end - offset :]) and a % b:
            wrong.append((one, "the rate beside it does not give it"))
        part = _FRACTION.search(text[: first.span.start - offset].lower())
        if (
            part
            and other in unknown
            and re.fullmatch(r"\W*(?:is|makes|comes to|that is|that's|i\.e\.|,|or|means)\W*", between)
            and b not in {a / _PARTS[part[1]], a - a / _PARTS[part[1]]}
        ):
            wrong.append((other, f"a {part[1]} of the other amount is {a / _PARTS[part[1]]:.2f}"))
    return wrong


_SAME = re.compile(r"\W{0,3}(?:an? |at \w+\W{1,2})?")
_A_WEEK = re.compile(r"(?:an?|one|two|three) (?:week|weeks|fortnight) (?:today|tomorrow)\W*(?:that is )?(?:on )?\W*", re.IGNORECASE)


def _tells_again(text: str, first: Day, second: Day) -> bool:
    """Whether "a week today, on the 26th" tells two different days."""
    return bool(second.day is not None and second.days and _A_WEEK.fullmatch(text)) and first.days[0] not in second.days


def _calendar(text: str, offset: int, values: list[Value]) -> list[tuple[int, str]]:
    """Find dates whose weekday the calendar does not bear out, and a "tomorrow" that is told as another weekday."""
    wrong = []
    for number, value in enumerate(values):
        what = value.value
        before = values[number - 1] if number else None
        if (
            before is not None
            and isinstance(what, Day)
            and isinstance(before.value, Day)
            and before.value.relative
            and before.value.weekday is None
            and len(before.value.days) == 1
            and not what.relative
            and (
                (
                    what.weekday is not None
                    and _SAME.fullmatch(text[before.span.end - offset : value.span.start - offset])
                    and before.value.days[0].weekday() != what.weekday
                )
                or (what.weekday is None and _tells_again(text[before.span.start - offset : value.span.start - offset], before.value, what))
            )
        ):
            wrong.append((number, f"{before.value.days[0].isoformat()} is a {WEEKDAY_NAMES[before.value.days[0].weekday()]}"))
            continue
        if not isinstance(what, Day) or what.weekday is None or what.month is None or what.day is None:
            continue
        if what.days and all(day.weekday() != what.weekday for day in what.days):
            wrong.append((number, f"{what.days[0].isoformat()} is a {WEEKDAY_NAMES[what.days[0].weekday()]}"))
    return wrong


def _lengths(text: str, offset: int, values: list[Value]) -> list[tuple[int, str]]:
    """Find lengths of time that differ from what lies between the two times, or first and last date, beside them."""
    lengths = [(number, value) for number, value in enumerate(values) if isinstance(value.value, Duration)]
    if not lengths:
        return []
    times = [value for value in values if value.kind is Kind.TIME and isinstance(value.value, frozenset)]
    days = [value for value in values if isinstance(value.value, Day) and value.value.days]
    wrong = []
    for number, value in lengths:
        length = value.value
        if not isinstance(length, Duration) or length.working:
            continue
        apposed = _is_apposed(text, offset, value, days)
        if not (length.counted or apposed or (length.loose and length.unit >= 3600) or length.unit == DAY):
            continue
        if _is_rate(text, value.span.end - offset) or _is_rate_before(text, value.span.start - offset):
            continue
        if len(times) == 2 and length.unit < DAY and len(days) < 2 and _spans(text, offset, times[0], times[1]):
            # Two times told on a twelve-hour clock are taken for the same half of the day or the next, never for a whole day round.
            vague = len(_minutes(times[0])) > 1 < len(_minutes(times[1]))
            pairs = [(late - early) % 1440 for early in _minutes(times[0]) for late in _minutes(times[1])]
            gaps = {minutes * 60 for minutes in pairs if not vague or minutes <= 780}
            alike = any(gap / _FAR <= length.seconds <= gap * _FAR for gap in gaps)
            if alike and not any(length.fits(gap) for gap in gaps):
                wrong.append(
                    (
                        number,
                        f"from {text[times[0].span.start - offset : times[0].span.end - offset]} to "
                        f"{text[times[1].span.start - offset : times[1].span.end - offset]} it is {_clock(min(gaps))}",
                    )
                )
        elif len(days) >= 2 and length.unit >= DAY and (len(days) > 2 or _spans(text, offset, days[0], days[-1])):
            gap = _days_between(days[0].value, days[-1].value)
            if (len(days) > 2 and round(length.seconds / length.unit) == len(days)) or (gap is not None and length.seconds > 100 * (gap + 1) * DAY):
                continue  # "6 March, 13 March, 20 March: three nights"
            if gap is not None and not any(_fits_days(length, gap + more) for more in (0, 1)) and not _months_named(length, days[0].value, days[-1].value):
                wrong.append((number, f"{BESIDE if apposed else ''}from the first day to the last it is {gap} days"))
    return wrong


BESIDE = "as told right beside it, "
"""How a reason begins that holds against a length even where a fact tells one like it, of something else."""
_APPOSED = re.compile(r"\W*(?:that is |namely )?(?:from |between )?(?:the )?\W*")


def _is_apposed(text: str, offset: int, value: Value, days: list[Value]) -> bool:
    """Whether two days stand right behind a length as its beginning and end: "two days, from Monday to Thursday"."""
    behind = [day for day in days if day.span.start >= value.span.end][:2]
    if len(behind) < 2 or len(days) != 2 or not _APPOSED.fullmatch(text[value.span.end - offset : behind[0].span.start - offset]):
        return False
    between = text[behind[0].span.end - offset : behind[1].span.start - offset]
    return len(between) < 30 and bool(re.search(r"\b(?:to|until|till)\b|[-–—]", between))


_FAR = 8
"""How many times longer or shorter what lies between two times can be than the length that is told of it; beyond that it tells of something else."""


def _months_named(length: Duration, first: object, last: object) -> bool:
    """Whether a length counts the months that two days lie in: from 30 January to 31 March it is "three months in a row"."""
    if length.unit < 28 * DAY or not isinstance(first, Day) or not isinstance(last, Day) or len(first.days) != 1 or len(last.days) != 1:
        return False
    early, late = first.days[0], last.days[0]
    return round(length.seconds / length.unit) == (late.year - early.year) * 12 + late.month - early.month + 1


_APART = re.compile(r"\W*(?:before|after|later than|earlier than|ahead of|from|since)\b[^.;,]{0,40}\Z")
_NEW_THOUGHT = re.compile(r"(?:\band|;|:)\s*(?:at |only |just |about |some |already |by )*\Z")


def _beside_clock(before: str) -> bool:
    """Whether a new thought begins before a length, so that it says nothing of the time told before it."""
    return bool(_NEW_THOUGHT.search(before))


_LATER = re.compile(r"\s*(?:later|late|afterwards?|after that|behind time)\b")
_BETWEEN = re.compile(r"\bbetween\b.*\b(?:lie|lies|lay|are|is|were|passed|went)\b")
_INSTEAD = re.compile(r"\W*(?:instead of|rather than|not|and not)\W*(?:on )?\Z")


def _apart(text: str, offset: int, values: list[Value]) -> list[tuple[int, str]]:
    """Find lengths that are not what lies between two times or days: "10:25, an hour after your call at 09:10"."""
    wrong = []
    for number, value in enumerate(values):
        length = value.value
        if not isinstance(length, Duration) or not length.counted or length.loose or length.working:
            continue
        around = values[max(number - 1, 0) : number] + values[number + 1 : number + 2]
        if length.unit < DAY and len(around) == 2 and all(one.kind is Kind.TIME for one in around):
            between = text[value.span.end - offset : around[1].span.start - offset]
            if _beside_clock(text[: value.span.start - offset]):
                continue  # "at nine the belt came, and half an hour after midnight the mill ran"
            gaps = {abs(early - late) * 60 for early in _minutes(around[0]) for late in _minutes(around[1])}
            if _APART.match(between) and gaps and not any(length.fits(gap) for gap in gaps):
                wrong.append((number, f"the two times are {_clock(min(gaps))} apart"))
        earlier = values[max(number - 2, 0) : number]
        if length.unit < DAY and len(earlier) == 2 and all(one.kind is Kind.TIME for one in earlier) and _LATER.match(text[value.span.end - offset :]):
            gaps = {(late - early) % 1440 * 60 for early in _minutes(earlier[0]) for late in _minutes(earlier[1])}
            if not any(length.fits(gap) for gap in gaps):
                wrong.append((number, f"the two times are {_clock(min(gaps))} apart"))
        both = [one.value.days[0] for one in values if isinstance(one.value, Day) and one.value.day is not None and len(one.value.days) == 1]
        if length.unit >= DAY and len(both) == 2 and _BETWEEN.search(text.lower()):
            between_them = abs((both[0] - both[1]).days)
            if between_them and not any(_fits_days(length, between_them + more) for more in (0, 1)):
                wrong.append((number, f"the two days are {between_them} days apart"))
        days = [one for one in values[number + 1 : number + 3] if isinstance(one.value, Day) and one.value.days]
        if length.unit >= DAY and len(days) == 2 and re.match(r"\s*(?:too )?(?:late|early|behind|ahead)", text[value.span.end - offset :]):
            late = "late" in text or "behind" in text
            gap = _days_between(days[1].value, days[0].value) if late else _days_between(days[0].value, days[1].value)
            if _INSTEAD.fullmatch(text[days[0].span.end - offset : days[1].span.start - offset]) and gap is not None and not _fits_days(length, gap):
                wrong.append((number, f"the two days are {gap} days apart"))
    return wrong


def _is_rate(text: str, end: int) -> bool:
    """Whether a length is a rate or a lead: "every two hours", "30 days ahead", "an hour early"."""
    return bool(
        re.match(
            r"\s*(?:before|after|ahead|ago|early|late\b|later|earlier|notice|from now|-?\s*old|a day|per|of (?:it|them|that|this|those|these|your)\b|behind"
            r"|warning|apart|each|short of|to spare|into)",
            text[end:],
        )
    )


def _is_rate_before(text: str, start: int) -> bool:
    return bool(re.search(r"\b(?:every|within|per|each|after|waited|in|past|first|last|next)\s+(?:the\s+)?\Z", text[:start]))


def _spans(text: str, offset: int, first: Value, last: Value) -> bool:
    """Whether the words around two values make a span of them: "from … to", "between … and", "…–…"."""
    between = text[first.span.end - offset : last.span.start - offset].lower()
    before = text[max(first.span.start - offset - 14, 0) : first.span.start - offset].lower()
    joined = bool(re.search(r"\b(?:to|until|till|through|up to)\b|[-–—]\s*\Z", between)) or ("and" in between.split() and "between" in before.split())
    # "On 11 March, 12 March … " tells a span too, "the 11th and 12th" two days.
    joined = joined or (len(between) < 60 and not re.search(r"[a-z]{3}|\band\b", between) and first.kind is Kind.DATE)
    return joined and (bool(re.search(r"\b(?:from|between|since)\b", before)) or len(between) < 60)


def _minutes(value: Value) -> frozenset[int]:
    return value.value if isinstance(value.value, frozenset) else frozenset()


def _clock(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def _days_between(first: object, last: object) -> int | None:
    if not isinstance(first, Day) or not isinstance(last, Day):
        return None
    bare = first.day is None and last.day is None and not first.relative and not last.relative
    if bare and first.weekday is not None and last.weekday is not None:
        return (last.weekday - first.weekday) % 7 or 7
    gaps = [(late - early).days for early in first.days for late in last.days if late >= early]
    return min(gaps) if gaps else None


def _fits_days(length: Duration, days: int) -> bool:
    count = length.seconds / DAY
    if length.loose in LOOSE:
        low, high = LOOSE[length.loose]
        return count * low - 0.5 <= days <= count * high + 0.5
    if length.unit >= 28 * DAY:
        return abs(count - days) <= max(3, 0.1 * count)
    return abs(count - days) <= (1 if length.unit == WEEK else 0.5)


_FIGURES = frozenset({Kind.NUMBER, Kind.MONEY, Kind.PERCENT})


def _sums(text: str, offset: int, values: list[Value], unknown: Collection[int], firm: Collection[int], totals: Collection[Decimal]) -> list[tuple[int, str]]:
    """Find a result that no sum, difference, product or share of the other figures gives."""
    figures = [(number, value) for number, value in enumerate(values) if value.kind in _FIGURES and isinstance(value.value, Decimal)]
    if not figures:
        return []
    # "Five days with 1,900 kg each": the count of a length is a figure too.
    counts = [
        Decimal(round(value.value.seconds / value.value.unit))
        for value in values
        if isinstance(value.value, Duration) and value.value.counted and value.value.unit >= DAY
    ]
    if len(figures) + len(counts) > 6:
        return []
    wrong = []
    low = text.lower()
    for place, (number, value) in enumerate(figures):
        result = value.value
        if not isinstance(result, Decimal) or value.kind is Kind.PERCENT or value.loose or result <= 1:
            continue
        before, after = low[: value.span.start - offset], low[value.span.end - offset :]
        announced = _AFTER.search(before[-60:])
        if not announced and not _BEHIND.search(after[:60]):
            continue
        others = [(other.kind, other.value) for here, (_, other) in enumerate(figures) if here != place and isinstance(other.value, Decimal)]
        others = [(kind, amount) for kind, amount in others if amount != 1]
        parts = [amount for _, amount in others] + counts
        cue = announced[0].strip(" ,:(") if announced else "behind"
        if cue == "or" and _OR_TWO.search(before):
            continue
        if len(parts) > 5 or (
            cue in {"is", "are", "or", "so", "being", "that is", "that's", "this is", "left", "together"} and not _SPLIT_SENSE.search(before)
        ):
            continue
        if result in parts or (len(parts) > 1 and result in _results(others, counts)):
            continue
        if len(parts) < 2:
            # The other side of the sum stands in the facts: "205 of them are back; the remaining nine …".
            if (
                not _STRONG.search(cue)
                or not totals
                or not (number in unknown or any(here in unknown for here, _ in figures))
                or (value.kind is Kind.MONEY and number not in unknown)
            ):
                continue
            if any(result in {abs(total - part), total + part} for total in totals for part in parts):
                continue
        doubtful = [here for here, _ in figures if here in unknown]
        culprit = (
            number if number in unknown or (len(parts) < 2 and not doubtful) else next(iter(doubtful), number if number not in firm or result < 100 else None)
        )
        if culprit is not None:
            wrong.append((culprit, "the other figures do not give it"))
    return wrong[-1:]


def _results(others: list[tuple[Kind, Decimal]], counts: list[Decimal]) -> set[Decimal]:
    amounts = [amount for _, amount in others] + counts
    found = {sum(amounts, Decimal(0))}
    for here, one in enumerate(amounts):
        for other in amounts[here + 1 :]:
            found |= {one + other, abs(one - other), one * other, one * other / 100}
            if other:
                found.add(one / other)
            if one:
                found.add(other / one)
            for third in amounts:
                found |= {abs(one - other) * third, abs(one + other - third), one * other * third}
    found |= {amounts[0] - sum(amounts[1:], Decimal(0)), max(amounts) * 2 - sum(amounts, Decimal(0))} if amounts else set()
    return found
