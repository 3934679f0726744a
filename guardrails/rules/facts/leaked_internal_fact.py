"""Something from behind the desk that the customer must not read.

Revenue, renewal and price reviews, churn and health flags, ranks and lists, notes, competitors, other
customers: they shape a letter and never appear in it, not even as a hint.

Source: contracts, `background()`: what shapes the letter and never appears in it.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple
from weakref import WeakKeyDictionary

from guardrails.case import Case, parse
from guardrails.facts import words
from guardrails.facts.hints import Hints, hints
from guardrails.facts.known import Fact, Known, known, per_case
from guardrails.facts.ledger import Standing
from guardrails.facts.values import Day, Kind, Period, Scan, Value, same_money
from guardrails.facts.words import concept, stem, telling
from guardrails.finding import Level, Match, Span
from guardrails.language.detector import LEAK, leaks
from guardrails.language.memory import remembered
from guardrails.language.watched import Watched
from guardrails.language.words import STOP
from guardrails.letter import Part, Reading, Sentence
from guardrails.rule import Rule

_STATUS = Watched(
    r"""
      \b(?:churn\w*|upsell\w*|cross\ -?\ ?sell\w*|arr|ar\.r|a\.rr|a\.r\.r|annual\ recurring\ revenue|book\ of\ business
      |land\ and\ expand|wallet\ share|lifetime\ value|quota)\b
    | \b(?:health|retention|risk|engagement|sentiment|loyalty)\ (?:score|light|flag|list|dashboard|index|rating|status|colou?r)\b | \baccount\ (?:health
    |score|tier|grade|value|ranking)\b
    | \b(?:watch|keep\ -\ sweet|priority|risk|save|at\ -\ risk|red|amber)\ -?\ ?list\b | \b(?:save|retention)\ (?:desk|team|squad|people|department)\b
    | \b(?:your|this|the|upcoming|next|our|contract|annual|any)\ (?:\w+\ ){0,2}(?:renewal|re\ -\ tender|retender|price\ (?:review|rise|increase)
    |pricing\ review|rate\ review|rate\ (?:book|talks))\b
    | \b(?:renewal|price|pricing|rate|contract)\ (?:date|talks?|conversation|discussion|quote|season|negotiations?|cycle|deadline|window)\b
    | \bbefore\ (?:you|we)\ (?:renew|re\ -\ sign)\b
    | \b(?:when|before|as|until|once|by\ the\ time)\ (?:\w+\ ){0,3}(?:renew|renews|re\ -\ sign)\b
    | \b(?:account|client|customer|house|clients|customers|accounts|retainer|retainers|spender|shop|shops|logo)s?\ of\ (?:your|this|that|such)\ (?:size
    |value|standing|weight|volume|scale|tier|band|worth|revenue)\b
    | \b(?:what|how\ much)\ (?:your|this|the)\ (?:account|business|contract|custom)\ (?:is|are)\ worth\b | \bworth\ to\ us\b | \b(?:you|your\ (?:account
    |business|contract|custom))\ (?:\w+\ ){0,3}(?:worth|brings?\ in|bring\ us|brings\ us|earns?\ us)\b
    | \b(?:our|my)\ (?:\w+\ ){0,3}(?:largest|biggest|smaller|smallest|larger|bigger|top|strategic|key|flagship|best\ -\ paying|most\ strategic
    |most\ valuable|highest\ -\ value)\ (?:\w+\ )?(?:account|accounts|client|clients|customer|customers|logo|logos|retainer|retainers|payers?)\b
    | \b(?:tier|segment|band|bracket|category|class)\ (?:-\ )?(?:[abc123]|one|two|three)\b(?:\ (?:account|client|customer|segment))? | \b(?:[abc]|first
    |second|third|top|lower|bottom)\ (?:-\ )?(?:tier|segment|band)\b
    | \b(?:your|our|this|growth|low\ -\ touch|high\ -\ touch|smb|enterprise|strategic)\ (?:segment|tier)\b
    | \bone\ of\ (?:the|our)\ (?:\w+\ )?(?:smaller|smallest|lesser|minor|larger|bigger|biggest)\ (?!\w+s\ (?:ever|in))(?:retainers?|accounts?|clients?
    |customers?|spenders?|fish|shops?|names?)\b
    | \b(?:larger|bigger|smaller)\ (?:client|customer|account|logo|fish|contract)\b | \b(?:customers?|clients?|accounts?|firms?
    |houses?)\ (?:\w+\ ){0,2}(?:times\ (?:the|your)\ size|further\ (?:up|down))\b
    | \b(?:you|your\ \w+|they|trustees|board|owner)\ (?:\w+\ ){0,5}(?:weighing|considering|exploring|evaluating|trialling|trialing|testing|courting
    |comparing|shopping\ around|window\ -\ shopping|looking\ (?:at|around)|talking\ to|walking)\ (?:\w+\ ){0,3}(?:alternatives?|elsewhere|competitors?
    |rivals?|vendors?|providers?|suppliers?|options|around)\b
    | \b(?:other|another|rival|competing|alternative)\ (?:vendor|vendors|provider|providers|supplier|suppliers|bidder|bidders|quote|quotes)\b(?=.{0,160}\b(?:you
    |your)\b) | \byou\ (?:\w+\ ){0,4}(?:shopping\ around|window\ -\ shopping|leaving\ us|walk\ away|jump\ ship)\b
    | \b(?:case\ study|reference\ (?:account|customer|client|call))\b(?=.{0,160}\b(?:you|your)\b) | \b(?:on|off)\ (?:our|the|a)\ (?:shortlist|short\ list
    |hit\ list|naughty\ list)\b
    | \b(?:thin|our|the|your|low)\ margins?\ (?:on|with)\b | \bso\ little\ in\ it\ for\ us\b | \bperformance\ plan\b | \bfinal\ warning\b | \b(?:our
    |the)\ (?:insurers?|underwriters?|insurance)\ (?:\w+\ ){0,4}(?:covers?|pays?|stands?|refuses?|will|may|deductible|excess)\b
    """,
    re.VERBOSE,
)
# Ways of letting something slip: with one word that only the background has, they are enough.
_FRAME = Watched(
    r"""\b(?:between\ (?:ourselves|you\ and\ me|us)|(?:on|in)\ (?:our|the)\ (?:system|list|books|file|notes|radar|register)|list\ of\ ours|(?:beside
    |next\ to|against|by)\ your\ name|ha(?:ve|s|ve\ got|'s\ got)\ you\ (?:down|on|marked|listed)
    |under\ (?:your|the)\ hat|not\ public\ yet|i\ (?:know|hear|heard|notice|noticed|gather|see|understand|believe)\ (?:that\ )?(?:you|your)|we\ (?:know
    |hear|heard|gather|understand)\ (?:that\ )?(?:you|your)|as\ the\ corridor|rumou?r|whisper
    |i\ (?:realise|realize|am\ told)|word\ has\ (?:reached|got)|off\ the\ record
    |(?:not|n't)\ (?:normally|usually|as\ a\ rule)|normally\ not|around\ the\ corner|draws?\ near|before\ we\ (?:speak|talk|sit|meet|discuss)|(?:i
    |we)\ am\ conscious|mindful|make\ up\ your\ mind|decision\ to\ make|decisions?\ to\ take|negotiating|on\ the\ table|even\ for\ an?|(?:after|before|by
    |until|this\ side\ of)\ christmas|(?:in|before|by|after)\ the\ new\ year)\b""",
    re.VERBOSE,
)
# Words too common to betray anything alone.
_COMMON = frozenset(
    concept(word)
    for word in """account client customer contract team people month year week day new good high low medium critical risk planned plan planning
    mention note want wants asked ask talk talks
    call calls meet met set sent send called flagged flag list marked mark support manager time open big small sure nice left slow service start end
    bring big year far long business
    data report work working issue ticket problem first second next help find move read write need check change check show add hear pay look wait date
    answer question fix back name
    side care part case hand number right left line close possible already number order""".split()
)
_SEASONS = {"spring": {3, 4, 5}, "summer": {6, 7, 8}, "autumn": {8, 9, 10, 11}, "winter": {12, 1, 2}}


@cache
def _subjects() -> dict[str, frozenset[int]]:
    """Return, for each word of commercial.txt, the subjects it belongs to."""
    found: dict[str, set[int]] = {}
    lines = Path(words.__file__).with_name("commercial.txt").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(line for line in lines if line and not line.startswith("#")):
        for word in line.split():
            found.setdefault(stem(word), set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


_Weighed = tuple[int, int, float, str | None]
"""Where a word stands, how much it gives away, and the part of the background it does."""

_ENOUGH = 1.9
_UNLIKELY = -4.5
"""What the learned weights hold for no leak outweighs words of the background."""

_read: WeakKeyDictionary[Reading, tuple[Match, ...]] = WeakKeyDictionary()


def find(reading: Reading) -> tuple[Match, ...]:
    """Return the words that only the background explains, and talk of the customer's commercial standing."""
    if reading not in _read:
        _read[reading] = tuple(_find(reading))
    return _read[reading]


def _find(reading: Reading) -> Iterator[Match]:
    if reading.case is None:
        return
    behind = _behind(reading.case)
    for line in reading.ledger.lines:
        score = _score(reading, line.sentence, behind)
        exact = any(item.standing is Standing.INTERNAL for item in line.items)
        told = list(_leaks(line.sentence, line.scan, behind)) if score > _UNLIKELY or exact else []
        yield from told
        if score > 0 and not told and line.sentence.part is not Part.SUBJECT:
            yield _heard(reading, line.sentence, behind)


def measures(sentence: Sentence, case: Case) -> dict[str, float]:
    """Return how much of a sentence the facts do not know, and how much of that the background does."""
    return _measures(sentence, _behind(case))


def _measures(sentence: Sentence, behind: "_Behind") -> dict[str, float]:
    facts = behind.facts
    said = set(filter(None, map(telling, sentence.lowers)))
    new = said.difference(facts.vocabulary)
    inside = len(facts.internal_words.keys() & new)
    weighed = [told.weight for told in map(behind.words, sentence.lowers) if told]
    return {
        "inside": min(inside, 4) / 2,
        "inside>0": float(inside > 0),
        "weight": min(sum(weighed), 4.0) / 2,
        "subject": min(weighed.count(_SUBJECT), 3) / 3,
        "new": min(len(new), 8) / 8,
        "share": len(new) / max(len(said), 1),
    }


def _score(reading: Reading, sentence: Sentence, behind: "_Behind") -> float:
    """Return how much the learned weights hold a sentence for a leak; above zero nineteen of twenty are."""
    measured = _measures(sentence, behind)
    if not measured["new"]:
        return _UNLIKELY  # what the facts say gives nothing away
    table = leaks()
    return reading.verdict(sentence).scores[LEAK] + sum([table.get(name, 0.0) * size for name, size in measured.items()])


def _heard(reading: Reading, sentence: Sentence, behind: "_Behind") -> Match:
    """Return the part of a sentence that the learned weights take for a leak: the run of words that says most."""
    shares = reading.verdict(sentence).words(LEAK)
    known = [told.evidence for token in sentence.tokens if (told := behind.words(token.lower)) and told.evidence]
    best, run, start, found = 0.0, 0.0, 0, (0, len(shares))
    for at, share in enumerate(shares):
        if run <= 0:
            run, start = 0.0, at
        run += share - 0.1
        if run > best:
            best, found = run, (start, at + 1)
    span = sentence.words(*found)
    return Match(sentence.field, _clause(sentence, *span), evidence=known[0] if known else None)


class _Behind:
    """What stands behind a case and how a letter could give it away, remembered by word and by kind of value."""

    def __init__(self, case: Case) -> None:
        self.facts = known(case).everything
        self.ways = Hints(self.facts)
        self.months = {day.month for day in self.facts.dates} | set(self.facts.months)
        self._touched = _touched(self.facts, case)
        self.words = remembered(self._weighed)
        self._told = {said[:_FAMILY] for said in re.findall(r"[a-z]{5,}", self.facts.raw)}
        self._families = {
            said[:_FAMILY]: fact.shown
            for fact in self.facts.internal
            for said in re.findall(r"[a-z]{5,}", fact.text.lower())
            if said not in STOP and concept(said) not in _COMMON
        }
        self.values: dict[Kind, list[tuple[Fact, Value]]] = {}
        for fact in self.facts.internal:
            for value in fact.values:
                for kind in _COMPARED.get(value.kind, (value.kind,)):
                    self.values.setdefault(kind, []).append((fact, value))

    def _weighed(self, word: str) -> "_Word | None":
        """Return what a lower-case word gives away, if anything."""
        other = word in {"other", "others", "another"} and bool(self._touched & _subjects().get("other", frozenset()))
        if word in STOP or word in _CALENDAR or not word[:1].isalpha() or len(word) < 3:
            return _Word(other, None, 0.0) if other else None
        meant = concept(word)
        evidence = self.facts.internal_words.get(meant)
        subjects = _subjects().get(stem(word), frozenset()) & self._touched
        if evidence is None and meant not in self.facts.vocabulary and word[:_FAMILY] in self._families and word[:_FAMILY] not in self._told:
            return _Word(other, self._families[word[:_FAMILY]], 0.7)
        if evidence is None and subjects and meant not in self.facts.vocabulary:
            return _Word(other, None, _SUBJECT)
        if evidence is None or meant in self.facts.vocabulary or evidence.startswith(("account.background.churn_risk", "account.background.currency")):
            return _Word(other, None, 0.0) if other else None
        return _Word(other, evidence, 0.4 if meant in _COMMON else 1.0)


_TITLED = frozenset("customer customers account sales contract renewal churn risk client clients team support the two three one our".split())
"""Words that begin a note, or a sentence, and are no names."""
_SUBJECT = 0.55
"""What a word weighs that is only of a subject of the background."""
_FAMILY = 5
"""How many first letters two words of one family share: "trainees" and "training"."""
# A date may give away the month of the background, and a month its date.
_COMPARED = {Kind.DATE: (Kind.DATE, Kind.PERIOD), Kind.PERIOD: (Kind.DATE, Kind.PERIOD)}


class _Word(NamedTuple):
    """What a word gives away: that there are others, and the part of the background it comes from with its weight (none where it is only of a subject)."""

    other: bool
    evidence: str | None
    weight: float


_behind = per_case(_Behind)


def _touched(facts: Known, case: Case) -> frozenset[int]:
    """Return the subjects of commercial.txt that the notes of a case are about."""
    words = {
        word
        for fact in facts.internal
        if not fact.key.endswith((".arr", ".currency", ".renewal_date", ".churn_risk"))
        for word in re.findall(r"[^\W\d_]+", fact.text.lower())
    }
    told = [number for word in words for number in _subjects().get(stem(word), ())]
    renewal = set(_subjects()[stem("renewal")]) if case.account.background.renewal_date else set()
    return frozenset(told) | renewal


_CALENDAR = frozenset("january february march april may june july august september october november december".split())
"""Months are no words of a note: whether a date leaks is told by the date."""


def _leaks(sentence: Sentence, scan: Scan, behind: _Behind) -> Iterator[Match]:
    facts = behind.facts
    weights: list[_Weighed] = []
    for status in _STATUS.finditer(sentence.flat, sentence.signs):
        span = sentence.span(status.start(), status.end())
        words = [token.lower for token in sentence.tokens if span.start <= token.start < span.end and token.lower not in STOP and token.lower.isalpha()]
        new = [word for word in words if concept(word) not in facts.vocabulary]
        if new:
            weights.append((*span, 2.0, next((facts.internal_words[concept(word)] for word in words if concept(word) in facts.internal_words), None)))
    for token, told in zip(sentence.tokens, map(behind.words, sentence.lowers), strict=True):
        if told is None:
            continue
        if told.other:
            weights.append((token.start, token.end, 0.55, None))
        if (
            told.evidence
            and token.text[:1].isupper()
            and (token.start > sentence.start or token.lower not in _TITLED)
            and f" {token.text}" in told.evidence
            and token.lower not in facts.names
        ):
            weights.append((token.start, token.end, 2.0, told.evidence))
        elif told.weight:
            weights.append((token.start, token.end, told.weight, told.evidence))
    weights += _values(sentence, scan, behind)
    weights += [(*span, 2.0, evidence) for span, evidence in hints(sentence, facts, behind.ways)]
    if not weights:
        return
    weights += [(*sentence.span(frame.start(), frame.end()), 1.0, None) for frame in _FRAME.finditer(sentence.flat, sentence.signs)]
    weights.sort(key=lambda item: item[:2])
    if _total(weights) < _ENOUGH:
        return
    best: list[_Weighed] = []
    for first, (start, *_rest) in enumerate(weights):
        window: dict[tuple[int, int], _Weighed] = {}
        for weighed in weights[first : first + 60]:
            if weighed[0] - start > 110:
                break
            window.setdefault(weighed[:2], weighed)
        if _total(window.values()) > _total(best):
            best = list(window.values())
    if _total(best) < _ENOUGH:
        return
    # Words in passing before and after what gives it away are no part of it.
    while best[0][2] < 1 and _total(best[1:]) >= _ENOUGH:
        best = best[1:]
    while best[-1][2] < 1 and _total(best[:-1]) >= _ENOUGH:
        best = best[:-1]
    telling = sorted((weighed for weighed in best if weighed[3]), key=lambda weighed: -weighed[2])
    yield Match(sentence.field, _clause(sentence, best[0][0], best[-1][1]), evidence=telling[0][3] if telling else None)


def _total(weighed: Iterable[_Weighed]) -> float:
    return sum(weight for _, _, weight, _ in weighed)


def _values(sentence: Sentence, scan: Scan, behind: _Behind) -> list[_Weighed]:
    """Return the values of a sentence that only the background holds."""
    facts = behind.facts
    found: list[_Weighed] = []
    for value in scan.found:
        for fact, other in behind.values.get(value.kind, ()):
            if _same(value, other, behind):
                weak = value.kind in {Kind.NUMBER, Kind.DURATION}
                month = value.kind is Kind.PERIOD and not fact.key.endswith("renewal_date")
                found.append((*value.span, 1.0 if weak else 1.5 if month else 2.0, fact.shown))
                break
    if not _SEASONS.keys().isdisjoint(sentence.lowers):
        months = {month for fact in facts.internal for value in fact.values for month in _months(value)}
        for token in sentence.tokens:
            if (season := _SEASONS.get(token.lower)) and season & months and not season & behind.months:
                found.append((token.start, token.end, 1.0, None))
    return found


def _months(value: Value) -> set[int]:
    what = value.value
    if isinstance(what, Day):
        return {day.month for day in what.days} if what.month or what.year else set()
    return set(what.months) if isinstance(what, Period) and len(what.months) == 1 else set()


_DATED = (Day, Period)


def _same(value: Value, other: Value, behind: _Behind) -> bool:
    """Whether a value of the letter is one of the background's, and none of the facts'."""
    mine, theirs, facts = value.value, other.value, behind.facts
    if isinstance(mine, Decimal) and isinstance(theirs, Decimal) and value.kind is other.kind:
        if mine != theirs or (value.kind is Kind.NUMBER and mine < 5):
            return False
        if value.kind is Kind.MONEY:
            return same_money(value.unit, other.unit) and not any(mine == amount for amount, _, _ in facts.money)
        return not (mine in facts.percents if value.kind is Kind.PERCENT else any(mine == number for number, _, _ in facts.numbers))
    if isinstance(mine, _DATED) and isinstance(theirs, _DATED):
        if isinstance(mine, Day) and (mine.month is None or (mine.day is None and mine.weekday is not None)):
            if mine.day is None:
                return False
            return isinstance(theirs, Day) and any(day in theirs.days for day in mine.days) and not any(day in facts.dates for day in mine.days)
        if isinstance(mine, Day) and isinstance(theirs, Day) and theirs.day is not None:
            return any(day in theirs.days for day in mine.days) and not any(day in facts.dates for day in mine.days)
        ours = _months(value)
        return bool(ours & _months(other)) and not ours & behind.months and len(ours) == 1
    return False


def _cuts(text: str, at: int) -> bool:
    """Whether a clause ends at a sign: a comma in 5,000 and a colon in 9:30 end nothing."""
    return text[at] in ",;:—–()" and not (text[at - 1 : at].isdigit() and text[at + 1 : at + 2].isdigit())


def _clause(sentence: Sentence, start: int, end: int) -> Span:
    """Widen a span to the clause around it."""
    text = sentence.text
    left, right = start - sentence.start, end - sentence.start
    while left > 0 and not _cuts(text, left - 1):
        left -= 1
    while right < len(text) and not _cuts(text, right):
        right += 1
    opening = None
    for word in re.finditer(
        r"\b(?:before|as|with|since|given|because|when|though|although|ahead of|now that|until|once|while"
        r"|after)\b",
        text[left : start - sentence.start + 9],
        re.IGNORECASE,
    ):
        opening = word if left + word.start() <= start - sentence.start else opening
    if opening and left + opening.start() > left + 8:
        left += opening.start()
    while left < right and text[left].isspace():
        left += 1
    while right > left and text[right - 1] in " .!?":
        right -= 1
    return Span(sentence.start + left, sentence.start + right)


rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message='"{quote}" lets the customer see what is for our eyes only. Take it out.',
    find=find,
    needs_case=True,
    bad=(
        "We owe you an answer «before we speak about the contract in March».",
        "«Given what your account is worth to us», I called our engineers myself.",
        "«I know you have been trying Brightdesk», and I understand it.",
        "«Word has reached us that you are seeing other people».",
    ),
    good=(
        "The May export failed on Monday.",
        "We renewed the certificate on 4 May.",
        "Other systems were not touched.",
        "Seeing other people's exports go through on Monday must have been hard.",
    ),
    given=parse(
        {
            "incident": {"summary": "The May export failed on 4 May; the certificate had expired."},
            "account": {"company": "Kite & Sons", "background": {"arr": "41000", "renewal_date": "2027-03-31", "notes": "Trying Brightdesk since April."}},
            "sender": {"name": "Paige Lorrimer"},
            "written_on": "2026-05-05",
        }
    ),
)
