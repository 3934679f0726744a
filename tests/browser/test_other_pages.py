"""Batch, Evaluation and Policy, and how quickly the marks follow the keys."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

from browsing import ROOT, Desk, Watch, axe, body, choose, go, settled
from playwright.sync_api import Page, expect
from seeds import CLEAR, Seeds

from drafting import batch as lots
from drafting.accounts import Accounts, mass
from drafting.policies import policies
from drafting.store import BatchState


def test_a_batch_is_paused_resumed_cancelled_and_looks_the_same_to_everybody(
    own_desk: Callable[..., Desk], window: Callable[..., Watch], tmp_path: Path
) -> None:
    desk = own_desk()
    seeds = Seeds(desk.home)
    rows = (ROOT / "examples" / "mass_outage_accounts.csv").read_text().splitlines()[:13]
    (tmp_path / "accounts.csv").write_text("\n".join(rows) + "\n")
    accounts = Accounts(tmp_path / "accounts.csv", mass(ROOT / "examples" / "mass_outage.toml"))
    batch = lots.create(seeds.desk, accounts, lots.Orders(("template",)))
    total = lots.load(seeds.desk, batch, accounts)
    page = window(desk.url).page
    go(page, f"{desk.url}/batch?batch={batch}")
    expect(page.get_by_text(f"0 of {total} finished")).to_be_visible()
    page.get_by_role("button", name="Pause").click(delay=60)
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    page.reload()
    settled(page)
    page.get_by_role("button", name="Go on").click(delay=60)
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Cancel the rest").click(delay=60)
    expect(page.get_by_role("dialog")).to_be_visible()
    settled(page)
    assert axe(page) == []
    page.get_by_role("dialog").get_by_role("button", name="Cancel the rest").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("Cancelled", exact=True)).to_be_visible()
    assert lots.status(seeds.store, batch).state is BatchState.CANCELLED
    other = window(desk.url).page
    go(other, page.url)
    expect(other.get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(other.get_by_role("table", name="Letters of the batch").locator("tbody tr")).to_have_count(total)
    settled(other)
    assert axe(other) == []


def test_a_policy_changes_by_form_with_a_reason_and_old_versions_stay(own_desk: Callable[..., Desk], window: Callable[..., Watch]) -> None:
    desk = own_desk()
    seeds = Seeds(desk.home)
    seeds.letter(CLEAR + "\nWe count zebras.")
    page = window(desk.url).page
    go(page, f"{desk.url}/policy")
    page.get_by_role("tab", name="Rules").click()
    choose(page, "no-zebra: error as shipped", "^off")
    expect(page.get_by_text("1 of the last 50 letters would change")).to_be_visible()
    expect(page.get_by_text('no-zebra = "off"')).to_be_visible()
    page.get_by_role("button", name="Put this version in force").click()
    expect(page.get_by_text("say why in a few words")).to_be_visible()
    settled(page)
    page.get_by_label("Reason").fill("Zebras are fine with us")
    page.get_by_role("button", name="Put this version in force").click()
    expect(page.get_by_text("Version 1 is in force.")).to_be_visible()
    expect(page.get_by_text("Zebras are fine with us")).to_be_visible()
    settled(page)
    assert axe(page) == []
    kept = policies(seeds.store)
    assert [(one.author, one.reason) for one in kept] == [("local", "Zebras are fine with us")]
    assert "# The policy" in kept[0].text
    go(page, f"{desk.url}/letter?id=1")
    expect(page.locator(".foot")).to_contain_text("Clear")


def test_a_policy_is_tried_on_a_letter_before_it_counts(page: Page, desk: Desk) -> None:
    go(page, f"{desk.url}/policy")
    body(page).click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" zebras")
    expect(page.locator('[data-rule="no-zebra"].f-error')).to_be_visible()
    page.get_by_role("tab", name="Rules").click()
    choose(page, "no-zebra: error as shipped", "^suggestion")
    expect(page.locator('[data-rule="no-zebra"].f-suggestion')).to_be_visible()
    expect(body(page)).to_contain_text("zebras")
    page.get_by_role("button", name="Discard the changes").click()
    expect(page.locator('[data-rule="no-zebra"].f-error')).to_be_visible()


def test_a_run_of_the_evaluation_is_shown_and_compared(own_desk: Callable[..., Desk], window: Callable[..., Watch]) -> None:
    desk = own_desk(lambda found: (found.home / "policy.toml").unlink())  # the shipped rules find what the letters differ in
    for model, prompt in (("template", "shipped"), ("scripted", "plain")):
        command = [sys.executable, "-m", "ui", "eval", "run", "--model", model, "--prompt", prompt, "--split", "tune"]
        subprocess.run(command, cwd=ROOT, env=desk.variables, check=True, capture_output=True)
    page = window(desk.url).page
    go(page, f"{desk.url}/evaluation")
    expect(page.get_by_text(re.compile("^Evaluation of "))).to_be_visible(timeout=60_000)
    choose(page, "Against", "template|scripted")
    expect(page.get_by_text("In one sentence")).to_be_visible(timeout=60_000)
    settled(page)
    for title in ("By severity", "By category", "letters fare otherwise"):
        expect(page.get_by_role("heading", name=re.compile(title))).to_be_visible()
    page.get_by_role("region", name=re.compile("letters fare otherwise")).get_by_role("button").first.click()
    for name in ("A", "B"):
        expect(page.get_by_role("heading", name=re.compile(f"^{name}: .+ #1"))).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Report as one file").click()
    assert "<html" in download.value.path().read_text()[:200]
    assert axe(page) == []


def test_marks_follow_the_last_key_within_a_quarter_of_a_second(page: Page, desk: Desk, seeds: Seeds) -> None:
    words = "We rolled a new configuration out to all regions at once and you booked every load by phone. " * 21
    number = seeds.letter(f"Dear Femke,\n\n{words}\n\nKind regards,\nBram Oosterhuis\nSupport Representative").id
    go(page, f"{desk.url}/letter?id={number}")
    body(page).click()
    page.keyboard.press("Control+Home")
    for turn in range(1, 8):
        page.keyboard.type("zebras ", delay=12)
        expect(page.locator('[data-rule="no-zebra"]')).to_have_count(turn)
    assert len(body(page).inner_text().split()) > 370
    assert median(page.evaluate("window.__amendsLatency")) <= 250
