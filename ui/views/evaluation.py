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
from eval.report import compared_rows, html, rows_of
from eval.score import Scored, score
from guardrails.case import CaseError
from ui import identity
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
    sheet(key, {"title": title, "columns": [{"title": name.capitalize()} for name in rows[0]], "rows": [{"cells": list(row)} for row in rows[1:]]})


def figure(entry: dict[str, Any]) -> str:
    """Return a share with its interval and n."""
    return f"{entry['value']:.2f} ({entry['low']:.2f} to {entry['high']:.2f}), n={entry['n']}" if entry.get("n") else "no value"


st.title("Evaluation")
logs = sorted(FOLDER.glob("*.jsonl"), key=lambda path: -path.stat().st_mtime)
if not logs:
    sheet("no_runs", {"empty": ["No run yet.", "amends eval run drafts the samples and writes one; it needs no key with --model template."]})
else:
    left, right = st.columns(2)
    with left:
        run = st.selectbox("Run", logs, format_func=named, key="run")
    with right:
        other = st.selectbox("Against", [None, *(path for path in logs if path != run)], format_func=named, key="against")
    try:
        found: Scored | Comparison = scored(str(run), run.stat().st_mtime)
        if isinstance(found, Scored):
            st.caption(f"{len(found.rows)} drafts of {len(found.log.samples)} samples; {found.failed} have no letter, {found.unscored} could not be judged.")
            if other is not None:
                found = compare(scored(str(other), other.stat().st_mtime), found)
        if isinstance(found, Comparison):
            sheet(
                "summary",
                {"title": "In one sentence", "text": found.summary, "tone": "soft"},
                *({"items": [[(note, "")] for note in found.notes]},) * bool(found.notes),
            )
            table("compared", "A is the run against, B is the run", compared_rows(found))

            def look() -> None:
                """Show the two letters of a sample."""
                session["eval_open"] = sent("changed", "open").get("id")

            worse = sorted(enumerate(found.changed), key=lambda item: item[1].better is not False)
            sheet(
                "changed",
                {
                    "title": f"{len(worse)} letters fare otherwise",
                    "columns": [{"title": "Sample"}, {"title": "Now"}, {"title": "Gone"}, {"title": "New"}],
                    "rows": [
                        {
                            "open": place + 1,
                            "cells": [
                                one.b.sample.id,
                                "better" if one.better else "otherwise" if one.better is None else "worse",
                                ", ".join(one.gone),
                                ", ".join(one.come),
                            ],
                        }
                        for place, one in worse[:100]
                    ],
                },
                open=look,
            )
            if number := session.get("eval_open"):
                one = found.changed[number - 1]
                for name, row in (("A", one.a), ("B", one.b)):
                    text = row.drafted.turns[-1].letter.text if row.drafted.turns else row.error or ""
                    sheet(f"eval_{name}", {"title": f"{row.sample.id}, {name}", "text": text})
        else:
            table("metrics", f"Evaluation of {found.name}", rows_of(found))
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
