"""Excuses come before the apology.

A reader who meets the reasons first hears them as excuses and stops looking for the apology. Own it, say sorry, then explain.

Source: apologise first, explain second (domain, section 1).
"""

from collections.abc import Iterator

from guardrails.finding import Level, Match
from guardrails.language.cues import Cue
from guardrails.letter import Reading, Sentence
from guardrails.rule import Rule

# What the learned detectors must say for a sentence to own what happened, and for one with a turn of speech to excuse it.
_OWNS = 0.5
_EXCUSES = -2.0


def find(reading: Reading) -> Iterator[Match]:
    """Yield the first excuse that stands before any apology or plain ownership."""
    for sentence in reading.text:
        if not sentence.tokens:
            continue
        if found := _excuse(reading, sentence):
            yield found
            return
        if reading.verdict(sentence).scores["responsibility"] > _OWNS or reading.apologies(sentence):
            return


def _excuse(reading: Reading, sentence: Sentence) -> Match | None:
    """Return the part of a sentence that excuses what comes later, unless the sentence apologises itself before it."""
    scores = reading.verdict(sentence).scores
    if scores["late-apology"] <= _EXCUSES or scores["responsibility"] > _OWNS:
        return None
    said = [cue for cue in reading.cues(sentence) if cue.kind == "late-apology" and not _theirs(sentence, cue)]
    if not said or any(apology.sign < said[0].start for apology, _ in reading.apologies(sentence)):
        return None
    return Match(sentence.field, sentence.whole)


def _theirs(sentence: Sentence, cue: Cue) -> bool:
    """Whether a turn of speech is about the customer's people or season, not ours."""
    return any(token.lower in {"your", "yours"} for token in sentence.tokens[cue.start : cue.stop])


rule = Rule(
    __name__,
    __doc__,
    level=Level.WARNING,
    message='"{quote}" comes before the apology and reads as an excuse. Apologise first, explain after.',
    find=find,
    bad=(
        "«As you may know, the industry has seen an unprecedented wave of changes this spring.» We apologise for letting your certificate expire.",
        "«The team was in the middle of a demanding migration when your ticket arrived.» We are sorry that we took five days to answer.",
    ),
    good=(
        "We are sorry that we lost your parcels. The holiday season put great demand on the network, and we had not planned for it.",
        "On Monday at nine our checkout stopped taking cards. We caused it, and I am sorry.",
    ),
)
