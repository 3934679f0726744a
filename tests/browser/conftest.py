"""Real browser, real desk: Debian's chromium through Playwright, the desk on a free port with a home of its own.

A page that had a console error, an HTTP error or a request to any other origin fails its test.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
SHOTS = Path(os.environ.get("AMENDS_SHOTS", ROOT / "var" / "browser"))
AXE = ROOT / "ui" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=10_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in Path(item.path).parents:
            item.add_marker(pytest.mark.slow)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Desk:
    """A desk that runs, and what it takes to stop or kill it and start it again on the same port and home."""

    home: Path
    port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("AMENDS_", "OPENAI_", "STREAMLIT_"))}
        return {**clean, "AMENDS_HOME": str(self.home), "AMENDS_MODEL": "template", "TZ": "UTC", **self.environment}

    def start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        log = self.home / "desk.log"
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", f"from ui.asgi import serve; serve(port={self.port})"],
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self.variables,
            )
        end = time.monotonic() + 40
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1)
                return
            if self.process.poll() is not None or time.monotonic() > end:
                pytest.fail("the desk did not start:\n" + log.read_text()[-3000:])
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.fail("chromium is missing: run tests/browser/install")  # never skip: a skip reads as green
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The desk that most tests share, with one local user."""
    found = Desk(tmp_path_factory.mktemp("desk") / "home")
    found.start()
    yield found
    found.stop()


@pytest.fixture
def own_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Start desks of a test's own: `own_desk(AMENDS_USER_HEADER="X-Email")`."""
    started: list[Desk] = []

    def start(prepare: Callable[[Desk], None] | None = None, **environment: str) -> Desk:
        found = Desk(tmp_path / f"home{len(started)}", environment=environment)
        if prepare:
            prepare(found)
        found.start()
        started.append(found)
        return found

    yield start
    for found in started:
        found.stop()


class Watch:
    """A browser window that remembers everything that went wrong in it. `allow` names what a test brings about on purpose."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.bad: list[str] = []
        self.allow: list[str] = []
        origin = (url, url.replace("http", "ws"), "data:", "blob:", "about:")
        self.page.on("pageerror", lambda error: self.bad.append(f"page error: {error}"))
        self.page.on("console", lambda said: self.bad.append(f"console: {said.text} {said.location.get('url', '')}") if said.type == "error" else None)
        self.page.on("response", lambda answer: self.bad.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
        self.page.on("request", lambda request: None if request.url.startswith(origin) else self.bad.append(f"another origin: {request.url}"))

    @property
    def faults(self) -> list[str]:
        # A deep link makes Streamlit probe PAGE/_stcore/… first; those 404s are its own.
        known = [r"404 .*/_stcore/", r"console: .*status of 404.*/_stcore/", *self.allow]
        return [fault for fault in self.bad if not any(re.search(one, fault) for one in known)]


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


def settled(page: Page) -> None:
    """Wait until Streamlit says it is idle, no skeleton is left, and every component of ours has drawn."""
    page.wait_for_function(
        """() => {
      const app = document.querySelector('[data-testid=stApp]'), all = s => [...document.querySelectorAll(s)]
      return app && app.dataset.testScriptState === 'notRunning' && app.dataset.testConnectionState === 'CONNECTED'
        && !all('[data-testid=stSkeleton], [data-stale=true]').length
        && all('[data-testid=stBidiComponentIsolated]').every(e => e.shadowRoot && e.shadowRoot.querySelector('.root > *')) }"""
    )


def go(page: Page, url: str) -> None:
    """Open an address and wait until it stands."""
    page.goto(url)
    settled(page)
