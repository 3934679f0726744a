"""A fact that nobody gave.

A date, figure, name, cause or promise that the case does not hold, or that it contradicts. The
customer's own records will show it, and one wrong figure makes the rest of the letter doubtful.

Source: domain, "what none of them names": facts, figures, dates, names, links or remedies that no one gave.
"""

from bisect import bisect_left
from collections.abc import Iterator

from guardrails.case import parse
from guardrails.facts.ledger import Standing
from guardrails.facts.offers import offers
from guardrails.facts.values import Kind
from guardrails.finding import Field, Level, Match, Span
from guardrails.letter import Reading
from guardrails.rule import Rule
from guardrails.rules.facts.leaked_internal_fact import find as leaked


def find(reading: Reading) -> Iterator[Match]:
    """Yield the items of the ledger that no fact stands behind, and offers that nobody made."""
    found: list[tuple[Field, Span]] = []
    named: set[str] = set()
    leaks = [(match.field, match.span) for match in leaked(reading)]
    for item in reading.ledger.items:
        if item.standing is Standing.CONTRADICTED:
            found.append((item.field, item.span))
            yield Match(item.field, item.span, evidence=item.fact, message=f'The case does not bear out "{{quote}}": {item.note or "it says otherwise"}.')
        elif item.standing is Standing.UNKNOWN and not _meets(item.field, item.span, leaks):
            found.append((item.field, item.span))
            if item.kind is Kind.NAME:  # once is enough of a name
                if item.quote in named:
                    continue
                named.add(item.quote)
            yield Match(item.field, item.span, evidence=item.fact)
    for offer in offers(reading):
        if not _meets(offer.field, offer.span, found):
            yield Match(offer.field, offer.span, evidence=offer.evidence)


def _meets(field: Field, span: Span, places: list[tuple[Field, Span]]) -> bool:
    """Whether a span overlaps one of some places that stand in reading order."""
    after = bisect_left(places, (field == "body", span.end), key=lambda place: (place[0] == "body", place[1].start))
    return any(place[0] == field and span.start < place[1].end for place in places[max(after - 3, 0) : after])


rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message='No fact of the case says "{quote}". Take it out, or add the fact to the case.',
    find=find,
    needs_case=True,
    bad=(
        "On Monday 4 May our export deleted «56» of your orders.",
        "I will call you on «Wednesday 13 May».",
        "Lightning had struck the exchange «of our hosting provider».",
    ),
    good=(
        "Yesterday, on a Monday, our export deleted forty of your orders.",
        "At ten past nine our export deleted 40 of your orders; by half past eleven, two hours and twenty minutes later, we had 38 of them back.",
        "I am sorry. I will call you on Thursday at ten.",
    ),
    given=parse(
        {
            "incident": {
                "summary": "Export job deleted 40 orders.",
                "started_at": "2026-05-04T09:10",
                "ended_at": "2026-05-04T11:30",
                "timezone": "CET",
                "fixes": "38 orders restored by 11:30.",
            },
            "account": {"company": "Kite & Sons"},
            "sender": {"name": "Paige Lorrimer"},
            "follow_up": "Call on Thursday 7 May at 10:00 CET.",
            "written_on": "2026-05-05",
        }
    ),
)
