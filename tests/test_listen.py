import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drafting.listen import Piece, Reader, heard, listening, say, tell


def read(text: str, size: int) -> dict[str, str]:
    reader, found = Reader(), {"subject": "", "body": ""}
    for start in range(0, len(text), size):
        for field, piece in reader.feed(text[start : start + size]):
            found[field] += piece
    return found


@given(st.text(), st.text(), st.integers(1, 9), st.booleans())
def test_reads_what_the_json_says_wherever_it_is_cut(subject: str, body: str, size: int, ascii_only: bool) -> None:
    text = json.dumps({"subject": subject, "body": body}, ensure_ascii=ascii_only)
    whole = {"subject": subject.replace("\r", "").replace("\b", "").replace("\f", ""), "body": body.replace("\r", "").replace("\b", "").replace("\f", "")}
    assert read(text, size) == whole


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('Here:\n```json\n{"subject": "A", "body": "B"}\n```', ("A", "B")),
        ('{"tone": "warm", "n": [1, {"body": "x"}], "body": "B", "subject": "A"}', ("A", "B")),
        ('{"subject": "A", "body": "B"} {"body": "C"}', ("A", "B")),
        ('{"subject": "\\ud83d\\ude00 \\ud83d!", "body": "\\ude00"}', ("\U0001f600 \ufffd!", "\ufffd")),
        ('{"subject": "body", "body": "subject"}', ("body", "subject")),
        ("Dear Ms Rossi", ("", "")),
        ('{"subject": "A", "body": "half a le', ("A", "half a le")),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_reads_subject_and_body_alone(text: str, found: tuple[str, str], size: int) -> None:
    assert tuple(read(text, size).values()) == found


def test_a_listener_gets_pieces_that_count_the_letters() -> None:
    pieces: list[Piece] = []
    with listening(pieces.append):
        tell('{"subject": "A", "body": "B"}')
        tell('{"subject": "C", "body": "D"}')
    assert pieces == [Piece("subject", "A", 1), Piece("body", "B", 1), Piece("subject", "C", 2), Piece("body", "D", 2)]


def test_nobody_hears_where_nobody_listens() -> None:
    say('{"subject": "A"')
    assert heard() == ("", False)


def test_what_is_not_readable_yet_has_not_been_heard() -> None:
    with listening(lambda piece: None):
        tell('{"subject": "')
        assert heard() == ('{"subject": "', False)
        say("A")
        assert heard() == ('{"subject": "A', True)
