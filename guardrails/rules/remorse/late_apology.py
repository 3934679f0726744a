"""Excuses come before the apology.

A reader who meets the reasons first hears them as excuses and stops looking for the apology. Own it, say sorry, then explain.

Source: apologise first, explain second (domain, section 1).
"""

from collections.abc import Iterator

from guardrails.finding import Level, Match
from guardrails.language.apology import apologies
from guardrails.letter import Reading
from guardrails.rule import Rule

_OWNS = 0.0
_EXCUSES = 0.0


def find(reading: Reading) -> Iterator[Match]:
    """Yield the first excuse that stands before any apology or plain ownership."""
    for sentence in reading.text:
        scores = reading.verdict(sentence).scores
        excused = scores["late-apology"] > _EXCUSES
        if not excused and (scores["remorse"] > 0 or scores["responsibility"] > _OWNS or apologies(sentence)):
            return
        if excused:
            yield Match(sentence.field, sentence.whole)
            return


rule = Rule(
    __name__,
    __doc__,
    level=Level.WARNING,
    message='"{quote}" comes before the apology and reads as an excuse. Apologise first, explain after.',
    find=find,
    bad=(
        "«As you may know, the industry has seen an unprecedented wave of changes this spring.» We apologise for letting your certificate expire.",
        "«Modern inventory systems are highly complex, and our team was in the middle of a demanding migration.» We are sorry that we lost your counts.",
    ),
    good=(
        "We are sorry that we lost your parcels. The holiday season put great demand on the network, and we had not planned for it.",
        "On Monday at nine our checkout stopped taking cards. We caused it, and I am sorry.",
    ),
)
