"""The subject line does not say what went wrong.

A subject such as "An update on your account" hides the bad news, and the letter is found again by nobody.

Source: domain, section 4 (the subject names the issue).
"""

from collections.abc import Iterator

from guardrails.finding import Level, Match, Span
from guardrails.letter import Reading
from guardrails.rule import Rule

# Above zero more are found than missed; a false alarm costs more than a miss.
_ENOUGH = 0.6


def find(reading: Reading) -> Iterator[Match]:
    """Yield the subject line where the learned detector takes it for one that names no failure."""
    sentences = [sentence for sentence in reading.subject if sentence.tokens]
    if sentences and all(reading.verdict(sentence).scores["vague-subject"] > _ENOUGH for sentence in sentences):
        yield Match("subject", Span(sentences[0].start, sentences[-1].end))


rule = Rule(
    __name__,
    __doc__,
    level=Level.WARNING,
    message='"{quote}" does not tell what went wrong. Name it in the subject.',
    find=find,
    bad=(
        "«An important update regarding your account»",
        "«Re: your message»",
    ),
    good=(
        "Your March invoice was 240 euros too high: corrected",
        "We delivered your posters two days late",
    ),
    subject=True,
)
