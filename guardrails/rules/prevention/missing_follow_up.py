"""Nobody says when the customer hears from us again.

After a medium incident or a graver one the next contact is ours to make: a call, an update, a report.
"Reply if you need us" hands the work to the customer.

Source: domain, the severity matrix (follow-up within 48 h); policy.toml, `severity.*.follow_up`.
"""

import re
from collections.abc import Iterator

from guardrails.case import parse
from guardrails.facts.known import known
from guardrails.facts.values import Day, Kind
from guardrails.finding import Level, Match
from guardrails.language.watched import Watched
from guardrails.letter import Reading, Sentence
from guardrails.rule import Rule

_I = r"(?:i|we|our (?:[\w'-]+ ){1,4}|my (?:[\w'-]+ ){1,3}|the (?:[\w'-]+ ){1,4})"
_REACH = (
    r"(?:call|phone|message|telephone|ring|e-?mail|e - mail|text|visit|meet|write|speak|talk|update|report|brief|present|check in|check back"
    r"|check - in|follow up|get back|come back|be back|report back|circle back|touch base|be in touch|stay in touch|keep in touch|sit down"
    r"|sit with|walk (?:you|your)|go (?:through|over)|run through|let you know|keep you (?:posted|informed|updated|up)|tell you|inform you"
    r"|join (?:a|the|you)|be on (?:the|a) (?:phone|line|call)|be at your|(?:come )?(?:to|by|round|over|out|down) (?:see|visit|you|your|\w+ on)"
    r"|come (?:to|by|round|over|out|down)|speak with|drop (?:in|by)|stop by|swing by|look in|knock|see you|show you|take you through|give you (?:a"
    r"|an|the) (?:\w+ )?(?:call|ring|buzz|bell|update|shout)|be with you|send (?:you|your|word|a|an|the|out|over)|bring you|publish|share"
    r"|pick up the phone|hear (?:from you|how|whether)|(?:check|confirm|ask|see|make sure) (?:that|whether|how|with you|in)|be calling|be ringing"
    r"|be writing|be phoning|be visiting|post|pop (?:in|by|round|over)|catch up|dial|contact|reach out|host|hold|arrange a|set up a|expect you)"
)
_SOON = (
    r"(?:'ll|’ll|will|shall|am going to|are going to|'m going to|'re going to|am to|plan to|intend to|propose to|should like to|would like to|want "
    r"to|mean to|promise to|undertake to|commit to|have (?:booked|set|arranged|scheduled|blocked|put)|is going to|is to|let 's|let us|can|would"
    r"|['’]d (?:very much )?(?:like|love|want) to|would "
    r"welcome (?:the|a) chance to|am coming|are coming|'m coming|'re coming|come)"
)
_PROMISE = Watched(
    rf"(?<![\w']){_I} ?(?:[\w-]+ ){{0,3}}?{_SOON} (?:also |personally |then |myself |still |both |of course |, [^,]{{1,40}} , |[\w-]+ly |now |again "
    rf"|next |soon |only |gladly ){{0,2}}{_REACH}"
    rf"|\b(?:let (?:'s|us)|(?:allow|permit|let) me(?: to)?) (?:[\w-]+ ){{0,2}}{_REACH}"
)
_AND_THEN = Watched(
    r"(?<![\w'])(?:i|we) ?(?:'ll|’ll|will|shall) [^.;]{1,90} and (?:then |will |shall )?(?:call|ring|phone|write to|tell|update|e-?mail|text|report to) you\b"
)
_RECEIVE = Watched(
    r"\byou (?:and your \w+ |all |both )?(?:will|shall|'ll) (?:also |then |each |still |first |next |now ){0,2}(?:hear|have|get|receive|find|see|be "
    r"(?:hearing|getting|receiving|told|called|sent|given))\b"
    r"|\b(?:expect|look out for) (?:a|my|our|the) [\w-]*(?: ?- ?)?(?:call|note|letter|report|update|e-?mail)"
)
_NEWS = (
    r"(?:call|calls|phone call|update|updates|report|reports|post ?- ?mortem|postmortem|review|written account|public account|full account|own "
    r"account|account of (?:it|what|the)|findings|note|letter|e ?-? ?mail|visit|meeting|check ?- ?in|analysis|write ?- ?up|summary|the count|result"
    r"|results|answer|news|status|bulletin|message|conversation|session|invitation)"
)
_COMES = Watched(
    rf"(?<!your )(?<!you )(?<!a )(?<!every )(?<!each )(?<!any )\b{_NEWS}(?: [\w'-]+){{0,8}}? (?:will|shall|'ll|is|are|'s|follows?|comes?|reach(?:es)?"
    rf"|lands?|arrives?|goes|go|due"
    rf"|starts?|happens?|takes? place|stands?|begins?|booked|fixed|set|scheduled|waits?|appears?|published)\b"
)
_NOTHING = Watched(
    r"\b(?:may|might|could|maybe|perhaps|sometime|some time|some day|eventually)\b|\b(?:not|no|n't|never|nor) (?:[\w-]+ ){0,3}(?:call|write"
    r"|correspond\w*|enter|further|propose|intend|be (?:contact|call|writ)\w*)"
    r"|\bdo not propose\b|\bdoes not propose\b"
)
_CONDITION = Watched(
    r"(?<![\w'])(?:if|should you|should any\w*|unless|in case|were you|whenever|in the event|as soon as you|once you|when you (?:reply|write|call"
    r"|ring)|tell me|tell us|just ask|on request)\b"
)
_YOURS = re.compile(
    r"\b(?:please|feel free|do not hesitate|don't hesitate|you can|you may|you have|reach me|reply|call me|ring me|write me|write to me|contact us|my "
    r"(?:door|line|phone))\b"
)
_FRAGMENT = Watched(
    rf"^(?:[-*•–\d.) ]+)?(?:(?:next|then|also|plus|follow ?- ?up|what comes next|next steps?) ?[:,]? )?(?:an? |the |our |my |your )?(?:(?!i |we |you "
    rf")[\w-]+ ){{0,2}}?{_NEWS}\b(?! (?:was|were|had|did|went|came))"
)
_PRESENT = Watched(
    r"\b(?:i|we) (?:also |then |both |still )?(?:call|ring|phone|telephone|write|visit|come|bring|send|report|show|meet|look|check|give|walk|sit|talk"
    r"|speak|stand|see|am at|are at|am on|am with|go through)\b"
    r"|\b(?:i|we) (?:'m|am|are|'re) (?:also |then )?(?:coming|calling|ringing|phoning|visiting|writing|sending|driving|bringing|meeting|joining)\b",
)
_SLOT = re.compile(r"\[[^\]\n]{2,80}\]|\{\{?[^}\n]{1,60}\}|\btbd\b|\btbc\b|\bxx\b")
_MONEY_ONLY = re.compile(r"\b(?:refund|credit|invoice|bill|money|amount|payment|statement|account|balance|discount)\b")


_TOUCH = re.compile(
    r"\b(?:call|calls|calling|ring|phone|telephone|talk|speak|meet|meeting|visit|write|send|report|reports|update|updates|review|hear|post ?- ?mortem|come"
    r"|catch(?:ing)? up|see you|line|note|letter|message|e ?- ?mail|check ?- ?in|conversation|video|sit down|go through|show)\b"
)
"""A word of contact; beside the day of the planned follow-up it announces it."""


def _planned(sentence: Sentence, reading: Reading) -> bool:
    """Whether a sentence tells a day of the planned follow-up."""
    days = [value.value for value in reading.ledger.values(sentence) if isinstance(value.value, Day)]
    if not days or reading.case is None or not reading.case.follow_up:
        return False
    plan = [value.value for fact in known(reading.case).facts if fact.key == "follow_up" for value in fact.values if isinstance(value.value, Day)]
    return any(set(day.days) & set(one.days) for day in days for one in plan if one.day is not None)


def _is_told(sentence: Sentence, reading: Reading) -> bool:
    """Whether a sentence tells only what has been: "on our call on Monday I read you a price"."""
    tenses = {clause.tense for clause in reading.clauses(sentence) if clause.form == "finite"}
    return "past" in tenses and tenses.isdisjoint({"future", "perfect", "conditional", "modal"})


def announces(sentence: Sentence, reading: Reading) -> bool:
    """Whether a sentence announces a contact that the sender will make."""
    flat, signs = sentence.flat, sentence.signs
    if _planned(sentence, reading) and _TOUCH.search(flat) and not re.search(r"\b(?:not|n't|no|never)\b", flat) and not _is_told(sentence, reading):
        return True
    dated = [value for value in reading.ledger.values(sentence) if _ahead(value, reading)]
    slotted = bool(_SLOT.search(sentence.text.lower()))
    for cut in re.split(r" [;:—–.] ", flat):
        if _NOTHING.search(cut, signs) and not dated:
            continue
        conditional = bool(_CONDITION.search(cut, signs)) and not dated
        promise = _PROMISE.search(cut, signs)
        if _AND_THEN.search(cut, signs) and not conditional:
            return True
        vague = not dated and re.search(r"\b(?:let (?:'s|us)|(?:allow|permit|let) me)\b", cut)
        if (
            promise
            and not vague
            and not re.search(r"call it (?:quits|a day|even|square)", cut)
            and not conditional
            and _contact(cut, promise.end(), bool(dated))
        ):
            return True
        if (
            _RECEIVE.search(cut, signs)
            and not conditional
            and re.search(rf"\b(?:hear|told|called)\b|\b{_NEWS}\b", cut)
            and "nothing" not in cut
            and (dated or not _MONEY_ONLY.search(cut))
        ):
            return True
        if _COMES.search(cut, signs) and (dated or slotted or re.search(r"\b(?:will|shall|'ll|follows?|due)\b", cut)) and not conditional:
            return True
    # "Call on Monday 8 June at ten.", "On 7 October I write to you with the count."
    timed = any(value.kind is Kind.TIME for value in reading.ledger.values(sentence))
    if (dated and (_FRAGMENT.search(flat, signs) or _PRESENT.search(flat, signs))) or (
        timed and re.search(r"\b(?:i|we) (?:call|ring|phone|telephone|write|visit|come)\b", flat)
    ):
        return True
    return slotted and bool(re.search(rf"\b{_NEWS}\b", flat))


def _contact(cut: str, at: int, dated: bool) -> bool:
    """Whether the promised act reaches the customer: "send the list to our depot" does not."""
    said = cut[:at]
    if re.search(
        r"(?:send|share|publish|hold|host|check|confirm|make sure|see|contact|post|present|arrange a|set up a|come|talk|meet|ask|review) ?(?:\w+ ?){0,2}$", said
    ):
        return dated or bool(re.search(r"\byou\b|\byour\b|" + rf"\b{_NEWS}\b", cut[at:]))
    return True


def _ahead(value: object, reading: Reading) -> bool:
    """Whether a value is a date that is not past."""
    from guardrails.facts.values import Value

    if not isinstance(value, Value):
        return False
    if value.kind is Kind.TIME:
        return False
    if isinstance(value.value, Day):
        today = reading.ledger.today
        return today is None or any(day >= today for day in value.value.days)
    return False


def find(reading: Reading) -> Iterator[Match]:
    """Yield the absence of any contact that the sender announces."""
    demand = reading.policy.severity[reading.severity]
    if demand.follow_up != "required" or reading.category == "follow_up":
        return
    # It mostly stands near the end.
    if not any(announces(sentence, reading) for sentence in reversed(reading.text)):
        plan = reading.case.follow_up if reading.case else None
        yield Match("body", reading.end, evidence=f"follow_up: {plan}" if plan else None)


rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message="The letter does not say when you will be in touch next. Announce the call, the update or the report, with its date.",
    find=find,
    needs_case=True,
    bad=(
        "We lost your orders. I am sorry.«»",
        "We lost your orders. Please reply if you need anything else.«»",
        "We lost your orders. Somebody may ping you sometime.«»",
    ),
    good=(
        "We lost your orders. I will call you on Thursday at ten.",
        "We lost your orders. You will have our findings in writing by Friday.",
        "We lost your orders. The post-mortem follows on 6 August.",
        "We lost your orders. I'd like to talk it through on Wednesday.",
        "We lost your orders. Allow me to telephone you on Thursday at ten.",
    ),
    given=parse(
        {
            "incident": {"summary": "Export job deleted 40 orders.", "severity": "medium"},
            "account": {"company": "Kite & Sons"},
            "sender": {"name": "Paige Lorrimer"},
            "written_on": "2025-08-04",
        }
    ),
)
