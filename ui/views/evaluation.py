"""Runs of the evaluation: how good drafts are, against one another, and how good the rules are. Every figure says its n."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import streamlit as st

from eval.compare import Comparison, compare
from eval.log import read_log
from eval.measure import MEASURED
from eval.report import ALONE, SLICES, about, compared_rows, html, rows_of, sliced_rows
from eval.score import Scored, score
from eval.statistics import Figure
from guardrails.case import CaseError
from guardrails.marks import mark
from ui import charts, identity
from ui.client import service
from ui.components import sent, sheet
from ui.display import when

session = st.session_state
person = identity.current()
if person is None:
    st.stop()
FOLDER = service().settings.home / "eval"


@st.cache_resource(max_entries=16, show_spinner="Judging the letters of this run anew…")
def scored(path: str, changed: float) -> Scored:
    """Return a run under the rules of today; judged once for each state of its file."""
    return score(read_log(Path(path)), service().setup)


def named(path: Path | None) -> str:
    """Return a run as a person chooses it."""
    return "nothing" if path is None else f"{path.stem}, {when(datetime.fromtimestamp(path.stat().st_mtime).astimezone())}"


def table(key: str, title: str, rows: Sequence[Sequence[str]]) -> None:
    """Draw a table whose first row is its head."""
    sheet(key, {"title": title, "columns": [{"title": name[:1].upper() + name[1:]} for name in rows[0]], "rows": [{"cells": list(row)} for row in rows[1:]]})


def figure(entry: dict[str, Any]) -> str:
    """Return a share with its interval and n."""
    return f"{entry['value']:.2f} ({entry['low']:.2f} to {entry['high']:.2f}), n={entry['n']}" if entry.get("n") else "no value"


def chart(figures: Sequence[tuple[str, str, Figure]]) -> None:
    """Draw shares with their intervals, without the rules that speak of no letter."""
    heard = {name for name, _, one in figures if one.n and (one.value or not name.startswith("rule "))}
    drawn = charts.intervals([one for one in figures if one[0] in heard])
    st.altair_chart(drawn, key="intervals", alt="Shares with their 95 % interval; the table below says the same")


def changed(found: Comparison) -> None:
    """List the letters that fare otherwise, worst first, and show the two of whichever is chosen side by side with their marks."""

    def look() -> None:
        session["eval_open"] = sent("changed", "open").get("id")

    said = {True: "better", False: "worse", None: "otherwise"}
    rows = [
        {"open": place, "cells": [f"{one.b.sample.id} #{one.b.epoch + 1}", said[one.better], ", ".join(one.gone), ", ".join(one.come)]}
        for place, one in enumerate(found.changed, 1)
    ]
    columns = [{"title": name} for name in ("Sample", "B is", "Gone", "New")]
    sheet("changed", {"title": f"{len(rows)} letters fare otherwise", "columns": columns, "rows": rows}, open=look)
    number = session.get("eval_open")
    if not number or number > len(found.changed):
        return
    one = found.changed[number - 1]
    for column, name, row in zip(st.columns(2), "AB", (one.a, one.b), strict=True):
        if row.judged is None:
            continue
        letter, findings = row.judged.letter, row.judged.report.findings
        subject, body = (mark(letter.field(field), [finding for finding in findings if finding.field == field]) for field in ("subject", "body"))
        items = [[(f"{finding.rule}: {finding.message}", "")] for finding in findings] or [[("No findings.", "")]]
        with column:
            sheet(f"eval_{name}", {"title": f"{name}: {row.sample.id} #{row.epoch + 1}", "text": f"{subject}\n\n{body}"}, {"items": items})


st.title("Evaluation")
logs = sorted(FOLDER.glob("*.jsonl"), key=lambda path: -path.stat().st_mtime)
if not logs:
    sheet(
        "no_runs",
        {"empty": ["No run yet.", "A run drafts the sample cases and judges every letter. This one needs no key:", "amends eval run --model template"]},
    )
else:
    left, right = st.columns(2)
    with left:
        run = st.selectbox("Run", logs, format_func=named, key="run")
    with right:
        other = st.selectbox("Against", [None, *(path for path in logs if path != run)], format_func=named, key="against")
    try:
        newest = scored(str(run), run.stat().st_mtime)
        found = newest if other is None else compare(scored(str(other), other.stat().st_mtime), newest)
        if isinstance(found, Comparison):
            held = [f"A is {about(found.a)}", f"B is {about(found.b)}", *found.notes]
            sheet("summary", {"title": "In one sentence", "text": found.summary, "tone": "soft"}, {"items": [[(text, "")] for text in held]})
            chart([(name, run, side) for name, one in found.differences.items() if one.scorer.kind != "number" for run, side in (("A", one.a), ("B", one.b))])
            table("compared", f"B minus A; {ALONE}", compared_rows(found))
        else:
            held = [about(found), *found.log.notes]
            sheet("summary", {"title": f"Evaluation of {found.name}", "items": [[(text, "")] for text in held], "tone": "soft"})
            chart([(name, "", one.figure) for name, one in found.metrics.items() if one.scorer.kind != "number"])
            table("metrics", "Means with their 95 % interval", rows_of(found))
        for kind in SLICES:
            table(f"by_{kind}", f"By {kind}", sliced_rows(found, kind))
        if isinstance(found, Comparison):
            changed(found)
        st.download_button("Report as one file", html(found), f"{run.stem}.html", "text/html", icon=":material/download:")
    except CaseError as error:
        sheet("eval_error", {"title": "This run can not be read", "text": str(error), "tone": "bad"})
st.subheader("The rules, on letters marked by hand")
if MEASURED.is_file():
    said = json.loads(MEASURED.read_text(encoding="utf-8"))
    rows = [
        (name, figure(entry["precision"]), figure(entry["recall"])) if "precision" in entry else (name, f"fires on {figure(entry.get('rate', {}))}", "")
        for name, entry in said["rules"].items()
    ]
    table("measured", "Precision and recall, 95 % interval, on writers the rules have not seen", [("rule", "precision", "recall"), *rows])
else:
    sheet("not_measured", {"empty": ["Not measured yet.", "make measure holds every rule against the marked letters."]})
