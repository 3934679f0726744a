"""Claims in words that no fact holds: the kinds of them, somebody else's part told in passing, names, and what turns a fact round."""

import re

from guardrails.facts.known import Known
from guardrails.facts.words import concept
from guardrails.finding import Span
from guardrails.language.watched import Watched
from guardrails.language.words import STOP
from guardrails.letter import Sentence

KINDS: dict[str, Watched] = {
    name: Watched(rf"(?<!\w)(?:{pattern})(?!\w)")
    for name, pattern in {
        "audit": r"audit\w*|certif\w*|accredit\w*|validat\w*|inspect\w*|independent\w*|external (?:firm|expert|party|review\w*)|third - party|iso|soc"
        r"|compliance|compliant|standards?|regulators?|authorit(?:y|ies)|lawyers?|counsel|law enforcement|police|insurers?|consultants?|experts?"
        r"|engaged|investigat\w*|satisfied|approved|endorsed|agreed to|undertaken to|has agreed|have agreed|confirmed that|assured us",
        "third": r"(?:our|the|a|an|one of our|your|its|another) (?:[\w'-]+ ){0,2}(?:suppliers?|vendors?|providers?|partners?|carriers?|couriers?"
        r"|contractors?|subcontractors?|haulier\w*|host|hosts|bank|banks|agency|foundry|manufacturers?|makers?|maker|printers?|utility|railroad"
        r"|council|authority|house|technician|mechanic|electrician|driver|company|firm|agents?|exchange|post|airline|airport|port|landlord"
        r"|neighbou?rs?|authorities|software|library|upstream)|cloud (?:lot|provider|host\w*)|browser makers?|third part(?:y|ies)|upstream",
        "nature": r"lightning|storm\w*|flood\w*|power (?:cut|failure|outage|surge)|virus\w*|ransom\w*|hackers?|gang|weather|snow|fire|thieves|strike"
        r"|surge|unprecedented|earthquake|heat|rats?|squirrels?|thunder\w*|hiccup|glitch|gremlins?|disk controller|hardware|broke down|jam|jammed|failed us",
        "record": r"(?:one of )?the (?:most|biggest|largest|busiest|worst|first|only|best|longest) (?:[\w-]+ ){0,3}(?:ever|in our|in the|we|our|of its "
        r"kind|on record)|record (?:volume|number|demand|year|month)|nobody else|no one else|no other|never (?:before|once|had|seen|been)|first time"
        r"|for the first time|in (?:\w+ ){1,2}years|years without|award\w*|number one|industry|benchmarks?|most (?:clients|customers|accounts|people"
        r"|users|firms)|other (?:clients|customers|accounts|users)|by and large|well within|thresholds?|standards?|track record|flawless|spotless"
        r"|fewer than|majority|usually|frequently|always has|ever since|all summer|all year|all winter",
        "yours": r"your (?:[\w'-]+ ){0,3}(?:was|were|had|has|came|arrived|did|is|sent|left|failed|cost|missed|delayed|late|hold|holds|warmed|asked"
        r"|wanted|forgot)|on your (?:side|end|part)|at your end|from your (?:side|end|people|team|yard|staff)|had your|yours (?:was|were|had)|by your"
        r"|you (?:had )?(?:told|asked|insisted|agreed|confirmed|sent|forgot|chose|changed|signed|approved|ordered|gave)",
        "told": r"(?:we|i) (?:had |have |'ve |'d )?(?:also )?(?:told|informed|notified|warned|alerted|advised|wrote to|written to|gave you notice"
        r"|called you|rang you|let you know|mentioned|contacted|reported)|notified|informed",
        "new": r"(?:we|i|our \w+) (?:have |'ve |has )?(?:also )?(?:hired|appointed|installed|bought|purchased|doubled|tripled|trained|retrained"
        r"|invested|introduced|engaged|commissioned|rebuilt|replaced|migrated|moved|upgraded|recalled|tested|checked|deployed|launched|opened"
        r"|recruited|added|implemented|achieved|completed)|(?:has|have) been (?:trained|retrained|replaced|upgraded|audited|tested|certified|dismissed"
        r"|validated|reviewed)|new (?:[\w-]+ ){0,3}(?:platform|system|software|team|process|server|tool|dashboard|policy|manager|office|machine)|now "
        r"(?:leads|watches|monitors|runs)|go(?:es)? live|go live|24 / 7|ai - powered|state - of - the - art",
        "all": r"all of|every (?:last|single|one)|each and every|none of|not (?:a|one) (?:single|scrap)|no (?:evidence|data|one|customer|record|copy"
        r"|personal|harm|damage|indication)|nothing (?:was|is|has|left)|nobody (?:was|has|saw|read|opened)|everything (?:is|was)|completely|within "
        r"(?:minutes|hours|seconds|the hour|moments)|immediately|instantly|at once|the minute|straight away|only for|in full control|safe",
        "who": r"(?:he|she|the (?:man|woman|gentleman|lady|young man|colleague|employee|agent|driver|technician|engineer|intruder|attacker|person)) "
        r"(?:[\w'-]+ ){0,2}(?:was|is|has|had|did|remembers|says|said)|custody|arrested|covering for",
        "feel": r"sorry|apolog\w*|regret\w*|ashamed|i hate|hope|thank\w*|grateful|appreciate|understand|i know|deserve\w*|owe|owed|forgive|trust|glad"
        r"|feel|bothers|wish",
        "ask": r"please|if you|should you|let me know|tell (?:me|us)|reply|feel free|would you|could you|ring me|call me|write to me|you can|shout",
        "will": r"will|shall|'ll|going to|would|can|may|might|could|should|must",
        "owns": r"our (?:fault|mistake|doing|error|failure|responsibility|own)|my (?:fault|mistake|doing|error)|on us|on me|ours|mine|we should have|i "
        r"should have|blame|no excuse|responsib\w*|accountab\w*|nobody else 's",
        "general": r"one (?:should|must|can|may|need)|nobody likes|in general|of course|after all|such|any \w+|anyone|anybody|everyone|people|somebody "
        r"who|whoever|kind of|sort of|matters?|worth|means?|never easy|hard|difficult",
        "value": r"trust|partnership|values?|pride|mission|heart of|committed|commitment|community|promise|guarantee\w*|best|excellence|journey|peace "
        r"of mind|confidence|never again|always",
        "vague": r"measures|factors|matters?|attention|procedures?|arrangements?|suitable|relevant|appropriate|certain|circumstances|situations?|regime"
        r"|learnings?|approach|framework|stakeholders?|uplift|number of|things|all round|end to end|governance|holistic|efforts?|chapter|journey",
        "past": r"was|were|had|did|came|went|took|broke|got|\w{3,}ed|read|ran|sent|left|told|gave|made|kept|stood|fell|lost|held|bit|ate|blew|cut|hit"
        r"|stole|caught",
        "perfect": r"(?:has|have|'ve|'s) (?:also |now |since |already |never |been |all )*(?:\w+ed|been|taken|given|made|found|got|put|run|done|seen"
        r"|won|gone|become|had)",
        "we": r"we|i|us|our|my|me",
        "you": r"you|your|yours",
    }.items()
}


# Somebody else's part, told in passing: "by one of our upstream carriers".
_OUTSIDER = Watched(
    r"(?<!\w)(?:(?:by|from|of|to|at) (?:our|one of our|your(?! partners)|another)|(?:by|from) an?) (?:(?!and |or |the )[\w'-]+ ){0,3}?"
    r"(carriers?|providers?|vendors?|suppliers?|partners?|contractors?|subcontractors?|couriers?|agency|agencies|manufacturers?|hauliers?|hosts?"
    r"|resellers?)(?!\w)"
)
# What the customer is said to have left undone: "Had your receptionist cleared it".
_UNDONE = re.compile(r"(?<!\w)had (?:your|you) (?:[\w'-]+ ){1,6}?(?!been\b)\w+(?:ed|en|ne|nt|ose|old|ken|lt)(?!\w)")
_SPEED = Watched(
    r"(?<!\w)(?:within (?:minutes|seconds|moments|hours)|in (?:minutes|seconds)|the (?:minute|moment|second) (?:i|we) (?:saw|knew|noticed|heard|found))(?!\w)"
)
_RECORD = Watched(
    r"(?<!\w)(?:(?:nobody|no one) else (?:has|had) ever|most (?:clients|customers|users|accounts) (?:never|did|do|have)|by and large (?:clients"
    r"|customers|people|users)"
    r"|one of the (?:most|largest|biggest) (?:\w+ ){1,2}in our history|the (?:biggest|busiest|largest) (?:[\w-]+ ){1,4}(?:has |have |had )?ever|well "
    r"within (?:\w+ )?(?:thresholds?|limits|targets?|sla)"
    r"|(?:are|is|were) (?:frequently|usually|routinely|often) \w+ed)(?!\w)"
)


def asides(sentence: Sentence, facts: Known) -> list[Span]:
    """Return what a sentence claims in passing and the facts do not know: an outsider's part, a speed, a record."""
    flat = sentence.flat
    found = []
    for match in _OUTSIDER.finditer(flat, sentence.signs):
        if concept(match[1]) not in facts.vocabulary and not re.search(r"\b(?:if|as|like) ", flat[: match.start()][-24:]):
            found.append(sentence.span(match.start(), match.end()))
    if sentence.flat.startswith("had ") and (undone := _UNDONE.search(flat)):
        words = [word for word in undone[0].split() if word not in STOP and word.isalpha()]
        if 2 * sum(concept(word) in facts.vocabulary for word in words) < len(words):
            found.append(sentence.span(undone.start(), undone.end()))
    for pattern in (_SPEED, _RECORD):
        for match in pattern.finditer(flat, sentence.signs):
            words = [word for word in match[0].split() if word not in STOP]
            future = re.search(r"\b(?:will|shall|'ll|if|when|must|now|between|should|ought)\b", flat) if pattern is _SPEED else None
            if not future and any(concept(word) not in facts.vocabulary for word in words):
                found.append(sentence.span(match.start(), match.end()))
    return found


# Capitals that name no one: forms of address, ranks, what languages capitalise.
_TITLES = frozenset(
    """i mr mrs ms dr miss sir madam ceo cto coo cfo vp svp evp csm hr it qa ui api sla faq pdf csv url id ok re ps fyi eta gmt utc bst cet cest est
    edt cst cdt pst pdt ist aest god christmas
    easter english german french spanish dutch internet web b2b gdpr head chief officer customer success account manager director product president
    vice support lead founder board internal
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november december
    excel word windows linux google
    what why how where when who next our your the we you my a an this that these those here there and but not no yes dear hi hello sincerely regards
    kind best eur usd gbp chf summary
    central eastern pacific atlantic mountain time european year company customer christmas board court state house group hong kong singapore
    germany france spain italy austria switzerland poland ireland scotland wales norway sweden denmark finland netherlands belgium portugal india
    china japan korea australia canada
    mexico brazil kenya nigeria egypt turkey greece hungary romania czechia
    year new eve easter diwali eid ramadan thanksgiving boxing carnival ascension pentecost whitsun ferragosto assumption advent hogmanay songkran
    american african mexican german roman cuban puerto korean national insurance daylight federal royal republic union
    cause correction prevention fix impact remedy timeline action actions steps status update background
    dispatch finance facilities legal sales accounts operations engineering billing logistics compliance marketing procurement payroll purchasing
    lordship ladyship honour majesty swiss dios coast gulf christmases schedule annex appendix exhibit
    archive maundy north star golden week greetings""".split()
)


_SCENE = re.compile(
    r"\b(?:(?:any|every)(?:one|body)|every \w+ (?:in|of)|(?:half|the whole|most|all|much) of|market in(?: \w+)?|(?:my|our) door in)\b", re.IGNORECASE
)
_PERSONAL = re.compile(r"\b(?:we|our|us|my|you|your|yours)\b", re.IGNORECASE)


_CLOCK = re.compile(r"\s+time[.,]?(?!\S)")


_COMPASS = frozenset("east west north south".split())


def _no_name(sentence: Sentence, number: int) -> bool:
    """Whether a capital names no outsider: our own place ("here in Toruń"), a title, a coast, a figure of speech ("like Trojans")."""
    before, two = sentence.lowers[number - 1] if number else "", sentence.lowers[number - 2] if number > 1 else ""
    after = sentence.lowers[number + 1] if number + 1 < len(sentence.lowers) else ""
    return (
        (before == "in" and two in {"here", "as"})
        or before == "like"
        or (before == "chief" and after == "officer")
        or (before in _COMPASS and sentence.tokens[number - 1].text[:1].isupper())
    )


_IN_OFFICE = re.compile(r", our (CEO|CTO|COO|CFO|[Mm]anaging [Dd]irector|[Cc]hief [Ee]xecutive|[Pp]resident)\b")
"""The name of somebody whom the facts call by the office."""


def names(sentence: Sentence, facts: Known, own: frozenset[str]) -> list[Span]:
    """Return the proper names inside a sentence that neither the case nor the letter's frame (`own`) holds."""
    tokens = sentence.tokens
    if not any(_is_new(token.lower, facts, own) for token in tokens[1:] if token.text != token.lower):
        return []
    words = [token for token in tokens if token.text[:1].isalpha()]
    capital = sum(token.text[:1].isupper() for token in words)
    if len(words) < 5 or capital > len(words) / 2 or sentence.text.startswith(("**", "#")):
        return []
    found: list[Span] = []
    slots = [match.span() for match in re.finditer(r"[\[{<][^\]}>]{0,80}[\]}>]", sentence.text)]
    for number, token in enumerate(tokens):
        if not token.text[:1].isupper() or any(start <= token.start - sentence.start < end for start, end in slots):
            continue
        before = tokens[number - 1].text if number else ""
        if _no_name(sentence, number):
            continue
        if before.lower() == "the" or token.lower in {"europe", "asia", "africa", "america", "england", "britain", "earth"}:
            continue
        if (
            not token.text[:1].isalpha()
            or len(token.lower) < 3
            or number == 0
            or before in {">", "]", "}", ".", ":", "!", "?", "“", '"', "‘", "*", "-", "•", "–", "—", "(", "["}
        ):
            continue
        if (
            not token.text.isalpha()
            or (token.text.removesuffix("s").isupper() and len(token.text) < 6)
            or token.lower.endswith(("ian", "ish", "ese", "ean", "days"))
        ):
            continue
        if not _is_new(token.lower, facts, own) or token.text.lower() in facts.raw:
            continue
        if token.lower == "good" and number + 1 < len(tokens) and tokens[number + 1].lower == "friday":
            continue
        if before[:1].isupper() and before.lower() in facts.names and not (found and found[-1].end == tokens[number - 1].end):
            continue  # the surname of somebody whom the facts call by the first name
        if found and tokens[number - 1].text[:1].isupper() and found[-1].end == tokens[number - 1].end:
            found[-1] = Span(found[-1].start, token.end)
        else:
            found.append(Span(token.start, token.end))
    if found and (scene := _SCENE.search(sentence.text, 0, found[0].start - sentence.start)) and not _PERSONAL.search(sentence.text, 0, scene.start()):
        return []  # "half of London moves in September" tells nothing that happened
    # "8 a.m. Perth time" tells a clock and names nobody.
    found = [span for span in found if not ((role := _IN_OFFICE.match(sentence.text, span.end - sentence.start)) and role[1].lower() in facts.raw)]
    return [span for span in found if not _CLOCK.match(sentence.text, span.end - sentence.start)]


def _is_new(word: str, facts: Known, own: frozenset[str]) -> bool:
    """Whether a word is none of the languages', the letter's frame's or the facts'."""
    return not (word in STOP or word in _TITLES or word in own or concept(word) in facts.vocabulary or word in facts.raw)


# What a letter says is whole, and what a fact says is not.
_WHOLE = Watched(
    r"\b(?:all|every|everything|each|whole)\b.{0,90}\b(?:back|restored|recovered|in place|intact|returned|retrieved|complete|saved)\b"
    r"|\b(?:nothing|not (?:a|one)|no \w+)\b.{0,60}\b(?:lost|missing|gone)\b"
)
_UNTOUCHED = Watched(
    r"\b(?:none|nobody|no one|no evidence|not one|nothing|no (?:data|record|records|personal|information|details|customer|unauthori[sz]ed|third"
    r"|outsider|copy|copies))\b.{0,90}\b(?:copied|accessed|read|downloaded|left|viewed|seen|opened|stolen|taken|misused|touched|affected|exposed|leaked)\b"
)
_UNTOUCHED_SAID = re.compile(r"\b(?:no one|nobody|none|not one|no (?:third|outsider|unauthori[sz]ed))\b")
_ACCESS = re.compile(r"\b(?:seen|saw|viewed|read|accessed|copied|downloaded|stolen)\b")
_EXPOSED = re.compile(r"\b(?:data|security|expos\w*|access\w*|leak\w*|visible|copied|read|seen|saw|viewed|logs?|opened|download\w*|recipients?|sent to)\b")
"""What facts speak of that know whether somebody saw something."""
_SPARED = re.compile(r"\b(?:no|not|none|never|nothing|untouched|intact|unaffected|without)\b")


def contradiction(sentence: Sentence, facts: Known) -> str | None:
    """Return the fact that a sentence turns round ("none of it was copied"), or None."""
    flat = sentence.flat
    whole, untouched = _WHOLE.search(flat, sentence.signs), _UNTOUCHED.search(flat, sentence.signs)
    if (not whole and not untouched) or re.search(r"\b(?:sorry|regret|apolog\w*|above all|after all|at all|if)\b", flat):
        return None
    said = {concept(token.lower) for token in sentence.tokens if token.lower.isalpha() and token.lower not in STOP}
    if any(len(said) > 1 and said <= fact.words for fact in facts.facts):
        return None  # the facts say just so
    about = [fact for fact in facts.facts if not fact.ticket and not fact.key.startswith(("remedy", "incident.prevention", "follow_up", "sender"))]
    # What the facts themselves call spared may be said.
    if untouched and any(_SPARED.search(fact.text.lower()) and _told_alike(fact.text.lower(), said) for fact in about):
        return None
    if whole and any(
        re.search(r"\b(?:intact|untouched|unaffected|unharmed|complete|(?:no|none|nothing|not)\b.{0,90}\blost|all)\b", fact.text.lower()) and fact.words & said
        for fact in about
    ):
        return None
    if (
        untouched
        and re.search(r"\b(?:data|records?|files?|details|information|mail|documents?|of it|of them)\b", flat)
        and _UNTOUCHED_SAID.search(flat)
        and _ACCESS.search(flat)
        and not _EXPOSED.search(facts.raw)
    ):
        cause = next((fact.shown for fact in about if fact.key in {"incident.impact", "incident.summary"}), None)
        if cause:
            return cause
    for fact in about:
        text = fact.text.lower()
        if (
            whole
            and re.search(
                r"\b(?:gone|lost for good|cannot be recovered|can not be recovered|unrecover\w*|not recovered|remain missing|still missing|are missing"
                r"|remaining)\b",
                text,
            )
            and len(fact.words & said) >= 1
        ):
            return fact.shown
        if untouched and re.search(r"\b(?:not (?:yet )?known|unknown)\b", text) and len(fact.words & said) >= 1:
            return fact.shown
    return None


def _told_alike(text: str, said: set[str]) -> bool:
    """Whether a part of a fact that speaks of something spared speaks of the same thing."""
    for part in re.split(r"[.;,]", text):
        if _SPARED.search(part) and sum(concept(word) in said for word in re.findall(r"[a-z]+", part) if word not in STOP) >= 1:
            return True
    return False
