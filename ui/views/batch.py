"""A batch: how far it is, what stands in its way, and its letters. The same address shows the same batch to everybody."""

from dataclasses import replace

import streamlit as st

from drafting import batch as lots
from drafting import review as reviews
from drafting.errors import DeskError
from drafting.store import BatchState, State
from drafting.store.queue import Filter, queue
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
                "One incident, a letter for each account it reached: begin one in a terminal, and the letters come here as they are written. For example:",
                "amends batch run examples/mass_outage.toml examples/mass_outage_accounts.csv --model template --yes",
            ]
        },
    )
    st.stop()
with st.container(horizontal=True, gap="small"):
    chosen = st.selectbox("Batch", names, key="batch", bind="query-params", width=420)
    cohorts = reviews.cohorts(here.store, chosen)
    picked = st.selectbox("Cohort", ["All cohorts", *cohorts], key="cohort", bind="query-params", width=260) if cohorts else None
    cohort = picked if picked in cohorts else None


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
    if session.get("batch_state") not in (None, (chosen, found.state)):
        session["batch_state"] = (chosen, found.state)
        st.rerun()  # the whole page once: the timer and the buttons are for another state now
    session["batch_state"] = (chosen, found.state)
    for place, (line, bad) in enumerate(session.pop(state.SAID, [])):
        sheet(f"batch_said_{place}", {"items": [[(line, "")]], "tone": "bad" if bad else "note"})


progress()
standing = lots.status(here.store, chosen)
if may:
    with st.container(horizontal=True, gap="small"):
        if standing.state is BatchState.RUNNING:
            st.button("Pause", key="pause", icon=":material/pause:", on_click=act, args=("pause", chosen))
        elif standing.waiting and standing.state is not BatchState.CANCELLED:
            st.button("Go on", key="resume", icon=":material/play_arrow:", on_click=act, args=("resume", chosen))
        if standing.waiting and standing.state is not BatchState.CANCELLED and st.button("Cancel the rest", key="cancel", icon=":material/stop:"):
            really(chosen, standing.waiting)
        if standing.failed:
            st.button(f"Try {standing.failed} failed again", key="retry", icon=":material/refresh:", on_click=act, args=("retry", chosen))
    if standing.waiting and standing.state is BatchState.RUNNING:
        st.caption("A worker writes the letters: `amends batch run`, `amends batch resume` or `amends worker`, on this machine or another.")
SHOWS = ("All", "Read each", "Sample", "Odd", "With errors", "Failed", "In review", "Approved")
SURE = {"90 %": 0.90, "95 %": 0.95, "99 %": 0.99}
SHARE = {"1 %": 0.01, "2 %": 0.02, "5 %": 0.05}
flags = reviews.flags(here.store, chosen)


def check_lot() -> None:
    """Hold the letters against one another, and fix which of them are read."""
    try:
        found = reviews.check_lot(here, chosen, confidence=SURE[session["sure"]], share=SHARE[session["faulty"]])
        session[state.SAID] = [(f"The lot is checked: {len({one.letter for one in found})} letters stand out.", False)]
    except DeskError as error:
        session[state.SAID] = [(f"Not done: {error}.", True)]


def say_yes(cohort: str | None) -> None:
    """Say yes to the letters that nobody reads one by one."""
    try:
        count = reviews.approve_cohort(here, chosen, cohort)
        session[state.SAID] = [
            (f"Approved {count} letters." if count else "Your yes is kept. A second person says yes too, then the letters are approved.", False)
        ]
    except DeskError as error:
        session[state.SAID] = [(f"Not done: {error}.", True)]


def review(cohort: str | None) -> reviews.Lot | None:
    """Show how far the review of the lot is, and what comes next; return it once the lot is checked."""
    st.subheader("Review the lot")
    now = None if flags is None else reviews.lot(here, chosen, cohort)
    if now:
        plan, read = now.plan, len(now.plan.sample) - len(now.unread)
        badges = [(f"{read} of {len(plan.sample)} of the sample read", "plain" if now.unread else "good"), (f"{len(plan.each)} to read one by one", "plain")]
        badges += [(f"{len({one.letter for one in flags or ()})} stand out", "near" if flags else "plain")]
        badges += [(f"{' and '.join(now.yes)} said yes", "info")] * bool(now.yes)
        sheet("lot_plan", {"items": [badges], "text": plan.words, "tone": "soft"})
        if now.stopped:
            sheet("lot_stopped", {"items": [[(f"Stopped: {now.stopped}.", "")]], "tone": "bad"})
    else:
        sheet(
            "lot_plan",
            {"text": "Check the lot first: letters that differ in the name alone, facts that nobody told, letters that contradict each other.", "tone": "soft"},
        )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if may and not standing.waiting:
            st.selectbox("How sure", list(SURE), index=1, key="sure", width=110)
            st.selectbox("Faults at most", list(SHARE), index=1, key="faulty", width=130)
            st.button("Check the lot again" if now else "Check the lot", key="check_lot", type="secondary" if now else "primary", on_click=check_lot)
        if now and (here.user.sole or here.user.position in MAY["send letters back"]) and now.open:
            mine = here.user.name in now.yes
            st.button(
                f"Say yes to the other {len(now.open)}" + (f" of {cohort}" if cohort else ""),
                key="say_yes",
                type="primary",
                on_click=say_yes,
                args=(cohort,),
                disabled=bool(now.stopped or now.unread or mine),
                help="You have said yes. A second person says yes too." if mine else f"Read the sample first: {len(now.unread)} to go." if now.unread else None,
            )
    return now


found_lot = None
if standing.total - standing.waiting > standing.failed:
    found_lot = review(cohort)
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    show = st.segmented_control("Show", SHOWS, default="All", required=True, key="lot", bind="query-params")
    text = st.text_input("Filter", placeholder="account, contact or subject", type="search", live="50ms", key="find", bind="query-params", width=280)
wanted = Filter(states=(), batch=chosen, text=text or "", cohort=cohort)
if show in ("Read each", "Sample", "Odd"):
    plan = found_lot.plan if found_lot else None
    odd = tuple(one.letter for one in flags or ())
    wanted = replace(wanted, among=odd if show == "Odd" else () if plan is None else plan.each if show == "Read each" else plan.sample)
elif show in ("With errors", "Failed"):
    wanted = replace(wanted, clear=False, failed=False) if show == "With errors" else replace(wanted, failed=True)
elif show in ("In review", "Approved"):
    wanted = replace(wanted, states=(State.IN_REVIEW,) if show == "In review" else (State.APPROVED, State.EXPORTED))
with here.store.read() as read:
    page = session.get("batch_page", 1)
    found = queue(read, wanted, offset=(page - 1) * listing.PAGE, limit=listing.PAGE)
    if not found.entries and found.total:
        found = queue(read, wanted, limit=listing.PAGE)
    failed = queue(read, Filter(states=(), batch=chosen, failed=True), limit=20).entries
session[state.QUEUE] = [one.id for one in found.entries]
if failed:
    sheet("failures", {"title": "Why these have no draft", "items": [[(letters.ref(one.id), "bad"), (f"{one.company}: {one.failure}", "")] for one in failed]})
why: dict[int, list[str]] = {}
for one in flags or ():
    why.setdefault(one.letter, []).append(one.text)
rows = [listing.row(one, here.store.clock(), here.user.name) for one in found.entries]
for entry in rows:
    entry["cells"]["odd"] = "; ".join(why.get(entry["id"], ()))
queue_table(
    KEY,
    {
        "rows": rows,
        "columns": [*listing.COLUMNS, {"name": "odd", "title": "Beside the others"}] if why else list(listing.COLUMNS),
        "label": "Letters of the batch",
        "count": f"{found.offset + 1} to {found.offset + len(found.entries)} of {found.total}",
        "empty": ["No letter here.", "Show all of them, or clear the filter."]
        if show != "All" or text
        else ["No letters yet.", "They come here as they are written."],
    },
    open=opened,
)
if found.total > listing.PAGE:
    st.pagination(-(-found.total // listing.PAGE), key="batch_page")
row = next(one for one in known if one.id == chosen)
st.caption(f"Begun {when(row.at)}. The address of this page shows others the same batch, cohort and filter.")
if number := session.pop(state.OPEN, None):
    st.switch_page("views/letter.py", query_params={"id": str(number)})
