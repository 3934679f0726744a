"""The map of a letter: each checkable thing it says, sentence by sentence, and the fact behind it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from itertools import combinations

from guardrails.facts.arithmetic import BESIDE, clashes
from guardrails.facts.beyond import Told, claimed, cut, is_new, seen, told
from guardrails.facts.claims import asides, contradiction, names
from guardrails.facts.derived import derived, off
from guardrails.facts.durations import DAY, HOUR, LOOSE, MINUTE, Duration
from guardrails.facts.hearsay import unfounded
from guardrails.facts.known import Known, content, known
from guardrails.facts.lexer import ORDINALS, UNITS
from guardrails.facts.reckoning import missed, shares
from guardrails.facts.values import WEEKDAY_NAMES, Day, Kind, Period, Scan, Value, same_money
from guardrails.facts.words import concept
from guardrails.finding import Field, Span
from guardrails.language.clauses import Role
from guardrails.language.words import STOP
from guardrails.letter import Part, Reading, Sentence


class Standing(StrEnum):
    """How an item stands against the facts."""

    __hash__ = str.__hash__  # an enumeration's own is many times slower

    HELD = "held"
    DERIVED = "derived"
    IDLE = "idle"
    """Too general to be checked: "a week", "two things"."""
    UNKNOWN = "unknown"
    CONTRADICTED = "contradicted"
    INTERNAL = "internal"
    """Only the background holds it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One checkable thing: where it stands, what it says, and the fact (`key: value`) behind it."""

    kind: Kind
    field: Field
    span: Span
    quote: str
    standing: Standing
    fact: str | None = None
    note: str = ""
    value: Value | None = None
    clash: str = ""
    """Why it contradicts the calendar or its own sentence, where it does."""

    @property
    def value_text(self) -> str:
        """The value in one notation, whatever words it was told in."""
        return normal(self.value) if self.value else self.quote


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence with its items."""

    sentence: Sentence
    items: tuple[Item, ...]
    scan: Scan


@dataclass(frozen=True)
class Ledger:
    """The sentences of a letter with what stands behind them."""

    lines: tuple[Line, ...]
    today: date | None = None

    def values(self, sentence: Sentence) -> list[Value]:
        """Return the values of one of the sentences."""
        return self._values.get(sentence, [])

    @cached_property
    def _values(self) -> dict[Sentence, list[Value]]:
        return {line.sentence: line.scan.found for line in self.lines}

    @property
    def items(self) -> Iterator[Item]:
        """Every item in reading order."""
        for line in self.lines:
            yield from line.items


def show(found: Ledger) -> str:
    """Return the map as text: each sentence, and below it what it says with the fact behind it."""
    lines: list[str] = []
    for line in found.lines:
        lines.append(" ".join(line.sentence.text.split()))
        for item in line.items:
            if item.standing is Standing.IDLE:
                continue
            note = f" ({item.note})" if item.note else ""
            lines.append(f"    {item.quote} = {item.value_text}" if item.value and item.value_text != item.quote else f"    {item.quote}")
            lines[-1] += f"  <-  {item.fact}{note}" if item.fact and item.standing is not Standing.CONTRADICTED else f"  {item.standing.value}{note}"
    return "\n".join(lines)


def as_list(found: Ledger) -> list[dict[str, str | int | None]]:
    """Return the map as plain data: each checkable thing with its place, its value and the fact behind it."""
    return [
        {
            "field": item.field,
            "start": item.span.start,
            "end": item.span.end,
            "quote": item.quote,
            "kind": item.kind.value,
            "value": item.value_text,
            "standing": item.standing.value,
            "fact": item.fact,
            "note": item.note or item.clash or None,
        }
        for item in found.items
        if item.standing is not Standing.IDLE
    ]


def normal(value: Value) -> str:
    """Return a value in one notation: 2026-02-10, 09:55, 1275 GBP, 3:15:00."""
    what = value.value
    if isinstance(what, Day):
        return (
            " or ".join(day.isoformat() for day in what.days)
            if len(what.days) < 3
            else WEEKDAY_NAMES[what.weekday or 0]
            if what.weekday is not None
            else f"day {what.day}"
        )
    if isinstance(what, Period):
        return "-".join(str(part) for part in (what.year, *sorted(what.months)) if part is not None)
    if isinstance(what, Duration):
        return str(timedelta(seconds=what.seconds))
    if isinstance(what, frozenset):
        return " or ".join(f"{minute // 60 % 24:02d}:{minute % 60:02d}" for minute in sorted(minute for minute in what if minute < 1440))
    return f"{what} {value.unit}".strip() if value.kind is Kind.MONEY else str(what)


def ledger(reading: Reading) -> Ledger:
    """Return each sentence of a letter with its items and the facts behind them. Without a case every item is unknown."""
    facts = known(reading.case) if reading.case else Known(None)
    lines: list[Line] = []
    own = frozenset[str]().union(*(sentence.lowers for sentence in reading.body if sentence.part in _NAMING))
    letter = told(reading.text, facts)
    for sentence in reading.all:
        scan = Scan(sentence.text, sentence.start, facts.today)
        held = facts.everything if told_by_them(reading, sentence) else facts
        before = lines[-1].scan.found if lines and lines[-1].sentence.field == sentence.field else []
        items = list(_items(sentence, scan, held, before))
        if reading.case and sentence.part is Part.TEXT:
            items += () if _is_general(sentence, reading) else _names(sentence, held, own)
            plain = not any(item.standing in UNBORNE for item in items)
            said = list(_claims(sentence, held, facts, reading)) if plain else []
            items += said or _beyond(sentence, held, reading, items, letter)
            items.sort(key=lambda item: item.span)
        lines.append(Line(sentence, tuple(items), scan))
    return Ledger(tuple(lines), facts.today)


_NAMING = frozenset((Part.GREETING, Part.SIGNATURE))
_PERSONAL = frozenset("we our ours us i my me you your yours he she his her".split())


def _is_general(sentence: Sentence, reading: Reading) -> bool:
    """Whether a sentence tells how things are in the world and not what happened here: "in May every yard in Essen is short of hands"."""
    tenses = {clause.tense for clause in reading.clauses(sentence) if clause.form == "finite"}
    return tenses == {"present"} and _PERSONAL.isdisjoint(sentence.lowers)


def borne(items: Iterable[Item]) -> int:
    """Return how many items the facts bear out."""
    return sum([item.standing in _BORNE for item in items])


_BORNE = frozenset({Standing.HELD, Standing.DERIVED})
UNBORNE = frozenset({Standing.UNKNOWN, Standing.CONTRADICTED, Standing.INTERNAL})
"""What the facts do not bear out."""


def parts(sentence: Sentence, reading: Reading, items: Sequence[Item]) -> list[tuple[int, int, int, bool]]:
    """Return the parts of a sentence: start, stop, how many of its items the facts bear out, and whether they bear out all of them."""
    found = []
    for start, stop in cut(sentence, reading.clauses(sentence)):
        span = sentence.words(start, stop)
        inside = [item for item in items if item.span.start < span.end and span.start < item.span.end]
        found.append((start, stop, borne(inside), not any(item.standing in UNBORNE for item in inside)))
    return found


def _beyond(sentence: Sentence, facts: Known, reading: Reading, items: Sequence[Item], letter: Told) -> Iterator[Item]:
    """Yield the parts of a sentence that claim what no fact holds, where no figure or name in them gives it away already."""
    if not is_new(sentence, facts):
        return
    whole = borne(items)
    sound = [(start, stop, count) for start, stop, count, right in parts(sentence, reading, items) if right]
    here = seen(sentence, reading.clauses(sentence), facts)
    place = reading.text.index(sentence)
    for start, stop in claimed(here, facts, letter, place, [(count, whole) for _, _, count in sound], [(start, stop) for start, stop, _ in sound]):
        while stop > start + 1 and sentence.tokens[stop - 1].text in ".!?,;:—–-()":
            stop -= 1
        span = sentence.words(start, stop)
        yield Item(Kind.CLAIM, sentence.field, span, sentence.text[span.start - sentence.start : span.end - sentence.start], Standing.UNKNOWN)


def _claims(sentence: Sentence, facts: Known, own: Known, reading: Reading) -> Iterator[Item]:
    """Yield what a sentence claims in words against the facts, or without any; `own` are those that are not the customer's words."""
    end = sentence.end - (sentence.text[-1] in ".!?")
    quote = sentence.text[: end - sentence.start]
    turned = contradiction(sentence, facts)
    if turned:
        yield Item(Kind.CLAIM, sentence.field, Span(sentence.start, end), quote, Standing.CONTRADICTED, turned, "the facts say otherwise")
    elif found := unfounded(sentence, reading.clauses, own, facts is not own):
        span, fact, note = found
        words = sentence.text[span.start - sentence.start : span.end - sentence.start]
        yield Item(Kind.CLAIM, sentence.field, span, words, Standing.CONTRADICTED if fact else Standing.UNKNOWN, fact, note)
    elif spans := asides(sentence, facts):
        for span in spans:
            yield Item(Kind.CLAIM, sentence.field, span, sentence.text[span.start - sentence.start : span.end - sentence.start], Standing.UNKNOWN)


def _names(sentence: Sentence, facts: Known, own: frozenset[str]) -> Iterator[Item]:
    """Yield the proper names of a sentence that the case does not hold."""
    for span in names(sentence, facts, own):
        word = sentence.text[span.start - sentence.start : span.end - sentence.start]
        inside = next((fact.shown for fact in facts.internal if word.lower() in fact.text.lower()), None)
        yield Item(Kind.NAME, sentence.field, span, word, Standing.INTERNAL if inside else Standing.UNKNOWN, inside)


_AIMS = frozenset("aim count depend expect hope need plan prepare rely want".split())


def told_by_them(reading: Reading, sentence: Sentence) -> bool:
    """Whether a sentence tells what the customer did, said or suffered, and nothing that anybody will do."""
    if sentence.flat.startswith(("thank you for", "thanks for")):
        return True
    told = False
    for clause in reading.clauses(sentence):
        if clause.tense in {"future", "conditional"}:
            return False
        told = told or ((clause.tense in {"past", "perfect"} or clause.lemma in _AIMS) and clause.actor is Role.CUSTOMER)
    return told


def _items(sentence: Sentence, scan: Scan, facts: Known, before: list[Value]) -> Iterator[Item]:
    """Yield what the values of a sentence stand on; `before` are those of the sentence before it."""
    if not scan.found:
        return
    text = sentence.text
    stands: list[_Verdict] = []
    unknown, firm, doubted = set[int](), set[int](), set[int]()
    told: dict[int, str] = {}
    for number, value in enumerate(scan.found):
        standing, _, note = verdict = _stand(value, scan, facts)
        if standing is Standing.UNKNOWN:
            standing, _, note = verdict = _explained(value, sentence, scan, facts)
        stands.append(verdict)
        if standing is Standing.UNKNOWN and (otherwise := _told_as(value, facts)):
            told[number] = otherwise
        if standing is Standing.UNKNOWN:
            unknown.add(number)
            doubted.add(number)
        elif standing is Standing.HELD and not _weakly(value, facts):
            firm.add(number)
        elif standing is Standing.HELD or (standing is Standing.DERIVED and note in _BY_CHANCE and value.kind is Kind.NUMBER):
            doubted.add(number)
    wrong = dict(clashes(text, sentence.start, scan.found, doubted, firm, facts.totals))
    for number, why in off(sentence.flat, scan, facts, unknown):
        wrong.setdefault(number, why)
    for number, why in (
        ()
        if any(isinstance(scan.found[number].value, Decimal) for number in wrong)
        else missed(sentence.flat, text, sentence.start, scan, before, facts.sums, unknown)
    ):
        wrong.setdefault(number, why)
    for number, why in told.items():
        wrong.setdefault(number, why)
    for span, why in shares(text, sentence.start, scan.found):
        quote = text[span.start - sentence.start : span.end - sentence.start]
        yield Item(Kind.NUMBER, sentence.field, span, quote, Standing.CONTRADICTED, None, why, None, why)
    times = [value.value for value in scan.found if isinstance(value.value, frozenset)]
    for number, value in enumerate(scan.found):
        standing, fact, note = stands[number]
        clash = wrong.get(number, "")
        if clash and standing is Standing.DERIVED and ("shared among" in note or (value.kind is Kind.MONEY and note.startswith("a sum"))):
            clash = ""
        if clash and value.kind is Kind.MONEY and standing is Standing.HELD:
            clash = ""  # an amount that the facts state is not the wrong one of a sum
        beside = clash.startswith(BESIDE)
        if clash and isinstance(value.value, Duration) and standing is Standing.HELD and not beside and not (value.loose and _is_window(times, facts)):
            clash = ""
        if (
            clash
            and isinstance(value.value, Duration)
            and standing is Standing.HELD
            and not beside
            and value.value.seconds in {seconds for seconds, _ in facts.durations}
        ):
            clash = ""  # the facts tell just this length, of something else
        if clash and value.kind is Kind.NUMBER and standing is Standing.HELD and _counts_just_so(value, facts):
            clash = ""
        if isinstance(value.value, Day) and standing is Standing.CONTRADICTED:
            clash = clash or note
        if clash:
            standing = Standing.CONTRADICTED
        elif note == _BARE:
            standing, note = Standing.IDLE, ""
        quote = text[value.span.start - sentence.start : value.span.end - sentence.start]
        yield Item(value.kind, sentence.field, value.span, quote, standing, fact, note or clash, value, clash)


def _told_as(value: Value, facts: Known) -> str | None:
    """Return how the facts tell the same count or length, where the letter tells another that stands nowhere."""
    what = value.value
    if isinstance(what, Duration) and what.counted and not what.working and MINUTE <= what.seconds < 30 * DAY:
        near = [seconds for seconds, fact in facts.lengths if what.seconds * 0.6 <= seconds <= what.seconds * 1.7 and not fact.startswith("follow_up")]
        return f"the facts give {timedelta(seconds=min(near, key=lambda one: abs(one - what.seconds)))}" if near and what.unit < DAY else None
    if value.kind is Kind.NUMBER and isinstance(what, Decimal) and what > 2:
        things = frozenset(concept(word) for word in value.unit.split()[:1] if word not in STOP)
        same = [number for number, unit, _ in facts.counted if unit & things]
        return f"the facts count {same[0]}" if len(set(same)) == 1 and same[0] / 3 <= what <= same[0] * 3 else None
    return None


def _counts_just_so(value: Value, facts: Known) -> bool:
    """Whether a fact counts as many of the same thing."""
    things = frozenset(concept(word) for word in value.unit.split()[:2] if word not in STOP)
    return any(number == value.value and unit & things for number, unit, _ in facts.counted)


_BARE = "in words, of nothing"
"""A number that counts nothing is seldom a figure of the case: only a sum that it misses makes it wrong."""


def _explained(value: Value, sentence: Sentence, scan: Scan, facts: Known) -> "_Verdict":
    """Return what a value stands on that no fact states: the background, other values, the customer's own words, or nothing that needs any."""
    if found := _internal(value, facts):
        return found
    if reason := derived(value, sentence.text, sentence.start, scan, facts):
        return Standing.DERIVED, *reason
    if fact := _in_a_ticket(value, sentence, scan, facts):
        return Standing.HELD, fact, ""
    vague = isinstance(value.value, Period) and value.first and scan.pieces[value.first - 1].lower in _VAGUELY
    before = sentence.text[: value.span.start - sentence.start].lower()
    named = sentence.field == "subject" and value.kind not in _GIVEN  # a subject says which thread this is
    if vague or named or (value.kind in _SUPPOSED_KINDS and (_supposed(before) or "if" in sentence.lowers)):
        return _IDLE
    if value.kind in _DATED | {Kind.DURATION} and _WOULD.search(before):
        return _IDLE
    bare = value.kind is Kind.NUMBER and value.words and not value.unit.startswith("of ") and all(word in STOP for word in value.unit.split()[:3])
    return (Standing.UNKNOWN, None, _BARE) if bare else _UNKNOWN


_VAGUELY = frozenset("before come till when mid".split())
"""What stands before a month that is only a while from now: "not out before September"."""
_GIVEN = {Kind.MONEY, Kind.PERCENT}
_SUPPOSED_KINDS = {Kind.DATE, Kind.PERIOD, Kind.NUMBER, Kind.DURATION}
_SUPPOSED = re.compile(
    r"\b(?:if|unless|suppose|(?:would|could|might) have|in case|whenever|should (?:you|your|the|a|an|it|they|any|we|one|\d+|no|some))\b[^,;:—–()]*\Z"
    r"|(?:\A|[,;:—–(.!?])\W*(?:had|were) (?:it|that|this|you|your|we|i|the|they|a)\b[^,;:—–()]*\Z"
)
"""The beginning of a clause that supposes something: what it counts or dates has not happened."""


_WOULD = re.compile(r"\bwould (?!like\b|rather\b|be glad\b|suggest\b|propose\b|welcome\b)[^,;:—–()]*\Z")
"""The beginning of what only would happen."""


def _supposed(before: str) -> bool:
    """Whether the clause that ends here only supposes something."""
    return bool(_SUPPOSED.search(before[-120:]))


_DATED = {Kind.DATE, Kind.PERIOD}


def _in_a_ticket(value: Value, sentence: Sentence, scan: Scan, facts: Known) -> str | None:
    """Return the customer's own words that tell of a day, where the sentence speaks of the same thing; nothing that we promise is among them."""
    if value.kind not in _DATED or facts.everything is facts:
        return None
    standing, fact, _ = _stand(value, scan, facts.everything)
    said = content(scan.pieces)
    if standing is not Standing.HELD or fact is None:
        return None
    return fact if any(known.ticket and known.shown == fact and len(known.words & said) > 1 for known in facts.everything.facts) else None


_BY_CHANCE = frozenset({"a sum or difference of two facts", "in another unit"})
"""How a figure may come of two others that have nothing to do with it: where its own sentence gives another one, that one is right."""


def _weakly(value: Value, facts: Known) -> bool:
    """Whether only a part of a date, an amount or a code bears a count out."""
    what = value.value
    if value.kind is not Kind.NUMBER or not isinstance(what, Decimal) or what <= 10:
        return False
    return all(what != number for number, _, _ in facts.counted)


def _is_window(times: list[frozenset[int]], facts: Known) -> bool:
    """Whether two times are the start and the end of the incident."""
    if facts.window is None or len(times) != 2:
        return False
    return all(moment.hour * 60 + moment.minute in minutes for moment, minutes in zip(facts.window, times, strict=True))


def _internal(value: Value, facts: Known) -> "_Verdict | None":
    """Return the part of the background that holds a value, or None."""
    for fact in facts.internal:
        for other in fact.values:
            mine, theirs = value.value, other.value
            if isinstance(mine, Decimal) and mine == theirs and value.kind is other.kind and (value.kind is not Kind.NUMBER or mine > 4):
                return Standing.INTERNAL, fact.shown, ""
            if value.kind is Kind.NUMBER and other.kind is Kind.MONEY and isinstance(mine, Decimal) and mine == theirs and mine >= 1000:
                return Standing.INTERNAL, fact.shown, ""
            if isinstance(mine, Duration) and isinstance(theirs, Duration) and mine.fits(theirs.seconds):
                return Standing.INTERNAL, fact.shown, ""
            if (
                isinstance(mine, Day | Period)
                and isinstance(theirs, Day | Period)
                and (_month_set(mine) & _month_set(theirs))
                and not (isinstance(mine, Day) and isinstance(theirs, Day) and theirs.day and not set(mine.days) & set(theirs.days))
            ):
                return Standing.INTERNAL, fact.shown, ""
    return None


def _month_set(what: Day | Period) -> frozenset[int]:
    if isinstance(what, Period):
        return what.months
    return frozenset({what.month}) if what.month else frozenset(day.month for day in what.days) if what.relative else frozenset()


_Verdict = tuple[Standing, str | None, str]
_IDLE: _Verdict = (Standing.IDLE, None, "")
_UNKNOWN: _Verdict = (Standing.UNKNOWN, None, "")


_ON_DEMAND = frozenset({"if", "should", "whenever"})
_ANY = frozenset("a an any each every another odd some no".split())
"""What stands before a day that is none in particular: "it eats a Saturday"."""


def _stand(value: Value, scan: Scan, facts: Known) -> _Verdict:
    what = value.value
    if isinstance(what, Day):
        if value.first and scan.pieces[value.first - 1].lower in _ANY:
            return _IDLE
        return _day(what, facts, not _AHEAD.isdisjoint(piece.lower for piece in scan.pieces))
    if isinstance(what, Period):
        may = value.first == 0 and what.months == {5} and scan.pieces[0].lower == "may" and len(scan.pieces) > 1 and scan.pieces[1].kind == "word"
        return _IDLE if may and scan.pieces[1].lower in {"the", "your", "our", "this", "that", "they", "all"} else _period(what, facts)
    if isinstance(what, Duration):
        before = " ".join(["", *(piece.lower for piece in scan.pieces[max(value.first - 5, 0) : value.first])])
        words = {piece.lower for piece in scan.pieces}
        if what.unit <= HOUR and "keep" in words and words & {"call", "talk", "conversation", "meeting"}:
            return _IDLE  # "I keep the call to ten minutes"
        supposed = not _ON_DEMAND.isdisjoint(piece.lower for piece in scan.pieces)  # "if you ask, you have it within the hour"
        return _length(what, facts, " ".join(piece.lower for piece in scan.pieces[value.stop : value.stop + 2]), before, supposed)
    if isinstance(what, frozenset):
        before_hour = value.first > 0 and scan.pieces[value.first - 1].lower in {"before", "by"} and all(minute % 30 == 0 for minute in what)
        return _time(what, facts, 20 if value.loose else 0, _NEARLY if before_hour else 0) if _is_told(value, scan, facts) else _IDLE
    if value.kind is Kind.MONEY and isinstance(what, Decimal):
        return _money(what, value, facts, " half " in f" {' '.join(piece.lower for piece in scan.pieces)} ")
    if value.kind is Kind.PERCENT and isinstance(what, Decimal):
        return _percent(what, facts, value.loose)
    if value.kind is Kind.NUMBER and isinstance(what, Decimal):
        return _number(what, value, scan, facts)
    if value.kind is Kind.CODE and value.unit:
        if str(what) in facts.everything.raw:
            return Standing.HELD, _holding(str(what), facts.everything), ""
        # Only where the facts call something alike, "T31" is wrong.
        alike = re.search(rf"\b{re.escape(str(what).rstrip('0123456789'))}\d", facts.everything.raw)
        return _UNKNOWN if alike else _IDLE
    if value.kind in {Kind.LINK, Kind.CODE}:
        # A link in a customer's message is none of ours; the number of a ticket is how both of us call it.
        return (
            (Standing.HELD, _holding(str(what), facts), "")
            if str(what).lstrip("#") in (facts.own if value.kind is Kind.LINK else facts.everything.raw)
            else _UNKNOWN
        )
    return _IDLE


def _is_told(value: Value, scan: Scan, facts: Known) -> bool:
    """Whether a time is one that can be held against the facts: not "by midnight", and "at three" only beside a day."""
    word, minutes = scan.pieces[value.first].lower, value.value
    if not isinstance(minutes, frozenset) or minutes & facts.times.keys():
        return True
    before = scan.pieces[value.first - 1].lower if value.first else ""
    if word == "nine" and [piece.lower for piece in scan.pieces[value.stop : value.stop + 2]] == ["to", "five"]:
        return False
    if value.stop < len(scan.pieces) and scan.pieces[value.stop].lower == "of" and value.stop - value.first == 1:
        return False  # "shouted at two of them"
    if word in {"noon", "midday", "midnight"}:
        return before in {"at", "from", "until"}
    if value.stop - value.first == 1 and (word.isalpha() or word.isdigit()):
        return before in {"at", "from", "until"} and any(other.kind is Kind.DATE for other in scan.found)
    return True


def _holding(text: str, facts: Known) -> str | None:
    return next((fact.shown for fact in facts.facts if text.lstrip("#") in fact.text.lower()), None)


_AHEAD = frozenset("will shall 'll ’ll ll tomorrow next by call ring phone visit".split())


def _day(what: Day, facts: Known, ahead: bool) -> _Verdict:
    if facts.today is None:
        return _IDLE
    held = [day for day in what.days if day in facts.dates]
    if what.relative:
        if held:
            return Standing.HELD, facts.dates[held[0]], ""
        if facts.today in what.days:
            return Standing.DERIVED, f"written_on: {facts.today}", ""
        return _IDLE if len(what.days) == 1 else _UNKNOWN
    if what.day is None and what.month is None and what.year is None:
        for day in held:
            return Standing.DERIVED, facts.dates[day], f"the weekday of {day.isoformat()}"
        if what.weekday in facts.weekdays:
            return Standing.HELD, facts.weekdays[what.weekday], ""
        if facts.span and any(facts.span[0] <= day <= facts.span[1] for day in what.days):
            return Standing.DERIVED, None, "within the incident"
        begun = facts.moment.date() if facts.moment else facts.today
        if not ahead and (facts.today - begun).days < 7 and any(begun <= day <= facts.today for day in what.days):
            return Standing.DERIVED, None, "between the incident and the letter"
        return _UNKNOWN
    if held:
        right = [day for day in held if what.weekday is None or day.weekday() == what.weekday]
        if right:
            return Standing.HELD, facts.dates[right[0]], ""
        return Standing.CONTRADICTED, facts.dates[held[0]], f"{held[0].isoformat()} is a {WEEKDAY_NAMES[held[0].weekday()]}"
    if what.day == 1 and what.month in facts.months and what.weekday is None:
        return Standing.DERIVED, facts.months[what.month], "the first day of it"
    if what.month is None and what.day in facts.days and what.weekday is None:
        return Standing.HELD, facts.days[what.day], ""
    return _IDLE if what.month is None and what.weekday is None and (what.day or 9) < 5 else _UNKNOWN  # "on the first"


_YEAR_END = re.compile(r"\b(?:rest of (?:the year|20\d\d)|year ?-? ?end|end of (?:the year|20\d\d))\b")


def _period(what: Period, facts: Known) -> _Verdict:
    if what.months == {12} and (rest := next((fact.shown for fact in facts.facts if _YEAR_END.search(fact.text.lower())), None)):
        return Standing.DERIVED, rest, "the end of the year"
    months = {day.month: fact for day, fact in facts.dates.items()} | facts.months
    if what.months:
        for month in what.months:
            if month in months:
                return Standing.HELD, months[month], ""
        return _UNKNOWN if len(what.months) == 1 else _IDLE
    years = {day.year: fact for day, fact in facts.dates.items()} | facts.years
    if what.year in years:
        return Standing.HELD, years[what.year], ""
    return (Standing.HELD, None, "") if str(what.year) in facts.raw else _UNKNOWN


_LASTED = re.compile(
    r"(?:outage|disruption|incident|downtime|stop|it|interruption) (?:lasted|went on|dragged on)"
    r"(?: (?:for|only|just|about|some|nearly|almost|over|more|than)){0,3}$"
)
"""What is said of the incident's own length: no other stretch of time bears it out."""


_BOUND = frozenset({"just over", "nearly", "almost", "just under", "well over", "a little over", "over", "more than", "close to"})
"""What makes even "a day" a length that can be wrong."""
_NEVER = re.compile(r"(?:nobody|no one|never|i have)\b")
_ASKED = re.compile(
    r"\b(?:spare(?: me| us)?|(?:give|lend|grant|allow|find)(?: me| us)|could do with|a call of|(?:call|talk|chat|session|meeting) for"
    r"|(?:would|should|['’]d|['’] d) (?:only )?like|keep it to|(?:may|can|could) i have|plan on"
    r"|(?:glad of|grateful for|(?:catch|borrow|have) you for|happy with|(?:call|it|this|reading|conversation|talk) (?:needs|takes|will take|should take)))"
    r"(?: (?:just|only|about|the|some|roughly|around|no more than|not more than|at most|less than|under))?$"
)
"""What is asked of the customer's time says nothing of the case."""


def _length(what: Duration, facts: Known, after: str, before: str, supposed: bool) -> _Verdict:
    for seconds, fact in facts.durations:
        if what.fits(seconds):
            return Standing.HELD, fact, ""
    for seconds, fact in () if _LASTED.search(before) else facts.lengths:
        if what.fits(seconds):
            return Standing.DERIVED, fact, "worked out from two times"
    if what.working and what.unit == 7 * DAY and (week := next((fact for seconds, fact in facts.durations if seconds == what.seconds * 5 / 7), None)):
        return Standing.DERIVED, week, "in weeks of five days"
    if what.counted and not what.working and (kept := _kept_in(what, facts)):
        return Standing.DERIVED, kept, "so many of them"
    if what.counted and what.unit >= 28 * DAY and (first := _calendar_months(what, facts)):
        return Standing.DERIVED, first, "the months from the first day to the last"
    if (
        not what.counted
        and what.loose != "within"
        and not (what.loose in _BOUND and what.unit in {HOUR, DAY} and facts.window and before.endswith(f" for {what.loose}"))
    ):
        return _IDLE
    if what.counted and what.seconds <= 10 * MINUTE and re.match(r"(?:task|job|question|check|read|walk|fix|call)\b", after):
        return _IDLE  # "a two-minute task"
    if what.unit >= 300 * DAY and what.seconds >= 100 * what.unit:
        return _IDLE  # "a hundred years"
    if before.endswith(" in") and what.unit >= 300 * DAY and _NEVER.match(after):
        return _IDLE  # "in thirty years nobody has written so"
    if _ASKED.search(before) or (what.loose == "within" and not what.counted and supposed):
        return _IDLE
    if re.match(r"(?:in\b(?! all| total| sum)|- ?old|old\b|- year|or night|job\b|(?:before|after|short of|until) (?:christmas|easter|new))", after):
        return _IDLE
    if before.endswith((" not", " every", " single", " same")):
        return _IDLE
    return _UNKNOWN


def _kept_in(what: Duration, facts: Known) -> str | None:
    """Return the fact that counts as many as a length does, where the length is no while: "of the 12,000 hours you keep with us"."""
    count = Decimal(round(what.seconds / what.unit))
    return next((fact for number, _, fact in facts.counted if number == count), None) if count >= 20 else None


def _calendar_months(what: Duration, facts: Known) -> str | None:
    """Return the fact of the first day, where a length counts the months that the known days of the past lie in."""
    past = sorted((day, fact) for day, fact in facts.dates.items() if facts.today is None or day <= facts.today)
    count = round(what.seconds / what.unit)
    for number, (first, fact) in enumerate(past[:12]):
        if any((last.year - first.year) * 12 + last.month - first.month + 1 == count for last, _ in past[number + 1 : 12]):
            return fact if what.unit < 300 * DAY and count > 2 else None
    return None


_NEARLY = 20
"""How many minutes short of a full or half hour something may be that was done "before nine o'clock"."""


def _time(minutes: frozenset[int], facts: Known, slack: int, early: int) -> _Verdict:
    for minute in minutes:
        if minute in facts.times:
            return Standing.HELD, facts.times[minute], ""
    for known_minute, fact in facts.times.items() if early else ():
        if not fact.startswith("follow_up") and any(0 < (minute - known_minute) % 1440 <= early for minute in minutes):
            return Standing.DERIVED, fact, "shortly before it"
    if slack:
        for known_minute, fact in facts.times.items():
            if any(abs(known_minute - minute) <= slack for minute in minutes):
                return Standing.DERIVED, fact, "rounded"
    return _UNKNOWN


def _near(figure: Decimal, actual: Decimal, loose: str) -> bool:
    """Whether a letter may tell the actual figure in these words."""
    if loose in LOOSE:
        low, high = LOOSE[loose]
        return float(figure) * low <= float(actual) <= float(figure) * high
    return figure == actual


def _money(figure: Decimal, value: Value, facts: Known, halved: bool) -> _Verdict:
    alike = [(amount, fact) for amount, unit, fact in facts.money if same_money(unit, value.unit)]
    for amount, fact in alike:
        if _near(figure, amount, value.loose):
            return Standing.HELD, fact, ""
    if figure == 0 or (value.unit and figure <= 1):
        return _IDLE
    for (one, first), (other, second) in combinations(alike, 2):
        if figure in {one + other, abs(one - other)}:
            return Standing.DERIVED, first if first == second else f"{first}, {second}", "a sum or difference"
    for amount, fact in alike:
        for share, other_fact in facts.percents.items():
            if figure in {amount * share / 100, amount * (100 - share) / 100}:
                return Standing.DERIVED, f"{fact}, {other_fact}", f"{share}% of it"
        if halved and figure * 2 == amount:
            return Standing.DERIVED, fact, "half of it"
        for count, _, count_fact in facts.numbers:
            if count > 1 and figure == amount * count:
                return Standing.DERIVED, fact if fact == count_fact else f"{fact}, {count_fact}", f"{count} times it"
        for (more, first), (fewer, second) in combinations([(count, key) for count, _, key in facts.numbers if count > 3], 2):
            if first == second and figure == amount * abs(more - fewer):
                return Standing.DERIVED, f"{fact}, {first}", f"{abs(more - fewer)} times it"
    for amount, unit, fact in (
        (Decimal(v.value), v.unit, f.shown) for f in facts.internal for v in f.values if v.kind is Kind.MONEY and isinstance(v.value, Decimal)
    ):
        if figure == amount and same_money(unit, value.unit):
            return Standing.INTERNAL, fact, ""
    return _UNKNOWN


_MONEY = frozenset({"money"})


def _percent(figure: Decimal, facts: Known, loose: str) -> _Verdict:
    if figure in facts.percents:
        return Standing.HELD, facts.percents[figure], ""
    if figure in {Decimal(100), Decimal(0)}:
        return _IDLE
    for share, fact in facts.percents.items():
        if figure == 100 - share:
            return Standing.DERIVED, fact, f"the rest of {share}%"
    places = -int(figure.normalize().as_tuple().exponent) if "." in str(figure) else 0
    exact = Decimal("0.6").scaleb(-max(places, 0))
    counts = [(number, unit, fact) for number, unit, fact in facts.numbers if number > 1 and unit]
    amounts = [(amount, _MONEY, fact) for amount, _, fact in facts.money]
    for (one, mine, first), (other, theirs, second) in (*combinations(counts[:60], 2), *combinations(amounts[:20], 2)):
        low, high = sorted((one, other))
        if low < 5 and figure > 90:
            continue
        shares = (low / high * 100, (high - low) / high * 100, (high - low) / low * 100 if low else Decimal(0)) if high else ()
        if (first == second or (low >= 100 and mine & theirs)) and any(abs(share - figure) < (Decimal("1.1") if loose else exact) for share in shares):
            return Standing.DERIVED, first, f"{low} of {high}"
    return _UNKNOWN


def _number(figure: Decimal, value: Value, scan: Scan, facts: Known) -> _Verdict:
    before = " ".join(piece.lower for piece in scan.pieces[max(value.first - 2, 0) : value.first])
    after = " ".join(piece.lower for piece in scan.pieces[value.stop : value.stop + 2])
    if (partitive := _PARTITIVE.match(value.unit)) and not value.loose and figure > 1:
        nouns = frozenset(concept(word) for word in partitive[1].split() if word not in STOP)
        nouns |= _CREW if nouns & _CREW else frozenset()
        attached = [fact for number, unit, fact in facts.numbers if number == figure and unit & nouns]
        attached += [fact for number, unit, fact in facts.counted if number == figure and unit and f"{number} of " in fact.lower()]
        if nouns & facts.vocabulary.keys() and not attached and figure < 20:
            total = [number for number, unit, _ in facts.numbers if unit & nouns]
            there = {fact for _, unit, fact in facts.counted if unit & nouns}
            total += [number for number, _, fact in facts.counted if total and fact in there]
            if total and not any(figure == abs(one - other) for one in total for other in total if one != other):
                return _UNKNOWN
    things = frozenset(concept(word) for word in value.unit.split()[:3] if word not in STOP)
    if _is_figure_of_speech(figure, value, scan, before, after):
        return _IDLE
    if told := _told_otherwise(figure, value, scan, facts, before, after):
        return told
    if figure > 4 and not value.loose and _counted_otherwise(figure, value, facts):
        return _UNKNOWN
    if _NAMED_BY_NUMBER.search(before) and str(figure) in facts.everything.raw:
        return Standing.HELD, _holding(str(figure), facts.everything), ""
    for number, unit, fact in facts.numbers:
        if number == figure or (_near(figure, number, value.loose) and (unit & things or (unit and not things))):
            return Standing.HELD, fact, ""
    if (
        figure <= 4
        or re.search(r"(?:section|clause|article|paragraph|version|page|no|number|step|part|phase|level|item|§|/|v) ?\.?$", before)
        or value.unit.startswith(("of those", "of these"))
        or after.startswith(("/", "times", "-fold", "- fold", "- second", "- third", "- degree"))
        or (before.endswith(" a") and figure >= 1000 and "thank" in before)
    ):
        return _IDLE
    if figure <= 10 and not _is_counted_thing(value, facts):
        return _IDLE
    counts = {number: fact for number, _, fact in facts.counted if number > 0}
    for (one, first), (other, second) in combinations(counts.items(), 2):
        if (min(one, other) > 3 or (first == second and min(one, other) > 1 and max(one, other) > 5)) and figure in {one + other, abs(one - other)}:
            return (
                (Standing.DERIVED, first, "a sum or difference")
                if first == second
                else (Standing.DERIVED, f"{first}, {second}", "a sum or difference of two facts")
            )
    for (one, first), (other, second) in combinations({number: fact for number, _, fact in facts.numbers if number > 0}.items(), 2):
        if figure == one * other and first == second:
            return Standing.DERIVED, first, "a product"
    for number, fact in counts.items():
        if figure in {number * 1000, number / 1000}:
            return Standing.DERIVED, fact, "in another unit"
    if str(figure) in facts.raw:
        return Standing.HELD, _holding(str(figure), facts), ""
    return _UNKNOWN


def _in_round_words(figure: Decimal, facts: Known) -> str | None:
    """Return the fact that counts about as many as a round number in words: "two hundred lines" of 212."""
    digits = f"{figure:f}".rstrip("0")
    if len(digits) > (1 if figure < 1000 else 2):
        return None
    wide = figure / 15
    told = [*((number, fact) for number, _, fact in facts.counted), *((amount, fact) for amount, _, fact in facts.money)]
    return next((fact for number, fact in told if abs(number - figure) <= wide), None)


_ORDINAL_OF = {number: word for word, number in ORDINALS.items()}
_MANY = re.compile(r"(?:moving|small|little|other|different|things?|ways?|reasons?|times|apologies|thanks|billion|thank)\b")


def _is_figure_of_speech(figure: Decimal, value: Value, scan: Scan, before: str, after: str) -> bool:
    """Whether a round number says no more than "many": "a million apologies", "a hundred moving parts"."""
    article = scan.pieces[value.first].lower == "a"
    if figure in {365, 366}:
        return True
    if figure == 100 and before.endswith((" in", " in the", " at")) and scan.pieces[value.stop - 1].lower in {"hundred", "100"}:
        return value.words  # "seventy parts in the hundred", "at a hundred"
    return value.words and article and figure in {100, 1000, 1000000} and bool(_MANY.match(after) or after[:1] == ",")


_PROVIDES = re.compile(r"\b(?:treats|allows|provides|says|permits|requires|limits|excludes|caps|gives|lets|obliges|leaves)\b")
_CLAUSE = re.compile(r"\b(?:clause|section|article|paragraph)$")
"""A part of a contract that no fact tells of."""


def _ratio(figure: Decimal, value: Value, scan: Scan, facts: Known) -> str | None:
    """Return the two known counts that "nineteen out of twenty" or "one in sixteen" tells in small figures, or None."""
    parts = [other.value for other in scan.found if other.kind is Kind.NUMBER and 1 < value.first - other.stop <= 5 and isinstance(other.value, Decimal)]
    part = parts[-1] if parts else Decimal(1) if "one" in {piece.lower for piece in scan.pieces[max(value.first - 5, 0) : value.first]} else None
    if part is None or not 0 < part < figure:
        return None
    share: Decimal = part / figure
    slack = Decimal("0.06") if any(other.loose for other in scan.found if other.value == part) else min(share, 1 - share) / 10
    counts = [number for number, _, _ in facts.counted if number > 4][:20]
    for low, high in combinations(sorted({*counts}), 2):
        true = low / high
        if min(abs(true - share), abs(1 - true - share)) <= slack:
            return f"{low} of {high}"
    return None


def _told_otherwise(figure: Decimal, value: Value, scan: Scan, facts: Known, before: str, after: str) -> _Verdict | None:
    """What a number is where it counts nothing: a share, an hour, a day of the month, an age, all but ourselves, or a known figure twice."""
    if re.match(r"(?:in|out) \w+", after) and (whole := next((other for other in scan.found if 0 < other.first - value.stop <= 2), None)):
        total = whole.value
        if whole.kind is Kind.NUMBER and isinstance(total, Decimal) and (ratio := _ratio(total, whole, scan, facts)):
            return Standing.DERIVED, None, ratio
    if before.endswith((" in", "out of", " or")) and figure not in {10, 100, 1000} and figure > 2 and (ratio := _ratio(figure, value, scan, facts)):
        return Standing.DERIVED, None, ratio
    if before.endswith((" in", "in every")) and figure in {10, 100, 1000}:
        parts = [other.value for other in scan.found if other.kind is Kind.NUMBER and 1 < value.first - other.stop <= 5 and isinstance(other.value, Decimal)]
        share = parts[-1] / figure * 100 if parts else Decimal(0)
        if share in facts.percents:
            return Standing.DERIVED, facts.percents[share], f"{share.normalize():f}%"
        counts = [(number, fact.partition(":")[0]) for number, unit, fact in facts.counted if unit and number > 4]
        here = [(other.value, "") for other in scan.found if other.kind is Kind.NUMBER and isinstance(other.value, Decimal) and other.value > figure / 10]
        for (one, first), (other, second) in (*combinations(counts[:20], 2), *combinations(here, 2)):
            low, high = sorted((one, other))
            if first == second and low and min(abs(low / high * 100 - share), abs((high - low) / high * 100 - share)) <= min(share, 100 - share) / 10:
                return Standing.DERIVED, None, f"{low} of {high}"
        if ratio := _ratio(figure, value, scan, facts):
            return Standing.DERIVED, None, ratio
        return None if share in {0, 100 / figure} else _UNKNOWN
    others = value.unit.startswith(("other ", "others")) or before.endswith(" other")
    if others and (fact := next((fact for number, _, fact in facts.counted if number == figure + 1), None)):
        return Standing.DERIVED, fact, "all but one"
    if (
        before.endswith((" at", " from", " to"))
        and figure <= 12
        and (hour := next((m for m in facts.times if m in {int(figure) * 60, int(figure) * 60 + 720}), None)) is not None
    ):
        return Standing.HELD, facts.times[hour], ""
    if re.match(r"(?:st|nd|rd|th)\b", after) and (day := next((day for day in facts.dates if day.day == figure), None)):
        return Standing.HELD, facts.dates[day], ""
    if re.search(r"\b(?:i was|i am|i'm|aged|turned)$", before) and (not value.unit or value.unit.startswith(("and ", "when "))):
        return _IDLE
    if re.match(r"(?:to|or|-|–) ", after) and any(other.first == value.stop + 1 and isinstance(other.value, Duration) for other in scan.found):
        return _IDLE  # the longer end of "three to five days" is checked
    if (
        figure in {5, 10, 20, 25}
        and re.search(r"\b(?:at|to|until|till|by|from|about|around|since)$", before)
        and (clock := re.match(r"(to|past) (\w+)", after))
        and clock[2] in UNITS
        and 0 < UNITS[clock[2]] < 13
    ):
        minute = UNITS[clock[2]] * 60 + int(figure) * (1 if clock[1] == "past" else -1)
        held = next((m for m in facts.times if m in {minute, minute + 720}), None)
        return _UNKNOWN if held is None else (Standing.HELD, facts.times[held], "")
    for number, unit, fact in facts.counted:
        if figure == number - 1 and unit and re.match(r"\w+ out of ", value.unit):
            return Standing.DERIVED, fact, "all but one"
    if before.endswith(" day") and (fact := next((fact for seconds, fact in facts.durations if seconds == float(figure - 1) * DAY), None)):
        return Standing.DERIVED, fact, "the day after so many"
    if figure > 1 and (not value.unit or value.unit.split()[0] in STOP) and figure != figure.to_integral():
        for unit_seconds in (60, HOUR, DAY):
            if fact := next((fact for seconds, fact in facts.durations if abs(float(figure) * unit_seconds - seconds) < 60), None):
                return Standing.DERIVED, fact, "of hours, days or minutes"
    if value.words and figure >= 100 and (fact := _in_round_words(figure, facts)):
        return Standing.DERIVED, fact, "in round figures"
    if before.endswith(" any"):
        return _IDLE  # "pick any fifty files"
    if 2 < figure < 20 and figure == int(figure) and re.search(rf"\b{_ORDINAL_OF[int(figure)]}\b", facts.raw):
        return Standing.DERIVED, None, "told as an ordinal"
    if _CLAUSE.search(before):
        provides = before.startswith("under ") or _PROVIDES.search(" ".join(piece.lower for piece in scan.pieces[value.stop : value.stop + 8]))
        return None if re.search(rf"\b{figure}\b", facts.everything.raw) else _UNKNOWN if provides else _IDLE
    for number, unit, fact in facts.counted:
        if unit and number * 2 == figure and re.search(r"\b(?:twice|doubl\w+)\b", fact.lower()):
            return Standing.DERIVED, fact, "twice it"
    return None


def _counted_otherwise(figure: Decimal, value: Value, facts: Known) -> bool:
    """Whether the facts count the same things, and never arrive at this figure: "five templates" where they know of three."""
    words = [word for word in value.unit.split()[:2] if word.isalpha()]
    if not words or words[0] in STOP or (not words[0].endswith("s") and not (len(words) > 1 and words[1].endswith("s"))):
        return False
    head = concept(words[0] if words[0].endswith("s") else words[1])
    same = {number for number, unit, _ in facts.numbers if head in unit}
    told = {fact for _, unit, fact in facts.numbers if head in unit}
    near = same | {number for number, _, fact in facts.numbers if fact in told and number > 3}
    if figure > 20 and any(abs(one - number) == figure for one in same for number, unit, _ in facts.counted if unit):
        return False
    if not same or figure > max(same) * 2 or any(figure in {one, abs(one - other), one + other} for one in near for other in near):
        return False
    return not any(number == figure and (not unit or head in unit) for number, unit, _ in facts.numbers)


_NAMED_BY_NUMBER = re.compile(r"\b(?:tickets?|cases?|references?|ref|requests?|messages?|no|number|#)\.?$")
_CREW = frozenset(concept(word) for word in "people staff colleague colleagues employee employees men women technicians engineers person".split())
_PARTITIVE = re.compile(r"of (?:our|your|the|those|these) (\w+(?: \w+)?)")


def _is_counted_thing(value: Value, facts: Known) -> bool:
    """Whether a small number counts something that the facts speak of."""
    return any(concept(word) in facts.vocabulary for word in value.unit.split()[:3] if word not in STOP)
