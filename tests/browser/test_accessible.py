"""axe finds nothing on any screen: with data, empty, with an error, with a dialog open."""

from collections.abc import Callable

import pytest
from browsing import Desk, Watch, axe, body, button, choose, go, settled
from playwright.sync_api import Page, expect
from seeds import CLEAR, Seeds

PAGES = ("", "queue", "letter", "batch", "evaluation", "trends", "policy")


@pytest.mark.parametrize("name", PAGES)
def test_with_data(page: Page, desk: Desk, seeds: Seeds, name: str) -> None:
    number = seeds.letter(CLEAR + "\nWe utilise zebras.").id
    go(page, f"{desk.url}/{name}" + (f"?id={number}" if name == "letter" else ""))
    if name == "letter":
        for tab in ("Facts", "History", "Comments", "Findings"):
            page.get_by_role("tab", name=tab).click()
            assert axe(page) == []
        page.locator('[data-rule="plain-use"]').click()
        expect(page.get_by_role("group", name="Finding")).to_be_visible()
    assert axe(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_empty(own_desk: Callable[..., Desk], window: Callable[..., Watch], name: str) -> None:
    desk = own_desk()
    page = window(desk.url).page
    go(page, f"{desk.url}/{name}")
    assert axe(page) == []


@pytest.mark.parametrize("path", ["letter?id=99999", "queue?q=zzzz", "batch?batch=none"])
def test_with_nothing_found(page: Page, desk: Desk, path: str) -> None:
    go(page, f"{desk.url}/{path}")
    assert axe(page) == []


def test_with_a_refused_case_and_a_refused_policy(page: Page, desk: Desk) -> None:
    go(page, desk.url)
    choose(page, "Case", "Open a case file")
    page.locator("input[type=file]").set_input_files({"name": "case.toml", "mimeType": "text/plain", "buffer": b"x = ["})
    expect(page.get_by_text("This case can not be used")).to_be_visible()
    assert axe(page) == []
    go(page, f"{desk.url}/policy")
    page.get_by_role("tab", name="As a file").click()
    page.get_by_label("policy.toml").first.fill("version = ")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("This is not a policy yet")).to_be_visible()
    settled(page)
    assert axe(page) == []


def test_with_a_dialog_and_with_menus_open(page: Page, desk: Desk, seeds: Seeds) -> None:
    number = seeds.letter().id
    go(page, f"{desk.url}/letter?id={number}")
    button(page, "more").click()
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+j")
    expect(page.get_by_role("dialog")).to_be_visible()
    settled(page)
    assert axe(page) == []
    page.keyboard.press("Escape")
    go(page, f"{desk.url}/queue")
    page.locator("tbody tr").first.focus()
    page.keyboard.press("b")
    expect(page.get_by_role("dialog")).to_be_visible()
    settled(page)
    assert axe(page) == []


def test_with_a_comparison_and_a_conflict(page: Page, desk: Desk, seeds: Seeds) -> None:
    from drafting import desk as desks
    from guardrails.letter import Letter

    row = seeds.letter()
    go(page, f"{desk.url}/letter?id={row.id}")
    revision = seeds.view(row.id).revision
    assert revision
    desks.edit(seeds.desk, row.id, revision, Letter(revision.subject, CLEAR + "\nTHEIRS"))
    body(page).click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" MINE")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("while you were writing")).to_be_visible()
    settled(page)
    assert axe(page) == []
