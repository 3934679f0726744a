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


# How much a letter must say in all before a detector's word counts. A sentence heard more clearly as a fault does not.
_ENOUGH = {"issue": 0.0, "effect": -0.5, "responsibility": 0.3, "remorse": 0.2, "restitution": -1.0, "remedy": 0.0, "prevention": -0.2}


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
        "responsibility": _said(reading, "responsibility", text),
        "remorse": _remorse(reading, text),
        "restitution": remedy if grave else tuple(dict.fromkeys((*_said(reading, "restitution", text), *remedy))),
        "prevention": _said(reading, "prevention", [sentence for sentence in text if _may_prevent(reading, sentence)]),
    }
    return {name: Element(tuple(sorted(found[name], key=lambda place: (place.field == "body", place.start)))) for name in ELEMENTS}


_FAULTS = ("vague", "conditional-apology", "defensive", "over-promise", "self-focus", "blame-shift", "tone", "late-apology", "non-apology")


def _said(reading: Reading, name: str, where: Sequence[Sentence]) -> tuple[Place, ...]:
    """Return the sentences that say it, where all of them together say it clearly enough."""
    heard = [(reading.verdict(sentence).scores, sentence) for sentence in where if sentence.tokens]
    scored = [(scores[name], sentence) for scores, sentence in heard if max(scores[fault] for fault in _FAULTS) < scores[name]]
    enough = _ENOUGH[name]
    if not scored or log(sum(exp(min(2 * score, 40)) for score, _ in scored)) / 2 <= enough:
        return ()
    clear = [sentence for score, sentence in scored if score > enough] or [max(scored, key=lambda pair: pair[0])[1]]
    return tuple(Place(sentence.field, sentence.start, sentence.end) for sentence in clear)


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


_ASKS = frozenset(("please", "kindly"))


def _may_prevent(reading: Reading, sentence: Sentence) -> bool:
    """Whether a sentence may name a change: it neither asks the customer to do something nor tells the failure or a remedy."""
    scores = reading.verdict(sentence).scores
    words = [token.lower for token in sentence.tokens]
    asks = (words[0] == "do" or not _ASKS.isdisjoint(words)) and not any(part.actor is Role.SENDER for part in reading.clauses(sentence))
    return not asks and scores["over-promise"] < 1.5 and max(scores["issue"], scores["effect"], scores["remedy"]) < scores["prevention"]


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
