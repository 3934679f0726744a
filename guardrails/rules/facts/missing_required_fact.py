"""The letter leaves out what a letter of its kind cannot do without.

A billing letter without the amount, an outage letter without the date, a breach letter that does not
say what was not exposed: the customer has to write back to ask. It speaks only where the case holds the
fact and the letter plainly says nothing of it.

Source: domain, section 3 (the facts each letter cannot do without); GDPR, article 34 (nature, contact,
likely consequences, measures).
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import cache, lru_cache

from guardrails.case import Case, parse
from guardrails.category import Category, Need
from guardrails.facts.known import content, facts_of, known, per_case, said_in, shown
from guardrails.facts.lexer import pieces
from guardrails.facts.values import Day, Period, Value, values
from guardrails.finding import Level, Match
from guardrails.letter import Reading
from guardrails.policy import default_policy
from guardrails.rule import Rule

# What has a rule of its own.
_ELSEWHERE = ("remedy", "follow_up", "sender", "account.contact", "account.company", "account.goals")


def find(reading: Reading) -> Iterator[Match]:
    """Yield the absence of each fact that the category's file demands, the case holds and the letter does not touch."""
    category = reading.policy.categories.get(reading.category)
    if category is None or reading.case is None:
        return
    today = known(reading.case).today
    holding = _holding(reading.case)
    said = said_in(f"{reading.letter.subject} {reading.letter.body}")
    told = [value for line in reading.ledger.lines for value in line.scan.found]
    for need in category.needs:
        if need.said is None or (need.optional and reading.category != "security_incident"):
            continue
        found = holding(need.fact)
        if not found or any(_is_told(value, need, said, told, today) for _, value in found):
            continue
        evidence = shown(*found[0])
        yield Match("body", reading.end, evidence=evidence, message=f"The letter says nothing of what it cannot do without. It answers: {need.ask}")


@per_case
def _holding(case: Case) -> Callable[[str], tuple[tuple[str, object], ...]]:
    """Return what finds the facts of a case by the keys that a need names; none where they have a rule of their own."""
    facts = facts_of(case)

    @cache
    def found(keys: str) -> tuple[tuple[str, object], ...]:
        names = keys.split("|")
        if any(name.startswith(_ELSEWHERE) for name in names):
            return ()
        return tuple((key, value) for key, value in facts.items() if any(key == name or key.startswith((f"{name}[", f"{name}.")) for name in names))

    return found


@lru_cache(maxsize=256)
def _parsed(text: str, today: date | None) -> tuple[list[Value], frozenset[str]]:
    """Return the values and the content words of a fact's text."""
    return values(text, 0, today), content(pieces(text))


def _is_told(fact: object, need: Need, said: frozenset[str], told: list[Value], today: date | None) -> bool:
    """Whether a letter states one of the fact's values, or speaks of it in enough of its words."""
    if isinstance(fact, datetime | date):
        day = fact.date() if isinstance(fact, datetime) else fact
        if isinstance(fact, datetime) and any(isinstance(value.value, frozenset) and fact.hour * 60 + fact.minute in value.value for value in told):
            return True
        return any(
            day in value.value.days if isinstance(value.value, Day) else isinstance(value.value, Period) and day.month in value.value.months for value in told
        )
    wanted, words = _parsed(str(fact), today)
    if not words or len(words & said) >= (2 if need.said == "value" and wanted and len(words) > 3 else 1):
        return True
    return any(one.kind is other.kind and (one.value == other.value or _same_day(one, other)) for one in wanted for other in told)


def _same_day(one: Value, other: Value) -> bool:
    return isinstance(one.value, Day) and isinstance(other.value, Day) and bool(set(one.value.days) & set(other.value.days))


_CATEGORY = Category(
    id="billing_error",
    title="Billing error",
    when="We charged the wrong amount.",
    subject="Your invoice",
    tone="Professional",
    needs=(
        Need(fact="incident.details.difference", blocks="recognition", ask="By how much was it wrong?", said="value"),
        Need(fact="incident.cause", blocks="responsibility", ask="How did it happen?", said="topic"),
    ),
)

rule = Rule(
    __name__,
    __doc__,
    level=Level.WARNING,
    message="The letter says nothing of what it cannot do without.",
    find=find,
    needs_case=True,
    bad=(
        "I am sorry that your invoice was wrong. Our clerk swapped two digits.«»",
        "I am sorry that we charged you €1,260 too much.«»",
    ),
    good=(
        "I am sorry. Our clerk swapped two digits, and you paid 1,260 euros too much.",
        "We took twelve hundred and sixty euros too much: a clerk of ours swapped digits.",
    ),
    given=parse(
        {
            "incident": {"category": "billing_error", "details": {"difference": "1,260 EUR"}, "cause": "A clerk swapped two digits."},
            "account": {"company": "Kite & Sons"},
            "sender": {"name": "Paige Lorrimer"},
        }
    ),
    under=default_policy().model_copy(update={"categories": {"billing_error": _CATEGORY}}),
)
