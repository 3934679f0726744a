"""Weights learned from the marked letters for what the rules of the facts have to guess: read once, added up by name."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from guardrails.language.features import Hearer


class Weights(NamedTuple):
    """A constant, the weight of each feature, and what finds the known words of a sentence fast."""

    constant: float
    table: Mapping[str, float]
    hear: Hearer[str]

    def score(self, names: Iterable[str], measured: Mapping[str, float]) -> float:
        """Return the sum for features that are there or not, and for those that come in measures. Above zero means yes."""
        table = self.table
        return self.constant + sum(table.get(name, 0.0) for name in names) + sum(table.get(name, 0.0) * value for name, value in measured.items())


@cache
def weights(name: str) -> Weights:
    """Return the weights in a file of this folder."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    rows = [line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#")]
    table = {feature: float(weight) for feature, weight in rows}
    constant = table.pop("bias")
    return Weights(constant, table, Hearer(table, str))
