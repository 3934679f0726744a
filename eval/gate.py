"""What fails a build: `sendable < 0.9` over the metrics of a run, and the run as JUnit."""

import operator
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from xml.sax.saxutils import escape, quoteattr

from eval.score import Scored
from guardrails.case import CaseError

_EXPRESSION = re.compile(r"\s*(?P<name>.+?)(?P<end>\.(?:low|high))?\s*(?P<sign><=|>=|<|>)\s*(?P<number>-?(?:\d+(?:\.\d+)?|\.\d+))\s*(?P<percent>%?)\s*\Z")
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


def junit(scored: Sequence[Scored], gates: Iterable[Gate] = ()) -> str:
    """Return runs as JUnit XML: a case for each draft, and for the run that is gated, the last, one for each gate.

    A draft that a rule blocks has failed; where gates decide it is skipped with its reason instead, so
    that the file fails exactly where the command does.
    """
    gates = tuple(gates)
    suites = [_suite(number, one, gates, gates if one is scored[-1] else ()) for number, one in enumerate(scored)]
    return '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n' + "\n".join(suites) + "\n</testsuites>\n"


def _suite(number: int, scored: Scored, gates: Sequence[Gate], here: Sequence[Gate]) -> str:
    cases: list[str] = []
    told = dict.fromkeys(("failure", "error", "skipped"), 0)

    def case(name: str, seconds: float, outcome: str = "", kind: str = "", message: str = "", text: str = "") -> None:
        inside = ""
        if outcome:
            told[outcome] += 1
            inside = f"<{outcome} type={quoteattr(kind)} message={quoteattr(_legal(message))}>{escape(_legal(text))}</{outcome}>"
        cases.append(f'<testcase classname={quoteattr(scored.name)} name={quoteattr(name)} time="{seconds:.3f}">{inside}</testcase>')

    for row in scored.rows:
        name, seconds = f"{row.sample.id} #{row.epoch + 1}", row.drafted.usage.seconds
        if row.judged is None:
            case(name, seconds, "error", "no-letter", row.error or "")
        elif row.judged.report.blocked:
            said = "\n".join(f"{finding.rule}: {finding.message}" for finding in row.judged.report.findings if finding.level == "error")
            case(name, seconds, "skipped" if gates else "failure", "blocked", row.scores["sendable"].explanation, said)
        else:
            case(name, seconds)
    for condition in here:
        why = condition.fails(scored)
        case(f"gate: {condition.text}", 0.0, *(("failure", "gate", why) if why else ()))
    about = (
        f'name={quoteattr(scored.name)} package="amends.eval" id="{number}" hostname="localhost" timestamp="{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}" '
        f'tests="{len(cases)}" failures="{told["failure"]}" errors="{told["error"]}" skipped="{told["skipped"]}" '
        f'time="{sum(row.drafted.usage.seconds for row in scored.rows):.3f}"'
    )
    return "\n".join([f"<testsuite {about}>", "<properties/>", *cases, "<system-out/>", "<system-err/>", "</testsuite>"])


def _legal(text: str) -> str:
    """Return the text without the characters that no XML may hold, which a model may well write."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
