"""Nobody in the letter owns what went wrong.

Owning the fault weighs most of all that an apology can hold. Say in the active voice
that we did it, or left it undone.

Source: Lewicki, Polin and Lount, "An Exploration of the Structure of Effective
Apologies" (2016).
"""

from guardrails.finding import Level
from guardrails.rule import Rule, required

rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message="The letter does not say that this was our doing. Say in the active voice what we did or left undone.",
    find=required("responsibility"),
    bad=(
        "The export failed on Monday and your report was late. I am sorry about that.«»",
        "Responsibility for the depot lies with the night team. Your pallets came a day late.«»",
    ),
    good=(
        "We switched off the wrong server on Monday.",
        "The mistake was mine: I sent the old price list.",
    ),
)
