"""The five R's: which of them a letter holds, and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from guardrails.case import Severity
from guardrails.finding import Field
from guardrails.language.clauses import clauses
from guardrails.language.detector import judge
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


_THRESHOLDS = {"recognition": "effect", "responsibility": "responsibility", "remorse": "remorse", "prevention": "prevention"}


def elements(reading: Reading) -> Mapping[str, Element]:
    """Return the five R's of a letter, in their order, judged on its text alone."""
    found: dict[str, list[Place]] = {name: [] for name in ELEMENTS}
    issue: list[Place] = []
    for sentence in reading.text:
        if len(sentence.tokens) < 3:
            continue
        scores = judge(sentence.tokens, clauses(sentence.tokens)).scores
        place = Place("body", sentence.start, sentence.end)
        for name, detector in _THRESHOLDS.items():
            if scores[detector] > 0:
                found[name].append(place)
        if scores["issue"] > 0:
            issue.append(place)
        grave = reading.severity.rank >= Severity.HIGH.rank
        if scores["remedy" if grave else "restitution"] > 0:
            found["restitution"].append(place)
    if not issue and len(found["recognition"]) < 2:
        found["recognition"] = []
    return {name: Element(tuple(found[name])) for name in ELEMENTS}
