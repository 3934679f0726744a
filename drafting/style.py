"""Dates, times, lengths and money as the customer's locale writes them in an English letter."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal

from guardrails.case import Incident, Moment, zone

_MONTH_FIRST = {"US", "CA", "PH"}
_MONTHS = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_HALF_DAYS = {"US": (" AM", " PM"), "CA": (" AM", " PM"), "PH": (" AM", " PM"), "AU": (" am", " pm"), "NZ": (" am", " pm"), "IN": (" am", " pm")}
_SIGNS = {
    "USD": "$", "GBP": "£", "EUR": "€", "JPY": "¥", "INR": "₹", "AUD": "A$", "CAD": "CA$", "NZD": "NZ$", "SGD": "S$", "HKD": "HK$", "KRW": "₩", "ILS": "₪",
    "BRL": "R$", "MXN": "MX$",
}  # fmt: skip
_UNITS = {"h": "hour", "hr": "hour", "hrs": "hour", "hour": "hour", "hours": "hour", "m": "minute", "min": "minute", "mins": "minute", "minute": "minute",
          "minutes": "minute", "d": "day", "day": "day", "days": "day", "w": "week", "week": "week", "weeks": "week"}  # fmt: skip
_LENGTH = re.compile(r"(\d+)\s*(" + "|".join(sorted(_UNITS, key=len, reverse=True)) + r")\b\.?,?(?:\s+and\b)?\s*", re.IGNORECASE)
_WORDED = re.compile(
    r"(?:(?:about|almost|nearly|over|more than|just over|just under) )?(?:an?|one|two|three|four|five|six|seven|eight|nine|ten"
    r"|eleven|twelve|\d+)(?: and a half)? "
    r"(?:(?:working|business|calendar|full|whole) )?(?:minutes?|hours?|days?|weeks?|months?|weekends?|nights?)(?: and (?:a half|a quarter|\w+ \w+))?\Z"
)


class Style:
    """How one letter writes figures: by the account's locale, the incident's zone and the letter's date."""

    def __init__(self, incident: Incident, locale: str | None, account_zone: str | None, today: date, notes: str) -> None:
        region = re.split(r"[-_]", locale or "")[-1].upper()
        self.region = region if len(region) == 2 and re.search(r"[-_]", locale or "") else ""
        self.incident, self.account_zone, self.today = incident, account_zone, today
        month_first = bool(re.search(rf"\b{_MONTHS} \d{{1,2}}\b(?!\d)", notes)) and not re.search(rf"\b\d{{1,2}} {_MONTHS}\b", notes)
        self.month_first = month_first or (self.region in _MONTH_FIRST and not re.search(rf"\b\d{{1,2}} {_MONTHS}\b", notes))
        # The notes' own clock and zone names win: one letter, one way to tell the time.
        self.half = _HALF_DAYS.get(self.region)
        if re.search(r"\b\d{1,2}:\d\d(?! ?[AaPp]\.?[Mm])", notes) and not re.search(r"\d ?[AaPp]\.?[Mm]\b", notes):
            self.half = None
        self.names = [name for name in re.findall(r"\b\d{1,2}:\d\d(?: ?[AaPp][Mm])? ([A-Z]{2,5})\b", notes) if zone(name)]

    def day(self, moment: Moment, weekday: bool = True) -> str:
        """Return the date with its weekday, and with the year where it is another one than the letter's."""
        moment = self.incident.local(moment)
        year = f"{', ' if self.month_first else ' '}{moment.year}" if moment.year != self.today.year else ""
        if self.month_first:
            return f"{moment:%A}, {moment:%B} {moment.day}{year}" if weekday else f"{moment:%B} {moment.day}{year}"
        return f"{moment:%A} {moment.day} {moment:%B}{year}" if weekday else f"{moment.day} {moment:%B}{year}"

    def time(self, moment: datetime) -> str:
        """Return the time of day."""
        if not self.half:
            return f"{moment:%H:%M}"
        return f"{(moment.hour - 1) % 12 + 1}:{moment:%M}{self.half[moment.hour >= 12]}"

    def at(self, moment: Moment, zoned: bool = True) -> str:
        """Return date and time with their prepositions: on Tuesday 9 June at 06:10 BST."""
        local = self._local(moment)
        if not isinstance(local, datetime):
            return f"on {self.day(local)}"
        return f"on {self.day(local)} at {self.time(local)}" + (f" {self.zone(moment)}" if zoned and self.zone(moment) else "")

    def until(self, started: Moment, ended: Moment) -> str:
        """Return the end of a window, without the date where it is the same day."""
        first, last = self._local(started), self._local(ended)
        if isinstance(first, datetime) and isinstance(last, datetime) and first.date() == last.date():
            return f"at {self.time(last)}" + (f" {self.zone(ended)}" if self.zone(ended) else "")
        return self.at(ended)

    def zone(self, moment: Moment) -> str:
        """Return the zone's short name as people print it, or nothing where none is known."""
        if not isinstance(moment, datetime):
            return ""
        name = self.incident.timezone or ""
        if name and "/" not in name:
            return name if zone(name) or moment.tzinfo is None else ""
        local = self._local(moment)
        if not isinstance(local, datetime):
            return ""
        place = zone(name or self.account_zone)
        local = local if local.tzinfo or not place else local.replace(tzinfo=place)
        short: str = local.tzname() or ""
        for printed in self.names:
            known = zone(printed)
            if known and local.tzinfo and local.replace(tzinfo=known).utcoffset() == local.utcoffset():
                return str(printed)
        if short and re.match(r"[+-]\d", short):
            city = (name or self.account_zone or "").rpartition("/")[2].replace("_", " ")
            return f"{city} time" if city else f"UTC{short}"
        return re.sub(r"\AUTC([+-])0?(\d+)(?::00)?\Z", r"UTC\1\2", short)

    def _local(self, moment: Moment) -> Moment:
        if isinstance(moment, datetime) and moment.tzinfo and not self.incident.zone and (place := zone(self.account_zone)):
            return moment.astimezone(place)
        return self.incident.local(moment)

    def money(self, amount: Decimal, currency: str) -> str:
        """Return an amount with its currency."""
        whole = amount == amount.to_integral_value()
        digits = f"{amount:,.0f}" if whole else f"{amount:,.2f}"
        if self.region == "IN" and amount >= 100_000:
            head, _, cents = digits.replace(",", "").partition(".")
            pairs = re.sub(r"(?<=\d)(?=(?:\d\d)+\Z)", ",", head[:-3])
            digits = f"{pairs},{head[-3:]}" + (f".{cents}" if cents else "")
        if self.region in {"CH", "LI"}:
            digits = digits.replace(",", "’")
        at_home = (currency, self.region) in {("AUD", "AU"), ("CAD", "CA"), ("NZD", "NZ"), ("SGD", "SG")}
        sign = "$" if at_home else _SIGNS.get(currency)
        return f"{sign}{digits}" if sign else f"{currency} {digits}"


def length(text: str | None, elapsed: timedelta | None) -> str | None:
    """Return a length of time in words: as it was stated where that is plain, else as the clock has it."""
    stated = (text or "").strip().rstrip(".")
    found = list(_LENGTH.finditer(stated))
    if found and "".join(match[0] for match in found).strip() == stated:
        return " ".join(_count(int(match[1]), _UNITS[match[2].lower()]) for match in found)
    if stated and _WORDED.match(stated):
        return stated
    if elapsed is None or elapsed <= timedelta(0):
        return None
    minutes = round(elapsed.total_seconds() / 60)
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    return " ".join(_count(number, unit) for number, unit in ((days, "day"), (hours, "hour"), (minutes, "minute")) if number) or None


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" + ("" if number == 1 else "s")


def listed(items: list[str]) -> str:
    """Return the items as one phrase: a, b and c."""
    return ", ".join(items[:-1]) + " and " + items[-1] if len(items) > 1 else "".join(items)
