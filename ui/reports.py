"""Reports for pipelines: SARIF 2.1.0 and JUnit XML, written piece by piece so that memory stays flat."""

import json
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from guardrails.finding import Finding, Level
from guardrails.rule import Rule
from ui.format import visible

if TYPE_CHECKING:
    from ui.commands.check import Checked

_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.SUGGESTION: "note"}


def sarif(results: Iterable["Checked"], rules: Iterable[Rule]) -> Iterator[str]:
    """Yield one SARIF 2.1.0 log. Offsets count code points of the field that `logicalLocations` names."""
    driver = {
        "name": "amends",
        "version": version("amends"),
        "rules": [{"id": rule.name, "shortDescription": {"text": (rule.doc or rule.message).strip().splitlines()[0]}} for rule in rules],
    }
    yield '{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [{"columnKind": "unicodeCodePoints", '
    yield f'"tool": {json.dumps({"driver": driver}, ensure_ascii=False)}, "results": ['
    first, faults = True, []
    for result in results:
        if result.report is None:
            faults.append({"level": "error", "message": {"text": f"{result.id}: {result.error}"}})
            continue
        for finding in result.report.findings:
            yield ("" if first else ",\n") + json.dumps(_sarif(result.id or "letter", finding), ensure_ascii=False)
            first = False
    done = {"executionSuccessful": not faults, "toolExecutionNotifications": faults}
    yield f'], "invocations": [{json.dumps(done, ensure_ascii=False)}]}}]}}\n'


def _sarif(name: str, finding: Finding) -> dict[str, Any]:
    region = {"charOffset": finding.start, "charLength": finding.end - finding.start}
    return {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.level],
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": name}, "region": region}, "logicalLocations": [{"name": finding.field}]}],
    }


def junit(results: Iterable["Checked"], rules: Iterable[Rule]) -> Iterator[str]:
    """Yield one JUnit file: a test suite a letter, a failed case for each finding that is not a suggestion."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="amends">\n'
    for result in results:
        name = quoteattr(result.id or "letter")
        if result.report is None:
            error = f"<error message={quoteattr(result.error or '')}/>"
            yield f'<testsuite name={name} tests="1" failures="0" errors="1"><testcase name="readable">{error}</testcase></testsuite>\n'
            continue
        failed = [finding for finding in result.report.findings if finding.level is not Level.SUGGESTION]
        names = {finding.rule for finding in failed}
        passed = [rule.name for rule in rules if rule.name not in names and rule.name not in result.report.unchecked]
        yield f'<testsuite name={name} tests="{len(passed) + len(failed)}" failures="{len(failed)}" errors="0">\n'
        for finding in failed:
            place = f"{finding.field} {finding.start}-{finding.end}"
            text = escape(visible(f"{finding.message} ({place})"))
            yield f"<testcase name={quoteattr(finding.rule)}><failure type={quoteattr(finding.level.value)}>{text}</failure></testcase>\n"
        yield "".join(f"<testcase name={quoteattr(rule)}/>\n" for rule in passed)
        yield "</testsuite>\n"
    yield "</testsuites>\n"
