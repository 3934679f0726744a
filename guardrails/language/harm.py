"""Tell a passive that hides who failed from a harmless one.

Harmful: it tells what went wrong, or admits it, the doer is the sender, and the sender is not named as the doer near by.
Time, polarity and doer settle most passives. For the rest, weights over who, what, when and to whom decide, which
`eval/train_harm.py` has learned from the marked letters.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from guardrails.language.clauses import Clause, Role, role
from guardrails.language.passive import Passive, chain, kinds
from guardrails.language.words import classes, lemma, phrases, verb_classes
from guardrails.letter import Reading, Sentence

_NEGATIVE = frozenset("not n't never no nobody none nothing neither nor without hardly".split())
_STOPS = frozenset(
    (".", ",", ";", ":", "and", "but", "or", "because", "so", "that", "which", "who", "when", "while", "until", "before", "after", "—", "–", "(", ")")
)
_REACH = 10
_MODALS = {"'ll": "will", "shall": "will", "wo": "will", "cannot": "can", "ca": "can", "might": "may", "must": "should", "ought": "should", "'d": "would"} | {
    word: word for word in ("will", "can", "could", "may", "should", "would")
}
_TIMES = {"were": "was", "are": "is", "'s": "is", "'re": "is", "am": "is", "'m": "is", "got": "was", "get": "is", "gets": "is"}
_ADMITS = ("admit", "acknowledg", "conced", "regret", "deplor", "lament", "confess", "note")
_SORROW = frozenset("regret regrets contrition remorse apology apologies sorrow".split())
# What did not happen to the customer, where it is said that it did not.
_SPARED = frozenset(
    """touch affect read access lose harm expose store hold copy compromise involve impact alter change damage hurt steal share disclose download injure contain
    include charge reveal see""".split()
)
_INTRUDERS = frozenset(
    "intruder intruders thief thieves attacker attackers hacker hackers stranger strangers burglar burglars criminals unauthorised unauthorized vandals".split()
)
_INTRUDES = frozenset("steal hack burgle rob force".split())
_FAILS = frozenset(("omit", "mishandle", "damage", "breach", "malfunction", "delay", "withhold"))
_SLIPS = frozenset(("omit", "mishandle"))
_MENDS = frozenset(("repair", "undo", "pay"))
_PUBLISHES = frozenset("post communicate publish write quote promise".split())
_ENDS = frozenset("cancel stop discontinue call lift remove withdraw".split())
_MADE = frozenset("complete finish deliver".split())
_SWAPS = frozenset("switch swap".split())
_AMISS = frozenset("wrong late too not instead wrongly".split())


@dataclass(frozen=True, slots=True)
class Scene:
    """A passive with what surrounds it, each part worked out once."""

    words: Sequence[str]
    subject: Sequence[str]
    between: Sequence[str]
    behind: Sequence[str]
    link: str
    verb: str
    does: frozenset[str]
    when: str
    negative: bool
    doer: str
    patient: str
    named: bool
    heading: bool


def harmful(reading: Reading, sentence: Sentence, passive: Passive) -> bool:
    """Whether a passive hides that the sender failed."""
    seen = scene(reading, sentence, passive)
    sure = settled(seen)
    if sure is not None:
        return sure
    table = weights()
    return table[""] + sum(table.get(name, 0) for name in features(seen)) > 0


@cache
def weights() -> dict[str, int]:
    """Return the learned weights by feature, in hundredths; that of the empty name always counts."""
    loaded: dict[str, int] = json.loads(Path(__file__).with_name("harm.json").read_text(encoding="utf-8"))
    return loaded


def scene(reading: Reading, sentence: Sentence, passive: Passive) -> Scene:
    """Return a passive with what surrounds it."""
    words = [token.lower for token in sentence.tokens]
    first, last = sorted((passive.auxiliary, passive.verb))
    start = first
    while start > 0 and words[start - 1] not in _STOPS and first - start < _REACH:
        start -= 1
    stop = last + 1
    while stop < len(words) and words[stop] not in _STOPS and stop - last < _REACH:
        stop += 1
    doer = "nobody"
    if passive.agent is not None:
        by = [token.lower for token in sentence.tokens if passive.agent.start < token.start < passive.agent.end]
        doer = "intruder" if _INTRUDERS & set(by) else role(by, *reading.names).value
    return Scene(
        words,
        words[start:first],
        words[first + 1 : last],
        words[last + 1 : stop],
        words[start - 1] if start else "",
        passive.lemma,
        frozenset(verb_classes(passive.lemma)),
        _when(words, sentence, passive),
        bool(_NEGATIVE & set(words[start:last])),
        doer,
        role(words[start:first], *reading.names).value,
        _named(reading, sentence, passive.lemma),
        sentence.field == "subject",
    )


def _when(words: Sequence[str], sentence: Sentence, passive: Passive) -> str:
    """Return the time of a passive: "was", "have been", "will be", "should have been"."""
    hung, _ = chain(words, kinds(sentence.tokens), passive.auxiliary)
    before = words[max(passive.auxiliary - 6, 0) : passive.auxiliary]
    if hung in {"modal be", "modal have been"}:
        return next((_MODALS[word] for word in reversed(before) if word in _MODALS), "modal") + hung[5:]
    if hung == "have been" and "had" in before[-4:]:
        return "had been"
    if hung == "is being":
        return "was" if {"was", "were"} & set(before[-3:]) else "is"
    return _TIMES.get(hung, hung)


def _named(reading: Reading, sentence: Sentence, verb: str) -> bool:
    """Whether "I" or "we" is the doer of the same, or of something wrong, in this sentence or the one before it."""
    around = reading.subject if sentence.field == "subject" else reading.body
    near = around[max(sentence.number - 1, 0) : sentence.number + 1]
    return any(_owns(clause, other, verb) for other in near for clause in reading.clauses(other))


def _owns(clause: Clause, sentence: Sentence, verb: str) -> bool:
    if clause.actor is not Role.SENDER or clause.form != "finite" or clause.tense not in {"past", "perfect"}:
        return False
    if not {"i", "we"} & {token.lower for token in sentence.tokens[clause.subject[0] : clause.subject[1]]}:
        return False
    if {"myself", "ourselves"} & {token.lower for token in sentence.tokens[clause.first : clause.stop]}:
        return True
    if clause.negative or clause.lemma == verb or clause.link == "because" or _FAILS & set(verb_classes(clause.lemma)):
        return True
    return any(phrase.start == clause.verb and phrase.name in _FAILS for phrase in phrases(sentence.lowers))


def settled(scene: Scene) -> bool | None:
    """Return whether a passive is harmful where its time, its polarity or its doer leaves no doubt."""
    when, doer = scene.when, scene.doer
    if when in {"is", "have been", "should be"} and (scene.verb.startswith(_ADMITS) or _SORROW & set(scene.subject)) and doer != "customer":
        return True
    if doer in {"sender", "intruder"} or scene.verb in _INTRUDES or scene.named or _INTRUDERS & set(scene.subject):
        return False
    if when == "should have been":
        return True
    if when.partition(" ")[0] in {"is", "will", "would", "can", "should", "bare", "to", "being"} or "what" in scene.subject[-2:]:
        return False
    if scene.negative and (scene.verb in _SPARED or "nothing" in scene.subject) and "longer" not in scene.words:
        return False
    if scene.negative and scene.does & {"tell"} and when in {"was", "had been", "have been"}:
        return True
    if not scene.negative and scene.does & _SLIPS and scene.verb not in _SWAPS and doer != "customer":
        return True
    mends = scene.does & _MENDS and scene.verb not in _ENDS and not (scene.negative and scene.verb in _MADE)
    tells = not scene.negative and (("tell" in scene.does and scene.verb not in _PUBLISHES) or any("remedy_noun" in classes(word) for word in scene.subject))
    mends = (mends or tells or doer == "customer") and not scene.does & _FAILS
    if mends and not (scene.negative and when != "could be") and not _AMISS & {*scene.between, *scene.behind}:
        return False
    return None


def features(scene: Scene) -> frozenset[str]:
    """Return the names of all that is true of a passive: its verb, time and polarity, its subject and doer, the words around it."""
    return frozenset(_features(scene))


def _features(scene: Scene) -> Iterator[str]:
    when = f"{scene.when}{'-' if scene.negative else '+'}"
    yield f"when {when}"
    yield f"verb {scene.verb}"
    for name in scene.does:
        yield f"does {name}"
        yield f"does {name} {when}"
    yield f"by {scene.doer}"
    yield f"to {scene.patient}"
    yield f"to {scene.patient} {when}"
    for side, near in (("before", scene.subject), ("between", scene.between), ("after", scene.behind)):
        for word in near:
            yield f"{side} {lemma(word) if side == 'after' else word}"
            for name in classes(word):
                yield f"{side} {name}"
                yield f"{side} {name} {scene.when}"
    for word in set(scene.words):
        for name in classes(word):
            yield f"in {name}"
    if scene.heading:
        yield "in the subject"
    if scene.link.isalpha():
        yield f"link {scene.link}"
