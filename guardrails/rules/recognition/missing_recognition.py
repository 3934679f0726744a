"""The letter does not say what happened to this customer, or what it cost them.

A customer who has to guess what the letter is about learns that nobody looked. Name
the thing that went wrong and at least one concrete effect on them.

Source: Lewicki, Polin and Lount, "An Exploration of the Structure of Effective
Apologies" (2016).
"""

from guardrails.finding import Level
from guardrails.rule import Rule, required

rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message="The letter names no issue together with what it did to this customer. Say what happened, when, and what they could not do or lost.",
    find=required("recognition"),
    bad=(
        "I am sorry for what happened. It was our fault.«»",
        "We apologise for the trouble. I have added a credit of $200 to your account.«»",
    ),
    good=(
        "On Tuesday our booking service was down for four hours and your team took 60 orders by phone.",
        "We charged your May invoice twice and £400 too much left your account.",
    ),
)
