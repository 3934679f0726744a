"""What a model is told: the facts, the background, the customer's words as data, what the policy asks.

Everything here turns a case into text. What goes in is bounded: a long thread is cut, oldest
message first, and the text says so.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from drafting.triage import PROMISED
from guardrails.case import Case, CaseError, Ticket, Value
from guardrails.category import Category
from guardrails.finding import Finding, Level
from guardrails.letter import Letter
from guardrails.policy import Policy
from prompts import Prompt, render

TICKET_TOKENS = 2_000
"""Most that the customer's messages may take; about eight pages."""
FACT_TOKENS = 12_000
"""Most that facts and background may take together, before a case is refused as too long for a letter."""


def write_prompt(case: Case, category: Category, policy: Policy, folder: Path | None = None) -> Prompt:
    """Return the prompt for the first draft. Raises CaseError where the facts alone are too long for one."""
    return _bounded(
        render(
            "write",
            folder=folder,
            category=_category(category),
            demands=_demands(case, policy),
            facts=facts(case),
            tickets=tickets(case),
            earlier=_earlier(case),
            background=background(case),
        )
    )


def revise_prompt(case: Case, policy: Policy, letter: Letter, findings: Iterable[Finding], folder: Path | None = None) -> Prompt:
    """Return the prompt that asks for the findings in a letter to be mended."""
    return _bounded(
        render(
            "revise",
            folder=folder,
            facts=facts(case),
            tickets=tickets(case),
            background=background(case),
            demands=_demands(case, policy),
            subject=_inert(letter.subject),
            body=_inert(letter.body),
            findings=_findings(findings),
        )
    )


def _bounded(prompt: Prompt) -> Prompt:
    if prompt.tokens > FACT_TOKENS + TICKET_TOKENS + 4_000:
        raise CaseError(f"the case: its facts make a prompt of about {prompt.tokens} tokens; shorten the longest texts (the limit is {FACT_TOKENS})")
    return prompt


def facts(case: Case) -> str:
    """Return what may be said, a line each: `incident.started_at: Tuesday 9 June 2026, 09:20`. Tickets stand apart."""
    return _lines((key, value) for key, value in case.facts().items() if not key.startswith(("account.tickets", "account.apologies")))


def background(case: Case) -> str:
    """Return what only shapes the letter, a line each, notes that the customer can not see among it."""
    return _lines(case.background().items())


def tickets(case: Case, limit: int = TICKET_TOKENS) -> str:
    """Return the customer's public messages, fenced, oldest first; beyond the limit the oldest are left out, and it says so."""
    public = sorted((ticket for ticket in case.account.tickets if ticket.public), key=lambda ticket: str(ticket.at or ""))
    kept: list[str] = []
    room = limit * 4
    for ticket in reversed(public):
        text = _ticket(ticket)
        if len(text) > room:
            if not kept:
                kept.append(_ticket(ticket.model_copy(update={"body": f"[cut] … {ticket.body[-max(room - 200, 0) :]}" if room > 200 else "[cut]"})))
            break
        kept.append(text)
        room -= len(text)
    left_out = len(public) - len(kept)
    note = [f"[{left_out} older message{'s' if left_out > 1 else ''} left out]"] if left_out else []
    return "\n".join([*note, *reversed(kept)]) or "none"


def _ticket(ticket: Ticket) -> str:
    head = ", ".join(part for part in (ticket.id or "", _said(ticket.at) if ticket.at else "", _inert(ticket.author)) if part)
    return f"<ticket>\n{head}\n{_inert(ticket.subject)}\n{_inert(ticket.body)}\n</ticket>"


_FENCE = re.compile(r"<(?=\s*/?\s*(?:ticket|draft)\b)", re.IGNORECASE)


def _inert(text: str) -> str:
    """Take from a foreign text the power to close the fence it stands in."""
    return _FENCE.sub("‹", text)


def _lines(pairs: Iterable[tuple[str, Value]]) -> str:
    items = dict(pairs)
    return "\n".join(f"{key}: {_inert(_said(value))}" for key, value in items.items()) or "none"


def _said(value: Value) -> str:
    if isinstance(value, datetime):
        zone = value.strftime(" UTC%z") if value.tzinfo else ""
        return f"{value:%A} {value.day} {value:%B %Y}, {value:%H:%M}{zone}"
    if isinstance(value, date):
        return f"{value:%A} {value.day} {value:%B %Y}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return " ".join(str(value).split())


def _category(category: Category) -> str:
    lines = [f"{category.title}. {category.when}", f"Subject line: {category.subject}", f"Tone: {category.tone}"]
    return "\n".join([*lines, *(f"- {item}" for item in category.must)])


def _demands(case: Case, policy: Policy) -> str:
    severity = case.incident.severity
    if severity is None:
        raise CaseError("incident.severity: is not set; classify the case first (drafting.triage)")
    demand = policy.severity[severity]
    return "\n".join(
        [
            f"Severity: {severity.value}. Tone: {demand.tone}.",
            f"At most {demand.apologies} sentences of apology.",
            "Announce the next contact, as the facts state it."
            if demand.follow_up == "required"
            else "A check-in is optional; announce one only if the facts do.",
            "Name the post-mortem and its date, if the facts do." if demand.postmortem else "No post-mortem is owed.",
            f"Written for a reader of {case.account.locale or 'plain international'} English.",
        ]
    )


def _earlier(case: Case) -> str:
    lines = [f"- {_said(one.at)}: {one.category or 'an apology'}{f', {_inert(one.incident)}' if one.incident else ''}" for one in case.account.apologies]
    if lines:
        lines.append("They have heard apologies before: say so plainly, and lean on what is structurally different this time.")
    if case.incident.details.get(PROMISED):
        lines.append(
            f"What we promised them before is among the facts, as incident.details.{PROMISED}, with what became of it. "
            "Where one is late, say so in one plain sentence; where one is kept, do not boast of it; promise none of them anew unless the facts do."
        )
    return "\n".join(lines) or "none"


_ORDER = {Level.ERROR: 0, Level.WARNING: 1, Level.SUGGESTION: 2}


def _findings(findings: Iterable[Finding]) -> str:
    def told() -> Iterator[str]:
        for number, finding in enumerate(sorted(findings, key=lambda item: (_ORDER[item.level], item.order)), 1):
            where = f'in the {finding.field}, "{_inert(" ".join(finding.quote.split()))}"' if finding.quote else "the letter as a whole"
            better = f' Write "{finding.suggestion}" there.' if finding.suggestion else ""
            held = f" (fact: {finding.evidence})" if finding.evidence else ""
            yield f"{number}. {where}: {finding.message}{better}{held}"

    return "\n".join(told())
