import pytest

from guardrails.language.tokens import sentences


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It was down from 7:45 a.m. to 12:15 p.m. PDT, and 310 clinics waited.", 1),
        ("We were back at 9 a.m. Pacific time. I am sorry.", 2),
        ("We were back at 9 a.m. Your team had waited.", 2),
        ("We billed No. 7 twice. Mr. Hale wrote to us.", 2),
    ],
)
def test_cuts_where_a_sentence_ends(text: str, parts: int) -> None:
    assert len(sentences(text)) == parts
