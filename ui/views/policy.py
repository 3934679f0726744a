"""The policy and the rules as forms, a letter to try them on, and every version there has been."""

import difflib
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from drafting.errors import DeskError
from drafting.policies import effect, policies, save_policy
from drafting.users import MAY
from guardrails.case import CaseError, Severity
from guardrails.policy import Policy, Role, parse_policy
from ui import identity, letters, state
from ui.client import desk, policy_file
from ui.components import letter_editor, sheet
from ui.display import ROLES, when, words
from ui.policy_text import with_value

session = st.session_state
person = identity.current()
if person is None:
    st.stop()
here = desk(person)
may = here.user.sole or here.user.position in MAY["change the policy"]
zone = ZoneInfo(st.context.timezone) if st.context.timezone else None
versions = policies(here.store)
standing = versions[0].text if versions else policy_file()
LEVELS = ("as shipped", "error", "warning", "suggestion", "off")
SAMPLE = """Dear Imran,

We apologise for any inconvenience this may have caused. Mistakes were made, and this will never happen again.

Kind regards,
The Team"""


def severity_form(text: str, one: Severity) -> str:
    """Ask what a severity demands; return the policy's text with the answers in it."""
    demand, table = here.policy.severity[one], f"severity.{one.value}"
    ask: dict[str, Any] = {}
    left, right = st.columns(2)
    with left:
        ask["signs"] = st.selectbox(
            "Signs, or above",
            [role.value for role in Role],
            index=list(Role).index(demand.signs),
            format_func=lambda name: ROLES[name],
            key=f"{table}.signs",
            disabled=not may,
        )
        ask["acknowledge_hours"] = st.number_input(
            "First word, hours from detection", 0.25, 720.0, float(demand.acknowledge_hours), 0.5, key=f"{table}.ack", disabled=not may
        )
        ask["respond_hours"] = st.number_input(
            "The letter, hours from detection", 0.5, 720.0, float(demand.respond_hours), 0.5, key=f"{table}.respond", disabled=not may
        )
        ask["apologies"] = st.number_input("Most sentences of apology", 1, 10, demand.apologies, key=f"{table}.apologies", disabled=not may)
    with right:
        ask["approvals"] = st.number_input("People who approve", 1, 5, demand.approvals, key=f"{table}.approvals", disabled=not may)
        ask["drafter_may_approve"] = st.checkbox("The drafter may be one of them", demand.drafter_may_approve, key=f"{table}.drafter", disabled=not may)
        ask["follow_up"] = (
            "required" if st.checkbox("A follow-up is owed", demand.follow_up == "required", key=f"{table}.follow", disabled=not may) else "optional"
        )
        ask["postmortem"] = st.checkbox("A post-mortem is owed", demand.postmortem, key=f"{table}.postmortem", disabled=not may)
        ask["tone"] = st.text_input("Tone, as the writer is told", demand.tone, key=f"{table}.tone", disabled=not may, max_chars=200)
    for key, value in ask.items():
        now = getattr(demand, key)
        if value != (now.value if isinstance(now, Role) else now):
            text = with_value(text, table, key, int(value) if isinstance(value, float) and value.is_integer() else value)
    return text


def rules_form(text: str) -> str:
    """Ask for each rule's level; return the policy's text with the answers in it."""
    for rule in here.rules or ():
        now = here.policy.rules.get(rule.name, LEVELS[0])
        chosen = st.selectbox(f"{rule.name}: {rule.level.value} as shipped", LEVELS, index=LEVELS.index(now), key=f"rule.{rule.name}", disabled=not may)
        if chosen != now:
            text = with_value(text, "rules", rule.name, None if chosen == LEVELS[0] else chosen)
    return text


def approval_form(text: str) -> str:
    """Ask who may let an error through; return the policy's text with the answers in it."""
    now = here.policy.approval
    override = st.selectbox(
        "Lets an error through, or above",
        [role.value for role in Role],
        index=list(Role).index(now.override),
        format_func=lambda name: ROLES[name],
        key="approval.override",
        disabled=not may,
    )
    pair = st.number_input("People who approve a security letter", 1, 5, now.security_approvals, key="approval.security", disabled=not may)
    if override != now.override.value:
        text = with_value(text, "approval", "override", override)
    if pair != now.security_approvals:
        text = with_value(text, "approval", "security_approvals", pair)
    for name in ("letters", "cases", "audit", "evaluations"):
        days = st.number_input(f"Days that {name} are kept", 1, 36500, getattr(here.policy.retention, name), key=f"retention.{name}", disabled=not may)
        if days != getattr(here.policy.retention, name):
            text = with_value(text, "retention", name, days)
    return text


def difference(before: str, after: str) -> str:
    """Return what differs between two versions, a line each."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@"))) or "No difference in the text."


def forget() -> None:
    """Put every field back to what is in force."""
    for key in list(session):
        if str(key).startswith(("severity.", "rule.", "approval.", "retention.", "policy_text")):
            del session[key]


st.title("Policy")
if said := session.pop(state.SAID, None):
    for place, (line, bad) in enumerate(said):
        sheet(f"policy_said_{place}", {"items": [[(line, "")]], "tone": "bad" if bad else "note"})
if not may:
    st.caption("You can read the policy. An admin or an executive changes it.")
left, right = st.columns([6, 7], gap="large")
with left:
    tabs = st.tabs([*(words(one.value) for one in Severity), "Rules", "Approval and keeping", "As a file"])
    changed = standing
    for tab, one in zip(tabs, Severity, strict=False):
        with tab:
            changed = severity_form(changed, one)
    with tabs[4]:
        changed = rules_form(changed)
    with tabs[5]:
        changed = approval_form(changed)
    with tabs[6]:
        st.caption("The policy file is the format. The forms change it line by line and leave your comments alone.")
        typed = st.text_area("policy.toml", standing, key="policy_text", height=420, disabled=not may)
        st.download_button("policy.toml", changed, "policy.toml", "application/toml", icon=":material/download:")
    if typed != standing:
        changed = typed
candidate: Policy | None = None
with right:
    if changed != standing:
        try:
            candidate = parse_policy(changed, "policy").model_copy(update={"categories": here.policy.categories})
        except CaseError as error:
            sheet("policy_error", {"title": "This is not a policy yet", "text": str(error), "tone": "bad"})
    if candidate:
        if session.get("effect_for") != changed:
            with st.spinner("Holding the last 50 letters against it…"):
                session["effect"], session["effect_for"] = effect(here, candidate, 50), changed
        moved = session["effect"]
        lines = [[(letters.ref(row.id), "info"), (f"{row.company}: {now} errors now, {then} then", "")] for row, now, then in moved[:8]]
        sheet(
            "policy_effect",
            {"title": f"{len(moved)} of the last 50 letters would change", "items": lines or [[("None of their findings differ.", "")]], "tone": "soft"},
            {"title": "What changes in the file", "text": difference(standing, changed)},
        )
        with st.form("policy_save", border=False):
            reason = st.text_input("Reason", key="policy_reason", max_chars=400)
            pushed = st.form_submit_button("Put this version in force", type="primary")
        if pushed:
            try:
                made = save_policy(here, changed, reason)
                session[state.SAID] = [(f"Version {made.id} is in force. It counts for every check from now on.", False)]
                forget()
                st.rerun()
            except (DeskError, CaseError) as error:
                sheet("policy_refused", {"items": [[(f"{error}.", "")]], "tone": "bad"})
        st.button("Discard the changes", key="policy_discard", on_click=forget)
    st.subheader("Try it on a letter")
    word = f"{versions[0].id if versions else 0}/{hash(changed)}"
    if session.get("trial_for") != word:
        session["trial_for"], session["trial"] = word, letters.try_out(person, candidate or here.policy)
    letter_editor(
        "policy_letter",
        {
            "key": word,
            "hold": True,
            "subject": "Our outage on 9 June",
            "body": SAMPLE,
            "base": 0,
            "check_url": "/api/check",
            "check": {"trial": session["trial"]},
            "keep_url": None,
            "actions": [],
        },
        act=lambda: None,
    )
st.subheader("Versions")
if not versions:
    sheet("no_versions", {"empty": ["The policy is the one that was configured.", "The first change here becomes version 1, with your name and your reason."]})
for number, version in enumerate(versions[:20]):
    before = versions[number + 1].text if number + 1 < len(versions) else policy_file()
    sheet(
        f"version_{version.id}",
        {
            "title": f"Version {version.id}",
            "facts": [("By", version.author), ("When", when(version.at, zone)), ("Why", version.reason), ("Changed", difference(before, version.text))],
        },
    )
