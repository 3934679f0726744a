"""The letter repairs nothing and offers nothing.

Regret without repair leaves the customer with the loss. At low and medium severity the
completed correction is enough; at high and critical something is owed to this customer.

Source: Lewicki, Polin and Lount, "An Exploration of the Structure of Effective
Apologies" (2016).
"""

from guardrails.finding import Level
from guardrails.rule import Rule, required

rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message="The letter does not say what we have put right or what they get. State the correction or the approved remedy.",
    find=required("restitution", lenient=True),
    bad=(
        "I am sorry that your team waited four hours on Monday. We had switched off the wrong server.«»",
        "Our refund policy is on the website. We regret that we delivered late.«»",
    ),
    good=(
        "We sent the right parts on Tuesday at our cost.",
        "You will receive a credit of £250 on your June invoice.",
    ),
)
