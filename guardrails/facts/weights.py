"""Weights learned from the marked letters for what the rules of the facts have to guess: read once, added up by name."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from guardrails.language.features import of_classes, of_lower
from guardrails.language.memory import remembered
from guardrails.language.words import phrases


class Weights:
    """A constant and the weight of each feature: of words and their classes, which count by presence, and of what comes in measures."""

    def __init__(self, constant: float, table: Mapping[str, float]) -> None:
        self.constant = constant
        self.table = table
        self._of_word = remembered(lambda word: self._known(of_lower(word)))
        self._of_class = remembered(lambda name: self._known(of_classes((name,))))

    def _known(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset(self.table.keys() & names)

    def heard(self, words: Sequence[str]) -> set[str]:
        """Return the features of some lower-case words that have a weight."""
        return set[str]().union(*map(self._of_word, words), *(self._of_class(phrase.name) for phrase in phrases(words)))

    def score(self, words: Sequence[str], measured: Mapping[str, float]) -> float:
        """Return the sum for some lower-case words and for what is measured beside them. Above zero means yes."""
        table = self.table
        return self.constant + sum(map(table.__getitem__, self.heard(words))) + sum(table.get(name, 0.0) * value for name, value in measured.items())


@cache
def weights(name: str) -> Weights:
    """Return the weights in a file of this folder."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    rows = [line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#")]
    table = {feature: float(weight) for feature, weight in rows}
    return Weights(table.pop("bias"), table)
