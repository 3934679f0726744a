"""The letter never says sorry for what we did.

A letter that explains and repairs but is not sorry reads as a status report. A stock
phrase, or being sorry for how the customer feels, does not count.

Source: Lewicki, Polin and Lount, "An Exploration of the Structure of Effective
Apologies" (2016).
"""

from guardrails.finding import Level
from guardrails.rule import Rule, required

rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message="The letter never says sorry for what happened to them. Say so in the first person, for the named thing.",
    find=required("remorse", lenient=True),
    bad=(
        "We deleted your Monday backups. We have restored them.«»",
        "It is a sorry state of the form that misled us. We sent you the wrong invoice.«»",
    ),
    good=(
        "I am sorry that we deleted your Monday backups.",
        "I apologise for the wrong invoice we sent you.",
    ),
)
