"""The letter defends us: it makes the harm small or usual, cites averages or clauses, or closes the matter.

A reader who lost a day does not care that most days are fine, that it happens to everyone or what clause 9 allows. Each
such line says that the customer is wrong to mind.

Source: domain, "The mistakes a letter is checked for"; Schumann, "The Psychology of Offering an Apology" (2018).
"""

from guardrails.finding import Level
from guardrails.language.cues import faults
from guardrails.rule import Rule

rule = Rule(
    __name__,
    __doc__,
    level=Level.WARNING,
    message='"{quote}" defends us instead of answering for it. Leave it out.',
    find=faults("defensive", 0.0, alone=2.0, beside=3.0, owned=1.0),
    bad=(
        "«These things happen to every provider from time to time».",
        "The delay was ours, but «three days is well within the industry norm».",
    ),
    good=(
        "Nothing has left your archive.",
        "Orders placed before noon now ship on the same day.",
    ),
)
