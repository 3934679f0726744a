"""The letter doubts what the customer went through.

"If you were affected", "any delay this may have caused": the facts say that it happened, and the words ask the
customer to prove it. State the harm as it was.

Source: domain, "The mistakes a letter is checked for"; Kampf, "Public (non-)apologies" (2009).
"""

from collections.abc import Iterator

from guardrails.finding import Level, Match
from guardrails.language.apology import condition, span
from guardrails.language.clauses import Clause
from guardrails.language.cues import around
from guardrails.language.words import verb_classes
from guardrails.letter import Reading, Sentence
from guardrails.rule import Rule, watched

# How much the learned detector must say for a turn of speech to count.
_ENOUGH = 1.0
_HONEST = watched(
    "(?:do|does|did|can|could) (?:not|n't) (?:yet )?(?:know|tell|say|see|rule)",
    "cannot (?:yet )?(?:know|tell|say)",
    "not (?:yet )?(?:known|clear|certain|sure)",
    "unsure|unknown|unclear",
    "may|might also",
    "think what",
    "because (?:i|we)",
    "as well",
    "under examination|investigation|review",
    "if anything|whether",
    "(?:you|your \\w+) may|might have (?:noticed|heard|read|seen|received|already)",
)
# Without one of these words a sentence doubts nothing.
_DOUBTS = frozenset(
    """may might could should were had if any whatever such perhaps possibly maybe conceivably arguably presumably extent degree insofar inasmuch far event case
    assuming supposing presuming provided potential possible supposed alleged perceived wherever where whenever who said cannot""".split()
)
_HARMS = frozenset(("malfunction", "damage", "suffer", "delay", "omit", "mishandle", "breach", "cause", "feel", "use_up", "affect_self", "happen"))
_SEEMS = frozenset("look seem sound appear feel come be have can could find hold stand dent put get take cause make".split())


def find(reading: Reading) -> Iterator[Match]:
    """Yield each condition on an apology, and each hedge on a cause or an effect that is known."""
    for sentence in reading.text:
        if not sentence.tokens:
            continue
        words = sentence.lowers
        found = [span(sentence, apology) for apology, _ in reading.apologies(sentence) if condition(words, apology, sentence.signs)]
        doubts = words[-1] != "?" and not _DOUBTS.isdisjoint(words) and reading.verdict(sentence).scores["conditional-apology"] > _ENOUGH
        if doubts and not _honest(reading, sentence):
            for cue in reading.cues(sentence):
                if cue.kind == "conditional-apology" or (cue.kind == "doubted past" and _past(reading, sentence)):
                    found.append(sentence.words(*around(sentence.tokens, cue.start, cue.stop)))
            found += [sentence.words(clause.first, max(clause.stop, clause.verb + 1)) for clause in reading.clauses(sentence) if _doubted(words, clause)]
        last = -1
        for place in sorted(found):
            if place.start >= last:
                yield Match(sentence.field, place)
                last = place.end


def _honest(reading: Reading, sentence: Sentence) -> bool:
    """Whether this sentence or the next says that something is not known yet."""
    following = reading.body[sentence.number + 1 : sentence.number + 2]
    return any(_HONEST.search(other.flat, other.signs) for other in (sentence, *following))


def _past(reading: Reading, sentence: Sentence) -> bool:
    """Whether a sentence tells of what has been, not of what may be done."""
    return all(clause.tense in {"past", "perfect", "conditional"} for clause in reading.clauses(sentence) if clause.form == "finite")


def _doubted(words: list[str], clause: Clause) -> bool:
    """Whether a clause makes a past harm to the customer a mere case: "if your charts looked off"."""
    if clause.link != "if" or clause.tense != "past" or clause.form != "finite":
        return False
    start = clause.first - 1
    before = words[start - 1] if start > 0 else ""
    if before in {
        "as",
        "even",
        "glad",
        "grateful",
        "pleased",
        "happy",
        "what",
        "see",
        "know",
        "ask",
        "asked",
        "tell",
        "check",
        "only",
        "wonder",
        "except",
        "than",
    }:
        return False
    if "were" in words[clause.first : clause.verb + 1] and {"it", "i", "he", "she", "this", "that"} & set(words[slice(*clause.subject)]):
        return False
    if "just" in words[clause.first : clause.stop] or "had" in words[clause.first : clause.first + 3]:
        return False
    return clause.negative or clause.lemma in _SEEMS or clause.passive or bool(_HARMS & set(verb_classes(clause.lemma)))


rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message='"{quote}" puts in doubt what happened to the customer. Say what happened, without if or may.',
    find=find,
    bad=(
        "«We are sorry if this caused delays».",
        "«If your drivers were kept waiting, we apologise».",
        "«To the extent that orders went missing», a credit follows.",
        "We dropped the line at two, «which might have cost you a call or so».",
    ),
    good=(
        "If anything is still off, reply to this letter and I will look at it.",
        "We do not yet know whether the file was read; I will tell you on Friday.",
        "If you would like a call, I can do Tuesday after two.",
        "He may have copied the notes. We do not know, and will tell you as soon as we do.",
    ),
)
