"""The apology is a stock phrase that names nothing.

"We apologise for the inconvenience" fits every failure of every company; readers have seen it too often to hear it.
Name what we did and what it cost this customer.

Source: "we apologise for the inconvenience" is worn out (domain, section 4); Packard and Berger, "How Concrete Language
Shapes Customer Satisfaction" (2021).
"""

from collections.abc import Iterator

from guardrails.finding import Level, Match
from guardrails.language.apology import span
from guardrails.letter import Reading
from guardrails.rule import Rule


def find(reading: Reading) -> Iterator[Match]:
    """Yield each apology whose object is a stock word for harm, with nothing about what happened."""
    for sentence in reading.all:
        for apology, worth in reading.apologies(sentence):
            if worth == "generic-apology":
                yield Match(sentence.field, span(sentence, apology))


rule = Rule(
    __name__,
    __doc__,
    level=Level.WARNING,
    message='"{quote}" is a stock phrase. Say what we did and what it cost them.',
    find=find,
    bad=(
        "«We apologise for any inconvenience this may have caused».",
        "I am sorry that we lost your order. «Sorry, too, for the hassle».",
    ),
    good=(
        "I am sorry for the hassle of re-labelling 900 cartons by hand.",
        "Inconvenience is too small a word for what we did to your audit, and I am sorry for it.",
    ),
)
