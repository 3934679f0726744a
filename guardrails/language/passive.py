"""Find passive clauses: an auxiliary of `be` or `get` and its participle.

No parser stands behind this. A participle and the nearest auxiliary before it make a candidate. The words
around the two, and the classes those words belong to, have weights that `eval/train_passive.py` has learned;
a candidate whose weights sum to more than zero is a passive. Word classes are in `passive_words.txt`.
"""

import json
from collections.abc import Sequence
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Literal, NamedTuple

from guardrails.finding import Span
from guardrails.language.memory import remembered
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
    words: list[str] = []
    for line in _lines("passive_words.txt"):
        if line[0] == "[" and line[-1] == "]" and len(line) > 2 and line[1:-1].replace("-", "").isalpha():
            words = classes.setdefault(line[1:-1], [])
        else:
            words.extend(line.split())
    return classes


IRREGULAR: dict[str, str] = {line.split()[0]: line.split()[1] for line in _lines("irregular_participles.txt")}
_CLASSES = _classes()
_ACTION, _LOOKALIKE, _MEANS, _ASIDES, _TURNED, _VERB_PARTS, _ADJECTIVE_PARTS, _BARE, _BETWEEN_GET, _LINKS = (
    frozenset(_CLASSES.pop(name)) for name in ("action", "lookalike", "means", "aside", "turned", "verb-part", "adjective-part", "bare", "between-get", "link")
)
_UNDOING = tuple(_CLASSES.pop("undoing"))
_PREFIXES = tuple(_CLASSES.pop("prefix"))
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
_FINITE = frozenset("am is are was were 's 're 'm ai wasnt werent isnt arent".split())
_CLOSING = frozenset(("stop", "wh", "conjunction", "subordinate", "that", "have", "modal", "do", "to", "bracket"))
_AUXILIARY = frozenset(_CLASSES["be"] + _CLASSES["get"])
_FRONTED = frozenset(("attached", "enclosed", "included"))
_PRONOUNS = frozenset(("subject", "wh", "existential", "that"))
_SLIPS = frozenset(("its", "your"))
_HELPERS = _AUXILIARY | _SLIPS
_HAVE = frozenset(_CLASSES["have"] + ["'s"])
_MODAL = frozenset(_CLASSES["modal"] + _CLASSES["do"] + ["'d"])
# Stems behind which a written -e was lost, and endings that look so but had none.
_SILENT = tuple("c v z u dg rg eg ag as is os us rs ns bl pl tl dl gl kl fl zl cl iat eat uat".split())
_SPOKEN = tuple("or er on an en om op ip am in ur it ad ut ot".split())
_SKIPPED = frozenset(("adverb", "ly", "not"))


@remembered
def participle(word: str) -> str | None:
    """Return the verb a participle belongs to, or None for a word that cannot be one."""
    if word in _LOOKALIKE or (word.startswith("un") and not word.startswith(_UNDOING)):
        return None
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word.endswith("ed"):
        return _regular(word) if len(word) > 3 else None
    for prefix in _PREFIXES:
        if word.startswith(prefix) and word[len(prefix) :] in IRREGULAR and len(word) - len(prefix) > 2:
            return prefix + IRREGULAR[word[len(prefix) :]]
    return None


def _regular(word: str) -> str:
    """Return the verb of a participle in -ed: a known one if the spelling allows it, else by the rules of spelling."""
    stem = word[:-2]
    doubled = len(stem) > 2 and stem[-1] == stem[-2]
    guesses = (stem + "e", stem, stem[:-1] if doubled else stem, stem[:-1] + "y" if stem[-1] == "i" else stem)
    for guess in guesses:
        if guess in _ACTION:
            return guess
    for prefix in _PREFIXES:
        if word.startswith(prefix):
            for guess in guesses:
                if guess[len(prefix) :] in _ACTION:
                    return guess
    if stem[-1] == "i":
        return guesses[3]
    if doubled and stem[-1] not in "lszf":
        return stem[:-1]
    if stem.endswith(_SILENT):
        return stem + "e"
    short = len(stem) > 2 and stem[-1] in "rtnkpmd" and stem[-2] in "aiou" and stem[-3] not in "aeiou"
    return stem + "e" if short and not stem.endswith(_SPOKEN) else stem


def _acts(verb: str) -> bool:
    return verb in _ACTION or any(verb.startswith(prefix) and verb[len(prefix) :] in _ACTION for prefix in _PREFIXES)


def kinds(tokens: Sequence[Token]) -> list[str]:
    """Return what each token is: a closed class such as `determiner`, or the look of the word (`ly`, `ing`, `ed`, `number`, `name`)."""
    found: list[str] = []
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
    auxiliaries = [
        at for at, token in enumerate(tokens) if (token.lower in _AUXILIARY and not _possessive(tokens, at)) or (token.lower in _SLIPS and _slipped(tokens, at))
    ]
    if not auxiliaries:
        return []
    found: list[Candidate] = []
    behind = 0
    barrier = -1
    for at, token in enumerate(tokens):
        word = token.lower
        if word in {".", ";", "?", "!"}:
            barrier = at
        while behind < len(auxiliaries) and auxiliaries[behind] < at:
            behind += 1
        if not participle(word) or _fixed(tokens, at):
            continue
        first = _first_part(tokens, at)
        before = auxiliaries[behind - 1] if behind else -1
        after = auxiliaries[behind] if behind < len(auxiliaries) else len(tokens)
        if word in _FRONTED and after == at + 1 and (not at or tokens[at - 1].lower in {"also", ","}):
            found.append(Candidate(after, first, at, True))
        elif barrier < before < first <= before + 1 + REACH:
            if not _barred(tokens, before, first, at):
                found.append(Candidate(before, first, at, False))
        elif at < after < len(tokens) and after <= at + FRONT and tokens[after].lower in _FINITE and _leads(tokens, at, barrier):
            found.append(Candidate(after, first, at, True))
    return found


def _first_part(tokens: Sequence[Token], at: int) -> int:
    """Return the token with which a hyphenated word begins."""
    first = at
    while first > 1 and tokens[first - 1].lower == "-" and tokens[first - 2].end == tokens[first].start - 1 and at - first < 6:
        first -= 2
    return first


def _leads(tokens: Sequence[Token], at: int, barrier: int) -> bool:
    """Whether a participle may stand before its auxiliary: at the head of a sentence, or behind "how"."""
    word = tokens[at].lower
    return at - barrier <= 3 or (word in _FRONTED and not tokens[at - 1].lower.isalpha()) or "how" in [token.lower for token in tokens[max(at - 2, 0) : at]]


def _fixed(tokens: Sequence[Token], at: int) -> bool:
    """Whether a participle belongs to a fixed phrase that is no passive: "used to waiting", "got rid of", "read-only", "ill-timed"."""
    word = tokens[at].lower
    if at + 2 < len(tokens) and tokens[at + 1].lower == "-" and tokens[at].end == tokens[at + 2].start - 1 and tokens[at + 2].lower != "-":
        return True
    if word == "used" and at + 2 < len(tokens) and tokens[at + 1].lower == "to":
        beyond = tokens[at + 2].lower
        return beyond.endswith("ing") or _KIND.get(beyond) in {"determiner", "object", "that", "subject", "adverb"}
    if at > 1 and tokens[at - 1].lower == "-" and tokens[at - 2].lower in _ADJECTIVE_PARTS:
        return True
    if at > 1 and word in {"priced", "rated", "crowded", "cooked"} and tokens[at - 2].lower == "over":
        return True
    return word in {"rid", "started", "used"} and at > 0 and _KIND.get(tokens[at - 1].lower) == "get"


def _barred(tokens: Sequence[Token], auxiliary: int, first: int, verb: int) -> bool:
    """Whether what stands around the two rules a passive out: "get this signed", "he's told the team"."""
    word = tokens[auxiliary].lower
    if _KIND.get(word) == "get":
        return any(
            token.lower not in _BETWEEN_GET and not token.lower.endswith("ly") and _KIND.get(token.lower) not in {"adverb", "not"}
            for token in tokens[auxiliary + 1 : first]
        )
    if first == auxiliary + 2 and auxiliary and tokens[verb].lower in _LINKS:
        between = tokens[auxiliary + 1]
        return between.lower not in _KIND and between.text.islower() and not between.lower.endswith("ly")
    if word == "'s" and verb + 1 < len(tokens) and tokens[verb].lower not in {"called", "named", "done"}:
        return _KIND.get(tokens[verb + 1].lower) in {"determiner", "object"}
    return False


def _possessive(tokens: Sequence[Token], at: int) -> bool:
    """Whether an 's belongs to a noun ("nobody's fault") and is no verb."""
    if tokens[at].lower != "'s" or not at or at + 1 == len(tokens) or _KIND.get(tokens[at - 1].lower) in _PRONOUNS:
        return False
    word = tokens[at + 1].lower
    return not (participle(word) or word.endswith("ly") or _KIND.get(word) in {"adverb", "not", "be", "get", "comma"})


def _slipped(tokens: Sequence[Token], at: int) -> bool:
    """Whether "its" or "your" may stand for "it's" or "you're": a participle follows, perhaps behind an adverb."""
    following = [token.lower for token in tokens[at + 1 : at + 3]]
    return any(participle(word) for word in following[:1]) or (
        len(following) > 1 and bool(participle(following[1])) and (following[0].endswith("ly") or _KIND.get(following[0]) == "adverb")
    )


def chain(words: Sequence[str], kind: Sequence[str], at: int) -> tuple[str, bool]:
    """Return what an auxiliary hangs on ("have been", "to be", "is being"), and whether it is finite."""
    word = words[at]
    if word in _FINITE or word in _SLIPS:
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
    """Return the names of all that is true of a candidate: of its words, of those around them, and of pairs of these."""
    if candidate.fronted:
        return _fronted(tokens, words, kind, candidate)
    at, first, verb_at, _ = candidate
    verb, auxiliary = words[verb_at], words[at]
    turned = _turned(words, kind, at)
    start = _behind_aside(words, kind, at, first)
    # In a question the subject is read as if it stood before the auxiliary: "was your order sent" has the context of "your order was sent".
    moved = _behind_subject(words, kind, start, first) if start < first and _may_turn(words, kind, at, turned) else 0
    between = range(moved or start, first)
    shape = "".join(_LETTER[kind[other]] for other in between)
    plain = shape.replace("a", "").replace("n", "")
    gap = "0" if not shape else "adverb" if not plain else "long" if len(plain) > 4 else plain
    (word_before, before), (second_before, before2) = (_at(words, kind, (moved or at) - step) for step in (1, 2))
    (word_after, after), (second_after, after2) = (_at(words, kind, verb_at + step) for step in (1, 2))
    last, last_kind = (words[first - 1], kind[first - 1]) if between else ("-", "-")
    hanging = chain(words, kind, at)[0]
    form = "get" if kind[at] == "get" else auxiliary if auxiliary == "'s" or auxiliary in _SLIPS else "be"
    lemma = participle(verb) or verb
    manners = [
        *_MANNER.get(verb, ()),
        *(["hyphen" if words[verb_at - 2] in _VERB_PARTS else "compound"] if first < verb_at else []),
        *(["action"] if _acts(lemma) else []),
    ]
    manners = manners or ["plain"]
    if auxiliary in _SLIPS:
        return [
            f"{auxiliary} {name}"
            for name in (
                f"before {word_before}", f"before {before}", f"after {after}", f"after {after} {after2}", f"last {last_kind}",
                f"{manners[-1]} after {after}", f"v {verb}", f"{before} {after}",
            )
        ]  # fmt: skip
    by = "by" in words[verb_at + 1 : verb_at + 7]
    degree = "degree" in _MANNER.get(last, ())
    if before in {"subject", "existential", "that", "wh", "object"}:
        subject = word_before
    else:
        subject = second_before if before in _SKIPPED or before in {"have", "modal"} else before
    asked = words[-1] == "?"
    found = [
        # the participle and the auxiliary
        f"v {verb}", f"v {verb} {form}", f"lemma {lemma}", f"end {verb[-4:] if len(verb) > 5 else verb[-3:]}", f"end {verb[-3:]} {form == 'get'}",
        f"aux {auxiliary}", f"chain {hanging}", f"chain {hanging} {gap}", f"case {tokens[verb_at].text[0].isupper()} {tokens[at].text[0].isupper()}",
        # before them
        f"before {word_before}", f"before {before} {form}", f"before {before2} {before}", f"before2 {second_before}", f"subject {subject}",
        f"there {'there' in words[max(at - 3, 0) : at] or (first > at + 1 and words[at + 1] == 'there')} {gap}", f"head {at == 0} {gap}",
        # after them
        f"after {word_after}", f"after {after}", f"after {after} {after2}", f"after {word_after} {second_after}", f"after2 {second_after}", f"after2 {after2}",
        f"v {verb} after {word_after}", f"v {verb} {word_after} {after2}", f"end {verb[-3:]} after {after}", f"agent {by} {gap}",
        # between them
        f"last {last}", f"last {last_kind}", f"last {last_kind} after {after}", f"last {last_kind} after {after} {after2}", f"degree {degree}",
        f"shape {shape if len(shape) < 6 else 'long'}", f"plain {gap}", f"plain {gap} {turned}", f"plain {gap} after {after}",
        f"attributive {after in {'word', 's', 'name', 'ing'}} {last_kind in {'determiner', 'preposition', 'that'}} {gap}",
        f"turned {turned} {form}", f"turned {turned} {bool(plain)} {asked}", f"turned {turned} gap {gap} {after}",
    ]  # fmt: skip
    found += [f"in {kind[other]} {form}" for other in between]
    if between:
        found += [f"first-in {words[between[0]]}", f"first-in {kind[between[0]]} {gap}"]
    for manner in manners:
        found += [
            manner, f"{manner} {hanging}", f"{manner} {auxiliary}", f"{manner} {auxiliary} {gap}", f"{manner} {form} {gap}", f"{manner} subject {subject}",
            f"{manner} last {last_kind}", f"{manner} degree {degree}", f"{manner} after {word_after}", f"{manner} after {after}",
            f"{manner} {auxiliary} after {after}", f"{manner} agent {by}",
        ]  # fmt: skip
    if auxiliary == "'s":
        found += [f"'s {before} after {after}", f"'s {word_before} {verb}", f"'s {before} {gap}", f"'s {before} {last_kind} {after}"]
    if moved:
        found += ["moved", f"moved {turned} {asked}"]
    if start > at + 1:
        found.append("aside")
    if verb in _LINKS:
        found.append(f"link {not plain} {turned}")
    if plain and asked and turned in {"first", "wh"}:
        found += [f"question {not plain.strip('DNP#ta')}", f"question {plain[0]} {plain[-1]}"]
    if plain and turned != "no" and not plain.strip("DNP#"):
        found.append(f"subject-between {plain[0]} {auxiliary} {after}")
    return found


def _at(words: Sequence[str], kind: Sequence[str], at: int) -> tuple[str, str]:
    """Return a word and its kind, or the mark of the sentence's edge."""
    if at < 0:
        return "^", "^"
    return (words[at], kind[at]) if at < len(words) else ("$", "$")


def _fronted(tokens: Sequence[Token], words: Sequence[str], kind: Sequence[str], candidate: Candidate) -> list[str]:
    """Return what is true of a participle that stands before its auxiliary: "Attached is", "how worried I was"."""
    at, first, verb_at, _ = candidate
    verb = words[verb_at]
    shape = "".join(_LETTER[word] for word in kind[verb_at + 1 : at])
    (before, before_kind), (second, _) = (_at(words, kind, first - step) for step in (1, 2))
    after, after_kind = _at(words, kind, at + 1)
    return [
        "front", f"front v {verb}", f"front v {verb} {before}", f"front shape {shape}", f"front before {before}", f"front before {before_kind}",
        f"front after {after}", f"front after {after_kind}", f"front at {verb_at} {words[at]}", f"front next {kind[verb_at + 1]}",
        f"front {tokens[verb_at].text[0].isupper()} {before_kind} {len(shape)}", f"front how {'how' in (before, second)}",
    ]  # fmt: skip


def _behind_aside(words: Sequence[str], kind: Sequence[str], at: int, first: int) -> int:
    """Return where the words go on behind an aside that follows the auxiliary: "was, as you saw, sent", "was at no point sent"."""
    start = at + 1
    if start >= first or kind[at] != "be":
        return start
    last = first - 1
    while last > start and kind[last] in _SKIPPED:
        last -= 1
    begin = start + 1 if kind[start] == "not" else start
    if (words[start], words[start + 1]) in {("no", "longer"), ("once", "more"), ("yet", "again")}:
        return min(start + 2, first)
    if kind[begin] == "comma" and kind[last] == "comma" and last > begin + 1:
        return last + 1
    if (kind[begin] == "preposition" or words[begin] == "to") and words[last] in _ASIDES and begin < last <= begin + 4:
        return last + 1
    return start


def _may_turn(words: Sequence[str], kind: Sequence[str], at: int, turned: str) -> bool:
    """Whether the subject may follow this auxiliary."""
    if words[at] not in _FINITE or (words[at] in {"'s", "'re", "'m"} and turned != "wh"):
        return False
    if turned == "first":
        return True
    if words[at - 1] in {"then", "so"} or words[at - 1] in _TURNED or words[0] in _TURNED:
        return True
    return words[-1] == "?" or words[at - 1] in {"why", "how", "where", "when"}


def _behind_subject(words: Sequence[str], kind: Sequence[str], start: int, first: int) -> int:
    """Return where a subject that begins at `start` ends, if nothing but adverbs stands between it and the participle, else 0."""
    at = start
    while at < first and kind[at] in _SKIPPED:
        at += 1
    alone = at + 1 >= first or kind[at + 1] in _SKIPPED
    if at < first and (kind[at] in {"subject", "object"} or (alone and words[at] in {"this", "that", "these", "those"})):
        at += 1
    else:
        linked = True
        while linked:
            while at < first and kind[at] in {"determiner", "number"}:
                at += 1
            head = at
            while at < first and (kind[at] in {"word", "s", "name", "number", "ing", "dash"} or words[at] == "'s"):
                at += 1
            if at == head:
                return 0
            linked = at < first and (kind[at] == "preposition" or words[at] in {"and", "or", "&"})
            at += linked
    end = at
    while at < first and kind[at] in _SKIPPED:
        at += 1
    return end if at == first else 0


def _turned(words: Sequence[str], kind: Sequence[str], at: int) -> str:
    """Return how likely the auxiliary stands before its subject: a question, or a fronted "never has it been"."""
    while at > 0 and kind[at - 1] == "not":
        at -= 1
    before = kind[at - 1] if at else "^"
    if before in {"^", "stop"} or (before == "bracket" and words[at - 1] not in ")]}"):
        return "first"
    if before == "wh":
        return "wh"
    if before in {"conjunction", "comma"}:
        return "joined"
    if before in {"have", "modal", "be", "subject", "to"}:
        return "no"
    return "other"


@cache
def weights() -> dict[str, int]:
    """Return the learned weights by feature, in hundredths; that of the empty name always counts."""
    loaded: dict[str, int] = json.loads((HERE / "passive.json").read_text(encoding="utf-8"))
    return loaded


def passives(tokens: Sequence[Token]) -> list[Passive]:
    """Return the passive clauses of one sentence, in order; each auxiliary has at most one."""
    words = [token.lower for token in tokens]
    # Most sentences want an auxiliary, or a participle.
    if _HELPERS.isdisjoint(words) or not any(map(participle, words)):
        return []
    pairs = candidates(tokens)
    if not pairs:
        return []
    kind = kinds(tokens)
    table = weights()
    found: list[Passive] = []
    used: set[int] = set()
    for pair in pairs:
        if pair.auxiliary in used:
            continue
        if sum(map(table.get, set(features(tokens, words, kind, pair)), repeat(0)), table[""]) <= 0:
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
    """Return the by-phrase after a participle if it names a doer rather than a time, a means or a measure."""
    by = verb + 1
    while by < len(words) and by <= verb + 8 and words[by] != "by":
        if kind[by] in _CLOSING and not (words[by] == "to" and by + 1 < len(words) and kind[by + 1] not in {"word", "be"}):
            return None
        by += 1
    if by + 1 >= len(words) or by > verb + 8:
        return None
    end = by + 1
    while end < len(words) and end <= by + 12:
        word = kind[end]
        if word in _CLOSING or word in {"comma", "be", "get", "not", "subject"}:
            break
        if word in {"preposition", "ed", "en"} and end > by + 2 and words[end] != "of":
            break
        if end <= by + 2 and (words[end] in _MEANS or (word == "ing" and tokens[end].text.islower()) or (word == "number" and not _counts(kind, end))):
            return None
        end += 1
    return Span(tokens[by].start, tokens[end - 1].end) if end > by + 1 else None


def _counts(kind: Sequence[str], at: int) -> bool:
    """Whether a number counts the noun behind it ("by 2 officials")."""
    return at + 1 < len(kind) and kind[at + 1] in {"s", "name"}
