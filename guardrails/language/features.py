"""What the learned detectors look at in a sentence: words, their classes, who does what to whom.

`features` says it all, with the tokens that each feature comes from: training and explanations read that. `Hearer` gives only
those that a table of weights knows, many times faster, and is what checks a letter: it remembers, for each word and each kind of
clause, which of its features the table knows. Both take the features' names from the same functions (`of_word` … `of_whole`), so
that a new feature is written once, and a test holds them equal.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from guardrails.language.clauses import Clause, Role
from guardrails.language.memory import remembered
from guardrails.language.tokens import Token
from guardrails.language.words import STOP, classes, groups, lemma, phrases, verb_classes

_CURRENCY = frozenset("£$€¥₹")


def _key(word: str) -> str:
    """Return the word, or what kind of figure it is."""
    first = word[0]
    if first.isdigit():
        return "<time>" if ":" in word else "<number>"
    return "<money>" if first in _CURRENCY else word


def features(tokens: Sequence[Token], parts: Sequence[Clause]) -> dict[str, list[int]]:
    """Return the features of a sentence, each with the tokens it comes from: none for what it has or lacks as a whole.

    `w:` a word, `k:` a word class, `g:` a group of classes; of words in their order, `b:` two in a row, `d:` two with one between, `m:` a word beside
    a group, `r:` small words in a row with a star for what stands between them, `e:` how it begins, `z:` how it ends;
    of a clause, `c:` and `C:` who, what kind of act, done or not, when, to whom, `v:` its verb, `l:` what joins it; `n:` what a sentence has or lacks.
    """
    found: dict[str, list[int]] = {}
    add = found.setdefault
    words = [token.lower for token in tokens]
    keys = [_key(word) for word in words]
    for phrase in phrases(words):
        for name in of_classes((phrase.name,)):
            add(name, []).extend(range(phrase.start, phrase.stop))
    for at, word in enumerate(words):
        for name in of_lower(word):
            add(name, []).append(at)
    for names, firsts, lasts in of_order(keys, [groups(classes(key)) for key in keys], [_sign(key) for key in keys]):
        for name, first, last in zip(names, firsts, lasts, strict=False):
            add(name, []).extend(sorted({first, last}))
    acts = [_act(clause) for clause in parts]
    for clause, act in zip(parts, acts, strict=True):
        for name in of_act(act):
            add(name, []).append(clause.verb)
    add(_lasting(any(map(_does, acts)), not _NOW.isdisjoint(found), not _EACH.isdisjoint(found)), []).append(0)
    for name in of_whole(_whole(keys, any(map(_is_ours, acts)))):
        add(name, [])
    return found


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


def _sign(key: str) -> str:
    """Return what stands for a word among small words: itself where it is one, a figure or a mark, else a star."""
    return "*" if key[0].isalpha() and key not in STOP else key


def of_order(keys: Sequence[str], kinds: Sequence[tuple[str, ...]], signs: Sequence[str]) -> Iterator[tuple[list[str], Sequence[int], Sequence[int]]]:
    """Yield the features of words in their order, with the first and the last token of each, given what stands for each word, its groups and its sign."""
    if not keys:
        return
    last = len(keys) - 1
    every = range(len(keys))
    yield [f"b:{one} {two}" for one, two in zip(("<s>", *keys), keys, strict=False)], every, every
    yield [f"d:{one} {two}" for one, two in zip(keys, keys[2:], strict=False)], every, every[2:]
    ahead = [(f"m:<{name}> {keys[at + 1]}", at) for at, names in enumerate(kinds[:last]) for name in names]
    behind = [(f"m:{keys[at]} <{name}>", at) for at, names in enumerate(kinds[1:]) for name in names]
    starts = [at for _, at in (*ahead, *behind)]
    yield [name for name, _ in (*ahead, *behind)], starts, [at + 1 for at in starts]
    row, places = ["^"], [0]
    for at, sign in enumerate(signs):
        if sign != "*" or row[-1] != "*":
            row.append(sign)
            places.append(at)
    row.append("$")
    places.append(last)
    yield [f"r:{one} {two} {three}" for one, two, three in zip(row, row[1:], row[2:], strict=False)], places, places[2:]
    yield [f"r:{one} {two} {three} {four}" for one, two, three, four in zip(row, row[1:], row[2:], row[3:], strict=False)], places, places[3:]
    opening = [key for key in keys if key[0].isalpha() or key[0] == "<"][:3]
    yield [f"e:{' '.join(opening[:size])}" for size in range(1, len(opening) + 1)], (0, 0, 0), every
    yield [f"z:{' '.join(keys[-2:])}"], (max(last - 1, 0),), (last,)


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


_Word = tuple[str, tuple[_Feature, ...], tuple[str, ...], str]
"""A word as the detectors hear it: what stands for it, its known features, the groups of its classes, its sign among small words.
A plain tuple: of all of amends, these are taken apart the most often."""


class Hearer(Generic[_Feature]):
    """The features that a table of weights knows, fast, each as what `of` makes of its name, once. Also given are those that `_lasting` asks for."""

    def __init__(self, known: Mapping[str, object], of: Callable[[str], _Feature]) -> None:
        self._known = known
        self._of = of
        self._now, self._each = {of(name) for name in _NOW}, {of(name) for name in _EACH}
        # Kept by word and by kind of clause, never by sentence: as many as letters have different ones.
        self._act = remembered(self._acted)
        self._sentence = remembered(self._said)
        self._word = remembered(self._heard)
        self._phrase = remembered(self._classed)
        self._lasts = remembered(self._lasted)

    def _those(self, names: Iterable[str]) -> tuple[_Feature, ...]:
        """Return the features that the table knows, and those that `_lasting` asks for."""
        return tuple(self._of(name) for name in names if name in self._known or name in _ASKED)

    def _acted(self, act: _Act) -> tuple[tuple[_Feature, ...], bool, bool]:
        return self._those(of_act(act)), _does(act), _is_ours(act)

    def _said(self, whole: _Whole) -> tuple[_Feature, ...]:
        return self._those(of_whole(whole))

    def _lasted(self, name: str) -> tuple[_Feature, ...]:
        return self._those((name,))

    def _heard(self, word: str) -> _Word[_Feature]:
        key = _key(word)
        return key, self._those(of_lower(word)), groups(classes(key)), _sign(key)

    def _classed(self, name: str) -> tuple[_Feature, ...]:
        return self._those(of_classes((name,)))

    def __call__(self, words: Sequence[str], parts: Sequence[Clause]) -> set[_Feature]:
        """Return the known features of a sentence, given its lower-case words."""
        found: set[_Feature] = set()
        add, known = found.update, self._known.keys()
        keys: list[str] = []
        kinds: list[tuple[str, ...]] = []
        signs: list[str] = []
        for key, features, groups_, sign in map(self._word, words):
            add(features)
            keys.append(key)
            kinds.append(groups_)
            signs.append(sign)
        for phrase in phrases(words):
            add(self._phrase(phrase.name))
        for names, _, _ in of_order(keys, kinds, signs):
            add(map(self._of, known & names))
        does = ours = False
        for clause in parts:
            features, lasts, own = self._act(_act(clause))
            add(features)
            does, ours = does or lasts, ours or own
        add(self._lasts(_lasting(does, not found.isdisjoint(self._now), not found.isdisjoint(self._each))))
        add(self._sentence(_whole(keys, ours)))
        return found
