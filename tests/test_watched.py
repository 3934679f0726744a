"""Watched expressions: looked for only where a sentence has a word that they need."""

import pytest

from eval.records import reading, records
from guardrails.facts import claims, offers
from guardrails.language import watched
from guardrails.language.watched import Watched, signs
from guardrails.rules.prevention import missing_follow_up


@pytest.fixture(autouse=True)
def warm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "_asked", 1_000)


@pytest.mark.parametrize(
    ("pattern", "needs"),
    [
        (r"\bfree of (?:any )?charge\b", [[{"charge"}, {"free "}]]),
        (r"(?:we|our people) (?:cover|bear)", [[{"cover", "bear"}, {"we"}], [{" people"}, {"cover", "bear"}]]),
        (r"\bon us\b", [[{"on "}, {" us"}]]),
        (r"refund\w*|(?:re)?paid", [[{"refund"}], [{"paid"}]]),
        (r"a?b?\d", [[]]),
        (r"(?:x|not) y?", [[], [{"not"}]]),
    ],
)
def test_an_expression_says_what_it_cannot_do_without(pattern: str, needs: list[list[set[str]]]) -> None:
    assert [[set(need) for need in way] for way in Watched(pattern).needs] == needs


def test_finds_what_the_expression_finds() -> None:
    credit = Watched(r"\bcredit(?:s|ed)? you\b")
    text = "we credited you"
    assert credit.search(text, signs(text.split()))
    assert not credit.search(text, signs(["we", "thanked", "you"]))


def test_tries_an_expression_that_is_watched_later() -> None:
    met = signs(["we", "refund", "you"])
    assert Watched("refund").search("we refund you", met)


def test_tries_every_expression_in_the_first_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "_asked", 0)
    assert Watched("refund").search("we refund you", signs(["we", "thanked", "you"]))


@pytest.mark.slow
def test_no_expression_misses_a_match_for_want_of_a_word() -> None:
    every = [value for module in (claims, offers, missing_follow_up) for value in vars(module).values() if isinstance(value, Watched)]
    every += claims.KINDS.values()
    for record in records():
        for sentence in reading(record).body:
            met = sentence.signs
            missed = [one.pattern for one in every if not one.ways & met and one.compiled.search(sentence.flat)]
            assert not missed, sentence.text
