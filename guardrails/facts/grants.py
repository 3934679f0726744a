"""Who gives what to whom: clauses that make something over to the customer, in whatever words, held against the approved remedy."""

import re
from collections.abc import Sequence

from guardrails.facts.durations import DAY, Duration
from guardrails.facts.known import Known
from guardrails.facts.values import MONTHS, Kind, Scan
from guardrails.facts.words import concept
from guardrails.finding import Span
from guardrails.language.clauses import Clause, Role
from guardrails.language.tokens import Token
from guardrails.language.watched import Watched
from guardrails.language.words import STOP
from guardrails.letter import Sentence

_GIVES = frozenset("refund waive reimburse".split())
"""Verbs that give whatever stands behind them."""

_MAY_GIVE = frozenset(
    """pay cover bear absorb settle shoulder foot meet make take pick write carry fund finance handle supply provide do deliver run credit
    compensate repay forgo indemnify sponsor
    discount""".split()
)
"""Verbs that give where a cost, a price or nothing to pay stands behind them."""

_COSTLY = frozenset("pay cover bear absorb settle shoulder foot meet make take pick write compensate repay forgo indemnify".split())
_PHRASES = frozenset("make take pick write".split())
"""Verbs that give only in a phrase: "make good", "pick up", "write off"."""

_COST = re.compile(
    r"\b(?:costs?|fees?|charges?|bills?|expenses?|penalt(?:y|ies)|fines?|loss(?:es)?|damages?|wages?|price|invoices?|rent|overtime|interest|claims?"
    r"|shortfall|what [a-z' ]+ paid|deductible|excess|postage|fares?|difference)\b"
)
_PAYING = re.compile(r"^(?:(?:gladly|also|happily|of course) )?(?:pay for|pay any|pay all|pay every|make good|pick up|write off|take over|take on)\b")
_FREE = Watched(
    r"\b(?:for free|gratis|as an? (?:present|gift|thank ?-?you)|with (?:my|our) compliments|on (?:us|the house)|(?:our|my) treat|complimentary"
    r"|(?:cost|costs|costing) (?:you|them) nothing|(?:at |for )?half (?:of )?(?:the|our|your) (?:\w+ )?(?:price|rate|fee|cost|tariff|charge)s?"
    r"|at (?:no|half the|a reduced|a lower) (?:cost|price|charge|rate)|at a discount"
    r"|(?<!- )free(?= *(?:[.,;:!)]|and|for (?:all|each|every|you|the|one|two|three|as)|until|this month|of (?:charge|cost)|in (?:january"
    r"|february|march|april|may|june|july|august|september|october|november|december)|$)))\b"
)
_STAYS = Watched(r"\b(?:stays?|remains?|lies|is left) with you\b|\b(?:is|are|remains?) (?:yours|for you) to (?:pay|bear|carry)\b")
_YOURS = re.compile(r"(?:is|are) yours (?:for|until|till|through|to|all)\b")
_DENIES = Watched(
    r"(?<!us )(?<!me )\b(?:no|not any|neither|cannot (?:\w+ ){0,2}|can not (?:\w+ ){0,2}|unable to (?:\w+ ){0,2})(?: \w+)? "
    r"?(refund|credit|compensation|discount)\b(?! cards?\b)"
    r"|\b(refunds?|credits?|compensation)\b(?: [\w,]+){0,8}? (?:are|is) (?:limited|restricted|capped) to\b"
    r"|\b(?:you|it) (?:can|may) (?:then )?(?:be )?(?:file|filed|submit|submitted|request|requested|claim|claimed|apply|applied) (?:a claim|for)\b"
    r"|\bcan be (?:requested|claimed|applied for)\b"
)
_LEFT = re.compile(
    r"\byou (?:will |would |shall |'ll )?(?:only |just )?(?:pay|owe|bear|cover)"
    r" (?:only|just|no more than|nothing but)\b[^.;,]*|\bcosts? you only\b[^.;,]*|\bcost you only\b[^.;,]*"
)
_GENERAL = frozenset(
    concept(word)
    for word in """account customer client whole full entire good apology sorry month day week year time part work case thing amount sum money cost costs
    fee fees price charge bill invoice people team day free present gift compliments charge usual half rate nothing way treat""".split()
)


_TERMS = frozenset(concept(word) for word in ("month", "quarter", "year", "week"))
_MONTHS = frozenset(concept(name) for name in MONTHS)


def granted(sentence: Sentence, clauses: Sequence[Clause], scan: Scan, facts: Known, approved: frozenset[str], values: frozenset[object]) -> Span | None:
    """Return the clause that gives something no approved word stands for, takes an approved thing back, or pays with a third party's money."""
    tokens = sentence.tokens
    held = any(value.kind is Kind.MONEY and value.value in values for value in scan.found)
    for number, clause in enumerate(clauses):
        stop = clauses[number + 1].first if number + 1 < len(clauses) and clauses[number + 1].form == "finite" else len(tokens)
        if tokens[stop - 1].lower in {"what", "whatever"}:
            stop = len(tokens)
        if clause.form != "finite" or clause.tense in {"past", "conditional", "modal"}:
            continue
        behind = " ".join(token.lower for token in tokens[clause.verb : stop])
        subject = frozenset(concept(token.lower) for token in tokens[slice(*clause.subject)] if token.lower not in STOP and token.lower.isalpha())
        place = sentence.words(clause.first, stop - (tokens[stop - 1].text in {".", "!", ";", ","}))
        if clause.negative and not re.search(r"\bnothing\b", behind):
            continue
        words = frozenset(concept(token.lower) for token in tokens[clause.verb + 1 : stop] if token.lower not in STOP and token.lower.isalpha())
        free = _FREE.search(behind, sentence.signs)
        head = " ".join(token.lower for token in tokens[slice(*clause.subject)])
        insured = head.startswith(("our insur", "our underwr")) and "your" in behind.split()
        ours = (clause.actor is Role.SENDER and not head.startswith(("our insur", "our underwr"))) or insured
        if ours and clause.lemma in _GIVES | _MAY_GIVE:
            if (
                clause.lemma in _MAY_GIVE
                and not free
                and not (
                    (_PAYING.match(behind) and clause.lemma == "pay")
                    or ((_COST.search(behind) or _money(scan)) and clause.lemma in _COSTLY and (clause.lemma not in _PHRASES or _PAYING.match(behind)))
                )
            ):
                continue
            given = words
        elif clause.lemma == "be" and _YOURS.match(behind):
            lasts = [value.value for value in scan.found if value.kind in {Kind.DURATION, Kind.PERIOD}]
            if lasts and subject & approved and not any(_held(value, values) for value in lasts):
                return place
            continue
        elif free and clause.actor is not Role.SENDER and head != "you" and clause.lemma in {"be", "come", "go", "cost", "stay", "run", "remain"}:
            given = subject
        elif (head == "you" and _gets(clause) and _is_thing(tokens, clause, words, facts)) or (
            not ours and clause.lemma in {"get", "receive", "have", "enjoy"} and (free or (" from us" in behind and _lasts(scan)))
        ):
            given = words
        else:
            continue
        if not given - _GENERAL and given & _TERMS and not given & approved & _TERMS and not held and not _lasts(scan):
            return place
        if given - _GENERAL and not held and not given & approved - _GENERAL and not _paid_in_facts(given, facts):
            return place
    return None


_NEWS = frozenset(
    concept(word)
    for word in """call calls report update updates answer reply note letter message mail email e-mail word news copy list summary account review post-mortem
    invitation warning alert notice confirmation statement invoice document file link text page visit explanation analysis line number name""".split()
)


def _gets(clause: Clause) -> bool:
    return clause.lemma in {"get", "receive"} and clause.tense in {"future", "present"}


def _is_thing(tokens: Sequence[Token], clause: Clause, words: frozenset[str], facts: Known) -> bool:
    """Whether the customer is to get a thing that the facts know nothing of: "you will also get a loaner for each branch"."""
    start, stop = clause.object
    thing = [token.lower for token in tokens[start : min(stop, start + 4)]]
    named = [concept(word) for word in thing if word.isalpha() and word not in STOP]
    return (
        bool(thing)
        and thing[0] in {"a", "an", "one", "two", "three"}
        and bool(named)
        and not words & _NEWS
        and all(word not in facts.vocabulary for word in named)
    )


def _held(value: object, values: frozenset[object]) -> bool:
    """Whether a length or a period is one of the approved ones, in whatever words."""
    return value in values or (
        isinstance(value, Duration) and any(isinstance(other, Duration) and abs(value.seconds - other.seconds) <= 0.04 * other.seconds for other in values)
    )


def _money(scan: Scan) -> bool:
    return any(value.kind is Kind.MONEY for value in scan.found)


def _lasts(scan: Scan) -> bool:
    """Whether a whole week or more is spoken of: "three months of television"."""
    return any(isinstance(value.value, Duration) and value.value.unit >= 7 * DAY for value in scan.found)


def denied(sentence: Sentence, approved: frozenset[str]) -> Span | None:
    """Return the words that take an approved thing back: "there is no refund", "the workers' cost stays with you"."""
    if approved and (left := _LEFT.search(sentence.flat)):
        return sentence.span(left.start(), left.end())
    match = _DENIES.search(sentence.flat, sentence.signs)
    if match and (match[1] is None or concept(match[1]) in approved):
        return sentence.span(match.start(), match.end())
    stays = _STAYS.search(sentence.flat, sentence.signs)
    before = {concept(word) for word in sentence.flat[: stays.start()].split()[-6:]} if stays else set()
    return sentence.span(0, stays.end()) if stays and before & (approved - _GENERAL) else None


def _paid_in_facts(given: frozenset[str], facts: Known) -> bool:
    """Whether the facts themselves say that we pay for this, or that it costs nothing."""
    return any(
        (given & fact.words) - _GENERAL - _MONTHS
        and re.search(
            r"\b(?:free|no (?:\w+ )?(?:cost|charge)|without (?:\w+ )?charge|our (?:own )?(?:cost|expense)|costs? nothing|not charged|not applied|at zero"
            r"|waive\w*|gratis|refund\w*|return\w*|pa(?:y|ys|id)|repaid|reimburs\w*|cover(?:s|ed)?|credit\w*|cancel\w*|reversed)\b",
            fact.text.lower(),
        )
        for fact in facts.facts
        if not fact.ticket
    )
