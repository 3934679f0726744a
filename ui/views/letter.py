"""One letter: read it in a minute, mend it, decide."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import streamlit as st

from drafting import aftercare
from drafting import desk as desks
from drafting.errors import Conflict, DeskError
from drafting.store.queue import Filter, queue
from guardrails.case import CaseError, decode, parse
from guardrails.letter import Letter
from ui import drafts, identity, letters, listing, state
from ui.client import desk, follow_up
from ui.components import letter_editor, sent, sheet

KEY = "letter_page"
session = st.session_state
person = identity.current()
if person is None:
    st.stop()
here = desk(person)
zone = ZoneInfo(st.context.timezone) if st.context.timezone else None


def tell(text: str, tone: str = "", **more: str) -> None:
    """Say something at the top of the page, once."""
    session.setdefault(state.NOTICE, []).append({"text": text, "tone": tone, **more})


def go(letter_id: int | None) -> None:
    """Show another letter."""
    if letter_id is None:
        st.query_params.pop("id", None)
    else:
        st.query_params["id"] = str(letter_id)


raw = st.query_params.get("id", "")
letter_id = int(raw) if raw.isdigit() else None


def act() -> None:
    """Do what a button of the letter asked for, with the text and the revision it was pressed on."""
    said = sent(KEY, "act")
    pressed = said.get("letter")
    if not isinstance(pressed, int):
        return
    try:
        decide(str(said["name"]), pressed, Letter(str(said["subject"]), str(said["body"])), int(said["base"]))
    except Conflict as conflict:
        # Their revision stands; mine is kept as what I typed, and the page shows both.
        desks.keep(here, letters.place(pressed), {"subject": conflict.mine.subject, "body": conflict.mine.body, "base": int(said["base"])})
        session[state.COMPARE] = (pressed, letters.Typed(conflict.mine, int(said["base"])), [conflict.theirs.number, "now", said["at"]])
    except DeskError as error:
        tell(f"Not done: {error}.")


def decide(name: str, pressed: int, text: Letter, base: int) -> None:
    """Hand one act to the desk, and say what came of it."""
    standing = next((one for one in desks.history(here, pressed) if one.number == base), None)
    sha = standing.sha256 if standing else ""
    before, after = listing.neighbours(session.get(state.QUEUE, []), pressed)
    match name:
        case "previous" | "next":
            desks.release(here, pressed)
            go(before if name == "previous" else after)
        case "save":
            desks.save(here, pressed, base, standing.sha256 if standing else None, text)
            desks.discard(here, letters.place(pressed))
            session.pop(state.COMPARE, None)
        case "take_theirs":
            desks.discard(here, letters.place(pressed))
            session.pop(state.COMPARE, None)
            session[state.TAKEN] = (session.get(state.TAKEN, (0,))[0] + 1, text)
        case "submit":
            desks.submit(here, pressed)
        case "approve":
            row = desks.approve(here, pressed, base, sha)
            decided(
                pressed, "is approved" if row.state.value == "approved" else "has your approval and waits for another", after, row.state.value != "in_review"
            )
        case "send_back" | "override" | "close" | "supersede" | "facts":
            session[state.DIALOG] = (name, pressed, base, sha)
        case "undo":
            desks.undo(here, pressed)
        case "acknowledge":
            desks.acknowledge(here, pressed, base, sha, "looked at the sentences beside the changed facts")
        case "done_acknowledge" | "done_postmortem":
            aftercare.done(here, pressed, name.removeprefix("done_"))
        case _ if name.startswith("kept_"):
            aftercare.keep_promise(here, int(name.removeprefix("kept_")))
        case "internal":
            session[state.INTERNAL] = pressed
        case "follow_up":
            go(follow_up(here.user, pressed))
        case "undo_last":
            undone = session.pop(state.UNDO, None)
            for one in undone or ():
                desks.undo(here, one)
            if undone:
                go(undone[0])


def decided(pressed: int, what: str, after: int | None, stay: bool) -> None:
    """Say what was decided; go on to the next letter unless this one still has something to do, such as its export."""
    session[state.UNDO] = [pressed]
    tell(f"{letters.ref(pressed)} {what}." + (" Export it when it is to go out." if stay else ""), "note", action="undo_last", label="Undo")
    if not stay:
        go(after or pressed)


def suppress() -> None:
    """Let a finding stand, with the reason given on its card."""
    said = sent(KEY, "suppress")
    try:
        now = desks.view(here, int(said["letter"]))
        text = letters.typed(here, now, ())
        if text is not None and now.revision and text.letter != now.revision.letter:
            tell("A finding can be let stand in a saved revision: save your edit first, then do it again.")
            return
        found = [one for one in (now.report.findings if now.report else ()) if (one.rule, one.field, one.quote) == (said["rule"], said["field"], said["quote"])]
        if now.revision and found:
            desks.dismiss(here, now.row.id, now.row.revision, now.revision.sha256, found[0], str(said["reason"]))
    except DeskError as error:
        tell(f"Not done: {error}.")


def comment() -> None:
    """Add a remark."""
    said = sent(KEY, "comment")
    try:
        desks.comment(here, int(said["letter"]), str(said["text"]))
    except DeskError as error:
        tell(f"Not done: {error}.")


TITLES = {"send_back": "Send back for rework", "override": "Approve with errors", "close": "Close the letter", "supersede": "Write a new one in its place"}


def ask(name: str, pressed: int, base: int, sha: str) -> None:
    """Ask for the reason that an act needs."""

    @st.dialog(TITLES[name], on_dismiss="rerun")
    def box() -> None:
        if name == "send_back":
            st.write(f"{letters.ref(pressed)} goes back to its drafter with your reason and the open findings.")
        elif name == "override":
            st.write("The errors stay in the letter. Your name and your reason go into the record.")
        with st.form("reason_form", border=False):
            why = st.selectbox("Reason", letters.REASONS, key="dialog_why") if name == "send_back" else ""
            note = st.text_area("Note" if name == "send_back" else "Reason", key="dialog_note", max_chars=1000)
            pushed = st.form_submit_button(TITLES[name], type="primary", shortcut="Mod+Enter")
        if pushed:
            reason = ": ".join(part for part in (why, note.strip()) if part)
            if not reason:
                st.error("Say why in a few words.")
                return
            try:
                finish(reason)
            except DeskError as error:
                tell(f"Not done: {error}.")
            st.rerun()

    def finish(reason: str) -> None:
        _, after = listing.neighbours(session.get(state.QUEUE, []), pressed)
        if name == "send_back":
            desks.send_back(here, pressed, base, sha, reason)
            decided(pressed, "went back to its drafter", after, False)
        elif name == "override":
            desks.approve(here, pressed, base, sha, override=reason)
            decided(pressed, "is approved with errors", after, True)
        elif name == "close":
            desks.close(here, pressed, reason)
        else:
            go(desks.supersede(here, pressed, reason).id)

    box()


@st.dialog("Change the facts", on_dismiss="rerun")
def ask_facts(pressed: int) -> None:
    """Take a case file in the place of the letter's facts; what the text then says wrongly is shown beside it."""
    case = desks.view(here, pressed).case
    st.write("Take the case, change what has become known, and open it here. The letter stays as it is; sentences that the new facts make wrong are shown.")
    data = json.dumps(drafts.plain(case), indent=2, ensure_ascii=False)
    st.download_button("The case as it stands", data, f"case-{pressed}.json", "application/json", icon=":material/download:")
    file = st.file_uploader("The changed case", type=["toml", "json", "yaml", "yml"], key="facts_file")
    if file is None:
        return
    try:
        changed = parse(decode(file.getvalue().decode("utf-8-sig", "replace"), Path(file.name).suffix.lower(), file.name), file.name)
        kind = {name: getattr(changed.incident, name) or getattr(case.incident, name) for name in ("severity", "category")}
        desks.change_case(here, pressed, changed.model_copy(update={"incident": changed.incident.model_copy(update=kind)}))
    except (CaseError, DeskError) as error:
        sheet("facts_error", {"title": "This case can not be used", "text": str(error), "tone": "bad"})
        return
    st.rerun()


if letter_id is None:
    st.title("Letter")
    sheet("letter_empty", {"empty": ["No letter is open.", "Open one from the review queue, or draft a new one."]})
    with st.container(horizontal=True):
        st.page_link("views/queue.py", label="Review queue")
        st.page_link("views/draft.py", label="Draft a letter")
    st.stop()
try:
    if here.user.sole or here.user.position.value != "auditor":
        desks.hold(here, letter_id)
    now = desks.view(here, letter_id)
    revisions = desks.history(here, letter_id)
except DeskError as error:
    st.title("Letter")
    sheet("letter_missing", {"empty": [f"{letters.ref(letter_id)} can not be shown.", f"{error}."]})
    st.page_link("views/queue.py", label="Back to the review queue")
    st.stop()

if state.QUEUE not in session:  # opened by its address: the queue as it stands says which letter is next
    with here.store.read() as read:
        session[state.QUEUE] = [one.id for one in queue(read, Filter(), limit=200).entries]
notices = session.pop(state.NOTICE, [])
unsaved = letters.typed(here, now, revisions)
times, thrown = session.get(state.TAKEN, (0, None))
if unsaved and unsaved.letter == thrown:  # it was on its way to being kept when it was thrown away
    desks.discard(here, letters.place(letter_id))
    unsaved = None
lost = session.get(state.COMPARE)
if lost and lost[0] == letter_id and unsaved is None:
    unsaved = lost[1]
data = letters.editor(
    here,
    now,
    revisions,
    unsaved,
    zone,
    neighbours=listing.neighbours(session.get(state.QUEUE, []), letter_id),
    internal=session.get(state.INTERNAL) == letter_id,
    notices=notices,
)
data["take"] = times
data["key"] += f"/{data['take']}"
if unsaved and unsaved.base != now.row.revision:
    data["compare"] = lost[2] if lost and lost[0] == letter_id else [now.row.revision, "now", 0]
letter_editor(KEY, data, act=act, suppress=suppress, comment=comment, drafted=lambda: None)
if waiting := session.pop(state.DIALOG, None):
    ask_facts(waiting[1]) if waiting[0] == "facts" else ask(*waiting)
