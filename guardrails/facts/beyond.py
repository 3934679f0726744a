"""What a part of a sentence claims beyond the facts: a cause, an excuse, somebody's doing, told in passing or straight out.

A sentence is cut where its clauses and commas cut it, for the invented part mostly hangs on a true one. Each part is weighed
by how little of it the facts know, by who does what in it, by its words, and by how much of the facts the rest of the letter
has told already: what is new then comes on top. The weights stand in claims.txt and are learned (`eval/train_claims.py`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from guardrails.facts.claims import KINDS
from guardrails.facts.known import Known
from guardrails.facts.weights import weights
from guardrails.facts.words import stem, telling
from guardrails.language.clauses import Clause
from guardrails.language.memory import remembered
from guardrails.language.words import STOP
from guardrails.letter import Sentence

_JOINTS = frozenset("and but because which who so while although though where when since as or yet whose until after before once".split())
_CUTS = frozenset({";", ":", "—", "–", "(", ")", ","})
_HYPOTHETIC = re.compile(r"\b(?:if|would|could|should|may|might|must|whether|shall|like|as if|any|whoever|every|let|please)\b")
_KEYS = ("incident.cause", "incident.fix", "incident.prev", "incident.imp", "incident.det")
_INDEFINITE, _DEFINITE = frozenset("a an another one some any".split()), frozenset("the this that these those".split())
_OURS, _THEIRS = frozenset({"our", "my"}), frozenset("his her their its".split())
_COUNTS = frozenset("two three four five six seven eight nine ten several many few".split())
_TENSES: Mapping[str, str] = {"past": "past", "perfect": "perfect", "present": "now", "future": "will"}
_TIMES = ("last", "that week", "at the time", "earlier", "since", "already", "meanwhile", "same day", "years", "before", "by then", "days", "week")
_DOUBTS = ("like", "as if", "would", "could", "might", "may", "should", "must", "if", "let", "please")
_MANNERS = {f" {words} ": f"{kind}:{words}" for kind, group in (("time", _TIMES), ("doubt", _DOUBTS)) for words in group}
_LEADS = frozenset("and but because since as so who which while".split())


@cache
def _roles() -> frozenset[str]:
    text = Path(__file__).with_name("roles.txt").read_text(encoding="utf-8")
    return frozenset(stem(word) for line in text.splitlines() if not line.startswith("#") for word in line.split())


@remembered
def _is_role(word: str) -> bool:
    """Whether a lower-case word stands for somebody who does something."""
    return stem(word) in _roles()


class Told(NamedTuple):
    """How much of each part of the facts the sentences of a letter tell: its key, the most, the sentence that tells it, the most of the others."""

    parts: tuple[tuple[str, float, int, float], ...]
    long: bool
    """Whether there is a letter around the sentence."""

    def beside(self, number: int) -> tuple[float, dict[str, int]]:
        """Return how much of the facts the other sentences tell, and how many parts of each kind they leave untold."""
        shares = [(key, second if first == number else most) for key, most, first, second in self.parts]
        untold = {name: sum([share < 0.34 for key, share in shares if key.startswith(name)]) for name in _KEYS}
        return (sum([share for _, share in shares]) / len(shares) if shares else 0.0), untold


def told(sentences: Sequence[Sentence], facts: Known) -> Told:
    """Return how much of the facts the sentences of a letter tell."""
    said = [set(map(telling, sentence.lowers)) for sentence in sentences]
    parts = []
    for fact in facts.facts:
        size = len(fact.words)
        if size < 3 or not fact.key.startswith(("incident.", "account.impact", "remedy", "follow")):
            continue
        counts = [len(fact.words & words) for words in said]
        second, most = sorted((0, 0, *counts))[-2:]
        parts.append((fact.key, most / size, len(counts) - 1 - counts[::-1].index(most) if counts else -1, second / size))
    return Told(tuple(parts), len(sentences) > 4)


def cut(sentence: Sentence, clauses: Sequence[Clause]) -> list[tuple[int, int]]:
    """Return the parts of a sentence as token ranges: cut before a clause with its joint, behind a comma or a dash; no part of fewer than three words."""
    tokens, size = sentence.tokens, len(sentence.tokens)
    cuts = {0, size} | {at + 1 for at, token in enumerate(tokens) if token.text in _CUTS and 0 < at < size - 1}
    for clause in clauses:
        at = clause.first
        while clause.form == "finite" and at > 0 and tokens[at - 1].lower in _JOINTS:
            at -= 1
        if clause.form == "finite" and at > 0 and (at < clause.first or tokens[at - 1].text in _CUTS):
            cuts.add(at)
    places = sorted(cuts)
    found: list[tuple[int, int]] = []
    for start, stop in pairwise(places):
        if found and (_size(sentence, start, stop) < 3 or _size(sentence, *found[-1]) < 3):
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return found


def _size(sentence: Sentence, start: int, stop: int) -> int:
    return sum([token.text[:1].isalnum() for token in sentence.tokens[start:stop]])


class Seen(NamedTuple):
    """A sentence as the weighing sees it: for each token what it is compared by and whether the facts do not know it."""

    sentence: Sentence
    clauses: Sequence[Clause]
    words: tuple[str | None, ...]
    new: tuple[bool, ...]


def seen(sentence: Sentence, clauses: Sequence[Clause], facts: Known) -> Seen:
    """Return a sentence beside the facts."""
    words, known = tuple(map(telling, sentence.lowers)), facts.vocabulary
    return Seen(sentence, clauses, words, tuple([word is not None and word not in known for word in words]))


def is_new(sentence: Sentence, facts: Known) -> bool:
    """Whether enough of a sentence is new for a part of it to claim something: two words, or somebody who does something."""
    new = set(map(telling, sentence.lowers)).difference(facts.vocabulary, (None,))
    return len(new) > 1 or (bool(new) and any(map(_is_role, sentence.lowers)))


def weighed(here: Seen, start: int, stop: int, facts: Known, letter: Told, number: int, borne: tuple[int, int]) -> dict[str, float] | None:
    """Return what the weighing measures in a part of a sentence; None where it claims too little that is new.

    `number` is the sentence's place in the text, `borne` how many figures and names the facts bear out in the part and in the sentence.
    """
    novel = [at for at in range(start, stop) if here.new[at]]
    if not novel:
        return None
    lower = here.sentence.lowers
    new = len({here.words[at] for at in novel})
    role = [at for at in novel if _is_role(lower[at])]
    if new < 2 and not role:
        return None
    said = set(filter(None, here.words[start:stop]))
    share = new / max(len(said), 1)
    around = [fresh for at, fresh in enumerate(here.new) if here.words[at] and not start <= at < stop]
    flat = " ".join(lower[start:stop])
    found = {
        "count": min(len(said), 12) / 12,
        "new": min(new, 8) / 8,
        "share": share,
        "known": min(len(said) - new, 6) / 6,
        "around:known": min(around.count(False), 6) / 6,
        "around:new": min(around.count(True), 6) / 6,
        "best": min(max([len(fact.words & said) for fact in facts.facts], default=0), 5) / 5,
        "mostly": float(share > 0.6 and new > 1),
        "wholly": float(share > 0.8 and new > 1),
        "borne": float(borne[0] > 0),
        "borne:sentence": float(borne[1] > 0),
        "question": float(lower[-1] == "?"),
    }
    signs = here.sentence.signs
    for name, pattern in KINDS.items():
        if not pattern.ways & signs:
            continue
        if pattern.search(flat):
            found[f"kind:{name}"], found[f"kind:{name}:share"] = 1.0, share
        elif pattern.search(here.sentence.flat):
            found[f"beside:{name}"] = 1.0
    _doings(found, here, start, stop, share)
    _manner(found, lower, here, start, stop, flat, novel)
    _roles_in(found, here, start, stop, flat, role)
    mean, untold = letter.beside(number)
    if letter.long:
        found |= {"letter": 1.0, "told": mean, "told:share": mean * share}
        for key, count in untold.items():
            found[f"untold:{key}"] = min(count, 2) / 2
            found[f"untold:{key}:share"] = min(count, 2) / 2 * share
    return found


def _doings(found: dict[str, float], here: Seen, start: int, stop: int, share: float) -> None:
    """Add who does what, and whether the facts know the doer, the deed and what it is done to."""

    def novelty(first: int, last: int) -> float:
        told = [here.new[at] for at in range(first, last) if here.words[at]]
        return sum(told) / len(told) if told else -1.0

    tokens = here.sentence.tokens
    inside = [clause for clause in here.clauses if clause.form == "finite" and start <= clause.verb < stop]
    if not inside:
        found["verbless"] = 1.0
    for clause in inside:
        had = any(token.lower == "had" for token in tokens[max(start, clause.verb - 3) : clause.verb])
        tense = "had" if had else _TENSES.get(clause.tense, "maybe")
        subject, object_ = novelty(*clause.subject), novelty(*clause.object)
        doer = "pronoun" if subject < 0 else "new" if subject > 0.6 else "known"
        thing = "none" if object_ < 0 else "new" if object_ > 0.6 else "known"
        deed = here.new[clause.verb] and clause.lemma not in {"be", "have", "do", "get"} and clause.lemma not in STOP
        who = clause.actor.value
        for name in (f"{who}+{tense}", f"{who}+{tense}+{doer}", f"{tense}+{thing}", f"{who}+{thing}"):
            found[name] = 1.0
        if deed:
            found[f"deed:{who}+{tense}"] = 1.0
        if deed and thing == "new":
            found[f"act:{who}+{tense}"] = 1.0
        if clause.passive:
            found["passive"] = 1.0
        if clause.negative:
            found[f"{who}+not"] = 1.0
        if clause.link:
            found[f"link:{clause.link}"] = 1.0
        if subject > 0.6:
            found[f"doer:{_article(tokens[clause.subject[0]].lower)}"] = 1.0


def _article(word: str) -> str:
    if word in _INDEFINITE:
        return "a"
    if word in _DEFINITE:
        return "the"
    return "our" if word in _OURS else "your" if word == "your" else "their" if word in _THEIRS else "bare"


def _manner(found: dict[str, float], lower: list[str], here: Seen, start: int, stop: int, flat: str, novel: list[int]) -> None:
    """Add how new things are brought in, and words of time and of doubt."""
    for at in novel:
        before = at - 1
        while before >= start and here.words[before] and before > at - 3:
            before -= 1
        word = lower[before] if before >= start else ""
        if word in _COUNTS or word.isdigit():
            found["brings:count"] = 1.0
        elif (kind := _article(word)) != "bare":
            found[f"brings:{kind}"] = 1.0
    spaced = f" {flat} "
    found |= {name: 1.0 for words, name in _MANNERS.items() if words in spaced}
    lead = next((word for word in lower[start:stop] if word[:1].isalpha()), "")
    if lead in _LEADS:
        found[f"lead:{lead}"] = 1.0
    if any(here.sentence.tokens[at].text[:1].isupper() for at in novel if at > 0):
        found["name"] = 1.0


def _roles_in(found: dict[str, float], here: Seen, start: int, stop: int, flat: str, role: list[int]) -> None:
    """Add whether somebody whom the facts do not know is spoken of, or does something."""
    hypothetic = bool(_HYPOTHETIC.search(flat))
    if hypothetic:
        found["hypothetic"] = 1.0
    if not role:
        return
    found["role"] = 1.0
    if not hypothetic:
        found["role:real"] = 1.0
    for clause in here.clauses:
        if clause.form == "finite" and start <= clause.verb < stop and any(clause.subject[0] <= at < clause.subject[1] for at in role):
            found["role:does"] = 1.0
            if not hypothetic:
                found["role:does:real"] = 1.0
            if clause.tense in {"past", "perfect"}:
                found["role:did"] = 1.0


def claimed(
    here: Seen, facts: Known, letter: Told, number: int, borne: Sequence[tuple[int, int]], parts: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield the parts of a sentence that claim what no fact holds."""
    learned = weights("claims.txt")
    for (start, stop), counted in zip(parts, borne, strict=True):
        measured = weighed(here, start, stop, facts, letter, number, counted)
        if measured is not None and learned.score(here.sentence.lowers[start:stop], measured) > 0:
            yield start, stop
