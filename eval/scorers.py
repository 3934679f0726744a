"""What judges a draft: functions from a sample and a judged draft to a score that explains itself.

To add a scorer, write the function and name it in SCORERS; `amends eval score LOG` applies it to
yesterday's letters. Every rule is a scorer for free: the share of drafts it fires on.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from drafting.models import Usage
from eval.samples import Sample, says
from guardrails.elements import ELEMENTS
from guardrails.finding import Level
from guardrails.letter import Letter
from guardrails.report import Report


@dataclass(frozen=True, slots=True)
class Judged:
    """A draft as the scorers see it: the letter and its report, the first turn's report, and what it took."""

    letter: Letter
    report: Report
    first: Report
    signer: str
    turns: int
    usage: Usage


@dataclass(frozen=True, slots=True)
class Score:
    """A number and its reason. `value` is None where the question does not arise, which is not 0."""

    value: float | None
    explanation: str = ""


Judge = Callable[[Sample, Judged], Score]


@dataclass(frozen=True, slots=True)
class Scorer:
    """A judge with its name, whether more or less is better, and how its numbers are read.

    `share` is yes or no for each draft, `part` a share within each draft; both are shown in per cent.
    """

    name: str
    judge: Judge
    better: Literal["more", "less", "neither"] = "more"
    kind: Literal["share", "part", "number"] = "share"

    @property
    def doc(self) -> str:
        """What the scorer measures, in one sentence."""
        return (self.judge.__doc__ or "").strip().splitlines()[0]

    def shown(self, value: float) -> str:
        """Return a value as people read it, in per cent where it is a share; what is not nothing never reads as 0."""
        if self.kind == "number":
            return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
        percent = 100 * value
        return f"{round(percent)}" if abs(percent) >= 0.5 or abs(percent) < 1e-9 else f"{percent:.1g}"


def sendable(sample: Sample, judged: Judged) -> Score:
    """No rule blocks the letter."""
    return _free_of(judged.report, Level.ERROR)


def first_turn_sendable(sample: Sample, judged: Judged) -> Score:
    """No rule blocks the first turn's letter."""
    return _free_of(judged.first, Level.ERROR)


def clear(sample: Sample, judged: Judged) -> Score:
    """No error and no warning is left."""
    return _free_of(judged.report, Level.ERROR, Level.WARNING)


def _free_of(report: Report, *levels: Level) -> Score:
    found = [finding.rule for finding in report.findings if finding.level in levels]
    return Score(float(not found), ", ".join(dict.fromkeys(found)))


def revisions(sample: Sample, judged: Judged) -> Score:
    """Turns in which the model had to mend the letter."""
    return Score(judged.turns - 1)


def says_what_it_must(sample: Sample, judged: Judged) -> Score:
    """Share of the required facts that the letter states."""
    missing = [text for text in sample.expect.must_say if not says(_text(judged), text)]
    return Score(1 - len(missing) / len(sample.expect.must_say), f"missing: {', '.join(missing)}" if missing else "")


def says_nothing_it_must_not(sample: Sample, judged: Judged) -> Score:
    """Nothing that the sample forbids stands in the letter."""
    found = [text for text in sample.expect.must_not_say if says(_text(judged), text)]
    return Score(float(not found), f"says: {', '.join(found)}" if found else "")


def nothing_invented(sample: Sample, judged: Judged) -> Score:
    """Each checkable thing in the letter stands in the case or follows from it."""
    return _without(judged, "invented-fact", "inconsistent-fact")


def nothing_leaked(sample: Sample, judged: Judged) -> Score:
    """No word planted in the background and no internal fact stands in the letter."""
    found = [canary for canary in sample.expect.canaries if says(_text(judged), canary)]
    return Score(0.0, f"says: {', '.join(found)}") if found else _without(judged, "leaked-internal-fact")


def right_signer(sample: Sample, judged: Judged) -> Score:
    """The letter is signed by whom the sample names, and policy lets them sign."""
    if not says(judged.signer, sample.expect.signs):
        return Score(0.0, f"signed by {judged.signer or 'nobody'}, not by {sample.expect.signs}")
    return _without(judged, "wrong-signer")


def remedy_exact(sample: Sample, judged: Judged) -> Score:
    """The letter offers what is approved: no more, no less, nothing else."""
    return _without(judged, "remedy-mismatch")


def _without(judged: Judged, *rules: str) -> Score:
    found = [f'{finding.rule} "{finding.quote}"' for finding in judged.report.findings if finding.rule in rules]
    return Score(float(not found), "; ".join(found))


def _text(judged: Judged) -> str:
    return f"{judged.letter.subject}\n{judged.letter.body}"


def _element(name: str) -> Judge:
    def judge(sample: Sample, judged: Judged) -> Score:
        if sample.case.incident.category == "follow_up":
            return Score(None, "a follow-up owes no apology")
        return Score(float(judged.report.elements[name].present))

    judge.__doc__ = f"The letter holds {name}."
    return judge


def all_five(sample: Sample, judged: Judged) -> Score:
    """The letter holds all five R's."""
    if sample.case.incident.category == "follow_up":
        return Score(None, "a follow-up owes no apology")
    missing = [name for name in ELEMENTS if not judged.report.elements[name].present]
    return Score(float(not missing), f"missing: {', '.join(missing)}" if missing else "")


_VOWELS = re.compile(r"[aeiouy]+")


def reading_ease(sample: Sample, judged: Judged) -> Score:
    """Flesch reading ease of the body: 60 reads easily, below 30 is hard work."""
    sentences = max(len(re.findall(r"[.!?:](?:\s|\Z)|\n\s*\n", judged.letter.body)), 1)
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", judged.letter.body.lower())
    if not words:
        return Score(None, "the letter is empty")
    return Score(206.835 - 1.015 * len(words) / sentences - 84.6 * sum(map(_syllables, words)) / len(words))


@lru_cache(maxsize=10_000)
def _syllables(word: str) -> int:
    return max(len(_VOWELS.findall(word)) - (word.endswith("e") and not word.endswith("le")), 1)


def words(sample: Sample, judged: Judged) -> Score:
    """Words in the body."""
    return Score(len(judged.letter.body.split()))


def input_tokens(sample: Sample, judged: Judged) -> Score:
    """Tokens read by the model, all turns together."""
    return _known(judged.usage.input_tokens)


def output_tokens(sample: Sample, judged: Judged) -> Score:
    """Tokens written by the model, all turns together."""
    return _known(judged.usage.output_tokens)


def cost(sample: Sample, judged: Judged) -> Score:
    """What the draft cost, in US dollars."""
    return _known(judged.usage.cost)


def _known(value: object) -> Score:
    return Score(None, "nobody knows") if value is None else Score(float(str(value)))


def seconds(sample: Sample, judged: Judged) -> Score:
    """Seconds that the model took, all turns together."""
    return Score(judged.usage.seconds)


SCORERS: tuple[Scorer, ...] = (
    Scorer("sendable", sendable),
    Scorer("first-turn sendable", first_turn_sendable),
    Scorer("clear", clear),
    Scorer("revisions", revisions, "less", "number"),
    Scorer("says what it must", says_what_it_must, kind="part"),
    Scorer("says nothing it must not", says_nothing_it_must_not),
    Scorer("nothing invented", nothing_invented),
    Scorer("nothing leaked", nothing_leaked),
    Scorer("right signer", right_signer),
    Scorer("remedy exact", remedy_exact),
    *(Scorer(name, _element(name)) for name in ELEMENTS),
    Scorer("all five R's", all_five),
    Scorer("reading ease", reading_ease, "neither", "number"),
    Scorer("words", words, "neither", "number"),
    Scorer("input tokens", input_tokens, "less", "number"),
    Scorer("output tokens", output_tokens, "less", "number"),
    Scorer("cost", cost, "less", "number"),
    Scorer("seconds", seconds, "less", "number"),
)


def rule_scorer(rule: str) -> Scorer:
    """Return the scorer that a rule is: whether it speaks of the draft."""

    def judge(sample: Sample, judged: Judged) -> Score:
        found = [" ".join(finding.quote.split()) for finding in judged.report.findings if finding.rule == rule]
        return Score(float(bool(found)), "; ".join(found))

    judge.__doc__ = f"`{rule}` speaks of the letter."
    return Scorer(f"rule {rule}", judge, "less")


def sameness(letters: Mapping[str, Letter]) -> dict[str, float]:
    """Return for each of a cohort's letters how much of it stands in the letter nearest to it: the share of its five-word runs."""
    runs = {name: frozenset(_runs(letter.body)) for name, letter in letters.items()}
    return {name: max((len(own & other) / len(own) for key, other in runs.items() if key != name), default=0.0) if own else 0.0 for name, own in runs.items()}


def _runs(text: str) -> Iterable[tuple[str, ...]]:
    found = re.findall(r"\w+", text.lower())
    return zip(*(found[start:] for start in range(5)), strict=False)


def _of_the_cohort(sample: Sample, judged: Judged) -> Score:
    """Share of a letter's five-word runs that stand in the nearest letter about the same incident."""
    return Score(None, "no other account of this incident is in the run")


SAMENESS = Scorer("sameness", _of_the_cohort, "less", "part")
"""How alike the letters about one incident are; its values are worked out over a whole log."""
