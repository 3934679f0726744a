"""The five R's: which of them a letter holds, and where.

Each sentence is heard by the learned detectors; what they say of the whole letter is added up softly, so that two
half-clear sentences can count as one clear one. What they cannot know is ruled here: an apology for a feeling, on a
condition or of stock words is no remorse, a recognition needs both the failure and what it did to the customer, and from
high severity on ending the incident is no restitution.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from operator import itemgetter
from typing import NamedTuple

from guardrails.case import Severity
from guardrails.finding import Field
from guardrails.language.clauses import Role
from guardrails.language.cues import FAULTS
from guardrails.language.memory import remembered
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
_ENOUGH = {"issue": -1.5, "effect": -1.8, "responsibility": 0.3, "remorse": 0.3, "restitution": -1.5, "remedy": 0.7, "prevention": -0.5}


_Heard = tuple[Sentence, Mapping[str, float], float]
"""A sentence with what the detectors say of it, and how clearly they hear a fault in it."""


def elements(reading: Reading) -> Mapping[str, Element]:
    """Return the five R's of a letter, in their order, judged on its text alone."""
    every = [(sentence, scores := reading.verdict(sentence).scores, max(_faults(scores))) for sentence in reading.all if sentence.tokens]
    text = [heard for heard in every if heard[0].field == "body"]
    reached = _reached(reading, text)
    issue = _said("issue", every) or reached
    effect = _said("effect", every) or reached
    grave = reading.severity.rank >= Severity.HIGH.rank
    remedy = (*_said("remedy", text), *_recovered(reading, text))
    found = {
        "recognition": tuple(dict.fromkeys((*issue, *effect))) if issue and effect else (),
        "responsibility": _said("responsibility", text),
        "remorse": _remorse(reading, text),
        "restitution": remedy if grave else tuple(dict.fromkeys((*_said("restitution", [heard for heard in text if _may_mend(reading, heard)]), *remedy))),
        "prevention": _said("prevention", [heard for heard in text if _may_prevent(reading, heard)]),
    }
    return {name: Element(tuple(sorted(found[name], key=lambda place: (place.field == "body", place.start)))) for name in ELEMENTS}


_faults = itemgetter(*FAULTS, "tone")


def _said(name: str, where: Sequence[_Heard]) -> tuple[Place, ...]:
    """Return the sentences that say it, where all of them together say it clearly enough."""
    scored = [(scores[name], sentence) for sentence, scores, fault in where if fault < scores[name]]
    enough = _ENOUGH[name]
    if not scored or log(sum([exp(min(2 * score, 40)) for score, _ in scored])) / 2 <= enough:
        return ()
    clear = [sentence for score, sentence in scored if score > enough] or [max(scored, key=lambda pair: pair[0])[1]]
    return tuple(map(_place, clear))


def _place(sentence: Sentence) -> Place:
    return Place(sentence.field, sentence.start, sentence.end)


_REACHES = frozenset("access copy disclose download expose leak obtain publish read reach reveal steal take view".split())


@remembered
def _is_data(word: str) -> bool:
    """Whether a lower-case word stands for what customers keep with us."""
    return not {"document", "data_thing"}.isdisjoint(classes(word))


def _reached(reading: Reading, text: Sequence[_Heard]) -> tuple[Place, ...]:
    """Return the sentences that say whose data somebody else got at: the failure and its effect in one (GDPR, article 34)."""
    return tuple(
        _place(sentence)
        for sentence, _, _ in text
        if "your" in sentence.lowers
        and any(
            clause.lemma in _REACHES and not clause.negative and clause.form == "finite" and clause.actor is not Role.CUSTOMER
            for clause in reading.clauses(sentence)
        )
        and any(map(_is_data, sentence.lowers))
    )


_RECOVERS = frozenset("recover restore rebuild retrieve reconstruct redo salvage re-key rekey re-enter replay".split())


def _recovered(reading: Reading, text: Sequence[_Heard]) -> tuple[Place, ...]:
    """Return the sentences that say how much of the customer's data was brought back: more than ending the incident."""
    return tuple(
        _place(sentence)
        for sentence, _, _ in text
        if any(clause.lemma in _RECOVERS and not clause.negative and clause.form == "finite" for clause in reading.clauses(sentence))
        and any(word[0].isdigit() for word in sentence.lowers)
        and any(map(_is_data, sentence.lowers))
    )


_YOURS = frozenset("you your yours".split())


def _may_mend(reading: Reading, heard: _Heard) -> bool:
    """Whether a sentence may say what was done or is given: "we accept cards" tells what holds for everybody at any time."""
    sentence, scores, _ = heard
    if scores["restitution"] > 1.5 or not _YOURS.isdisjoint(sentence.lowers):
        return True
    return any(part.form == "finite" and part.tense != "present" for part in reading.clauses(sentence))


_ASKS = frozenset(("please", "kindly"))


def _may_prevent(reading: Reading, heard: _Heard) -> bool:
    """Whether a sentence may name a change: it neither asks the customer to do something nor tells the failure or a remedy."""
    sentence, scores, _ = heard
    if scores["over-promise"] >= max(1.5, scores["prevention"] - 1) or max(scores["issue"], scores["effect"], scores["remedy"]) >= scores["prevention"]:
        return False
    asks = sentence.lowers[0] == "do" or not _ASKS.isdisjoint(sentence.lowers)
    return not asks or any(part.actor is Role.SENDER for part in reading.clauses(sentence))


# Where one of these is no apology of ours ("a sorry state", "they sent their regrets"), nothing else in the sentence makes it one.
_SAYS_SORRY = frozenset("sorry apology apologies apologise apologize apologised apologized regret regrets regretted forgive".split())


def _remorse(reading: Reading, text: Sequence[_Heard]) -> tuple[Place, ...]:
    """Return the sentences that are sorry for what we did or for what it did to the customer."""
    aimed, rest = [], []
    for heard in text:
        sentence = heard[0]
        said = reading.apologies(sentence)
        if any(worth is None for _, worth in said):
            aimed.append(_place(sentence))
        elif not said and _SAYS_SORRY.isdisjoint(sentence.lowers):
            rest.append(heard)
    return (*aimed, *_said("remorse", rest))
