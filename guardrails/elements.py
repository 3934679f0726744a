"""The five R's: which of them a letter holds, and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from guardrails.finding import Field
from guardrails.letter import Reading

ELEMENTS = ("recognition", "responsibility", "remorse", "restitution", "prevention")


class Place(NamedTuple):
    """Words of a field."""

    field: Field
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Element:
    """Whether one of the five R's is there, and the words that say so."""

    evidence: tuple[Place, ...] = ()

    @property
    def present(self) -> bool:
        """Whether any words express it."""
        return bool(self.evidence)


def elements(reading: Reading) -> Mapping[str, Element]:
    """Return the five R's of a letter, in their order, judged on its text alone."""
    raise NotImplementedError
