"""Figures that contradict each other or the calendar.

A customer who finds a Tuesday that was a Monday, or a sum that does not add up, stops believing the
figures that are right.

Source: domain, "what none of them names": sums and durations that do not add up.
"""

from collections.abc import Iterator

from guardrails.case import parse
from guardrails.finding import Level, Match
from guardrails.letter import Reading
from guardrails.rule import Rule


def find(reading: Reading) -> Iterator[Match]:
    """Yield the values of the ledger that contradict the calendar or their own sentence."""
    for item in reading.ledger.items:
        if item.clash:
            yield Match(item.field, item.span, evidence=item.fact, message=f'"{{quote}}" does not agree with the rest: {item.clash}.')


rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message='"{quote}" does not agree with the rest.',
    find=find,
    bad=(
        "The export was down from 10:05 to 13:50, «two hours and forty-five minutes» in all.",
        "I will call you on «Friday 12 March 2026».",
        "We charged 312 places instead of 231, «91» too many.",
    ),
    good=(
        "The export was down from 10:05 to 13:50, three and three-quarter hours in all.",
        "I will call you on Thursday 12 March 2026.",
        "We charged 312 places instead of 231, 81 too many.",
        "From 9:00 to 17:00 somebody now answers within two hours.",
    ),
    given=parse({"incident": {"summary": "The export failed."}, "account": {"company": "Kite"}, "sender": {"name": ""}, "written_on": "2026-03-09"}),
)
