"""Batches: how far each is, and its letters. The same address shows the same batch to anybody who may see it."""

import streamlit as st

from drafting.store import LetterRow, State
from drafting.store.queue import Filter, counts, queue
from ui import identity, letters, listing, state
from ui.client import desk
from ui.components import queue_table, sent, sheet
from ui.display import words

KEY = "batch_table"
session = st.session_state
person = identity.current()
if person is None:
    st.stop()
here = desk(person)


def opened() -> None:
    """Open a letter."""
    session[state.OPEN] = sent(KEY, "open").get("id")


st.title("Batch")
with here.store.read() as read:
    known = list(dict.fromkeys(row.batch for row in read.find(LetterRow, "-id", limit=2000) if row.batch))
asked = st.query_params.get("batch", "")
if asked and asked not in known:
    known.insert(0, asked)
if not known:
    sheet(
        "no_batches",
        {
            "empty": [
                "No batch yet.",
                "amends batch run INCIDENT ACCOUNTS drafts a letter for each account of one incident; they come here as they are written.",
            ]
        },
    )
    st.stop()
chosen = st.selectbox("Batch", known, key="batch", bind="query-params")


@st.fragment(run_every="2s")
def progress() -> None:
    """Show how far the batch is, anew every two seconds."""
    with here.store.read() as read:
        numbers = counts(read, Filter(states=(), batch=chosen))
        found = queue(read, Filter(states=(), batch=chosen), limit=100)
    if not numbers.total:
        sheet("empty_batch", {"empty": [f"There are no letters in {chosen} yet.", "They come here as they are written. Was the address copied whole?"]})
        return
    waiting = sum(1 for one in found.entries if not one.revision and not one.failure)
    badges = [
        (f"{numbers.total} letters", "info"),
        (f"{numbers.blocked - numbers.failed} with errors", "near"),
        (f"{numbers.failed} failed", "bad" if numbers.failed else "plain"),
    ]
    badges += [(f"{number} {words(one.value).lower()}", "good" if one is State.APPROVED else "plain") for one, number in numbers.states.items()]
    sheet("batch_counts", {"items": [badges], "tone": "soft"}, *({"items": [[(f"{waiting} of the first 100 wait for a draft", "")]]},) * bool(waiting))
    session[state.QUEUE] = [one.id for one in found.entries]
    time = here.store.clock()
    queue_table(
        KEY,
        {
            "rows": [listing.row(one, time, here.user.name) for one in found.entries],
            "columns": list(listing.COLUMNS),
            "label": "Letters of the batch",
            "count": f"The first {len(found.entries)} of {found.total}" if found.total > 100 else f"{found.total} letters",
        },
        open=opened,
    )
    failed = [[(letters.ref(one.id), "bad"), (f"{one.company}: {one.failure}", "")] for one in found.entries if one.failure]
    if failed:
        sheet("failures", {"title": "Why these have no draft", "items": failed})
    if session.get(state.OPEN):
        st.rerun()


progress()
if number := session.pop(state.OPEN, None):
    st.switch_page("views/letter.py", query_params={"id": str(number)})
st.page_link("views/queue.py", label="Review its letters in the queue", query_params={"batch": chosen, "state": "Any state"})
