"""Find passive clauses: an auxiliary of `be` or `get` and its participle.

No parser stands behind this. A participle and the nearest auxiliary before it make a candidate. The words
around the two, and the classes those words belong to, have weights that `eval/train_passive.py` has learned;
a candidate whose weights sum to more than zero is a passive. Word classes are in `passive_words.txt`.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from guardrails.finding import Span
from guardrails.language.tokens import Token

HERE = Path(__file__).parent
# How many tokens lie at most between an auxiliary and its participle, and between a fronted participle and its auxiliary.
REACH = 10
FRONT = 7


class Passive(NamedTuple):
    """A passive clause, from its auxiliary to its participle ("Attached is": from participle to auxiliary).

    `verb` and `auxiliary` count tokens of the sentence. `agent` spans the by-phrase that names the doer.
    `finite` is false of "to be paid", "being told" and "having been told".
    """

    start: int
    end: int
    verb: int
    auxiliary: int
    kind: Literal["be", "get"]
    lemma: str
    agent: Span | None
    finite: bool


class Candidate(NamedTuple):
    """A participle (`verb`, with the parts before its hyphens from `first`) and an auxiliary; `fronted` where the participle stands first."""

    auxiliary: int
    first: int
    verb: int
    fronted: bool


def _lines(name: str) -> list[str]:
    return [line for line in (HERE / name).read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]


def _classes() -> dict[str, list[str]]:
    classes: dict[str, list[str]] = {}
    for line in _lines("passive_words.txt"):
        if line[0] == "[" and line[-1] == "]" and len(line) > 2 and line[1:-1].replace("-", "").isalpha():
            words = classes.setdefault(line[1:-1], [])
        else:
            words.extend(line.split())
    return classes


IRREGULAR: dict[str, str] = {line.split()[0]: line.split()[1] for line in _lines("irregular_participles.txt")}
_CLASSES = _classes()
_LOOKALIKE = frozenset(_CLASSES.pop("lookalike"))
# What a word is in a sentence (one class), and what a participle is like (any number).
_MANNERS = ("stative", "emotion", "place", "intransitive", "degree", "object-taking")
_MANNER: dict[str, list[str]] = {}
for _name in _MANNERS:
    for _word in _CLASSES.pop(_name):
        _MANNER.setdefault(_word, []).append(_name)
_KIND: dict[str, str] = {}
for _name, _words in _CLASSES.items():
    for _word in _words:
        _KIND.setdefault(_word, _name)
_PREFIXES = ("over", "under", "out", "re", "un", "mis", "pre", "fore", "co", "de", "dis", "up", "down", "off", "with", "inter", "hand", "hard", "type", "home")
_FINITE = frozenset("am is are was were 's 're 'm ai wasnt werent isnt arent".split())
_AUXILIARY = frozenset(_CLASSES["be"] + _CLASSES["get"])
_FRONTED = frozenset(("attached", "enclosed", "included"))
_HAVE = frozenset(_CLASSES["have"] + ["'s"])
_MODAL = frozenset(_CLASSES["modal"] + _CLASSES["do"] + ["'d"])
_SKIPPED = frozenset(("adverb", "ly", "not"))
_BARE = frozenset("let lets letting make makes made making help helps helped helping have had having see saw".split())


@lru_cache(maxsize=8192)
def participle(word: str) -> str | None:
    """Return the verb a participle belongs to, or None for a word that cannot be one."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word.endswith("ed"):
        return None if len(word) < 4 or word in _LOOKALIKE else _regular(word)
    if word in _LOOKALIKE:
        return None
    for prefix in _PREFIXES:
        if word.startswith(prefix) and word[len(prefix) :] in IRREGULAR and len(word) - len(prefix) > 2:
            return prefix + IRREGULAR[word[len(prefix) :]]
    return None


def _regular(word: str) -> str:
    stem = word[:-2]
    if stem.endswith("i"):
        return stem[:-1] + "y" if len(stem) > 2 else stem + "e"
    if len(stem) > 2 and stem[-1] == stem[-2]:
        return stem if stem[-1] in "lszf" and not stem.endswith(("cell", "vell", "roll")) else stem[:-1]
    if stem.endswith(("c", "v", "z", "u", "dg", "rg", "ng", "eg", "ag", "rs", "ns", "as", "is", "os", "us", "th", "bl", "pl", "tl", "dl", "gl", "kl", "fl", "zl")):
        return stem + "e"
    if stem.endswith(("at", "it", "ut", "ot", "et")) and not stem.endswith(("eat", "oat", "eet", "oot", "out", "ait", "uit", "mit", "sit", "dit", "bit", "oft", "get", "ket", "let", "cret", "pret", "fit", "eit", "lot", "rot", "not", "jot", "ivot")):
        return stem + "e"
    if len(stem) > 1 and stem[-2] in "aiou" and stem[-1] in "rmnkpdbl" and (len(stem) < 3 or stem[-3] not in "aeiou") and not stem.endswith(("er", "or", "on", "an", "en", "om", "al", "il", "ol", "ad", "op", "ip", "am", "in", "ur")):
        return stem + "e"
    return stem


def kinds(tokens: Sequence[Token]) -> list[str]:
    """Return what each token is: a closed class such as `determiner`, or the look of the word (`ly`, `ing`, `ed`, `number`, `name`)."""
    found = []
    for token in tokens:
        word = token.lower
        kind = _KIND.get(word)
        if kind is None:
            if not word[:1].isalpha():
                kind = "number" if word[:1].isdigit() else "mark"
            elif word.endswith("ly"):
                kind = "ly"
            elif word.endswith("ing"):
                kind = "ing"
            elif participle(word):
                kind = "ed" if word.endswith("ed") else "en"
            elif token.text[0].isupper() and found:
                kind = "name"
            else:
                kind = "s" if word.endswith("s") and not word.endswith("ss") else "word"
        found.append(kind)
    return found


def candidates(tokens: Sequence[Token]) -> list[Candidate]:
    """Return every participle of a sentence with the auxiliary it may belong to, in order."""
    auxiliaries = [at for at, token in enumerate(tokens) if token.lower in _AUXILIARY]
    if not auxiliaries:
        return []
    found: list[Candidate] = []
    behind = 0
    barrier = -1
    for at, token in enumerate(tokens):
        word = token.lower
        if word in ";?!.":
            barrier = at
        while behind < len(auxiliaries) and auxiliaries[behind] < at:
            behind += 1
        if not participle(word):
            continue
        first = at
        while first > 1 and tokens[first - 1].lower == "-" and tokens[first - 2].end == tokens[first].start - 1 and at - first < 6:
            first -= 2
        if word in _FRONTED and behind < len(auxiliaries) and auxiliaries[behind] == at + 1 and (not at or tokens[at - 1].lower in {"also", ","}):
            found.append(Candidate(at + 1, first, at, True))
        elif behind and first - auxiliaries[behind - 1] - 1 <= REACH and auxiliaries[behind - 1] > barrier and first > auxiliaries[behind - 1]:
            found.append(Candidate(auxiliaries[behind - 1], first, at, False))
        elif behind < len(auxiliaries) and auxiliaries[behind] - at <= FRONT and auxiliaries[behind] > at:
            if at - barrier <= 3 or (word in _FRONTED and not tokens[at - 1].lower.isalpha()) or any(before.lower == "how" for before in tokens[max(at - 2, 0) : at]):
                if tokens[auxiliaries[behind]].lower in _FINITE:
                    found.append(Candidate(auxiliaries[behind], first, at, True))
    return found


def chain(words: Sequence[str], kind: Sequence[str], at: int) -> tuple[str, bool]:
    """Return what an auxiliary hangs on ("have been", "to be", "is being"), and whether it is finite."""
    word = words[at]
    if word in _FINITE:
        return word, True
    if word in {"been", "gotten"} or (word == "got" and _helper(words, kind, at, _HAVE) >= 0):
        before = _helper(words, kind, at, _HAVE)
        if before < 0:
            return "been", True
        if words[before] == "having":
            return "having been", False
        beyond = _helper(words, kind, before, _MODAL, turned=False) if words[before] == "have" else -1
        if beyond >= 0:
            return "modal have been", True
        direct = _direct(words, kind, before)
        if words[before] == "have" and direct >= 0 and words[direct] == "to":
            return "to have been", False
        return "have been", True
    if word in {"being", "getting"}:
        before = _helper(words, kind, at, _FINITE | {"be", "been"})
        if before < 0:
            return "being", False
        return "is being", words[before] in _FINITE or chain(words, kind, before)[1]
    if word in {"be", "get"}:
        direct = _direct(words, kind, at)
        if direct >= 0 and words[direct] == "to":
            return "to be", False
        before = _helper(words, kind, at, _MODAL)
        if before >= 0:
            return "modal be", True
        if direct >= 0 and kind[direct] == "conjunction":
            for other in range(direct - 1, max(direct - 12, -1), -1):
                if words[other] == "to" and words[other + 1] in {"be", "get"}:
                    return "to be", False
                if words[other] in _MODAL:
                    return "modal be", True
        if word == "get" and direct >= 0 and kind[direct] in {"subject", "s", "conjunction", "wh"}:
            return "get", True
        bare = any(other in _BARE for other in words[max(at - 5, 0) : at])
        return "bare be", not bare
    return word, True


def _direct(words: Sequence[str], kind: Sequence[str], at: int) -> int:
    """Return the token before `at`, adverbs skipped, or -1."""
    at -= 1
    while at >= 0 and kind[at] in _SKIPPED:
        at -= 1
    return at


def _helper(words: Sequence[str], kind: Sequence[str], at: int, wanted: frozenset[str], turned: bool = True) -> int:
    """Return the auxiliary of a set that `at` depends on: right before it, or before the subject in a question."""
    direct = _direct(words, kind, at)
    if direct < 0 or words[direct] in wanted:
        return direct
    if turned:
        for other in range(direct, max(direct - 7, -1), -1):
            if words[other] in wanted:
                return other
            if kind[other] in {"to", "comma", "stop", "conjunction", "wh", "subordinate", "be", "get", "that"}:
                break
    return -1


# What a stretch of words looks like, for the words between auxiliary and participle.
_LETTER = {
    "be": "B", "get": "B", "have": "H", "modal": "M", "do": "M", "to": "T", "not": "n", "existential": "P", "subject": "P",
    "object": "O", "that": "t", "determiner": "D", "wh": "W", "preposition": "I", "conjunction": "C", "subordinate": "S",
    "adverb": "a", "ly": "a", "stop": ".", "comma": ",", "bracket": "(", "dash": "-", "ing": "G", "ed": "V", "en": "V",
    "number": "#", "name": "N", "s": "N", "word": "N", "mark": ".",
}  # fmt: skip


def features(tokens: Sequence[Token], words: Sequence[str], kind: Sequence[str], candidate: Candidate) -> list[str]:
    """Return the names of all that is true of a candidate."""
    a, first, v, fronted = candidate
    n = len(words)
    verb, aux = words[v], words[a]
    w = ["<s>", "<s>", "<s>"]  # the three words before the auxiliary
    verb_lemma = participle(verb) or verb
    if fronted:
        between = range(v + 1, a)
    else:
        between = range(a + 1, first)
    shape = "".join(_LETTER[kind[i]] for i in between)
    plain = shape.replace("a", "").replace("n", "")
    left = a if not fronted else first
    right = v if not fronted else a
    p1, k1 = (words[left - 1], kind[left - 1]) if left else ("^", "^")
    p2, k2 = (words[left - 2], kind[left - 2]) if left > 1 else ("^", "^")
    n1, m1 = (words[right + 1], kind[right + 1]) if right + 1 < n else ("$", "$")
    n2, m2 = (words[right + 2], kind[right + 2]) if right + 2 < n else ("$", "$")
    n3, m3 = (words[right + 3], kind[right + 3]) if right + 3 < n else ("$", "$")
    if fronted:
        out = [
            "front", f"front v {verb}", f"front shape {shape}", f"front before {p1}", f"front before {k1}", f"front after {n1}",
            f"front after {m1}", f"front {v} {aux}", f"front v {verb} {p1}", f"front {tokens[v].text[0].isupper()} {k1} {len(shape)}",
            f"front next {kind[v + 1]}", f"front how {p1 == 'how' or p2 == 'how'}",
        ]  # fmt: skip
        return out
    hanging, finite = chain(words, kind, a)
    form = "get" if kind[a] == "get" else "'s" if aux == "'s" else "be"
    manners = list(_MANNER.get(verb, ()))
    if verb.startswith("un") and verb[2:4] not in {"de", "it", "lo", "pl", "su", "ca", "pa", "ve"}:
        manners.append("un")
    if first < v:
        manners.append("hyphen")
    if not manners:
        manners.append("plain")
    turned = _turned(words, kind, a)
    last, lastkind = (words[first - 1], kind[first - 1]) if first - 1 > a else ("-", "-")
    ending = verb[-4:] if len(verb) > 5 else verb[-3:]
    degree = last in _DEGREE
    subject = p1 if k1 in {"subject", "existential", "that", "wh", "object"} else (p2 if k1 in _SKIPPED or k1 in {"have", "modal"} else k1)
    gap = "0" if not shape else "adverb" if not plain else "long" if len(plain) > 4 else plain
    head = "B" if kind[a] != "get" else "G"
    out = [
        f"v {verb}", f"v {verb} {form}", f"end {ending}", f"end {verb[-3:]} {head}", f"lemma {verb_lemma}",
        f"aux {aux}", f"chain {hanging}", f"chain {hanging} {gap}",
        f"before {p1}", f"before {k1} {form}", f"before {k2} {k1}", f"before2 {p2}", f"subject {subject}",
        f"after {n1}", f"after {m1}", f"after {m1} {m2}", f"after {n1} {n2}", f"after2 {n2}", f"after2 {m2}", f"after3 {m3}",
        f"v {verb} after {n1}", f"end {verb[-3:]} after {m1}", f"form {form} after {m1}", f"form {form} before {k1} after {m1}",
        f"last {last}", f"last {lastkind}", f"last {lastkind} after {m1}", f"last {lastkind} after {m1} {m2}",
        f"shape {shape}" if len(shape) < 6 else "shape long", f"plain {gap}", f"plain {gap} {turned}", f"plain {gap} after {m1}",
        f"gap {len(shape)}", f"turned {turned} {form}", f"turned {turned} {len(plain) > 0} {words[-1] == '?'}", f"turned {turned} gap {gap} {m1}",
        f"there {'there' in words[max(a - 3, 0):a] or (first - a > 1 and words[a + 1] == 'there')} {gap}",
        f"case {tokens[v].text[0].isupper()} {tokens[a].text[0].isupper()}",
        f"front-of-line {a == 0} {gap}",
        f"hyphen-after {n1 == '-' and right + 2 < n and tokens[right + 1].end == tokens[right + 2].start} {gap}",
        f"attributive {m1 in {'word', 's', 'name', 'ing'}} {lastkind in {'determiner', 'preposition', 'that'}} {gap}",
    ]  # fmt: skip
    nearby = words[v + 1 : v + 7]
    agent = "by" in nearby
    out.append(f"agent {agent} {gap}")
    for i in between:
        out.append(f"in {words[i]}")
        out.append(f"in {kind[i]} {form}")
    if between:
        out.append(f"first-in {words[a + 1]}")
        out.append(f"first-in {kind[a + 1]} {gap}")
    if len(between) > 1:
        out.append(f"last2 {kind[first - 2]} {kind[first - 1]}")
        out.append(f"last2 {words[first - 2]} {words[first - 1]}")
    for letter in "VGBHMTWSC,(POt":
        if letter in shape:
            out.append(f"has {letter}")
            out.append(f"has {letter} {turned}")
    for manner in manners:
        out += [
            f"{manner}", f"{manner} {hanging}", f"{manner} {aux}", f"{manner} {aux} {gap}", f"{manner} {form} {gap}", f"{manner} after {n1}", f"{manner} after {m1}", f"{manner} subject {subject}",
            f"{manner} last {lastkind}", f"{manner} agent {agent}", f"{manner} degree {degree}", f"{manner} {aux} after {m1}",
        ]  # fmt: skip
    if aux == "'s":
        out += [f"'s {k1} after {m1}", f"'s {p1} {verb}", f"'s {k1} {gap}", f"'s {k1} {lastkind} {m1}"]
    out.append(f"degree {degree}")
    return out


_DEGREE = frozenset(word for word, manners in _MANNER.items() if "degree" in manners)


def _turned(words: Sequence[str], kind: Sequence[str], at: int) -> str:
    """Return how likely the auxiliary stands before its subject: a question, or a fronted "never has it been"."""
    while at > 0 and kind[at - 1] == "not":
        at -= 1
    before = kind[at - 1] if at else "^"
    if before in {"^", "bracket", "stop"}:
        return "first"
    if before == "wh":
        return "wh"
    if before in {"conjunction", "comma"}:
        return "joined"
    if before in {"have", "modal", "be", "subject", "to"}:
        return "no"
    return "other"


@cache
def weights() -> dict[str, float]:
    """Return the learned weights by feature."""
    loaded: dict[str, float] = json.loads((HERE / "passive.json").read_text(encoding="utf-8"))
    return loaded


def passives(tokens: Sequence[Token]) -> list[Passive]:
    """Return the passive clauses of one sentence, in order; each auxiliary has at most one."""
    pairs = candidates(tokens)
    if not pairs:
        return []
    words = [token.lower for token in tokens]
    kind = kinds(tokens)
    table = weights()
    found: list[Passive] = []
    used: set[int] = set()
    for pair in pairs:
        if pair.auxiliary in used:
            continue
        score = table[""]
        for name in features(tokens, words, kind, pair):
            score += table.get(name, 0.0)
        if score <= 0:
            continue
        used.add(pair.auxiliary)
        found.append(build(tokens, words, kind, pair))
    return found


def build(tokens: Sequence[Token], words: Sequence[str], kind: Sequence[str], pair: Candidate) -> Passive:
    """Return the passive that a candidate stands for."""
    return Passive(
        start=tokens[min(pair.auxiliary, pair.first)].start,
        end=tokens[max(pair.auxiliary, pair.verb)].end,
        verb=pair.verb,
        auxiliary=pair.auxiliary,
        kind="get" if kind[pair.auxiliary] == "get" else "be",
        lemma=participle(words[pair.verb]) or words[pair.verb],
        agent=agent(tokens, words, kind, pair.verb),
        finite=chain(words, kind, pair.auxiliary)[1],
    )


def agent(tokens: Sequence[Token], words: Sequence[str], kind: Sequence[str], verb: int) -> Span | None:
    """Return the by-phrase after a participle if it names a doer rather than a time, means or measure."""
    return None
