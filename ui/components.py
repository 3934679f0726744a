"""Our own components, typed: a two-line loader travels over the websocket, the bundle is a cached GET."""

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

ASSETS = Path(__file__).parent / "assets"


@cache
def _component(name: str) -> Callable[..., Any]:
    version = hashlib.sha256((ASSETS / f"{name}.js").read_bytes()).hexdigest()[:12]
    loader = f'const m = await import(new URL("/assets/{name}.js?v={version}", location.origin));\nexport default c => m.default(c);'
    return st.components.v2.component(name, js=loader)


def _draw(name: str, key: str, data: Mapping[str, Any], triggers: Mapping[str, Callable[[], None]]) -> None:
    # `hello` asks for nothing but a run: after a restart of the server a new session has to meet its components first.
    _component(name)(key=key, data=dict(data), on_hello_change=lambda: None, **{f"on_{trigger}_change": act for trigger, act in triggers.items()})


def sent(key: str, trigger: str) -> dict[str, Any]:
    """Return what a component has just sent, inside the callback of that trigger."""
    state = st.session_state.get(key) or {}
    return dict(state.get(trigger) or {})


def letter_editor(key: str, data: Mapping[str, Any], **on: Callable[[], None]) -> None:
    """Draw the letter with marks, card, rail and actions. `on` are its triggers: act, suppress, comment, drafted."""
    _draw("letter_editor", key, data, on)


def queue_table(key: str, data: Mapping[str, Any], **on: Callable[[], None]) -> None:
    """Draw a list of letters for the keyboard. `on` are its triggers: open, act, undo."""
    _draw("queue_table", key, data, on)


def fields(key: str, data: Mapping[str, Any], **on: Callable[[], None]) -> None:
    """Draw fields to fill in, which keep themselves on the server as somebody types. `on` has their one trigger: typed."""
    _draw("fields", key, data, on)


def sheet(key: str, *blocks: Mapping[str, Any], **on: Callable[[], None]) -> None:
    """Draw facts, lists and tables as plain text, which no words of a customer can turn into markup."""
    _draw("sheet", key, {"blocks": [dict(block) for block in blocks]}, on)
