"""Cues: turns of speech that give a fault away, found by word, base form, word class and speaker.

`cues/*.txt` hold them, a kind of fault in brackets and a cue a line. A cue is elements one space apart:

    word|other      one of these words as written            ~take        any form of take
    <third_party>   a word of that class                     @s  @c       the sender's words, the customer's
    #  *            a figure; any word                       element?     may be missing
    ..  ...         up to three, up to seven words between   !element     not this word here
    ^  $            the sentence begins, a clause ends       $name        the words of a line `name = …`

All cues are looked for at once: each is filed under the rarest of the words it can not do without, and is tried
only in a sentence that has those words, so that a sentence costs little more than looking its words up.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from guardrails.finding import Match
from guardrails.language.clauses import Clause, Role
from guardrails.language.memory import remembered
from guardrails.language.tokens import Token
from guardrails.language.words import classes, lemma

if TYPE_CHECKING:
    from guardrails.letter import Reading

_FOLDER = Path(__file__).parent / "cues"
_SENDER = frozenset("i we me us my our mine ours myself ourselves".split())
_CUSTOMER = frozenset("you your yours yourself yourselves ye".split())
_COMMON = frozenset(
    """a an the of to in on at by for with from and or but not n't no is was were are be been being 's 're 'm it that this these those as so than have has had
    do did     does will would can could may might must shall should up out all any there ~be ~have ~do what who which
    if when how one his her their its he she they""".split()
)
_ENDS = frozenset('.!?;:—–()…,"“”')
_BREAKS = frozenset(".!?;:…\n")


class Cue(NamedTuple):
    """A turn of speech found: its kind, and the tokens it begins with and ends before."""

    kind: str
    start: int
    stop: int


class _Element(NamedTuple):
    symbols: frozenset[str]
    optional: bool
    negative: bool
    gap: int


class _Pattern(NamedTuple):
    kind: str
    left: frozenset[str]
    right: frozenset[str]
    before: tuple[_Element, ...]
    anchor: _Element
    after: tuple[_Element, ...]


class _Filed(NamedTuple):
    """A cue as it is filed: its elements, and the sets of symbols of each of which a sentence with the cue has one, the rarest first."""

    kind: str
    elements: tuple[_Element, ...]
    needs: tuple[frozenset[str], ...]


@cache
def _index() -> tuple[dict[str, list[_Filed]], frozenset[str]]:
    """Return all cues by the symbols of the rarest of their words, and these symbols; read once."""
    index: dict[str, list[_Filed]] = {}
    for path in sorted(_FOLDER.glob("*.txt")):
        kind, macros, read = "", dict[str, str](), dict[str, tuple[_Element, float]]()
        for line in path.read_text(encoding="utf-8").splitlines():
            if not line or line[0] == "#":
                continue
            if line[0] == "[":
                kind = line[1:-1]
            elif " = " in line:
                name, _, words = line.partition(" = ")
                macros[name] = words.replace(" ", "|")
                read.clear()
            else:
                entries = []
                for part in line.split():
                    entry = read.get(part)
                    if entry is None:
                        element = _element(part, macros)
                        entry = read[part] = element, _frequency(element)
                    entries.append(entry)
                needs = [(frequency, number, element.symbols) for number, (element, frequency) in enumerate(entries) if frequency]
                needs.sort()
                filed = _Filed(kind, tuple(element for element, _ in entries), tuple(symbols for _, _, symbols in needs))
                for symbol in needs[0][2]:
                    index.setdefault(symbol, []).append(filed)
    return index, frozenset(index)


def _frequency(element: _Element) -> float:
    """Return how often a sentence is likely to have one of an element's symbols; nothing where it can do without."""
    if element.optional or element.negative or element.gap or "^" in element.symbols or "$" in element.symbols:
        return 0.0
    return sum(500.0 if symbol in _EVERYWHERE else 50.0 if symbol in _COMMON else 8.0 if symbol[0] == "<" else 1.0 for symbol in element.symbols)


_EVERYWHERE = frozenset("* # @s @c we i you our your us me my , - . the to a of and".split())


@lru_cache(maxsize=4096)
def _pattern(kind: str, elements: tuple[_Element, ...]) -> _Pattern:
    """Return a cue as it is followed: from the word that it hangs on, its rarest, to both sides."""
    firm = [n for n, element in enumerate(elements) if not (element.optional or element.negative or element.gap)]
    at = min(firm, key=lambda n: _weight(elements[n]))
    before, after = tuple(reversed(elements[:at])), tuple(elements[at + 1 :])
    return _Pattern(kind, _next(before), _next(after), before, elements[at], after)


def _element(text: str, macros: dict[str, str]) -> _Element:
    if text in {"..", "..."}:
        return _Element(frozenset(), True, False, 3 if text == ".." else 7)
    negative, optional = text[0] == "!" and len(text) > 1, text[-1] == "?" and len(text) > 1
    text = text[negative : len(text) - optional]
    names = [name for part in text.split("|") if part for name in (macros[part[1:]].split("|") if part[:1] == "$" and len(part) > 1 else [part])]
    return _Element(frozenset(names), optional, negative, 0)


def _next(elements: tuple[_Element, ...]) -> frozenset[str]:
    """Return the symbols of which the word beside a cue's anchor must have one, or none where that word may be any."""
    if not elements or elements[0].optional or elements[0].negative or not elements[0].symbols.isdisjoint("^$"):
        return frozenset()
    return elements[0].symbols


@cache
def _weight(element: _Element) -> float:
    """Return how often an element is likely to be met; the rarest is the one to hang a cue on."""
    if element.symbols & {"*", "#", "^", "$", "@s", "@c"}:
        return 1000.0
    return sum(50.0 if symbol in _COMMON else 8.0 if symbol[0] == "<" else 1.0 if symbol[0] != "~" else 1.5 for symbol in element.symbols) / math.sqrt(
        len(element.symbols)
    )


@remembered
def symbols(word: str) -> frozenset[str]:
    """Return what a lower-case word can be matched as: itself, its base form, its classes, its speaker."""
    found = {word, f"~{lemma(word)}", *(f"<{name}>" for name in classes(word))}
    if word in _SENDER:
        found.add("@s")
    elif word in _CUSTOMER:
        found.add("@c")
    if word[0].isalnum():
        found.add("*")
        if word[0].isdigit() or "<number_word>" in found:
            found.add("#")
    return frozenset(found)


def cues(tokens: Sequence[Token]) -> list[Cue]:
    """Return the turns of speech in a run of words, by their place."""
    words = [token.lower for token in tokens]
    index, filed = _index()
    every = set[str]().union(*map(symbols, words))
    found: set[Cue] = set()
    for symbol in filed & every:
        for kind, elements, needs in index[symbol]:
            # Most cues fail at a word that the sentence does not have.
            for need in needs:
                if need.isdisjoint(every):
                    break
            else:
                found.update(_met(words, _pattern(kind, elements)))
    return sorted(found, key=lambda cue: (cue.start, cue.stop, cue.kind))


def _met(words: Sequence[str], pattern: _Pattern) -> Iterator[Cue]:
    """Yield each place where a cue stands in a sentence."""
    seen = [frozenset[str](), *map(symbols, words), frozenset[str]()]
    for at in range(len(words)):
        if (
            pattern.anchor.symbols.isdisjoint(seen[at + 1])
            or (pattern.left and pattern.left.isdisjoint(seen[at]))
            or (pattern.right and pattern.right.isdisjoint(seen[at + 2]))
        ):
            continue
        start = _follow(words, at - 1, pattern.before, 0, -1)
        if start is None:
            continue
        stop = _follow(words, at + 1, pattern.after, 0, 1)
        if stop is not None:
            yield Cue(pattern.kind, start + 1, stop)


def _follow(words: Sequence[str], at: int, elements: tuple[_Element, ...], number: int, step: int) -> int | None:
    """Return where the rest of a cue ends, read from `at` in the direction of `step`; None where it does not stand there."""
    while number < len(elements):
        element = elements[number]
        inside = 0 <= at < len(words)
        if element.gap:
            for skipped in range(element.gap + 1):
                place = at + step * skipped
                end = _follow(words, place, elements, number + 1, step)
                if end is not None:
                    return end
                if not 0 <= place < len(words) or words[place] in _BREAKS:
                    return None
            return None
        if "^" in element.symbols and (not inside or words[at] in _BREAKS or words[at] in {"—", "–", ",", "and", "but", "so"}):
            number += 1
            continue
        if "$" in element.symbols and (not inside or words[at] in _ENDS or words[at] in {"and", "but", "or"}):
            number += 1
            continue
        met = inside and not element.symbols.isdisjoint(symbols(words[at]))
        if element.negative:
            if met:
                return None
            number += 1
            continue
        if met:
            if element.optional:
                end = _follow(words, at + step, elements, number + 1, step)
                if end is not None:
                    return end
                number += 1
                continue
            at += step
        elif not element.optional:
            return None
        number += 1
    return at


def around(tokens: Sequence[Token], start: int, stop: int) -> tuple[int, int]:
    """Return the clause that some words of a sentence stand in: out to the next mark, or to an "and" or "but" that begins anew."""
    while start > 0 and not _parts(tokens, start - 1):
        start -= 1
    while stop < len(tokens) and not _parts(tokens, stop):
        stop += 1
    while start < stop - 1 and tokens[start].lower in _JOINTS:
        start += 1
    return start, stop


def _parts(tokens: Sequence[Token], at: int) -> bool:
    word = tokens[at].lower
    if word in _ENDS and word not in '"“”':
        return True
    after = tokens[at + 1].lower if at + 1 < len(tokens) else ""
    return word in {"and", "but", "so", "because"} and (after in _SUBJECTS or after in _SENDER or after in _CUSTOMER)


_JOINTS = frozenset("and but so because though although albeit as ,".split())
_SUBJECTS = frozenset("it this that these those there he she they the a an nobody every no most all".split())


def _actor(parts: Sequence[Clause], cue: Cue) -> Role | None:
    """Return who acts in the clause that a cue stands in."""
    return next((part.actor for part in parts if part.verb < cue.stop and cue.start < part.stop and part.form == "finite"), None)


FAULTS = ("vague", "conditional-apology", "defensive", "over-promise", "self-focus", "blame-shift", "late-apology", "non-apology")
"""What can be wrong with what a sentence says, as the detectors call it; its tone is another matter."""
_heard = itemgetter(*FAULTS)

# What a sentence can contribute to the five R's, as the detectors call it.
_SAID = ("issue", "effect", "responsibility", "remorse", "restitution", "remedy", "prevention")


def faults(
    name: str, least: float, *, alone: float, beside: float, spares: Role | None = None, owned: float = math.inf, owning: float = 0.0
) -> Callable[["Reading"], Iterator[Match]]:
    """Return a finder of the clauses that a learned detector and the cues of a fault agree on.

    A sentence with a cue is found where the detector's score is above `least`, one with none above `alone`, or above `beside` where it is
    heard to say one of the five R's too, unless it owns what happened as clearly as `owned`. What is heard more clearly as another fault is
    not found, nor what the sender says only to reject it ("I won't tell you that it happens to everyone"), nor what `spares` does.
    In a letter that takes responsibility the score must be higher by `owning`.
    """

    def find(reading: "Reading") -> Iterator[Match]:
        for sentence in reading.text:
            if not sentence.tokens:
                continue
            scores = reading.verdict(sentence).scores
            score = scores[name]
            if score <= min(least, alone) or score < max(_heard(scores)):
                continue
            if owning and reading.elements["responsibility"].present:
                score -= owning
            found = reading.cues(sentence)
            seen = [cue for cue in found if cue.kind.partition(" ")[0] == name]
            if any(cue.kind == "plea" for cue in found):
                continue
            if seen and spares is not None and _actor(reading.clauses(sentence), seen[0]) is spares:
                continue
            if seen and score > least:
                yield Match(sentence.field, sentence.words(*around(sentence.tokens, seen[0].start, max(cue.stop for cue in seen))))
            elif not seen and score > (beside if any(scores[said] > 0 for said in _SAID) else alone) and scores["responsibility"] < owned:
                yield Match(sentence.field, sentence.words(*around(sentence.tokens, *reading.verdict(sentence).core(name))))

    return find
