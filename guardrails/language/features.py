"""What the learned detectors look at in a sentence: words, their classes, who does what to whom."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from guardrails.language.clauses import Clause, Role
from guardrails.language.tokens import Token
from guardrails.language.words import classes, lemma, phrases, verb_classes

_CURRENCY = frozenset("£$€¥₹")


@cache
def clusters() -> dict[str, tuple[str, ...]]:
    """Return the clusters of like words, as `eval/train_clusters.py` found them: of a word, its cluster in a coarse and in a fine cut."""
    found: dict[str, tuple[str, ...]] = {}
    path = Path(__file__).with_name("clusters.txt")
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and line[0] != "#":
                fine, coarse, words = line.split(" ", 2)
                found |= dict.fromkeys(words.split(), (f"g:{fine}", f"G:{coarse}"))
    return found


def _key(word: str) -> str:
    """Return the word, or what kind of figure it is."""
    first = word[0]
    if first.isdigit():
        return "<time>" if ":" in word else "<number>"
    return "<money>" if first in _CURRENCY else word


def features(tokens: Sequence[Token], parts: Sequence[Clause]) -> dict[str, list[int]]:
    """Return the features of a sentence, each with the tokens it comes from, sorted by their first place.

    `w:` a word, `b:` two in a row, `k:` a word class, `K:` two classes in a row, `g:` and `G:` clusters of like words,
    `c:` a clause: who, what kind of act, done or not, when, to whom.
    """
    found: dict[str, list[int]] = {}
    groups = clusters()
    before = "<s>"
    before_classes: tuple[str, ...] = ("<s>",)
    phrase_at: dict[int, list[str]] = {}
    for phrase in phrases(tokens):
        name = f"k:{phrase.name}"
        found.setdefault(name, []).extend(range(phrase.start, phrase.stop))
        phrase_at.setdefault(phrase.start, []).append(phrase.name)
    for at, token in enumerate(tokens):
        word = _key(token.lower)
        base = lemma(word)
        add = found.setdefault
        add(f"w:{word}", []).append(at)
        if base != word:
            add(f"w:{base}", []).append(at)
        add(f"b:{before} {word}", []).append(at)
        names: tuple[str, ...] = classes(word)
        if at in phrase_at:
            names = (*names, *phrase_at[at])
        for name in names:
            add(f"k:{name}", []).append(at)
            for other in before_classes:
                add(f"K:{other} {name}", []).append(at)
        for group in groups.get(word, ()):
            add(group, []).append(at)
        if names:
            before_classes = names
        elif not word[0].isalnum():
            before_classes = (word,)
        before = word
    for clause in parts:
        _clause(found, tokens, clause)
    return found


def _clause(found: dict[str, list[int]], tokens: Sequence[Token], clause: Clause) -> None:
    add = found.setdefault
    actor, patient = clause.actor.value, clause.patient.value
    polarity = "-" if clause.negative else "+"
    when = clause.modal if clause.tense in {"future", "conditional", "modal"} else clause.tense if clause.form == "finite" else clause.form
    voice = "P" if clause.passive else ""
    at = clause.verb
    add(f"c:{actor}{polarity}{when}{voice}", []).append(at)
    add(f"c:{actor}>{patient}{polarity}{voice}", []).append(at)
    add(f"v:{actor} {clause.lemma}", []).append(at)
    add(f"v:{clause.lemma} {patient}", []).append(at)
    names = verb_classes(clause.lemma)
    if clause.link:
        add(f"l:{clause.link} {actor}", []).append(at)
    for name in names:
        add(f"c:{actor} {name}{voice}", []).append(at)
        add(f"c:{actor} {name}{polarity}{when}", []).append(at)
        add(f"c:{name}>{patient}{polarity}", []).append(at)
        if clause.link:
            add(f"l:{clause.link} {name}", []).append(at)
    start, stop = clause.object
    seen = set()
    for place in range(start, min(stop, start + 7)):
        for name in classes(tokens[place].lower):
            if name not in seen:
                seen.add(name)
                add(f"o:{actor} {clause.lemma if clause.lemma in {'be', 'have'} else '*'}{polarity} {name}", []).append(place)
                for kind in names:
                    add(f"o:{kind} {name}", []).append(place)
    if clause.actor is Role.THING or clause.actor is Role.CUSTOMER:
        for place in range(*clause.subject):
            for name in classes(tokens[place].lower):
                for kind in names:
                    add(f"s:{name} {kind}{polarity}", []).append(place)
