"""The letter speaks in office jargon, slang or pictures.

Jargon hides what is meant at any severity. Slang and emoji from medium up, and exclamation marks at high and critical,
tell customers that we do not take their loss seriously.

Source: domain, section 2 (tone by severity).
"""

from collections.abc import Iterator
from itertools import pairwise

from guardrails.case import Severity
from guardrails.finding import Level, Match
from guardrails.letter import Part, Reading, Sentence
from guardrails.rule import Rule

_WITH_CUE, _ALONE = -1.3, 2.5


def find(reading: Reading) -> Iterator[Match]:
    """Yield jargon; from medium up slang and pictures; from high up exclamation marks."""
    for sentence in (*reading.subject, *reading.body):
        if sentence.tokens and sentence.part is not Part.SIGNATURE:
            yield from _in(reading, sentence)


def _in(reading: Reading, sentence: Sentence) -> Iterator[Match]:
    verdict = reading.verdict(sentence)
    score = verdict.scores["tone"]
    if score <= _WITH_CUE and "!" not in sentence.text and sentence.text.isascii():
        return
    low, grave = reading.severity is Severity.LOW, reading.severity in {Severity.HIGH, Severity.CRITICAL}
    marked = [False] * len(sentence.tokens)
    if score > _WITH_CUE:
        for cue in reading.cues(sentence):
            if cue.kind == "jargon" or (cue.kind == "slang" and not low):
                marked[cue.start : cue.stop] = [True] * (cue.stop - cue.start)
    for at, token in enumerate(sentence.tokens):
        if (not low and _is_picture(token.text)) or (grave and token.text[0] == "!"):
            marked[at] = True
    if not any(marked) and score > _ALONE and not low:
        yield Match(sentence.field, sentence.words(*verdict.core("tone")))
    # A few plain words between two marked ones belong to them.
    places = [at for at, here in enumerate(marked) if here]
    for first, second in pairwise(places):
        if second - first <= 4:
            marked[first:second] = [True] * (second - first)
    start = None
    for at, here in enumerate((*marked, False)):
        if here and start is None:
            start = at
        elif not here and start is not None:
            yield Match(sentence.field, sentence.words(start, at))
            start = None


def _is_picture(text: str) -> bool:
    """Whether a mark is an emoji."""
    return not text.isascii() and any(0x1F300 <= ord(letter) <= 0x1FAFF or 0x2600 <= ord(letter) <= 0x27BF or ord(letter) == 0x2B50 for letter in text)


rule = Rule(
    __name__,
    __doc__,
    level=Level.WARNING,
    message='"{quote}" is the wrong tone for this letter. Say it in plain words.',
    find=find,
    bad=(
        "We will «circle back and action the learnings».",
        "The fix is in «😅».",
    ),
    good=(
        "We dropped your order, and I am sorry.",
        "I will call you back at four o'clock today.",
    ),
)
