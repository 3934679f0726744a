"""Cut text into the pieces that values are made of, with offsets.

Unlike `language.tokens`, digits and letters always fall apart: "R48,600" is `R` and `48,600`.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import NamedTuple

from guardrails.language.memory import remembered
from guardrails.language.tokens import INVISIBLE, plain


class Piece(NamedTuple):
    """A word, number, clock time, link or mark. `kind` is one of word, num, clock, iso, link, mail, code, mark."""

    kind: str
    text: str
    lower: str
    start: int
    end: int


_LINKS = r"""
      (?P<link>(?:https?://|www\.)[^\s<>"'()\[\]]+
        |(?<![\w@.-])[a-z0-9-]{1,40}(?:\.[a-z0-9-]{1,40}){0,4}\.(?:example|com|org|net|io|dev|app|co|eu|uk|de|fr|nl|ie|au|ca|us|cloud
        |test)(?![\w])(?:/[^\s<>"'()\[\]]*)?)
    | (?P<mail>[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,8})
    |"""
_REST = rf"""
      (?P<iso>\d{{4}}-\d\d-\d\d(?:[T ]\d\d:\d\d)?(?!\d))
    | (?P<clock>(?<!\d)\d{{1,2}}(?::\d\d(?::\d\d)?|h\d\d)(?![\d]))
    | (?P<code>\#[\w-]{{1,20}}|(?<![\w-])[A-Z]{{1,6}}(?:-[A-Z]{{1,4}})?-\d[\w-]{{0,20}})
    | (?P<num>\d{{1,3}}(?:[\u0020\u00a0\u202f\u2009]\d{{3}}){{1,4}}(?![\d.,]?\d)|\d++(?:[.,'’]\d+)*+)
    | (?P<word>[^\W\d_](?:[^\W\d_]|[{INVISIBLE}\u0300-\u036f])*+(?:['’ʼ](?![sS]\b)[^\W\d_]++)*+)
    | (?P<mark>\n|[^\s])
    """
_LEX = re.compile(_REST, re.VERBOSE)
_LEX_LINKS = re.compile(_LINKS + _REST, re.VERBOSE)
# Links and addresses are looked for only where a text has one: at each word they cost more than all the rest.
_HAS_LINK = re.compile(r"://|www\.|@|\.(?:example|com|org|net|io|dev|app|co|eu|uk|de|fr|nl|ie|au|ca|us|cloud|test)\b")


LONGEST = 40
"""What is as long as this is no word, and not kept."""
_new_piece = partial(tuple.__new__, Piece)


def pieces(text: str, start: int = 0) -> list[Piece]:
    """Return the pieces of a text; `start` is added to each offset."""
    found: list[Piece] = []
    add = found.append
    for line in text.split("\n"):
        before, at, index = len(found), 0, line.index
        # The pieces between two blanks are known from the last time they were met.
        for chunk in line.split():
            at = index(chunk, at)
            if at > 1 and chunk[0].isdecimal() and line[at - 2].isdecimal():
                # Figures set apart in thousands, a date and its time: only these reach over a blank.
                found[before:] = [Piece(kind, piece, lower, first + start, end + start) for kind, piece, lower, first, end in _lexed(line)]
                break
            here, size = at + start, len(chunk)
            for kind, piece, lower, first, end in _kept(chunk) if size < LONGEST else _lexed(chunk):
                add(_new_piece((kind, piece, lower, first + here, end + here)))
            at += size
        start += len(line)
        found.append(Piece("mark", "\n", "\n", start, start + 1))
        start += 1
    found.pop()  # behind the last line stands no line break
    return found


def _lexed(text: str) -> list[tuple[str, str, str, int, int]]:
    found = []
    for match in (_LEX_LINKS if _HAS_LINK.search(text) else _LEX).finditer(text):
        kind = match.lastgroup or "mark"
        piece = match[0]
        if kind == "link":
            piece = piece.rstrip(".,;:!?")
        lower = piece.lower() if piece.isascii() else plain(piece)
        if lower:
            found.append((kind, piece, lower, match.start(), match.start() + len(piece)))
    return found


@remembered
def _kept(chunk: str) -> tuple[tuple[str, str, str, int, int], ...]:
    return tuple(_lexed(chunk))


@lru_cache(maxsize=4096)
def decimal(text: str, *, money: bool = False) -> Decimal | None:
    """Return the number that digits with separators stand for, in any of the usual notations."""
    digits = re.sub(r"[\s'’]", "", text)
    comma, dot = digits.count(","), digits.count(".")
    if comma and dot:
        point = max(digits.rfind(","), digits.rfind("."))
        digits = re.sub(r"[.,]", "", digits[:point]) + "." + digits[point + 1 :]
    elif comma:
        whole, _, last = digits.rpartition(",")
        digits = digits.replace(",", "") if len(last) == 3 or comma > 1 else f"{whole}.{last}"
    elif dot > 1 or (dot and money and len(digits.rpartition(".")[2]) == 3):
        digits = digits.replace(".", "")
    try:
        return Decimal(digits)
    except InvalidOperation:
        return None


_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
UNITS: Mapping[str, int] = {word: number for number, word in enumerate(_ONES)}
TENS: Mapping[str, int] = {word: 10 * number for number, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
SCALES: Mapping[str, int] = {
    "thousand": 10**3, "k": 10**3, "lakh": 10**5, "lakhs": 10**5, "million": 10**6, "millions": 10**6, "m": 10**6, "mn": 10**6,
    "crore": 10**7, "crores": 10**7, "billion": 10**9, "bn": 10**9,
}  # fmt: skip
_ORDINAL = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth "
    "seventeenth eighteenth nineteenth".split()
)
ORDINALS: Mapping[str, int] = {word: number for number, word in enumerate(_ORDINAL) if number} | {"twentieth": 20, "thirtieth": 30}
MULTIPLES: Mapping[str, int] = {"dozen": 12, "dozens": 12, "score": 20, "hundred": 100}
COUNTING = frozenset({*UNITS, *TENS, "hundred", "a", "an", "one", "half"})
"""With which a number in words begins."""
_HALVES: Mapping[str, Decimal] = {"half": Decimal("0.5"), "quarter": Decimal("0.25"), "third": Decimal(1) / 3}


class Number(NamedTuple):
    """A number read from some pieces: its value, the piece behind it, whether it was in words."""

    value: Decimal
    stop: int
    words: bool


def number(found: list[Piece], at: int, *, money: bool = False) -> Number | None:
    """Return the number that begins at a piece, in digits or words, or None."""
    if at >= len(found):
        return None
    piece = found[at]
    if piece.kind == "num":
        share = at + 1 < len(found) and found[at + 1].lower in {"%", "per", "percent"}
        value = decimal(piece.text, money=money or (not share and piece.text[0] != "0"))
        if value is None:
            return None
        stop = at + 1
        if stop + 1 < len(found) and found[stop].text == "-" and found[stop + 1].lower in {"thousand", "million", "lakh", "crore"}:
            stop += 1
        if stop < len(found) and (scale := SCALES.get(found[stop].lower)):
            glued = found[stop].start == piece.end
            if len(found[stop].lower) > 2 or (glued and (found[stop].lower != "m" or money)) or (money and found[stop].lower in {"k", "m", "mn", "bn"}):
                value *= scale
                stop += 1
        return _half(found, Number(value, stop, False))
    if piece.kind != "word" or piece.lower not in COUNTING:
        return None
    return _half(found, _worded(found, at))


def _worded(found: list[Piece], at: int) -> Number | None:
    total = current = Decimal(0)
    last = ""  # what came last: "" nothing, "unit", "tens", "hundred", "scale"
    here = at
    while here < len(found):
        word = found[here].lower
        if word in UNITS and last in {"", "tens", "hundred", "scale"} and not (last == "tens" and UNITS[word] > 9):
            current += UNITS[word]
            last = "unit"
        elif word in TENS and last in {"", "hundred", "scale"}:
            current += TENS[word]
            last = "tens"
        elif word in MULTIPLES and (last in {"unit", "tens", "article"} or (word == "hundred" and last == "")):
            if last == "" and here == at and word == "hundred" and (at == 0 or found[at - 1].lower not in {"the", "that", "your", "this", "other"}):
                return None
            current = max(current, Decimal(1)) * MULTIPLES[word]
            last = "hundred"
        elif word in SCALES and len(word) > 2 and last in {"unit", "tens", "hundred", "article", "half"}:
            total += max(current, Decimal(1)) * SCALES[word]
            current = Decimal(0)
            last = "scale"
        elif (
            word in {"a", "an", "one"}
            and last == ""
            and here + 1 < len(found)
            and (found[here + 1].lower in MULTIPLES or (found[here + 1].lower in SCALES and len(found[here + 1].lower) > 2))
        ):
            last = "article"
        elif word == "half" and last == "" and here + 2 < len(found) and found[here + 1].lower == "a" and found[here + 2].lower in {"dozen", "million"}:
            return Number(Decimal(6) if found[here + 2].lower == "dozen" else Decimal(500000), here + 3, True)
        elif (word == "-" and last == "tens" and here + 1 < len(found) and found[here + 1].lower in UNITS and found[here + 1].start == found[here].end) or (
            word == "and" and last in {"hundred", "scale"} and here + 1 < len(found) and (found[here + 1].lower in UNITS or found[here + 1].lower in TENS)
        ):
            pass
        elif (
            word == "and" and last == "unit" and here + 3 < len(found) and found[here + 1].lower == "a"
            and found[here + 2].lower in {"half", "quarter"} and found[here + 3].lower in SCALES
        ):  # fmt: skip
            current += _HALVES[found[here + 2].lower]
            here += 2
        else:
            break
        here += 1
    if last in {"", "article"}:
        return None
    return Number(total + current, here, True)


def _half(found: list[Piece], read: Number | None) -> Number | None:
    """Read on over "and a half", "and three quarters", "and three-quarter"."""
    if read is None or read.stop + 2 >= len(found) or found[read.stop].lower != "and":
        return read
    words = [piece.lower for piece in found[read.stop + 1 : read.stop + 4] if piece.lower != "-"]
    skip = 2 if read.stop + 2 < len(found) and found[read.stop + 2].lower == "-" else 1
    if words[:1] == ["a"] and words[1:2] and words[1] in {"half", "quarter"}:
        return Number(read.value + _HALVES[words[1]], read.stop + 3, read.words)
    if words[:1] == ["three"] and words[1:2] and words[1] in {"quarters", "quarter"}:
        return Number(read.value + Decimal("0.75"), read.stop + 2 + skip, read.words)
    return read
