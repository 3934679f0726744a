"""People, cases and letters for the tests of the desk."""

from datetime import UTC, datetime
from typing import Any

from drafting.desk import Desk, Written, add, submit
from drafting.store import LetterRow, Store
from drafting.users import LOCAL, User, add_user
from guardrails.case import Case, parse
from guardrails.elements import ELEMENTS, Element
from guardrails.finding import Level
from guardrails.letter import Letter, Reading
from guardrails.policy import Policy, default_policy
from guardrails.report import Report
from guardrails.rule import Rule, phrases


def _rule(name: str, level: Level, *patterns: str) -> Rule:
    return Rule(f"house.{name}", "A rule.", level=level, message='"{quote}" is not for a letter.', find=phrases(*patterns), bad=(), good=())


HOUSE = (
    _rule("non_apology", Level.ERROR, "sorry you feel"),
    _rule("vague", Level.WARNING, "some issues"),
    _rule("tone", Level.SUGGESTION, "super"),
)
"""Three rules of our own, so that these tests say what the desk does with findings, whatever the shipped rules find."""


def judged(letter: Letter, case: Case | None, policy: Policy, *, rules: object = None) -> Report:
    """Judge by the house's three rules and by one that knows the amount that was approved."""
    reading = Reading(letter, case, policy)
    found = [finding for rule in HOUSE for finding in rule.run(reading)]
    if case and case.remedy.items and case.remedy.items[0].amount is not None:
        amount = f"{case.remedy.items[0].currency} {case.remedy.items[0].amount}"
        wrong = Rule("house.invented_fact", "", level=Level.ERROR, message=f"approved is {amount}", find=phrases(r"eur (?!%s\b)\d+" % case.remedy.items[0].amount), bad=(), good=())  # fmt: skip # noqa: E501, UP031
        found += wrong.run(reading)
    return Report(tuple(sorted(found, key=lambda one: one.order)), dict.fromkeys(ELEMENTS, Element()))


def people(store: Store, **positions: str) -> dict[str, User]:
    """Add users by name and position and return them."""
    return {name: add_user(store, LOCAL, name, position) for name, position in positions.items()}


def desk(store: Store, who: User = LOCAL, policy: Policy | None = None) -> Desk:
    return Desk(store, who, policy or default_policy(), check=judged)


def case(severity: str = "medium", **changes: Any) -> Case:
    """A case; `changes` replace whole parts of it."""
    data: dict[str, Any] = {
        "incident": {
            "id": "INC-1", "severity": severity, "category": "outage", "summary": "Exports failed", "cause": "We shipped a broken index",
            "detected_at": "2026-06-09T08:00+00:00", "started_at": "2026-06-09T07:30+00:00", "ended_at": "2026-06-09T10:45+00:00", "timezone": "UTC",
        },
        "account": {
            "id": "A-1", "company": "Okafor Retail", "contact": {"name": "Ngozi Okafor", "first_name": "Ngozi", "email": "Ngozi@okafor.example"},
            "impact": "Your night export did not arrive", "background": {"arr": "1840000", "currency": "USD", "notes": "churn risk"},
            "tickets": [{"id": "T-1", "author": "Ngozi Okafor", "body": "Where is our export?"}],
        },
        "remedy": {"items": [{"kind": "credit", "amount": "500", "currency": "EUR"}], "approved_by": "Mara Lind"},
        "sender": {"name": "Mara Lind", "role": "vp_cs", "title": "VP of Customer Success", "company": "Nordlys"},
    }  # fmt: skip
    return parse(data | changes)


TEXT = """Dear Ngozi,

I am sorry: we shipped a broken index, and your night export did not arrive. We have credited EUR 500 to your account.

I will call you on Friday 12 June at 10:00 UTC. We will send you the post-mortem by 16 June.

Kind regards,
{signer}"""


def letter(extra: str = "", signer: str = "Mara Lind\nVP of Customer Success") -> Letter:
    return Letter("We failed your export on 9 June", TEXT.format(signer=signer).replace("\n\nI will", f" {extra}\n\nI will" if extra else "\n\nI will"))


def reviewed(desk_of: Desk, about: Case | None = None, text: Letter | None = None, **more: Any) -> LetterRow:
    """A letter that stands in review."""
    row = add(desk_of, about or case(), Written(text or letter()), **more)
    return submit(desk_of, row.id)


def at(hour: int, day: int = 9, month: int = 6) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)
