"""The letter does not say what changes.

Without a named change the customer has to expect the same again. Taking steps and
learning lessons are no change that anybody could check.

Source: Lewicki, Polin and Lount, "An Exploration of the Structure of Effective
Apologies" (2016).
"""

from guardrails.finding import Level
from guardrails.rule import Rule, required

rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message="The letter names no change that would keep this from coming back. Say what is different now, or will be, and from when.",
    find=required("prevention", lenient=True),
    bad=(
        "I am sorry that we missed your delivery. We are taking steps to improve.«»",
        "We regret the wrong invoice and will learn every lesson from it.«»",
    ),
    good=(
        "Two people now sign every delivery list before the van leaves.",
        "Since Monday an alert wakes our engineer when a backup fails.",
    ),
)
