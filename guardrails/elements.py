"""The five R's: which of them a letter holds, and where.

Each sentence is heard by the learned detectors; what they say of the whole letter is added up softly, so that two
half-clear sentences can count as one clear one. What they cannot know is ruled here: an apology for a feeling, on a
condition or of stock words is no remorse, a recognition needs both the failure and what it did to the customer, and from
high severity on ending the incident is no restitution.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import NamedTuple

from guardrails.case import Severity
from guardrails.finding import Field
from guardrails.language.clauses import Role
from guardrails.language.words import classes
from guardrails.letter import Reading, Sentence

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


# How much a letter must say in all before a detector's word counts.
_ENOUGH = {"issue": -0.2, "effect": -0.5, "responsibility": 0.6, "remorse": 0.0, "restitution": -0.8, "remedy": 0.2, "prevention": 0.0}


def elements(reading: Reading) -> Mapping[str, Element]:
    """Return the five R's of a letter, in their order, judged on its text alone."""
    text = [sentence for sentence in reading.text if sentence.tokens]
    reached = _reached(reading, text)
    issue = _said(reading, "issue", reading.all) or reached
    effect = _said(reading, "effect", reading.all) or reached
    grave = reading.severity.rank >= Severity.HIGH.rank
    remedy = (*_said(reading, "remedy", text), *_recovered(reading, text))
    found = {
        "recognition": tuple(dict.fromkeys((*issue, *effect))) if issue and effect else (),
        "responsibility": _said(reading, "responsibility", [sentence for sentence in text if not _about_us(reading, sentence)]),
        "remorse": _remorse(reading, text),
        "restitution": remedy if grave else tuple(dict.fromkeys((*_said(reading, "restitution", text), *remedy))),
        "prevention": _said(reading, "prevention", [sentence for sentence in text if _may_prevent(reading, sentence)]),
    }
    return {name: Element(tuple(sorted(found[name], key=lambda place: (place.field == "body", place.start)))) for name in ELEMENTS}


def _said(reading: Reading, name: str, where: Sequence[Sentence]) -> tuple[Place, ...]:
    """Return the sentences that say it, where all of them together say it clearly enough."""
    scored = [(reading.verdict(sentence).scores[name], sentence) for sentence in where if sentence.tokens]
    enough = _ENOUGH[name]
    if not scored or log(sum(exp(min(2 * score, 40)) for score, _ in scored)) / 2 <= enough:
        return ()
    clear = [sentence for score, sentence in scored if score > enough] or [max(scored, key=lambda pair: pair[0])[1]]
    return tuple(Place(sentence.field, sentence.start, sentence.end) for sentence in clear)


def _about_us(reading: Reading, sentence: Sentence) -> bool:
    """Whether a sentence tells of the sender's own hardship: what "we" suffered is no fault owned."""
    return reading.verdict(sentence).scores["self-focus"] > 0.5


_REACHES = frozenset("access copy disclose download expose leak obtain publish read reach reveal steal take view".split())


def _reached(reading: Reading, text: Sequence[Sentence]) -> tuple[Place, ...]:
    """Return the sentences that say whose data somebody else got at: the failure and its effect in one (GDPR, article 34)."""
    return tuple(
        Place(sentence.field, sentence.start, sentence.end)
        for sentence in text
        if any(token.lower == "your" for token in sentence.tokens)
        and any("document" in names or "data_thing" in names for names in (classes(token.lower) for token in sentence.tokens))
        and any(
            clause.lemma in _REACHES and not clause.negative and clause.form == "finite" and clause.actor is not Role.CUSTOMER
            for clause in reading.clauses(sentence)
        )
    )


_RECOVERS = frozenset("recover restore rebuild retrieve reconstruct redo salvage re-key rekey re-enter replay".split())


def _recovered(reading: Reading, text: Sequence[Sentence]) -> tuple[Place, ...]:
    """Return the sentences that say how much of the customer's data was brought back: more than ending the incident."""
    return tuple(
        Place(sentence.field, sentence.start, sentence.end)
        for sentence in text
        if any(token.lower[0].isdigit() for token in sentence.tokens)
        and any(
            clause.lemma in _RECOVERS
            and not clause.negative
            and clause.form == "finite"
            and any("document" in names or "data_thing" in names for names in (classes(token.lower) for token in sentence.tokens))
            for clause in reading.clauses(sentence)
        )
    )


def _may_prevent(reading: Reading, sentence: Sentence) -> bool:
    """Whether a sentence may name a change: it does not tell the customer what to do, boast, or tell the failure."""
    parts = reading.clauses(sentence)
    scores = reading.verdict(sentence).scores
    asks = bool(parts) and parts[0].form == "imperative" and not any(part.actor is Role.SENDER for part in parts)
    other = max(scores["issue"], scores["effect"], scores["remedy"], scores["self-focus"])
    return not asks and scores["over-promise"] < 1.5 and other < scores["prevention"] + 1.0


def _remorse(reading: Reading, text: Sequence[Sentence]) -> tuple[Place, ...]:
    """Return the sentences that are sorry for what we did or for what it did to the customer."""
    aimed, rest = [], []
    for sentence in text:
        said = reading.apologies(sentence)
        if any(worth is None for _, worth in said):
            aimed.append(Place(sentence.field, sentence.start, sentence.end))
        elif not said:
            rest.append(sentence)
    return (*aimed, *_said(reading, "remorse", rest))
