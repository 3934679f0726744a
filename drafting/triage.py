"""What a case calls for: how severe it is, which letter it needs, and what must be asked first."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import NamedTuple

from guardrails.case import Case, CaseError, Moment, Severity
from guardrails.category import Category, Element, Need
from guardrails.policy import Policy

ORDER: tuple[Element, ...] = ("responsibility", "restitution", "recognition", "prevention", "remorse")
"""The five R's by what their absence costs (Lewicki, Polin and Lount 2016)."""

SOON = timedelta(days=90)
"""An apology this recent makes the next one of its kind a repetition."""

PROMISED = "earlier_promises"
"""The detail, of any category, that tells what we promised the account before and what became of it. The record fills it in."""

LONG = timedelta(hours=1)
"""An outage longer than this is an extended one."""


@dataclass(frozen=True, slots=True)
class Override:
    """A person's decision on severity or category, with the reason, kept with the draft."""

    by: str
    reason: str
    severity: Severity | None = None
    category: str | None = None

    def __post_init__(self) -> None:
        """Refuse a decision that nobody stands behind."""
        if not self.by.strip() or not self.reason.strip():
            raise CaseError("override: give --by and --reason; a changed severity or category needs a name and a reason")
        if self.severity is None and self.category is None:
            raise CaseError("override: give --severity or --category; without one there is nothing to change")


@dataclass(frozen=True, slots=True)
class Triage:
    """The case with severity and category set, why they are what they are, and what to ask before drafting."""

    case: Case
    severity_reasons: tuple[str, ...]
    category_reasons: tuple[str, ...]
    missing: tuple[Need, ...]
    warnings: tuple[str, ...]
    override: Override | None = None


class Signal(NamedTuple):
    """Words that by themselves make a case at least this severe."""

    name: str
    severity: Severity
    words: re.Pattern[str]


@cache
def signals() -> tuple[Signal, ...]:
    """Return the signals of signals.toml."""
    import tomllib

    data = tomllib.loads(Path(__file__).with_name("signals.toml").read_text(encoding="utf-8"))
    return tuple(
        Signal(name, Severity(item["severity"]), re.compile(r"(?<![\w-])(?:" + "|".join(item["words"]) + r")(?![\w-])", re.IGNORECASE))
        for name, item in data.items()
    )


_DENIED = re.compile(
    r"(?:\b(?:no|not|never|none|neither|nor|nobody|nothing|without|cannot|zero|rather than|instead of)\b|n['’]t\b)[^.;:,!?\n]{0,45}\Z", re.IGNORECASE
)
_MACHINERY = re.compile(
    r"\b(?:databases?|servers?|failover|brokers?|certificates?|queues?|configurations?|deploy\w*|clusters?|volumes?|disks?|network|nodes?|routing|dns|cache|restart\w*)\b",
    re.IGNORECASE,
)


def triage(case: Case, policy: Policy, override: Override | None = None) -> Triage:
    """Return the case ready for drafting, with the reasons and the questions.

    Severity and category that the case states stand; what is absent is worked out from the facts;
    a person's override comes last and is recorded. Raises CaseError for a category nobody has described.
    """
    _demand_category(case.incident.category, policy)
    found = list(_severity_signals(case))
    mass = any(name == "every customer" for name, _, _ in found)
    worst = max((severity for _, severity, _ in found), key=lambda severity: severity.rank, default=Severity.LOW)
    why: tuple[str, ...]
    if override and override.category:
        _demand_category(override.category, policy)
        category, why = override.category, (f"set to {override.category} by {override.by}: {override.reason}",)
    elif case.incident.category:
        category, why = case.incident.category, (f"incident.category: the case says {case.incident.category}",)
    else:
        category, why = _category(case, policy, found, mass)
    warnings = [*case.warnings()]
    usual = policy.categories[category].severity if category in policy.categories else None
    reasons = [f"{severity.value}: {name} ({quote})" for name, severity, quote in found]
    if override and override.severity:
        severity = override.severity
        reasons = [f"set to {severity.value} by {override.by}: {override.reason}", *reasons]
        if worst.rank > severity.rank:
            warnings.append(f"severity {severity.value} was set by {override.by}, and the facts speak for {worst.value}: {reasons[1]}")
    elif case.incident.severity:
        severity = case.incident.severity
        if worst.rank > severity.rank:
            warnings.append(f"incident.severity: the case says {severity.value}, and the facts speak for {worst.value}: {reasons[0]}")
        reasons = [f"incident.severity: the case says {severity.value}", *reasons]
    else:
        severity = max(worst, usual or (Severity.LOW if found else Severity.MEDIUM), key=lambda item: item.rank)
        if usual and usual.rank >= worst.rank:
            reasons = [f"{usual.value}: what a letter of the kind {category} usually is", *reasons]
        if not reasons:
            reasons = ["medium: nothing in the facts says how severe it is; a person may set it"]
    incident = case.incident.model_copy(update={"severity": severity, "category": category})
    ready = case.model_copy(update={"incident": incident})
    asked = missing(ready, policy.categories[category]) if category in policy.categories else ()
    return Triage(ready, tuple(reasons), why, asked, (*warnings, *_warnings(ready, policy)), override)


def missing(case: Case, category: Category) -> tuple[Need, ...]:
    """Return the facts the letter can not do without and the case does not hold, worst first, each with its question."""
    needs = [need for need in (*category.needs, *_ALWAYS) if not need.present(case)]
    return tuple(sorted(needs, key=lambda need: (need.optional, ORDER.index(need.blocks))))


_ALWAYS = (
    Need(fact="account.contact.first_name|account.contact.name", blocks="remorse", ask="Who at the customer is the letter for?"),
    Need(fact="sender.name", blocks="remorse", ask="Who signs the letter?"),
)


def _demand_category(name: str | None, policy: Policy) -> None:
    if name and policy.categories and name not in policy.categories:
        near = get_close_matches(name, policy.categories, 1)
        raise CaseError(
            f"incident.category: there is no letter of the kind {name!r}; "
            + (f"did you mean {near[0]}?" if near else f"choose one of {', '.join(policy.categories)}, or add letters/{name}.md to the configuration folder")
        )


def _texts(case: Case) -> Iterator[tuple[str, str]]:
    """Yield what tells of the harm, with its key: never what was not harmed, a fix, a plan or a remedy."""
    incident = case.incident
    for key, text in (
        ("incident.summary", incident.summary),
        ("incident.impact", incident.impact),
        ("account.impact", case.account.impact),
        ("incident.scope", incident.scope),
        ("incident.duration", incident.duration),
        ("incident.cause", incident.cause),
    ):
        if text:
            yield key, text
    for name, value in incident.details.items():
        if not name.startswith(("data_not", "untouched", "data_recovered", "other", PROMISED)):
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, str):
                    yield f"incident.details.{name}", item
    for number, ticket in enumerate(case.account.tickets):
        if ticket.public:
            yield f"account.tickets[{number}]", f"{ticket.subject}\n{ticket.body}"


def _said(words: re.Pattern[str], texts: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """Return where the words are said and meant, with the words; a denial ("no data was exposed") is not meant."""
    for key, text in texts:
        for found in words.finditer(text):
            before = text[: found.start()]
            if not _DENIED.search(before):
                return key, found[0]
    return None


def _severity_signals(case: Case) -> Iterator[tuple[str, Severity, str]]:
    """Yield each signal that speaks, worst first: its name, the severity, and the words with their key."""
    texts = list(_texts(case))
    own = [pair for pair in texts if not pair[0].startswith("account.tickets")]
    details, elapsed = case.incident.details, case.incident.elapsed()
    found: list[tuple[str, Severity, str]] = []
    if details.get("data_exposed"):
        found.append(("data exposure", Severity.CRITICAL, "incident.details.data_exposed"))
    if details.get("critical_moment"):
        found.append(("a critical moment", Severity.CRITICAL, "incident.details.critical_moment"))
    if details.get("data_lost"):
        found.append(("data loss", Severity.HIGH, "incident.details.data_lost"))
    if details.get("earlier_dates"):
        found.append(("a repeated failure", Severity.HIGH, "incident.details.earlier_dates"))
    for signal in signals():
        # A customer's own words tell what they suffered; how far it reached and whose data it was, our facts tell.
        said = _said(signal.words, own if signal.severity is Severity.CRITICAL else texts)
        if said and not any(name == signal.name for name, _, _ in found):
            found.append((signal.name, signal.severity, f"{said[0]}: {said[1]}"))
        if said and signal.name == "an outage" and elapsed and elapsed >= LONG:
            found.append(("an extended outage", Severity.HIGH, f"incident.ended_at minus started_at: {elapsed}"))
    yield from sorted(found, key=lambda item: -item[1].rank)


def _category(case: Case, policy: Policy, found: list[tuple[str, Severity, str]], mass: bool) -> tuple[str, tuple[str, ...]]:
    """Return the kind of letter the facts call for, with the reasons."""
    names = {name: quote for name, _, quote in found}
    if "data exposure" in names and "security_incident" in policy.categories:
        return "security_incident", (f"data exposure ({names['data exposure']})",)
    texts = list(_texts(case))
    if isinstance(other := case.incident.details.get("other"), str):
        texts.append(("incident.details.other", other))
    ranked: list[tuple[int, int, str, tuple[str, ...]]] = []
    for kind in policy.categories.values():
        keys = [key for key in case.incident.details if key in kind.details]
        said = [
            f"{where[0]}: {where[1]}"
            for words in kind.signals
            if (where := _said(re.compile(r"(?<![\w-])" + re.escape(words).replace(r"\ ", r"\s+") + r"(?![\w-])", re.IGNORECASE), texts))
        ]
        score = 3 * len(keys) + 2 * len(said) + (3 if said and not kind.apology else 0)
        if score:
            rank = kind.severity.rank if kind.severity else -1
            ranked.append((score, rank, kind.id, (*(f"incident.details.{key}" for key in keys), *said)))
    ranked.sort(key=lambda item: (-item[0], -item[1], item[2]))
    category, reasons = (ranked[0][2], ranked[0][3]) if ranked else _unmarked(case, policy, names)
    if "a repeated failure" not in names and (earlier := _recent(case, category)):
        names["a repeated failure"] = earlier
    if mass and category != "follow_up" and "mass_incident" in policy.categories:
        return "mass_incident", (f"every customer ({names['every customer']})", *reasons)
    if "a repeated failure" in names and category != "follow_up" and "recurring_issue" in policy.categories:
        return "recurring_issue", (f"a repeated failure ({names['a repeated failure']})", *reasons)
    return category, reasons


def _unmarked(case: Case, policy: Policy, names: dict[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the kind of letter where no category's own signals speak."""
    elapsed, machinery = case.incident.elapsed(), _MACHINERY.search(case.incident.cause or "")
    if "outage" in policy.categories and elapsed and elapsed <= timedelta(days=1) and machinery:
        return "outage", (f"incident.cause: {machinery[0]}", f"a window of {elapsed}")
    if "outage" in policy.categories and "an outage" in names:
        return "outage", (f"an outage ({names['an outage']})",)
    return "other", ("nothing in the facts points to one of the other kinds",)


def _recent(case: Case, category: str) -> str | None:
    """Return the key of an apology of the same kind in the ninety days before this incident."""
    now = case.incident.started_at or case.incident.detected_at or case.written_on
    for number, earlier in enumerate(case.account.apologies):
        if earlier.category in {None, category, "recurring_issue"} and (now is None or timedelta(0) <= _day(now) - _day(earlier.at) <= SOON):
            return f"account.apologies[{number}].at: {_day(earlier.at)}"
    return None


def _day(moment: Moment) -> date:
    return date(moment.year, moment.month, moment.day)


def _warnings(case: Case, policy: Policy) -> Iterator[str]:
    incident, severity = case.incident, case.incident.severity or Severity.MEDIUM
    demand = policy.severity[severity]
    category = policy.categories.get(incident.category or "")
    for key in incident.details if category else ():
        if category and key not in category.details and key not in ("other", PROMISED):
            near = get_close_matches(key, category.details, 1)
            yield f"incident.details.{key}: letters of the kind {category.id} declare no such key" + (f"; did you mean {near[0]}?" if near else "")
    for number, item in enumerate(case.remedy.items):
        if item.kind not in demand.offer:
            yield f"remedy.items[{number}]: the policy offers no {item.kind} at severity {severity.value}"
        cap = demand.cap.get(item.currency or "")
        if item.amount is not None and cap is not None and item.amount > cap:
            yield f"remedy.items[{number}].amount: {item.amount} {item.currency} is above the cap of {cap} at severity {severity.value}"
    role = policy.role(case.sender.role) or policy.role(case.sender.title)
    if (case.sender.role or case.sender.title) and (role is None or role.rank < demand.signs.rank):
        who = case.sender.title or case.sender.role
        yield f"sender.role: {who} does not sign at severity {severity.value}; the policy asks for {demand.signs.value} or above"
    if case.account.apologies and incident.category != "follow_up":
        yield f"account.apologies: this account has had {len(case.account.apologies)} before; say what is different in kind this time"
