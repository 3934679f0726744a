"""What the figures of a passage give together: shares, rates, differences, products; and the figure beside them that misses it."""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from itertools import combinations, permutations
from typing import NamedTuple

from guardrails.facts.durations import LOOSE, Duration
from guardrails.facts.values import Kind, Scan, Value, same_money
from guardrails.finding import Span

EACH = re.compile(
    r"\s*(?:apiece|each\b(?! of)|per \w+|an? (?!month|week|day|year|quarter|half|third|fifth|tenth)[a-z]+|(?:for|on|to) (?:each|every)|every (?!hundred)\w+)"
)
"""What stands behind a figure that is a rate."""
_FRACTIONS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "twentieth": 20}
_FRACTION = re.compile(
    r"\b(?:(?P<loose>nearly|almost|about|roughly|just over|just under|over|under|more than|less than|barely|some|close to) )?"
    r"(?:(?P<one>a|one)|(?P<many>three(?= ?-? ?(?:quarters|fifths|tenths|eighths))|two(?= ?-? ?(?:thirds|fifths))|four(?= ?-? ?fifths))) ?-? ?"
    r"(?P<part>half|third|quarter|fifth|sixth|seventh|eighth|ninth|tenth|twentieth)s?\b"
    r"(?! ?-? ?(?:past|to|hour|hours|an hour|of an hour|a day|day|year|month|time|times|call|floor|attempt|week|line))"
)
_WHOLE = re.compile(r"\s*(?:of )?(?:the |your |our |those |these |all )?")
_RESULT = re.compile(
    r"\b(?:both|between them|difference|shortfall|gap|excess|overcharge|balance|remain\w*|left|gone|lost|missing|outstanding|too (?:much|many)"
    r"|in all|in total|altogether"
    r"|together|makes?|comes? to|amounts? to|leav(?:es|ing)|is|are|that)\b"
)
_EXCESS = re.compile(r"\b(?:difference|shortfall|overcharge|too (?:much|many|few|little)|in excess)\b")
_PLAIN_RESULT = re.compile(
    r"\b(?:difference|shortfall|excess|remaining|remain|leav(?:es|ing)|lost|gone|too (?:much|many|few)|makes?|in all|together|both|between them)\b"
)
"""The same for a figure so small that it may resemble another by chance."""
_COMPARABLE = {Kind.NUMBER, Kind.MONEY}


class Figure(NamedTuple):
    """A number of the passage: what kind of thing it counts."""

    kind: Kind
    amount: Decimal
    unit: str


_NEAR = 8
"""How many values to each side of one are held against it: a sentence of thousands takes no longer for each."""


def beside(scan: Scan, value: Value) -> list[Value]:
    """Return the values around one, a bounded number of them."""
    at = bisect_left(scan.found, value.first, key=lambda one: one.first)
    return [other for other in scan.found[max(at - _NEAR, 0) : at + _NEAR] if other is not value]


def figures(values: Sequence[Value]) -> list[Figure]:
    """Return the numbers and amounts among some values; a counted length gives its count too."""
    found = []
    for value in values:
        if value.kind in _COMPARABLE and isinstance(value.value, Decimal) and value.value > 0:
            found.append(Figure(value.kind, value.value, value.unit if value.kind is Kind.MONEY else ""))
        elif isinstance(value.value, Duration) and value.value.counted:
            count = Decimal(round(value.value.seconds / value.value.unit))
            if count > 1:
                found.append(Figure(Kind.NUMBER, count, ""))
    return found


def _alike(one: Figure, other: Figure) -> bool:
    return one.kind is other.kind and (one.kind is not Kind.MONEY or same_money(one.unit, other.unit))


def portion(percent: Decimal, loose: str, pool: Sequence[Figure]) -> tuple[Decimal, Decimal] | None:
    """Return the part and the whole of a pool that a percentage tells, or None."""
    places = -int(percent.normalize().as_tuple().exponent) if "." in str(percent) else 0
    exact = Decimal("1.1") if loose else Decimal("0.6").scaleb(-max(places, 0))
    for one, other in combinations(pool, 2):
        if not _alike(one, other) or one.amount == other.amount:
            continue
        low, high = sorted((one.amount, other.amount))
        if any(abs(share * 100 - percent) < exact for share in (low / high, (high - low) / high, (high - low) / low)):
            return low, high
    return None


def rate(what: Decimal, loose: str, kind: Kind, unit: str, pool: Sequence[Figure]) -> tuple[Decimal, Decimal] | None:
    """Return the amount and the count of a pool that a rate comes of: one shared out, or the difference of two; None where there are none."""
    low, high = LOOSE.get(loose, (0.995, 1.005))
    mine = Figure(kind, what, unit)
    counts = [figure.amount for figure in pool if figure.kind is Kind.NUMBER and figure.amount > 1]
    wholes = [figure.amount for figure in pool if _alike(figure, mine)]
    wholes += [abs(one - other) for one, other in combinations(wholes[:12], 2) if one != other]
    for whole in wholes:
        for count in counts:
            if float(what) * low <= float(whole / count) <= float(what) * high:
                return whole, count
    return None


def times(what: Decimal, kind: Kind, unit: str, pool: Sequence[Figure]) -> tuple[Decimal, Decimal] | None:
    """Return a count of a pool and what it counts where the two give a figure: seventeen batches, 0.6 kg short each, 10.2 kg in all."""
    mine = Figure(kind, what, unit)
    for count, each in permutations(pool, 2):
        if count.kind is Kind.NUMBER and count.amount > 1 and _alike(each, mine) and count.amount * each.amount == what:
            return count.amount, each.amount
    return None


def product(what: Decimal, unit: str, pool: Sequence[Figure], known: Sequence[tuple[Decimal, str, str]]) -> str | None:
    """Return the fact whose amount is this one as often as the passage counts ("three months at 3,900" of a known 11,700), or None."""
    counts = [figure.amount for figure in pool if figure.kind is Kind.NUMBER and 1 < figure.amount <= 1000]
    return next((fact for amount, other, fact in known if same_money(unit, other) and any(what * count == amount for count in counts)), None)


def resembles(one: Decimal, other: Decimal) -> bool:
    """Whether two figures differ in one digit, or in two that changed places: how a figure is mistyped."""
    first, second = f"{one.normalize():f}", f"{other.normalize():f}"
    if len(first) != len(second) or first == second or len(first) < 2:
        return False
    wrong = [number for number, (mine, theirs) in enumerate(zip(first, second, strict=True)) if mine != theirs]
    return len(wrong) == 1 or (len(wrong) == 2 and first[wrong[0]] == second[wrong[1]] and first[wrong[1]] == second[wrong[0]])


def missed(
    flat: str, text: str, offset: int, scan: Scan, before: Sequence[Value], known: Sequence[Decimal], unknown: Collection[int]
) -> Iterator[tuple[int, str]]:
    """Yield the last unknown figure of a sentence that the figures beside it, or in the sentence before, do not give, with the reason."""
    for number in sorted(unknown, reverse=True):
        value = scan.found[number]
        others = beside(scan, value)
        reason = _missed(value, text[value.span.end - offset :], flat, others, before, known)
        if reason:
            yield number, reason
            return


def _missed(value: Value, after: str, flat: str, others: list[Value], before: Sequence[Value], known: Sequence[Decimal]) -> str | None:
    here = figures(others)
    what = value.value
    if isinstance(what, Duration):
        return _rate_of_length(what, after, others, here)
    if not isinstance(what, Decimal) or what <= 1:
        return None
    if value.kind is Kind.PERCENT:
        two = [figure for figure in here if figure.amount > 1]
        told = len(two) == 2 and min(figure.amount for figure in two) > 4 and _alike(*two) and two[0].amount != two[1].amount and what < 100
        return f"the two figures beside it are {_percent(two)} %" if told and portion(what, value.loose or "about", here) is None else None
    mine = Figure(value.kind, what, value.unit if value.kind is Kind.MONEY else "")
    shares = [other.value for other in others if other.kind is Kind.PERCENT and isinstance(other.value, Decimal)]
    alike = [figure.amount for figure in here if _alike(figure, mine)]
    if shares and alike and value.kind is Kind.MONEY:
        parts = {part for share in shares for amount in alike for part in (amount * share / 100, amount * (100 - share) / 100)}
        if all(abs(part - what) > max(part / 200, Decimal("0.01")) for part in parts) and what < max(alike):
            return f"{shares[0]} % of {max(alike)} is {max(alike) * shares[0] / 100:.2f}"
    if EACH.match(after) and rate(what, value.loose, value.kind, mine.unit, here) is None:
        wholes = [amount for amount in alike if amount > what]
        counts = [figure.amount for figure in here if figure.kind is Kind.NUMBER and figure.amount > 1]
        for whole in wholes:
            for count in counts:
                if whole != count and what / 2 < whole / count < what * 2:
                    return f"{whole} shared among {count} is {whole / count:.2f}"
    near = figures([other for other in (*others, *before[-_NEAR:]) if not isinstance(other.value, Duration)])
    pair = [figure.amount for figure in near if _alike(figure, mine) and figure.amount > what / 10]
    if len(pair) == 2 and what >= 100 and _EXCESS.search(flat):
        left = abs(pair[0] - pair[1])
        if left and what != left and abs(what - left) < left / 4 and what not in pair:
            return f"{max(pair)} less {min(pair)} is {left}"
    if (_RESULT if what >= 100 else _PLAIN_RESULT).search(flat) and (reason := _off_by_a_digit(what, mine, near, here)):
        return reason
    if what >= 100 and _SUMMED.search(flat):
        for one, other in combinations(sorted(set(known))[-12:], 2):
            if what != one + other and resembles(what, one + other):
                return f"{one} and {other} is {one + other}"
    return next((f"the facts say {figure}" for figure in known if resembles(what, figure)), None)


_SUMMED = re.compile(r"\b(?:together|altogether|in all|in total|between the two|between them|the pair|one (?:transfer|payment|sum)|both)\b")


def _off_by_a_digit(what: Decimal, mine: Figure, near: Sequence[Figure], here: Sequence[Figure]) -> str | None:
    """A sum, difference or product of the passage that the figure resembles, where none is the figure itself."""
    found = None
    for one, other in combinations([figure for figure in near if figure.amount > 1 and _alike(figure, mine)], 2):
        high, low = max(one.amount, other.amount), min(one.amount, other.amount)
        for given, how in ((high - low, "less"), (high + low, "and")):
            if given == what:
                return None
            if resembles(what, given) and (low > 4 or what >= 100):
                found = found or f"{high} {how} {low} is {given}"
    for one, other in permutations([*near, *(figure for figure in here if figure not in near)], 2):
        if _alike(one, mine) and other.kind is Kind.NUMBER and other.amount > 1 and what > 20:
            if what == one.amount * other.amount:
                return None
            if resembles(what, one.amount * other.amount):
                found = found or f"{other.amount} times {one.amount} is {one.amount * other.amount}"
    return found


def _percent(counts: Sequence[Figure]) -> str:
    low, high = sorted(figure.amount for figure in counts)
    return f"{low / high * 100:.0f}"


def _rate_of_length(what: Duration, after: str, others: list[Value], here: list[Figure]) -> str | None:
    """A length for each of several that is not the whole shared out: "ninety-four minutes over five calls is half an hour a call"."""
    if not EACH.match(after):
        return None
    for whole in others:
        for figure in here:
            if isinstance(whole.value, Duration) and figure.kind is Kind.NUMBER and figure.amount > 1 and whole.value.seconds > what.seconds:
                each = whole.value.seconds / float(figure.amount)
                if what.seconds / 3 < each < what.seconds * 3 and abs(each - what.seconds) > 0.12 * what.seconds:
                    return f"shared among {figure.amount} it is {each / 60:.0f} min"
    return None


def length_each(what: Duration, others: Sequence[Value], pool: Sequence[Figure]) -> bool:
    """Whether a length is another of the passage shared out over a count: "ninety-four minutes over five calls, nearly nineteen a call"."""
    return any(
        isinstance(whole.value, Duration) and figure.kind is Kind.NUMBER and figure.amount > 1 and what.fits(whole.value.seconds / float(figure.amount))
        for whole in others
        for figure in pool
    )


def shares(text: str, offset: int, values: Sequence[Value]) -> Iterator[tuple[Span, str]]:
    """Yield the fractions in words that the two figures of their sentence do not bear out: "of sixty tonnes fifty came, a fifth less"."""
    pool = [figure for figure in figures([value for value in values if not isinstance(value.value, Duration)]) if figure.amount > 4]
    low = text.lower()
    match = _FRACTION.search(low) if len(pool) > 1 and len(values) <= _NEAR else None
    if match is None or any(value.span.start - offset <= match.start() < value.span.end - offset for value in values if value.kind is not Kind.NUMBER):
        return
    told = {"two": 2, "three": 3, "four": 4}.get(match["many"] or "", 1) / _FRACTIONS[match["part"]]
    behind = [
        value for value in values if 0 <= value.span.start - offset - match.end() <= 12 and _WHOLE.fullmatch(low[match.end() : value.span.start - offset])
    ]
    whole = figures(behind[:1])
    pairs = [
        (one, other) for one, other in combinations(pool, 2) if _alike(one, other) and one.amount != other.amount and (not whole or whole[0] in {one, other})
    ]
    if not pairs or (len(pool) > 2 and not whole):
        return
    wide = 0.16 if match["loose"] or told > 0.5 else 0.12
    for one, other in pairs:
        small, large = sorted((float(one.amount), float(other.amount)))
        if any(abs(share - told) <= wide * told for share in (small / large, (large - small) / large)):
            return
    if any(abs(float(one.amount) * told - float(other.amount)) < 1 for one, other in permutations(pool, 2)):
        return
    part, all_of_it = sorted((pairs[0][0].amount, pairs[0][1].amount))
    yield Span(match.start() + offset, match.end() + offset), f"{part} of {all_of_it} is another share"
