"""Findings, letters, money and times as a person reads them: plain functions."""

import os
import sys
from collections.abc import Iterable
from decimal import Decimal
from typing import TextIO

from guardrails.finding import Finding, Level
from guardrails.letter import Letter
from guardrails.marks import mark
from guardrails.report import Report

_COLOUR = {Level.ERROR: "1;31", Level.WARNING: "33", Level.SUGGESTION: "36"}


def colourful(stream: TextIO | None = None) -> bool:
    """Whether the stream is a terminal that wants colour (https://no-color.org is honoured)."""
    stream = stream or sys.stdout
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def painted(text: str, code: str) -> str:
    """Return the text in a terminal's colour, or as it is where there is none."""
    return f"\x1b[{code}m{text}\x1b[0m" if colourful() else text


def visible(text: str) -> str:
    """Return a foreign text without the control characters that could steer a terminal."""
    return "".join(letter for letter in text if letter in "\n\t" or letter.isprintable() or letter == "\u00a0")


def marked(letter: Letter, report: Report) -> str:
    """Return subject and body with each finding's words in «…»; suggestions to the wording are left unmarked."""
    shown = [finding for finding in report.findings if finding.start < finding.end or finding.level is not Level.SUGGESTION]

    def part(field: str, text: str) -> str:
        out = visible(mark(text, (plain_mark(finding) for finding in shown if finding.field == field)))
        return out.replace("«", painted("«", "1;31")).replace("»", painted("»", "1;31"))

    return f"Subject: {part('subject', letter.subject)}\n\n{part('body', letter.body)}"


def plain_mark(finding: Finding) -> Finding:
    """Return the finding without its suggestion, which `described` prints."""
    from dataclasses import replace

    return replace(finding, suggestion=None)


def described(report: Report) -> str:
    """Return a line for each finding and one that sums up."""
    width = max((len(finding.rule) for finding in report.findings), default=0)
    lines = [_finding(finding, width) for finding in report.findings]
    counts = [f"{n} {level.value}{'s' if n > 1 else ''}" for level in Level if (n := sum(f.level is level for f in report.findings))]
    state = painted("Blocked", "1;31") if report.blocked else painted("Needs a look", "33") if report.verdict == "fix" else painted("Clear", "32")
    lines.append(f"{state}: {', '.join(counts) or 'no findings'}." + (f" Not checked: {', '.join(report.unchecked)}." if report.unchecked else ""))
    return "\n".join(lines)


def _finding(finding: Finding, width: int) -> str:
    text = f"{finding.rule:<{width}}  {painted(f'{finding.level.value:<10}', _COLOUR[finding.level])}  {finding.message}"
    if finding.suggestion is not None:
        text += f' Write: "{finding.suggestion}".'
    if finding.evidence and finding.rule != "passive-voice":
        text += f" ({finding.evidence})"
    return visible(text)


def money(cost: Decimal | None) -> str:
    """Return a cost in dollars, or `unknown`: never 0 for what nobody knows."""
    return "unknown" if cost is None else f"${cost:.4f}".rstrip("0").rstrip(".") if cost else "$0"


def table(rows: Iterable[tuple[str, ...]]) -> str:
    """Return rows as columns two spaces apart, the last one ragged."""
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)] if rows else []
    return "\n".join("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows)
