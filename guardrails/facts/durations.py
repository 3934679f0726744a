"""Lengths of time: read from text, compared with a clock."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from guardrails.facts.lexer import MULTIPLES, ORDINALS, TENS, UNITS, Piece, number, pieces

SECOND, MINUTE, HOUR, DAY, WEEK = 1, 60, 3600, 86400, 604800
_SECONDS: Mapping[str, int] = {
    "second": SECOND, "seconds": SECOND, "sec": SECOND, "secs": SECOND, "s": SECOND,
    "minute": MINUTE, "minutes": MINUTE, "min": MINUTE, "mins": MINUTE,
    "hour": HOUR, "hours": HOUR, "hr": HOUR, "hrs": HOUR, "h": HOUR,
    "day": DAY, "days": DAY, "week": WEEK, "weeks": WEEK, "fortnight": 2 * WEEK, "fortnights": 2 * WEEK, "night": DAY, "nights": DAY,
    "month": 2629746, "months": 2629746, "year": 31556952, "years": 31556952, "quarter": 3 * 2629746, "quarters": 3 * 2629746,
    "weekend": 2 * DAY, "weekends": 2 * DAY,
}  # fmt: skip
_NOT_LENGTHS = frozenset({"second", "quarter", "quarters", "night", "nights", "weekend", "weekends"})
_SINGLE = frozenset({"minute", "hour", "day", "week", "fortnight", "month", "year"})
_PARTS: Mapping[str, Decimal] = {"half": Decimal("0.5"), "quarter": Decimal("0.25"), "quarters": Decimal("0.75")}
_PLURAL = frozenset({"days", "hours", "weeks", "minutes", "months"})
_OF_THOSE = (["of", "those"], ["of", "these"], ["of", "the"], ["of", "your"])
_BETWEEN = frozenset("and or of to in on at for by from per the a an our your these those last next past was were is are after before within every".split())
_KINDS = frozenset(
    {
        "working",
        "business",
        "calendar",
        "full",
        "whole",
        "long",
        "good",
        "solid",
        "straight",
        "clear",
        "consecutive",
        "entire",
        "more",
        "further",
        "bad",
        "extra",
    }
)

# How loosely a length is told: words before it, and the shares of it that the true length may be.
LOOSE: Mapping[str, tuple[float, float]] = {
    "about": (0.85, 1.15), "around": (0.85, 1.15), "roughly": (0.85, 1.15), "approximately": (0.85, 1.15), "some": (0.85, 1.15), "circa": (0.85, 1.15),
    "approx": (0.85, 1.15), "near": (0.85, 1.1),
    "nearly": (0.8, 1.0), "almost": (0.8, 1.0), "just under": (0.8, 1.0), "just short of": (0.8, 1.0), "close to": (0.85, 1.1), "close on": (0.85, 1.05),
    "not quite": (0.8, 1.0), "a little under": (0.8, 1.0), "slightly under": (0.8, 1.0), "a shade under": (0.8, 1.0),
    "best part of": (0.6, 1.02), "better part of": (0.6, 1.02), "guts of": (0.6, 1.02), "most of": (0.6, 1.0), "much of": (0.4, 1.0),
    "over": (1.0, 1.6), "more than": (1.0, 1.6), "just over": (1.0, 1.3), "well over": (1.1, 2.0), "a little over": (1.0, 1.3), "upwards of": (1.0, 1.6),
    "just more than": (1.0, 1.3), "a little more than": (1.0, 1.3), "in excess of": (1.0, 1.6), "at least": (1.0, 1.6), "no less than": (0.98, 1.1),
    "exceeding": (1.0, 1.6), "slightly over": (1.0, 1.3), "a shade over": (1.0, 1.3), "rather more than": (1.0, 1.6),
    "under": (0.5, 1.0), "less than": (0.5, 1.0), "fewer than": (0.5, 1.0), "up to": (0.5, 1.02), "within": (0.0, 1.02), "at most": (0.5, 1.02),
    "below": (0.5, 1.0), "not more than": (0.5, 1.02), "no more than": (0.5, 1.02),
}  # fmt: skip


_LAST_LOOSE = frozenset(words.split()[-1] for words in LOOSE)


class Duration(NamedTuple):
    """A length of time in a text: seconds, the size of its smallest unit, and the pieces it stands in."""

    seconds: float
    unit: int
    loose: str
    working: bool
    first: int
    stop: int
    counted: bool
    """False for "a week", "the hour": a length only in passing."""

    def fits(self, actual: float) -> bool:
        """Whether a letter may tell the actual length (seconds) in these words."""
        slack = self._slack
        if self.loose in LOOSE:
            low, high = LOOSE[self.loose]
            if low < 1 < high and self.seconds % self.unit:
                low, high = max(low, 0.93), min(high, 1.07)  # "about ten and a half hours" says more than "about ten"
            slack = min(slack, 5 * MINUTE) if self.unit <= HOUR else slack
            return self.seconds * low - (0 if low >= 1 else slack) - 60 <= actual <= self.seconds * high + (0 if high <= 1 else slack) + 60
        if self.working:
            return self.seconds - slack <= actual <= self.seconds * 2 + 4 * DAY
        return abs(actual - self.seconds) <= slack

    @property
    def _slack(self) -> float:
        """How far rounding to the smallest unit may go; days are also counted with both ends."""
        whole = self.seconds % self.unit == 0
        if self.unit >= 28 * DAY:
            return max(3 * DAY, 0.03 * self.seconds)
        if self.unit == WEEK and self.seconds >= 4 * WEEK:
            return 3 * DAY  # "six weeks" for forty-five days
        if self.unit >= DAY:
            return 1 * DAY if whole else DAY / 2
        if self.unit == HOUR:
            return 30 * MINUTE if whole else 8 * MINUTE
        return 1.5 * MINUTE if self.unit == MINUTE and self.seconds >= HOUR / 2 else 0.5 * self.unit


def looseness(found: list[Piece], at: int) -> str:
    """Return the words before a piece that tell how loosely its figure is meant, or nothing."""
    words = [piece.lower for piece in found[max(at - 4, 0) : at]]
    if words and words[-1] in {"a", "an", "the", "of"} and len(words) > 1 and words[-2:] != ["part", "of"] and words[-2:] != ["guts", "of"]:
        shorter = words[:-1] if words[-1] != "of" else words
    else:
        shorter = words
    for tail in (shorter, words):
        for size in (4, 3, 2, 1) if tail and tail[-1] in _LAST_LOOSE else ():
            if size <= len(tail) and " ".join(tail[-size:]) in LOOSE:
                return " ".join(tail[-size:])
    return ""


def durations(found: list[Piece]) -> Iterator[Duration]:
    """Yield the lengths of time in some pieces, the longest reading of each."""
    at = 0
    while at < len(found):
        read = duration(found, at)
        if read is None:
            at += 1
        else:
            yield read
            at = read.stop


def duration(found: list[Piece], at: int) -> Duration | None:
    """Return the length of time that begins at a piece, or None."""
    if found[at].kind == "word" and not _may_begin(found[at].lower):
        return None
    first = _one(found, at)
    if first is None:
        return None
    seconds, unit, stop, working, counted = first
    while stop < len(found):
        here = stop
        if found[here].lower in {"and", ","} and here + 1 < len(found):
            here += 1
            if found[here].lower == "and":
                here += 1
        more = _one(found, here) if here < len(found) else None
        if more is not None and more[1] < unit and (here > stop or unit <= DAY) and (more[4] or unit <= HOUR):
            seconds, unit, stop, counted = seconds + more[0], more[1], more[2], counted or more[4]
            continue
        if unit == HOUR and (minutes := _bare_minutes(found, stop + (found[stop].lower == "and"))):
            return Duration(seconds + minutes[0] * MINUTE, MINUTE, looseness(found, at), working, at, minutes[1], True)
        if found[stop].lower == "and" and (part := _part(found, stop + 1)):
            share, end = part
            seconds += float(share) * unit
            stop, counted = end, True
        break
    if [piece.lower for piece in found[stop : stop + 2]] in (["short", "of"], ["shy", "of"]) and stop + 2 < len(found) and (whole := _one(found, stop + 2)):
        return Duration(whole[0] - seconds, unit, "", working, at, whole[2], True)
    return Duration(seconds, unit, looseness(found, at), working, at, stop, counted)


_GOES_ON = frozenset({"to", ".", ",", ";", ")", ":", "before", "after", "until", "for", "in", "from", "\n"})


def _bare_minutes(found: list[Piece], at: int) -> tuple[int, int] | None:
    """Read the minutes of "an hour and fifty", where no noun stands behind them."""
    read = number(found, at)
    if read is None or not 4 < read.value < 60 or read.value != int(read.value) or (read.stop < len(found) and found[read.stop].lower not in _GOES_ON):
        return None
    return int(read.value), read.stop


def _may_begin(word: str) -> bool:
    return word in UNITS or word in TENS or word in MULTIPLES or word in {"a", "an", "the", "half", "three", "one"}


def _part(found: list[Piece], at: int) -> tuple[Decimal, int] | None:
    """Read "a half", "a quarter", "three quarters" behind "an hour and"."""
    words = [piece.lower for piece in found[at : at + 3]]
    if len(words) >= 2 and words[0] == "a" and words[1] in {"half", "quarter"}:
        return _PARTS[words[1]], at + 2
    if len(words) >= 2 and words[0] == "three" and words[1] in {"quarters", "quarter"}:
        return Decimal("0.75"), at + 2
    if len(words) >= 3 and words[0] == "three" and words[1] == "-" and words[2] in {"quarters", "quarter"}:
        return Decimal("0.75"), at + 3
    return None


def _one(found: list[Piece], at: int) -> tuple[float, int, int, bool, bool] | None:
    """Read one number with its unit: seconds, unit, stop, whether working time, whether counted."""
    word = found[at].lower
    rest = [piece.lower for piece in found[at + 1 : at + 6]]
    if word == "half" and len(rest) >= 2 and rest[0] in {"a", "an"} and rest[1] in _SECONDS and rest[1] not in _NOT_LENGTHS:
        return _SECONDS[rest[1]] / 2, _SECONDS[rest[1]], at + 3, False, True
    if word == "half" and rest[:1] == ["-"] and rest[1:2] and rest[1] in {"hour", "day", "year"}:
        return _SECONDS[rest[1]] / 2, _SECONDS[rest[1]], at + 3, False, rest[1] != "year"  # "the half-year figures" tell no length
    if word in {"a", "three"} and rest and rest[0] in {"half", "quarter", "quarters"}:
        of = rest[2:4] if rest[1:2] == ["of"] and rest[2:3] and rest[2] in {"a", "an"} else []
        if len(of) == 2 and of[1] in {"hour", "day", "minute", "year"}:
            share = {"half": 0.5, "quarter": 0.25, "quarters": 0.75}[rest[0]]
            return share * _SECONDS[of[1]], MINUTE if of[1] == "hour" else _SECONDS[of[1]], at + 5, False, True
    if word == "three" and rest[:2] == ["-", "quarters"] and rest[2:5] in (["of", "an", "hour"],):
        return 0.75 * HOUR, MINUTE, at + 6, False, True
    if word in {"a", "an", "one", "the"}:
        here = at + 1
        while here < len(found) and found[here].lower in _KINDS and here < at + 3:
            here += 1
        if here < len(found) and found[here].lower in _SINGLE:
            if word == "the" and found[here].lower not in {"hour", "day"}:
                return None
            return (
                float(_SECONDS[found[here].lower]),
                _SECONDS[found[here].lower],
                here + 1,
                "working" in {piece.lower for piece in found[at:here]},
                False,
            )
        if word != "one" and not (rest and (rest[0] in MULTIPLES)):
            return None
    read = number(found, at)
    if read is None or read.stop >= len(found):
        return None
    here, working = read.stop, False
    if found[here].text in {"-", "‑", "–"} and here + 1 < len(found):
        here += 1
    if found[here].text == "(" and here + 3 < len(found) and found[here + 2].text == ")":
        here += 3
    if found[here].text == ")" and here + 1 < len(found):
        here += 1
    while here < len(found) and found[here].lower in _KINDS and here < read.stop + 3:
        working |= found[here].lower in {"working", "business"}
        here += 1
    if (
        here + 1 < len(found)
        and found[here].kind == "word"
        and found[here].lower not in _SECONDS
        and found[here].lower not in _BETWEEN
        and found[here + 1].lower in _PLURAL
    ):
        here += 1
    if here >= len(found):
        return None
    if [piece.lower for piece in found[here : here + 2]] in _OF_THOSE and here + 2 < len(found) and found[here + 2].lower in _PLURAL:
        return None  # "seventy-five of those minutes"
    name = found[here].lower
    if (
        name not in _SECONDS
        or (name == "second" and (read.stop == here or (read.words and here == read.stop + 1)))
        or name in {"quarter", "quarters", "weekend", "weekends"}
        or (
            name == "s"
            and (
                (read.words and found[here].start != found[here - 1].end)
                or found[here].start > found[here - 1].end + 1
                or (at > 0 and found[at - 1].lower in {"of", "the", "those", "these"})
            )
        )
    ):
        return None
    unit = _SECONDS[name]
    value = float(read.value) * unit
    return value, unit, here + 1, working, True


def disagrees(text: str, elapsed: timedelta) -> bool:
    """Whether a stated length of time can not be what the clock says.

    A text that states no length, or several kinds of thing, disagrees with nothing.
    """
    stated = [read for read in durations(pieces(text)) if read.counted and not read.working]
    actual = elapsed.total_seconds()
    return bool(stated) and not any(read.fits(actual) for read in stated) and not _idle(text)


def _idle(text: str) -> bool:
    """Whether the length is of something else than the incident: work lost, each time, opening hours."""
    return any(word in text.lower() for word in (" each", " per ", "in total", " of ", "occasion", "times", "every"))


def ordinal(found: list[Piece], at: int) -> tuple[int, int] | None:
    """Return the number and the stop of an ordinal ("28th", "twenty-first") that begins at a piece."""
    if found[at].kind == "num" and at + 1 < len(found) and found[at + 1].lower in {"st", "nd", "rd", "th"} and found[at + 1].start == found[at].end:
        return (int(found[at].text), at + 2) if found[at].text.isdigit() and len(found[at].text) < 3 else None
    word = found[at].lower
    if word in ORDINALS:
        return ORDINALS[word], at + 1
    if word in {"twenty", "thirty"} and at + 2 < len(found) and found[at + 1].text == "-" and ORDINALS.get(found[at + 2].lower, 99) < 10:
        return TENS[word] + ORDINALS[found[at + 2].lower], at + 3
    return None
