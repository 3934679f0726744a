"""A passive hides who acted.

"Your data was deleted" leaves open by whom; "we deleted your data" is the sentence the customer is waiting for. Where a
passive hides our own failure it must go; elsewhere the active voice only reads better.

Source: domain, "The mistakes a letter is checked for"; Fausey and Boroditsky, "Subtle Linguistic Cues Influence Perceived
Blame and Financial Liability" (2010).
"""

from collections.abc import Iterator

from guardrails.case import Case, parse
from guardrails.finding import Level, Match, Span
from guardrails.language.clauses import Role, clauses
from guardrails.language.harm import harmful
from guardrails.language.passive import Passive, passives
from guardrails.language.tokens import tokenize
from guardrails.language.words import lexicon
from guardrails.letter import Reading, Sentence
from guardrails.rule import Rule

_ARTICLES = frozenset("the a an your our my this that these those each every all both".split())
_BESIDE = frozenset(("and", "or", "by", ",", "but", "to", "that", "not", "-", "out", "up", "down", "off", "back", "as", "in", "into"))


def find(reading: Reading) -> Iterator[Match]:
    """Yield each finite passive that the customer is not quoted with: an error where it hides our failure."""
    for sentence in reading.all:
        for passive in passives(sentence.tokens):
            if not passive.finite or sentence.tokens[passive.verb].lower == "born" or sentence.quoted(passive.start):
                continue
            span, active = _active(reading, sentence, passive) or (Span(passive.start, passive.end), None)
            if harmful(reading, sentence, passive):
                yield Match(sentence.field, span, active, evidence="harmful")
            else:
                yield Match(
                    sentence.field,
                    span,
                    active,
                    evidence="harmless",
                    level=Level.SUGGESTION,
                    message='"{quote}" reads better with the one who acts as its subject.',
                )


def _active(reading: Reading, sentence: Sentence, passive: Passive) -> tuple[Span, str] | None:
    """Return the words to replace and the active clause, where the case says that we did it and turning the sentence round is safe.

    Safe is a sentence that begins with a plain subject, right before "was" or "has been", and names nobody and nothing else as the doer.
    """
    tokens = sentence.tokens
    words = [token.lower for token in tokens]
    first = next((at for at, word in enumerate(words) if word in {"was", "were", "has", "have"}), 0)
    after = words[passive.verb + 1 : passive.verb + 2]
    chain = words[first : passive.verb]
    plain = (
        words[:1]
        and words[0] in _ARTICLES
        and 1 < first < 9
        and all(word.isalnum() and word not in {"and", "or", "that", "which", "who", "of"} for word in words[:first])
    )
    if not plain or chain not in (["was"], ["were"], ["has", "been"], ["have", "been"]) or (after and after[0] in _BESIDE) or passive.agent:
        return None
    if reading.case is None or passive.lemma not in _done(reading.case):
        return None
    participle = tokens[passive.verb].text
    verb = f"have {participle}" if "been" in chain else _past(passive.lemma, participle)
    subject = sentence.text[: tokens[first - 1].end - sentence.start]
    return Span(sentence.start, passive.end), f"We {verb} {subject[0].lower()}{subject[1:]}"


def _done(case: Case) -> frozenset[str]:
    """Return the verbs of what the case says that we did."""
    found = set()
    for text in (case.incident.cause or "", *case.incident.fixes, *(measure.what for measure in case.incident.prevention)):
        found |= {clause.lemma for clause in clauses(tokenize(text)) if clause.actor is Role.SENDER and clause.form == "finite" and not clause.negative}
    return frozenset(found)


def _past(lemma: str, participle: str) -> str:
    """Return the past form of a verb."""
    known = lexicon()
    return next((form for form in sorted(known.past) if known.irregular.get(form) == lemma), participle)


rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message='"{quote}" hides that it was us. Say who did it: "we …".',
    find=find,
    bad=(
        "«Your orders were deleted→We deleted your orders» on Monday.",
        "«The old index has been restored→We have restored the old index».",
        "The index «was restored» and tested.",
        "Your drivers «weren't told» that the gate had moved.",
    ),
    good=(
        "We deleted your orders on Monday.",
        '"I was told to wait," you wrote, and you waited for six days.',
    ),
    given=parse(
        {
            "incident": {"summary": "Export job deleted 40 orders.", "cause": "We deleted the orders in a clean-up.", "fixes": ["We restored the index."]},
            "account": {"company": "Kite & Sons"},
            "sender": {"name": "Paige Lorrimer"},
        }
    ),
)
