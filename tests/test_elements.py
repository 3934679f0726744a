"""The five R's: present without their usual words, absent in spite of them."""

import pytest

from guardrails.case import Severity
from guardrails.elements import ELEMENTS
from guardrails.letter import Letter, Reading
from guardrails.policy import default_policy

WHOLE = """Dear Ana,

I am sorry. On Tuesday from 08:10 to 11:40 we took your booking desk offline, and your clerks wrote 40 orders by hand.

We deployed a change at the start of your morning and did not test it on your data.

We put the old version back at 11:40. We are refunding your May fee of £400, and Ira Wells is your dedicated escalation contact.

Each change now runs against a copy of your data before it is released, and the tool refuses one that fails.

I will call you on Friday at ten.

Kind regards,
Mo Hall
VP Customer Success"""


def present(body: str, severity: Severity = Severity.MEDIUM) -> set[str]:
    reading = Reading(Letter("", body), None, default_policy())
    reading.severity = severity
    return {name for name, element in reading.elements.items() if element.present}


@pytest.mark.parametrize("severity", list(Severity))
def test_finds_all_five_in_a_whole_letter(severity: Severity) -> None:
    assert present(WHOLE, severity) == set(ELEMENTS)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("We forgot your second pallet, and your bakers stood without flour until noon.", "recognition"),
        ("We typed the wrong account number.", "responsibility"),
        ("I hate that your drivers stood in the rain for five hours.", "remorse"),
        ("The £312 went back to your account this morning.", "restitution"),
        ("Two people now read each payment file before it leaves the house.", "prevention"),
    ],
)
def test_needs_no_usual_word(text: str, name: str) -> None:
    assert name in present(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("We understand that December is a busy time for florists.", "recognition"),
        ("Responsibility for unloading lies with the buyer.", "responsibility"),
        ("We are sorry you felt ignored.", "remorse"),
        ("We apologise for any inconvenience.", "remorse"),
        ("We apologise if this caused any trouble.", "remorse"),
        ("We accept all major credit cards.", "restitution"),
        ("We are taking steps, and this will never happen again.", "prevention"),
    ],
)
def test_is_not_taken_in_by_a_usual_word(text: str, name: str) -> None:
    assert name not in present(text)


def test_ending_the_incident_is_restitution_up_to_medium_only() -> None:
    text = "We brought the service back at 11:40."
    assert "restitution" in present(text, Severity.MEDIUM)
    assert "restitution" not in present(text, Severity.CRITICAL)


def test_evidence_is_the_words_that_say_so() -> None:
    reading = Reading(Letter("", WHOLE), None, default_policy())
    for field, start, end in reading.elements["prevention"].evidence:
        assert field == "body"
        assert "Each change" in WHOLE[start:end]
    assert any("refunding" in WHOLE[place.start : place.end] for place in reading.elements["restitution"].evidence)


def test_an_empty_letter_holds_nothing() -> None:
    assert present("") == set()
