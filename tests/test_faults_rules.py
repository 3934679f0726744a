"""What the rules about blame, defence, self-pity, vagueness and tone leave alone, and what severity changes."""

import pytest

from guardrails.case import Severity
from guardrails.language.cues import around, cues
from guardrails.language.tokens import tokenize
from guardrails.letter import Letter, Reading
from guardrails.policy import default_policy
from guardrails.rule import Rule
from guardrails.rules.form import tone
from guardrails.rules.remorse import self_focus
from guardrails.rules.responsibility import blame_shift, defensive


def quotes(rule: Rule, body: str, severity: Severity = Severity.MEDIUM) -> list[str]:
    reading = Reading(Letter("", body), None, default_policy())
    reading.severity = severity
    return [finding.quote for finding in rule.run(reading)]


def test_reads_slang_from_medium_up_and_jargon_always() -> None:
    slang, jargon = "Your line got borked, lol.", "We will leverage our learnings."
    assert quotes(tone.rule, slang) == ["borked, lol"]
    assert quotes(tone.rule, slang, Severity.LOW) == []
    assert quotes(tone.rule, jargon, Severity.LOW) == quotes(tone.rule, jargon, Severity.CRITICAL) == ["leverage our learnings"]


def test_reads_exclamation_marks_from_high_up() -> None:
    body = "Your invoice is corrected!"
    assert quotes(tone.rule, body, Severity.MEDIUM) == []
    assert quotes(tone.rule, body, Severity.HIGH) == ["!"]


@pytest.mark.parametrize(
    ("rule", "body"),
    [
        (defensive.rule, "I won't tell you that it happens to everyone, because it should not have happened to you."),
        (self_focus.rule, "I am proud of nothing here: you waited nine days for a yes or a no."),
        (blame_shift.rule, "The carrier refused our pallets, exactly as it should have, because we had declared them wrongly."),
    ],
)
def test_leaves_alone_what_the_sender_refuses_to_plead(rule: Rule, body: str) -> None:
    assert quotes(rule, body) == []


def test_marks_the_clause_and_not_the_sentence() -> None:
    tokens = tokenize("The delay was ours, but three days is well within the industry norm.")
    assert around(tokens, 9, 12) == (6, 14)


def test_finds_a_cue_in_any_form_of_its_words() -> None:
    for text in ("It happens to every firm.", "It has happened to most banks."):
        assert "defensive" in {cue.kind for cue in cues(tokenize(text))}
