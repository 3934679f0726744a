"""Not a word is lost, no approval covers a text nobody saw, and two people do not overwrite each other."""

import random
import re
import threading
import time
from collections.abc import Callable

import pytest
from browsing import Desk, Watch, body, button, go, settled, write
from playwright.sync_api import Page, expect
from seeds import CLEAR, Seeds

from drafting import desk as desks
from drafting.store import State
from drafting.store.audit import verify
from guardrails.letter import Letter

GONE = [r"ERR_", r"WebSocket", r"^5\d\d ", r"Client Error in reaching", r"Is Streamlit still running", r"when disconnected from server"]
"""What a browser says of a server that is not there."""


def type_at_end(page: Page, text: str) -> None:
    body(page).click()
    page.keyboard.press("Control+End")
    page.keyboard.type(text)


def test_words_typed_right_before_a_save_are_in_it(page: Page, desk: Desk, seeds: Seeds) -> None:
    number = seeds.letter().id
    go(page, f"{desk.url}/letter?id={number}")
    type_at_end(page, " BY SHORTCUT")
    page.keyboard.press("Control+s")
    expect(page.locator(".foot")).to_contain_text("Revision 2 by local")
    type_at_end(page, " BY CLICK")
    button(page, "save").click()
    expect(page.locator(".foot")).to_contain_text("Revision 3 by local")
    revision = seeds.view(number).revision
    assert revision
    assert revision.body.endswith("BY SHORTCUT BY CLICK")


def test_words_typed_while_a_save_is_on_its_way_stay(page: Page, desk: Desk, seeds: Seeds) -> None:
    number = seeds.letter().id
    go(page, f"{desk.url}/letter?id={number}")
    type_at_end(page, " first")
    page.keyboard.press("Control+s")
    page.keyboard.type(" second third fourth fifth", delay=15)
    expect(page.locator(".foot")).to_contain_text("Edited, kept as you type")
    expect(body(page)).to_contain_text("first second third fourth fifth")
    page.keyboard.press("Control+s")
    expect(page.locator(".foot")).to_contain_text("Revision 3 by local")
    revision = seeds.view(number).revision
    assert revision
    assert revision.body.endswith("first second third fourth fifth")


@pytest.mark.parametrize("leave", ["next letter", "another page", "reload"])
def test_words_not_saved_are_there_again(page: Page, desk: Desk, seeds: Seeds, leave: str) -> None:
    numbers = [seeds.letter(CLEAR + f"\n{n}").id for n in range(2)]
    go(page, f"{desk.url}/queue")
    go(page, f"{desk.url}/letter?id={numbers[0]}")
    type_at_end(page, f" UNSAVED {leave}")
    if leave == "next letter":
        page.evaluate("history.pushState({}, '', location.href)")
        page.goto(f"{desk.url}/letter?id={numbers[1]}")
    elif leave == "another page":
        page.get_by_role("link", name="Trends").click()
        expect(page.get_by_role("heading", name="Trends")).to_be_visible()
    else:
        page.reload()
    settled(page)
    go(page, f"{desk.url}/letter?id={numbers[0]}")
    expect(body(page)).to_contain_text(f"UNSAVED {leave}")
    expect(page.locator(".foot")).to_contain_text("Edited")


def test_words_typed_while_the_server_restarts_stay_and_are_kept(own_desk: Callable[..., Desk], window: Callable[..., Watch]) -> None:
    desk = own_desk()
    seeds = Seeds(desk.home)
    number = seeds.letter().id
    watch = window(desk.url)
    watch.allow += GONE
    page = watch.page
    go(page, f"{desk.url}/letter?id={number}")
    desk.kill()
    type_at_end(page, " WHILE IT WAS GONE")
    expect(page.locator(".foot")).to_contain_text("Not kept yet")
    desk.start()
    expect(page.locator(".foot")).to_contain_text("kept as you type", timeout=30_000)
    assert desks.kept(seeds.desk, f"letter/{number}")["body"].endswith("WHILE IT WAS GONE")
    settled(page)
    expect(body(page)).to_contain_text("WHILE IT WAS GONE")
    page.keyboard.press("Control+s")
    expect(page.locator(".foot")).to_contain_text("Revision 2 by local", timeout=15_000)


def test_approval_is_impossible_with_an_edit_an_error_or_an_older_text(page: Page, desk: Desk, seeds: Seeds) -> None:
    number = seeds.letter().id
    go(page, f"{desk.url}/letter?id={number}")
    approve = button(page, "approve")
    expect(approve).to_have_attribute("aria-disabled", "false")
    type_at_end(page, " zebras")
    expect(approve).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Alt+a")
    expect(page.locator(".why")).to_contain_text("Approve: Save your edit first.")
    page.keyboard.press("Control+s")
    expect(page.locator(".foot")).to_contain_text("Revision 2 by local")
    expect(page.locator(".why")).to_contain_text("1 error blocks it")
    page.keyboard.press("Alt+a")
    settled(page)
    assert seeds.view(number).row.state is State.IN_REVIEW
    write(page, CLEAR)
    page.keyboard.press("Control+s")
    expect(approve).to_have_attribute("aria-disabled", "false")
    revision = seeds.view(number).revision
    assert revision
    desks.edit(seeds.desk, number, revision, Letter(revision.subject, CLEAR + "\nSomebody else wrote this."))
    page.keyboard.press("Alt+a")
    expect(page.get_by_text(re.compile("Not done: .*revision 4 stands"))).to_be_visible()
    assert seeds.view(number).row.state is State.IN_REVIEW


def test_the_wrong_signer_blocks_approval(page: Page, desk: Desk, seeds: Seeds) -> None:
    case = seeds.case("outage")
    number = seeds.letter(case=case).id
    go(page, f"{desk.url}/letter?id={number}")
    expect(button(page, "approve")).to_have_attribute("aria-disabled", "true")
    expect(page.locator(".why")).to_contain_text("Support Representative")


def test_emoji_and_umlauts_mark_the_right_words(page: Page, desk: Desk, seeds: Seeds) -> None:
    number = seeds.letter("Dear 😀 Jürgen 👩‍👩‍👧 Großmann 𝒳,\n\nWe 😀 utilise Zürich. We count zebras.\n\nKind regards,\nBram\nSupport Representative").id
    go(page, f"{desk.url}/letter?id={number}")
    expect(page.locator('[data-rule="plain-use"]')).to_have_text("utilise")
    expect(page.locator('[data-rule="no-zebra"]')).to_have_text("zebras")
    body(page).click()
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("🦓 ")
    expect(page.locator(".foot")).to_contain_text("1 error, 1 warning")
    expect(page.locator('[data-rule="no-zebra"]')).to_have_text("zebras")


def test_two_people_do_not_overwrite_each_other(desk: Desk, seeds: Seeds, window: Callable[..., Watch]) -> None:
    number = seeds.letter().id
    one, two = window(desk.url).page, window(desk.url).page
    for page in (one, two):
        go(page, f"{desk.url}/letter?id={number}")
    type_at_end(one, " FROM THE FIRST")
    one.keyboard.press("Control+s")
    expect(one.locator(".foot")).to_contain_text("Revision 2 by local")
    type_at_end(two, " FROM THE SECOND")
    two.keyboard.press("Control+s")
    expect(two.get_by_text("saved revision 2 while you were writing")).to_be_visible()
    expect(two.locator(".cm-deletedText, .cm-deletedChunk").filter(has_text="FIRST").first).to_be_visible()
    expect(two.locator(".cm-changedText").filter(has_text="SECOND").first).to_be_visible()
    settled(two)
    two.keyboard.press("Control+s")
    expect(two.locator(".foot")).to_contain_text("Revision 3 by local")
    texts = [one.body for one in desks.history(seeds.desk, number)]
    assert texts[1].endswith("FROM THE FIRST")
    assert texts[2].endswith("FROM THE SECOND")


def test_their_text_can_be_taken_instead(desk: Desk, seeds: Seeds, window: Callable[..., Watch]) -> None:
    row = seeds.letter()
    page = window(desk.url).page
    go(page, f"{desk.url}/letter?id={row.id}")
    revision = seeds.view(row.id).revision
    assert revision
    desks.edit(seeds.desk, row.id, revision, Letter(revision.subject, CLEAR + "\nTHEIRS"))
    type_at_end(page, " MINE")
    page.keyboard.press("Control+s")
    page.get_by_role("button", name="Take theirs instead").click()
    expect(body(page)).to_contain_text("THEIRS")
    expect(body(page)).not_to_contain_text("MINE")


def test_no_confirmed_save_is_lost_when_the_server_is_killed_again_and_again(own_desk: Callable[..., Desk], window: Callable[..., Watch]) -> None:
    desk = own_desk()
    seeds = Seeds(desk.home)
    number = seeds.letter().id
    watch = window(desk.url)
    watch.allow += GONE
    page = watch.page
    chance = random.Random(7)
    confirmed: list[str] = []
    for turn in range(4):
        go(page, f"{desk.url}/letter?id={number}")
        killer = threading.Timer(chance.uniform(0.3, 2.5), desk.kill)
        killer.start()
        for step in range(12):
            words = f"save {turn}.{step}"
            body(page).click()
            page.keyboard.press("Control+End")
            page.keyboard.insert_text(f" {words}")
            page.keyboard.press("Control+s")
            before = time.monotonic()
            while time.monotonic() - before < 2:
                if "Revision" in page.locator(".foot").inner_text():
                    confirmed.append(words)
                    break
                page.wait_for_timeout(20)
            else:
                break
        killer.join()
        desk.start()
    history = " ".join(one.body for one in desks.history(seeds.desk, number))
    assert confirmed
    assert [words for words in confirmed if words not in history] == []
    with seeds.store.read() as session:
        assert verify(session) is None
