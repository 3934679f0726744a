"""Learned detectors: what kind of thing a sentence says, by linear weights over its features.

`detectors.txt` holds the weights; `eval/train_detectors.py` learns them from the marked letters. A score
is a sum, above zero means yes, and `explain` names the summands. One more detector, `LEAK`, has its weights in
leaks.txt (`eval/train_leaks.py`): it hears what the words say of a leak, to which a rule adds what it measures.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from guardrails.finding import Span
from guardrails.language.clauses import Clause
from guardrails.language.features import Hearer, features
from guardrails.language.tokens import Token


class Weights(NamedTuple):
    """Names of the detectors, their constants, and of each feature the detectors it counts for with its weight in hundredths."""

    names: tuple[str, ...]
    constants: tuple[int, ...]
    table: dict[str, str]
    """For each feature, as written: a detector's number, its weight, the next detector's number, its weight, and so on."""
    packed: "_Packed"
    base: int
    """The constants, packed likewise. A lane below zero borrows from the next; half a lane's range more in each keeps all of them above."""
    hear: "Hearer[_Lanes]"

    def of(self, feature: str) -> Iterator[tuple[int, int]]:
        """Yield the number of each detector that a feature counts for, with its weight."""
        return _pairs(self.table[feature]) if feature in self.table else iter(())


def _pairs(row: str) -> Iterator[tuple[int, int]]:
    numbers = list(map(int, row.split(",")))
    return zip(numbers[::2], numbers[1::2], strict=True)


_LANE = 32
_MIDDLE = 1 << (_LANE - 1)


class _Lanes(int):
    """The weights of a feature as one whole number with a lane for each detector, so that one addition adds them all.

    It equals only itself: a set holds each feature once, whatever it weighs.
    """

    __slots__ = ()
    __hash__ = object.__hash__
    __eq__ = object.__eq__


class _Packed(dict[str, _Lanes]):
    """The weights of each feature that was met; nothing for one that is not in the table."""

    def __init__(self, table: Mapping[str, str]) -> None:
        super().__init__()
        self._table = table

    def __missing__(self, feature: str) -> _Lanes:
        weights = _pairs(self._table[feature]) if feature in self._table else ()
        total = self[feature] = _Lanes(sum(weight << (_LANE * detector) for detector, weight in weights))
        return total


class Verdict:
    """What the detectors say of one sentence. `scores` by detector: above zero is yes, and +1 is e times as likely as 0."""

    __slots__ = ("_found", "_parts", "_tokens", "_weights", "scores")

    def __init__(self, tokens: Sequence[Token], words: Sequence[str], parts: Sequence[Clause], weights: Weights) -> None:
        self._tokens = tokens
        self._parts = parts
        self._found: dict[str, list[int]] | None = None
        self._weights = weights
        names = weights.names
        total = sum(weights.hear(words, parts), weights.base)
        sums = struct.unpack(f"<{len(names)}I", total.to_bytes(_LANE // 8 * len(names), "little"))
        self.scores: Mapping[str, float] = dict(zip(names, [(lane - _MIDDLE) / 100 for lane in sums], strict=True))

    def _places(self) -> dict[str, list[int]]:
        """Return the features with their tokens: what only a verdict that is asked for its reasons needs."""
        if self._found is None:
            self._found = features(self._tokens, self._parts)
        return self._found

    def explain(self, name: str, count: int = 8) -> list[tuple[str, float]]:
        """Return the features that speak loudest for (positive) or against (negative) a detector, loudest first."""
        number = self._weights.names.index(name)
        parts = [(feature, weight / 100) for feature in self._places() for detector, weight in self._weights.of(feature) if detector == number]
        return sorted(parts, key=lambda part: (-abs(part[1]), part[0]))[:count]

    def words(self, name: str) -> list[float]:
        """Return, for each token, how much it speaks for a detector."""
        number = self._weights.names.index(name)
        shares = [0.0] * len(self._tokens)
        for feature, places in self._places().items():
            for detector, weight in self._weights.of(feature):
                if detector == number:
                    for place in places:
                        shares[place] += weight / 100 / len(places)
        return shares

    def core(self, name: str, parts: Sequence[Clause] = ()) -> Span:
        """Return the token range that carries a detector's yes: the clause with the most weight, or the run of words around its peak."""
        shares = self.words(name)
        if not shares:
            return Span(0, 0)
        if parts:
            best = max(parts, key=lambda clause: (sum(shares[clause.first : clause.stop]), -clause.first))
            return Span(best.first, max(best.stop, best.first + 1))
        # The run of words with the greatest sum, each word paying a little for being there.
        top, run, start, found = 0.0, 0.0, 0, (0, len(shares))
        for at, share in enumerate(shares):
            if run <= 0:
                run, start = 0.0, at
            run += share - 0.05
            if run > top:
                top, found = run, (start, at + 1)
        return Span(*found)


LEAK = "leaked-internal-fact"


def read(path: Path) -> dict[str, float]:
    """Return the weights in a text file, which has a name and a weight a line."""
    rows = (line.rsplit(" ", 1) for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return {name: float(weight) for name, weight in rows}


@cache
def leaks() -> Mapping[str, float]:
    """Return the weights of what gives the background away, by word and by measure."""
    return read(Path(__file__).with_name("leaks.txt"))


@cache
def weights() -> Weights:
    """Return the learned weights, read once."""
    # The names of the detectors, their constants; then in turn a feature and its weights, one text, which is taken apart when a sentence has the feature.
    learned, zeros, *rows = Path(__file__).with_name("detectors.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    table = dict(zip(rows[::2], rows[1::2], strict=True))
    names, constants = (*learned.split(), LEAK), (*map(int, zeros.split()), round(leaks()["bias"] * 100))
    for feature, weight in leaks().items():
        row = f"{len(names) - 1},{round(weight * 100)}"
        table[feature] = f"{table[feature]},{row}" if feature in table else row
    base = sum((_MIDDLE + constant) << (_LANE * number) for number, constant in enumerate(constants))
    packed = _Packed(table)
    return Weights(names, constants, table, packed, base, Hearer(table, packed.__getitem__))


def judge(tokens: Sequence[Token], words: Sequence[str], parts: Sequence[Clause]) -> Verdict:
    """Return what the detectors say of a sentence, given its tokens, its lower-case words and its clauses."""
    return Verdict(tokens, words, parts, weights())
