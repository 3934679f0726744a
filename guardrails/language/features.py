"""What the learned detectors look at in a sentence: words, their classes, who does what to whom.

`features` says it all, with the tokens that each feature comes from: training and explanations read that. `Hearer` gives only
those that a table of weights knows, many times faster, and is what checks a letter: it remembers, for each word and each kind of
clause, which of its features the table knows. Both take the features' names from the same functions (`of_word` … `of_subject`), so
that a new feature of a word or of a clause is written once; what goes over the words of a sentence stands in both, and a test holds
them equal.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

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
    """Return the features of a sentence, each with the tokens it comes from: none for what it has or lacks as a whole.

    `w:` a word, `b:` two in a row, `k:` a word class, `g:` a group of classes, `K:` two groups, the one before the other;
    `n:` what a sentence has or lacks as a whole;
    of a clause: `c:` who, what kind of act, done or not, when, to whom, `v:` its verb, `l:` what joins it, `o:` and `s:` its object and subject.
    """
    found: dict[str, list[int]] = {}
    add = found.setdefault
    before = "<s>"
    phrase_at: dict[int, list[str]] = {}
    for phrase in phrases([token.lower for token in tokens]):
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
    acts = [_act(clause) for clause in parts]
    add(_lasting(any(map(_does, acts)), not _NOW.isdisjoint(found), not _EACH.isdisjoint(found)), []).append(0)
    for name in of_whole(_whole([_key(token.lower) for token in tokens], any(map(_is_ours, acts)))):
        add(name, [])
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


_WHEN = {"past": "past", "perfect": "past", "present": "present", "future": "future", "conditional": "maybe", "modal": "maybe"}


def of_word(word: str) -> Iterator[str]:
    """Yield the features of a word by itself, its classes aside."""
    yield f"w:{word}"
    base = lemma(word)
    if base != word:
        yield f"w:{base}"


def of_classes(names: tuple[str, ...]) -> Iterator[str]:
    """Yield the features of a word's classes, or of a phrase's."""
    for name in names:
        yield f"k:{name}"
    for group in groups(names):
        yield f"g:{group}"


def of_lower(word: str) -> Iterator[str]:
    """Yield the features of a lower-case word with its classes: all that it tells wherever it stands."""
    key = _key(word)
    yield from of_word(key)
    yield from of_classes(classes(key))


_Act = tuple[Role, Role, str, str, str, bool, bool, str, str]
"""What a clause's own features hang on, the clause without its places: actor, patient, lemma, tense, modal, negative, passive, form, link."""


def _act(clause: Clause) -> _Act:
    return clause.actor, clause.patient, clause.lemma, *clause[8:]


def _does(act: _Act) -> bool:
    """Whether a clause tells what is done, or may be, at any time."""
    actor, _, verb, tense, _, _, _, form, _ = act
    return form == "finite" and tense in {"present", "modal"} and actor is not Role.CUSTOMER and verb not in _STATES


def _is_ours(act: _Act) -> bool:
    """Whether a clause has the sender act."""
    actor, _, _, _, _, _, passive, form, _ = act
    return actor is Role.SENDER and form == "finite" and not passive


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
    return range(*clause.subject) if clause.actor in _TELLING else range(0)


_TELLING = frozenset((Role.THING, Role.CUSTOMER))
"""Of whom it is worth knowing what word they are called by."""


def _lasting(does: bool, now: bool, each: bool) -> str:
    """Return the feature that tells what is done from now on, each time: a present tense, a "now", an "each" or "until" make a rule together."""
    return f"n:{'does' if does else ''}{'-now' if now else ''}{'-each' if each else ''}"


_Whole = tuple[bool, bool, bool, bool, int]
"""What a sentence's own features hang on: a word for the sender, one for the customer, an act of the sender's, a figure, the length."""
_SENDER = frozenset("i we us our ours my mine me myself ourselves".split())
_CUSTOMER = frozenset("you your yours yourself yourselves".split())
_FIGURE = frozenset(("<time>", "<number>", "<money>"))


def _whole(keys: Collection[str], acts: bool) -> _Whole:
    return not _SENDER.isdisjoint(keys), not _CUSTOMER.isdisjoint(keys), acts, not _FIGURE.isdisjoint(keys), min(len(keys) // 6, 6)


def of_whole(whole: _Whole) -> Iterator[str]:
    """Yield the features of a sentence as a whole: what it lacks tells as much as what it has."""
    sender, customer, acts, figure, length = whole
    yield f"n:{'we' if sender else 'no-we'}"
    yield f"n:{'you' if customer else 'no-you'}"
    yield f"n:{'we' if sender else 'no-we'} {'you' if customer else 'no-you'}"
    yield f"n:{'acts' if acts else 'idle'}"
    yield f"n:{'figure' if figure else 'no-figure'}"
    yield f"n:long{length}"


_Feature = TypeVar("_Feature")


_Word = tuple[str, tuple[_Feature, ...], tuple[str, ...], tuple[int, ...], int, bool]
"""A word as the detectors hear it: what stands for it in pairs, its known features, its classes, the groups of these by number and as bits,
and whether it has classes in a clause's object. A plain tuple: of all of amends, these are taken apart the most often."""


class Hearer(Generic[_Feature]):
    """The features that a table of weights knows, fast, each as what `of` makes of its name, once. Also given are those that `_lasting` asks for."""

    def __init__(self, known: Collection[str], of: Callable[[str], _Feature]) -> None:
        self._known = known
        self._of = of
        self._now, self._each = {of(name) for name in _NOW}, {of(name) for name in _EACH}
        self._groups = {kind: number for number, kind in enumerate(dict.fromkeys(lexicon().groups.values()))}
        # Kept by word and by kind of clause, never by sentence: as many as letters have different ones.
        self._act = remembered(self._acted)
        self._object = remembered(self._done)
        self._subject = remembered(self._doing)
        self._sentence = remembered(self._said)
        self._word = remembered(self._heard)
        self._kinds = remembered(self._classed)
        self._behind = remembered(self._paired)
        self._lasts = remembered(self._lasted)

    def _those(self, names: Iterable[str]) -> tuple[_Feature, ...]:
        """Return the features that the table knows, and those that `_lasting` asks for."""
        return tuple(self._of(name) for name in names if name in self._known or name in _ASKED)

    def _acted(self, act: _Act) -> tuple[tuple[_Feature, ...], bool, bool]:
        return self._those(of_act(act)), _does(act), _is_ours(act)

    def _done(self, what: tuple[Role, str, bool, str]) -> tuple[_Feature, ...]:
        return self._those((*of_object(*what), *of_object_kinds(*what)))

    def _doing(self, what: tuple[str, bool, str]) -> tuple[_Feature, ...]:
        return self._those(of_subject(*what))

    def _said(self, whole: _Whole) -> tuple[_Feature, ...]:
        return self._those(of_whole(whole))

    def _lasted(self, name: str) -> tuple[_Feature, ...]:
        return self._those((name,))

    def _heard(self, word: str) -> _Word[_Feature]:
        key = _key(word)
        names = classes(key)
        told, kinds, bits = self._kinds(names)
        return key, (*self._those(of_word(key)), *told), names, kinds, bits, bool(classes(word))

    def _classed(self, names: tuple[str, ...]) -> tuple[tuple[_Feature, ...], tuple[int, ...], int]:
        """Return the known features of some classes, and their groups by number and as bits."""
        kinds = groups(names)
        numbers = tuple(self._groups[kind] for kind in kinds)
        return self._those(of_classes(names)), numbers, sum(1 << number for number in numbers)

    def _paired(self, what: tuple[int, int]) -> tuple[_Feature, ...]:
        """Return the known features of a group behind others, given as bits."""
        group, before = what
        name = list(self._groups)[group]
        return self._those(f"K:{other} {name}" for other, number in self._groups.items() if before >> number & 1)

    def __call__(self, words: Sequence[str], parts: Sequence[Clause]) -> set[_Feature]:
        """Return the known features of a sentence, given its lower-case words."""
        found: set[_Feature] = set()
        add, known = found.update, self._known
        heard = list(map(self._word, words))
        for start, _, name in phrases(words):
            key, features, names, _, _, classed = heard[start]
            names = (*names, name)
            told, numbers, bits = self._kinds(names)
            heard[start] = key, (*features, *told), names, numbers, bits, classed
        behind: dict[int, int] = {}
        seen, before = 0, "<s>"
        for key, features, _, numbers, bits, _ in heard:
            add(features)
            pair = f"b:{before} {key}"
            if pair in known:
                found.add(self._of(pair))
            if bits:
                for number in numbers:
                    # What stands before a group's last word includes what stands before the others.
                    behind[number] = seen
                seen |= bits
            before = key
        for met in behind.items():
            add(self._behind(met))
        does = ours = False
        for clause in parts:
            actor, verb, negative = clause.actor, clause.lemma, clause.negative
            features, lasts, own = self._act(_act(clause))
            add(features)
            does, ours = does or lasts, ours or own
            for place in _objects(clause):
                if heard[place][5]:
                    add(self._object((actor, verb, negative, words[place])))
            for place in _subjects(clause):
                if heard[place][5]:
                    add(self._subject((verb, negative, words[place])))
        add(self._lasts(_lasting(does, not found.isdisjoint(self._now), not found.isdisjoint(self._each))))
        add(self._sentence(_whole([word[0] for word in heard], ours)))
        return found
