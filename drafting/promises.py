"""What a letter commits us to: each promise with its date, as the register keeps it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from drafting.clocks import business_days
from guardrails.case import Case
from guardrails.facts.values import Day, values
from guardrails.letter import Letter, Reading
from guardrails.policy import Policy


@dataclass(frozen=True, slots=True)
class Commitment:
    """One sentence that promises something, and the day by which, where it names one."""

    text: str
    kind: str
    """`call`, `postmortem`, `money`, `follow_up` or `change`."""
    due: date | None


_OURS = r"(?:i|we|us|our|my|the|a|an|your|it|this|these|they|that|both|each|who|which|[a-z]+ (?:and|or) (?:i|we))"
_WILL = re.compile(
    rf"\b{_OURS}(?: [^ ]+){{0,6}}? (?:will|shall|am going to|are going to)\b|\b(?:i|we|it|they)'(?:ll|m going to|re going to)\b"
    r"|\byou(?: [^ ]+){0,2}? (?:will|shall) (?:have|get|receive|hear)\b|\byou'll (?:have|get|receive|hear)\b"
    r"|\b(?:is|are) due (?:by|on|to)\b|\b(?:follows|comes to you|reaches you) (?:on|by)\b"
    r"|\b(?:would|'d) (?:also )?like to (?:call|speak|ring|meet|go|see)\b|\b(?:i|we) (?:promise|undertake|commit)\b"
)
# What hangs on the customer's word, or tells them what to do, binds nobody here.
_OPEN = re.compile(
    r"^(?:if|should|unless|when|whenever|please)\b|\b(?:if|unless|whether) you\b|\b(?:will|shall|'ll) (?:not|never|always|ever)\b|\bwon't\b"
    r"|\blet (?:me|us) know\b|\bsay(?:ing)? that\b"
)
_KINDS = (
    ("postmortem", re.compile(r"post-?mortem|root[- ]cause|incident report|full report|written (?:report|account|findings|conclusions)|findings")),
    (
        "call",
        re.compile(r"\b(?:call|calling|phone|telephone|ring|meet|meeting|visit|come (?:to|over|by)|speak|talk|conversation|walk you through|join|dial)\b"),
    ),
    ("money", re.compile(r"\b(?:credit|credited|refund|refunded|reimburse\w*|invoice|pay|payment|transfer|amount)\b")),
    ("follow_up", re.compile(r"\b(?:follow[- ]?up|check in|check-in|write|update|e-?mail|contact|in touch|get back|report|message|hear|send|confirm)\b")),
)
_AND = re.compile(r"(?:[,;] (?:and )?|; )(?=(?:i|we|our|my|the|you|your|both) )", re.IGNORECASE)
_NUMBERS = {name: number for number, name in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())}
_WITHIN = re.compile(rf"\bwithin (?:the next )?(\d+|{'|'.join(_NUMBERS)}) (business days?|working days?|days?|hours?|weeks?)\b")


def commitments(letter: Letter, case: Case, policy: Policy, written: date) -> tuple[Commitment, ...]:
    """Return what the letter promises, in its order. Dates without a year, weekdays and spans count from `written`."""
    return tuple(_read(letter, case, policy, written))


def _read(letter: Letter, case: Case, policy: Policy, written: date) -> Iterator[Commitment]:
    for sentence in Reading(letter, case, policy).text:
        for text in _parts(" ".join(sentence.text.split()), written):
            said = text.replace("’", "'").lower()
            due = _by(text, written)
            kind = next((name for name, words in _KINDS if words.search(said)), "change")
            # A resolution without a day is nothing that can be kept or late.
            if (due or kind != "change") and _binds(said):
                yield Commitment(text, kind, due)


def _binds(said: str) -> bool:
    return bool(_WILL.search(said)) and not _OPEN.search(said) and not said.endswith("?")


def _parts(text: str, written: date) -> list[str]:
    """Return the halves of a sentence that promises two things, each with its day; else the sentence."""
    halves = _AND.split(text)
    if len(halves) > 1 and all(_by(half, written) for half in halves):
        return [half.strip(" .") for half in halves]
    return [text]


def _by(text: str, written: date) -> date | None:
    """Return the first day from `written` on that the sentence names: a promise is due when its first part is."""
    named = [day for value in values(text, 0, written) if isinstance(value.value, Day) for day in value.value.days]
    for count, unit in _WITHIN.findall(text.lower()):
        number = int(count) if count.isdigit() else _NUMBERS[count]
        if unit.startswith(("business", "working")):
            named.append(business_days(written, number))
        else:
            named.append(written + timedelta(days=-(-number // 24) if unit.startswith("hour") else number * 7 if unit.startswith("week") else number))
    return min((day for day in named if day >= written), default=None)
