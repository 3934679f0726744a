"""Weights learned from the marked letters for what the rules of the facts have to guess: read once, added up by name."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from guardrails.language.detector import read
from guardrails.language.features import of_classes, of_lower
from guardrails.language.memory import remembered
from guardrails.language.words import phrases


class Weights:
    """A constant and the weight of each feature: of words and their classes, which count by presence, and of what comes in measures."""

    def __init__(self, constant: float, table: Mapping[str, float]) -> None:
        self.constant = constant
        self.table = table
        self._of = remembered(self._known)

    def _known(self, word: str) -> frozenset[str]:
        return frozenset(self.table.keys() & of_lower(word))

    def heard(self, words: Sequence[str]) -> set[str]:
        """Return the features of some lower-case words that have a weight."""
        return set[str]().union(*map(self._of, words), *(self.table.keys() & of_classes((phrase.name,)) for phrase in phrases(words)))

    def score(self, words: Sequence[str], measured: Mapping[str, float]) -> float:
        """Return the sum for some lower-case words and for what is measured beside them. Above zero means yes."""
        table = self.table
        return self.constant + sum(map(table.__getitem__, self.heard(words))) + sum([table.get(name, 0.0) * value for name, value in measured.items()])


@cache
def weights(name: str) -> Weights:
    """Return the weights in a file of this folder."""
    table = read(Path(__file__).with_name(name))
    return Weights(table.pop("bias"), table)
