"""What fails a build: `sendable < 0.9` over the metrics of a run, and the run as JUnit."""

import operator
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from xml.sax.saxutils import escape, quoteattr

from eval.score import Scored
from guardrails.case import CaseError

_EXPRESSION = re.compile(r"\s*(?P<name>.+?)(?P<end>\.(?:low|high))?\s*(?P<sign><=|>=|<|>)\s*(?P<number>-?\d+(?:\.\d+)?)\s*(?P<percent>%?)\s*\Z")
_SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition under which a run fails: a metric, or an end of its interval (`sendable.low`), against a number."""

    text: str
    metric: str
    end: str
    sign: str
    limit: float

    def fails(self, scored: Scored) -> str | None:
        """Return why the run fails, or None. Raises CaseError where there is no such metric."""
        metric = scored.metrics.get(self.metric)
        if metric is None:
            if self.metric.startswith("rule ") and self.sign.startswith(">"):
                return None  # a rule that never spoke
            near = get_close_matches(self.metric, scored.metrics, 1)
            known = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(scored.metrics)}"
            raise CaseError(f"--fail-if {self.text!r}: there is no metric {self.metric!r}{known}")
        if not metric.figure.n:
            return f"{self.text}: no draft has a value"
        value = getattr(metric.figure, self.end)
        return f"{self.text}: {scored.name} has {metric.figure}" if _SIGNS[self.sign](value, self.limit) else None


def gate(text: str) -> Gate:
    """Return the condition written as `sendable < 0.9`, `sendable.low < 90%` or `cost > 0.05`. Raises CaseError."""
    found = _EXPRESSION.match(text)
    if not found:
        raise CaseError(f"--fail-if {text!r}: write a metric, one of < <= > >= and a number, as in 'sendable < 0.9'")
    name = found["name"].replace("_", " ")
    return Gate(text, name, (found["end"] or ".value")[1:], found["sign"], float(found["number"]) / (100 if found["percent"] else 1))


def junit(scored: Iterable[Scored], gates: Iterable[Gate] = ()) -> str:
    """Return runs as JUnit XML: a case for each draft, failed where a rule blocks it, and one for each gate."""
    gates = tuple(gates)
    suites = []
    for one in scored:
        cases, failures, errors = [], 0, 0
        for row in one.rows:
            name = f'<testcase classname={quoteattr(one.name)} name={quoteattr(f"{row.sample.id} #{row.epoch + 1}")} time="{row.drafted.usage.seconds:.3f}"'
            if row.judged is None:
                errors += 1
                cases.append(f"{name}><error message={quoteattr(row.error or '')}/></testcase>")
            elif row.judged.report.blocked:
                failures += 1
                said = "\n".join(f"{finding.rule}: {finding.message}" for finding in row.judged.report.findings if finding.level == "error")
                cases.append(f"{name}><failure message={quoteattr(row.scores['sendable'].explanation)}>{escape(said)}</failure></testcase>")
            else:
                cases.append(f"{name}/>")
        for condition in gates:
            why = condition.fails(one)
            failures += why is not None
            failure = f"><failure message={quoteattr(why)}/></testcase>" if why else "/>"
            cases.append(f"<testcase classname={quoteattr(one.name)} name={quoteattr(f'gate: {condition.text}')}{failure}")
        inside = "\n".join(cases)
        suites.append(f'<testsuite name={quoteattr(one.name)} tests="{len(cases)}" failures="{failures}" errors="{errors}">\n{inside}\n</testsuite>')
    return '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n' + "\n".join(suites) + "\n</testsuites>\n"
