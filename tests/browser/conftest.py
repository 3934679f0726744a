"""Real browser, real desk: Debian's chromium through Playwright, the desk on a free port with a home of its own.

A page that had a console error, an HTTP error or a request to any other origin fails its test.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsing import ARGUMENTS, ROOT, Desk, Watch
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from seeds import Seeds, furnish

SHOTS = Path(os.environ.get("AMENDS_SHOTS", ROOT / "var" / "browser"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in Path(item.path).parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.fail("chromium is missing: run tests/browser/install")  # never skip: a skip reads as green
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


def prepared(home: Path) -> Path:
    """Return a home with the tests' own rules, so that what is found stays what the tests expect."""
    furnish(home)
    return home


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The desk that most tests share, with one local user."""
    found = Desk(prepared(tmp_path_factory.mktemp("desk") / "home"))
    found.start()
    yield found
    found.stop()


@pytest.fixture
def seeds(desk: Desk) -> Iterator[Seeds]:
    """The record of the shared desk."""
    found = Seeds(desk.home)
    yield found
    found.store.close()


@pytest.fixture
def own_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Start desks of a test's own: `own_desk(AMENDS_USER_HEADER="X-Email")`."""
    started: list[Desk] = []

    def start(prepare: Callable[[Desk], None] | None = None, **environment: str) -> Desk:
        found = Desk(prepared(tmp_path / f"home{len(started)}"), environment=environment)
        if prepare:
            prepare(found)
        found.start()
        started.append(found)
        return found

    yield start
    for found in started:
        found.stop()


@pytest.fixture
def window(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Watch]]:
    """Open windows, each a person of their own: `window(desk.url)`."""
    opened: list[tuple[BrowserContext, Watch]] = []

    def open_one(url: str, **options: object) -> Watch:
        context = chromium.new_context(viewport={"width": 1360, "height": 900}, reduced_motion="reduce", timezone_id="UTC", **options)  # type: ignore[arg-type]
        opened.append((context, Watch(context, url)))
        return opened[-1][1]

    yield open_one
    faults = []
    SHOTS.mkdir(parents=True, exist_ok=True)
    for number, (context, watch) in enumerate(opened):
        if not watch.page.is_closed():
            watch.page.screenshot(path=SHOTS / (re.sub(r"\W+", "_", f"{request.node.name}_{number or ''}").strip("_") + ".png"))
        context.close()
        faults += watch.faults
    assert not faults, faults


@pytest.fixture
def page(window: Callable[..., Watch], desk: Desk) -> Page:
    return window(desk.url).page
