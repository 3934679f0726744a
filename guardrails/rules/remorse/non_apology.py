"""The apology is for the customer's feelings, not for what we did.

"Sorry you feel that way" and "sorry if anyone was upset" leave open whether anything went wrong at all, and make
the customer's reaction the problem. Apologise for the act or for what it cost them.

Source: domain, "The mistakes a letter is checked for"; Kampf, "Public (non-)apologies" (2009).
"""

from collections.abc import Iterator

from guardrails.finding import Level, Match
from guardrails.language.apology import span
from guardrails.language.cues import around
from guardrails.letter import Reading
from guardrails.rule import Rule

# How much the learned detector must say where the words of an apology say so too, and where they do not.
_WITH_WORDS, _ALONE = -0.7, 2.5


def find(reading: Reading) -> Iterator[Match]:
    """Yield each apology whose object is a feeling, an impression, a wish, an unnamed experience or a condition."""
    for sentence in reading.all:
        if not sentence.tokens:
            continue
        score = reading.verdict(sentence).scores["non-apology"]
        said = [apology for apology, worth in reading.apologies(sentence) if worth == "non-apology"]
        if said and score > _WITH_WORDS:
            yield from (Match(sentence.field, span(sentence, apology)) for apology in said)
        elif score > _ALONE:
            yield Match(sentence.field, sentence.words(*around(sentence.tokens, *reading.verdict(sentence).core("non-apology"))))


rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message='"{quote}" is sorry for how the customer felt, not for what we did. Name what we did, and apologise for that.',
    find=find,
    bad=(
        "«We are sorry you felt ignored».",
        "«We regret that the invoice was perceived as inaccurate».",
    ),
    good=(
        "We are sorry that we ignored your three messages.",
        "You felt ignored because we ignored you, and for that I apologise.",
    ),
)
