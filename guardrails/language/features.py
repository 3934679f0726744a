"""What the learned detectors look at in a sentence: words, their classes, who does what to whom."""

from collections.abc import Sequence

from guardrails.language.clauses import Clause, Role
from guardrails.language.tokens import Token
from guardrails.language.words import classes, groups, lemma, phrases, verb_classes

_CURRENCY = frozenset("£$€¥₹")


def _key(word: str) -> str:
    """Return the word, or what kind of figure it is."""
    first = word[0]
    if first.isdigit():
        return "<time>" if ":" in word else "<number>"
    return "<money>" if first in _CURRENCY else word


def features(tokens: Sequence[Token], parts: Sequence[Clause]) -> dict[str, list[int]]:
    """Return the features of a sentence, each with the tokens it comes from.

    `w:` a word, `b:` two in a row, `k:` a word class, `g:` a group of classes, `K:` two groups, the one before the other;
    of a clause: `c:` who, what kind of act, done or not, when, to whom, `v:` its verb, `l:` what joins it, `o:` and `s:` its object and subject.
    """
    found: dict[str, list[int]] = {}
    add = found.setdefault
    before = "<s>"
    phrase_at: dict[int, list[str]] = {}
    for phrase in phrases(tokens):
        add(f"k:{phrase.name}", []).extend(range(phrase.start, phrase.stop))
        phrase_at.setdefault(phrase.start, []).append(phrase.name)
    seen: dict[str, int] = {}
    for at, token in enumerate(tokens):
        word = _key(token.lower)
        base = lemma(word)
        add(f"w:{word}", []).append(at)
        if base != word:
            add(f"w:{base}", []).append(at)
        add(f"b:{before} {word}", []).append(at)
        names = classes(word)
        if at in phrase_at:
            names = (*names, *phrase_at[at])
        for name in names:
            add(f"k:{name}", []).append(at)
        fresh = groups(names)
        for group in fresh:
            add(f"g:{group}", []).append(at)
            for other in seen:
                add(f"K:{other} {group}", []).append(at)
        for group in fresh:
            seen.setdefault(group, at)
        before = word
    for clause in parts:
        _clause(found, tokens, clause)
    # What is done from now on, each time: a present tense, a "now", an "each" or "until". Told together they make a rule.
    lasting = "".join(
        letter
        for letter, holds in (
            ("does", any(_does(clause) for clause in parts)),
            ("-now", not _NOW.isdisjoint(found)),
            ("-each", not _EACH.isdisjoint(found)),
        )
        if holds
    )
    add(f"n:{lasting}", []).append(0)
    return found


_NOW = frozenset(f"w:{word}" for word in "now since henceforth today nowadays from already".split())
_EACH = frozenset(f"w:{word}" for word in "each every any before until unless only whenever without longer once twice when whoever anymore".split())
_STATES = frozenset(
    """be have hope understand know regret apologise apologize want think owe feel ask appreciate see hate wish do accept say mean remain
    deserve thank trust""".split()
)


def _does(clause: Clause) -> bool:
    return clause.form == "finite" and clause.tense in {"present", "modal"} and clause.actor is not Role.CUSTOMER and clause.lemma not in _STATES


_WHEN = {"past": "past", "perfect": "past", "present": "present", "future": "future", "conditional": "maybe", "modal": "maybe"}


def _clause(found: dict[str, list[int]], tokens: Sequence[Token], clause: Clause) -> None:
    add = found.setdefault
    actor, patient = clause.actor.value, clause.patient.value
    polarity = "-" if clause.negative else "+"
    finite = clause.form == "finite"
    when = clause.modal if clause.tense in {"future", "conditional", "modal"} else clause.tense if finite else clause.form
    wide = _WHEN.get(clause.tense, clause.form) if finite else clause.form
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
    kinds = groups(names)
    for kind in kinds:
        add(f"C:{actor} {kind}{voice}", []).append(at)
        add(f"C:{actor} {kind}{polarity}{wide}", []).append(at)
        add(f"C:{actor} {kind}{polarity}>{patient}", []).append(at)
        if clause.link:
            add(f"l:{clause.link} {kind}", []).append(at)
    start, stop = clause.object
    met = set()
    verb = clause.lemma if clause.lemma in {"be", "have"} else "*"
    for place in range(start, min(stop, start + 7)):
        names = classes(tokens[place].lower)
        for name in names:
            if name not in met:
                met.add(name)
                add(f"o:{actor} {verb}{polarity} {name}", []).append(place)
        for group in groups(names):
            for kind in kinds:
                add(f"o:{kind} {group}{polarity}", []).append(place)
                add(f"o:{actor} {kind} {group}", []).append(place)
    if clause.actor is Role.THING or clause.actor is Role.CUSTOMER:
        for place in range(*clause.subject):
            for group in groups(classes(tokens[place].lower)):
                for kind in kinds:
                    add(f"s:{group} {kind}{polarity}", []).append(place)
