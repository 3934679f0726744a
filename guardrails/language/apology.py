"""Find where a sentence says sorry, and for what.

An apology has a sign ("sorry", "apologise", "it saddens us", "our hearts go out") that belongs to the sender, and an
object: the words behind the sign, or before it where they stand first ("If …, we apologise"; "Any delay is regretted").
What the object is decides what the apology is worth: something done, a feeling of the customer's, a condition, a stock word.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from guardrails.language.clauses import Clause, Role
from guardrails.language.tokens import Token
from guardrails.language.words import classes, lemma, singular


class Apology(NamedTuple):
    """One apology in a sentence. Numbers count its tokens.

    The whole of it runs from `first` to `stop`; `sign` is its telling word; `object` holds what it is for (empty where it says nothing).
    """

    first: int
    stop: int
    sign: int
    object: tuple[int, int]


_SAY = frozenset("apologise apologize".split())
_NOUN = frozenset("apology apologies".split())
_AFFECT = frozenset("sadden grieve pain sorrow distress trouble dismay hurt upset bother gut mortify".split())
_AFFECTED = frozenset("saddened sad grieved distressed dismayed heartbroken gutted mortified disheartened pained".split())
_SYMPATHY = frozenset("sympathy sympathies condolences commiserations".split())
_PARDON = frozenset("forgive excuse pardon".split())
_OURS = frozenset("our my".split())
_GIVING = frozenset("accept offer extend owe send convey consider receive present tender express take carry pass repeat renew add".split())
_OTHERS = frozenset("you he she they it who your his her their".split())
_BREAKS = frozenset(";:.!?…—–()")
_OPENING = frozenset("and but so also again once more please kindly sincerely do therefore anyway anyhow , too either then well with".split())


def apologies(tokens: Sequence[Token], parts: Sequence[Clause]) -> list[Apology]:
    """Return the apologies of a sentence that are the sender's own, in order."""
    words = [token.lower for token in tokens]
    signs = [at for at, word in enumerate(words) if _may_say(word) and _is_sign(words, parts, at)]
    found: list[Apology] = []
    for number, at in enumerate(signs):
        if found and at < found[-1].stop and not _separate(words, found[-1].sign, at):
            continue
        border = signs[number + 1] if number + 1 < len(signs) else len(words)
        stop = _end(words, at, border)
        first = _begin(words, found[-1].stop if found else 0, at)
        start = at + 1
        if _is_bare(words, start, stop) and at > first:
            head = _front(words, found[-1].stop if found else 0, at)
            if head is not None:
                found.append(Apology(head[0], stop, at, head))
                continue
        found.append(Apology(first, stop, at, (start, stop)))
    return found


@lru_cache(maxsize=8192)
def _may_say(word: str) -> bool:
    if word in {"sorry", "sorrier", "regret", "regrets", "regretted", "regretful", "hearts", "heart", "pity", "shame", "unfortunate", "regrettable"}:
        return True
    if word in _NOUN or word in _AFFECTED or word in _SYMPATHY:
        return True
    return lemma(word) in _SAY or lemma(word) in _AFFECT or word in _PARDON or lemma(word) == "sympathise" or lemma(word) == "sympathize"


def _is_sign(words: Sequence[str], parts: Sequence[Clause], at: int) -> bool:
    """Whether a telling word is said by the sender, of the sender, here."""
    word = words[at]
    before = words[max(at - 6, 0) : at]
    last = before[-1] if before else ""
    if word in {"sorry", "sorrier"}:
        return last not in {"a", "the", "that", "its", "not", "n't", "this"} and _speaker(words, at) and not words[at + 1 : at + 2] == ["state"]
    if lemma(word) in _SAY:
        return (
            not {"not", "n't", "never"} & set(before[-3:])
            and _speaker(words, at)
            and last not in {"to"} | {"his", "her"}
            or (last == "to" and _speaker(words, at) and not {"had", "having", "have", "asked", "wait"} & set(before[-2:]))
        )
    if word in _NOUN:
        if {"no", "your", "their", "his", "her", "accepted", "recorded"} & set(before[-4:]):
            return False
        return (
            not before
            or bool(_OURS & set(before[-4:]))
            or any(lemma(other) in _GIVING for other in before)
            or last in {"with", ",", "and", "many", "sincere", "sincerest", "deepest", "this", "heartfelt", "full"}
            or at == 0
        )
    if word in {"regret", "regrets", "regretted"}:
        if word == "regretted":
            return "is" in before[-3:] or "are" in before[-3:] or _speaker(words, at) and bool({"i", "we", "have"} & set(before[-3:]))
        if word == "regrets":
            return bool(_OURS & set(before[-3:])) or (at > 0 and last in {"company", "board"}) or any(lemma(o) in _GIVING for o in before)
        return (
            bool({"i", "we"} & set(before[-5:])) or bool(_OURS & set(before[-3:])) or last in {"with", "great", "deep", "sincere", "genuine", "much", "deepest"}
        )
    if word in _AFFECTED:
        return bool({"i", "we", "team"} & set(before[-5:])) and bool({"am", "are", "'m", "'re", "was", "were"} & set(before))
    if lemma(word) in _AFFECT:
        return words[at + 1 : at + 2] in (["us"], ["me"]) and bool({"it", "that", "what", "this"} & set(before))
    if word in {"hearts", "heart"}:
        return last in _OURS and bool({"go", "goes", "out", "breaks", "with", "is", "are"} & set(words[at + 1 : at + 4]))
    if word in _SYMPATHY:
        return bool(_OURS & set(before[-3:])) or any(lemma(other) in _GIVING for other in before)
    if word in {"pity", "shame", "unfortunate", "regrettable"}:
        return bool({"it", "that", "'s", "is", "a"} & set(before[-4:])) and not {"i", "we"} & set(before[-2:]) or at < 2
    if word in _PARDON:
        return at == 0 or last in {"please", "kindly", "do", "and"}
    return _speaker(words, at)


def _speaker(words: Sequence[str], at: int) -> bool:
    """Whether nobody but the sender can be the one who says it: the nearest subject before is I, we or nobody."""
    for step in range(at - 1, max(at - 8, -1), -1):
        word = words[step]
        if word in {"i", "we", "company", "us", "me"}:
            return True
        if word in {"you", "he", "she", "they", "who"}:
            return word == "you" and "owe" in words[max(step - 2, 0) : step]
        if word in _BREAKS or (step == at - 1 and word in {",", "and", "but", "so"}):
            return True
    return True


def _separate(words: Sequence[str], first: int, second: int) -> bool:
    """Whether two telling words are two apologies ("sorry if …, and sorry for …") and not one ("sorry, and we regret")."""
    return second - first > 3


def _end(words: Sequence[str], at: int, border: int) -> int:
    """Return where an apology ends: before the next one, a strong mark, or a new main clause."""
    step = at + 1
    while step < border:
        word = words[step]
        if word in _BREAKS and word not in "()":
            return step
        if (
            step > at + 2
            and word in {"and", "but", "so"}
            and step + 1 < len(words)
            and (words[step + 1] in {"i", "we", "please", "thank", "remain"} or (words[step - 1] == "," and words[step + 1] not in {"of", "to"}))
        ):
            return step
        step += 1
    stop = border
    if border < len(words):
        while stop > at + 1 and words[stop - 1] in _OPENING | {"i", "we", "are", "am", "'re", "'m", "truly", "very", "our", "my"}:
            stop -= 1
    return stop


def _begin(words: Sequence[str], floor: int, at: int) -> int:
    """Return where the clause with the telling word begins: at its subject."""
    step = at
    while step > floor and words[step - 1] not in _BREAKS | {","} and at - step < 8:
        step -= 1
        if words[step] in {"i", "we", "please", "it", "our", "my", "kindly"}:
            break
    while step > floor and words[step - 1] in {"please", "kindly"}:
        step -= 1
    while step < at and words[step] in {"and", "but", ",", "so"}:
        step += 1
    return step


def _is_bare(words: Sequence[str], start: int, stop: int) -> bool:
    """Whether nothing that could be an object follows the telling word."""
    rest = [word for word in words[start:stop] if word[0].isalnum()]
    while rest and (
        rest[0]
        in {
            "for",
            "about",
            "to",
            "you",
            "it",
            "that",
            "again",
            "too",
            "both",
            "all",
            "deeply",
            "sincerely",
            "unreservedly",
            "this",
            "hear",
            "either",
            "way",
            "indeed",
            "then",
        }
    ):
        rest = rest[1:]
    return not rest


def _front(words: Sequence[str], floor: int, at: int) -> tuple[int, int] | None:
    """Return the words that stand before an apology as its object: "If …, we apologise", "For the delay I apologise", "Any delay is regretted"."""
    start = floor
    while start < at and (words[start] in _OPENING or not words[start][0].isalnum()):
        start += 1
    stop = at
    while (
        stop > start
        and words[stop - 1] not in {",", "—", "–", ";", ":"}
        and words[stop - 1]
        in {
            "i",
            "we",
            "am",
            "are",
            "'m",
            "'re",
            "is",
            "be",
            "would",
            "please",
            "truly",
            "very",
            "so",
            "deeply",
            "sincerely",
            "our",
            "my",
            "do",
            "then",
            "consider",
            "this",
            "an",
            "that",
            "accept",
            "extend",
        }
    ):
        stop -= 1
    return (start, stop) if stop - start > 1 else None


# --- what an apology is for

_FEELING_VERB = frozenset("feel find perceive interpret construe regard deem sense".split())
_VIEW_VERB = frozenset("see view read take consider think believe judge hear experience".split())
_SEEM_VERB = frozenset("seem look appear feel sound strike read land come".split())
_CUSTOMER = frozenset("you your yours anyone anybody everyone everybody those some people customers users clients guests".split())
_LIKING = re.compile(
    r"\b(?:to|of) (?:your|their|everyone 's|everybody 's) (?:\w+ )?(?:liking|taste|satisfaction|expectations?|hopes|wishes|preferences?)\b"
    r"|\b(?:not|n't|never|short of|below|fail(?:ed)? to|could|unable to|less than)\b.{0,30}? (?:match|meet|live up to|reach|satisfy|meeting|matching|living up to|what|everything|quite|expectations?|hopes?)\b.{0,30}?\b(?:expectations?|preferences?|hopes?|hoped|expected|pictured|imagined|wished|wanted|looking|standards?|taste|come to expect)\b"
    r"|\b(?:not|n't) (?:for|to) (?:everyone|everybody)\b"
    r"|\bexpectations were not\b"
)
_DESCRIBED = re.compile(
    r"\bwhat you (?:had|have had|were made) to (?:see|witness|go through|experience|endure|put up with|deal with)\b"
    r"|\b(?:your|the|this) (?:\w+ ){0,2}?experience\b|\byou (?:describe|mention|report|express|voice|speak of|write of)\b|\b(?:sort|kind) of (?:week|day|morning|month|experience|time)\b"
    r"|\b(?:however|how) .{0,40}\b(?:look|looked|seem|seemed|felt|feel|sound|sounded|appear|appeared|come across|came across)\b"
)
_TOWARDS = re.compile(
    r"\b(?:the|any|that|what) (?:\w+ ){0,2}(?:impression|feeling|sense|idea|perception|unease|anxiety|doubt|upset|offence|offense|commotion|discontent|anger|disappointment|displeasure|dissatisfaction|unhappiness|resentment|worry|concern|alarm)\b"
)
_YOUR_FEELING = re.compile(
    r"\b(?:your|their|my reader 's|families ') (?:\w+ ){0,3}?(?:impression|feelings?|sense|perception|unease|anxiety|disappointment|displeasure|dissatisfaction|unhappiness|frustrations?|anger|view|opinion|upset|annoyance|sentiments?|concerns?|distress|irritation|reaction|confidence|trust|hopes)\b"
)


def condition(words: Sequence[str], span: tuple[int, int]) -> bool:
    """Whether the object of an apology is a condition: "if …", "should …", "to anyone who may"."""
    said = [word for word in words[span[0] : span[1]] if word[0].isalnum()][:14]
    while (
        said
        and said[0] in {"for", "it", "that", "in", "deeply", "truly", "again", "you", "very", "to", "would", "of", "course", "be", "sorry", "hear"}
        and said[:2] not in (["in", "case"], ["in", "the"])
    ):
        said = said[1:]
    flat = " ".join(said)
    return bool(
        re.match(
            r"(?:if|should|were|in case|in the event|insofar|provided|assuming|supposing|anyone who (?:may|might)|any \w+ who (?:may|might)|those (?:who|whom) (?:may|might)|whoever|anyone we (?:may|might))\b",
            flat,
        )
    )


def felt(words: Sequence[str], parts: Sequence[Clause], span: tuple[int, int]) -> bool:
    """Whether the object of an apology is a feeling, an impression or a wish of the customer's, or an experience left unnamed."""
    flat = " ".join(words[span[0] : span[1]])
    if not flat:
        return False
    inside = [clause for clause in parts if span[0] <= clause.verb < span[1]]
    if any(_ours(clause) for clause in inside):
        return bool(_LIKING.search(flat))
    if _LIKING.search(flat) or _DESCRIBED.search(flat) or _TOWARDS.search(flat) or _YOUR_FEELING.search(flat):
        return True
    return any(_perceives(words, clause, span) for clause in inside)


def _ours(clause: Clause) -> bool:
    """Whether a clause says what the sender did or left undone."""
    return (
        clause.actor is Role.SENDER
        and clause.form == "finite"
        and not _may_say(clause.lemma)
        and clause.lemma not in {"be", "hear", "learn", "see", "understand", "have", "note"}
    )


def _perceives(words: Sequence[str], clause: Clause, span: tuple[int, int]) -> bool:
    behind = words[clause.verb + 1 : min(clause.verb + 8, span[1])]
    subject = words[clause.subject[0] : clause.subject[1]]
    customer = clause.actor is Role.CUSTOMER or bool(_CUSTOMER & set(subject))
    if clause.passive:
        return clause.lemma in _FEELING_VERB | {"see", "view", "experience"} and clause.patient is not Role.SENDER
    if customer:
        if clause.lemma in _FEELING_VERB:
            return clause.lemma != "find" or not _found_thing(behind)
        if clause.lemma in _VIEW_VERB:
            return bool({"way", "as", "so", "differently", "that", "like"} & set(behind[:6]))
        if clause.lemma == "be" or clause.lemma in {"leave", "become", "get", "remain", "have"}:
            return any("feeling_word" in classes(word) or "feeling" in classes(word) for word in behind[:5])
        if clause.lemma in {"come", "get", "form", "gain"}:
            return bool({"impression", "feeling", "sense", "idea", "notion"} & set(behind))
        if clause.lemma in {"expect", "hope", "wish", "want", "imagine", "picture"}:
            return True
        if clause.lemma == "take":
            return "to" in behind and "heart" in behind
        return clause.lemma == "need" and bool({"write", "complain", "raise", "contact", "get"} & set(behind))
    return clause.lemma in _SEEM_VERB and (
        clause.lemma not in {"land", "read", "come", "strike"} or bool({"badly", "across", "as", "wrong", "poorly", "harshly"} & set(behind))
    )


def _found_thing(behind: Sequence[str]) -> bool:
    """Whether "found" means came upon a thing ("found the kitchen flooded" is no feeling; "found him abrupt" is)."""
    return behind[:1] in (["out"], ["that"]) or (
        behind[:1] != [] and behind[0] in {"a", "an", "no", "nothing", "your", "only", "yourself", "yourselves", "two", "three"}
    )


_STOCK = frozenset(
    """inconvenience inconveniences inconvenienced bother hassle friction trouble troubles annoyance nuisance disruption disruptions disturbance frustration frustrations irritation headache
    headaches faff upheaval fuss difficulty difficulties upset aggravation unpleasantness discomfort disappointment confusion interruption problem problems issue issues
    stress worry concern concerns bumps hiccup hiccups mix-up""".split()
)
# After a stock word these say what happened, or to what.
_NAMES = frozenset("of from by when because while after with until before during where".split())


def generic(words: Sequence[str], span: tuple[int, int]) -> bool:
    """Whether the object of an apology is a stock word for harm and nothing that tells what happened."""
    said = list(words[span[0] : span[1]])
    while said and (
        said[0]
        in {
            "for",
            "about",
            "again",
            "also",
            "so",
            "too",
            "once",
            "more",
            ",",
            "deeply",
            "sincerely",
            "to",
            "you",
            "your",
            "team",
            "and",
            "all",
            "any",
            "the",
            "this",
            "these",
            "whatever",
            "some",
            "much",
            "very",
            "both",
            "extra",
            "additional",
            "considerable",
            "great",
            "little",
            "bit",
            "of",
            "possible",
            "potential",
            "our",
            "my",
            "such",
            "that",
            "those",
            "unnecessary",
            "undue",
            "unintended",
            "real",
            "inevitable",
            "resulting",
            "obvious",
            "unwanted",
            "general",
            "minor",
            "temporary",
            "slight",
            "accept",
            "apologies",
            "apology",
            "deepest",
            "sincerest",
            "heartfelt",
            "caused",
        }
        and said[0] not in _STOCK
    ):
        said = said[1:]
    if not said or said[0] not in _STOCK:
        return False
    rest = said[1:]
    for at, word in enumerate(rest):
        if word in {"and", ","} and not any(other in _STOCK for other in rest[at + 1 : at + 3]):
            break
        if word in _NAMES and rest[at : at + 2] not in (
            ["by", "this"],
            ["by", "that"],
            ["by", "it"],
            ["during", "this"],
            ["of", "this"],
            ["of", "it"],
            ["from", "this"],
            ["from", "it"],
            ["with", "this"],
        ):
            return False
        if word[0].isdigit() or word in {"we", "our", "i", "my"}:
            return False
    return True
