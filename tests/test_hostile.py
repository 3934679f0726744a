"""Letters that mean harm or are merely strange: bounded work, right offsets, no hiding place."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.language.tokens import sentences, tokenize
from guardrails.letter import Letter
from guardrails.report import LONGEST, check


@pytest.mark.parametrize(
    "phrase",
    [
        "This will ne\u200bver happen again.",
        "This will nev\u00ader happen again.",
        "This will n\u0435ver happ\u0435n ag\u0430in.",
        "This\u00a0will  never\nhappen again.",
        "\u202eThis will never happen again.\u202c",
        "This will never happen again\ufe0f.",
        "THIS WILL NEVER HAPPEN AGAIN.",
    ],
    ids=["zero width", "soft hyphen", "look-alikes", "spaces", "right to left", "variation selector", "capitals"],
)
def test_nothing_invisible_hides_a_phrase(phrase: str) -> None:
    found = [finding for finding in check(Letter("", phrase)).findings if finding.rule == "over-promise"]
    assert found
    assert all(phrase[finding.start : finding.end] == finding.quote for finding in found)


ODD = st.text(
    alphabet=st.one_of(st.sampled_from("«»→ \n\t.,;:!?'’\"-–—()[]{}<>&%$€£0123456789aeinorstué😀\u200b\u202e\u0301\x00"), st.characters()), max_size=400
)


@settings(max_examples=60, deadline=None)
@given(ODD, ODD)
def test_any_text_is_judged_with_offsets_inside_it(subject: str, body: str) -> None:
    for finding in check(Letter(subject, body)).findings:
        text = subject if finding.field == "subject" else body
        assert 0 <= finding.start <= finding.end <= len(text)
        assert text[finding.start : finding.end] == finding.quote


@settings(max_examples=60, deadline=None)
@given(ODD)
def test_words_stand_where_their_offsets_say(text: str) -> None:
    for start, end in sentences(text):
        for token in tokenize(text[start:end], start):
            assert text[token.start : token.end] == token.text


def test_a_letter_too_long_to_be_one_is_blocked_and_quick() -> None:
    begun = time.process_time()
    report = check(Letter("", "sorry if " * 1_200_000))
    assert report.blocked
    assert any(finding.rule == "unchecked-length" and finding.start == LONGEST for finding in report.findings)
    assert time.process_time() - begun < 60


@pytest.mark.parametrize("unit", ["sorry if ", "x", "a.b.", "(((", "12:30 ", " June 5, ", "€5,000 and ", "\n\n", "«»", "s\u200borry "])
def test_work_grows_with_the_length_and_no_faster(unit: str) -> None:
    """Counted in steps of the interpreter, not in seconds, so that a busy machine changes nothing."""
    import sys

    def steps(size: int) -> int:
        letter, count = Letter("", (unit * (size // len(unit) + 1))[:size]), 0

        def count_calls(*_: object) -> None:
            nonlocal count
            count += 1

        check(letter)
        sys.setprofile(count_calls)
        try:
            check(letter)
        finally:
            sys.setprofile(None)
        return count

    assert steps(12_000) <= 3.0 * steps(6_000)
