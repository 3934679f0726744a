"""Words and figures of the pages: deadlines, money, states, and what goes to the browser. Plain functions."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from guardrails.report import Report

Badge = tuple[str, str]
"""A text and its tone: late, bad, near, good, plain or info."""


def span(delta: timedelta) -> str:
    """Return a length of time in its one telling unit: `40 min`, `5 h`, `3 days`."""
    minutes = max(int(delta.total_seconds() // 60), 0)
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"


def due(at: datetime | None, now: datetime, what: str = "") -> Badge:
    """Return when something is due, in words, with the tone of its urgency."""
    if at is None:
        return ("no deadline", "plain")
    left, name = at - now, f"{what}: " if what else ""
    if left < timedelta(0):
        return (f"{name}{span(-left)} overdue", "late")
    tone = "bad" if left < timedelta(hours=4) else "near" if left < timedelta(hours=24) else "plain"
    return (f"{name}due in {span(left)}", tone)


def when(at: datetime | None, where: tzinfo | None = None) -> str:
    """Return a moment as the viewer's clock shows it: `21 Nov 2026, 14:05`."""
    if at is None:
        return "unknown"
    local = at.astimezone(where) if where else at
    return f"{local.day} {local:%b %Y, %H:%M}" + ("" if where else " UTC")


def ago(at: datetime, now: datetime) -> str:
    """Return how long ago something was: `just now`, `5 min ago`."""
    return "just now" if now - at < timedelta(minutes=1) else f"{span(now - at)} ago"


def amount(value: Decimal | float | None, currency: str | None) -> str:
    """Return a yearly sum short enough for a table: `1.84 M USD`, `48 k EUR`. Unknown is a dash."""
    if value is None:
        return "—"
    number = float(value)
    short = f"{number / 1e6:.2f} M" if number >= 1e6 else f"{number / 1e3:.0f} k" if number >= 1e4 else f"{number:,.0f}"
    return f"{short} {currency or ''}".strip()


def words(name: str) -> str:
    """Return an id as words: `in_review` as `In review`."""
    text = name.replace("_", " ").replace("-", " ")
    return text[:1].upper() + text[1:]


def checks(errors: int, warnings: int) -> list[Badge]:
    """Return the state of a letter's checks as badges."""
    found = [(f"{errors} {'error' if errors == 1 else 'errors'}", "bad")] if errors else []
    found += [(f"{warnings} {'warning' if warnings == 1 else 'warnings'}", "near")] if warnings else []
    return found or [("clear", "good")]


ROLES: Mapping[str, str] = {
    "rep": "a support representative",
    "csm": "a CSM",
    "support_lead": "a support lead",
    "account_manager": "an account manager",
    "vp_cs": "a VP of Customer Success",
    "head_of_product": "a head of product",
    "executive": "an executive",
}
"""The roles that sign, as a person says them."""

SEVERITY_TONES: Mapping[str, str] = {"low": "plain", "medium": "info", "high": "near", "critical": "bad"}


def for_browser(report: Report, subject: str, body: str, suppressed: bool = True) -> dict[str, Any]:
    """Return a report with offsets in the browser's units: JavaScript counts UTF-16 code units, Python code points."""
    said = report.as_dict()
    if subject.isascii() and body.isascii():
        return said
    places = {"subject": utf16(subject), "body": utf16(body)}
    for item in [*said["findings"], *said["suppressed"], *(place for element in said["elements"].values() for place in element["evidence"])]:
        item["start"], item["end"] = places[item["field"]][item["start"]], places[item["field"]][item["end"]]
    return said


def utf16(text: str) -> list[int]:
    """Return for each code point offset of a text the offset in UTF-16 code units."""
    places = [0]
    for letter in text:
        places.append(places[-1] + (2 if ord(letter) > 0xFFFF else 1))
    return places


def pairs(facts: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return facts as key and text, in their order."""
    return [(key, str(value)) for key, value in facts.items()]


def csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV that a spreadsheet opens without running a formula from a customer's words."""
    import csv as writer
    import io

    out = io.StringIO()
    sheet = writer.writer(out, lineterminator="\r\n")
    sheet.writerow(columns)
    for row in rows:
        sheet.writerow([_inert(cell) for cell in row])
    return out.getvalue()


def _inert(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and re.match(r"\s*[=+\-@\t\r]", cell) else cell
