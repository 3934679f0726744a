"""A batch on the desk: what failed is tried again, and a cohort is approved by two people once its sample is read."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsing import ROOT, Desk, Watch, axe, choose, go, settled
from model import SlowModel
from playwright.sync_api import expect
from seeds import Seeds

from drafting import batch as lots
from drafting import review
from drafting.desk import approve
from drafting.store import LetterRow, State
from drafting.users import LOCAL, User, add_user


def amends(desk: Desk, *said: str) -> None:
    """Run a command on the desk's home; a batch with failed letters ends with 2."""
    done = subprocess.run([sys.executable, "-m", "ui", *said], cwd=ROOT, env=desk.variables, capture_output=True, text=True)
    assert done.returncode in (0, 1, 2), done.stderr


def accounts(folder: Path, count: int) -> Path:
    """Return a file of accounts that are all in one cohort."""
    head, *rows = (ROOT / "examples" / "mass_outage_accounts.csv").read_text().splitlines()
    path = folder / "accounts.csv"
    path.write_text("\n".join([head, *[row for row in rows if ",delayed," in row][:count]]) + "\n")
    return path


@pytest.fixture
def model() -> Iterator[SlowModel]:
    found = SlowModel(pause=0)
    yield found
    found.close()


def test_failed_letters_say_why_and_are_tried_again(own_desk: Callable[..., Desk], window: Callable[..., Watch], model: SlowModel, tmp_path: Path) -> None:
    desk = own_desk(AMENDS_MODEL="openai:slow", OPENAI_API_KEY="sk-test", OPENAI_BASE_URL=model.url)
    model.fail = True
    amends(desk, "batch", "run", str(ROOT / "examples" / "mass_outage.toml"), str(accounts(tmp_path, 3)), "--model", "openai:slow", "--yes")
    model.fail = False
    batch = lots.find(Seeds(desk.home).store).id
    page = window(desk.url).page
    go(page, f"{desk.url}/batch")
    expect(page.get_by_label("Why these have no draft")).to_contain_text("openai:slow")
    page.get_by_role("button", name="Try 3 failed again").click(delay=60)
    expect(page.get_by_text("3 letters wait to be tried again.")).to_be_visible()
    amends(desk, "batch", "resume", batch)
    expect(page.get_by_text("3 clear")).to_be_visible()
    expect(page.get_by_text("0 failed")).to_be_visible()
    settled(page)
    expect(page.get_by_label("Why these have no draft")).to_have_count(0)


def test_a_cohort_is_approved_by_two_people_once_its_sample_is_read(own_desk: Callable[..., Desk], window: Callable[..., Watch], tmp_path: Path) -> None:
    who: dict[str, User] = {}

    def staffed(found: Desk) -> None:
        seeds = Seeds(found.home)
        who.update({name: add_user(seeds.store, LOCAL, name, "vp", email=f"{name}@example.com") for name in ("mara", "jon")})
        seeds.store.close()

    desk = own_desk(staffed, AMENDS_USER_HEADER="X-Email")
    amends(desk, "batch", "run", str(ROOT / "examples" / "mass_outage.toml"), str(accounts(tmp_path, 12)), "--model", "template", "--yes")
    mara, jon = (window(desk.url, extra_http_headers={"X-Email": f"{name}@example.com"}).page for name in ("mara", "jon"))
    go(mara, f"{desk.url}/batch")
    choose(mara, "Cohort", "delayed")
    choose(mara, "How sure", "90 %")
    choose(mara, "Faults at most", "5 %")
    mara.get_by_role("button", name="Check the lot").click(delay=60)
    expect(mara.get_by_text(re.compile("with 90% confidence"))).to_be_visible()
    settled(mara)
    yes = re.compile("Say yes to the other")
    expect(mara.get_by_role("button", name=yes)).to_be_disabled()
    seeds = Seeds(desk.home, who["mara"])
    batch = lots.find(seeds.store).id
    wanted = review.reading(seeds.desk, batch, "delayed")
    for letter in wanted.sample:
        now = seeds.view(letter).row
        approve(seeds.desk, letter, now.revision, now.sha256 or "")
    mara.reload()
    settled(mara)
    mara.get_by_role("button", name=yes).click(delay=60)
    expect(mara.get_by_text("A second person says yes too").first).to_be_visible()
    settled(mara)
    expect(mara.get_by_role("button", name=yes)).to_be_disabled()
    assert axe(mara) == []
    go(jon, mara.url)
    expect(jon.get_by_text("mara said yes")).to_be_visible()
    jon.get_by_role("button", name=yes).click(delay=60)
    expect(jon.get_by_text(f"Approved {wanted.rest} letters.")).to_be_visible()
    with seeds.store.read() as session:
        states = {row.id: row.state for row in session.find(LetterRow, batch=batch)}
    assert {letter for letter, state in states.items() if state is not State.APPROVED} == set(wanted.each)
    assert wanted.rest > 0
