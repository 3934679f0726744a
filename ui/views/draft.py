"""Draft a letter: a sample, a file or what you type; what is missing is asked for; the letter streams in."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import streamlit as st

from drafting import aftercare
from drafting import desk as desks
from drafting.errors import DeskError
from drafting.models import ModelFailure
from drafting.rows import case_hash
from drafting.triage import Override, Triage
from drafting.users import MAY
from guardrails.case import CaseError, Severity, decode, parse
from guardrails.rule import RuleError
from ui import drafts, identity, jobs, letters, state
from ui.client import desk, samples, service
from ui.components import fields, letter_editor, sent, sheet
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
BY_HAND_ANSWERS = f"answers-{'0' * 16}"


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


def another() -> None:
    """Leave the draft when another case is chosen. The same one said again, as the address does, leaves it where it is."""
    if session.get("case") != session.get(state.DRAFT_CASE):
        forget()


def filled_in(place: str, asked: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """Draw fields and return what stands in them: kept with the person's record as they type, and back after a reload."""

    def typed() -> None:
        desks.keep(here, place, sent(place, "typed").get("values", {}))

    kept = desks.kept(here, place) or {}
    fields(place, {"key": f"{place}/{session.get(state.FORM, 0)}", "fields": list(asked), "values": kept, "keep_url": f"/api/fields/{place}"}, typed=typed)
    return {str(one["name"]): str(kept.get(str(one["name"])) or "").strip() for one in asked}


def hand_form() -> dict[str, Any] | None:
    """Ask for the least a letter needs."""
    said = filled_in("draft-form", FIELDS)
    if not said["company"] or not (said["summary"] or said["impact"]):
        st.caption("A company, and what happened: with these two a letter can be drafted. The more you know, the better it gets.")
        return None

    def clear() -> None:
        for place in ("draft-form", BY_HAND_ANSWERS):
            desks.discard(here, place)
        session[state.FORM] = session.get(state.FORM, 0) + 1
        forget()

    st.button("Clear the form", key="clear_form", type="tertiary", on_click=clear)
    return drafts.by_hand(said, date.today())


FIELDS: tuple[dict[str, object], ...] = (
    {"name": "company", "label": "Company", "half": True},
    {"name": "contact", "label": "Contact: first and last name", "half": True},
    {"name": "summary", "label": "What happened", "tall": True, "example": "Your March report came a week late."},
    {"name": "impact", "label": "What it did to this account", "tall": True, "example": "Your board met without the figures."},
    {"name": "cause", "label": "Cause, if it is known", "tall": True},
    {"name": "fix", "label": "What has been done, one a line", "tall": True},
    {"name": "prevention", "label": "What keeps it from coming back, one a line", "tall": True},
    {"name": "remedy", "label": "What has been approved for them, one a line", "tall": True, "example": "A credit of EUR 500"},
    {"name": "approved_by", "label": "Approved by"},
    {"name": "follow_up", "label": "What we commit to next, with its date", "example": "I will call you on Friday 27 November at 10:00."},
    {"name": "sender", "label": "Who signs", "half": True},
    {"name": "sender_title", "label": "Their title", "half": True},
)


def promise(one: aftercare.Earlier) -> list[tuple[str, str]]:
    """Return an earlier promise as a line: what became of it, the words, the day."""
    tone = {"kept": "good", "kept late": "near", "late": "late"}.get(one.state, "info")
    return [(words(one.state), tone), (one.promise.text, ""), *([(f"by {one.promise.due:%d %b %Y}", "plain")] if one.promise.due else [])]


def given() -> object:
    """Return the case that was chosen, dropped or typed, as plain data."""
    chosen = st.selectbox("Case", [*samples(), FILE, BY_HAND], format_func=title, key="case", on_change=another, persist_state="session", bind="query-params")
    if chosen == BY_HAND:
        return hand_form()
    if chosen == FILE:
        file = st.file_uploader("Case file", type=["toml", "json", "yaml", "yml"], key="draft_file", on_change=forget)
        if file is None:
            st.caption("A case says what happened, to whom, and what we may offer: TOML, JSON or YAML.")
            return None
        return decode(file.getvalue().decode("utf-8-sig", "replace"), Path(file.name).suffix.lower(), file.name)
    return drafts.plain(samples()[chosen])


def begin(ready: Triage, again: aftercare.Recurrence) -> None:
    """Begin to write, in the background."""
    forget()
    session[state.DRAFT_CASE] = session.get("case")
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
            asked, answers = drafts.ready(person, case)[0].missing, BY_HAND_ANSWERS if session.get("case") == BY_HAND else f"answers-{case_hash(case)[:16]}"
            said = desks.kept(here, answers) or {}
            case = drafts.filled(case, {need.fact.split("|")[0]: said.get(need.fact) for need in asked})
            found, again = drafts.ready(person, case)
            kinds, source = sorted(here.policy.categories), session.get("case")
            proposed = (found.case.incident.severity or Severity.MEDIUM, found.case.incident.category or "other")
            with st.container(horizontal=True, gap="small"):
                severity = st.selectbox(
                    "Severity", list(Severity), index=proposed[0].rank, format_func=lambda one: words(one.value), key=f"severity_{source}_{proposed}"
                )
                category = st.selectbox("Kind of letter", kinds, index=kinds.index(proposed[1]), format_func=words, key=f"category_{source}_{proposed}")
            ready = found
            if severity is not proposed[0] or category != proposed[1]:
                why = st.text_input("Why do you overrule the proposal?", key="overrule_why", live="250ms", persist_state="session")
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
    if session.pop(state.DRAFT_BEGIN, False) and ready:  # here, not in the button's callback: what was typed just before it has been read by now
        begin(ready, again)
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
            on_click=lambda: session.update({state.DRAFT_BEGIN: True}),
            disabled=ready is None or running or not may,
        )
        if running:
            st.button("Stop", key="stop", shortcut="Esc", on_click=stopped)
    if not may:
        st.caption(f"Your role, {person.position.value}, reads letters and does not write them.")
    if ready and asked:
        with st.expander(f"Not known yet ({len(ready.missing)})", expanded=any(not need.optional for need in ready.missing)):
            filled_in(
                answers,
                [
                    {"name": need.fact, "label": need.ask, "hint": f"Without it, {need.blocks} stays weak." + (" Optional." if need.optional else "")}
                    for need in asked
                ],
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
    if ready and session.get(state.DRAFT_WORD, ("", None))[1] != ready.case:
        session[state.DRAFT_WORD] = (letters.lend(person, ready.case), ready.case)
    letter_editor(
        KEY,
        {
            "key": session.get(state.DRAFT_JOB, "left" if done else "none"),
            "subject": (done or {}).get("subject", ""),
            "body": (done or {}).get("body", ""),
            "readonly": running or bool(done and done.get("letter")) or not (job or done),
            "base": 0,
            "check_url": "/api/check",
            "check": {"case": session.get(state.DRAFT_WORD, ("",))[0] or None},
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
