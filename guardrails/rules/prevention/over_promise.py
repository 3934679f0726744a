"""The letter promises what nobody can keep.

"This will never happen again", "your data is completely safe": one more failure, and the letter is quoted back.
Say what has changed and what it does; leave out the absolute.

Source: domain, "The mistakes a letter is checked for"; Halperin, Ho, List and Muir, "Toward an Understanding of the
Economics of Apologies" (2022): an apology that promises to do better, and fails, is worse than none.
"""

from collections.abc import Iterator

from guardrails.finding import Level, Match
from guardrails.letter import Reading
from guardrails.rule import Rule, pattern

_FAR = 1.0
_DISCLAIMS = pattern(
    "(?:can|could|will|would|do|shall|wo|ca) (?:not|n't) (?:promise|guarantee|swear|tell|say|claim|pretend|vow|assure)",
    "cannot (?:promise|guarantee|swear|tell|say|claim|pretend|vow|assure)",
    "(?:would|wish|should) (?:like|love) to (?:say|promise|tell)",
    "wish (?:i|we) could",
)


def find(reading: Reading) -> Iterator[Match]:
    """Yield each clause that is absolute about the future or about safety."""
    for sentence in reading.all:
        verdict = reading.verdict(sentence)
        if verdict.scores["over-promise"] < _FAR or _DISCLAIMS.search(sentence.flat):
            continue
        yield Match(sentence.field, sentence.words(*verdict.core("over-promise", reading.clauses(sentence))))


rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message='"{quote}" promises what nobody can keep. Say what has changed and what it does.',
    find=find,
    bad=(
        "«This will never happen again».",
        "«Your data is now completely safe».",
    ),
    good=(
        "I can't promise that this will never happen again.",
        "The tool refuses any file without two signatures.",
    ),
)
