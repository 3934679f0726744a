"""Judge the drafts of a log with every scorer, and sum up: no model is called."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from drafting.config import Configuration
from drafting.triage import triage
from eval.log import Drafted, Log
from eval.samples import Sample
from eval.scorers import SAMENESS, SCORERS, Judged, Score, Scorer, rule_scorer, sameness
from eval.statistics import Figure, mean, share
from guardrails.case import Case, CaseError
from guardrails.letter import Letter, Reading
from guardrails.report import check
from guardrails.rule import RuleError


@dataclass(frozen=True, slots=True)
class Row:
    """One draft with its scores by scorer, or the reason why it has none."""

    sample: Sample
    case: Case
    epoch: int
    drafted: Drafted
    judged: Judged | None
    scores: Mapping[str, Score]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One scorer over all drafts. `silent` counts drafts to which its question does not apply or has no known answer."""

    scorer: Scorer
    figure: Figure
    silent: int


@dataclass(frozen=True, slots=True)
class Scored:
    """A log with a row for each draft and a metric for each scorer. `failed` counts drafts without a letter."""

    log: Log
    rows: tuple[Row, ...]
    metrics: Mapping[str, Metric]
    failed: int
    unscored: int

    @property
    def name(self) -> str:
        """How tables call the run."""
        return self.log.setting.name


def score(log: Log, setup: Configuration, scorers: Sequence[Scorer] = SCORERS) -> Scored:
    """Return what the scorers say of each draft in a log, under the rules and policy of today."""
    wanted = [*scorers, *(rule_scorer(rule.name) for rule in setup.rules)]
    cases = {name: _triaged(log.samples[name], setup) for name in {made.sample for made in log.drafts}}
    found: dict[int, Row] = {}
    # Sample by sample: what the rules have read of a case is kept for its next letter.
    for number, made in sorted(enumerate(log.drafts), key=lambda item: item[1].sample):
        found[number] = _row(log.samples[made.sample], cases[made.sample], made, setup, wanted)
    rows = _with_sameness([found[number] for number in range(len(found))])
    every = [*wanted, SAMENESS]
    metrics = {scorer.name: metric for scorer in every if (metric := summed(scorer, rows)).figure.n or not scorer.name.startswith("rule ")}
    failed = sum(not row.drafted.turns for row in rows)
    return Scored(log, tuple(rows), metrics, failed, sum(row.judged is None for row in rows) - failed)


def _triaged(one: Sample, setup: Configuration) -> Case:
    try:
        return triage(one.case, setup.policy).case
    except CaseError:
        return one.case  # of a category that today's configuration lacks: it is judged as it stands


def _row(one: Sample, case: Case, made: Drafted, setup: Configuration, scorers: Iterable[Scorer]) -> Row:
    if not made.turns:
        return Row(one, case, made.epoch, made, None, {}, made.error or "there is no letter")
    first, last = made.turns[0].letter, made.turns[-1].letter
    try:
        report = check(last, case, setup.policy, rules=setup.rules)
        opening = report if first == last else check(first, case, setup.policy, rules=setup.rules)
    except RuleError as error:
        return Row(one, case, made.epoch, made, None, {}, str(error))
    signer = Reading(last, case, setup.policy).signer
    judged = Judged(last, report, opening, f"{signer.name}, {signer.title}".strip(", "), len(made.turns), made.usage)
    return Row(one, case, made.epoch, made, judged, {scorer.name: scorer.judge(one, judged) for scorer in scorers})


def _with_sameness(rows: list[Row]) -> list[Row]:
    cohorts: dict[tuple[str, int], dict[str, Letter]] = defaultdict(dict)
    for row in rows:
        if row.judged and row.case.incident.id:
            cohorts[row.case.incident.id, row.epoch][row.sample.id] = row.judged.letter
    alike = {key: sameness(letters) for key, letters in cohorts.items() if len(letters) > 1}
    found = []
    for row in rows:
        value = alike.get((row.case.incident.id or "", row.epoch), {}).get(row.sample.id)
        if row.judged:
            said = SAMENESS.judge(row.sample, row.judged) if value is None else Score(value)
            row = replace(row, scores={**row.scores, SAMENESS.name: said})
        found.append(row)
    return found


def summed(scorer: Scorer, rows: Iterable[Row]) -> Metric:
    """Return one scorer's metric over some rows, clustered by sample."""
    clusters: dict[str, list[float]] = defaultdict(list)
    silent = 0
    for row in rows:
        if row.judged is None:
            continue
        value = row.scores[scorer.name].value
        if value is None:
            silent += 1
        else:
            clusters[row.sample.id].append(value)
    if scorer.kind == "share":
        return Metric(scorer, share([bool(value) for value in values] for values in clusters.values()), silent)
    return Metric(scorer, mean(clusters.values(), (0.0, 1.0) if scorer.kind == "part" else (-inf, inf)), silent)
