"""Cut text into sentences and words, with offsets that point back into it.

Both cuts are one pass each, whatever the text: ten megabytes without a space take time
linear in their length.
"""

import re
from functools import partial
from typing import NamedTuple
from unicodedata import combining, normalize

from guardrails.finding import Span
from guardrails.language.memory import remembered


class Token(NamedTuple):
    """A word, number or mark. `lower` has straight apostrophes and nothing invisible."""

    text: str
    lower: str
    start: int
    end: int


# Characters that draw nothing. They are dropped from `lower`, so that they cannot hide a word from a rule.
INVISIBLE = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
_INVISIBLE = re.compile(f"[{INVISIBLE}]+")
# Letters of other scripts that look Latin, as they are used to slip a word past a filter.
_LOOKALIKE = str.maketrans(
    "аеорсухіјѕԁһӏոցԛԝαεικνορτυχАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ’ʼ‘＇`´",
    "aeopcyxijsdhlnqqwaeikvoptuxABEKMHOPCTYXIJSABEZHIKMNOPTYX''''''",
)

_WORD = re.compile(
    rf"""
      https?://[^\s<>"']+ | www\.[^\s<>"']+                                # a link is one token
    | [\w.+-]{{1,64}}@[\w-]{{1,64}}(?:\.[\w-]{{1,64}}){{1,8}}             # so is an address
    | \d++(?:[.,:]\d++)*+(?:st|nd|rd|th|s|%)?+(?![^\W\d_])               # 1,240.50  09:20  3rd
    | [^\W_](?:[^\W_]|[{INVISIBLE}\u0300-\u036f])*+(?:['’ʼ][^\W\d_]++)*+  # a word, with its apostrophes
    | \S                                                                  # any other mark
    """,
    re.VERBOSE,
)
_CLITIC = re.compile(r"(?i)(.+?)(n['’ʼ]t|['’ʼ](?:s|re|ve|ll|d|m))\Z", re.DOTALL)

_ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof st no nos inc ltd co corp plc gmbh llc dept approx vs etc jr sr messrs fig vol art sec al cf viz
    jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun a.m p.m e.g i.e u.s u.k""".split()
)
_END = re.compile(r"[.!?…。]+[\"'”’)\]]*(?=\s|\Z)|\n[ \t]*\n\s*|\n")

_ZONE = re.compile(r"[A-Z]{2,5}\b|(?:Pacific|Mountain|Central|Eastern|Atlantic)\b")
"""The zone behind "7:45 a.m.", which does not begin a sentence."""

_ITEM = re.compile(r"[ \t]*(?:[-*•–—]|\d{1,2}[.)])[ \t]|\s*\Z")


def plain(text: str) -> str:
    """Return the text in lower case, look-alike letters made Latin, invisible characters dropped."""
    if not text.isascii():
        text = normalize("NFKD", _INVISIBLE.sub("", text).translate(_LOOKALIKE))
        text = "".join(letter for letter in text if not combining(letter))
    return text.replace("\x00", "").lower()


def tokenize(text: str, start: int = 0) -> list[Token]:
    """Return the words and marks of a text; `start` is added to each offset.

    Contractions fall apart as in the treebanks: "weren't" is `were` and `n't`, "it's" is `it` and `'s`.
    """
    tokens: list[Token] = []
    add, index = tokens.append, text.index
    at = 0
    # No token reaches over a blank, so that those between two blanks are known from the last time they were met.
    for chunk in text.split():
        at = index(chunk, at)
        here, size = at + start, len(chunk)
        for word, lower, first, end in _kept(chunk) if size < 40 else _cut(chunk):
            add(_new_token((word, lower, first + here, end + here)))
        at += size
    return tokens


_new_token = partial(tuple.__new__, Token)


def _cut(text: str) -> list[tuple[str, str, int, int]]:
    found = []
    for match in _WORD.finditer(text):
        word, at = match[0], match.start()
        if len(word) > 2 and ("'" in word or "’" in word or "ʼ" in word) and len(word) < 40:
            cut = _CLITIC.match(word)
            if cut:
                middle = at + len(cut[1])
                found.append((cut[1], plain(cut[1]), at, middle))
                found.append((cut[2], plain(cut[2]), middle, at + len(word)))
                continue
        lower = plain(word)
        if lower:
            found.append((word, lower, at, at + len(word)))
    return found


@remembered
def _kept(chunk: str) -> tuple[tuple[str, str, int, int], ...]:
    return tuple(_cut(chunk))


def sentences(text: str) -> list[Span]:
    """Return the sentences of a text, trimmed of white space, none empty.

    A blank line, a list item and a line break end a sentence as a full stop does. A full stop
    behind an abbreviation, an initial or a number within a line does not.
    """
    spans: list[Span] = []
    start = 0
    for mark in _END.finditer(text):
        end = mark.end()
        if mark[0][0] == "." and mark[0].rstrip("\"'”’)]") == "." and _goes_on(text, start, mark.start(), end):
            continue
        if mark[0] == "\n" and _is_wrapped(text, start, mark.start(), end):
            continue
        _append(spans, text, start, end)
        start = end
    _append(spans, text, start, len(text))
    return spans


LONGEST = 1_200
"""Characters after which a sentence is cut where it has a space: what rules do within a sentence stays bounded."""


def _append(spans: list[Span], text: str, start: int, end: int) -> None:
    while end - start > LONGEST:
        cut = text.rfind(" ", start + LONGEST // 2, start + LONGEST)
        cut = cut if cut > 0 else start + LONGEST
        _trimmed(spans, text, start, cut)
        start = cut
    _trimmed(spans, text, start, end)


def _trimmed(spans: list[Span], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append(Span(start, end))


def _goes_on(text: str, start: int, stop: int, end: int) -> bool:
    """Whether the full stop at `stop` belongs to an abbreviation or a list number."""
    at = stop
    while at > start and stop - at < 12 and not text[at - 1].isspace() and text[at - 1] not in "(\"'“‘[":
        at -= 1
    word = text[at:stop].lower()
    rest = text[end : end + 40].lstrip(" \t")
    if not rest or rest[0] == "\n":
        return False
    if word in {"a.m", "p.m"} and _ZONE.match(rest):
        return True
    if word in _ABBREVIATIONS:
        return not (word in {"etc", "a.m", "p.m", "inc", "ltd", "co", "plc", "llc"} and rest[0].isupper())
    if len(word) == 1 and word.isalpha() and word != "i":
        return True
    if word.isdigit() and len(word) <= 2 and not text[start:at].strip():
        return True
    return rest[0].islower()


def _is_wrapped(text: str, start: int, stop: int, end: int) -> bool:
    """Whether a line break only wraps a long line: it stands in mid-sentence and no list item follows."""
    return stop - start > 50 and text[stop - 1] not in ".!?:;" and not _ITEM.match(text, end)
