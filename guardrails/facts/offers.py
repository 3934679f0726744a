"""What a letter offers beyond putting things right, held against what has been approved."""

import itertools
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from weakref import WeakKeyDictionary

from guardrails.case import Case, Severity
from guardrails.facts.durations import DAY, HOUR, Duration
from guardrails.facts.grants import denied, granted
from guardrails.facts.known import Known, content, known, per_case, shown
from guardrails.facts.ledger import Line, Standing
from guardrails.facts.lexer import pieces
from guardrails.facts.reckoning import resembles
from guardrails.facts.values import MONTHS, Kind, Period, Scan, Value, same_money
from guardrails.facts.words import concept, meant
from guardrails.finding import Field, Span
from guardrails.language.watched import Watched
from guardrails.language.words import STOP
from guardrails.letter import Part, Reading, Sentence

# Words that make a present of something.
_GIFT = Watched(
    r"""(?<!\w)(?:(?:'s|is|are|be|,|-|—|months?|weeks?|service|one|order|have\ \w+(?:\ and\ \w+)?)\ on\ (?:us|me)(?=\ ?(?:[.,;:!)(]|and|this|for|as|\Z))
    |on\ the\ house|free\ of\ (?:any\ )?charge|complimentary|(?:my|our)\ compliments|(?<!is\ a\ )(?<!was\ a\ )gift|gifts|gratis
    |as\ a\ present|voucher|vouchers|coupon|coupons|gift\ card
    |(?:gets?|have|has|do|does|done|free|yours|supply|ship|receive|runs?|comes?|work|works)\ (?:\w+\ ){0,4}for\ nothing
    |(?<!laugh\ )at\ our\ expense|without\ (?:an\ )?invoice|on\ (?:our|my)\ tab
    |(?:two|three
    |four|pair\ of|free|\d+)\ tickets\ (?:to|for)|goodwill\ (?:gesture|credit|payment|voucher|discount|adjustment|rebate|refund|gift)
    |(?:gesture|sign|token|mark|act)\ of\ goodwill|(?:as|by\ way\ of|for|out\ of|in)\ goodwill
    |(?<!are\ )(?<!am\ )(?<!be\ )(?<!is\ )free\ (?:\w+\ ){0,2}(?:month|months|week|weeks|year
    |years|night|nights|service|order|orders|visit|visits|training|access|upgrade|seat|seats
    |consultation|delivery|shipping|trial)|free\ (?:january|february|march|april|may|june|july|august|september|october|november|december)|(?:tenner|fiver)
    |(?:month|months|week|weeks|year|years|quarter|nights?)\ (?:free|gratis)
    |(?:without|at\ no|no|free\ of)\ (?:extra\ |further\ |any\ )?(?:charge|cost|fee)(?:\ to\ you)?|our\ treat
    |code\ for
    |half\ (?:the\ |our\ |your\ )?(?:\w+\ )?price|at\ cost(?=\ ?(?:[.,;:!)]|and|for|\Z))
    |discount|discounts|rebate|pay\ nothing|nothing\ to\ pay(?!\ back|\ for\ (?:that|this|it)\b)
    |(?:per\ cent|percent|%)\ off|off\ (?:your|the|their)\ (?:next|\w+\ (?:order|bill
    |invoice|fee|term|renewal))|service\ credit|loyalty\ (?:bonus|points)|bonus\ points|hamper|bottle\ of|box\ of\ chocolates)\b""",
    re.VERBOSE,
)
# Words that give money back or forgo it.
_GIVE = Watched(
    r"""(?<!\w)(?:refund\w*|(?:price|fee|rate)\ (?:\w+\ ){0,2}(?:lowered|cut|reduced|dropped)
    |not\ (?:invoice|charge|bill)\ you|add\ to\ that|(?:is|are)\ yours
    |credit(?:s|ed|ing)?(?!\ (?:unions?|cards?|ratings?|scores?|checks?|agenc|control))
    |reimburs\w*|compensat\w*|repay\w*|repaid|waiv\w*|abat(?:e|es|ed|ing)|deduct\w*|knock\w*|halv\w*|forgo\w*
    |forgive\ (?:the|your)|topp?\w*\ you\ up|chuck\w*|popp\w*|shav\w*|struck\ out|strike\ out|write\ off|written\ off
    |(?:comes?|goes?|going|coming|flows?|returns?|sent|send|sending|gives?|giving|gets?|have|paid|pay|paying)\ (?:\w+\ ){0,4}back|returns?\ to\ you
    |(?:takes?|taking|took|taken|comes?|coming)\ (?:[^.;]{0,40}\ )?(?:off|down)|lighter|lower\ (?:the|your)|(?:have|has|had|'ve|will|'ll|shall|i
    |we)\ (?:put|added|add|place|placed)
    |(?:we|us|i|will|shall|'ll)\ (?:also\ )?(?:cover|covers|covering|meet|bear|pay\ for|pay\ the|pay\ half)|cheque\ for|check\ for|on\ your\ account
    |carr(?:y|ies)\ a\ credit|(?:we|i)\ (?:\w+\ )?(?:carry|take\ over)|(?:will|shall|is|are|has|have)\ (?:be(?:en)?\ |being\ )?returned
    |(?:comes?|goes?|go|put|dropped|drop|drops|posted|pays?|paid)\ (?:[^.;]{0,30}\ )?(?:to|into|on|onto)\ your\ (?:\w+\ )?(?:account|bank|statement|card|good)
    |you\ pay\ (?:us\ |only\ |just\ )*(?:the\ )?(?:half|two\ thirds|a\ (?:half|third|quarter))|each\ (?:of\ (?:\w+\ ){1,3})?(?:gets|receives)
    |(?:giving|give|gives)\ (?:up|you)|(?:euros?|dollars?|pounds?|francs?|percent|%)\ less
    |charge\ you\ nothing|not\ pay\ for|have\ \w+(?:\ and\ \w+)?\ on\ us|fee\ is\ ours|you\ (?:will\ also\ )?receive|we\ (?:write
    |grant|give|offer)\ you|i\ (?:write|grant|give|offer)\ you|you\ get|throw\w*\ in|coming\ your\ way|please\ (?:enjoy|accept)|(?:we|i)\ offer|offering
    |extend|every\ \w+\ (?:gets|receives))\b""",
    re.VERBOSE,
)
# A sentence without one of these beginnings makes nothing over to anybody.
_GRANT_SIGNS = Watched(
    r"(?<![^ ])(?:"
    r"refund|waiv|reimburs|compensat|repay|forgo|indemnif|gift|present|donat|sponsor|discount|pay|cover|bear|absorb|"
    r"settl|shoulder|foot|meet|good|pick|writ|over|free|gratis|compliment|treat|half|charge|cost|nothing|us|stay|"
    r"remain|credit|get|receiv"
    r")"
)
_GESTURE = Watched(
    r"\b(?:by way of (?:thanks|apology|amends|peace offering|an? )|as (?:a |our )?(?:small |little |modest )?(?:gesture|token|thank|apology)|in token "
    r"of|peace offering|(?:(?:gesture|sign|token|mark) of|(?:as|in|out of)) goodwill|on (?:its|their|the) way (?:back )?to you)"
)
_HANDS = Watched(
    r"\b(?:(?:you|we|i) (?:will |shall |'ll |also |now |each |both |can |then ){0,3}(?:receive|get|propose|offer|pay|put|add|give|grant|contribute|send|credit"
    r"|return|refund|set|transfer|reimburse)\b|(?:we|i) (?:are|am|'re|'m) (?:also )?(?:proposing|offering|adding|putting|paying|giving"
    r"|crediting|refunding|returning)\b"
    r"|in your favou?r|comes? (?:back|off)|back to you|towards? (?:the|your)|you (?:will |shall |'ll )?have\b.{1,60}\bback\b|is yours|are yours)"
)
"""What puts money into the customer's hands."""
_LAND = Watched(
    r"\byou (?:will|'ll) (?:find|see)\b|\b(?:rounded|raised|topped) (?:that|it|this) (?:up )?to\b|\b(?:land|landed|show up|shown up|arrived|arrive"
    r"|reached|reach)\b|\b(?:we|i) (?:will|shall|'ll) "
)
_COVER = Watched(
    r"(?<!\w)(?<!how )(?:we|i|us)(?: (?:will|shall|'ll|are|am|'re|'m))?(?: also)? (?:cover|covering|pay for|paying for|bear|bearing|meet the cost|pick up the "
    r"(?:bill|tab|cost))\b(?! (?:both|it|them|that|those|all of it)\b)"
)
_WHOLE = re.compile(r"\b(?:on the house|not (?:invoice|charge|bill) you|pay nothing|nothing to pay(?! back)|not pay|full|whole|entire|in full|completely)\b")
_PART = re.compile(
    r"\b(?:(?:one |a |the )?half|halve[ds]?|(?:one |a )(?:third|quarter|tenth|fifth)|two thirds|three quarters)\b(?! (?:past|an hour|a day|an? \w+ hour|to "
    r"|hour|of an hour))"
)
_COUNTED = re.compile(r"\b(?:the one after|and the next|two|three|four|several|twice) (?:that|visits?|free)\b|\bthe one after that\b")
_PAST = re.compile(
    r"\b(?:charged|overcharged|debited|collected|invoiced|instead of|in place of|too much|should have (?:been|come)|was due|were due|lost|missed|worth of)\b"
)
_QUESTION = re.compile(r"\bif you (?:would|'d|want|wish|prefer|like)\b|\bshould you\b")
_UNAPPROVED = re.compile(r"(?:none|nothing|no)\b", re.IGNORECASE)
_MONEY_NOUNS = frozenset(
    concept(word) for word in "fee fees bill invoice charge charges order rental premium subscription price account month credit refund rate".split()
)


# Words of an approval that a letter may use of something else.
_LOOSE = frozenset(
    concept(word)
    for word in "refund credit waive waived dedicated escalation contact named executive check-in check public post-mortem postmortem account call "
    "team every affected other".split()
)


_OTHER = '"{quote}" is not what has been approved.'
_UNMADE = '"{quote}" offers something, and nothing has been approved for this account.'
_TOO_KIND = '"{quote}" goes beyond the fix, which is all that a letter of low severity owes.'
_SHARE = '"{quote}" offers another share than the approved one.'
_MORE = '"{quote}" is more than has been approved.'


@dataclass(frozen=True, slots=True)
class Approved:
    """The remedy of a case: its parts, their values and words."""

    parts: tuple[str, ...]
    values: tuple[Value, ...]
    words: frozenset[str]
    text: str
    evidence: str | None

    def __bool__(self) -> bool:
        return bool(self.parts)


@dataclass(frozen=True, slots=True)
class Offer:
    """Words that offer something else than what is approved, and why they do (with `{quote}` for the words)."""

    field: Field
    span: Span
    why: str
    evidence: str | None
    suggestion: str | None = None


@per_case
def approved(case: Case) -> Approved:
    """Return what has been approved for a case: from its amounts, and from its texts where they say so."""
    facts = known(case)
    parts: list[str] = []
    values: list[Value] = []
    words: set[str] = set()
    texts: list[str] = []
    evidence = None
    for number, item in enumerate(case.remedy.items):
        text = item.text or ""
        if _UNAPPROVED.match(text) and item.amount is None:
            continue
        if item.amount is not None:
            values.append(Value(Kind.MONEY, Span(0, 0), item.amount, item.currency or ""))
            evidence = evidence or shown(f"remedy.items[{number}].amount", f"{item.amount} {item.currency}")
        elif text:
            evidence = evidence or shown(f"remedy.items[{number}].text", text)
        kind = item.kind.replace("_", " ") if item.kind != "other" else ""
        texts.append(f"{kind} {text}".strip())
        parts += [
            part.strip() for part in re.split(r"[;,](?!\d)|(?<!\d) and (?=a |an |the |dedicated|named|executive|priority|public)", texts[-1]) if part.strip()
        ]
        scan = Scan(text, 0, facts.today)
        values += scan.found
        words |= content(pieces(texts[-1]))
    return Approved(tuple(parts), tuple(values), frozenset(words), " ".join(texts), evidence)


_read: WeakKeyDictionary[Reading, tuple[Offer, ...]] = WeakKeyDictionary()


def offers(reading: Reading) -> tuple[Offer, ...]:
    """Return the offers of a letter that are more, less or other than approved. Worked out once a reading."""
    if reading not in _read:
        _read[reading] = tuple(_offers(reading))
    return _read[reading]


def _offers(reading: Reading) -> Iterator[Offer]:
    case = reading.case
    if case is None:
        return
    facts = known(case)
    allowed = approved(case)
    values = frozenset(value.value for value in allowed.values)
    for line in reading.ledger.lines:
        reckoned = frozenset(item.span for item in line.items if item.note.startswith(_RECKONED) and item.standing is Standing.DERIVED)
        if not any(item.standing is Standing.HELD and item.kind is Kind.MONEY for item in line.items if reckoned):
            reckoned = frozenset()
        found = tuple(_in(line.sentence, line.scan, reading, facts, allowed, reckoned))
        yield from found
        if not found and line.sentence.part is Part.TEXT and (span := _unheard_of(line, allowed, reading.severity)):
            found = (Offer(line.sentence.field, span, _TOO_KIND if reading.severity is Severity.LOW else _OTHER if allowed else _UNMADE, allowed.evidence),)
            yield from found
        if not found and line.sentence.part is Part.TEXT and (span := _in_place(line.sentence, allowed)):
            found = (Offer(line.sentence.field, span, _OTHER, allowed.evidence),)
            yield from found
        if not found and line.sentence.part is Part.TEXT and (span := _resembling(line, allowed, reading.severity)):
            found = (Offer(line.sentence.field, span, _OTHER, allowed.evidence),)
            yield from found
        if not found and line.sentence.part is Part.TEXT and (span := _other_length(line, allowed, facts, reading.severity)):
            found = (Offer(line.sentence.field, span, _OTHER, allowed.evidence),)
            yield from found
        if not found and line.sentence.part is Part.TEXT and (span := _lasting(line, allowed, facts)):
            found = (Offer(line.sentence.field, span, _OTHER, allowed.evidence),)
            yield from found
        if not found and line.sentence.part is Part.TEXT and _GRANT_SIGNS.search(line.sentence.flat, line.sentence.signs):
            clauses = reading.clauses(line.sentence)
            span = denied(line.sentence, allowed.words)
            if not (_GIFT.search(allowed.text.lower()) and _said_in(line.sentence) & (allowed.words - _MONEY_NOUNS)):
                span = span or granted(line.sentence, clauses, line.scan, facts, allowed.words, values)
            if span:
                why = _TOO_KIND if reading.severity is Severity.LOW else _OTHER if allowed else _UNMADE
                yield Offer(line.sentence.field, span, why, allowed.evidence)


_IN_PLACE = re.compile(r"\b(?:in place of|instead of|in lieu of) (?:the |a |an |your |our )?((?:[\w'-]+ ){0,4}?[\w'-]+)(?: \w+ \w+)? (?:we|you|our|i)\b")


def _in_place(sentence: Sentence, allowed: Approved) -> Span | None:
    """Return what is offered in place of an approved thing: "in place of the refund we send a set of jaws"."""
    match = _IN_PLACE.search(sentence.flat) if allowed else None
    if match is None or not {concept(word) for word in match[1].split()} & (allowed.words - _COUNTING_WORDS):
        return None
    if re.search(r"\b(?:was|were|had|did|charged|billed|sent|told)\b", sentence.flat[match.end() :]):
        return None  # what went wrong
    return sentence.span(match.start(), len(sentence.flat))


_COUNTING_WORDS = frozenset(concept(word) for word in "month months year day days week account customer team invoice order price".split())


def _resembling(line: Line, allowed: Approved, severity: Severity) -> Span | None:
    """Return an amount that no fact holds and that is an approved one but for a digit."""
    amounts = [value for value in allowed.values if value.kind is Kind.MONEY and isinstance(value.value, Decimal)]
    if not amounts or _PAST.search(line.sentence.flat) or _RECKONING.search(line.sentence.flat):
        return None
    for item in line.items:
        value = item.value
        if item.kind is not Kind.MONEY or item.standing is not Standing.UNKNOWN or item.clash or value is None or not isinstance(value.value, Decimal):
            continue
        told = value.value
        if severity is Severity.MEDIUM and _is_less(value, allowed):
            continue
        if any(same_money(other.unit, value.unit) and isinstance(other.value, Decimal) and resembles(told, other.value) for other in amounts):
            others = any(isinstance(one.value.value, Decimal) for one in line.items if one is not item and one.value)
            return None if others and _SUMMED.search(line.sentence.flat) else item.span
    return None


_RECKONING = re.compile(r"\b(?:difference|times|off|of £|would cost|prices? (?:will|go))\b")


def _other_length(line: Line, allowed: Approved, facts: Known, severity: Severity) -> Span | None:
    """Return how long an approved service is to last, in days or more, where it was approved for another while: "twelve months of monitoring"."""
    lengths = [value for value in line.scan.found if isinstance(value.value, Duration) and value.value.counted and value.value.unit >= DAY]
    if len(lengths) != 1 or not isinstance(what := lengths[0].value, Duration) or sum(value.kind is Kind.DATE for value in line.scan.found) > 1:
        return None
    if severity is Severity.MEDIUM and _is_less(lengths[0], allowed):
        return None
    said = _said_in(line.sentence)
    for part in allowed.parts:
        approved_lengths = [value.value for value in Scan(part).found if isinstance(value.value, Duration)]
        about = (_part(part)[1] - _MONEY_NOUNS - _LOOSE - _SPANS) & said
        if approved_lengths and about and what.unit == approved_lengths[0].unit and not any(what.fits(one.seconds) for one in approved_lengths):
            others = (seconds for seconds, key in facts.durations if not key.startswith("remedy"))
            return None if any(what.fits(seconds) for seconds in others) else lengths[0].span
    return None


_SPANS = frozenset(concept(word) for word in "day days week weeks month months year years two three four five six twelve free site own people".split())
_UNTIL = re.compile(
    r"\b(?:until|till|through(?: to)?|to) (?:the )?(?:end of (?:the )?)?"
    r"(year|quarter|christmas|easter|summer|autumn|winter|spring|january|february|march|april|may|june|july|august|september|october|november|december)\b"
)
_UNTIL_DAY = re.compile(r"\b(?:until|till|through|to)\b")


def _lasting(line: Line, allowed: Approved, facts: Known) -> Span | None:
    """Return how long an approved thing is said to last, where it was approved for another while."""
    sentence = line.sentence
    match = _UNTIL.search(sentence.flat)
    if match is None or not _OFFERED.search(sentence.flat):
        return None
    lasts = [part for part in allowed.parts if _UNTIL_DAY.search(part.lower()) or any(isinstance(value.value, Duration) for value in Scan(part).found)]
    said = _said_in(sentence)
    about = [part for part in lasts if len(_part(part)[1] & said - _MONEY_NOUNS) > 1]
    if not about:
        return None
    months = {month for part in about for value in Scan(part, 0, facts.today).found for month in _months(value)}
    lengths = [value.value.seconds for part in about for value in Scan(part).found if isinstance(value.value, Duration)]
    starts = [day for day in (*facts.dates, facts.today) if day]
    ends = months | {(day + timedelta(seconds=length)).month for day in starts for length in lengths}
    word = match[1]
    named = (
        {MONTHS[word]}
        if word in MONTHS
        else {"year": {12}, "christmas": {12}, "easter": {3, 4}}.get(word)
        or {"summer": {6, 7, 8}, "autumn": {9, 10, 11}, "winter": {12, 1, 2}, "spring": {3, 4, 5}}.get(word, set())
    )
    return None if not named or named & ends else sentence.span(match.start(), match.end())


_OFFERED = re.compile(r"\b(?:support|contact|extend\w*|trial|yours|stays?|free|watch|protection|access|line|priority|have|get|turn)\b")


def _things(value: Value) -> frozenset[str]:
    """What a number counts."""
    return frozenset(concept(word) for word in value.unit.split()[:2] if word not in STOP)


_UNFOUNDED = frozenset({Standing.UNKNOWN, Standing.CONTRADICTED})
_MISCOUNTED = re.compile(r"other figures| (?:and|less|times) ")
"""Why an amount is wrong that only adds the others up wrongly: a mistake, but no other offer."""


_WILL = re.compile(r"\b(?:will|shall|'ll|we|i|our|you|your)\b")


def _unheard_of(line: Line, allowed: Approved, severity: Severity) -> Span | None:
    """Return the clause that hands the customer an amount which no fact holds or gives."""
    sentence = line.sentence
    for item in line.items:
        if item.standing not in _UNFOUNDED:
            continue
        off = item.kind is Kind.PERCENT and sentence.text[item.span.end - sentence.start :].startswith((" off", " discount", " reduction", " back"))
        if (item.kind is not Kind.MONEY and not off) or _MISCOUNTED.search(item.clash):
            continue
        if severity is Severity.MEDIUM and item.value and _is_less(item.value, allowed):
            continue
        if not (_HANDS.search(sentence.flat, sentence.signs) or (off and _WILL.search(sentence.flat))):
            continue
        for start, stop in _clauses(sentence):
            span = sentence.words(start, stop)
            if span.start <= item.span.start < span.end and not _PAST.search(" ".join(token.lower for token in sentence.tokens[start:stop])):
                return span
    return None


_RECKONED = ("shared among", "the difference", "a product")
"""How an amount comes of the others that a letter gives."""


def _in(sentence: Sentence, scan: Scan, reading: Reading, facts: Known, allowed: Approved, reckoned: frozenset[Span]) -> Iterator[Offer]:
    flat, signs = sentence.flat, sentence.signs
    if not (_GIFT.search(flat, signs) or _GIVE.search(flat, signs) or _LAND.search(flat, signs) or _COVER.search(flat, signs) or _GESTURE.search(flat, signs)):
        return
    low = reading.severity is Severity.LOW
    missing = _TOO_KIND if low else _OTHER if allowed else _UNMADE
    clauses = _clauses(sentence)
    starts = [value.span.start for value in scan.found]
    held = any(value.kind is Kind.MONEY and any(value.value == other.value for other in allowed.values) for value in scan.found)
    told = allowed.text.lower()
    for number, (start, stop) in enumerate(clauses):
        span = sentence.words(start, stop)
        text = " ".join(token.lower for token in sentence.tokens[start:stop])
        if (
            sentence.field == "subject"
            and not re.search(r"% (?:off|discount|credit|refund|back|less)\b", text)
            and not any(value.kind is Kind.MONEY and not held and span.start <= value.span.start < span.end for value in scan.found)
        ):
            continue  # a subject names what went wrong; only a figure makes it an offer
        following = " ".join(token.lower for token in sentence.tokens[stop : clauses[number + 1][1]]) if number + 1 < len(clauses) else ""
        if number + 1 < len(clauses) and not re.match(r"\W*(?:and )?(?:that|this|which)\b", following):
            following = ""
        gift = _GIFT.search(text, signs)
        give = _GIVE.search(text, signs) or _GIVE.search(following, signs) or _GESTURE.search(flat, signs)
        if gift and gift[0].endswith((" on us", " on me")) and _OWNED.search(text[: gift.end()]):
            gift = None  # "that is on us" owns a fault
        if gift and not _NOTHING_OWED.search(gift[0]) and _NEGATED.search(text[: gift.start()]):
            gift = None  # "no voucher makes up for it"
        if re.search(r"\bnow (?:comes?|goes|go|leaves?|drops?)\b|\b(?:looked at|considered|reviewed|weighed) for\b", text):
            continue  # how it works from now on, not what we give
        if _returns_overcharge(text, told, facts) or (_PAST.search(text) and not gift):
            continue
        here = scan.found[bisect_left(starts, span.start) : bisect_left(starts, span.end)]
        said = frozenset(concept(token.lower) for token in sentence.tokens[start:stop] if token.lower not in STOP and token.lower.isalpha())
        if held and (_SUMMED.search(text) or _EXPLAINS.match(text)):
            continue  # beside the approved amount it only adds it up, or tells how it comes about
        wrong = next(
            (value for value in here if value.span not in reckoned and _is_wrong(value, text, scan, facts, allowed, said, bool(gift), bool(give))), None
        )
        if wrong is not None and reading.severity is Severity.MEDIUM and _is_less(wrong, allowed) and "price" not in text:
            continue
        if wrong is not None:
            right = _right_amount(wrong, here, text, allowed) if wrong.kind is Kind.MONEY and not low else None
            yield Offer(sentence.field, span, missing, allowed.evidence, None if right is None else _fit(sentence, span, wrong, right))
            continue
        if not gift and not give and not _COVER.search(text, signs):
            continue
        part = _PART.search(text)
        if (
            (
                part
                and (
                    not any(value.kind is Kind.MONEY and any(value.value == other.value for other in allowed.values) for value in here)
                    or _OF_AMOUNT.search(text)
                )
                and not _in_number(sentence, start, part, text, here)
                and not _PART.search(told)
                and not (_share(part[0]) & {value.value for value in allowed.values if value.kind is Kind.PERCENT})
            )
            and not (held and re.search(r"\bcover", text))
            and (
                said & _MONEY_NOUNS
                or _months_in(here)
                or any(value.kind is Kind.MONEY for value in here)
                or re.search(r"\b(?:quarter|term|meet|cover|bear|comes? back)\b", text)
            )
            and not _in_facts(part[0], facts)
        ):
            yield Offer(sentence.field, span, missing if low else _SHARE, allowed.evidence)
            continue
        whole = _WHOLE.search(text) and not re.search(r"\b(?:full|whole|waiv\w*|refund\w*|free|no charge|nothing)\b", told)
        if (
            whole
            and not held
            and re.search(r"\b(?:waiv\w*|refund\w*|credit\w*|on the house|pay nothing|nothing to pay|not pay|not invoice|not charge|not bill|free)\b", text)
            and not _free_in_facts(said, facts)
        ):
            yield Offer(sentence.field, span, missing, allowed.evidence)
            continue
        if (gift or _COVER.search(text, signs)) and not (_QUESTION.search(text) and not low) and not _free_in_facts(said, facts):
            if gift and _FOR_FREE.search(gift[0]) and _is_the_fix(said, facts):
                continue  # what puts it right costs nothing, as it should
            if gift and gift[0] in told:
                continue
            present = [word for word in (gift[0].split() if gift else ()) if word.isalpha() and word not in STOP]
            known_gift = bool(present) and all(not facts.vocabulary.get(concept(word), "remedy").startswith("remedy") for word in present)
            if (
                not known_gift
                and not held
                and not said & (allowed.words - _MONEY_NOUNS)
                and not (_GIFT.search(told) and (said & allowed.words or _said_in(sentence) & (allowed.words - _MONEY_NOUNS)))
            ):
                yield Offer(sentence.field, span, missing, allowed.evidence)
                continue
        if gift and _COUNTED.search(flat) and not _COUNTED.search(told):
            yield Offer(sentence.field, sentence.whole, _MORE, allowed.evidence)
            return


_SUMMED = re.compile(r"\b(?:together|altogether|in all|in total|in sum|between the two|comes? to|all told)\b")
_OF_AMOUNT = re.compile(r"\b(?:half|thirds?|quarters?|fifth|tenth)(?: of)?(?: the| your| that)? (?:[^\w\s]|\d|[a-z]{1,3} ?\d)")
_EXPLAINS = re.compile(r"\W*(?:or|being|that is|i\.e\.|which (?:is|makes|comes|corresponds))\b")


def _said_in(sentence: Sentence) -> frozenset[str]:
    """The content words of a whole sentence."""
    return frozenset(concept(token.lower) for token in sentence.tokens if token.lower not in STOP and token.lower.isalpha())


_FOR_FREE = re.compile(r"\b(?:(?:no|any) (?:\w+ )?(?:charge|cost|fee)|free of|without|for nothing|at our expense|nothing to pay|pay nothing)\b")


def _is_the_fix(said: frozenset[str], facts: Known) -> bool:
    """Whether a clause tells of the correction that the facts tell of."""
    return any(len((said & fact.words) - _MONEY_NOUNS) > 1 for fact in facts.facts if fact.key.startswith(("incident.fixes", "incident.details")))


_AMOUNT = frozenset("$€£₹¥₩₦₺₱0123456789")


_OWNED = re.compile(
    r"\b(?:that|this|it|which|what|all|fault|blame|mistake|error|failure|miss|one|both|rest|responsibility|burden)"
    r"(?: ['’]s| is| are| was| were)?(?: \w+)? on (?:us|me)$"
)
_NEGATED = re.compile(r"\b(?:not|n['’]t|never|nor|neither|without|rather than|instead of|hardly|no|nobody|nothing)\b")
_NOTHING_OWED = re.compile(r"\b(?:no|nothing|without)\b")


def _clauses(sentence: Sentence) -> list[tuple[int, int]]:
    """Cut a sentence at commas, semicolons, colons and dashes, and at "and" or "but" with a subject behind it."""
    cuts, tokens = [0], sentence.tokens
    for number, token in enumerate(tokens):
        if number == 0 or number >= len(tokens) - 1:
            continue
        after = tokens[number + 1].lower
        if token.lower in {",", ";", ":", "—", "–"} or (
            token.lower in {"and", "but"} and after in {"i", "we", "our", "you", "your", "it", "the", "that", "this", "my"}
        ):
            if token.lower in {"and", "but"} and tokens[number - 1].lower in {",", ";"}:
                continue
            cuts.append(number + (token.lower not in {"and", "but"}))
    cuts.append(len(tokens))
    pairs = [(start, stop) for start, stop in itertools.pairwise(cuts) if stop > start]
    merged: list[tuple[int, int]] = []
    for start, stop in pairs:
        # A clause of a word or two belongs to the one before it, as does a bare amount: "half, of the fee".
        if merged and ((tokens[start].text[:1] in _AMOUNT and tokens[start - 1].text == ",") or stop - start < 5 or merged[-1][1] - merged[-1][0] < 3):
            merged[-1] = (merged[-1][0], stop)
        else:
            merged.append((start, stop))
    return [(start, stop - (tokens[stop - 1].lower in {",", ";", ":", "—", "–", ".", "!", "?"} and stop - start > 1)) for start, stop in merged]


def _share(part: str) -> frozenset[object]:
    """Return the percentages that a share in words may stand for."""
    shares = {
        "half": "50",
        "halve": "50",
        "halved": "50",
        "halves": "50",
        "third": "33",
        "quarter": "25",
        "tenth": "10",
        "fifth": "20",
        "thirds": "67",
        "quarters": "75",
    }
    return frozenset({Decimal(shares[part.split()[-1]])})


def _in_number(sentence: Sentence, start: int, part: re.Match[str], text: str, here: list[Value]) -> bool:
    """Whether "a half" belongs to a figure that is read as a whole: "four and a half lakh"."""
    first = sentence.tokens[start + text[: part.start()].count(" ")].start
    last = sentence.tokens[min(start + text[: part.end()].count(" "), len(sentence.tokens) - 1)].end
    return any(value.span.start <= first and value.span.end > last for value in here)


def _months_in(here: list[Value]) -> bool:
    return any(value.kind is Kind.PERIOD for value in here)


def _returns_overcharge(text: str, told: str, facts: Known) -> bool:
    """Whether a clause speaks of money that only goes back because it was taken wrongly."""
    if "refund" not in text and "back" not in text and "return" not in text:
        return False
    if re.search(r"\b(?:refund|return|repa|back)", told):
        return False
    return any(
        fact.key.startswith("incident.fixes") and re.search(r"\b(?:refund\w*|return\w*|sent back|paid back|repaid)\b", fact.text.lower())
        for fact in facts.facts
    )


def _is_less(value: Value, allowed: Approved) -> bool:
    """Whether an offered amount or length is smaller than all that was approved: at medium severity that is a slip of figures, no other remedy."""
    what = value.value
    if isinstance(what, Decimal):
        amounts = [other.value for other in allowed.values if other.kind is value.kind and isinstance(other.value, Decimal)]
        return bool(amounts) and what < min(amounts)
    lengths = [other.value.seconds for other in allowed.values if isinstance(other.value, Duration)]
    return isinstance(what, Duration) and bool(lengths) and what.seconds < min(lengths)


def _is_wrong(value: Value, text: str, scan: Scan, facts: Known, allowed: Approved, said: frozenset[str], gift: bool, give: bool) -> bool:
    """Whether an offered value is neither approved nor something the case tells of otherwise."""
    what = value.value
    if value.kind is Kind.MONEY and isinstance(what, Decimal):
        if not gift and not give and not _LAND.search(text):
            return False
        amounts = [(Decimal(other.value), other.unit) for other in allowed.values if other.kind is Kind.MONEY and isinstance(other.value, Decimal)]
        if any(what == amount and same_money(unit, value.unit) for amount, unit in amounts) or what == sum(amount for amount, _ in amounts):
            return False
        everything = [amount for amount, unit, _ in facts.money if same_money(unit, value.unit)]
        if what in everything:
            return False
        return not any(what in {abs(one - other), one + other} for one in everything for other in everything if one != other)
    if value.kind is Kind.PERCENT and isinstance(what, Decimal):
        shares = [other.value for other in allowed.values if other.kind is Kind.PERCENT]
        whole = what == 100 and (not re.search(r"\b(?:credit|discount)\b", text) or _WHOLE.search(allowed.text.lower()))
        off = re.search(r"% off\b", text) and not re.search(r"% (?:of|less|fewer|more)\b", text)
        return (gift or give) and what not in shares and (bool(off) or what not in facts.percents) and not whole
    if value.kind is Kind.NUMBER and isinstance(what, Decimal) and (gift or give):
        counts = [other for other in allowed.values if other.kind is Kind.NUMBER and isinstance(other.value, Decimal)]
        alike = [other for other in counts if _things(other) & _things(value)]
        return bool(alike) and not value.loose and all(what != other.value for other in counts) and all(what != number for number, _, _ in facts.counted)
    if isinstance(what, Duration) and what.seconds >= 7 * DAY and (gift or give or len(said & allowed.words - _MONEY_NOUNS) > 1):
        lengths = [other.value for other in allowed.values if isinstance(other.value, Duration)]
        named = bool(re.search(r"\b(?:refund\w*|waiv\w*|fees)\b", allowed.text.lower())) and len(
            {month for other in allowed.values for month in _months(other)}
        )
        if any(what.fits(length.seconds) for length in lengths) or (named and round(what.seconds / (30.4 * DAY)) == named and what.unit < 300 * DAY):
            return False
        before = " ".join(piece.lower for piece in scan.pieces[max(value.first - 2, 0) : value.first])
        if before.endswith(" in"):
            return False  # "in ten years"
        after = " ".join(piece.lower for piece in scan.pieces[value.stop : value.stop + 4])
        ways = (
            re.match(
                r"(?:['’] s )?(?:of )?(?:\w+ )?(?:free|waived|credit|on us|gratis|refund|complimentary|without|service|protection|monitoring|support"
                r"|subscription|fees?|access)\b",
                after,
            ),
            gift and re.search(r"\bfree (?:\w+ )?(?:months?|weeks?|years?|nights?)\b", text),
            re.search(r"(?:get|gets|have|enjoy|added|add|of|with)(?: an?)?$", before)
            and not re.match(r"(?:of )?(?:the )?(?:delay|wait|silence|notice|work|old)", after),
            lengths and len(said & allowed.words - _MONEY_NOUNS) > (0 if gift else 1),
            named and concept("fees") in said,
        )
        offered = any(ways)
        return offered and not any(what.fits(seconds) for seconds, key in facts.durations if not key.startswith("remedy"))
    if isinstance(what, Duration) and what.counted and what.unit >= HOUR and (len(said & allowed.words - _MONEY_NOUNS) > 1 or gift):
        measured = [other.value for other in allowed.values if isinstance(other.value, Duration) and other.value.unit == what.unit]
        return bool(measured) and not any(what.fits(other.seconds) for other in measured) and not any(what.fits(seconds) for seconds, _ in facts.durations)
    if isinstance(what, Period) and what.months and len(what.months) < 4 and (gift or give):
        named_months = {month for other in allowed.values for month in _months(other)}
        if not named_months or what.months & named_months:
            return False
        if not gift and not said & _MONEY_NOUNS and re.search(r"\b(?:have|has|had|['’]ve) put\b", text):
            return False  # "a route with the winter boats in it"
        if any(fact.key.startswith("follow_up") and isinstance(v.value, Period) and what.months & v.value.months for fact in facts.facts for v in fact.values):
            return False
        before = " ".join(piece.lower for piece in scan.pieces[max(value.first - 5, 0) : value.first])
        if re.search(r"\b(?:until|till|to)(?: the end of)?$", before):
            # An offer that lasts longer than the approved one, which has a last day too.
            return bool(said & allowed.words - _MONEY_NOUNS) and _ends_otherwise(what, facts, allowed)
        if re.search(r"\b(?:back|refund|refunding|waive|waiving)(?: [a-z]+ and)?$", before):
            return True
        return not _named_otherwise(value, scan) and not what.months & {day.month for day in facts.dates}
    return False


def _ends_otherwise(what: Period, facts: Known, allowed: Approved) -> bool:
    """Whether an approved remedy that lasts ends in another month."""
    lengths = [other.value.seconds for other in allowed.values if isinstance(other.value, Duration) and other.value.seconds >= 7 * DAY]
    ends = {(day + timedelta(seconds=length)).month for day in facts.dates for length in lengths}
    return bool(ends or re.search(r"\b(?:until|till|through|to the end)\b", allowed.text.lower())) and not ends & what.months


def _named_otherwise(value: Value, scan: Scan) -> bool:
    """Whether the month is a deadline or a month of the past: "by March", "since June", "from April on"."""
    before = " ".join(piece.lower for piece in scan.pieces[max(value.first - 2, 0) : value.first])
    return bool(re.search(r"(?<!throw )(?<!throwing )\b(?:by|since|until|till|through|from|in|to|before|after|between|end of|of)$", before))


def _months(value: Value) -> frozenset[int]:
    from guardrails.facts.values import Day

    if isinstance(value.value, Period):
        return value.value.months
    return frozenset({value.value.month}) if isinstance(value.value, Day) and value.value.month else frozenset()


def _in_facts(text: str, facts: Known) -> bool:
    return re.search(rf"\b{re.escape(text.strip())} (?:of\b|the\b|an?\b|their\b|price\b|-)", facts.raw) is not None


def _free_in_facts(said: frozenset[str], facts: Known) -> bool:
    """Whether the facts themselves say that this costs nothing."""
    return any(
        re.search(
            r"\b(?:free|no (?:\w+ )?(?:cost|charge)|without (?:\w+ )?charge|our (?:own )?(?:cost|expense)|(?:cost|costs) nothing|not charged|not applied"
            r"|at zero"
            r"|waived?|gratis|we (?:paid|pay|cover))\b",
            fact.text.lower(),
        )
        and (said & fact.words) - _MONEY_NOUNS
        for fact in facts.facts
        if not fact.ticket and not fact.key.startswith("remedy")
    )


def _right_amount(value: Value, here: list[Value], text: str, allowed: Approved) -> Value | None:
    """Return the amount that makes the clause right as it stands: the only one approved, where the clause gives it in the approved way."""
    amounts = [other for other in allowed.values if other.kind is Kind.MONEY]
    if (
        len(amounts) != 1
        or not same_money(amounts[0].unit, value.unit)
        or any(other is not value and other.kind in {Kind.MONEY, Kind.PERCENT, Kind.DURATION} for other in here)
    ):
        return None
    told = allowed.text.lower()
    if ("credit" in told) != ("credit" in text) and ("refund" in told or "credit" in told):
        return None
    return None if "refund" in text and "refund" not in told else amounts[0]


def _fit(sentence: Sentence, span: Span, value: Value, right: Value) -> str | None:
    """Return the clause with the approved amount in place of the offered one, in the letter's own notation, or None."""
    said = sentence.text[value.span.start - sentence.start : value.span.end - sentence.start]
    figure = re.search(r"\d[\d.,'’\s]*\d|\d", said)
    amount = right.value
    if figure is None or not isinstance(amount, Decimal) or re.search(r"[^\W\d]{2,}", said[figure.end() :]):
        return None
    digits = f"{amount:,.2f}" if amount != amount.to_integral() else f"{amount:,.0f}"
    before = sentence.text[span.start - sentence.start : value.span.start - sentence.start]
    after = sentence.text[value.span.end - sentence.start : span.end - sentence.start]
    return before + said[: figure.start()] + digits + said[figure.end() :] + after


def omitted(reading: Reading, other: bool) -> str | None:
    """Return the remedy that a high or critical letter leaves out, all of it or a part, or None; `other` says that the letter offers something else."""
    case = reading.case
    if case is None or reading.severity.rank < Severity.HIGH.rank or reading.category == "follow_up":
        return None
    allowed = approved(case)
    if not allowed:
        return None
    lines = [line for line in reading.ledger.lines if line.sentence.part is Part.TEXT]
    # It mostly stands near the end.
    if other:
        return None  # the offer that differs stands where it can be mended
    if not any(_tells(line.sentence, line.scan, allowed) for line in reversed(lines)):
        return allowed.evidence
    said = " ".join(line.sentence.flat for line in lines)
    named = any(name.lower() in said.split() for name in re.findall(r"(?<=[a-z,:;] )[A-Z][\w’'-]+", allowed.text) if name.lower() not in MONTHS)
    if any(_left_out(part.lower(), said, named) for part in allowed.parts) or _unpaid(lines, allowed):
        return allowed.evidence
    words = frozenset(map(meant, said.split()))
    return allowed.evidence if any(_unsaid(part, words) for part in allowed.parts) else None


def _unpaid(lines: list[Line], allowed: Approved) -> bool:
    """Whether a letter tells one of several approved amounts and says nothing of another."""
    amounts = [value for value in allowed.values if value.kind is Kind.MONEY and isinstance(value.value, Decimal)]
    told = {value.value for line in lines for value in line.scan.found if isinstance(value.value, Decimal)}
    if len(amounts) < 2 or not any(value.value in told for value in amounts):
        return False
    whole = sum((value.value for value in amounts if isinstance(value.value, Decimal)), Decimal(0))
    said = frozenset(word for line in lines for word in map(meant, line.sentence.lowers) if word)
    for value in amounts:
        part = next((part for part in allowed.parts if any(other.value == value.value for other in Scan(part).found)), "")
        words = _part(part)[1] - _MONEY_NOUNS - _LOOSE
        if value.value not in told and whole not in told and part and not words & said:
            return True
    return False


def _unsaid(part: str, said: frozenset[str | None]) -> bool:
    """Whether no word is said of a part of the remedy that gives something else than money, a person, a call or a report."""
    words = _part(part)[1] - _MONEY_NOUNS - _LOOSE
    return len(words) > 2 and not any(letter.isdigit() for letter in part) and not _OTHERWISE.search(part.lower()) and not words & said


_OTHERWISE = re.compile(r"\b(?:contact|post ?-? ?mortem|call|check ?-? ?in|meeting|executive|ceo|cto|refund\w*|fees?|credit|waive\w*|line|desk)\b")


_PUBLISHED = re.compile(
    r"\bpost ?- ?mortem|\bpublic(?:ly)?\b|\b(?:any(?:one|body)|every(?:one|body)|all|the world) (?:may|can|to|will) (?:read|see)\b"
    r"|\b(?:full|written|detailed|complete) (?:review|analysis|history|explanation)\b|\bwhat we (?:have )?(?:learn|find|found)"
    r"|\bpublish\w*|\breport\b|\bwrite ?- ?up\b"
    r"|\b(?:whole|full) (?:story|account|history)\b|\baccount of (?:what|how|it|the)\b|\bfindings\b"
)
_AT_HAND = re.compile(
    r"\b(?:escalat\w*|contact|dedicated|direct line|line to|turn to|person|ring|reach|number|(?:one|a) line|answers?|picks? up|there for you)\b"
)


def _left_out(part: str, said: str, named: bool) -> bool:
    """Whether a letter says nothing of an approved post-mortem, or of somebody to turn to."""
    if re.search(r"\bpost ?-? ?mortem\b", part):
        return not _PUBLISHED.search(said)
    return bool(re.search(r"\bescalation contact\b", part)) and not named and not _AT_HAND.search(said)


_GIVING = Watched(
    r"\b(?:refund\w*|credit(?:s|ed|ing)?|waiv\w*|reimburs\w*|comes? back|back to you|goes back|going back|give back|you back|free|we (?:will "
    r"|shall |also )*cover|returns? to you|not pay|not be charged|no charge|on us|off)\b"
)


_NAMED = re.compile(r"\byou (?:mentioned|wrote|asked|claimed|told|named)\b")
"""Who speaks of an amount that the customer named has not offered it."""


def _tells(sentence: Sentence, scan: Scan, allowed: Approved) -> bool:
    """Whether a sentence offers any of the approved things."""
    amounts = [other for other in allowed.values if other.kind is Kind.MONEY]
    flat = sentence.flat
    told = [value for value in scan.found if value.kind is Kind.MONEY]
    if any(value.value == other.value and same_money(value.unit, other.unit) for value in told for other in amounts) and not _NAMED.search(flat):
        return True
    whole = sum((other.value for other in amounts if isinstance(other.value, Decimal)), Decimal(0))
    if whole and any(value.value == whole for value in told):
        return True
    said = frozenset(map(meant, sentence.lowers)) - {None}
    giving = _GIVING.search(flat, sentence.signs)
    if giving and said & (allowed.words - _LOOSE) and not re.search(r"\b(?:under review|may apply|apply (?:for|under)|policy)\b", flat):
        return True
    for part in allowed.parts:
        names, words = _part(part)
        if any(name in flat for name in names):
            return True
        if (
            len(words) >= 2
            and len(words & said) >= max(2, len(words) // 2 + 1)
            and re.search(r"\b(?:we|our|i|us|my)\b", flat)
            and not re.search(r"\bpost\W?mortem|check-in\b", part)
        ):
            return True
    return bool(re.search(r"\b(?:escalation contact|named contact|dedicated contact)\b", flat)) and "escal" in allowed.text.lower()


@lru_cache(maxsize=256)
def _part(text: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the names in a part of a remedy, in lower case, and the words that tell it from other remedies."""
    names = tuple(name.lower() for name in re.findall(r"\b[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)+", text))
    return names, content(pieces(text)) - {concept(word) for word in ("public", "dedicated", "executive", "post-mortem", "call", "check", "postmortem")}
