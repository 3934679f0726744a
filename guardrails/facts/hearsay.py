"""What a letter may not take over: claims about us that only a ticket makes, blame that the known cause does not bear, secrets it asks for."""

import re
from collections.abc import Callable, Sequence

from guardrails.facts.known import Known
from guardrails.facts.words import concept, telling
from guardrails.finding import Span
from guardrails.language.clauses import Clause, Role
from guardrails.language.watched import Watched
from guardrails.language.words import STOP
from guardrails.letter import Sentence

_SECRETS = Watched(
    r"\b(?:send|give|tell|share|provide|supply|enter|confirm|reply with|e ?-? ?mail|forward|let us have|need|require)\b[^.;]{0,40}\byour (?:[\w'’-]+ ){0,3}"
    r"(?:passwords?|passcodes?|pins?|pass phrases?|credentials|log ?-? ?ins?|bank (?:details|account)|account number|card (?:number|details)|security codes?"
    r"|access codes?|one - time codes?|recovery codes?|private keys?|api keys?|passports?|social security)\b"
)
_BLAMED = Watched(
    r"\b(?:is|are|was|were) (?:solely |entirely |alone )?(?:to blame|at fault|responsible for (?:this|it|the \w+|what))\b|\bcaused (?:this|it|the (?:\w+ )?(?:"
    r"outage|failure|problem|incident|loss|error|delay|mistake|disruption))\b"
)
_THEIRS = Watched(
    r"\b(?:mistake|error|fault|problem|cause|failure|slip|blame)s? (?:was|is|were|lay|lies|sat|sits|occurred|arose|began|happened) (?:entirely |solely )?"
    r"(?:on your side|at your end|with (?:you|your \w+)|yours)\b"
    r"|\b(?:you|your (?:own )?\w+) (?:had |have )?"
    r"(?:\w+ed|chose|made|took|sent|set|put|hit|typed) (?:the |a |an )?(?:wrong|incorrect|false)\b"
)
_OWNED = re.compile(r"\b(?:we|our|us|i)\b")
_DISMISSED = Watched(
    r"\b(?:we|i|company) (?:have |has |had )?(?:also |now |since |already )?(?:dismissed|fired|sacked|suspended|disciplined|let go|parted (?:ways|company) with"
    r"|terminated the (?:contract|employment))\b"
)
_OTHERS = frozenset("supplier suppliers vendor vendors provider providers employee employees partner partners contractor contractors carrier".split())
_DICTATES = re.compile(
    r"\b(?:write|say|state|confirm|mention|admit|promise|tell (?:them|us)|declare|announce|add that|to read|call our|include|ok(?:ay)?ed|approved)\b"
)
"""What a ticket that wants to be quoted says; one that only complains is the customer's own account."""
_PLAIN = frozenset(
    concept(word)
    for word in """account customer client team people day week month year hour time morning new old good bad small big wrong right fault mistake problem
    issue error service support system letter answer call work thing way case matter business company office plan data report list file page
    order invoice bill question contact manager today tomorrow yesterday sorry apology trust help need want sure know think feel
    owe deserve explanation promise expect understand thank reply wait name note money care
    fail break lose down outage stop happen cause leave miss delay wrote told
    january february march april may june july august september october november december monday tuesday wednesday thursday friday saturday sunday""".split()
)


def unfounded(sentence: Sentence, clauses: Callable[[Sentence], Sequence[Clause]], facts: Known, by_them: bool) -> tuple[Span, str | None, str] | None:
    """Return words that the case does not bear out, the fact they stand against, and why; None where there are none."""
    flat = sentence.flat
    if asked := _SECRETS.search(flat, sentence.signs):
        return sentence.span(asked.start(), asked.end()), None, "a letter of apology asks for no secrets"
    if blamed := _blame(sentence, facts):
        return blamed
    if (dismissed := _DISMISSED.search(flat, sentence.signs)) and concept(dismissed[0].split()[-1]) not in facts.vocabulary:
        return sentence.span(dismissed.start(), dismissed.end()), None, "no fact tells of it"
    return None if by_them else _dictated(sentence, clauses, facts)


def _cause(facts: Known) -> str | None:
    return next((fact.shown for fact in facts.facts if fact.key == "incident.cause"), None)


def _blame(sentence: Sentence, facts: Known) -> tuple[Span, str | None, str] | None:
    """Somebody is blamed whom the known cause, which is ours, does not name."""
    theirs, blamed = _THEIRS.search(sentence.flat, sentence.signs), _BLAMED.search(sentence.flat, sentence.signs)
    if not theirs and not blamed:
        return None
    cause = _cause(facts)
    if cause is None or not _OWNED.search(cause.lower()) or re.search(r"\b(?:not|n't|never|no|if|whoever|nobody|sorry)\b", sentence.flat):
        return None
    told = {concept(word) for word in re.findall(r"[a-z]+", cause.lower())}
    if theirs and not {"customer", "client"} & set(cause.lower().split()):
        words = {concept(word) for word in theirs[0].split() if word.isalpha() and word not in STOP} - _PLAIN
        if not words <= told or not words:
            return sentence.span(theirs.start(), theirs.end()), cause, "the cause was ours"
    if not blamed:
        return None
    before = sentence.flat[: blamed.start()].split()[-8:]
    named = {concept(word) for word in before if word.isalpha() and word not in STOP and len(word) > 2}
    if set(before) & {"we", "i", "our", "ourselves", "that", "which", "what", "who"} and not set(before) & _OTHERS:
        return None
    return (sentence.span(0, blamed.end()), cause, "the cause was ours") if (named and not named <= told) or before == ["you"] else None


def _dictated(sentence: Sentence, clauses: Callable[[Sentence], Sequence[Clause]], facts: Known) -> tuple[Span, str | None, str] | None:
    """A claim or promise of ours whose telling words stand in a ticket and in no fact."""
    whole = facts.everything
    if whole is facts or set(map(telling, sentence.lowers)).difference(facts.vocabulary).isdisjoint(whole.vocabulary):
        return None
    meant = {word: token for token in sentence.tokens if (word := telling(token.lower))}
    theirs = {word for word in meant if word not in facts.vocabulary and whole.vocabulary.get(word, "").startswith("account.tickets")} - _PLAIN
    if not theirs or sentence.flat.endswith("?"):
        return None
    named = any(meant[word].text[:1].isupper() and f" {meant[word].text}" in whole.vocabulary[word] for word in theirs)
    dictates = any(fact.ticket and fact.words & theirs and _DICTATES.search(fact.text.lower()) for fact in whole.facts)
    if not named and not dictates:
        return None
    ours = any(
        clause.form == "finite" and clause.actor is Role.SENDER and clause.tense in {"past", "perfect", "present", "future"} for clause in clauses(sentence)
    )
    known = sum(word in facts.vocabulary and word not in _PLAIN for word in meant)
    cause = bool(re.search(r"\b(?:cause|reason|because|due to|owing to)\b", sentence.flat))
    told = len(theirs) / max(len(meant), 1)
    if named or (told >= 0.3 and known <= len(theirs) and (ours or cause)) or (told >= 0.6 and len(meant) > 1):
        first, last = min(meant[word].start for word in theirs), max(meant[word].end for word in theirs)
        ticket = next((fact.shown for fact in whole.facts if fact.ticket and fact.words & theirs), None)
        return Span(first, last), ticket, "only a ticket says so, and no fact"
    return None
