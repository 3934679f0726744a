"""Two logs side by side, sample by sample: what differs, and how sure that is."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from statistics import fmean
from typing import Literal

from eval.score import Row, Scored, summed
from eval.scorers import Scorer
from eval.statistics import Figure, mean, needed, share_difference
from guardrails.case import CaseError

MAIN = ("sendable", "first-turn sendable", "clear", "says what it must", "nothing invented", "nothing leaked", "all five R's", "revisions", "cost")
"""The scorers that a comparison speaks of first."""


FEWEST = 8
"""Fewer pairs than this decide nothing: an interval over so few is too narrow as often as not."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How much B lies above A on one scorer, paired by sample, and the sentence that says so."""

    scorer: Scorer
    a: Figure
    b: Figure
    difference: Figure
    decided: Literal["a", "b", "neither"]
    needed: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A sample and epoch whose letter fares otherwise in B: which rules stopped speaking, and which began."""

    a: Row
    b: Row
    better: bool | None
    gone: tuple[str, ...]
    come: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two scored logs over the samples that both hold with the same facts."""

    a: Scored
    b: Scored
    samples: int
    notes: tuple[str, ...]
    differences: Mapping[str, Difference]
    slices: Mapping[str, Mapping[str, Mapping[str, Difference]]]
    """By severity and by category, for the main scorers."""
    changed: tuple[Changed, ...]

    @property
    def summary(self) -> str:
        """The answer in one sentence."""
        return self.differences["sendable"].sentence


def compare(a: Scored, b: Scored) -> Comparison:
    """Return how B compares with A on the samples that both drafted from the same facts. Raises CaseError where there is none."""
    rows_a, rows_b = _by_sample(a.rows), _by_sample(b.rows)
    both = [name for name in rows_a if name in rows_b and rows_a[name][0].sample.hash == rows_b[name][0].sample.hash]
    if not both:
        raise CaseError(f"{a.log.path} and {b.log.path} hold no sample in common with the same facts and a letter in both; draft the same --samples twice")
    notes = [*a.log.notes, *b.log.notes]
    left = {name for rows in (rows_a, rows_b) for name in rows} - set(both)
    if left:
        moved = [name for name in left if name in rows_a and name in rows_b]
        notes.append(
            f"compared on the {len(both)} samples that both logs hold; left out: {len(left)}" + (f", of which {len(moved)} with changed facts" if moved else "")
        )
    for scored in (a, b):
        if scored.failed:
            notes.append(f"{scored.name}: {scored.failed} drafts have no letter and count nowhere")
    pairs = [(rows_a[name], rows_b[name]) for name in both]
    names = ("A", "B")
    differences = {name: _difference(a.metrics[name].scorer, pairs, names) for name in a.metrics if name in b.metrics}
    slices = {
        "severity": _sliced(pairs, a, lambda row: str(row.case.incident.severity or "none")),
        "category": _sliced(pairs, a, lambda row: row.case.incident.category or "other"),
    }
    return Comparison(a, b, len(both), tuple(notes), differences, slices, _changed(pairs))


def _by_sample(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.judged:
            found[row.sample.id].append(row)
    return found


def _difference(scorer: Scorer, pairs: Sequence[tuple[list[Row], list[Row]]], names: tuple[str, str]) -> Difference:
    both = [(rows_a, rows_b) for rows_a, rows_b in pairs if _values(scorer, rows_a) and _values(scorer, rows_b)]
    a, b = (summed(scorer, [row for pair in both for row in pair[side]]).figure for side in (0, 1))
    differences = [fmean(_values(scorer, rows_b)) - fmean(_values(scorer, rows_a)) for rows_a, rows_b in both]
    if scorer.kind == "share":
        figure = share_difference(differences, min(a.n, b.n) / max(len(both), 1))
    else:
        figure = mean(([difference] for difference in differences), (-1.0, 1.0) if scorer.kind == "part" else (-inf, inf))
    decided: Literal["a", "b", "neither"] = "neither"
    if scorer.better != "neither" and figure.n >= FEWEST and (figure.low > 0 or figure.high < 0):
        decided = "b" if (figure.value > 0) == (scorer.better == "more") else "a"
    wanted = needed(differences)
    said = _sentence(scorer, figure, decided, wanted, names) if any(differences) or not figure.n else f"No sample differs on {scorer.name} (n={figure.n})."
    return Difference(scorer, a, b, figure, decided, wanted, said)


def _values(scorer: Scorer, rows: Iterable[Row]) -> list[float]:
    return [score.value for row in rows if (score := row.scores.get(scorer.name)) is not None and score.value is not None]


def _sentence(scorer: Scorer, figure: Figure, decided: str, wanted: int | None, names: tuple[str, str]) -> str:
    if not figure.n:
        return f"{scorer.name}: no sample has a value in both."
    value = scorer.shown(abs(figure.value)) if decided != "neither" else scorer.shown(figure.value)
    unit = "" if scorer.kind == "number" else " point" if value in {"1", "-1"} else " points"
    if decided == "neither":
        told = f"{names[1]} minus {names[0]} {value}{unit}"
        if figure.n < FEWEST:
            return f"Too few samples to say on {scorer.name} ({told}, n={figure.n})."
        told = f"{told}, {scorer.shown(figure.low)} to {scorer.shown(figure.high)}, n={figure.n}"
        if scorer.better == "neither":
            return f"{scorer.name}: {told}."
        more = f"; about {wanted} samples would decide" if wanted and wanted > figure.n else ""
        return f"Not decisive on {scorer.name} ({told}){more}."
    winner = names[1] if decided == "b" else names[0]
    low, high = sorted((abs(figure.low), abs(figure.high)))
    return f"{winner} is better on {scorer.name} by {value}{unit} ({scorer.shown(low)} to {scorer.shown(high)}, n={figure.n})."


def _sliced(pairs: Sequence[tuple[list[Row], list[Row]]], a: Scored, part: Callable[[Row], str]) -> dict[str, dict[str, Difference]]:
    groups: dict[str, list[tuple[list[Row], list[Row]]]] = defaultdict(list)
    for pair in pairs:
        groups[part(pair[0][0])].append(pair)
    scorers = [a.metrics[name].scorer for name in MAIN if name in a.metrics]
    return {name: {scorer.name: _difference(scorer, group, ("A", "B")) for scorer in scorers} for name, group in sorted(groups.items())}


def _changed(pairs: Iterable[tuple[list[Row], list[Row]]]) -> tuple[Changed, ...]:
    found = []
    for rows_a, rows_b in pairs:
        epochs = {row.epoch: row for row in rows_b}
        for one in rows_a:
            two = epochs.get(one.epoch)
            if two is None or one.judged is None or two.judged is None:
                continue
            rules_a = {finding.rule for finding in one.judged.report.findings}
            rules_b = {finding.rule for finding in two.judged.report.findings}
            before, after = one.judged.report.blocked, two.judged.report.blocked
            if before != after or rules_a != rules_b:
                better = None if before == after else before
                found.append(Changed(one, two, better, tuple(sorted(rules_a - rules_b)), tuple(sorted(rules_b - rules_a))))
    order = {False: 0, True: 1, None: 2}
    return tuple(sorted(found, key=lambda item: (order[item.better], item.a.sample.id, item.a.epoch)))
