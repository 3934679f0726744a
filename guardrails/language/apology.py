"""Find where a sentence says sorry, and for what.

An apology has a sign ("sorry", "apologise", "it saddens us", "our hearts go out") that belongs to the sender, and an
object: the words behind the sign, or before it where they stand first ("If …, we apologise"; "Any delay is regretted").
What the object is decides what the apology is worth: something done, a feeling of the customer's, a condition, a stock word.
Weights that `eval/train_apologies.py` has learned weigh the words of the object and what is known of it.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise, repeat
from pathlib import Path
from typing import Literal, NamedTuple

from guardrails.finding import Span
from guardrails.language.clauses import Clause, Role, clauses
from guardrails.language.features import Hearer
from guardrails.language.features import features as word_features
from guardrails.language.memory import remembered
from guardrails.language.watched import Watched
from guardrails.language.words import classes, lemma
from guardrails.letter import Reading, Sentence

Worth = Literal["non-apology", "generic-apology"]
WORTHS: tuple[Worth, ...] = ("non-apology", "generic-apology")


class Apology(NamedTuple):
    """One apology in a sentence. Numbers count its tokens.

    The whole of it runs from `first` to `stop`; `sign` is its telling word; `object` holds what it is for (empty where it says nothing).
    """

    first: int
    stop: int
    sign: int
    object: tuple[int, int]


# --- the sign

_SAY = frozenset("apologise apologize sympathise sympathize deplore lament hate".split())
_NOUN = frozenset(
    "apology apologies excuses pardon indulgence contrition sympathy sympathies condolences commiserations regrets sorrow remorse forgiveness".split()
)
_AFFECT = frozenset("sadden grieve pain distress trouble dismay hurt upset bother gut mortify".split())
_AFFECTED = frozenset("saddened sad grieved distressed dismayed heartbroken gutted mortified disheartened pained".split())
_PARDON = frozenset("forgive excuse pardon".split())
_GIVING = frozenset(
    "accept offer extend owe send convey consider receive present tender express take carry pass repeat renew add have ask beg crave record crave".split()
)
_ELSEWHERE = frozenset("no not n't your their his her recorded a".split())
_TELLS = frozenset("say add tell report inform trouble bother ask hear learn".split())
_PAPER = frozenset("letter letters note notes word words message messages email emails".split())
_LEADING = frozenset("with and or many sincere sincerest deepest heartfelt full please but most humble in of warm".split())
_BREAKS = frozenset(";:.!?…—–")
_SPEAKING = frozenset("i we company us me bank firm".split())
_STILL = frozenset(
    """i we am are 'm 're is be was would please truly very so deeply sincerely our my do then consider this an that accept
    extend have you the has it should""".split()
)

_OPENING = frozenset("and but so also again once more please kindly sincerely do therefore anyway anyhow , too either then well with".split())


def apologies(sentence: Sentence) -> list[Apology]:
    """Return the apologies of a sentence that are the sender's own, in order."""
    words = sentence.lowers
    if not any(map(_may_say, words)):
        return []
    signs = [at for at, word in enumerate(words) if _may_say(word) and _is_sign(words, at) and not sentence.quoted(sentence.tokens[at].start)]
    found: list[Apology] = []
    floor = 0
    for number, at in enumerate(signs):
        if found and (at < found[-1].stop or at - found[-1].sign <= 2):
            continue
        following = next((other for other in signs[number + 1 :] if other - at > 2), len(words))
        stop = _end(words, at, following)
        first = _begin(words, floor, at)
        span = (at + 1, stop)
        if _is_bare(words[at + 1 : stop]):
            span = _front(words, floor, at) or span
        cuts = [span[0], *(step for step in range(span[0] + 2, span[1]) if words[step] == "for" and words[step - 1] in {"and", "as", "or"}), span[1]]
        for start, end in pairwise(cuts):
            while end > start and words[end - 1] in {"and", "as", "well", "or", ","}:
                end -= 1
            found.append(Apology(min(first, start) if start == span[0] else start, end, at, (start, end)))
        found[-1] = found[-1]._replace(stop=stop)
        floor = stop
    return found


@remembered
def _may_say(word: str) -> bool:
    if word in {"sorry", "sorrier", "regret", "regretted", "heart", "hearts", "pity", "shame", "unfortunate", "regrettable", "feel"}:
        return True
    return word == "bad" or word in _NOUN or word in _AFFECTED or word in _PARDON or lemma(word) in _SAY or lemma(word) in _AFFECT


def _is_sign(words: Sequence[str], at: int) -> bool:
    """Whether a word that may say sorry does so here, and is the sender's."""
    word, after = words[at], words[at + 1 : at + 4]
    before = words[max(at - 6, 0) : at]
    for step in range(len(before) - 1, 0, -1):
        if before[step - 1] == ",":
            before = before[step - 1 :]
            break
    last = before[-1] if before else ""
    if word in {"sorry", "sorrier"}:
        if after[:1] == ["to"] and after[1:2] and after[1] in _TELLS:
            return False
        return last not in {"a", "the", "that", "its", "not", "n't"} and after[:1] not in (["state"], ["-"], ["sight"], ["excuse"]) and _speaks(words, at)
    if word == "bad":
        return last == "too" and at < 3
    if word in {"hate", "lament", "deplore"}:
        return at == 0 or (bool({"i", "we"} & set(before[-4:])) and _speaks(words, at))
    if lemma(word) in _SAY:
        return not {"not", "n't", "never"} & set(before[-3:]) and not {"had", "having", "asked"} & set(before[-2:]) and _speaks(words, at)
    if word == "regret":
        return (
            not {"not", "n't", "never", "one", "only"} & set(before[-3:])
            and (bool({"i", "we", "our", "my"} & set(before[-5:])) or at == 0 or last in {"with", "great", "deep", "sincere", "genuine", "much", "of", ","})
            and after[:1] != ["-"]
        )
    if word == "regretted":
        return bool({"is", "are", "be"} & set(before)) or (at + 2 >= len(words) and at < 4) or (bool({"i", "we"} & set(before[-3:])) and _speaks(words, at))
    if word in _NOUN:
        if last == "of" and _PAPER & set(before[-3:]):
            return False
        if "you" in before and not {"owe", "have", "beg", "ask", "to"} & set(before):
            return False
        if _ELSEWHERE & set(before[-4:]) and not {"owe", "an", "beg", "crave", "ask"} & set(before[-4:]):
            return last == "a" and at < 8
        given = any(lemma(other) in _GIVING for other in before) or (word == "regrets" and last in {"company", "bank", "firm", "management", "board"})
        if not before:
            return after[:1] != ["to"]
        return bool({"our", "my"} & set(before[-4:])) or given or last in _LEADING or not last[0].isalnum()
    if word in _AFFECTED:
        return bool({"i", "we", "team"} & set(before[-5:])) and bool({"am", "are", "'m", "'re", "was", "were", "feel"} & set(before))
    if lemma(word) in _AFFECT:
        return after[:1] in (["us"], ["me"]) and bool({"it", "that", "what", "this"} & set(before))
    if word in {"heart", "hearts"}:
        return last in {"my", "our"} and bool({"go", "goes", "out"} & set(after) or {"breaks", "broke", "break", "breaking"} & set(before))
    if word == "feel":
        return (
            bool({"i", "we"} & set(before[-3:]))
            and after[:1] in (["for"], ["with"])
            and after[1:2] != []
            and after[1] in {"you", "your", "her", "him", "them", "anyone", "everyone"}
        )
    if word in _PARDON:
        return last not in {"to", "of", "no", "n't", "not", "cannot"} and (
            at == 0
            or last in {"please", "kindly", "do", "and", ","}
            or (
                bool({"ask", "beg", "we", "i"} & set(before[-4:]))
                and _speaks(words, at)
                and bool(after)
                and after[0] in {"us", "me", "the", "any", "this", "our"}
            )
        )
    if last == "a" and ({"what", "find"} & set(before[-3:])):
        return True
    return last in {"a", "is", "'s", "be", "deeply", "most", "truly"} and (at < 2 or bool({"it", "that"} & set(before))) and not {"i", "we"} & set(before[-2:])


def _speaks(words: Sequence[str], at: int) -> bool:
    """Whether nobody but the sender can be the one who says it: the nearest subject before is I, we or nobody."""
    for step in range(at - 1, max(at - 8, -1), -1):
        word = words[step]
        if word in _SPEAKING:
            return True
        if word in {"you", "he", "she", "they", "who"}:
            return "owe" in words[max(step - 2, 0) : step]
        if word in _BREAKS or (step == at - 1 and word in {",", "and", "but", "so"}):
            return True
    return True


def _end(words: Sequence[str], at: int, border: int) -> int:
    """Return where an apology ends: before the next one, a strong mark, or a new main clause."""
    for step in range(at + 1, border):
        word = words[step]
        if word in _BREAKS:
            return step
        if step > at + 2 and word in {"and", "but", "so"} and step + 1 < len(words):
            after = words[step + 1]
            if after in {"i", "we", "please", "thank", "remain"} or (words[step - 1] == "," and after not in {"of", "to", "for", "all"}):
                return step
    stop = border
    while border < len(words) and stop > at + 1 and words[stop - 1] in _OPENING | _STILL:
        stop -= 1
    return stop


def _begin(words: Sequence[str], floor: int, at: int) -> int:
    """Return where the clause with the telling word begins: at its subject."""
    step = at
    while step > floor and words[step - 1] not in _BREAKS and words[step - 1] != "," and at - step < 8:
        step -= 1
        if words[step] in {"i", "we", "please", "it", "our", "my", "kindly"}:
            break
    while step > floor and words[step - 1] in {"please", "kindly"}:
        step -= 1
    while step < at and words[step] in {"and", "but", ",", "so"}:
        step += 1
    return step


_NOTHING = frozenset(
    "for about to you it that again too both all deeply sincerely unreservedly this hear either way indeed then us so , ) in full truly am i is".split()
)


def _is_bare(words: Sequence[str]) -> bool:
    """Whether nothing that could be an object follows the telling word."""
    return all(word in _NOTHING or not word[0].isalnum() for word in words)


def _front(words: Sequence[str], floor: int, at: int) -> tuple[int, int] | None:
    """Return the words that stand before an apology as its object: "If …, we apologise", "For the delay I apologise", "Any delay is regretted"."""
    start = floor
    while start < at and (words[start] in _OPENING or not words[start][0].isalnum()):
        start += 1
    stop = at
    while stop > start and words[stop - 1] in _STILL:
        stop -= 1
    return (start, stop) if stop - start > 1 or (stop > start and words[start] in _STOCK) else None


# --- what it is for

_FEELS = frozenset("feel perceive interpret construe regard deem sense find".split())
_VIEWS = frozenset("see view read take consider think believe judge hear experience".split())
_SEEMS = frozenset("seem look appear feel sound strike read land come leave".split())
_HOPES = frozenset("expect hope wish want imagine picture".split())
_READERS = frozenset("you your yours anyone anybody everyone everybody those some people customers users clients guests whoever one".split())
_MOODS = frozenset(
    "bummed cross miffed peeved hurt offended aggrieved satisfied pleased happy unhappy put-out displeased unimpressed upset disappointed".split()
)
_NOTIONS = frozenset("impression feeling sense idea notion view perception taste opinion".split())
_UNLIKED = Watched(
    r"\b(?:to|of) (?:your|their|everyone 's|everybody 's) (?:\w+ )?(?:liking|taste|satisfaction|expectations?|hopes|wishes|preferences?)\b"
    r"|\b(?:not|n't|never|short of|below|failed? to|could|unable to|less than)\b[^,;]{0,40}?"
    r"\b(?:expectations?|preferences?|hopes?|hoped|expected|pictured|imagined|wished|wanted|looking|come to expect)\b"
    r"|\b(?:not|n't) (?:for|to) every(?:one|body)\b"
    r"|\bexpectations? [^,;]{0,30}?(?:was|were) (?:not|different|a different|higher)\b|\b(?:bad|sour|bitter|nasty) taste\b"
    r"|\brub(?:s|bed)? [^,;]{1,25} wrong way\b"
    r"|\b(?:not|n't) (?:\w+ )?(?:make|made|leave|left|keep|kept) (?:you|your|anyone|the)(?: \w+){0,2} (?:happy|pleased|content)\b"
    r"|\b(?:not|n't|so little|less than) (?:\w+ )?(?:comfortable|happy|pleased|satisfied|content|inclined)\b"
    r"|\blight in which\b|\bso? ?misunderstood\b|\bout of humou?r\b"
    r"|\b(?:was|were|been|is|are) (?:\w+ )?(?:taken|received|read|understood) (?:otherwise|amiss|badly|differently|wrongly|the wrong way|by your|in a)\b"
    r"|\blost (?:\w+ )?(?:trust|confidence|faith)\b|\bbad feelings?\b|\bconclusions? (?:to|that) \w+"
    r"|\b(?:not|n't) (?:\w+ )?(?:please|suit|satisfy|convince|impress|match your|find your|meet your) ?(?:you|your|taste|liking)?\b"
)
_UNNAMED = Watched(
    r"\bwhat you (?:had|have had|were made) to (?:see|witness|go through|experience|endure|put up with|deal with)\b"
    r"|\b(?:your|the|this) (?:\w+ ){0,2}?experience\b|\byou (?:describe|mention|report|express|voice|speak of|write of)\b"
    r"|\b(?:sort|kind) of (?:week|day|morning|month|experience|time)\b|\bin (?:your|their) (?:\w+ )?(?:eyes|view|opinion|perception)\b"
    r"|\bfrom (?:your|the) (?:\w+ )?(?:side|view|viewpoint|perspective|standpoint|outside)\b|\bfrom where you\b"
    r"|\b(?:you|your \w+|some|anyone|anybody|who|they)(?: \w+)? (?:feels?|felt|feeling|perceives?|perceived|interprets?|interpreted|thought)\b"
    r"|\bhow(?:ever)? [^,;]{0,40}?\b(?:look|looked|seem|seemed|felt|feel|sound|sounded|appear|appeared|come across|came across|reacted|feeling)\b"
)
_CONDITION = Watched(
    r"(?:(?:for|to|it|that|deeply|truly|again|very|would|of|course|be|sorry|hear) )*"
    r"(?:if|should|were|where(?:ver)? (?:we|our|any|offence|offense|there)|when and where|in case|in the event|insofar|in so far|so far as|to the extent"
    r"|provided|assuming|supposing|presuming|had any|had we given|as may|any(?:one|body) who|whoever|whomever|to some (?:\w+ ){1,5}feels?"
    r"|(?:anyone|anybody|those|\w+) (?:of you )?(?:who|whom|we|that) (?:may|might|could)"
    r"|(?:any|some|whatever|such) (?:\w+ ){1,3}(?:who |that |which |as )?(?:may|might|could))\b"
)
_STOCK = frozenset(
    """inconvenience inconveniences inconvenienced bother hassle friction trouble troubles annoyance nuisance disruption disruptions disturbance frustration
    frustrations irritation headache headaches faff upheaval fuss difficulty difficulties upset aggravation unpleasantness discomfort
    confusion interruption problem problems issue issues palaver rigmarole botheration bumps hiccup hiccups""".split()
)
# What may stand before a stock word without naming anything, and what behind it does.
_EMPTY = frozenset(
    """for about again also so too once more , deeply sincerely to you your team and all any the this these whatever some much very both extra additional
    considerable great little bit of possible potential our my such that those unnecessary undue unintended real inevitable resulting obvious unwanted
    general minor temporary slight accept apologies apology deepest sincerest heartfelt caused everyone involved i am we are has have an a""".split()
)

_NAMES = frozenset("of from by when because while after with until before during where".split())
_POINTS = frozenset("this that it these".split())


def condition(words: Sequence[str], apology: Apology, signs: int) -> bool:
    """Whether the object of an apology is a condition: "if …", "should …", "to anyone who may"."""
    return bool(_CONDITION.match(" ".join(words[slice(*apology.object)]).lstrip(",:;-— "), signs))


def generic(words: Sequence[str], apology: Apology) -> bool:
    """Whether the object of an apology is a stock word for harm and nothing that tells what happened."""
    said = words[slice(*apology.object)]
    start = next((at for at, word in enumerate(said) if word in _STOCK or word not in _EMPTY), len(said))
    if start == len(said) or said[start] not in _STOCK:
        return False
    for at in range(start + 1, len(said)):
        word, after = said[at], said[at + 1 : at + 3]
        if word in {"and", ","} and not _STOCK & set(after):
            return True
        if word[0].isdigit() or word in {"we", "our", "i", "my"} or (word in _NAMES and not _POINTS & set(after[:1])):
            return False
    return True


def _known(words: Sequence[str], parts: Sequence[Clause], apology: Apology, signs: int) -> Iterator[str]:
    """Yield what is known of an apology's object by its shape."""
    start, stop = apology.object
    flat = " ".join(words[start:stop])
    inside = [clause for clause in parts if start <= clause.verb < stop]
    if condition(words, apology, signs):
        yield "condition"
    if generic(words, apology):
        yield "stock"
    if _UNLIKED.search(flat, signs):
        yield "unliked"
    if _UNNAMED.search(flat, signs):
        yield "unnamed"
    ours = any(_ours(clause) for clause in inside)
    if ours:
        yield "ours"
    if any(_perceives(words, clause, stop) for clause in inside):
        yield "perceived with ours" if ours else "perceived"
    for at in range(start, stop):
        if "feeling" in classes(words[at]):
            owner = set(words[max(at - 4, start) : at])
            if {"your", "their"} & owner:
                yield "feeling your"
            elif words[at] not in _STOCK:
                yield "feeling any" if {"any", "the", "whatever", "such"} & owner else "feeling"
    if any(word[0].isdigit() for word in words[start:stop]):
        yield "figure"


def _ours(clause: Clause) -> bool:
    """Whether a clause says what the sender did or left undone."""
    return (
        clause.actor is Role.SENDER
        and clause.form == "finite"
        and not _may_say(clause.lemma)
        and clause.lemma not in {"be", "hear", "learn", "see", "have", "note"}
    )


def _perceives(words: Sequence[str], clause: Clause, stop: int) -> bool:
    """Whether a clause says how something felt, looked or was taken, and to whom else than us."""
    if clause.form == "to":
        return False
    behind = words[clause.verb + 1 : min(clause.verb + 8, stop)]
    if clause.passive:
        moved = clause.patient is Role.CUSTOMER and bool(_MOODS & set(words[clause.verb : clause.verb + 1]))
        return moved or (clause.patient is not Role.SENDER and (clause.lemma in _FEELS or (clause.lemma in {"see", "view"} and "as" in behind)))
    if clause.actor is Role.CUSTOMER or _READERS & set(words[clause.subject[0] : clause.subject[1]]):
        if clause.lemma in _FEELS:
            return clause.lemma != "find" or not (
                behind[:1] and behind[0] in {"a", "an", "no", "nothing", "your", "only", "out", "that", "yourself", "two", "three"}
            )
        if clause.lemma in {"consider", "believe", "think", "judge"}:
            return True
        if clause.lemma in _VIEWS:
            return bool({"way", "as", "so", "differently", "that", "like", "heart", "badly"} & set(behind))
        if clause.lemma in _HOPES:
            return True
        if clause.lemma in {"be", "leave", "become", "get", "remain", "have", "come", "form", "gain"}:
            return bool(_NOTIONS & set(behind)) or any(word in _MOODS or "feeling_word" in classes(word) or "feeling" in classes(word) for word in behind[:5])
        return clause.lemma == "need" and bool({"write", "complain", "raise", "contact"} & set(behind))
    if clause.lemma not in _SEEMS:
        return False
    if clause.lemma == "leave":
        return (clause.patient is Role.CUSTOMER and any("feeling_word" in classes(word) for word in behind[:4])) or bool(_NOTIONS & set(behind))
    return clause.lemma not in {"land", "read", "come", "strike"} or bool({"badly", "across", "as", "wrong", "poorly", "harshly", "heavily"} & set(behind))


# --- what it is worth

_SOFT = frozenset(("is perceived", "is unliked", "is unnamed", "is feeling any", "is feeling your"))
# What speaks for a low worth must outweigh what speaks against it by this much, in hundredths: a false alarm here costs trust.
_DOUBT = 30
_MILD = frozenset("sign pity,sign shame,sign unfortunate,sign regrettable".split(","))


def settled(known: frozenset[str], name: Worth) -> bool | None:
    """Return whether an apology is worth no more than `name` says, where its features leave no doubt."""
    soft = _SOFT & known
    if name == "generic-apology":
        return True if "is stock" in known and "is ours" not in known and not soft else None
    if "is condition" in known and "is stock" not in known:
        return not _MILD & known or "front" not in known
    if "is stock" in known:
        return bool(soft - {"is feeling any"})
    if "is ours" in known and "front" in known:
        return False
    return True if soft and "is ours" not in known else None


def features(reading: Reading, sentence: Sentence, apology: Apology) -> frozenset[str]:
    """Return the names of all that is true of an apology: its sign, the words of its object, and what is known of it."""
    said = sentence.tokens[slice(*apology.object)]
    return frozenset(word_features(said, clauses(said, *reading.names)) if said else ()) | _told(reading, sentence, apology)


def _told(reading: Reading, sentence: Sentence, apology: Apology) -> set[str]:
    """Return the features of an apology but those of the words of its object."""
    words = sentence.lowers
    start, stop = apology.object
    found = {f"sign {words[apology.sign]}", f"long {min((stop - start) // 4, 5)}"}
    found |= {f"lead {word}" for word in words[apology.first : apology.sign]} if start > apology.sign else {"front"}
    found |= {f"is {name}" for name in _known(words, reading.clauses(sentence), apology, sentence.signs)}
    if start >= stop:
        found.add("nothing")
    return found


@cache
def weights() -> dict[str, dict[str, int]]:
    """Return, by what an apology may be worth, the learned weights by feature, in hundredths; that of the empty name always counts."""
    loaded: dict[str, dict[str, int]] = json.loads(Path(__file__).with_name("apology.json").read_text(encoding="utf-8"))
    return loaded


@cache
def _hearer() -> Hearer[str]:
    """Return what hears of the words of an object what counts for any worth."""
    return Hearer(dict.fromkeys(feature for table in weights().values() for feature in table), str)


def worth(reading: Reading, sentence: Sentence, apology: Apology) -> Worth | None:
    """Return what an apology is worth where it is worth little: one for a feeling or on a condition, one of stock words."""
    said = sentence.tokens[slice(*apology.object)]
    known = frozenset(_told(reading, sentence, apology) | (_hearer()([token.lower for token in said], clauses(said, *reading.names)) if said else set()))
    for name in WORTHS:
        table = weights()[name]
        sure = settled(known, name)
        if sure or (sure is None and sum(map(table.get, known, repeat(0)), table[""]) > _DOUBT):
            return name
    return None


def span(sentence: Sentence, apology: Apology) -> Span:
    """Return the place of an apology in its field."""
    return sentence.words(apology.first, max(apology.stop, apology.object[1]))
