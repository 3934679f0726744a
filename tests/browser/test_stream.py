"""A draft while it is being written: marks appear, it can be stopped, tried again, and outlives the tab."""

import re
from collections.abc import Callable, Iterator

import pytest
from browsing import Desk, Watch, body, button, choose, go, settled
from model import SlowModel
from playwright.sync_api import expect
from seeds import Seeds


@pytest.fixture
def model() -> Iterator[SlowModel]:
    found = SlowModel()
    yield found
    found.close()


@pytest.fixture
def writing(own_desk: Callable[..., Desk], model: SlowModel) -> Desk:
    """A desk whose model is the slow one."""
    return own_desk(AMENDS_MODEL="openai:slow,template", OPENAI_API_KEY="sk-test", OPENAI_BASE_URL=model.url)


def begin(page: object, desk: Desk) -> None:
    go(page, desk.url)  # type: ignore[arg-type]
    choose(page, "Case", "Minor bug")  # type: ignore[arg-type]
    page.get_by_role("button", name="Draft the letter").click(delay=60)  # type: ignore[attr-defined]


def test_marks_appear_while_the_letter_is_written(writing: Desk, window: Callable[..., Watch], model: SlowModel) -> None:
    model.held = "sites."
    page = window(writing.url).page
    begin(page, writing)
    expect(page.locator('[data-rule="plain-use"]')).to_be_visible()
    assert "Kind regards" not in body(page).inner_text()
    model.go_on.set()
    expect(button(page, "open")).to_be_visible(timeout=60_000)
    expect(body(page)).to_contain_text("Kind regards")
    assert page.evaluate("window.__amendsFirst.length") == 1


def test_stop_keeps_the_text_and_it_becomes_a_letter(writing: Desk, window: Callable[..., Watch], model: SlowModel) -> None:
    model.held = "sites."
    page = window(writing.url).page
    begin(page, writing)
    expect(body(page)).to_contain_text("We utilise two sites.")
    page.get_by_role("button", name="Stop").click(delay=60)
    expect(page.locator(".foot")).to_contain_text("1 warning")
    expect(button(page, "keep")).to_be_visible()
    settled(page)
    body(page).click()
    page.keyboard.press("Control+End")
    page.keyboard.type("and my own words")
    expect(page.locator(".foot")).to_contain_text("Kept as you type")
    page.reload()
    settled(page)
    choose(page, "Case", "Minor bug")
    expect(body(page)).to_contain_text("and my own words")
    button(page, "keep").click()
    page.wait_for_url("**/letter?id=*")
    settled(page)
    expect(body(page)).to_contain_text("and my own words")
    assert "Kind regards" not in body(page).inner_text()


def test_a_failed_draft_says_why_and_is_tried_again_with_another_model(writing: Desk, window: Callable[..., Watch], model: SlowModel) -> None:
    model.fail = True
    page = window(writing.url).page
    go(page, writing.url)
    choose(page, "Case", "Minor bug")
    choose(page, "Model", "openai:slow")
    page.get_by_role("button", name="Draft the letter").click(delay=60)
    expect(page.get_by_text(re.compile("Drafting failed: openai:slow")).first).to_be_visible(timeout=60_000)
    settled(page)
    choose(page, "Model", "Template")
    page.get_by_role("button", name="Draft again").click(delay=60)
    expect(button(page, "open")).to_be_visible(timeout=60_000)


def test_a_draft_goes_on_when_its_tab_is_closed(writing: Desk, window: Callable[..., Watch]) -> None:
    page = window(writing.url).page
    begin(page, writing)
    expect(body(page)).to_contain_text("Dear Femke")
    page.close()
    seen = window(writing.url).page
    go(seen, f"{writing.url}/queue")
    seeds = Seeds(writing.home)
    for _ in range(60):
        with seeds.store.read() as session:
            from drafting.store import LetterRow

            if session.find(LetterRow):
                break
        seen.wait_for_timeout(250)
    go(seen, f"{writing.url}/queue")
    expect(seen.get_by_role("table", name="Letters that wait").locator("tbody tr")).to_have_count(1)
