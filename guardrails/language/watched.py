"""Expressions that are only looked for where a sentence has a word that they need.

A rule's expression costs more than looking up all the words of a sentence, and hardly ever matches. What it cannot do without is
worked out from the expression itself, and which expressions a word may belong to is remembered by word: one look at the words of
a sentence then says which expressions are worth trying.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from re import _constants as names  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_ALL: list["Watched"] = []
_PATIENCE = 50
"""Sentences for which every expression is tried: who checks one letter would wait longer for what it needs to be worked out."""
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
    """A regular expression over `Sentence.flat`. `bit` stands for it in `signs`."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        super().__init__(pattern, flags)
        self.bit = 1 << len(_ALL)
        _ALL.append(self)

    def search(self, text: str, signs: int = -1) -> re.Match[str] | None:
        """Return the first match in a text, in words of which `signs` tells what they may belong to."""
        return self.compiled.search(text) if signs & self.bit else None

    def match(self, text: str, signs: int = -1) -> re.Match[str] | None:
        """Return the match at the beginning of a text, in words of which `signs` tells what they may belong to."""
        return self.compiled.match(text) if signs & self.bit else None

    def finditer(self, text: str, signs: int = -1) -> Iterable[re.Match[str]]:
        """Return the matches in a text, in words of which `signs` tells what they may belong to."""
        return self.compiled.finditer(text) if signs & self.bit else ()

    @property
    def needs(self) -> frozenset[str]:
        """Parts of words, one of which is in whatever matches; a blank in one is the border of the word. None of them: anything may match."""
        return _of(parser.parse(self.pattern, self._flags)) or frozenset()


def signs(words: Iterable[str]) -> int:
    """Return, as a set of bits, the watched expressions that some lower-case words may belong to."""
    global _asked
    if _asked < _PATIENCE:
        _asked += 1
        return -1
    # Of expressions that come later nothing is known: they are tried.
    count = len(_ALL)
    found = -1 << count
    for word in words:
        found |= _signs(word, count)
    return found


@lru_cache(maxsize=4096)
def _signs(word: str, count: int) -> int:
    always, starts = _starts(count)
    padded = f" {word} "
    for at in range(len(padded) - 1):
        for part, bits in starts.get(padded[at : at + 2], ()):
            if padded.startswith(part, at):
                always |= bits
    return always


@lru_cache(maxsize=1)
def _starts(count: int) -> tuple[int, dict[str, list[tuple[str, int]]]]:
    """Return the expressions that need no word, and by the first two letters the parts of words that others need."""
    always, parts = 0, dict[str, int]()
    for watched in _ALL[:count]:
        needs = watched.needs
        for part in needs:
            parts[part] = parts.get(part, 0) | watched.bit
        if not needs:
            always |= watched.bit
    starts: dict[str, list[tuple[str, int]]] = {}
    for part, bits in parts.items():
        starts.setdefault(part[:2], []).append((part, bits))
    return always, starts


def _of(sequence: Iterable[tuple[Any, Any]]) -> frozenset[str] | None:
    """Return the parts of words that a parsed expression cannot do without: of several such sets the one that says most."""
    return max(_sets(sequence), key=lambda parts: (min(map(_tells, parts)), -len(parts)), default=None)


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
