"""Check a lot of letters against one another, and say how many of them to read.

A mail merge is what we are not: letters that differ in the name alone, facts that nobody used, and
letters that tell the same thing in two ways are found here, in one pass over the lot.
"""

import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import quantiles
from typing import TYPE_CHECKING

from drafting.rows import account_key
from guardrails.case import Case, Severity
from guardrails.letter import Letter

if TYPE_CHECKING:
    from datasketch import MinHash

ALIKE = 0.8
"""Share of words that two letters' own sentences have in common from which they are looked at closely."""
COMMON = 0.05
"""Share of the lot that tells a sentence from which it is no letter's own."""
_PERMUTATIONS = 64
_LOOKED_AT = 20
"""Letters that one is compared with word by word at most, so that a lot of look-alikes stays linear."""
_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"[^.!?\n]+")


@dataclass(frozen=True, slots=True)
class Text:
    """A letter of the lot with its case."""

    id: int
    case: Case
    letter: Letter


@dataclass(frozen=True, slots=True)
class Flag:
    """What is odd about a letter beside the others: a stable code, a line for people, the letters it stands beside."""

    letter: int
    code: str
    text: str
    beside: tuple[int, ...] = ()


def compare(texts: Iterable[Text]) -> list[Flag]:
    """Return what is odd across a lot, by letter. `texts` is gone through twice; time grows with the number of letters, not with its square."""
    from datasketch import MinHashLSH

    told: Counter[int] = Counter()
    total = 0
    for text in texts:
        told.update({hash(sentence) for sentence in _sentences(text)})
        total += 1
    common = max(5, math.ceil(total * COMMON))
    index = MinHashLSH(threshold=ALIKE, num_perm=_PERMUTATIONS)
    kept: dict[str, Counter[str]] = {}
    flags: list[Flag] = []
    lengths: list[tuple[int, str, int]] = []
    remedies: dict[str, dict[str, list[int]]] = {}
    contacts: dict[str, list[tuple[int, str, str, str]]] = {}
    incidents: dict[tuple[str, str], dict[str, list[int]]] = {}
    for text in texts:
        own = Counter(word for sentence in _sentences(text) if told[hash(sentence)] <= common or total <= common for word in sentence)
        if not own:
            flags.append(Flag(text.id, "nothing-of-its-own", "tells nothing that other letters do not tell: say what this account lived through"))
        else:
            signature = _signature(own)
            near = next((name for name in islice(index.query(signature), _LOOKED_AT) if _same(own, kept[name])), None)
            if near is not None:
                line = f"says the same as letter {near}, names aside: say what this account lived through"
                flags.append(Flag(text.id, "same-but-the-name", line, (int(near),)))
            else:  # one stands for all like it
                kept[str(text.id)] = own
                index.insert(str(text.id), signature)
        flags += [Flag(text.id, "unused-fact", f"{key} is known and not told") for key in unused(text)]
        cohort = text.case.incident.category or ""
        lengths.append((text.id, cohort, len(_WORD.findall(text.letter.body))))
        offered = "; ".join(f"{item.kind} {item.amount or ''} {item.currency or ''}".strip() for item in text.case.remedy.items)
        kinds = "; ".join(sorted(item.kind for item in text.case.remedy.items))
        remedies.setdefault(cohort, {}).setdefault(kinds or "nothing", []).append(text.id)
        contacts.setdefault(account_key(text.case), []).append((text.id, text.case.account.impact or "", offered, str(text.case.incident.severity)))
        for key, said in _told(text):
            incidents.setdefault((cohort, key), {}).setdefault(said, []).append(text.id)
    flags += _contradictions(contacts)
    flags += _outliers(lengths)
    flags += _odd_remedies(remedies)
    flags += _differently(incidents)
    return sorted(flags, key=lambda flag: (flag.letter, flag.code))


def masked(text: Text) -> str:
    """Return the body without the account's names."""
    account = text.case.account
    names = {account.company, account.contact.name, account.contact.first_name, *account.contact.name.split(), account.contact.email, account.id or ""}
    body = text.letter.body
    for name in sorted((name for name in names if len(name) > 1), key=len, reverse=True):
        body = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "_", body)
    return body


def unused(text: Text) -> Iterator[str]:
    """Yield the keys of this account's own facts that the letter says nothing of."""
    said = set(_words(f"{text.letter.subject} {text.letter.body}"))
    for key, value in (("account.impact", text.case.account.impact), ("account.goals", text.case.account.goals)):
        words = {word for word in _words(value or "") if len(word) > 3 or word.isdigit()}
        if words and len(words & said) / len(words) < 0.34:
            yield key


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _sentences(text: Text) -> Iterator[tuple[str, ...]]:
    for sentence in _SENTENCE.findall(masked(text)):
        if words := tuple(_words(sentence)):
            yield words


def _signature(words: Iterable[str]) -> "MinHash":
    from datasketch import MinHash

    made = MinHash(num_perm=_PERMUTATIONS, seed=1)
    made.update_batch([word.encode() for word in words])
    return made


def _same(one: Counter[str], other: Counter[str]) -> bool:
    """Return whether two texts differ in two words at most, and in no figure: a figure is what an account lived through."""
    differing = [*(one - other), *(other - one)]
    return len(differing) <= 2 and not any(word.isdigit() for word in differing)


def _contradictions(contacts: dict[str, list[tuple[int, str, str, str]]]) -> Iterator[Flag]:
    for letters in contacts.values():
        first = letters[0]
        for letter, impact, offered, severity in letters[1:]:
            for what, one, other in (("impact", first[1], impact), ("remedy", first[2], offered), ("severity", first[3], severity)):
                if one != other:
                    yield Flag(letter, "contacts-differ", f"tells another {what} than letter {first[0]} to the same account", (first[0],))


def _outliers(lengths: list[tuple[int, str, int]]) -> Iterator[Flag]:
    for cohort in {cohort for _, cohort, _ in lengths}:
        words = [count for _, one, count in lengths if one == cohort]
        if len(words) < 8:
            continue
        low, middle, high = quantiles(words, n=4)
        reach = max(3 * (high - low), 0.25 * middle)
        for letter, one, count in lengths:
            if one == cohort and not low - reach <= count <= high + reach:
                yield Flag(letter, "odd-length", f"has {count} words; half of its kind have {low:.0f} to {high:.0f}")


def _odd_remedies(remedies: dict[str, dict[str, list[int]]]) -> Iterator[Flag]:
    for kinds in remedies.values():
        total = sum(len(letters) for letters in kinds.values())
        for offered, letters in kinds.items():
            if total >= 20 and len(letters) <= max(1, total // 100):
                for letter in letters:
                    yield Flag(letter, "odd-remedy", f"offers {offered}, as {len(letters)} of {total} letters of its kind do")


_CLOCK = re.compile(r"\b\d{1,2}:\d\d\b")


def _told(text: Text) -> Iterator[tuple[str, str]]:
    """Yield how the letter tells what is the same for all: the duration, and the times of the incident."""
    elapsed = text.case.incident.elapsed()
    if elapsed:
        for sentence in _SENTENCE.findall(text.letter.body):
            clocks = _CLOCK.findall(sentence)
            if len(clocks) >= 2:
                yield f"window of {text.case.incident.started_at} to {text.case.incident.ended_at}", " to ".join(clocks[:2])
                return


def _differently(incidents: dict[tuple[str, str], dict[str, list[int]]]) -> Iterator[Flag]:
    for versions in incidents.values():
        if len(versions) < 2:
            continue
        usual = max(versions, key=lambda said: len(versions[said]))
        for said, letters in versions.items():
            if said != usual:
                for letter in letters:
                    yield Flag(letter, "told-differently", f"says {said} where {len(versions[usual])} others say {usual}", (versions[usual][0],))


# --- how many to read


@dataclass(frozen=True, slots=True)
class Plan:
    """Which letters of a lot people read one by one, and the rule in words."""

    each: tuple[int, ...]
    """High and critical letters, and those that a check has flagged."""
    sample: tuple[int, ...]
    rest: int
    words: str


def size(lot: int, confidence: float = 0.95, share: float = 0.02) -> int:
    """Return how many of a lot to read, so that no fault among them means, with this confidence, that fewer than `share` have one."""
    if lot <= 0:
        return 0
    faulty = max(1, math.ceil(lot * share))
    # Drawn without putting back: the chance that a sample of n misses all faulty ones (Agresti's product form).
    missed, drawn = 1.0, 0
    while missed > 1 - confidence and drawn < lot:
        missed *= max(0, lot - faulty - drawn) / (lot - drawn)
        drawn += 1
    return drawn


def plan(letters: Sequence[tuple[int, Severity]], flagged: Iterable[int] = (), *, seed: str, confidence: float = 0.95, share: float = 0.02) -> Plan:
    """Return which letters of a lot to read: the grave and the flagged each, the rest by a sample that the seed fixes."""
    odd = set(flagged)
    each = tuple(letter for letter, severity in letters if severity.rank >= Severity.HIGH.rank or letter in odd)
    others = [letter for letter, severity in letters if severity.rank < Severity.HIGH.rank and letter not in odd]
    count = size(len(others), confidence, share)
    sample = tuple(sorted(random.Random(seed).sample(others, count)))
    grave = f"{len(each)} {'letter is' if len(each) == 1 else 'letters are'} read one by one: all high and critical ones, and those that a check has flagged. "
    words = (
        (grave if each else "No letter is high or critical, and no check has flagged one. ")
        + f"Of the {'other ' if each else ''}{len(others)}, {count} are read, chosen by lot: if none has a blocking finding, fewer than {share:.0%} of the lot "
        f"have one, with {confidence:.0%} confidence. " * bool(others) + "One blocking finding among them stops the lot."
    )
    return Plan(each, sample, len(others) - count, words)
