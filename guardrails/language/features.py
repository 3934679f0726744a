"""What the learned detectors look at in a sentence: words, their classes, who does what to whom.

`features` says it all, with the tokens that each feature comes from: training and explanations read that. `Hearer` gives only
those that a table of weights knows, many times faster, and is what checks a letter: it remembers, for each word and each kind of
clause, which of its features the table knows. Both take the features' names from the same functions (`of_word` … `of_subject`), so
that a new feature of a word or of a clause is written once; what goes over the words of a sentence stands in both, and a test holds
them equal.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from guardrails.language.clauses import Clause, Role
from guardrails.language.memory import remembered
from guardrails.language.tokens import Token
from guardrails.language.words import classes, groups, lemma, lexicon, phrases, verb_classes

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
        for name in of_word(word):
            add(name, []).append(at)
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
    add(_lasting(parts, found), []).append(0)
    return found


def _clause(found: dict[str, list[int]], tokens: Sequence[Token], clause: Clause) -> None:
    add = found.setdefault
    for name in of_act(_act(clause)):
        add(name, []).append(clause.verb)
    met = set()
    for place in _objects(clause):
        word = tokens[place].lower
        for name in of_object(clause.actor, clause.lemma, clause.negative, word):
            if name not in met:
                met.add(name)
                add(name, []).append(place)
        for name in of_object_kinds(clause.actor, clause.lemma, clause.negative, word):
            add(name, []).append(place)
    for place in _subjects(clause):
        for name in of_subject(clause.lemma, clause.negative, tokens[place].lower):
            add(name, []).append(place)


_NOW = frozenset(f"w:{word}" for word in "now since henceforth today nowadays from already".split())
_EACH = frozenset(f"w:{word}" for word in "each every any before until unless only whenever without longer once twice when whoever anymore".split())
_ASKED = _NOW | _EACH
_STATES = frozenset(
    """be have hope understand know regret apologise apologize want think owe feel ask appreciate see hate wish do accept say mean remain
    deserve thank trust""".split()
)


def _does(clause: Clause) -> bool:
    return clause.form == "finite" and clause.tense in {"present", "modal"} and clause.actor is not Role.CUSTOMER and clause.lemma not in _STATES


_WHEN = {"past": "past", "perfect": "past", "present": "present", "future": "future", "conditional": "maybe", "modal": "maybe"}


def of_word(word: str) -> Iterator[str]:
    """Yield the features of a word by itself, its classes aside."""
    yield f"w:{word}"
    base = lemma(word)
    if base != word:
        yield f"w:{base}"


_Act = tuple[Role, Role, str, str, str, bool, bool, str, str]
"""What a clause's own features hang on, the clause without its places: actor, patient, lemma, tense, modal, negative, passive, form, link."""


def _act(clause: Clause) -> _Act:
    return clause.actor, clause.patient, clause.lemma, *clause[8:]


def of_act(act: _Act) -> Iterator[str]:
    """Yield the features of a clause itself: who, what kind of act, done or not, when, to whom, and what joins it."""
    actor, patient, verb, tense, modal, negative, passive, form, link = act
    polarity = "-" if negative else "+"
    finite = form == "finite"
    when = modal if tense in {"future", "conditional", "modal"} else tense if finite else form
    wide = _WHEN.get(tense, form) if finite else form
    voice = "P" if passive else ""
    yield f"c:{actor}{polarity}{when}{voice}"
    yield f"c:{actor}>{patient}{polarity}{voice}"
    yield f"v:{actor} {verb}"
    yield f"v:{verb} {patient}"
    names = verb_classes(verb)
    if link:
        yield f"l:{link} {actor}"
    for name in names:
        yield f"c:{actor} {name}{voice}"
        yield f"c:{actor} {name}{polarity}{when}"
        yield f"c:{name}>{patient}{polarity}"
    for kind in groups(names):
        yield f"C:{actor} {kind}{voice}"
        yield f"C:{actor} {kind}{polarity}{wide}"
        yield f"C:{actor} {kind}{polarity}>{patient}"
        if link:
            yield f"l:{link} {kind}"


def of_object(actor: Role, verb: str, negative: bool, word: str) -> Iterator[str]:
    """Yield the features that tell the classes of a word in a clause's object."""
    verb = verb if verb in {"be", "have"} else "*"
    for name in classes(word):
        yield f"o:{actor} {verb}{'-' if negative else '+'} {name}"


def of_object_kinds(actor: Role, verb: str, negative: bool, word: str) -> Iterator[str]:
    """Yield the features that tell the kind of act, and of thing it is done to, for a word in a clause's object."""
    kinds = groups(verb_classes(verb))
    for group in groups(classes(word)):
        for kind in kinds:
            yield f"o:{kind} {group}{'-' if negative else '+'}"
            yield f"o:{actor} {kind} {group}"


def of_subject(verb: str, negative: bool, word: str) -> Iterator[str]:
    """Yield the features of a word in a clause's subject."""
    kinds = groups(verb_classes(verb))
    for group in groups(classes(word)):
        for kind in kinds:
            yield f"s:{group} {kind}{'-' if negative else '+'}"


def _objects(clause: Clause) -> range:
    start, stop = clause.object
    return range(start, min(stop, start + 7))


def _subjects(clause: Clause) -> range:
    return range(*clause.subject) if clause.actor is Role.THING or clause.actor is Role.CUSTOMER else range(0)


def _lasting(parts: Sequence[Clause], found: Iterable[str]) -> str:
    """Return the feature that tells what is done from now on, each time: a present tense, a "now", an "each" or "until" make a rule together."""
    does = "does" if any(_does(clause) for clause in parts) else ""
    return f"n:{does}{'' if _NOW.isdisjoint(found) else '-now'}{'' if _EACH.isdisjoint(found) else '-each'}"


_Names = tuple[str, ...]


class _Word(NamedTuple):
    """A word as the detectors hear it: what stands for it in pairs, its known features, its classes and the groups of these by number."""

    key: str
    features: _Names
    classes: _Names
    groups: tuple[int, ...]


class Hearer:
    """The features that a table of weights knows, fast."""

    def __init__(self, table: Collection[str]) -> None:
        self._known = table
        self._unasked = {name for name in _ASKED if name not in table}
        self._groups = {kind: number for number, kind in enumerate(dict.fromkeys(lexicon().groups.values()))}
        # Kept by word and by kind of clause, never by sentence: as many as letters have different ones.
        self._act: Callable[[_Act], _Names] = remembered(lambda act: self._those(of_act(act)))
        self._object: Callable[[tuple[Role, str, bool, str]], _Names] = remembered(lambda what: self._those((*of_object(*what), *of_object_kinds(*what))))
        self._subject: Callable[[tuple[str, bool, str]], _Names] = remembered(lambda what: self._those(of_subject(*what)))
        self._word = remembered(self._heard)
        self._kinds = remembered(self._classed)
        self._pairs = remembered(self._paired)

    def _those(self, names: Iterable[str]) -> _Names:
        """Return the names that the table knows, and those that `_lasting` asks for."""
        return tuple(name for name in names if name in self._known or name in _ASKED)

    def _heard(self, word: str) -> _Word:
        key = _key(word)
        names = classes(key)
        told, kinds = self._kinds(names)
        return _Word(key, (*self._those(of_word(key)), *told), names, kinds)

    def _classed(self, names: _Names) -> tuple[_Names, tuple[int, ...]]:
        """Return the known features of some classes, and the numbers of their groups."""
        kinds = groups(names)
        return self._those((*(f"k:{name}" for name in names), *(f"g:{kind}" for kind in kinds))), tuple(self._groups[kind] for kind in kinds)

    def _paired(self, what: tuple[int, int]) -> _Names:
        """Return the known features of a group behind others, given as a set of bits."""
        group, before = what
        name = list(self._groups)[group]
        return self._those(f"K:{other} {name}" for other, number in self._groups.items() if before >> number & 1)

    def __call__(self, tokens: Sequence[Token], parts: Sequence[Clause]) -> set[str]:
        """Return the known features of a sentence."""
        found: set[str] = set()
        add, heard, known = found.update, self._word, self._known
        starting: dict[int, _Names] = {}
        for start, _, name in phrases(tokens):
            starting[start] = (*starting.get(start, ()), name)
        behind: dict[int, int] = {}
        seen, before = 0, "<s>"
        for at, token in enumerate(tokens):
            word, names, told, numbers = heard(token.lower)
            add(names)
            pair = f"b:{before} {word}"
            if pair in known:
                found.add(pair)
            if at in starting:
                more, numbers = self._kinds((*told, *starting[at]))
                add(more)
            if numbers:
                fresh = seen
                for number in numbers:
                    # What stands before a group's last word includes what stands before the others.
                    behind[number] = seen
                    fresh |= 1 << number
                seen = fresh
            before = word
        for number, others in behind.items():
            if others:
                add(self._pairs((number, others)))
        for clause in parts:
            add(self._act(_act(clause)))
            actor, verb, negative = clause.actor, clause.lemma, clause.negative
            for place in _objects(clause):
                add(self._object((actor, verb, negative, tokens[place].lower)))
            for place in _subjects(clause):
                add(self._subject((verb, negative, tokens[place].lower)))
        add(self._those((_lasting(parts, found),)))
        found -= self._unasked
        return found
