"""Word classes: what a word says, whichever of its many synonyms it is.

`words/*.txt` hold some hundred classes of the words that business letters use, for everything that is
done, done wrong, suffered, repaired, paid, promised or hidden in them. Verbs and nouns are listed once and
found in all their forms; an underscore joins a phrase.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from guardrails.language.memory import remembered

_FOLDER = Path(__file__).parent / "words"
_VOWELS = frozenset("aeiou")
_PARTICLES = frozenset(
    "up down out off back over in on away through by short right aside round under apart whole good forward together for straight behind with".split()
)

STOP = frozenset(
    """a about above across after again against all almost alone along already also although always am among an and another any anybody anyone
    anything anyway are aren't around as
    at away back be because been before behind being below beside between beyond both but by came can cannot come comes could did do does doing done
    down during each either else
    enough even ever every everybody everyone everything far few first for forth from further gave get gets getting give given gives go goes going
    gone got had has have having he her
    here hers herself him himself his how however i if in indeed instead into is it its itself just keep kept know known last later least less let
    like made make makes making many may
    maybe me might mine more most much must my myself nearly need needs neither never next no nobody none nor not nothing now of off often on once one
    only onto or other others ought our ours
    ourselves out over own past per perhaps put quite rather really said same saw say see seen set shall she should since so some somebody someone
    something soon still such take taken takes
    than that the their theirs them themselves then there these they thing things this those though through thus till to today together told too took
    toward towards under unless until
    up upon us use used very via was way we well went were what whatever when where whether which while who whole whom whose why will with within
    without won't would yes yesterday yet you
    your yours yourself yourselves dear mr mrs ms dr s t re ve ll d m n't 's 're 've 'll 'd 'm ca wo""".split()
)
"""Small words: they hold a sentence together and name nothing."""


class Lexicon(NamedTuple):
    """The word classes as read from their files: by verb, by noun, by written word, phrases by their first word, and the wider group of a class."""

    verbs: dict[str, tuple[str, ...]]
    nouns: dict[str, tuple[str, ...]]
    words: dict[str, tuple[str, ...]]
    phrases: dict[str, list[tuple[tuple[str, ...], str]]]
    groups: dict[str, str]
    irregular: dict[str, str]
    past: frozenset[str]
    participles: frozenset[str]


@cache
def lexicon() -> Lexicon:
    """Return the word classes, read once."""
    tables: list[dict[str, tuple[str, ...]]] = []
    phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    groups: dict[str, str] = {}
    for name in ("verbs", "nouns", "words"):
        table: dict[str, tuple[str, ...]] = {}
        current = ""
        for line in _lines(name):
            if line[0] == "[":
                current, _, group = line[1:-1].partition(": ")
                if group:
                    groups[current] = group
                continue
            for word in line.split():
                if "_" in word or "-" in word[1:]:
                    first, *rest = word.replace("n't", "_n't").replace("'s", "_'s").replace("-", "_-_").split("_")
                    phrases.setdefault(first, []).append((tuple(rest), current))
                else:
                    table[word] = (*table.get(word, ()), current)
        tables.append(table)
    irregular: dict[str, str] = {}
    past, participles = set(), set()
    for line in _lines("irregular"):
        base, *forms = line.split()
        irregular |= dict.fromkeys(forms, base)
        past.add(forms[0])
        participles.add(forms[-1])
    # Forms that a letter uses for another verb.
    irregular |= dict.fromkeys(("am", "is", "are", "was", "were", "been", "being", "'s", "'re", "'m"), "be") | {
        "'ve": "have",
        "lay": "lay",
        "found": "find",
        "left": "leave",
        "wound": "wind",
        "resent": "resend",
        "has": "have",
        "does": "do",
        "goes": "go",
        "lying": "lie",
        "dying": "die",
        "tying": "tie",
    }
    verbs, nouns, words = tables
    return Lexicon(verbs, nouns, words, phrases, groups, irregular, frozenset(past), frozenset(participles))


def _lines(name: str) -> list[str]:
    return [line for line in (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]


@remembered
def lemma(word: str) -> str:
    """Return the base form of a verb: "forgot" and "forgetting" are forget. A word that is no verb form comes back as it is, or nearly so."""
    known = lexicon()
    if word in known.irregular:
        return known.irregular[word]
    if word in known.verbs or len(word) < 4:
        return word
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        if word.endswith("ies"):
            return word[:-3] + "y"
        if word.endswith("es") and (word[:-2] in known.verbs or word[-3] in "sxzo" or word[-4:-2] in {"ch", "sh"}) and word[:-1] not in known.verbs:
            return word[:-2]
        return word[:-1]
    for ending in ("ed", "ing"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return _base(word[: -len(ending)], ending)
    for prefix in ("re", "over", "under", "mis", "out", "un"):
        if word.startswith(prefix) and word[len(prefix) :].lstrip("-") in known.irregular:
            return prefix + known.irregular[word[len(prefix) :].lstrip("-")]
    return word


def _base(stem: str, ending: str) -> str:
    """Return the verb behind a stem that lost -ed or -ing: a known one if the spelling allows it, else by the rules of spelling."""
    verbs = lexicon().verbs
    if ending == "ed" and stem.endswith("i"):
        return stem[:-1] + "y"
    doubled = len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in _VOWELS
    options = [stem + "e", stem] if not doubled else [stem[:-1], stem]
    for option in options:
        if option in verbs:
            return option
    if doubled:
        return stem if stem[-1] in "lsz" else stem[:-1]
    if stem.endswith(
        (
            "c",
            "v",
            "z",
            "u",
            "dg",
            "rg",
            "as",
            "is",
            "os",
            "us",
            "rs",
            "ns",
            "at",
            "bl",
            "pl",
            "tl",
            "dl",
            "gl",
            "kl",
            "fl",
            "ut",
            "ir",
            "ur",
            "ar",
            "or",
            "in",
            "iz",
        )
    ):
        return stem + "e" if not stem.endswith(("oat", "eat", "eet", "oin", "ain", "ear", "oar", "air", "our")) else stem
    return stem


@remembered
def singular(word: str) -> str:
    """Return the singular of a noun."""
    if not word.endswith("s") or word.endswith(("ss", "us", "is")) or len(word) < 4:
        return "person" if word == "people" else word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    return word[:-1]


@remembered
def classes(word: str) -> tuple[str, ...]:
    """Return the classes of a lower-case word, in any of its forms, whatever part of speech it is here."""
    known = lexicon()
    found = dict.fromkeys(known.words.get(word, ()))
    found |= dict.fromkeys(known.nouns.get(word, ()) or known.nouns.get(singular(word), ()))
    found |= dict.fromkeys(known.verbs.get(lemma(word), ()))
    return tuple(found)


@remembered
def verb_classes(verb: str) -> tuple[str, ...]:
    """Return the classes of a verb, given in its base form."""
    return lexicon().verbs.get(verb, ())


@remembered
def groups(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the wider groups that classes belong to."""
    table = lexicon().groups
    return tuple(dict.fromkeys(table[name] for name in names if name in table))


class Phrase(NamedTuple):
    """A phrase of a class: the words it begins with and ends before, and where the phrase is a verb, its particle taken with it."""

    start: int
    stop: int
    name: str


@remembered
def _opened(word: str) -> tuple[tuple[tuple[tuple[str, ...], str], ...], frozenset[str], frozenset[str]] | None:
    """Return the phrases that a word may open, each as the words that follow and its class; the words that come next in any, and the particles that may."""
    table = lexicon().phrases
    base = lemma(word)
    entries = (*table.get(word, ()), *(table.get(base, ()) if base != word else ()))
    if not entries:
        return None
    return entries, frozenset(rest[0] for rest, _ in entries), frozenset(rest[0] for rest, _ in entries if len(rest) == 1 and rest[0] in _PARTICLES)


def phrases(words: Sequence[str]) -> list[Phrase]:
    """Return the phrases of word classes in a run of lower-case words: "for good", "let you down", "made whole"."""
    found: list[Phrase] = []
    length = len(words)
    last = length - 1
    for at, opened in enumerate(map(_opened, words)):
        # Most words open no phrase, and most that could do not here.
        if opened is None or at == last or (words[at + 1] not in opened[1] and (not opened[2] or opened[2].isdisjoint(words[at + 2 : at + 5]))):
            continue
        for rest, name in opened[0]:
            stop = at + 1 + len(rest)
            if stop <= length and words[at + 1] == rest[0] and tuple(words[at + 1 : stop]) == rest:
                found.append(Phrase(at, stop, name))
            elif len(rest) == 1 and rest[0] in _PARTICLES:
                # A particle may stand behind a short object: "let you down", "took the page down".
                for gap in (2, 3, 4):
                    if at + gap < length and words[at + gap] == rest[0]:
                        found.append(Phrase(at, at + gap + 1, name))
                        break
                    if at + gap - 1 < length and not words[at + gap - 1][0].isalnum():
                        break
    return found
