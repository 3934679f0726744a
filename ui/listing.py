"""The queue as its page needs it: the filter that the address names, and rows in the form the table takes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from drafting.store import State
from drafting.store.queue import Entry, Filter
from guardrails.case import Severity
from ui.display import SEVERITY_TONES, amount, checks, due, words

PAGE = 50
"""Letters on one page of the queue."""
SHOWS = ("All", "Overdue", "Due in 24 h", "Blocked", "Clear", "Mine")
STATES: Mapping[str, tuple[State, ...]] = {
    "Waiting for somebody": Filter().states,
    "Drafted": (State.DRAFTED,),
    "In review": (State.IN_REVIEW,),
    "Sent back": (State.SENT_BACK,),
    "Approved": (State.APPROVED,),
    "Follow-up due": (State.FOLLOW_UP_DUE,),
    "Exported": (State.EXPORTED,),
    "Closed": (State.CLOSED, State.SUPERSEDED),
    "Any state": (),
}
NARROW = ("account", "category", "cause", "incident", "batch", "cohort", "week")
"""Filters that other pages link to; each is a word in the address."""
COLUMNS = (
    {"name": "id", "title": "Letter"},
    {"name": "company", "title": "Account"},
    {"name": "due", "title": "Due"},
    {"name": "arr", "title": "A year", "num": True},
    {"name": "severity", "title": "Severity"},
    {"name": "state", "title": "State"},
    {"name": "checks", "title": "Checks"},
    {"name": "drafter", "title": "Drafter"},
)


def wanted(show: str, state: str, severities: Sequence[str], text: str, narrowed: Mapping[str, str], who: str) -> Filter:
    """Return the filter that the page's fields and address name. What can not be read does not narrow."""
    found = Filter(states=STATES.get(state, Filter().states), severities=tuple(Severity(one.lower()) for one in severities), text=text)
    if show == "Overdue":
        found = replace(found, overdue=True)
    elif show == "Due in 24 h":
        found = replace(found, due_within=timedelta(days=1))
    elif show in ("Blocked", "Clear"):
        found = replace(found, clear=show == "Clear")
    elif show == "Mine":
        found = replace(found, mine=who)
    for name in NARROW:
        if value := narrowed.get(name):
            if name == "week":
                try:
                    found = replace(found, week=datetime.fromisoformat(value).replace(tzinfo=UTC))
                except ValueError:
                    continue
            else:
                chosen: dict[str, Any] = {name: value}
                found = replace(found, **chosen)
    return found


def row(entry: Entry, now: datetime, who: str) -> dict[str, Any]:
    """Return a letter as a row of the table. `can` is what a key press may ask for; the desk decides."""
    held = [(f"open at {entry.holder}", "near")] if entry.holder and entry.holder != who else []
    heavy = entry.severity.rank >= Severity.HIGH.rank
    can, cannot = [], ""
    if entry.state is State.IN_REVIEW:
        can.append("send_back")
        if entry.errors:
            cannot = f"L-{entry.id} has errors: open it"
        elif heavy:
            cannot = f"L-{entry.id} is {entry.severity.value}: open it and read it on its own"
        else:
            can.append("approve")
    elif entry.state in (State.DRAFTED, State.SENT_BACK) and entry.revision:
        can.append("submit")
        cannot = f"L-{entry.id} is not in review: S sends it there"
    else:
        cannot = f"L-{entry.id} is {words(entry.state.value).lower()}"
    return {
        "id": entry.id,
        "revision": entry.revision,
        "sha": entry.sha256,
        "can": can,
        "cannot": cannot,
        "cells": {
            "id": f"L-{entry.id}",
            "company": [(entry.company, ""), *held],
            "due": [due(entry.due, now, words(entry.due_what or "").lower())],
            "arr": amount(entry.arr, entry.currency),
            "severity": [(words(entry.severity.value), SEVERITY_TONES[entry.severity.value])],
            "state": words(entry.state.value),
            "checks": [("no draft", "bad")] if entry.failure or not entry.revision else checks(entry.errors, entry.warnings),
            "drafter": entry.drafter,
        },
    }


def neighbours(listed: Sequence[int], letter_id: int) -> tuple[int | None, int | None]:
    """Return the letters before and after this one in the last listing."""
    if letter_id not in listed:
        return None, listed[0] if listed else None
    place = listed.index(letter_id)
    return (listed[place - 1] if place else None), (listed[place + 1] if place + 1 < len(listed) else None)
