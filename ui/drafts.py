"""From what somebody chose or typed to a draft on its way: the case, its answers, and the job that writes."""

import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from drafting import aftercare
from drafting import desk as desks
from drafting.desk import Written
from drafting.pipeline import Draft, draft
from drafting.settings import Settings
from drafting.triage import Override, Triage, triage
from drafting.users import User
from guardrails.case import Case, parse
from guardrails.letter import Letter
from guardrails.policy import Policy
from ui import jobs
from ui.client import desk, service

TONES: Mapping[str, str] = {
    "As the policy says": "",
    "Plainer": "plain and short, everyday words",
    "Warmer": "warm and personal, still precise",
    "More formal": "formal and reserved",
}


def plain(case: Case) -> dict[str, Any]:
    """Return a case as the plain data it could have been read from."""
    return case.model_dump(mode="json", exclude_defaults=True)


def by_hand(said: Mapping[str, str], today: date) -> dict[str, Any]:
    """Return the case that the form's fields describe."""
    first, _, last = said["contact"].partition(" ")
    lines = {name: [line.strip() for line in said[name].splitlines() if line.strip()] for name in ("fix", "prevention", "remedy")}
    case: dict[str, Any] = {
        "incident": {"summary": said["summary"], "cause": said["cause"] or None, "fixes": lines["fix"], "prevention": lines["prevention"]},
        "account": {"company": said["company"], "impact": said["impact"] or None, "contact": {"name": f"{first} {last}".strip(), "first_name": first}},
        "remedy": {"items": [{"text": line} for line in lines["remedy"]], "approved_by": said["approved_by"] or None},
        "sender": {"name": said["sender"], "title": said["sender_title"]},
        "follow_up": said["follow_up"] or None,
        "written_on": today.isoformat(),
    }
    if not said["summary"]:
        case["incident"]["summary"] = None
    return case


def filled(case: Case, answers: Mapping[str, Any]) -> Case:
    """Return the case with what somebody answered to the questions about it: fact key to text."""
    data = plain(case)
    for fact, answer in answers.items():
        text = str(answer or "").strip()
        if not text:
            continue
        *path, last = fact.split(".")
        place = data
        for name in path:
            place = place.setdefault(name, {})
        if fact in ("incident.fixes", "incident.prevention"):
            place[last] = [line.strip() for line in text.splitlines() if line.strip()]
        elif fact == "remedy.items":
            place[last] = [{"text": text}]
        elif fact == "account.tickets":
            place[last] = [{"body": text}]
        else:
            place[last] = text
    return parse(data, "case") if answers else case


def ready(user: User, case: Case, override: Override | None = None) -> tuple[Triage, aftercare.Recurrence]:
    """Return the case ready for drafting, with what the record knows of the account taken in."""
    here = desk(user)
    again = aftercare.recurrence(here, case, category=override.category if override else None)
    found = triage(again.case, here.policy, override)
    if again.reasons and found.case.incident.severity and not again.signs:
        # The severity was not known before triage: ask again, so that the signer moves up from the right rank.
        again = replace(aftercare.recurrence(here, found.case, category=found.case.incident.category), reasons=again.reasons)
    return found, again


def start(user: User, found: Triage, again: aftercare.Recurrence, model: str | None, tone: str | None) -> str:
    """Begin to write in the background and return the job's id; the letter goes into the record by itself."""
    from drafting.writers import writer  # it brings the model libraries, which the page itself does not wait for

    here, setup = desk(user), service().setup
    settings = Settings.read(os.environ, models=[model] if model else ())
    policy = toned(here.policy, found.case, TONES.get(tone or "", ""))
    complete = writer(settings, replace(setup, policy=policy))(found.case)

    async def write(job: jobs.Job) -> Draft:
        return await draft(found.case, complete, policy, rules=setup.rules, folder=setup.prompts)

    def done(made: Draft) -> jobs.Event:
        row = desks.add(here, found.case, desks.written(made), signs=again.signs, overruled=asdict(found.override) if found.override else None)
        usage = made.usage
        tokens = f", {usage.input_tokens} + {usage.output_tokens} tokens" if usage.input_tokens else ""
        by = "the template from the facts alone; no model was called" if made.model == "template" else made.model
        return {"letter": row.id, "said": f"Written by {by}{tokens}, {usage.seconds:.1f} s, prompt {made.turns[-1].prompt}."}

    return jobs.start(user.name, write, done).id


def keep(user: User, found: Triage, again: aftercare.Recurrence, subject: str, body: str) -> int:
    """Keep a text that broke off, or was mended by hand, as a letter of its own, and return its number."""
    overruled = asdict(found.override) if found.override else None
    return desks.add(desk(user), found.case, Written(Letter(subject, body)), signs=again.signs, overruled=overruled).id


def toned(policy: Policy, case: Case, tone: str) -> Policy:
    """Return the policy with another tone for this case's severity, for the writer alone."""
    severity = case.incident.severity
    if not tone or severity is None:
        return policy
    return policy.model_copy(update={"severity": policy.severity | {severity: policy.severity[severity].model_copy(update={"tone": tone})}})
