"""The letter promises what nobody can keep.

"This will never happen again", "your data is completely safe": one more failure, and the letter is quoted back.
Say what has changed and what it does; leave out the absolute.

Source: domain, "The mistakes a letter is checked for"; Halperin, Ho, List and Muir, "Toward an Understanding of the
Economics of Apologies" (2022): an apology that promises to do better, and fails, is worse than none.
"""

from collections.abc import Iterator

from guardrails.finding import Level, Match
from guardrails.language.cues import Cue, around
from guardrails.letter import Reading, Sentence
from guardrails.rule import Rule, pattern

# How much the learned detector must say for a turn of speech to count, and how much where there is none.
_WITH_CUE, _ALONE = 0.5, 2.0
_DISCLAIMS = pattern(
    "(?:can|could|will|would|do|shall|wo|ca) (?:not|n't) (?:promise|guarantee|swear|tell|say|claim|pretend|vow|assure|undertake|warrant|call)",
    "cannot (?:promise|guarantee|swear|tell|say|claim|pretend|vow|assure|undertake|warrant|call)",
    "(?:could|might) (?:easily |just )?(?:promise|tell|say|write|claim)",
    "(?:like|love|able|wish) to (?:say|promise|tell|write|claim)",
    "(?:not|n't|never) (?:begin|start|open|close) with a promise",
    "(?:told|said|promised|assured) you|your … was",
    "used to",
    "n't|not call it|this",
)
_NEGATIVE = frozenset("no not n't never nobody none nothing neither nor cannot".split())
_CONDITIONS = frozenset("until unless without before till except".split())
_PAST = frozenset("was were had used".split())
_LAST = frozenset("last final only".split())


def find(reading: Reading) -> Iterator[Match]:
    """Yield each clause that is absolute about the future or about safety."""
    for sentence in reading.text:
        score = reading.verdict(sentence).scores["over-promise"] if sentence.tokens else _WITH_CUE
        if score <= _WITH_CUE or _DISCLAIMS.search(sentence.flat):
            continue
        said = [cue for cue in reading.cues(sentence) if cue.kind == "over-promise"]
        if clear := [cue for cue in said if not _qualified(sentence, cue)]:
            yield Match(sentence.field, sentence.words(*around(sentence.tokens, clear[0].start, max(cue.stop for cue in clear))))
        elif score > _ALONE and not said:
            yield Match(sentence.field, sentence.words(*around(sentence.tokens, *reading.verdict(sentence).core("over-promise"))))


def _qualified(sentence: Sentence, cue: Cue) -> bool:
    """Whether a turn of speech is about the past, or says what a control does: "no file leaves us until two people have read it"."""
    words = [token.lower for token in sentence.tokens]
    inside = set(words[cue.start : cue.stop])
    if _PAST & set(words[max(cue.start - 2, 0) : cue.start + 1]) and not _LAST & inside:
        return True
    return bool(_NEGATIVE & inside and _CONDITIONS & set(words[cue.start :]))


rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message='"{quote}" promises what nobody can keep. Say what has changed and what it does.',
    find=find,
    bad=(
        "«This will never happen again».",
        "A second engineer now reads every script, and «your data is as safe as in a bank vault».",
        "«You have seen the last wrong invoice of your life».",
    ),
    good=(
        "I can't promise that this will never happen again.",
        "The tool refuses any file without two signatures.",
        "No price table leaves our office until two people have read it.",
        "The seat count on every invoice now comes from the sign-in system.",
        "In nineteen years I had never lost a trailer, and I lost yours.",
    ),
)
