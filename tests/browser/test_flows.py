"""What people do at the desk, once through each page."""

import json
import re
import time
from collections.abc import Callable

from browsing import Desk, Watch, axe, body, button, choose, go, settled, write
from playwright.sync_api import Page, expect
from seeds import CLEAR, Seeds

from drafting.store import State


def test_a_new_user_has_an_exported_letter_within_two_minutes(page: Page, desk: Desk, seeds: Seeds) -> None:
    began = time.monotonic()
    go(page, desk.url)
    choose(page, "Case", "Minor bug")
    expect(page.get_by_text("the case says minor_bug")).to_be_visible()  # what is below moves while the page draws another case
    settled(page)
    page.get_by_role("button", name="Draft the letter").click(delay=60)
    button(page, "open").click()
    page.wait_for_url("**/letter?id=*")
    settled(page)
    number = int(page.url.rsplit("=", 1)[1])
    button(page, "submit").click()
    button(page, "approve").click()
    button(page, "export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="E-mail file").click()
    assert b"X-Unsent: 1" in download.value.path().read_bytes()
    expect(page.locator(".head .b").first).to_have_text("Exported")
    settled(page)
    expect(page.get_by_text("Nothing was sent.")).to_be_visible()
    assert time.monotonic() - began < 120
    assert seeds.view(number).row.state is State.EXPORTED


def test_the_queue_is_worked_by_keyboard_alone_to_three_decisions(own_desk: Callable[..., Desk], window: Callable[..., Watch]) -> None:
    desk = own_desk()
    seeds = Seeds(desk.home)
    numbers = [seeds.letter(CLEAR + f"\nNumber {n}").id for n in range(4)]
    page = window(desk.url).page
    go(page, f"{desk.url}/queue")
    rows = page.get_by_role("table", name="Letters that wait").locator("tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.first).to_be_focused()
    page.keyboard.press("a")
    expect(rows).to_have_count(4)
    expect(rows.locator("td", has_text="Approved")).to_have_count(1)
    settled(page)
    page.keyboard.press("j")
    page.keyboard.press("b")
    expect(page.get_by_role("dialog")).to_be_visible()
    settled(page)
    page.get_by_label("Note").focus()
    page.keyboard.type("Say what changed for them.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(rows.locator("td", has_text="Sent back")).to_have_count(1)
    settled(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/letter?id=*")
    settled(page)
    page.keyboard.press("Alt+a")
    expect(page.get_by_text(re.compile(r"L-\d+ is approved"))).to_be_visible()
    states = sorted(seeds.view(number).row.state.value for number in numbers)
    assert states == ["approved", "approved", "in_review", "sent_back"]


def test_bulk_approval_takes_only_clear_letters_and_undo_brings_them_back(own_desk: Callable[..., Desk], window: Callable[..., Watch]) -> None:
    desk = own_desk()
    seeds = Seeds(desk.home)
    clear = [seeds.letter(CLEAR + f"\nNumber {n}").id for n in range(2)]
    blocked = seeds.letter(CLEAR + "\nWe count zebras.").id
    page = window(desk.url).page
    go(page, f"{desk.url}/queue")
    for number in (*clear, blocked):
        page.get_by_role("checkbox", name=f"Select {number}", exact=True).click()
    page.get_by_role("button", name="Approve 2 without errors").click()
    expect(page.get_by_text(re.compile("Approved L-"))).to_be_visible()
    assert [seeds.view(number).row.state for number in (*clear, blocked)] == [State.APPROVED, State.APPROVED, State.IN_REVIEW]
    settled(page)
    page.locator("tbody tr").first.focus()
    page.keyboard.press("u")
    expect(page.get_by_text("is back in review").first).to_be_visible()
    assert {seeds.view(number).row.state for number in clear} == {State.IN_REVIEW}


def test_one_decision_is_undone_where_it_was_made(page: Page, desk: Desk, seeds: Seeds) -> None:
    number = seeds.letter().id
    go(page, f"{desk.url}/letter?id={number}")
    button(page, "approve").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".head .b").first).to_have_text("In review")
    assert seeds.view(number).row.state is State.IN_REVIEW


def test_a_finding_is_read_applied_undone_and_let_stand(page: Page, desk: Desk, seeds: Seeds) -> None:
    number = seeds.letter(CLEAR + "\nWe utilise two sites. We count zebras.").id
    go(page, f"{desk.url}/letter?id={number}")
    marks = page.locator(".cm-content .f")
    expect(marks).to_have_count(2)
    body(page).click(position={"x": 30, "y": 20})
    page.keyboard.press("Control+Home")
    page.keyboard.press("F8")
    expect(page.get_by_role("group", name="Finding")).to_contain_text('Write "use".')
    page.keyboard.press("Alt+Enter")
    expect(body(page)).to_contain_text("We use two sites")
    expect(page.locator('[data-rule="plain-use"]')).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator('[data-rule="plain-use"]')).to_have_count(1)
    page.locator('[data-rule="plain-use"]').click()
    page.get_by_role("button", name="Let it stand…").click()
    page.get_by_label("Note", exact=True).fill("Their own word")
    page.get_by_role("button", name="Let it stand in this letter").click()
    expect(page.locator('[data-rule="plain-use"]')).to_have_count(0)
    expect(page.locator(".pane")).to_contain_text("Their own word")
    assert [one.reason for one in seeds.view(number).dismissals] == ["True and meant so: Their own word"]


def test_revisions_are_compared_and_comments_kept(page: Page, desk: Desk, seeds: Seeds) -> None:
    number = seeds.letter().id
    go(page, f"{desk.url}/letter?id={number}")
    write(page, CLEAR.replace("Kind regards", "Warm regards"))
    page.keyboard.press("Control+s")
    expect(page.locator(".foot")).to_contain_text("Revision 2 by local")
    page.get_by_role("tab", name="History").click()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".cm-changedText", has_text="Warm").first).to_be_visible()
    expect(page.locator(".cm-deletedText", has_text="Kind").first).to_be_visible()
    page.get_by_role("button", name="Back to the letter").click()
    page.get_by_role("tab", name="Comments").click()
    page.get_by_label("Your comment").fill("Is the date right?")
    page.get_by_role("button", name="Add comment").click()
    expect(page.locator(".talk")).to_contain_text("Is the date right?")
    assert [one.text for one in seeds.view(number).comments] == ["Is the date right?"]


def test_a_letter_goes_back_with_a_reason(page: Page, desk: Desk, seeds: Seeds) -> None:
    number = seeds.letter().id
    go(page, f"{desk.url}/letter?id={number}")
    page.keyboard.press("Alt+j")
    page.get_by_label("Note").fill("Name the pallets.")
    page.get_by_role("dialog").get_by_role("button", name="Send back for rework").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    settled(page)
    now = seeds.view(number)
    assert (now.row.state, now.decisions[-1].reason) == (State.SENT_BACK, "Blames the customer: Name the pallets.")


def test_an_error_is_overridden_only_with_a_reason(page: Page, desk: Desk, seeds: Seeds) -> None:
    number = seeds.letter(CLEAR + "\nWe count zebras.").id
    go(page, f"{desk.url}/letter?id={number}")
    expect(button(page, "approve")).to_have_attribute("aria-disabled", "true")
    button(page, "more").click()
    page.get_by_role("button", name="Approve with errors, with a reason…").click()
    box = page.get_by_role("dialog")
    box.get_by_role("button", name="Approve with errors").click()
    expect(box.get_by_text("Say why in a few words.")).to_be_visible()
    settled(page)
    box.get_by_label("Reason").fill("They asked about the zebras.")
    box.get_by_role("button", name="Approve with errors").click()
    expect(page.get_by_text(re.compile(r"L-\d+ is approved with errors"))).to_be_visible()
    assert seeds.view(number).row.state is State.APPROVED


def test_changed_facts_are_shown_and_wait_for_a_look(page: Page, desk: Desk, seeds: Seeds) -> None:
    from drafting import desk as desks

    row = seeds.letter()
    case = seeds.case()
    desks.change_case(seeds.desk, row.id, case.model_copy(update={"follow_up": "I will call you on Friday 13 March."}))
    go(page, f"{desk.url}/letter?id={row.id}")
    expect(button(page, "approve")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="I have looked at it").click()
    expect(button(page, "approve")).to_have_attribute("aria-disabled", "false")


def test_facts_are_changed_from_the_page(page: Page, desk: Desk, seeds: Seeds) -> None:
    row = seeds.letter()
    go(page, f"{desk.url}/letter?id={row.id}")
    button(page, "more").click()
    page.get_by_role("button", name="Change the facts…").click()
    box = page.get_by_role("dialog")
    expect(box.get_by_role("button", name="The case as it stands")).to_be_visible()
    settled(page)
    assert axe(page) == []
    with page.expect_download() as download:
        box.get_by_role("button", name="The case as it stands").click()
    case = json.loads(download.value.path().read_text())
    case["account"]["impact"] = "Femke wrote the pallet count on 52 delivery notes by hand"
    box.locator("input[type=file]").set_input_files({"name": "case.json", "mimeType": "application/json", "buffer": json.dumps(case).encode()})
    expect(page.get_by_role("button", name="I have looked at it")).to_be_visible()
    assert "52 delivery notes" in str(seeds.view(row.id).case.account.impact)


def test_a_short_letter_can_go_to_the_mail_program(window: Callable[..., Watch], desk: Desk, seeds: Seeds) -> None:
    watch = window(desk.url)
    watch.allow.append("another origin: mailto:femke@")
    page = watch.page
    number = seeds.letter().id
    go(page, f"{desk.url}/letter?id={number}")
    button(page, "approve").click()
    expect(page.locator(".head .b").first).to_have_text("Approved")
    settled(page)
    button(page, "export").click()
    page.get_by_role("button", name="Open in the mail program").click()
    expect(page.locator(".head .b").first).to_have_text("Exported")
    assert any("mailto:femke@vanhouten-kaas.example?subject=The%20pallet" in one for one in watch.bad)


def test_missing_facts_are_asked_for_and_go_into_the_letter(page: Page, desk: Desk) -> None:
    case = {
        "incident": {"category": "billing_error", "severity": "medium", "summary": "We charged you twice for March."},
        "account": {"company": "Nordlys Bank"},
        "sender": {"name": "Ada Berg", "title": "Customer Success Manager"},
    }
    go(page, desk.url)
    choose(page, "Case", "Open a case file")
    page.locator("input[type=file]").set_input_files({"name": "case.json", "mimeType": "application/json", "buffer": json.dumps(case).encode()})
    expect(page.get_by_text(re.compile(r"Not known yet \("))).to_be_visible()
    page.get_by_role("textbox", name="Who at the customer is the letter for?").fill("Ingrid")
    page.reload()
    settled(page)
    page.locator("input[type=file]").set_input_files({"name": "case.json", "mimeType": "application/json", "buffer": json.dumps(case).encode()})
    expect(page.get_by_role("textbox", name="Who at the customer is the letter for?")).to_have_value("Ingrid")
    settled(page)
    page.get_by_role("button", name="Draft the letter").click(delay=60)
    expect(button(page, "open")).to_be_visible()
    expect(body(page)).to_contain_text("Ingrid")


def test_the_draft_page_shows_what_was_promised_before(page: Page, desk: Desk, seeds: Seeds) -> None:
    from drafting import desk as desks

    first = seeds.case()
    told = first.model_copy(update={"account": first.account.model_copy(update={"id": "A-promised"})})
    row = seeds.letter(case=told)
    desks.approve(seeds.desk, row.id, row.revision, row.sha256 or "")
    data = told.model_dump(mode="json", exclude_defaults=True)
    data["incident"]["id"] = "INC-later"
    data.pop("written_on", None)
    go(page, desk.url)
    choose(page, "Case", "Open a case file")
    page.locator("input[type=file]").set_input_files({"name": "case.json", "mimeType": "application/json", "buffer": json.dumps(data).encode()})
    before = page.get_by_label("Promised to them before")
    expect(before).to_contain_text("I will look at a printed note with you on Monday 9 March.")
    expect(before).to_contain_text("Late")
    expect(page.get_by_label("Proposed, and why")).to_contain_text("apology number 2")


def test_a_case_that_can_not_be_used_says_what_to_do(page: Page, desk: Desk) -> None:
    go(page, desk.url)
    choose(page, "Case", "Open a case file")
    page.locator("input[type=file]").set_input_files(
        {"name": "case.toml", "mimeType": "text/plain", "buffer": b"[incident]\nsumary = 'x'\n[account]\ncompany='N'\n[sender]\nname='A'"}
    )
    expect(page.get_by_text(re.compile("did you mean `?summary"))).to_be_visible()
    expect(page.get_by_role("button", name="Draft the letter")).to_be_disabled()


def test_a_case_is_entered_by_hand_and_survives_a_reload(page: Page, desk: Desk) -> None:
    go(page, desk.url)
    choose(page, "Case", "Enter it by hand")
    page.get_by_label("Company", exact=True).fill("Casa Verde Foods")
    page.get_by_label("What happened", exact=True).fill("We delivered your March report a week late.")
    page.get_by_label("Who signs", exact=True).fill("Mara Lindt")
    page.reload()
    settled(page)
    expect(page.get_by_label("Company", exact=True)).to_have_value("Casa Verde Foods")
    expect(page.get_by_label("Who signs", exact=True)).to_have_value("Mara Lindt")
    page.get_by_label("Their title", exact=True).fill("Head of Support")
    page.get_by_role("button", name="Draft the letter").click(delay=60)
    expect(button(page, "open")).to_be_visible()
    expect(body(page)).to_contain_text("Mara LindtHead of Support")


def test_a_person_overrules_severity_with_a_reason(page: Page, desk: Desk, seeds: Seeds) -> None:
    go(page, desk.url)
    choose(page, "Case", "Minor bug")
    choose(page, "Severity", "Medium")
    expect(page.get_by_role("button", name="Draft the letter")).to_be_disabled()
    page.get_by_label("Why do you overrule the proposal?").fill("Their second fault this month")
    page.keyboard.press("Enter")
    settled(page)
    page.get_by_role("button", name="Draft the letter").click(delay=60)
    button(page, "open").click()
    page.wait_for_url("**/letter?id=*")
    row = seeds.view(int(page.url.rsplit("=", 1)[1])).row
    assert (row.severity.value, row.overruled and row.overruled["reason"]) == ("medium", "Their second fault this month")


def test_trends_lead_from_a_figure_to_its_letters(page: Page, desk: Desk, seeds: Seeds) -> None:
    seeds.letter()
    go(page, f"{desk.url}/trends")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").first.click()
    assert download.value.path().read_text().startswith("Week from,Letters")
    page.get_by_role("region", name="Kinds of letter").get_by_role("button", name="minor_bug").click()
    page.wait_for_url("**/queue?*category=minor_bug*")
    settled(page)
    expect(page.get_by_role("table", name="Letters that wait").locator("tbody tr").first).to_be_visible()


def test_a_filter_is_live_keeps_the_focus_and_stands_in_the_address(page: Page, desk: Desk, seeds: Seeds) -> None:
    seeds.letter()
    go(page, f"{desk.url}/queue")
    field = page.get_by_label("Filter")
    field.click()
    page.keyboard.type("van houten", delay=25)
    expect(page).to_have_url(re.compile("q=van"))
    expect(field).to_be_focused()
    page.keyboard.type(" zzz")
    expect(page.get_by_text("Nothing here matches.")).to_be_visible()


def test_a_follow_up_is_drafted_by_one_press(page: Page, desk: Desk, seeds: Seeds) -> None:
    number = seeds.letter().id
    go(page, f"{desk.url}/letter?id={number}")
    button(page, "approve").click()
    expect(page.locator(".head .b").first).to_have_text("Approved")
    settled(page)
    button(page, "more").click()
    page.get_by_role("button", name="Draft the follow-up").click()
    expect(page.locator(".head")).to_contain_text("Follow up")
    assert seeds.view(int(page.url.rsplit("=", 1)[1])).row.follows == number
