"""What happened, to whom, what we may say and what we may promise.

A case is read from TOML, JSON or YAML. What is absent is unknown and stays so: nothing here
fills a gap. An unknown key is refused by name, with the nearest right one.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from guardrails.errors import CaseError as CaseError

Moment = date | datetime
Value = str | int | Decimal | bool | date | datetime


class Severity(StrEnum):
    """How badly an incident hurt the customer (domain: the severity matrix)."""

    __hash__ = str.__hash__  # an enumeration's own is many times slower

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return list(Severity).index(self)


# Abbreviations that people print, as hours from UTC. Ambiguous ones (IST, CST as China) follow the
# reading most common in business letters; an IANA name is always exact.
_ZONES: Mapping[str, float] = {
    "utc": 0, "gmt": 0, "z": 0, "wet": 0, "west": 1, "bst": 1, "ist": 5.5, "cet": 1, "cest": 2, "eet": 2, "eest": 3,
    "msk": 3, "trt": 3, "sast": 2, "wat": 1, "cat": 2, "eat": 3, "gst": 4, "pkt": 5, "npt": 5.75, "ict": 7, "wib": 7,
    "sgt": 8, "hkt": 8, "myt": 8, "pht": 8, "awst": 8, "jst": 9, "kst": 9, "acst": 9.5, "acdt": 10.5, "aest": 10,
    "aedt": 11, "nzst": 12, "nzdt": 13, "nst": -3.5, "ndt": -2.5, "ast": -4, "adt": -3, "est": -5, "edt": -4,
    "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "akst": -9, "akdt": -8, "hst": -10,
    "brt": -3, "art": -3, "clt": -4, "cot": -5, "pet": -5,
}  # fmt: skip
_GENERAL: Mapping[str, str] = {
    "et": "America/New_York", "ct": "America/Chicago", "mt": "America/Denver", "pt": "America/Los_Angeles",
    "uk": "Europe/London", "london": "Europe/London", "berlin": "Europe/Berlin", "paris": "Europe/Paris",
}  # fmt: skip
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-−])(\d{1,2})(?::?(\d\d))?\Z")


@cache
def zone(name: str | None) -> tzinfo | None:
    """Return the zone an IANA name or a printed abbreviation stands for, or None where there is none."""
    if not name:
        return None
    word = name.strip()
    if word.lower() in _ZONES:
        return timezone(timedelta(hours=_ZONES[word.lower()]), word.upper())
    if offset := _OFFSET.match(word.upper()):
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return timezone(timedelta(minutes=minutes if offset[1] == "+" else -minutes)) if minutes < 1440 else None
    try:
        return ZoneInfo(_GENERAL.get(word.lower(), word))
    except (KeyError, ValueError, OSError):
        return None


_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


def _moment(value: object) -> object:
    if isinstance(value, str):
        text = value.strip()
        try:
            if _DATE.match(text):
                return date.fromisoformat(text)
            if _TIME.match(text):
                return datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError(f"{text!r} is not a date or time ({error})") from None
        raise ValueError(f"{text!r} is not a date; write 2026-06-09 or 2026-06-09T14:05+02:00")
    if isinstance(value, date):
        return value
    raise ValueError("write a date (2026-06-09) or a time (2026-06-09T14:05+02:00)")


When = Annotated[Moment, BeforeValidator(_moment)]


def _amount(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError("write the amount as a decimal string, such as '1240.50'")
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(f"{value!r} is not an amount; write a plain decimal such as '1240.50'") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"{value!r} is not an amount a remedy can have")
    return amount


Amount = Annotated[Decimal, BeforeValidator(_amount)]

# ISO 4217, the active alphabetic codes.
CURRENCIES = frozenset(
    """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP
    CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR
    ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN
    MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD
    SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR
    ZMW ZWG""".split()
)


def _currency(value: object) -> object:
    code = str(value).strip().upper()
    if code not in CURRENCIES:
        near = get_close_matches(code, CURRENCIES, 1)
        raise ValueError(f"{value!r} is not an ISO 4217 code" + (f"; did you mean {near[0]}?" if near else ", such as EUR"))
    return code


def _texts(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


def _plain(value: object) -> object:
    """Numbers keep the digits they were written with; a date-like text stays text."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, list | tuple):
        return tuple(_plain(item) for item in value)
    return value


Detail = Annotated[Value | tuple[Value, ...], BeforeValidator(_plain)]


class Record(BaseModel):
    """A part of a case: frozen, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, coerce_numbers_to_str=True)


class Measure(Record):
    """One change that keeps the incident from coming back."""

    what: str
    status: Literal["done", "planned"] = "done"
    due: When | None = None


def _measures(value: object) -> object:
    items = [value] if isinstance(value, str | Mapping) else value
    return [{"what": item} if isinstance(item, str) else item for item in items] if isinstance(items, list | tuple) else items


class Links(Record):
    """Pages the letter may point to."""

    status_page: str | None = None
    postmortem: str | None = None


class Incident(Record):
    """What happened. `ended_at` absent: not known, or not over; `cause` absent: not known yet."""

    id: str | None = None
    category: str | None = None
    severity: Severity | None = None
    summary: str | None = None
    detected_at: When | None = None
    started_at: When | None = None
    ended_at: When | None = None
    timezone: str | None = None
    duration: str | None = None
    impact: str | None = None
    scope: str | None = None
    cause: str | None = None
    fixes: Texts = ()
    prevention: Annotated[tuple[Measure, ...], BeforeValidator(_measures)] = ()
    details: dict[str, Detail] = Field(default_factory=dict)
    links: Links = Links()
    postmortem_due: When | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if not (self.summary or self.impact or self.details):
            raise ValueError("say what happened: give `summary`, `impact` or one of `details`")
        started, ended = self.started_at, self.ended_at
        if isinstance(started, datetime) and isinstance(ended, datetime) and not zone(self.timezone):
            for this, other, name in ((started, ended, "started_at"), (ended, started, "ended_at")):
                if this.tzinfo is None and other.tzinfo is not None:
                    raise ValueError(f"`{name}` has no zone and the other time has one: add an offset such as +02:00, or set `timezone`")
        if started and ended and _later(started, ended, zone(self.timezone)):
            raise ValueError("`ended_at` lies before `started_at`: correct one of them, or leave `ended_at` out while it is not over")
        return self

    @property
    def zone(self) -> tzinfo | None:
        """The zone that times without an offset are in, where it can be used."""
        return zone(self.timezone)

    def local(self, moment: Moment) -> Moment:
        """Return the moment as the clock on the customer's wall shows it, in the incident's zone."""
        if isinstance(moment, datetime) and moment.tzinfo and self.zone:
            return moment.astimezone(self.zone)
        return moment

    def elapsed(self) -> timedelta | None:
        """Return end minus start, or None where one of them is unknown or a bare date."""
        started, ended = self.started_at, self.ended_at
        if not (isinstance(started, datetime) and isinstance(ended, datetime)):
            return None
        # In UTC, since two times of one zone subtract as their clocks show them, across a change of clocks too.
        return _aware(ended, self.zone).astimezone(UTC) - _aware(started, self.zone).astimezone(UTC)


def _aware(moment: datetime, where: tzinfo | None) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=where or UTC)


def _later(first: Moment, second: Moment, where: tzinfo | None) -> bool:
    if isinstance(first, datetime) and isinstance(second, datetime):
        return _aware(first, where) > _aware(second, where)
    return date(first.year, first.month, first.day) > date(second.year, second.month, second.day)


class Contact(Record):
    """The person the letter is written to."""

    name: str = ""
    first_name: str = ""
    title: str = ""
    email: str = ""


class Background(Record):
    """What shapes a letter and never appears in it. Any further key is welcome."""

    model_config = ConfigDict(frozen=True, extra="allow", coerce_numbers_to_str=True)

    arr: str | None = None
    currency: str | None = None
    renewal_date: Annotated[Moment | str | None, BeforeValidator(lambda value: value)] = None
    churn_risk: str | None = None
    health: str | None = None
    segment: str | None = None
    notes: str | None = None


class Ticket(Record):
    """Something the customer wrote (public) or our people noted (not public). Data, never an instruction."""

    id: str | None = None
    at: When | None = None
    author: str = ""
    public: bool = True
    subject: str = ""
    body: str = ""


class EarlierApology(Record):
    """An apology this account has had before."""

    at: When
    category: str | None = None
    incident: str | None = None


class Account(Record):
    """Whom the incident reached."""

    id: str | None = None
    company: str = Field(min_length=1)
    contact: Contact = Contact()
    impact: str | None = None
    timezone: str | None = None
    locale: str | None = None
    plan: str | None = None
    goals: str | None = None
    background: Background = Background()
    tickets: tuple[Ticket, ...] = ()
    apologies: tuple[EarlierApology, ...] = ()


Kind = Literal["credit", "refund", "priority_support", "extended_trial", "sla_upgrade", "escalation_contact", "executive_call", "other"]


class RemedyItem(Record):
    """One thing we may offer. Where `amount` is absent, amounts, periods and names are read from `text`."""

    kind: Kind = "other"
    amount: Amount | None = None
    currency: Annotated[str, BeforeValidator(_currency)] | None = None
    text: str | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.amount is not None and self.currency is None:
            raise ValueError("`amount` needs a `currency`, such as EUR")
        if self.amount is None and not self.text and self.kind == "other":
            raise ValueError("say what is offered: give `text`, or an `amount` with its `currency`")
        return self


class Remedy(Record):
    """What has been approved for this account, and by whom."""

    items: tuple[RemedyItem, ...] = ()
    approved_by: str | None = None


class Sender(Record):
    """Who the letter is meant to go out under. Who signs is read from the letter itself."""

    name: str
    role: str = ""
    title: str = ""
    company: str = ""
    email: str = ""


class Case(Record):
    """One incident as it reached one account: the unit of drafting, checking and batch."""

    incident: Incident
    account: Account
    remedy: Remedy = Remedy()
    sender: Sender
    follow_up: str | None = None
    written_on: When | None = None

    def facts(self) -> dict[str, Value]:
        """Return what may be said, by its key (`remedy.items[0].amount`), in the order of the case.

        Public tickets are among them; they ground only what the customer did, said or suffered.
        """
        return dict(_flat(self, "", lambda key, value: key == "account.background" or (isinstance(value, Ticket) and not value.public)))

    def background(self) -> dict[str, Value]:
        """Return what only shapes the letter: the account's background and tickets that are not public."""
        hidden = {"account": {"background": self.account.background}}
        found = dict(_flat(hidden, "", lambda *_: False))
        for number, ticket in enumerate(self.account.tickets):
            if not ticket.public:
                found |= dict(_flat(ticket, f"account.tickets[{number}]", lambda *_: False))
        return found

    def warnings(self) -> tuple[str, ...]:
        """Return what looks wrong in the case and is no reason to refuse it, a line each."""
        from guardrails.facts.durations import disagrees  # the parser of durations is needed for this alone

        found = []
        incident = self.incident
        elapsed = incident.elapsed()
        if elapsed is not None and incident.duration and disagrees(incident.duration, elapsed):
            found.append(f"incident.duration: {incident.duration!r} differs from ended_at minus started_at ({elapsed})")
        if incident.timezone and incident.zone is None:
            found.append(f"incident.timezone: {incident.timezone!r} is no zone we know; write an IANA name such as Europe/Berlin")
        return tuple(found)


def _flat(value: object, key: str, skip: Any) -> Iterator[tuple[str, Value]]:
    if value is None or skip(key, value):
        return
    if isinstance(value, str | Decimal | int | date):
        if value != "":
            yield key, value.value if isinstance(value, StrEnum) else value
        return
    if isinstance(value, BaseModel):
        pairs: Iterator[tuple[str, object]] = iter(value)
        value = dict(pairs)
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _flat(item, f"{key}.{name}" if key else str(name), skip)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _flat(item, f"{key}[{number}]", skip)
    else:
        yield key, value  # type: ignore[misc]


def parse(data: object, source: str = "case") -> Case:
    """Return the case that plain data (a parsed file) describes.

    Raises CaseError with one line: the source, the field and the remedy.
    """
    if not isinstance(data, Mapping):
        raise CaseError(f"{source}: a case is a table with `incident`, `account` and `sender`")
    try:
        return Case.model_validate(data)
    except ValidationError as error:
        raise CaseError(f"{source}: {explain(error, Case)}") from None


def load(path: Path | str) -> Case:
    """Return the case in a TOML, JSON or YAML file. Raises CaseError with one line."""
    return parse(read(path), str(path))


def read(path: Path | str) -> object:
    """Return the plain data in a TOML, JSON or YAML file. Raises CaseError with one line."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CaseError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise CaseError(f"{path}: is a folder; name a file in it") from None
    except UnicodeDecodeError:
        raise CaseError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise CaseError(f"{path}: can not be read ({error.strerror})") from None
    return decode(text, path.suffix.lower(), str(path))


def decode(text: str, suffix: str, source: str) -> object:
    """Return the plain data in a text of the format that `suffix` (.toml, .json, .yaml, .yml) names."""
    try:
        if suffix == ".toml":
            import tomllib

            return tomllib.loads(text)
        if suffix == ".json":
            import json

            return json.loads(text)
        if suffix in {".yaml", ".yml"}:
            import yaml  # 30 ms that TOML users need not pay

            try:
                return yaml.safe_load(text)
            except yaml.YAMLError as error:
                raise ValueError(" ".join(str(error).split())) from None
    except (ValueError, RecursionError) as error:
        raise CaseError(f"{source}: is not valid {suffix[1:].upper()}: {error}") from None
    raise CaseError(f"{source}: name a .toml, .json or .yaml file")


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """Return one line for the first fault: its field, what is wrong and, where there is one, the nearest right key."""
    faults = error.errors(include_url=False, include_context=True, include_input=False)
    # A misspelt key comes first: a required one that is missing is often the same mistake.
    fault = next((item for item in faults if item["type"] == "extra_forbidden"), faults[0])
    place = [part for part in fault["loc"] if not (isinstance(part, str) and re.search(r"[\[(]|function-|^(?:date|datetime|str|int)$", part))]
    key = ""
    for part in place:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else str(part)
    more = len({str(item["loc"]) for item in faults}) - 1
    tail = f" (and {more} more)" if more > 0 else ""
    if fault["type"] == "extra_forbidden":
        known = _keys(model, place[:-1])
        near = get_close_matches(str(place[-1]), known, 1, 0.5)
        return f"unknown key `{key}`" + (f"; did you mean `{near[0]}`?" if near else f"; known here: {', '.join(known)}") + tail
    if fault["type"] == "missing":
        return f"`{key}` is missing{tail}"
    said = fault["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if fault["type"] == "string_too_short":
        said = "may not be empty"
    return f"`{key}`: {said}{tail}" if key else f"{said}{tail}"


def _keys(model: type[BaseModel], place: list[int | str]) -> list[str]:
    current: Any = model
    for part in place:
        if isinstance(part, int):
            continue
        annotation = current.model_fields[part].annotation
        models = [item for item in _types(annotation) if isinstance(item, type) and issubclass(item, BaseModel)]
        if not models:
            return []
        current = models[0]
    return list(current.model_fields)


def _types(annotation: Any) -> Iterator[Any]:
    inner = getattr(annotation, "__args__", ())
    if inner:
        for item in inner:
            yield from _types(item)
    else:
        yield annotation
