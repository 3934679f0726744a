"""The letter speaks of our own hardship, feelings, pride or targets.

The customer has had the bad week. Our sleepless nights, our name and our bonus ask them to comfort us.

Source: domain, section 1 (remorse shows what it cost them); Lazare, "On Apology" (2004).
"""

from guardrails.finding import Level
from guardrails.language.clauses import Role
from guardrails.language.cues import faults
from guardrails.rule import Rule

rule = Rule(
    __name__,
    __doc__,
    level=Level.WARNING,
    message='"{quote}" is about us. Say what it cost the customer, or leave it out.',
    find=faults("self-focus", 1.0, alone=2.0, beside=2.0, spares=Role.CUSTOMER),
    bad=(
        "«Our engineers have worked tirelessly around the clock».",
        "«It has been a very difficult week for our whole team».",
    ),
    good=(
        "Your engineers worked through the night to rebuild what we had deleted.",
        "Two of our engineers check every release from now on.",
    ),
)
