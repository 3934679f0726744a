"""A batch: how far it is, what stands in its way, and its letters. The same address shows the same batch to everybody."""

import streamlit as st

from drafting import batch as lots
from drafting.errors import DeskError
from drafting.store import BatchState, State
from drafting.store.queue import Filter, counts, queue
from drafting.users import MAY
from ui import identity, letters, listing, state
from ui.client import desk
from ui.components import queue_table, sent, sheet
from ui.display import due, when, words

KEY = "batch_table"
TONES = {BatchState.RUNNING: "info", BatchState.DONE: "good", BatchState.CANCELLED: "bad"}
session = st.session_state
person = identity.current()
if person is None:
    st.stop()
here = desk(person)
may = here.user.sole or here.user.position in MAY["write letters"]


def opened() -> None:
    """Open a letter."""
    session[state.OPEN] = sent(KEY, "open").get("id")


def act(name: str, batch: str) -> None:
    """Do what a button asked for, and keep what the desk says to it."""
    try:
        if name == "retry":
            count = lots.retry(here, batch)
            session[state.SAID] = [(f"{count} letters wait to be tried again.", False)]
        elif name == "pause":
            lots.pause(here, batch)
        elif name == "resume":
            lots.resume(here, batch)
        else:
            lots.cancel(here, batch)
    except DeskError as error:
        session[state.SAID] = [(f"Not done: {error}.", True)]


@st.dialog("Cancel what is left of this batch?")
def really(batch: str, waiting: int) -> None:
    """Ask once more: what is cancelled is not written any more."""
    st.write(f"{waiting} letters have no draft yet and will get none. Letters that are there stay.")
    if st.button("Cancel the rest", type="primary", key="really_cancel"):
        act("cancel", batch)
        st.rerun()


st.title("Batch")
known = lots.batches(here.store)
names = [row.id for row in known]
asked = st.query_params.get("batch", "")
if asked and asked not in names:
    sheet("batch_missing", {"empty": [f"There is no batch {asked}.", "Was the address copied whole?"]})
    st.page_link("views/batch.py", label="All batches")
    st.stop()
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
chosen = st.selectbox("Batch", names, key="batch", bind="query-params")


def headline(found: lots.Status) -> list[tuple[str, str]]:
    """Return how far a batch is, in badges."""
    cost = "cost unknown" if found.cost is None else f"${found.cost:.2f} so far"
    badges = [
        (words(found.state.value), TONES.get(found.state, "plain")),
        (f"{found.clear} clear", "good"),
        (f"{found.blocked} with errors", "near" if found.blocked else "plain"),
    ]
    badges += [(f"{found.failed} failed", "bad" if found.failed else "plain"), (f"{found.waiting} waiting", "plain"), (cost, "plain")]
    if found.rate:
        badges.append((f"{found.rate:.1f} letters a second", "plain"))
    if found.eta:
        badges.append((f"done {due(found.eta, here.store.clock())[0].removeprefix('due ')}", "plain"))
    return badges


@st.fragment(run_every="1s" if lots.status(here.store, chosen).state is BatchState.RUNNING else None)
def progress() -> None:
    """Show how far the batch is, anew every second while it runs."""
    found = lots.status(here.store, chosen)
    written = found.total - found.waiting
    st.progress(written / found.total if found.total else 0.0, text=f"{written} of {found.total} finished")
    sheet("batch_counts", {"items": [headline(found)], "tone": "soft", "text": f"Stopped: {found.why}" if found.why else ""})
    for place, (line, bad) in enumerate(session.pop(state.SAID, [])):
        sheet(f"batch_said_{place}", {"items": [[(line, "")]], "tone": "bad" if bad else "note"})
    if session.get("batch_state") not in (None, (chosen, found.state)):
        session["batch_state"] = (chosen, found.state)
        st.rerun()  # the whole page once: the timer and the buttons are for another state now
    session["batch_state"] = (chosen, found.state)


progress()
now = lots.status(here.store, chosen)
if may:
    with st.container(horizontal=True, gap="small"):
        if now.state is BatchState.RUNNING:
            st.button("Pause", key="pause", icon=":material/pause:", on_click=act, args=("pause", chosen))
        elif now.waiting and now.state is not BatchState.CANCELLED:
            st.button("Go on", key="resume", icon=":material/play_arrow:", on_click=act, args=("resume", chosen))
        if now.waiting and now.state is not BatchState.CANCELLED and st.button("Cancel the rest", key="cancel", icon=":material/stop:"):
            really(chosen, now.waiting)
        if now.failed:
            st.button(f"Try {now.failed} failed again", key="retry", icon=":material/refresh:", on_click=act, args=("retry", chosen))
    if now.waiting and now.state is BatchState.RUNNING:
        st.caption("A worker writes the letters: `amends batch run`, `amends batch resume` or `amends worker`, on this machine or another.")
with here.store.read() as read:
    numbers = counts(read, Filter(states=(), batch=chosen))
    pages = session.get("batch_page", 1)
    found = queue(read, Filter(states=(), batch=chosen), offset=(pages - 1) * listing.PAGE, limit=listing.PAGE)
    failed = queue(read, Filter(states=(), batch=chosen, failed=True), limit=20).entries
session[state.QUEUE] = [one.id for one in found.entries]
done = numbers.states.get(State.APPROVED, 0) + numbers.states.get(State.EXPORTED, 0)
with st.container(horizontal=True, gap="small"):
    st.page_link(
        "views/queue.py",
        label=f"Review: {numbers.states.get(State.IN_REVIEW, 0)} in review, {done} approved",
        query_params={"batch": chosen, "state": "Any state"},
    )
if failed:
    sheet("failures", {"title": "Why these have no draft", "items": [[(letters.ref(one.id), "bad"), (f"{one.company}: {one.failure}", "")] for one in failed]})
queue_table(
    KEY,
    {
        "rows": [listing.row(one, here.store.clock(), here.user.name) for one in found.entries],
        "columns": list(listing.COLUMNS),
        "label": "Letters of the batch",
        "count": f"{found.offset + 1} to {found.offset + len(found.entries)} of {found.total}",
        "empty": ["No letters yet.", "They come here as they are written."],
    },
    open=opened,
)
if found.total > listing.PAGE:
    st.pagination(-(-found.total // listing.PAGE), key="batch_page")
row = next(one for one in known if one.id == chosen)
st.caption(f"Begun {when(row.at)}")
if number := session.pop(state.OPEN, None):
    st.switch_page("views/letter.py", query_params={"id": str(number)})
