"""Somebody signs who may not sign a letter this grave.

Who signs tells the customer how seriously the company takes it. A high or critical letter under a
representative's name, or under no name at all, says that nobody with a say has looked.

Source: domain, the severity matrix (who signs); policy.toml, `severity.*.signs`.
"""

import re
from collections.abc import Iterator

from guardrails.case import parse
from guardrails.finding import Level, Match, Span
from guardrails.letter import Part, Reading
from guardrails.policy import Role
from guardrails.rule import Rule

_TEAM = re.compile(
    r"\b(?:team|crew|department|dept|desk|office|group|cell|division|unit|centre|center|operations|services|helpdesk|everyone|all of us|squad|family|folks)\b",
    re.IGNORECASE,
)
_PRINTED = {
    Role.REP: "a representative", Role.CSM: "a customer success manager", Role.SUPPORT_LEAD: "a support lead", Role.ACCOUNT_MANAGER: "an account manager",
    Role.VP_CS: "a VP of Customer Success or a Head of "
    "Product", Role.HEAD_OF_PRODUCT: "a VP of Customer Success or a Head of Product", Role.EXECUTIVE: "the CEO or CTO",
}  # fmt: skip


def find(reading: Reading) -> Iterator[Match]:
    """Yield the signature's name with its title, if the severity demands a higher rank."""
    demand = reading.policy.severity[reading.severity]
    if demand.signs.rank == 0:
        return
    wanted = f"A letter about a {reading.severity.value} incident is signed by {_PRINTED[demand.signs]} or above"
    signer = reading.signer
    if not reading.signature:
        if any(sentence.part in {Part.GREETING, Part.CLOSING} for sentence in reading.body) and len(reading.text) > 2:
            yield Match("body", reading.end, message=f"Nobody signs this letter. {wanted}.")
        return
    role = reading.policy.role(signer.title) or reading.policy.role(signer.name) or _known(reading)
    if role is not None and role.rank >= demand.signs.rank and not (_TEAM.search(signer.name) and not signer.title):
        return
    first = reading.signature[0]
    place = Span(first.start, first.end)
    title = next(iter(signer.title.split(",")), "").strip()
    if title and (at := reading.letter.body.find(title, signer.span.start)) >= 0 and not _TEAM.search(signer.name):
        place = Span(first.start, at + len(title))
    who = f"{title} is not" if title and role is not None else f"No rank is known for “{title}”" if title else "The signature names no rank"
    yield Match(
        "body",
        place,
        message=f"{wanted}. {who + ' of that rank' if role is not None and title else who}.",
        evidence=f"incident.severity: {reading.severity.value}",
    )


def _known(reading: Reading) -> Role | None:
    """Return the rank that the case gives to a name that is signed without a title: the reader knows whom the letter comes from."""
    signer, sender = reading.signer, reading.case.sender if reading.case else None
    if sender is None or signer.title or signer.name.casefold() != sender.name.casefold():
        return None
    return reading.policy.role(sender.title or sender.role)


rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message="This signer may not sign a letter of this severity.",
    find=find,
    needs_case=True,
    language=False,
    bad=(
        "We lost your data.\n\nSincerely,\n\n«Paige Lorrimer\nCustomer Success Associate», Hearthline",
        "We lost your data.\n\nSincerely,\n\n«The Hearthline Trust Team»",
        "We lost your data.\n\nYours,\n«Ruth Lamb\nAssistant to the CEO», Hearthline",
    ),
    good=(
        "We lost your data.\n\nSincerely,\n\nPaige Lorrimer\nVP of Customer Success, Hearthline",
        "We lost your data.\n\nSincerely,\n\nIda Roth\nFounder and CEO",
        "The support team lost your data on Monday.",
    ),
    given=parse(
        {
            "incident": {"summary": "Export job deleted 40 orders.", "severity": "high"},
            "account": {"company": "Kite & Sons"},
            "sender": {"name": "Paige Lorrimer", "company": "Hearthline"},
        }
    ),
)
