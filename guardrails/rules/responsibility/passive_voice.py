"""A passive hides who acted.

"Your data was deleted" leaves open by whom; "we deleted your data" is the sentence the customer is waiting for. Where a
passive hides our own failure it must go; elsewhere the active voice only reads better.

Source: domain, "The mistakes a letter is checked for"; Fausey and Boroditsky, "Subtle Linguistic Cues Influence Perceived
Blame and Financial Liability" (2010).
"""

from collections.abc import Iterator

from guardrails.finding import Level, Match, Span
from guardrails.language.harm import harmful
from guardrails.language.passive import passives
from guardrails.letter import Reading
from guardrails.rule import Rule


def find(reading: Reading) -> Iterator[Match]:
    """Yield each finite passive that the customer is not quoted with: an error where it hides our failure."""
    for sentence in reading.all:
        for passive in passives(sentence.tokens):
            if not passive.finite or sentence.tokens[passive.verb].lower == "born" or sentence.quoted(passive.start):
                continue
            if harmful(reading, sentence, passive):
                yield Match(sentence.field, Span(passive.start, passive.end), evidence="harmful")
            else:
                yield Match(
                    sentence.field,
                    Span(passive.start, passive.end),
                    evidence="harmless",
                    level=Level.SUGGESTION,
                    message='"{quote}" reads better with the one who acts as its subject.',
                )


rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message='"{quote}" hides that it was us. Say who did it: "we …".',
    find=find,
    bad=(
        "Your orders «were deleted» on Monday.",
        "Your drivers «weren't told» that the gate had moved.",
    ),
    good=(
        "We deleted your orders on Monday.",
        '"I was told to wait," you wrote, and you waited for six days.',
    ),
)
