"""The record over time: how often we apologise, for what, to whom, and whether we keep our word."""

from datetime import timedelta
from typing import Any

import streamlit as st

from drafting.store.trends import trends
from ui import charts, identity
from ui.client import desk
from ui.components import sent, sheet
from ui.display import amount, csv, words

session = st.session_state
person = identity.current()
if person is None:
    st.stop()
here = desk(person)
PERIODS = {"30 days": 30, "90 days": 90, "A year": 365, "Everything": 36500}


def to_queue(**wanted: str) -> None:
    """Show the letters behind a figure."""
    st.switch_page("views/queue.py", query_params={"state": "Any state", **wanted})


def figure(title: str, chart: Any, alt: str, columns: list[str], rows: list[list[Any]], *, opens: str = "", names: list[str] | None = None) -> None:
    """Draw a chart, the same figures as a table beside it, and a file of them. A point or a name opens the letters behind it."""
    key = title.lower().replace(" ", "_")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader(title, width="stretch")
        if rows:
            st.download_button("CSV", csv(columns, rows), f"{key}.csv", "text/csv", key=f"csv_{key}", type="tertiary", icon=":material/download:")
    if not rows:
        sheet(f"none_{key}", {"empty": ["Nothing in this period.", "Choose a longer one."]})
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        if opens:
            picked = st.altair_chart(chart, key=f"chart_{key}", on_select="rerun", selection_mode=charts.PICK, alt=alt)
            points = (picked.get("selection") or {}).get(charts.PICK) or []
            if points and points != session.get(f"seen_{key}"):
                session[f"seen_{key}"] = points
                to_queue(**{opens: str(next(iter(points[0].values())))})
        else:
            st.altair_chart(chart, key=f"chart_{key}", alt=alt)
    with right:

        def look() -> None:
            session[f"open_{key}"] = sent(f"table_{key}", "open").get("id")

        open_by = names or ([str(row[0]) for row in rows] if opens else [])
        sheet(
            f"table_{key}",
            {
                "columns": [{"title": name, "num": place > 0 and isinstance(rows[0][place], int | float)} for place, name in enumerate(columns)],
                "rows": [{"open": open_by[place] if open_by else None, "cells": [str(cell) for cell in row]} for place, row in enumerate(rows)],
                "caption": title,
            },
            open=look,
        )
        if chosen := session.pop(f"open_{key}", None):
            to_queue(**{opens or "account": str(chosen)})


st.title("Trends")
period = st.segmented_control(
    "Period", list(PERIODS), default="90 days", required=True, key="period", bind="query-params", persist_state="session", label_visibility="collapsed"
)
with here.store.read() as read:
    until = read.now + timedelta(minutes=1)
    now = trends(read, until - timedelta(days=PERIODS[period or "90 days"]), until)
if not now.letters:
    sheet(
        "no_trends",
        {"empty": ["No letters in this period.", "Draft the first one, or choose a longer period: the figures come from the record by themselves."]},
    )
    st.page_link("views/draft.py", label="Draft a letter")
    st.stop()
figure(
    "Apologies by week",
    charts.weeks(now.weeks),
    f"Letters in each of {len(now.weeks)} weeks, stacked by severity; the table holds the same figures.",
    ["Week from", "Letters", "High and critical"],
    [[week.monday.isoformat(), sum(week.severities.values()), week.severities.get("high", 0) + week.severities.get("critical", 0)] for week in now.weeks],
    opens="week",
)
figure(
    "Kinds of letter",
    charts.ranked(now.categories, "Kind"),
    "Letters by kind, most first; the table holds the same figures.",
    ["Kind", "Letters"],
    [[one.name, one.letters] for one in now.categories],
    opens="category",
)
figure(
    "Causes",
    charts.ranked(now.causes, "Cause"),
    "Letters by cause, most first; the table holds the same figures.",
    ["Cause", "Letters"],
    [[one.name, one.letters] for one in now.causes],
    opens="cause",
)
figure(
    "Accounts",
    charts.ranked(now.accounts, "Account"),
    "Letters by account, most first; the table holds the same figures.",
    ["Account", "Letters"],
    [[one.name, one.letters] for one in now.accounts],
    opens="q",
)
if now.repeats:
    figure(
        "Repeated apologies",
        charts.bars([(one.company, one.letters) for one in now.repeats[:12]], "Account", "Letters"),
        "Accounts that had more than one apology; the table holds the same figures.",
        ["Account", "Letters", "A year"],
        [[one.company, one.letters, amount(one.arr, None)] for one in now.repeats],
        opens="q",
    )
if now.clocks:
    figure(
        "From detection to the letter",
        charts.bars([(words(one.severity), one.median_hours) for one in now.clocks], "Severity", "Median hours", ordered=False),
        "Median hours from detection to export, by severity; the table holds the same figures.",
        ["Severity", "Letters", "Median hours", "Slowest", "In time", "Policy, hours"],
        [
            [words(one.severity), one.letters, one.median_hours, one.slowest_hours, one.in_time, demand.respond_hours]
            for one in now.clocks
            for name, demand in here.policy.severity.items()
            if name.value == one.severity
        ],
    )
if now.findings:
    figure(
        "Findings by rule and author",
        charts.rules(now.findings),
        "Letters in which each rule fired; the table has them by author.",
        ["Rule", "Author or model", "Letters", "Findings"],
        [[one.rule, one.author, one.letters, one.findings] for one in now.findings],
    )
if now.dismissed:
    figure(
        "Findings that people let stand",
        charts.dismissed(now.dismissed),
        "Share of letters in which a finding was let stand, by rule; above half, look at the rule.",
        ["Rule", "Fired in", "Let stand in", "Share, %"],
        [[one.rule, one.fired, one.dismissed, round(100 * one.share, 1)] for one in now.dismissed],
    )
kept = now.promises
if kept.kept + kept.kept_late + kept.late + kept.open:
    figure(
        "Promises",
        charts.promises(kept),
        "What became of the promises made in this period; the table holds the same figures.",
        ["Promise", "Number"],
        [["Kept", kept.kept], ["Kept late", kept.kept_late], ["Open", kept.open], ["Late", kept.late]],
    )
