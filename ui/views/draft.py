"""Draft a letter: a sample, a file or what you type; what is missing is asked for; the letter streams in."""

from datetime import date
from pathlib import Path
from typing import Any

import streamlit as st

from drafting import aftercare
from drafting import desk as desks
from drafting.errors import DeskError
from drafting.models import ModelFailure
from drafting.triage import Override, Triage
from drafting.users import MAY
from guardrails.case import CaseError, Severity, decode, parse
from guardrails.rule import RuleError
from ui import drafts, identity, jobs, letters, state
from ui.client import desk, samples, service
from ui.components import letter_editor, sent, sheet
from ui.display import ROLES, pairs, words

KEY = "draft_page"
session = st.session_state
person = identity.current()
if person is None:
    st.stop()
here = desk(person)
may = here.user.sole or here.user.position in MAY["write letters"]

BY_HAND = "Enter it by hand"
FILE = "Open a case file"


def title(name: str) -> str:
    """Return a sample as a person chooses it."""
    if name in (BY_HAND, FILE):
        return name
    case = samples()[name]
    return f"Sample: {words(name)}, {case.account.company}"


def forget() -> None:
    """Another case is chosen: what was drafted for the last one is no longer on this page."""
    for key in (state.DRAFT_JOB, state.DRAFT_DONE, state.DRAFT_WORD):
        session.pop(key, None)


def hand_form() -> dict[str, Any] | None:
    """Ask for the least a letter needs; keep every word as it is typed."""
    kept = desks.kept(here, "draft-form") or {}

    def keep() -> None:
        desks.keep(here, "draft-form", {name: session[f"hand_{name}"] for name in FIELDS if session.get(f"hand_{name}")})

    for name, (label, tall) in FIELDS.items():
        key = f"hand_{name}"
        if key not in session:
            session[key] = kept.get(name, "")
        if tall:
            st.text_area(label, key=key, on_change=keep, height=80)
        else:
            st.text_input(label, key=key, on_change=keep)
    said = {name: str(session.get(f"hand_{name}") or "").strip() for name in FIELDS}
    if not said["company"] or not (said["summary"] or said["impact"]):
        return None
    return drafts.by_hand(said, date.today())


FIELDS = {
    "company": ("Company", False),
    "contact": ("Contact: first and last name", False),
    "summary": ("What happened", True),
    "impact": ("What it did to this account", True),
    "cause": ("Cause, if it is known", True),
    "fix": ("What has been done, one a line", True),
    "prevention": ("What keeps it from coming back, one a line", True),
    "remedy": ("What has been approved for them, one a line", True),
    "approved_by": ("Approved by", False),
    "follow_up": ("What we commit to next, with its date", False),
    "sender": ("Who signs", False),
    "sender_title": ("Their title", False),
}


def promise(one: aftercare.Earlier) -> list[tuple[str, str]]:
    """Return an earlier promise as a line: what became of it, the words, the day."""
    tone = {"kept": "good", "kept late": "near", "late": "late"}.get(one.state, "info")
    return [(words(one.state), tone), (one.promise.text, ""), *([(f"by {one.promise.due:%d %b %Y}", "plain")] if one.promise.due else [])]


def given() -> object:
    """Return the case that was chosen, dropped or typed, as plain data."""
    chosen = st.selectbox("Case", [*samples(), FILE, BY_HAND], format_func=title, key="draft_source", on_change=forget, persist_state="session")
    if chosen == BY_HAND:
        return hand_form()
    if chosen == FILE:
        file = st.file_uploader("Case file", type=["toml", "json", "yaml", "yml"], key="draft_file", on_change=forget)
        if file is None:
            st.caption("A case says what happened, to whom, and what we may offer: TOML, JSON or YAML.")
            return None
        return decode(file.getvalue().decode("utf-8-sig", "replace"), Path(file.name).suffix.lower(), file.name)
    return drafts.plain(samples()[chosen])


def started() -> None:
    """Begin to write, in the background."""
    forget()
    ready, again = session[state.DRAFT_READY]
    try:
        session[state.DRAFT_JOB] = drafts.start(here.user, ready, again, session.get("draft_model"), session.get("draft_tone"))
    except (DeskError, CaseError, RuleError, ModelFailure) as error:
        session[state.DRAFT_DONE] = {"error": str(error)}


def stopped() -> None:
    """End the draft; the text so far stays."""
    if job := jobs.get(session.get(state.DRAFT_JOB, ""), here.user.name):
        job.stop()


def drafted() -> None:
    """Remember what became of the draft."""
    session[state.DRAFT_DONE] = sent(KEY, "drafted")
    if session[state.DRAFT_DONE].get("letter"):
        desks.discard(here, "draft")


def act() -> None:
    """Open the letter, or keep a text that broke off as a letter of one's own."""
    said = sent(KEY, "act")
    done = session.get(state.DRAFT_DONE) or {}
    if said.get("name") == "open" and done.get("letter"):
        session[state.OPEN] = done["letter"]
    if said.get("name") == "keep":
        ready, again = session[state.DRAFT_READY]
        try:
            session[state.OPEN] = drafts.keep(here.user, ready, again, str(said["subject"]), str(said["body"]))
            desks.discard(here, "draft")
        except DeskError as error:
            session[state.DRAFT_DONE] = {"error": str(error), "subject": said["subject"], "body": said["body"]}


st.title("Draft a letter")
left, right = st.columns([5, 11], gap="medium")
ready: Triage | None = None
with left:
    try:
        data = given()
        if data is not None:
            case = parse(data, "case")
            asked = drafts.ready(person, case)[0].missing
            case = drafts.filled(case, {need.fact.split("|")[0]: session.get(f"answer_{need.fact}") for need in asked})
            found, again = drafts.ready(person, case)
            kinds, source = sorted(here.policy.categories), session.get("draft_source")
            proposed = (found.case.incident.severity or Severity.MEDIUM, found.case.incident.category or "other")
            with st.container(horizontal=True, gap="small"):
                severity = st.selectbox(
                    "Severity", list(Severity), index=proposed[0].rank, format_func=lambda one: words(one.value), key=f"severity_{source}_{proposed}"
                )
                category = st.selectbox("Kind of letter", kinds, index=kinds.index(proposed[1]), format_func=words, key=f"category_{source}_{proposed}")
            ready = found
            if severity is not proposed[0] or category != proposed[1]:
                why = st.text_input("Why do you overrule the proposal?", key="overrule_why")
                ready = None
                if why.strip():
                    graver = severity if severity is not proposed[0] else None
                    other = category if category != proposed[1] else None
                    ready, again = drafts.ready(person, case, Override(person.name, why.strip(), graver, other))
                else:
                    st.caption("Give a reason, and the letter follows your choice.")
    except CaseError as error:
        sheet("case_error", {"title": "This case can not be used", "text": str(error), "tone": "soft"})
    if ready:
        demand = here.policy.severity[ready.case.incident.severity or Severity.MEDIUM]
        reasons = [
            ("Severity", "; ".join(ready.severity_reasons)),
            ("Kind", "; ".join((*again.reasons, *ready.category_reasons))),
            ("Signs", f"{ROLES[(again.signs or demand.signs).value]} or above"),
        ]
        blocks: list[dict[str, Any]] = [{"title": "Proposed, and why", "facts": reasons, "tone": "soft"}]
        if ready.warnings:
            blocks.append({"title": "Look at this first", "items": list(ready.warnings)})
        if again.promises:
            blocks.append({"title": "Promised to them before", "items": [promise(one) for one in again.promises[-aftercare.MOST :]]})
        sheet("case_reasons", *blocks)
        with st.container(horizontal=True, gap="small"):
            models = list(dict.fromkeys([*service().settings.models, "template"]))
            st.selectbox(
                "Model", models, key="draft_model", format_func=lambda name: "Template, no model" if name == "template" else name, persist_state="session"
            )
            st.selectbox("Tone", list(drafts.TONES), key="draft_tone", persist_state="session")
        session[state.DRAFT_READY] = (ready, again)
    job = jobs.get(session.get(state.DRAFT_JOB, ""), person.name)
    done = session.get(state.DRAFT_DONE)
    running = job is not None and done is None
    if job is None and done is None and (left_here := desks.kept(here, "draft")):
        done = {"left": True, "subject": left_here["subject"], "body": left_here["body"]}
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Draft again" if done else "Draft the letter",
            type="secondary" if done and done.get("letter") else "primary",
            key="go",
            shortcut="Mod+Enter",
            on_click=started,
            disabled=ready is None or running or not may,
        )
        if running:
            st.button("Stop", key="stop", shortcut="Esc", on_click=stopped)
    if not may:
        st.caption(f"Your role, {person.position.value}, reads letters and does not write them.")
    if ready and asked:
        with st.expander(f"Not known yet ({len(ready.missing)})", expanded=any(not need.optional for need in ready.missing)):
            for need in asked:
                st.text_input(
                    need.ask,
                    key=f"answer_{need.fact}",
                    help=f"Without it, {need.blocks} stays weak." + (" Optional." if need.optional else ""),
                    persist_state="session",
                )
    if ready:
        with st.expander("Facts the letter may use"):
            sheet("case_facts", {"facts": pairs(ready.case.facts())})
with right:
    buttons: list[dict[str, Any]] = []
    alerts: list[dict[str, Any]] = []
    if done and done.get("letter"):
        buttons = [{"gap": True}, {"name": "open", "label": f"Open {letters.ref(done['letter'])} to finish it", "key": "Alt+O", "primary": True}]
        alerts = [{"text": f"Kept as {letters.ref(done['letter'])}, revision 1. {done.get('said', '')}".strip(), "tone": "note"}]
    elif done and ready:
        buttons = [{"gap": True}, {"name": "keep", "label": "Keep this text as a letter", "primary": True}]
        if done.get("left"):
            alerts = [{"text": "This text was left here. Keep it as a letter, or draft anew.", "tone": "note"}]
        if done.get("error"):
            alerts = [{"text": f"Drafting failed: {done['error']}. What has been written stays below: draft again, choose another model, or go on by hand."}]
    if ready and state.DRAFT_WORD not in session:
        session[state.DRAFT_WORD] = letters.lend(person, ready.case)
    letter_editor(
        KEY,
        {
            "key": session.get(state.DRAFT_JOB, "left" if done else "none"),
            "subject": (done or {}).get("subject", ""),
            "body": (done or {}).get("body", ""),
            "readonly": running or bool(done and done.get("letter")) or not (job or done),
            "base": 0,
            "check_url": "/api/check",
            "check": {"case": session.get(state.DRAFT_WORD)},
            "keep_url": None if done and done.get("letter") else "/api/typed/draft",
            "stream_url": f"/api/drafts/{job.id}/stream" if job and running else None,
            "alerts": alerts,
            "actions": buttons,
            "empty": "No draft yet. Choose a case and press Draft the letter.",
        },
        act=act,
        drafted=drafted,
    )
if opened := session.pop(state.OPEN, None):
    forget()
    st.switch_page("views/letter.py", query_params={"id": str(opened)})
