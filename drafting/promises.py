"""What a letter commits us to: each promise with its date, as the register keeps it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from drafting.clocks import business_days
from guardrails.case import Case
from guardrails.letter import Letter, Reading
from guardrails.policy import Policy


@dataclass(frozen=True, slots=True)
class Commitment:
    """One sentence that promises something, and the day by which, where it names one."""

    text: str
    kind: str
    """`call`, `postmortem`, `money`, `follow_up` or `change`."""
    due: date | None


_WILL = re.compile(
    r"\b(?:i|we|our|my|you|who|and|it|this|they|report|post-?mortem|credit|refund|[a-z]+ team|[a-z]+ (?:and|or) (?:i|we))\b(?: [^ ]+){0,3}? (?:will|shall)\b"
    r"|\b(?:i|we|you)'ll\b"
)
_ASKS = re.compile(r"\b(?:if|whether|unless|should you|please|let me know|you will (?:see|find|notice|need|have to))\b")
_KINDS = (
    ("postmortem", re.compile(r"post-?mortem|root[- ]cause (?:report|analysis)|incident report|full report")),
    ("money", re.compile(r"\b(?:credit|refund|reimburse\w*|invoice|pay|payment)\b")),
    ("call", re.compile(r"\b(?:call|phone|ring|meet|meeting|speak|talk|conversation)\b")),
    ("follow_up", re.compile(r"\b(?:follow[- ]?up|check in|check-in|write|update|email|e-mail|contact|in touch|get back|report back|message)\b")),
)
_MONTHS = {name: number for number, name in enumerate("january february march april may june july august september october november december".split(), 1)}
_MONTHS |= {name[:3]: number for name, number in _MONTHS.items()} | {"sept": 9}
_DAYS = {name: number for number, name in enumerate("monday tuesday wednesday thursday friday saturday sunday".split())}
_NUMBERS = {name: number for number, name in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"(?P<iso>\d{{4}}-\d\d-\d\d)|\b(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m1>{_MONTH})\b\.?,?(?: (?P<y1>\d{{4}}))?"
    rf"|\b(?P<m2>{_MONTH})\b\.? (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<y2>\d{{4}}))?"
    rf"|\bwithin (?:the next )?(?P<n>\d+|{'|'.join(_NUMBERS)}) (?P<unit>business days|working days|days|hours|weeks)\b"
    rf"|\b(?P<soon>today|tonight|tomorrow)\b|\b(?P<next>next )?(?P<weekday>{'|'.join(_DAYS)})\b"
)


def commitments(letter: Letter, case: Case, policy: Policy, written: date) -> tuple[Commitment, ...]:
    """Return what the letter promises, in its order. Dates without a year, weekdays and spans count from `written`."""
    return tuple(_read(letter, case, policy, written))


def _read(letter: Letter, case: Case, policy: Policy, written: date) -> Iterator[Commitment]:
    for sentence in Reading(letter, case, policy).text:
        said = " ".join(sentence.text.replace("’", "'").lower().split())
        if not _WILL.search(said) or said.endswith("?") or _ASKS.search(said.partition(" will ")[0]):
            continue
        kind = next((name for name, words in _KINDS if words.search(said)), "change")
        yield Commitment(" ".join(sentence.text.split()), kind, _by(said, written))


def _by(said: str, written: date) -> date | None:
    found = [day for match in _DATE.finditer(said) if (day := _day(match, written)) and day >= written]
    return min(found, default=None)


def _day(match: re.Match[str], written: date) -> date | None:
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        if match["n"]:
            count = int(match["n"]) if match["n"].isdigit() else _NUMBERS[match["n"]]
            if match["unit"] in {"business days", "working days"}:
                return business_days(written, count)
            return written + timedelta(days=count * 7 if match["unit"] == "weeks" else -(-count // 24) if match["unit"] == "hours" else count)
        if match["soon"]:
            return written + timedelta(days=match["soon"] == "tomorrow")
        if match["weekday"]:
            ahead = (_DAYS[match["weekday"]] - written.weekday()) % 7 or 7
            return written + timedelta(days=ahead)
        day, month, year = (match["d1"], match["m1"], match["y1"]) if match["d1"] else (match["d2"], match["m2"], match["y2"])
        found = date(int(year or written.year), _MONTHS[month], int(day))
    except (ValueError, OverflowError):
        return None
    # "5 January", written in December, is next year's.
    return found if year or found >= written - timedelta(days=60) else found.replace(year=found.year + 1)
