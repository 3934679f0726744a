"""How what is kept behind the desk slips into a letter without a word of it: the patterns of hints.txt, by subject."""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from guardrails.facts.known import Known
from guardrails.facts.words import concept
from guardrails.finding import Span
from guardrails.language.memory import remembered
from guardrails.language.watched import Expression, Watched
from guardrails.language.words import STOP
from guardrails.letter import Sentence

_Hint = tuple[Expression, str | None, tuple[str, ...]]

_SHORT = 3
"""How many letters of a word say whether a pattern is worth a look."""


class _Told(NamedTuple):
    """One way of telling: its pattern and the beginnings of words, one of which is in whatever it matches."""

    pattern: Expression
    signs: tuple[str, ...]


class _Subject(NamedTuple):
    """What in the background a subject is about (None: any), and the ways of telling it."""

    behind: re.Pattern[str] | None
    told: tuple[_Told, ...]


@cache
def _subjects() -> tuple[_Subject, ...]:
    named: dict[str, str] = {}
    found: list[tuple[re.Pattern[str] | None, list[_Told]]] = []
    for line in Path(__file__).with_name("hints.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith(("#", "[")):
            continue
        if line.startswith("= "):
            name, _, pattern = line[2:].partition(" | ")
            named[name] = pattern
        elif line.startswith("behind | "):
            behind = line.removeprefix("behind | ")
            found.append((None if behind == "*" else re.compile(behind), []))
        else:
            for name, pattern in named.items():
                line = line.replace(f"{{{name}}}", pattern)
            for one in _cut(line, "|"):
                signs, whole = _signs(one), rf"(?<![\w'-])(?:{one})(?![\w'])"
                found[-1][1].append(_Told(Expression(whole) if signs else Watched(whole), signs))
    return tuple(_Subject(behind, tuple(told)) for behind, told in found)


def _cut(pattern: str, sign: str) -> list[str]:
    """Cut a pattern at a sign that stands in no brackets."""
    parts, depth = [""], 0
    for letter in pattern:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == sign and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _signs(pattern: str) -> tuple[str, ...]:
    """Return beginnings of words of which a match holds one: the longest of the groups that it cannot do without."""
    best: tuple[str, ...] = ()
    for group, word in _ATOM.findall(pattern):
        words = _cut(group, "|") if group else [word]
        starts = tuple(start[0] if (start := re.match(r"[a-z]{3,}(?![?*])", one)) else "" for one in words)
        if all(start and start not in STOP for start in starts) and min(map(len, starts)) > min(map(len, best), default=0):
            best = starts
    return best


# A group or a word that has to be there: `(?:one|other)`, `word`, but not `(?:one|other)?`.
_ATOM = re.compile(r"\(\?:((?:[^()]|\([^()]*\))*)\)(?![?*{])|(?<![\w\\(:|?{\[-])([a-z]{3,})(?![\w?*'’-]*[?*\])|])")


@lru_cache(64)
def _touched(background: tuple[tuple[str, str], ...]) -> tuple[Mapping[str, tuple[_Hint, ...]], tuple[tuple[Watched, _Hint], ...]]:
    """Return the ways of telling a background, each with the part that it gives away: by the first letters of a sign, and those without one."""
    signed: dict[str, dict[_Hint, None]] = {}
    unsigned: list[tuple[Watched, _Hint]] = []
    for subject in _subjects():
        parts = [shown for text, shown in background if subject.behind.search(text)] if subject.behind else [None]
        for told in subject.told if parts else ():
            hint = (told.pattern, parts[0], told.signs)
            for sign in told.signs:
                signed.setdefault(sign[:_SHORT], {})[hint] = None
            if isinstance(told.pattern, Watched):
                unsigned.append((told.pattern, hint))
    return {start: tuple(found) for start, found in signed.items()}, tuple(unsigned)


class Hints:
    """How the background of a case could slip out, and which words of a letter make each way worth a look, remembered by word."""

    def __init__(self, facts: Known) -> None:
        self._signed, self.unsigned = _touched(tuple((f"{fact.key} {fact.text}".lower(), fact.shown) for fact in facts.internal))
        self.of = remembered(self._met)

    def _met(self, word: str) -> tuple[_Hint, ...]:
        """Return the ways of telling that a lower-case word may be part of."""
        return tuple(hint for hint in self._signed.get(word[:_SHORT], ()) if word.startswith(hint[2]))


def hints(sentence: Sentence, facts: Known, ways: Hints) -> Iterator[tuple[Span, str | None]]:
    """Yield the words of a sentence that hint at the background, with the part of it that they give away."""
    signs = sentence.signs
    look = {hint: None for watched, hint in ways.unsigned if watched.ways & signs}
    for met in filter(None, map(ways.of, sentence.lowers)):
        look.update(dict.fromkeys(met))
    for pattern, evidence, _ in look:
        for match in pattern.compiled.finditer(sentence.flat):
            words = [word for word in match[0].split() if word not in STOP and word.isalpha()]
            if any(concept(word) not in facts.vocabulary for word in words):
                yield sentence.span(match.start(), match.end()), evidence
