"""Read the checkable values out of a text: dates, times, money, percentages, lengths of time, numbers, links, codes.

One pass over the pieces of the text; every reader looks a bounded number of pieces ahead.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from guardrails.facts.durations import _KINDS, _SINGLE, DAY, Duration, duration, looseness, ordinal
from guardrails.facts.lexer import COUNTING, LONGEST, MULTIPLES, ORDINALS, SCALES, TENS, UNITS, Number, Piece, number, pieces
from guardrails.finding import Span
from guardrails.language.memory import remembered


class Kind(StrEnum):
    """What sort of thing an item states."""

    __hash__ = str.__hash__  # an enumeration's own is many times slower

    DATE = "date"
    PERIOD = "period"
    TIME = "time"
    MONEY = "money"
    PERCENT = "percent"
    DURATION = "duration"
    NUMBER = "number"
    NAME = "name"
    LINK = "link"
    CODE = "code"
    CLAIM = "claim"


class Day(NamedTuple):
    """A date as far as the text tells it. `days` are the dates it can mean, worked out from the day of writing."""

    year: int | None
    month: int | None
    day: int | None
    weekday: int | None
    days: tuple[date, ...]
    relative: bool


class Period(NamedTuple):
    """A month, quarter, season or year that is named as a whole."""

    year: int | None
    months: frozenset[int]


class Value(NamedTuple):
    """One value in a text.

    What `value` holds depends on the kind. date: Day; period: Period; time: the minutes of the day it can mean; money, percent, number:
    Decimal; duration: Duration; link, code: str. `unit` is a currency ("$" where any dollar may be
    meant), or the words behind a number. `loose` tells how loosely a figure is meant.
    """

    kind: Kind
    span: Span
    value: object
    unit: str = ""
    loose: str = ""
    words: bool = False
    first: int = 0
    stop: int = 0


_MONTH_NAMES = "january february march april may june july august september october november december".split()
MONTHS: Mapping[str, int] = {name: n for n, name in enumerate(_MONTH_NAMES, 1)} | {
    name[:3]: n for n, name in enumerate(_MONTH_NAMES, 1) if name != "may"
} | {"sept": 9}  # fmt: skip
_DAY_NAMES = "monday tuesday wednesday thursday friday saturday sunday".split()
WEEKDAYS: Mapping[str, int] = {name: n for n, name in enumerate(_DAY_NAMES)} | {f"{name}s": n for n, name in enumerate(_DAY_NAMES)} | {
    "mon": 0, "tue": 1, "tues": 1, "wed": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4, "sun": 6,
}  # fmt: skip
WEEKDAY_NAMES = tuple(name.capitalize() for name in _DAY_NAMES)
_SEASONS: Mapping[str, frozenset[int]] = {
    "spring": frozenset({3, 4, 5}), "summer": frozenset({6, 7, 8}), "autumn": frozenset({9, 10, 11}), "winter": frozenset({12, 1, 2}),
}  # fmt: skip

_SYMBOLS: Mapping[str, str] = {
    "$": "$", "£": "GBP", "€": "EUR", "¥": "JPY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₦": "NGN", "₱": "PHP", "฿": "THB", "₫": "VND", "₪": "ILS",
}  # fmt: skip
_DOLLARS: Mapping[str, str] = {
    "a": "AUD", "au": "AUD", "c": "CAD", "ca": "CAD", "cdn": "CAD", "nz": "NZD", "us": "USD", "hk": "HKD", "s": "SGD", "sg": "SGD", "r": "BRL",
    "nt": "TWD", "mx": "MXN",
}  # fmt: skip
_PREFIXES: Mapping[str, str] = {
    "r": "ZAR",
    "rs": "INR",
    "rm": "MYR",
    "kr": "kr",
    "fr": "CHF",
    "zl": "PLN",
    "ksh": "KES",
    "ush": "UGX",
    "sfr": "CHF",
    "rp": "IDR",
}
_CODES = frozenset(
    """aed ars aud bdt bgn bhd brl cad chf clp cny cop czk dkk egp eur gbp ghs hkd huf idr ils inr isk jpy kes krw kwd lkr mad mxn myr ngn nok nzd omr
    pen php pkr pln qar ron rsd rub sar sek sgd thb try twd tzs uah ugx usd uyu vnd xaf xof zar zmw""".split()
)
_MONEY_WORDS: Mapping[str, str] = {
    "pound": "GBP", "pounds": "GBP", "quid": "GBP", "dollar": "$", "dollars": "$", "bucks": "$", "euro": "EUR", "euros": "EUR", "rand": "ZAR", "rands": "ZAR",
    "rupee": "INR", "rupees": "INR", "dirham": "AED", "dirhams": "AED", "franc": "CHF", "francs": "CHF", "shilling": "KES", "shillings": "KES",
    "krone": "kr", "kroner": "kr",
    "krona": "kr", "kronor": "kr", "kr": "kr", "yen": "JPY", "yuan": "CNY", "renminbi": "CNY", "ringgit": "MYR", "zloty": "PLN", "zlotys": "PLN",
    "złoty": "PLN", "peso": "MXN",
    "pesos": "MXN", "real": "BRL", "reais": "BRL", "lira": "TRY", "baht": "THB", "naira": "NGN", "cedis": "GHS", "riyal": "SAR", "riyals": "SAR",
    "rubles": "RUB",
    "forint": "HUF", "koruna": "CZK", "crowns": "kr", "won": "KRW",
}  # fmt: skip
_HUNDREDTHS: Mapping[str, str] = {"cent": "", "cents": "", "pence": "GBP", "penny": "GBP", "centimes": "", "öre": "", "øre": ""}
_NATIONS: Mapping[str, str] = {
    "australian": "AUD", "canadian": "CAD", "singapore": "SGD", "american": "USD", "us": "USD", "zealand": "NZD", "kong": "HKD", "swiss": "CHF",
    "danish": "DKK",
    "norwegian": "NOK", "swedish": "SEK", "kenyan": "KES", "ugandan": "UGX", "indian": "INR", "uae": "AED", "moroccan": "MAD", "sterling": "GBP",
    "mexican": "MXN",
}  # fmt: skip

_CLOSED = frozenset(
    """a an and as at be because before behind between but by can did do for from had has have he her his how i if in into is it its may my no nor not
    of on or our shall she
    should so than that the their then there they this till to too until up us was we were what when where which while who will with would you your
    after again against
    are been both could during each even every instead just more must never now off once only onwards out over per rather same since some still such
    through today under
    upon although though whereas
    very via whole within without yet am pm tomorrow yesterday local monday tuesday wednesday thursday friday saturday sunday january february
    march april june july
    august september october november december exactly sharp precisely came went left ended began started passed rang called morning afternoon evening
    night""".split()
)
_SAME_DAY = frozenset({"today", "tonight"})


@lru_cache(maxsize=4096)
def _resolve(today: date | None, year: int | None, month: int | None, day: int | None, weekday: int | None) -> tuple[date, ...]:
    """Return the dates that a partial date can mean, near the day of writing."""
    if day is None:
        if weekday is None or today is None:
            return ()
        nearest = today + timedelta(days=(weekday - today.weekday()) % 7)
        return tuple(nearest + timedelta(weeks=shift) for shift in (-2, -1, 0, 1, 2))
    if month is None:
        if today is None:
            return ()
        months = [((today.month - 1 + shift) % 12 + 1, today.year + (today.month - 1 + shift) // 12) for shift in (-2, -1, 0, 1, 2)]
    else:
        if year is None and today is None:
            return ()
        months = [(month, year)] if year else [(month, today.year + shift) for shift in (-1, 0, 1)] if today else []
    days = []
    for number_, year_ in months:
        try:
            days.append(date(year_, number_, day))
        except ValueError:
            continue
    if month is not None and year is None and today is not None and days:
        return (min(days, key=lambda one: abs((one - today).days)),)
    return tuple(days)


_BEFORE_YEAR = frozenset("in of since until by from the for january during your our , to into before after till than season year summer winter".split())
_BEFORE_MONTH = frozenset("in of since until by from last this next early mid late".split())


class Scan:
    """The pieces of one text and the values found in them."""

    def __init__(self, text: str, start: int = 0, written_on: date | None = None) -> None:
        self._text = text, start
        self._pieces: list[Piece] = []
        self.today = written_on
        self.found: list[Value] = []
        self._asked = -1
        self._answer: Number | None = None
        if not _may_hold(text):
            return
        stop = 0
        for at, piece in enumerate(self.pieces):
            if at >= stop and (piece.lower in _BEGINNINGS if piece.kind == "word" else piece.kind != "mark" or piece.text in _SYMBOLS):
                stop = self._step(at)

    @property
    def pieces(self) -> list[Piece]:
        """The pieces of the text: made when they are asked for, as most of a letter's sentences hold no value."""
        if not self._pieces:
            self._pieces = pieces(*self._text)
        return self._pieces

    def _step(self, at: int) -> int:
        piece = self._pieces[at]
        if piece.kind == "code" and (piece.lower.startswith(("utc-", "gmt-")) or not any(letter.isdigit() for letter in piece.text)):
            return at + 1
        if piece.kind in {"link", "mail", "code"}:
            self._add(Kind.CODE if piece.kind == "code" else Kind.LINK, piece.lower.rstrip("/"), at, at + 1)
            return at + 1
        if piece.kind == "word":
            if (followers := _FOLLOWERS.get(piece.lower)) is not None and not _follows(self._pieces, at + 1, followers):
                return at + 1
            readers = _READERS[piece.lower]
        elif piece.kind in {"num", "clock", "iso"}:
            if self._low(at - 1) in {"+", "-", "−", "–"} and self._low(at - 2) in {"utc", "gmt"}:
                return at + 1  # how far a time zone is from another
            if piece.kind == "num" and (first := self._named(at)) is not None:
                return self._add(Kind.CODE, "".join(piece.lower for piece in self._pieces[first : at + 1]), first, at + 1, _GLUED)
            if piece.kind == "num" and _VERSION.fullmatch(piece.text):
                return at + 1
            readers = _FIGURE_READERS
        elif piece.text in _SYMBOLS:
            readers = _SYMBOL_READERS
        else:
            return at + 1
        for read in readers:
            stop = read(self, at)
            if stop is not None:
                return stop
        return at + 1

    def _named(self, at: int) -> int | None:
        """Return where the word begins that a number is glued to, with a hyphen or without: "fra-2" and "M8" are what something is called."""
        glued, before = self._pieces[at].start, at - 1
        if before > 0 and self._pieces[before].text == "-" and self._pieces[before].end == glued:
            glued, before = self._pieces[before].start, before - 1
        word = self._pieces[before] if before >= 0 else None
        if word is None or word.kind != "word" or word.end != glued or word.lower in _BEGINNINGS or (self.found and self.found[-1].stop > before):
            return None
        return before

    def _add(self, kind: Kind, value: object, first: int, stop: int, unit: str = "", loose: str = "", words: bool = False) -> int:
        span = Span(self._pieces[first].start, self._pieces[stop - 1].end)
        self.found.append(Value(kind, span, value, unit, loose, words, first, stop))
        return stop

    def _low(self, at: int) -> str:
        return self._pieces[at].lower if 0 <= at < len(self._pieces) else ""

    def _number_at(self, at: int) -> Number | None:
        """Return the number that begins at a piece, which several readers ask for in turn."""
        if self._asked != at:
            self._asked, self._answer = at, number(self._pieces, at)
        return self._answer

    # Dates

    def _day(
        self, first: int, stop: int, *, year: int | None = None, month: int | None = None, day: int | None = None, weekday: int | None = None
    ) -> int | None:
        if day is not None and not 1 <= day <= 31:
            return None
        return self._add(Kind.DATE, Day(year, month, day, weekday, _resolve(self.today, year, month, day, weekday), False), first, stop)

    def _year(self, at: int) -> tuple[int | None, int]:
        here = at + 1 if self._low(at) in {",", "of"} else at
        if here < len(self._pieces) and self._pieces[here].kind == "num" and len(self._pieces[here].text) == 4 and self._pieces[here].text[:2] in {"19", "20"}:
            return int(self._pieces[here].text), here + 1
        return None, at

    def _month(self, at: int) -> int | None:
        if not 0 <= at < len(self._pieces):
            return None
        piece = self._pieces[at]
        if piece.kind != "word" or not piece.text[:1].isupper():
            return None
        month = MONTHS.get(piece.lower)
        # "May I", "May we"; but "on 28 May I wrote", "in May we".
        if (
            month == 5
            and self._low(at + 1) in {"i", "we", "you", "it"}
            and (at == 0 or not (self._pieces[at - 1].kind == "num" or self._low(at - 1) in _BEFORE_MONTH))
        ):
            return None
        return month

    def _date(self, at: int) -> int | None:
        piece = self._pieces[at]
        if piece.kind == "iso":
            try:
                day = date.fromisoformat(piece.text[:10])
            except ValueError:
                return None
            self._add(Kind.DATE, Day(day.year, day.month, day.day, None, (day,), False), at, at + 1)
            if len(piece.text) > 10:
                self._add(Kind.TIME, frozenset({int(piece.text[11:13]) * 60 + int(piece.text[14:16])}), at, at + 1)
            return at + 1
        first = at
        weekday = None
        if piece.kind == "word" and piece.text[:1].isupper() and piece.lower in WEEKDAYS and not (len(piece.lower) < 5 and self._low(at - 1) in {"the"}):
            weekday = WEEKDAYS[piece.lower]
            at += 1
            if self._low(at) == "." and len(piece.lower) < 6:
                at += 1
            if self._low(at) in {",", "the", "("}:
                here = at + 1 + (self._low(at + 1) == "the" and self._low(at) == ",")
                stop = self._dated(first, here, weekday)
                return stop if stop is not None else self._day(first, first + 1, weekday=weekday)
            stop = self._dated(first, at, weekday)
            return stop if stop is not None else self._day(first, first + 1, weekday=weekday)
        if piece.lower == "the":
            return self._dated(first, at + 1, None)
        return self._dated(first, at, None)

    def _dated(self, first: int, at: int, weekday: int | None) -> int | None:
        """Read "28 February 2026", "February 28", "the 28th", "2 to 20 October", "10/06/2026"."""
        if at >= len(self._pieces):
            return None
        piece = self._pieces[at]
        if month := self._month(at):
            here = at + 1 + (self._low(at + 1) == "." and len(piece.lower) < 5)
            article = self._low(here) == "the"
            here += article
            if here < len(self._pieces):
                read = ordinal(self._pieces, here)
                if article and month == 5 and read and self._names_a_thing(read[1]):
                    return None  # "May the second till earn its keep"
                if read is None and self._pieces[here].kind == "num" and self._pieces[here].text.isdigit() and len(self._pieces[here].text) < 3:
                    read = int(self._pieces[here].text), here + 1
                if read and self._pieces[here].kind == "num" and self._low(first - 1) == "in" and read[1] == here + 1:
                    return None  # "in April 12, in May 15": so many in each month
                if read and 1 <= read[0] <= 31:
                    year, stop = self._year(read[1])
                    stop_ = self._day(first, stop, year=year, month=month, day=read[0], weekday=weekday)
                    return self._more_days(stop, month, year) or stop_
            return None
        if (piece.kind == "num" and piece.text.count(".") == 2) or (piece.kind == "num" and self._low(at + 1) == "/" and self._low(at + 3) == "/"):
            return self._figures(first, at, weekday)
        read = ordinal(self._pieces, at)
        ordinary = read is not None
        if read is None and piece.kind == "num" and piece.text.isdigit() and len(piece.text) < 3:
            read = int(piece.text), at + 1
        if read is None or not 1 <= read[0] <= 31:
            return None
        day, stop = read
        if ordinary and day <= 5 and self._low(stop) in WEEKDAYS and self._low(stop + 1) in {"of", "in"} and (month := self._month(stop + 2)):
            return self._nth(first, stop, day, month)
        here = stop + (self._low(stop) == "of") + (self._low(stop) == "of" and self._low(stop + 1) == "the")
        if month := self._month(here):
            year, end = self._year(here + 1)
            return self._day(first, end, year=year, month=month, day=day, weekday=weekday)
        if self._low(here) == "month" and here > stop and ordinary and self.today:
            return self._day(first, here + 1, month=self.today.month, day=day, weekday=weekday)
        # "2 to 20 October": the first day takes the month of the second.
        joined = self._joined(stop)
        if joined is not None and self._low(stop) == "," and piece.kind == "num" and first == at and self._names_a_thing(at - 1):
            joined = None  # "in germinator 2, 26 January"
        if joined is not None:
            month, year = joined
            return self._day(first, stop, year=year, month=month, day=day, weekday=weekday)
        if weekday is not None and (ordinary or (self._low(stop) in {",", ".", "at", ")", "and", ":", ";"} and first == at - 1)):
            return self._day(first, stop, day=day, weekday=weekday)
        if ordinary and self._stands_alone(first, at, stop, piece):
            return self._day(first, stop, day=day)
        return None

    def _names_a_thing(self, at: int) -> bool:
        """Whether a word stands at a place that is none of those with which a clause goes on."""
        return at < len(self.pieces) and self.pieces[at].kind == "word" and self._low(at) not in _CLOSED

    def _nth(self, first: int, at: int, count: int, month: int) -> int | None:
        """Read "the first Monday of March"."""
        year, stop = self._year(at + 3)
        weekday = WEEKDAYS[self._low(at)]
        begins = _resolve(self.today, year, month, 1, None)
        if not begins:
            return None
        day = 1 + (weekday - begins[0].weekday()) % 7 + 7 * (count - 1)
        return self._day(first, stop, year=year, month=month, day=day, weekday=weekday)

    def _more_days(self, at: int, month: int, year: int | None) -> int | None:
        """Read the second day of "July 3 and 4", "August 11 to 12"."""
        if self._low(at) in {"and", "to", "-", "–", "or", "&"} and at + 1 < len(self._pieces):
            piece = self._pieces[at + 1]
            read = ordinal(self._pieces, at + 1)
            if (
                read is None
                and piece.kind == "num"
                and piece.text.isdigit()
                and len(piece.text) < 3
                and self._low(at + 2) not in _MEASURES
                and not self._month(at + 2)
            ):
                following = self._low(at + 2)
                if following in {",", ".", "", ";", ":", ")"} or (following in _CLOSED and following != "of"):
                    read = int(piece.text), at + 2
            if read and 1 <= read[0] <= 31:
                return self._day(at + 1, read[1], year=year, month=month, day=read[0])
        return None

    def _joined(self, at: int) -> tuple[int, int | None] | None:
        """Return month and year of the date that a bare day is listed with: "28, 29 and 31 August"."""
        for _ in range(4):
            if self._low(at) not in {"to", "and", "-", "–", "—", ",", "or", "&", "until", "till", "through"}:
                return None
            at += 1
            at += self._low(at) in {"and", "the"}
            at += self._low(at) == "the"
            at += self._low(at) in WEEKDAYS
            if at >= len(self._pieces):
                return None
            read = ordinal(self._pieces, at)
            if read is None and self._pieces[at].kind == "num" and self._pieces[at].text.isdigit() and len(self._pieces[at].text) < 3:
                read = int(self._pieces[at].text), at + 1
            if read is None or not 1 <= read[0] <= 31:
                return None
            at = read[1] + (self._low(read[1]) == "of")
            if month := self._month(at):
                return month, self._year(at + 1)[0]
        return None

    def _stands_alone(self, first: int, at: int, stop: int, piece: Piece) -> bool:
        """Whether "the 28th" or "on the second" is a day of the month and not the 28th of something."""
        after = self._low(stop)
        if after in {"-", "‑"} and self._pieces[stop].start == self._pieces[stop - 1].end:
            return False
        closed = after in _CLOSED or after in {",", ".", ";", ":", ")", "", "!", "?", "-", "–", "—", "\n", "(", "'", "’"} or after.startswith("'")
        if self._low(first) != "the" and piece.kind != "num":
            return False
        if piece.kind == "num":
            return closed
        before = self._low(first - 1)
        if after in {"morning", "afternoon", "evening", "night", "time", "day"} or (before == "by" and piece.lower == "second"):
            return False
        return closed and before in {"on", "by", "until", "till", "since"} and (after != "of" or self._low(stop + 1) in {"the", "this", "last"})

    def _figures(self, first: int, at: int, weekday: int | None) -> int | None:
        """Read 10/06/2026 or 9.6.2026, either way round."""
        piece = self._pieces[at]
        if piece.text.count(".") == 2:
            parts, stop = piece.text.split("."), at + 1
        else:
            parts, stop = [self._low(at), self._low(at + 2), self._low(at + 4)], at + 5
        if not all(part.isdigit() for part in parts) or len(parts[0]) > 2 or len(parts[1]) > 2 or len(parts[2]) not in {2, 4}:
            return None
        year = int(parts[2]) + (2000 if len(parts[2]) == 2 else 0)
        days = []
        for day, month in ((int(parts[0]), int(parts[1])), (int(parts[1]), int(parts[0]))):
            try:
                days.append(date(year, month, day))
            except ValueError:
                continue
        if not days:
            return None
        return self._add(Kind.DATE, Day(year, None, None, weekday, tuple(days), False), first, stop)

    def _relative(self, at: int) -> int | None:
        word, today = self._low(at), self.today
        if today is None:
            return None

        def told(days: list[int], stop: int) -> int:
            return self._add(Kind.DATE, Day(None, None, None, None, tuple(today + timedelta(days=shift) for shift in days), True), at, stop)

        if word in _SAME_DAY:
            return told([0], at + 1)
        if word == "yesterday":
            return told([-1], at + 1)
        if word == "tomorrow":
            return told([1], at + 1)
        if word == "this" and self._low(at + 1) in {"morning", "afternoon", "evening"}:
            return told([0], at + 2)
        if word == "last" and self._low(at + 1) == "night":
            return told([-1, 0], at + 2)
        if word == "the" and self._low(at + 1) == "day" and self._low(at + 2) == "before" and self._low(at + 3) == "yesterday":
            return told([-2], at + 4)
        if word == "the" and self._low(at + 1) == "day" and self._low(at + 2) == "after" and self._low(at + 3) == "tomorrow":
            return told([2], at + 4)
        if (
            word in {"last", "this", "next", "past", "coming"}
            and at + 1 < len(self._pieces)
            and self._low(at + 1) in WEEKDAYS
            and self._pieces[at + 1].text[:1].isupper()
        ):
            weekday = WEEKDAYS[self._low(at + 1)]
            ahead = (weekday - today.weekday()) % 7
            shifts = {"last": [ahead - 7, ahead - 14], "past": [ahead - 7], "next": [ahead or 7, ahead + 7], "coming": [ahead or 7]}.get(
                word, [ahead, ahead - 7]
            )
            if word == "last" and ahead == 0:
                shifts = [-7]
            if self._pieces[at + 1].lower.endswith("days"):
                return None
            return self._add(Kind.DATE, Day(None, None, None, weekday, tuple(today + timedelta(days=shift) for shift in shifts), True), at, at + 2)
        read = duration(self._pieces, at) if word in _LENGTHS else None
        if read and read.unit == 7 * DAY and not read.loose and self._low(read.stop) in {"today", "tomorrow"}:
            return told([round(read.seconds / DAY) + (self._low(read.stop) == "tomorrow")], read.stop + 1)
        if read and read.unit >= DAY and self._low(read.stop) == "ago":
            days = round(read.seconds / DAY)
            spread = 0 if read.unit == DAY and read.counted and not read.loose and not read.working else max(1, days // 8)
            stop = read.stop + 1 + (self._low(read.stop + 1) in {"today", "yesterday"})
            spread = 0 if stop > read.stop + 1 else spread
            extra = -1 if self._low(read.stop + 1) == "yesterday" else 0
            return told([extra - days + shift for shift in range(-spread, spread + 1)], stop)
        if read and self._low(read.stop) == "from" and self._low(read.stop + 1) in {"today", "now"}:
            days = round(read.seconds / DAY)
            return told([days], read.stop + 2) if read.unit >= DAY else None
        return None

    # Times of day

    def _clock(self, at: int) -> int | None:
        read = self._time(at)
        if read is None:
            return None
        minutes, stop = read
        words = " ".join(self._low(here) for here in range(max(at - 2, 0), at))
        loose = "about" if re.search(r"(?:just|shortly|soon) (?:before|after|past|gone)$|(?:about|around|nearly|almost|towards|toward)$", words) else ""
        return self._add(Kind.TIME, minutes, at, stop, "", loose)

    def _time(self, at: int) -> tuple[frozenset[int], int] | None:
        piece = self._pieces[at]
        before = self._low(at - 1)
        if piece.kind == "clock":
            hour, minute = (int(part) for part in piece.lower.replace("h", ":").split(":")[:2])
            return self._half_day(hour, minute, at + 1, exact=True)
        if piece.lower in {"noon", "midday"}:
            return frozenset({720}), at + 1
        if piece.lower == "midnight":
            return frozenset({0, 1440}), at + 1
        may_be_told = piece.kind == "num" or piece.lower in UNITS or piece.lower in {"half", "quarter", "a", "twenty"}
        if may_be_told and (told := self._told(at)):
            return told
        if piece.kind == "num" and piece.text.count(".") == 1:
            hour_, _, minute_ = piece.text.partition(".")
            if (
                len(minute_) == 2
                and len(hour_) < 3
                and int(hour_) < 24
                and int(minute_) < 60
                and (
                    self._meridiem(at + 1)
                    or (
                        before in {"at", "from", "until", "till", "to", "by", "before", "after"}
                        and self._low(at + 1) in _CLOSED | {",", ".", ";", ""}
                        and (len(hour_) == 2 or self._low(at + 1) not in {"a", "an", "per", "each", "to"})
                    )
                )
            ):
                return self._half_day(int(hour_), int(minute_), at + 1, exact=not self._meridiem(at + 1))
            return None
        if (
            piece.kind == "num"
            and self._low(at + 1) == "h"
            and self._low(at + 2).isdigit()
            and len(self._low(at + 2)) == 2
            and before in {"at", "since", "until", "till", "from", "to", "by"}
            and self._low(at + 3) not in {"min", "mins", "minutes", "m"}
        ):
            return self._half_day(int(piece.text), int(self._low(at + 2)), at + 3, exact=True) if piece.text.isdigit() else None
        read = self._number_at(at) if piece.kind == "num" or piece.lower in UNITS else None
        if read is None or read.value != int(read.value) or not 0 <= read.value <= 24:
            return None
        hour, stop = int(read.value), read.stop
        if self._meridiem(stop) and hour <= 12:
            return self._half_day(hour, 0, stop, exact=False)
        if self._low(stop) == "o'clock" or (self._low(stop) == "o" and self._low(stop + 2) == "clock"):
            return self._half_day(hour, 0, stop + 1, exact=False)
        if self._low(stop) == "hours" and piece.kind == "num" and len(piece.text) == 4:
            return None
        if (
            before in {"at", "by", "until", "till", "from", "before", "after", "since", "past", "around", "about", "between"}
            and 1 <= hour <= 12
            and self._at_hour(at, stop, before)
        ):
            return self._half_day(hour, 0, stop, exact=False)
        day = stop + 1 + (self._low(stop + 1) in {"a", "the"})
        if self._low(stop) == "on" and self._low(day) in WEEKDAYS and hour <= 12 and hour:
            return self._half_day(hour, 0, stop, exact=False)
        if (
            self._low(stop) in {"in", "this", "tomorrow", "yesterday", "that"}
            and (
                self._low(stop) in {"tomorrow", "yesterday"}
                or self._low(stop + 1) in {"morning", "afternoon", "evening"}
                or (self._low(stop + 1) == "the" and self._low(stop + 2) in {"morning", "afternoon", "evening"})
            )
            and 1 <= hour <= 12
        ):
            return self._half_day(hour, 0, stop, exact=False)
        return None

    def _at_hour(self, at: int, stop: int, before: str) -> bool:
        """Whether a bare number behind "at" or "by" is an hour and not a count."""
        after = self._low(stop)
        if after in {"of", "to"} and before not in {"from", "at"} and after == "of":
            return False
        if after in {"%", "per", "percent", "or", "-", "/"} or (
            after == "to" and before == "from" and self._pieces[at].kind == "num" and self._low(stop + 2) not in _CLOSED
        ):
            return False
        if (
            before in {"from", "before", "after", "since", "past", "around", "about", "between", "by"}
            and after in {"", ".", ",", ";"}
            and before in {"around", "about", "between", "past"}
        ):
            return False
        return after in _CLOSED or after in {",", ".", ";", ":", ")", "!", "?", "", "—", "–"} or after in _ZONES

    def _told(self, at: int) -> tuple[frozenset[int], int] | None:
        """Read "half past five", "a quarter to ten", "twenty (minutes) past nine", "twenty-five to six"."""
        here = at + (self._low(at) == "a")
        word = self._low(here)
        if (
            word == "half"
            and self._low(here + 1) in UNITS
            and 1 <= UNITS[self._low(here + 1)] <= 12
            and (self._low(here + 2) in _CLOSED or self._low(here + 2) in {",", ".", ";", ""})
        ):
            return self._half_day(UNITS[self._low(here + 1)], 30, here + 2, exact=False)
        if word == "half":
            minutes, here = 30, here + 1
        elif word == "quarter":
            minutes, here = 15, here + 1
        else:
            read = number(self._pieces, here)
            if read is None or read.value != int(read.value) or not 1 <= read.value <= 29:
                return None
            minutes, here = int(read.value), read.stop
            here += self._low(here) in {"minutes", "minute"}
        direction = self._low(here)
        if direction not in {"past", "to", "after", "before"} or (direction in {"to", "after", "before"} and word == "half"):
            return None
        if (
            direction in {"to", "after", "before"}
            and word != "quarter"
            and not (self._low(here - 1) in {"minute", "minutes"} and direction != "to")
            and self._low(at - 1) not in {"at", "until", "till", "by", "from", "since", "about", "around", "and", "just", "it", "was"}
        ):
            return None
        read = number(self._pieces, here + 1)
        if read is None or read.value != int(read.value) or not 1 <= read.value <= 12:
            if self._low(here + 1) in {"midnight", "noon", "midday"}:
                base = 0 if self._low(here + 1) == "midnight" else 720
                shifted = base + (minutes if direction in {"past", "after"} else -minutes)
                return frozenset({shifted % 1440}), here + 2
            return None
        if direction in {"to", "before", "after"} and word not in {"quarter"} and self._low(read.stop) not in _CLOSED | {",", ".", ";", ":", ")", ""}:
            return None
        base = int(read.value) * 60 + (minutes if direction in {"past", "after"} else -minutes)
        hour, minute = divmod(base, 60)
        return self._half_day(hour, minute, read.stop, exact=False)

    def _half_day(self, hour: int, minute: int, stop: int, *, exact: bool) -> tuple[frozenset[int], int] | None:
        if hour > 24 or minute > 59:
            return None
        half = self._meridiem(stop)
        if half:
            stop += half[1]
            minutes = (hour % 12) * 60 + minute + (720 if half[0] == "p" else 0)
            return frozenset({minutes}), stop
        minutes = hour * 60 + minute
        if (exact and (hour > 12 or self._is_padded(stop - 1))) or hour > 12:
            return frozenset({minutes % 1440, minutes}), stop
        return frozenset({minutes % 720, minutes % 720 + 720}), stop

    def _is_padded(self, at: int) -> bool:
        return self._pieces[at].text.startswith("0")

    def _meridiem(self, at: int) -> tuple[str, int] | None:
        word = self._low(at)
        if word in {"am", "pm"}:
            return word[0], 1
        if word in {"a", "p"} and self._low(at + 1) == "." and self._low(at + 2) == "m":
            return word, 4 if self._low(at + 3) == "." else 3
        return None

    # Money, percentages, lengths, numbers

    def _money(self, at: int) -> int | None:
        first, here, unit = at, at, ""
        piece = self._pieces[at]
        after = self._pieces[at + 1] if at + 1 < len(self._pieces) else None
        if piece.kind == "word" and after is not None:
            if after.text == "$" and after.start == piece.end and piece.lower in _DOLLARS:
                unit, here = _DOLLARS[piece.lower], at + 2
            elif after.kind == "num" and piece.lower in _CODES and piece.text.isupper():
                unit, here = piece.lower.upper(), at + 1
            elif after.kind == "num" and piece.lower in _PREFIXES and (after.start == piece.end or piece.lower != "r"):
                unit, here = _PREFIXES[piece.lower], at + 1
            elif piece.lower == "rs" and after.text == "." and self._low(at + 2)[:1].isdigit():
                unit, here = "INR", at + 2
            elif after.text in _SYMBOLS and after.text != "$" and after.start == piece.end and piece.text.isupper():
                unit, here = _SYMBOLS[after.text], at + 2
            elif piece.lower == "us" and after.text == "$":
                unit, here = "USD", at + 2
        elif piece.text in _SYMBOLS:
            unit, here = _SYMBOLS[piece.text], at + 1
        if here >= len(self._pieces):
            return None
        read = number(self._pieces, here, money=True)
        if read is None:
            return None
        stop = read.stop
        if self._low(stop) == "-" and self._low(stop + 1) in {"/"}:
            stop += 1
        if not unit:
            if self._low(stop) in _HUNDREDTHS:
                return self._add(Kind.MONEY, read.value / 100, first, stop + 1, _HUNDREDTHS[self._low(stop)], looseness(self._pieces, first), read.words)
            told = self._currency(stop)
            if told is None:
                return None
            unit, stop = told
            # "one euro fifty"
            rest = number(self._pieces, stop) if read.words and read.value < 100 else None
            if rest and rest.words and 10 <= rest.value < 100 and self._low(rest.stop) in _CLOSED | {",", ".", ";", ""}:
                return self._add(Kind.MONEY, read.value + rest.value / 100, first, rest.stop, unit, looseness(self._pieces, first), True)
        else:
            # "$400 Canadian", "€5,000 EUR"
            told = self._currency(stop)
            if told is not None and (told[0] == unit or unit == "$"):
                unit, stop = told[0] if told[0] != "$" else unit, told[1]
        return self._add(Kind.MONEY, read.value, first, stop, unit, looseness(self._pieces, first), read.words)

    def _currency(self, at: int) -> tuple[str, int] | None:
        at += self._low(at) == "-" and self._low(at + 1) in _MONEY_WORDS
        word = self._low(at)
        if not word:
            return None
        if self._pieces[at].text in _SYMBOLS:
            return _SYMBOLS[word], at + 1
        if word in _CODES and self._pieces[at].text.isupper():
            return word.upper(), at + 1
        if (word in _MONEY_WORDS and word not in {"real", "won"}) or word in {"reais"}:
            return ("GBP", at + 2) if self._low(at + 1) == "sterling" else (_MONEY_WORDS[word], at + 1)
        if word in _NATIONS and self._low(at + 1) in _MONEY_WORDS:
            return _NATIONS[word], at + 2
        if word in {"hong", "new"} and self._low(at + 1) in {"kong", "zealand"} and self._low(at + 2) in _MONEY_WORDS:
            return _NATIONS[self._low(at + 1)], at + 3
        return None

    def _percent(self, at: int) -> int | None:
        read = self._number_at(at)
        if read is None:
            return None
        stop = read.stop
        if self._low(stop) in {"%", "percent", "pc"} or (self._low(stop) == "-" and self._low(stop + 1) in {"percent", "per"}):
            stop += 1 + (self._low(stop) == "-")
            stop += self._low(stop) == "cent"
        elif self._low(stop) == "per" and self._low(stop + 1) == "cent":
            stop += 2
        elif self._low(stop) in {"in", "of"} and self._low(stop + 1) in {"every", "a", "each"} and self._low(stop + 2) in {"hundred", "100"}:
            stop += 3
        else:
            return None
        return self._add(Kind.PERCENT, read.value, at, stop, "", looseness(self._pieces, at), read.words)

    def _duration(self, at: int) -> int | None:
        read = duration(self._pieces, at)
        return self._add(Kind.DURATION, read, at, read.stop, "", read.loose) if read else None

    def _period(self, at: int) -> int | None:
        word = self._low(at)
        month = self._month(at)
        if month:
            year, stop = self._year(at + 1)
            return self._add(Kind.PERIOD, Period(year, frozenset({month})), at, stop)
        if word in _SEASONS and self._low(at - 1) in {"the", "this", "last", "next", "in", "since", "all", "by", "early", "late"}:
            return self._add(Kind.PERIOD, Period(None, _SEASONS[word]), at, at + 1)
        quarter, stop = None, at + 1
        if word == "q" and self._low(at + 1) in {"1", "2", "3", "4"} and self._pieces[at + 1].start == self._pieces[at].end:
            quarter, stop = int(self._low(at + 1)), at + 2
        if quarter is None and word in {"first", "second", "third", "fourth", "last"}:
            here = at + 1 + (self._low(at + 1) == "-")
            if self._low(here) in {"quarter", "quarters"} and word != "last":
                quarter, stop = {"first": 1, "second": 2, "third": 3, "fourth": 4}[word], here + 1
        if quarter:
            year, stop = self._year(stop)
            return self._add(Kind.PERIOD, Period(year, frozenset(range(3 * quarter - 2, 3 * quarter + 1))), at, stop)
        return None

    def _number(self, at: int) -> int | None:
        read = self._number_at(at)
        if read is None:
            return None
        piece = self._pieces[at]
        if piece.kind == "num" and len(piece.text) == 4 and piece.text[:2] in {"19", "20"} and read.stop == at + 1 and self._low(at + 1) not in _MEASURES:
            before = self._low(at - 1)
            if before in _BEFORE_YEAR:
                return self._add(Kind.PERIOD, Period(int(piece.text), frozenset()), at, at + 1)
        stop = read.stop
        if self._low(stop) == "-" and self._low(stop + 1) in ORDINALS and self._pieces[stop].start == self._pieces[stop - 1].end:
            return None  # "the thirty-first"
        unit = " ".join(piece.lower for piece in self._pieces[stop : stop + 4] if piece.kind == "word")
        return self._add(Kind.NUMBER, read.value, at, stop, unit, looseness(self._pieces, at), read.words)


_GLUED = "name"
"""The unit of a code that is a word and a number together."""
_VERSION = re.compile(r"\d{1,2}(?:\.\d{1,2}){2,}")
"""What a release is called."""
_MEASURES = frozenset("hours hour minutes minute seconds days weeks months years % percent".split())
_ZONES = frozenset(
    "gmt utc bst cet cest est edt cst cdt mst mdt pst pdt aest aedt ist sgt hkt jst nzst nzdt eat wat sast eet eest msk gst myt pkt brt art central "
    "eastern pacific mountain".split()
)
_LENGTHS = frozenset({"a", "an", "one", "half", *UNITS, *TENS, *MULTIPLES})
_TRIGGERS = frozenset(
    {
        *UNITS, *TENS, *MULTIPLES, *MONTHS, *WEEKDAYS, *_SEASONS, *_DOLLARS, *_PREFIXES, "the", "a", "an", "half", "quarter", "three",
        "noon", "midday", "midnight", "today", "tonight", "yesterday", "tomorrow", "this", "last", "next", "past", "coming",
        "first", "second", "third", "fourth", "q", "thousand", "million",
    }
)  # fmt: skip

_BEGINNINGS = _TRIGGERS | _CODES

# What reads the values that a word begins, in this order, and the words that each may begin with; none where that may be any.
_WORD_READERS: tuple[tuple[Callable[[Scan, int], int | None], frozenset[str] | None], ...] = (
    (Scan._relative, frozenset({*_SAME_DAY, *_LENGTHS, "yesterday", "tomorrow", "this", "last", "the", "next", "past", "coming"})),
    (Scan._date, frozenset({*WEEKDAYS, *MONTHS, *ORDINALS, "the", "twenty", "thirty"})),
    (Scan._clock, frozenset({*UNITS, "noon", "midday", "midnight", "half", "quarter", "a", "twenty"})),
    (Scan._money, None),
    (Scan._percent, COUNTING),
    (Scan._duration, frozenset({*_LENGTHS, "the"})),
    (Scan._period, frozenset({*MONTHS, *_SEASONS, "q", "first", "second", "third", "fourth", "last"})),
    (Scan._number, COUNTING),
)
_READERS = {word: tuple(read for read, words in _WORD_READERS if words is None or word in words) for word in _BEGINNINGS}
_FIGURE_READERS = (Scan._date, Scan._clock, Scan._money, Scan._percent, Scan._duration, Scan._number)
_SYMBOL_READERS = (Scan._money,)

_BEHIND_ARTICLE = frozenset({*UNITS, *TENS, *MULTIPLES, *SCALES, *ORDINALS, *MONTHS, *WEEKDAYS, *_KINDS, *_SINGLE, "day", "half", "quarter", "three"})
_FOLLOWERS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("the", "a", "an"), _BEHIND_ARTICLE), "this": frozenset({*WEEKDAYS, "morning", "afternoon", "evening"}), "us": frozenset(),
}  # fmt: skip
"""Words that most sentences have, and that begin a value only before one of these words, a figure or the sign of a currency."""


def _follows(found: list[Piece], at: int, words: frozenset[str]) -> bool:
    """Whether one of some words, a figure or the sign of a currency stands at a place."""
    if at >= len(found):
        return False
    kind, text, lower, _, _ = found[at]
    return lower in words if kind == "word" else kind != "mark" or text in _SYMBOLS


@remembered
def _opening(chunk: str) -> tuple[frozenset[str] | None, str]:
    """Return the words before which what stands between two blanks begins a value, or None where it may in any case; and its own first word."""
    found = pieces(chunk)
    for at, (kind, text, lower, _, _) in enumerate(found):
        if kind != "word" and (kind != "mark" or text in _SYMBOLS):
            return None, ""
        if lower in _BEGINNINGS and ((followers := _FOLLOWERS.get(lower)) is None or _follows(found, at + 1, followers)):
            return None, ""
    return (_FOLLOWERS.get(found[-1].lower, _NONE), found[0].lower) if found else (_NONE, "")


_NONE = frozenset[str]()


def _may_hold(text: str) -> bool:
    """Whether a text may hold a value. What is told by word alone spares most sentences a closer look."""
    awaited = _NONE
    for chunk in text.split():
        begins, first = _opening(chunk) if len(chunk) < LONGEST else (None, "")
        if begins is None or first in awaited:
            return True
        awaited = begins
    return False


def values(text: str, start: int = 0, written_on: date | None = None) -> list[Value]:
    """Return the values of a text in reading order; `start` is added to each offset.

    Dates that are told in part, or as "yesterday", are worked out from the day of writing.
    """
    return Scan(text, start, written_on).found


def same_money(one: str, other: str) -> bool:
    """Whether two currencies can be the same: "$" is any dollar, "kr" any crown."""
    if one == other or not one or not other:
        return True
    pair = {one, other}
    for loose, codes in (
        ("$", {"USD", "AUD", "CAD", "NZD", "HKD", "SGD", "TWD", "MXN", "BRL"}),
        ("kr", {"NOK", "SEK", "DKK", "ISK", "CZK"}),
        ("KES", {"UGX", "TZS"}),
    ):
        if loose in pair and pair - {loose} <= codes:
            return True
    return False


__all__ = ["DAY", "Day", "Decimal", "Duration", "Kind", "Period", "Scan", "Value", "same_money", "values"]
