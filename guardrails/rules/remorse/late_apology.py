"""Excuses come before the apology.

A reader who meets the reasons first hears them as excuses and stops looking for the apology. Own it, say sorry, then explain.

Source: apologise first, explain second (domain, section 1).
"""

from collections.abc import Iterator

from guardrails.finding import Level, Match
from guardrails.language.cues import Cue
from guardrails.letter import Reading, Sentence
from guardrails.rule import Rule

# What the learned detectors must say: that a sentence owns what happened, that it excuses it, that one with a turn of speech does, or one that gives a reason.
_OWNS = 0.5
_EXCUSES, _TURNS, _REASONS = -0.2, -1.2, -1.2
_REASON = frozenset("because reason context background due normally usually always understand aware known know consider since defence".split())


def find(reading: Reading) -> Iterator[Match]:
    """Yield the first excuse that stands before the apology, where one comes, and before any plain ownership."""
    text = [sentence for sentence in reading.text if sentence.tokens]
    for at, sentence in enumerate(text):
        scores = reading.verdict(sentence).scores
        excuse = scores["late-apology"]
        owns = scores["responsibility"] > _OWNS
        if excuse > _TURNS and not (owns and excuse < scores["responsibility"] + 1) and (start := _excuse(reading, sentence, excuse)) is not None:
            signs = [apology.sign for apology, _ in reading.apologies(sentence)]
            if not any(sign < start for sign in signs) and (signs or any(reading.apologies(later) for later in text[at + 1 :])):
                yield Match(sentence.field, sentence.whole)
            return
        if owns or reading.apologies(sentence):
            return


def _excuse(reading: Reading, sentence: Sentence, excuse: float) -> int | None:
    """Return the token at which a sentence starts to excuse, if it does."""
    said = [cue.start for cue in reading.cues(sentence) if cue.kind == "late-apology" and not _theirs(sentence, cue)]
    if said:
        return said[0]
    if reading.apologies(sentence):
        return None
    reason = any(token.lower in _REASON for token in sentence.tokens)
    return 0 if excuse > (_REASONS if reason else _EXCUSES) else None


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
        "«As you may imagine, a quarter's end is always a heavy time for an accounts team.» I apologise for the invoice that we sent you three times.",
        "«The team was in the middle of a demanding migration when your ticket arrived.» We are sorry that we took five days to answer.",
    ),
    good=(
        "We are sorry that we lost your parcels. The holiday season put great demand on the network, and we had not planned for it.",
        "On Monday at nine our checkout stopped taking cards. We caused it, and I am sorry.",
    ),
)
