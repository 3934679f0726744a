"""A desk that runs, a window that looks at it, and how to wait: what the browser tests are written with."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, TimeoutError, expect

ROOT = Path(__file__).parents[2]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=30_000)


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


def body(page: Page) -> Locator:
    """The letter's text."""
    return page.get_by_role("textbox", name="Letter body")


def button(page: Page, act: str) -> Locator:
    """A button of the letter, by the act it asks for."""
    return page.locator(f'[data-act="{act}"]')


def write(page: Page, text: str) -> None:
    """Replace the letter's text as a person would."""
    body(page).click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def axe(page: Page) -> list[str]:
    """Return what axe finds against WCAG 2.2 AA, a line each."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    return [f"{one['id']} ({one['impact']}): {node['html'][:200]}" for one in found.response["violations"] for node in one["nodes"][:4]]


def choose(page: Page, label: str, text: str) -> None:
    """Choose from a select box. A page that is still being drawn closes the list: then it is opened again."""
    option = page.get_by_role("option", name=re.compile(text))
    for _ in range(4):
        page.get_by_role("combobox", name=label).click()
        with contextlib.suppress(TimeoutError):
            option.click(timeout=2_500)
            break
    expect(option).to_have_count(0)
    settled(page)
