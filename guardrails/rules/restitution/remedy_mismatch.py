"""The letter offers something else than what has been approved.

An offer that nobody approved has to be taken back; an approved one that is missing leaves the customer
with less than the company meant to give. At low severity the fix is enough, and money looks like hush money.

Source: domain, the severity matrix (compensation); contracts, "Restitution".
"""

from collections.abc import Iterator

from guardrails.case import parse
from guardrails.facts.offers import offers, omitted
from guardrails.finding import Level, Match
from guardrails.letter import Reading
from guardrails.rule import Rule


def find(reading: Reading) -> Iterator[Match]:
    """Yield each offer that differs from the approved remedy, and what is left out of it at high and critical."""
    found = False
    for offer in offers(reading):
        found = True
        yield Match(offer.field, offer.span, offer.suggestion, offer.evidence, message=offer.why)
    if missing := omitted(reading, found):
        yield Match(
            "body", reading.end, evidence=missing, message="The approved remedy is not wholly in the letter. Offer all of it, exactly as it was approved."
        )


rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message='"{quote}" is not what has been approved.',
    find=find,
    needs_case=True,
    bad=(
        "Ines Roth is your contact. «We will credit €5,000 to your account→We will credit €500 to your account».",
        "Ines Roth is your contact. «Your next three orders are on us».",
        "Ines Roth is your contact. «We are refunding half of the May fee».",
        "I am sorry that we lost your orders.«»",
        "I am sorry. We will credit €500 to your account.«»",
    ),
    good=(
        "I am sorry. We will credit five hundred euros to your account, and Ines Roth is your escalation contact.",
        "I am sorry. €500 comes off your May fee. Call Ines Roth whenever you need somebody.",
        "I am sorry. Ines Roth is your escalation contact.",
    ),
    given=parse(
        {
            "incident": {"summary": "Export job deleted 40 orders.", "severity": "high"},
            "account": {"company": "Kite & Sons"},
            "remedy": {
                "items": [
                    {"kind": "credit", "amount": "500", "currency": "EUR", "text": "off the May fee"},
                    {"kind": "escalation_contact", "text": "Ines Roth"},
                ]
            },
            "sender": {"name": "Paige Lorrimer"},
            "written_on": "2026-05-05",
        }
    ),
)
