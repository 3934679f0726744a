"""The marked letters and sentences in `eval/marked`, and the case each of them belongs to."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from guardrails.case import Case
from guardrails.letter import Letter, Reading
from guardrails.policy import default_policy

Record = Mapping[str, Any]

FOLDER = Path(__file__).parent / "marked"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d)?")
_PLAIN = {"timezone": "timezone", "duration": "duration", "impact": "impact", "root_cause": "cause"}


def records(split: str = "tune") -> Iterator[Record]:
    """Yield the marked records of one split, in the order of their files."""
    for path in sorted(FOLDER.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if record["split"] == split:
                yield record


def case(record: Record) -> Case | None:
    """Return the case of a record, its facts under the names of the case model; None where it has no facts."""
    facts = record["facts"]
    if not facts:
        return None
    internal = {key: value for key, value in (facts.get("internal") or {}).items() if value is not None}
    tickets = internal.pop("prior_tickets", None) or []
    if "internal_notes" in internal:
        internal["notes"] = internal.pop("internal_notes")
    incident: dict[str, Any] = {"id": record["id"], "category": record["category"], "severity": record["severity"]}
    incident |= {new: facts[old] for old, new in _PLAIN.items() if facts.get(old)}
    details = {"other": facts["other"]} if facts.get("other") else {}
    for old, new in (("incident_start", "started_at"), ("incident_end", "ended_at")):
        text = facts.get(old)
        if text and _MOMENT.fullmatch(text):
            incident[new] = text.replace(" ", "T")
        elif text:
            details[new] = text
    incident |= {new: [facts[old]] for old, new in (("fix", "fixes"), ("prevention", "prevention")) if facts.get(old)}
    built: dict[str, Any] = {
        "incident": incident | ({"details": details} if details else {}),
        "account": {
            "company": facts["company"],
            "contact": {"name": facts.get("contact_name") or "", "first_name": facts.get("contact_first_name") or ""},
            "background": internal,
            "tickets": [{"id": f"t{number}", "public": True, "subject": str(text)} for number, text in enumerate(tickets, 1)],
        },
        "sender": {"name": facts.get("sender_name") or "", "role": facts.get("sender_role") or "", "company": facts.get("sender_company") or ""},
    }
    if facts.get("approved_compensation"):
        built["remedy"] = {"items": [{"kind": "other", "text": facts["approved_compensation"]}]}
    plan = facts.get("follow_up_plan")
    if plan and not plan.lower().startswith("none"):
        built["follow_up"] = plan
    if facts.get("letter_date"):
        built["written_on"] = facts["letter_date"]
    return Case.model_validate(built)


def reading(record: Record) -> Reading:
    """Return a record as the rules read it. A record without facts is of the severity and category it names."""
    found = Reading(Letter(record["subject"], record["body"]), case(record), default_policy())
    found.severity, found.category = type(found.severity)(record["severity"]), record["category"]
    return found
