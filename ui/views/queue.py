"""The review queue: what is due soonest first, then the largest account. Everything by keyboard."""

from typing import Any

import streamlit as st

from drafting import aftercare
from drafting import desk as desks
from drafting.errors import DeskError
from drafting.store.queue import Filter, counts, queue
from drafting.users import MAY
from guardrails.case import Severity
from ui import identity, letters, listing, state
from ui.client import desk
from ui.components import queue_table, sent, sheet
from ui.display import amount, due, words

KEY = "queue_table"
MOST_LATE = 5
"""Overdue promises shown above the letters: more would push those off the screen."""
session = st.session_state
person = identity.current()
if person is None:
    st.stop()
here = desk(person)
may = {what: here.user.sole or here.user.position in MAY[what] for what in ("write letters", "send letters back")}


def tell(text: str, bad: bool = False) -> None:
    """Say something at the top of the page, once."""
    session.setdefault(state.SAID, []).append((text, bad))


def opened() -> None:
    """Open a letter."""
    session[state.OPEN] = sent(KEY, "open").get("id")


def act() -> None:
    """Decide about the letters that were selected, or the one under the cursor."""
    said = sent(KEY, "act")
    chosen = [(int(one["id"]), int(one["revision"]), str(one["sha"])) for one in said.get("letters", [])]
    if said.get("name") == "approve":
        done, left = desks.approve_all(here, chosen)
        if done:
            session[state.UNDO] = [row.id for row in done]
            tell(f"Approved {_list([row.id for row in done])}. U takes it back.")
        for _, reason in left:
            tell(f"Not approved: {reason}.", bad=True)
    elif said.get("name") == "submit":
        for number, _, _ in chosen:
            try:
                desks.submit(here, number)
            except DeskError as error:
                tell(f"Not done: {error}.", bad=True)
        tell(f"Sent {_list([number for number, _, _ in chosen])} to review.")
    elif said.get("name") == "send_back":
        session[state.DIALOG] = chosen


def undo() -> None:
    """Take the last decisions back, where nothing has come of them."""
    for number in session.pop(state.UNDO, None) or ():
        try:
            desks.undo(here, number)
            tell(f"{letters.ref(number)} is back in review.")
        except DeskError as error:
            tell(f"Not taken back: {error}.", bad=True)


def _list(numbers: list[int]) -> str:
    return ", ".join(letters.ref(number) for number in numbers[:6]) + (f" and {len(numbers) - 6} more" if len(numbers) > 6 else "")


@st.dialog("Send back for rework", on_dismiss="rerun")
def send_back(chosen: list[tuple[int, int, str]]) -> None:
    """Ask why, then return the letters to their drafters."""
    st.write(f"{_list([number for number, _, _ in chosen])}: back to the drafter with your reason and the open findings.")
    with st.form("queue_reason", border=False):
        why = st.selectbox("Reason", letters.REASONS, key="queue_why")
        note = st.text_area("Note", key="queue_note", max_chars=1000)
        pushed = st.form_submit_button("Send back for rework", type="primary", shortcut="Mod+Enter")
    if pushed:
        done = []
        for number, revision, sha in chosen:
            try:
                desks.send_back(here, number, revision, sha, ": ".join(part for part in (why, note.strip()) if part))
                done.append(number)
            except DeskError as error:
                tell(f"Not done: {error}.", bad=True)
        if done:
            session[state.UNDO] = done
            tell(f"Sent back {_list(done)}. U takes it back.")
        st.rerun()


narrowed = {name: st.query_params[name] for name in listing.NARROW if st.query_params.get(name)}


def widen(name: str) -> None:
    """Take one of the filters out of the address."""
    st.query_params.pop(name, None)


aftercare.advance(here)
st.title("Review queue")
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    show = st.segmented_control("Show", listing.SHOWS, default="All", required=True, key="show", bind="query-params", persist_state="session")
    standing = st.selectbox("State", list(listing.STATES), key="state", bind="query-params", persist_state="session", width=200)
    grave = st.multiselect(
        "Severity", [words(one.value) for one in Severity], key="severity", bind="query-params", persist_state="session", placeholder="Any", width=210
    )
    text = st.text_input(
        "Filter",
        placeholder="account, contact, incident or subject",
        type="search",
        live="50ms",
        key="q",
        bind="query-params",
        persist_state="session",
        width=300,
    )
if narrowed:
    with st.container(horizontal=True, gap="small"):
        sheet("narrowed", {"items": [[(f"{words(name)}: {value}", "info") for name, value in narrowed.items()]], "tone": "soft"})
        for name in narrowed:
            st.button(f"Any {name}", key=f"widen_{name}", on_click=widen, args=(name,))
wanted = listing.wanted(show or "All", standing, grave, text or "", narrowed, here.user.name)
pages = session.get("page", 1)
with here.store.read() as read:
    found = queue(read, wanted, offset=(pages - 1) * listing.PAGE, limit=listing.PAGE)
    if not found.entries and found.total:
        found = queue(read, wanted, limit=listing.PAGE)
    numbers = counts(read, Filter())
    soonest = () if found.entries else queue(read, Filter(), limit=1).entries
time = here.store.clock()
session[state.QUEUE] = [entry.id for entry in found.entries]
for place, (line, bad) in enumerate(session.pop(state.SAID, [])):
    sheet(f"said_{place}", {"items": [[(line, "")]], "tone": "bad" if bad else "note"})
if numbers.overdue and show == "All":
    sheet(
        "overdue",
        {
            "items": [
                [
                    (f"{numbers.overdue} overdue", "late"),
                    (f"about {amount(numbers.overdue_arr, None)} a year behind them, currencies added up; {numbers.due_today} more due in 24 hours", ""),
                ]
            ],
            "tone": "alert",
        },
    )
late = aftercare.overdue(here)
if late and show in ("All", "Overdue"):

    def look() -> None:
        """Open the letter that made a promise."""
        session[state.OPEN] = sent("promises", "open").get("id")

    sheet(
        "promises",
        {
            "title": f"{len(late)} {'promise is' if len(late) == 1 else 'promises are'} overdue" + (", the oldest of them:" if len(late) > MOST_LATE else ""),
            "columns": [{"title": "Letter"}, {"title": "What was promised"}, {"title": "Owner"}, {"title": "Due"}],
            "rows": [{"open": one.letter_id, "cells": [letters.ref(one.letter_id), one.text, one.owner, f"{one.due:%d %b %Y}"]} for one in late[:MOST_LATE]],
        },
        open=look,
    )
filtered = wanted != Filter()
bulk: list[dict[str, Any]] = []
if may["write letters"]:
    bulk = [{"name": "approve", "label": "Approve {n} without errors", "verb": "approve", "key": "a", "primary": True, "only": True, "moves": True}]
    if may["send letters back"]:
        bulk.append({"name": "send_back", "label": "Send back {n}", "verb": "send back", "key": "b", "only": True})
    bulk.append({"name": "submit", "label": "Send {n} to review", "verb": "to review", "key": "s", "only": True})
if filtered:
    empty = ["Nothing here matches.", "Clear the filter to see the rest."]
elif soonest:
    empty = ["Nothing waits here.", f"Next due: {letters.ref(soonest[0].id)}, {due(soonest[0].due, time)[0]}."]
else:
    empty = ["The queue is empty: every letter has an answer.", "Draft a letter, and it waits here."]
first = found.offset + 1
queue_table(
    KEY,
    {
        "rows": [listing.row(entry, time, here.user.name) for entry in found.entries],
        "columns": list(listing.COLUMNS),
        "label": "Letters that wait",
        "count": f"{found.total} {'letter' if found.total == 1 else 'letters'}"
        if found.total <= listing.PAGE
        else f"{first}–{first + len(found.entries) - 1} of {found.total} letters",
        "empty": empty,
        "autofocus": not text,
        "bulk": bulk,
        "undo": bool(session.get(state.UNDO)),
    },
    open=opened,
    act=act,
    undo=undo,
)
if found.total > listing.PAGE:
    st.pagination(-(-found.total // listing.PAGE), key="page")
elif not found.total and not filtered and may["write letters"]:
    st.page_link("views/draft.py", label="Draft a letter")
if waiting := session.pop(state.DIALOG, None):
    send_back(waiting)
if number := session.pop(state.OPEN, None):
    st.switch_page("views/letter.py", query_params={"id": str(number)})
