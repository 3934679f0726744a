"""The letter doubts what the customer went through.

"If you were affected", "any delay this may have caused": the facts say that it happened, and the words ask the
customer to prove it. State the harm as it was.

Source: domain, "The mistakes a letter is checked for"; Kampf, "Public (non-)apologies" (2009).
"""

from collections.abc import Iterator

from guardrails.finding import Level, Match
from guardrails.language.apology import apologies, condition, span
from guardrails.letter import Reading
from guardrails.rule import Rule

_FAR = 1.5


def find(reading: Reading) -> Iterator[Match]:
    """Yield each condition on an apology, and each hedge on a cause or an effect that is known."""
    for sentence in reading.all:
        words = [token.lower for token in sentence.tokens]
        met = False
        for apology in apologies(sentence):
            if condition(words, apology):
                met = True
                yield Match(sentence.field, span(sentence, apology))
        if not met and reading.verdict(sentence).scores["conditional-apology"] > _FAR:
            yield Match(sentence.field, sentence.words(*reading.verdict(sentence).core("conditional-apology", reading.clauses(sentence))))


rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message='"{quote}" puts in doubt what happened to the customer. Say what happened, without if or may.',
    find=find,
    bad=(
        "«We are sorry if this caused delays».",
        "«If your drivers were kept waiting, we apologise».",
    ),
    good=(
        "If anything is still off, reply to this letter and I will look at it.",
        "We do not yet know whether the file was read; I will tell you on Friday.",
    ),
)
