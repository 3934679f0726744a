"""The letter leaves unsaid what went wrong, what it did, or what changes.

"An issue occurred" and "measures have been taken" could stand in any letter. Readers trust what they could check:
name the thing, the day, the change.

Source: Packard and Berger, "How Concrete Language Shapes Customer Satisfaction" (2021); domain, section 1 (weak forms).
"""

from guardrails.finding import Level
from guardrails.language.cues import faults
from guardrails.rule import Rule

rule = Rule(
    __name__,
    __doc__,
    level=Level.WARNING,
    message='"{quote}" names nothing. Say what exactly, so that the customer could check it.',
    find=faults("vague", 0.0, alone=2.0, beside=2.0),
    bad=(
        "«Appropriate measures have been taken».",
        "«We are aware of an issue that affected certain services».",
    ),
    good=(
        "We have taken the old price list off the server.",
        "Every invoice above 1,000 euros is now read by a second person.",
    ),
)
