"""Expressions that are only looked for where a sentence has the words that they need.

A rule's expression costs more than looking up all the words of a sentence, and hardly ever matches. What it cannot do without is
worked out from the expression itself, for each way in which it can match, and which expressions and needs a word may belong to is
remembered by word: one look at the words of a sentence then says which expressions are worth trying.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, lru_cache, reduce
from operator import or_
from re import _constants as names  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from guardrails.language.memory import remembered

_ALL: list["Watched"] = []
_PATIENCE = 150
"""Sentences for which every expression is tried: who checks a few letters would wait longer for what it needs to be worked out."""
_asked = 0


class Expression:
    """A regular expression, compiled when it is first tried."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.pattern = pattern
        self._flags = flags

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The expression itself."""
        return re.compile(self.pattern, self._flags)


class Watched(Expression):
    """A regular expression over `Sentence.flat`."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        super().__init__(pattern, flags)
        self.ways = -1
        """The ways in which it can match, as bits of `signs`: all of these until they are worked out."""
        _ALL.append(self)

    def search(self, text: str, signs: int = -1) -> re.Match[str] | None:
        """Return the first match in a text, in words of which `signs` tells what they may belong to."""
        return self.compiled.search(text) if signs & self.ways else None

    def match(self, text: str, signs: int = -1) -> re.Match[str] | None:
        """Return the match at the beginning of a text, in words of which `signs` tells what they may belong to."""
        return self.compiled.match(text) if signs & self.ways else None

    def finditer(self, text: str, signs: int = -1) -> Iterable[re.Match[str]]:
        """Return the matches in a text, in words of which `signs` tells what they may belong to."""
        return self.compiled.finditer(text) if signs & self.ways else ()

    @property
    def needs(self) -> tuple[tuple[frozenset[str], ...], ...]:
        """For each way in which it can match, sets of parts of words, of each of which one is in the match; a blank in a part is the border of the word."""
        return tuple(_telling(way) for way in _ways(parser.parse(self.pattern, self._flags)))


def signs(words: Iterable[str]) -> int:
    """Return, as bits, the ways of matching that some lower-case words may belong to."""
    global _asked
    if _asked < _PATIENCE:
        _asked += 1
        return -1
    of, always, count = _worked_out(len(_ALL))
    met = reduce(or_, map(of, words), always)
    # Of expressions that come later nothing is known: they are tried.
    return met & met >> count | -1 << count


@lru_cache(maxsize=1)
def _worked_out(expressions: int) -> tuple[Callable[[str], int], int, int]:
    """Return what tells the bits of a word, the bits that need no word, and how many ways of matching there are.

    A way has two bits, the second as many places above the first as there are ways: one for each of its two needs.
    """
    ways = [(watched, way) for watched in _ALL[:expressions] for way in watched.needs]
    count = len(ways)
    always, parts, each = 0, dict[str, int](), dict[Watched, int]()
    for number, (watched, way) in enumerate(ways):
        each[watched] = each.get(watched, 0) | 1 << number
        for place in range(2):
            bit = 1 << number + place * count
            if place >= len(way):
                always |= bit
                continue
            for part in way[place]:
                parts[part] = parts.get(part, 0) | bit
    for watched, bits in each.items():
        watched.ways = bits
    starts: dict[str, list[tuple[str, int]]] = {}
    for part, bits in parts.items():
        starts.setdefault(part[:2], []).append((part, bits))

    def of(word: str) -> int:
        found, padded = 0, f" {word} "
        for at in range(len(padded) - 1):
            for part, bits in starts.get(padded[at : at + 2], ()):
                if padded.startswith(part, at):
                    found |= bits
        return found

    return remembered(of), always, count


def _ways(sequence: Any) -> list[list[frozenset[str]]]:
    """Return, for each way in which a parsed expression can match, sets of parts of words that it cannot do without."""
    for at, (kind, what) in enumerate(sequence):
        inner: list[list[frozenset[str]]] = []
        if kind is names.BRANCH:
            inner = [list(_sets(branch)) for branch in what[1]]
        elif kind is names.SUBPATTERN:
            inner = _ways(what[3])
        if len(inner) > 1:
            around = [*_sets(sequence[:at]), *_sets(sequence[at + 1 :])]
            return [around + way for way in inner]
    return [list(_sets(sequence))]


def _telling(sets: Iterable[frozenset[str]]) -> tuple[frozenset[str], ...]:
    """Return the two sets that say most."""
    return tuple(sorted(dict.fromkeys(sets), key=_says, reverse=True)[:2])


def _says(parts: frozenset[str]) -> tuple[int, int]:
    return min(map(_tells, parts)), -len(parts)


def _of(sequence: Iterable[tuple[Any, Any]]) -> frozenset[str] | None:
    """Return the parts of words that a parsed expression cannot do without: of several such sets the one that says most."""
    return max(_sets(sequence), key=_says, default=None)


_COMMON = frozenset("a an and are as at be before by for from has have if in is it not of on or our that the this to us was we were will with you your".split())


def _tells(part: str) -> int:
    """Return how much it says that a sentence has a part of a word: nearly nothing where most sentences have it."""
    return 1 if part.strip() in _COMMON else len(part)


def _sets(sequence: Iterable[tuple[Any, Any]]) -> Iterator[frozenset[str]]:
    run = ""
    for kind, what in sequence:
        if kind is names.LITERAL:
            run += chr(what)
            continue
        yield from _words(run)
        run = ""
        inner: frozenset[str] | None = None
        if kind is names.BRANCH:
            each = [_of(branch) for branch in what[1]]
            inner = None if None in each else frozenset().union(*(parts for parts in each if parts))
        elif kind is names.SUBPATTERN:
            inner = _of(what[3])
        elif kind is names.ATOMIC_GROUP:
            inner = _of(what)
        elif kind in {names.MAX_REPEAT, names.MIN_REPEAT, names.POSSESSIVE_REPEAT} and what[0] > 0:
            inner = _of(what[2])
        if inner:
            yield inner
    yield from _words(run)


def _words(run: str) -> Iterator[frozenset[str]]:
    """Yield the words in a run of letters, with a blank where the run shows their border."""
    for word in re.finditer(r"[^ ]+", run):
        part = (" " if word.start() else "") + word[0] + (" " if word.end() < len(run) else "")
        if len(part) > 1:
            yield frozenset({part})
