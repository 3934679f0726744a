"""Tell a passive that hides who failed from a harmless one.

Harmful: it tells what went wrong, or admits it, the doer is the sender, and the sender is not named as the doer near by.
Weights over who, what, when and to whom decide; `eval/train_harm.py` has learned them from the marked letters.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from guardrails.language.clauses import Clause, Role, role
from guardrails.language.passive import Passive, chain, kinds
from guardrails.language.words import classes, lemma, verb_classes
from guardrails.letter import Reading, Sentence

_NEGATIVE = frozenset("not n't never no nobody none nothing neither nor without hardly".split())
_STOPS = frozenset(
    (".", ",", ";", ":", "and", "but", "or", "because", "so", "that", "which", "who", "when", "while", "until", "before", "after", "—", "–", "(", ")")
)
_WINDOW = 6


def harmful(reading: Reading, sentence: Sentence, passive: Passive) -> bool:
    """Whether a passive hides that the sender failed."""
    table = weights()
    return table[""] + sum(table.get(name, 0) for name in features(reading, sentence, passive)) > 0


@cache
def weights() -> dict[str, int]:
    """Return the learned weights by feature, in hundredths; that of the empty name always counts."""
    loaded: dict[str, int] = json.loads(Path(__file__).with_name("harm.json").read_text(encoding="utf-8"))
    return loaded


def features(reading: Reading, sentence: Sentence, passive: Passive) -> frozenset[str]:
    """Return the names of all that is true of a passive: its verb, time and polarity, its subject and doer, the words around it."""
    return frozenset(_features(reading, sentence, passive))


def _features(reading: Reading, sentence: Sentence, passive: Passive) -> Iterator[str]:
    words = [token.lower for token in sentence.tokens]
    first, verb = sorted((passive.auxiliary, passive.verb))
    start = first
    while start > 0 and words[start - 1] not in _STOPS and first - start < 10:
        start -= 1
    stop = verb + 1
    while stop < len(words) and words[stop] not in _STOPS and stop - verb < 10:
        stop += 1
    subject = words[start:first]
    when = _when(words, sentence, passive)
    polarity = "-" if _NEGATIVE & set(words[start:verb]) else "+"
    done = verb_classes(passive.lemma)
    yield f"when {when}{polarity}"
    yield f"verb {passive.lemma}"
    yield f"verb {passive.lemma}{polarity}"
    for name in done:
        yield f"does {name}"
        yield f"does {name} {when}{polarity}"
        yield f"does {name}{polarity}"
    doer = _doer(sentence, passive, reading)
    yield f"by {doer}"
    patient = role(subject, *reading.names).value
    yield f"to {patient}"
    yield f"to {patient} {when}{polarity}"
    for side, near in (("before", words[start:first]), ("between", words[first + 1 : verb]), ("after", words[verb + 1 : stop])):
        for word in near:
            yield f"{side} {lemma(word) if side == 'after' else word}"
            for name in classes(word):
                yield f"{side} {name}"
                if side != "between":
                    yield f"{side} {name} {when}"
    for word in set(words):
        for name in classes(word):
            yield f"in {name}"
    if sentence.field == "subject":
        yield "in the subject"
    if start and words[start - 1].isalpha():
        yield f"link {words[start - 1]}"
    if _named(reading, sentence, passive):
        yield "named"
        yield f"named {when}"


def _when(words: Sequence[str], sentence: Sentence, passive: Passive) -> str:
    hung, _ = chain(words, kinds(sentence.tokens), passive.auxiliary)
    if hung in {"modal be", "modal have been"}:
        modal = next((word for word in reversed(words[max(passive.auxiliary - 6, 0) : passive.auxiliary]) if word in _MODALS), "")
        return f"{_MODALS.get(modal, 'modal')} {hung[6:]}"
    if hung == "have been":
        return "had been" if "had" in words[max(passive.auxiliary - 4, 0) : passive.auxiliary] else hung
    return {"were": "was", "are": "is", "'s": "is", "'re": "is", "am": "is", "'m": "is", "got": "was"}.get(hung, hung)


_MODALS = {
    "will": "will",
    "'ll": "will",
    "shall": "will",
    "wo": "will",
    "can": "can",
    "cannot": "can",
    "ca": "can",
    "could": "could",
    "may": "may",
    "might": "may",
    "should": "should",
    "must": "should",
    "would": "would",
    "'d": "would",
}


def _doer(sentence: Sentence, passive: Passive, reading: Reading) -> str:
    if passive.agent is None:
        return "nobody"
    words = [token.lower for token in sentence.tokens if passive.agent.start <= token.start < passive.agent.end][1:]
    return role(words, *reading.names).value


def _named(reading: Reading, sentence: Sentence, passive: Passive) -> bool:
    """Whether the sender is named as the doer of a like act in this sentence or one beside it."""
    around = reading.subject if sentence.field == "subject" else reading.body
    near = around[max(sentence.number - 1, 0) : sentence.number + 2]
    return any(_does(clause, passive.lemma) for other in near for clause in reading.clauses(other))


def _does(clause: Clause, verb: str) -> bool:
    if clause.actor is not Role.SENDER or clause.form != "finite" or clause.tense not in {"past", "perfect"}:
        return False
    return clause.lemma == verb or bool(_WRONG & set(verb_classes(clause.lemma)))


_WRONG = frozenset(("omit", "mishandle", "damage", "breach"))
