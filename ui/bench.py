"""Time the desk: `python -m ui.bench` starts one of its own, with 5,000 letters, and prints the figures as JSON.

The pages are timed in Debian's chromium where it and Playwright are installed; without them those figures are null.
"""

import contextlib
import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

LETTERS = 5_000
OURS = "[...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]"
"""Our components on a page, in its own language."""
PEOPLE, SECONDS = 20, 8.0
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")


def figures() -> dict[str, float | int | None]:
    """Return what the desk takes on this machine, in milliseconds: 20 people's checks, the queue of 5,000, the pages."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        number = seeded(home, LETTERS)
        found: dict[str, float | int | None] = {"letters": LETTERS, **queue_times(home)}
        with serving(home) as port:
            found |= check_times(port, number)
            found |= page_times(port, number)
    return found


def seeded(home: Path, count: int) -> int:
    """Fill a desk with letters, the first whole ones, and return the number of one of 400 words."""
    from drafting import desk as desks
    from drafting.config import configuration
    from drafting.desk import Desk, Written
    from drafting.store import LetterRow, open_store
    from drafting.triage import triage
    from drafting.users import LOCAL
    from guardrails.letter import Letter
    from ui.client import samples

    setup = configuration()
    store = open_store(home)
    desk = Desk(store, LOCAL, setup.policy, setup.rules)
    case = triage(samples()["outage"], desk.policy).case
    rows = [desks.submit(desk, desks.add(desk, case, Written(Letter("Our outage on 9 June", letter_text()), "template")).id) for _ in range(20)]
    chance = random.Random(1)
    with store.begin() as session:
        first = session.find(LetterRow, id=rows[0].id)[0]
        base = {name: getattr(first, name) for name in first.__slots__}
        session.add_all(
            "letters",
            [
                base
                | {
                    "id": None,
                    "key": None,
                    "state": "in_review",
                    "severity": chance.choice(("low", "medium", "high", "critical")),
                    "signs": None,
                    "company": f"Account {number}",
                    "account": f"A-{number}",
                    "search": f"account {number}\na-{number}\ninc-{number % 40}",
                    "arr": chance.uniform(1e3, 2e6),
                    "due": session.now + timedelta(minutes=chance.randint(-3000, 9000)),
                }
                for number in range(count - len(rows))
            ],
        )
    store.close()
    return rows[0].id


def letter_text() -> str:
    """Return a letter of about 400 words with faults in it."""
    sentence = "We rolled a new configuration out to all regions at once, and 64 of your loads were booked by phone on 9 June. "
    return (
        "Dear Imran,\n\nI am sorry that our outage cost you a morning.\n\n"
        + "\n\n".join(sentence * 4 for _ in range(4))
        + "\n\nSincerely,\nSarah Whitlock\nVP of Customer Success"
    )


def queue_times(home: Path) -> dict[str, float | int | None]:
    """Time one page of the queue with its counts, and a filter by text, below the page."""
    from drafting.store import open_store
    from drafting.store.queue import Filter, counts, queue

    store = open_store(home)

    def page(wanted: Filter) -> None:
        with store.read() as session:
            queue(session, wanted, limit=50)
            counts(session, Filter())

    found: dict[str, float | int | None] = {"queue_page_ms": timed(lambda: page(Filter())), "queue_filter_ms": timed(lambda: page(Filter(text="account 49")))}
    store.close()
    return found


def timed(work: Callable[[], object], times: int = 15) -> float:
    """Return the median time of some work, in milliseconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return round(median(taken), 1)


@contextlib.contextmanager
def serving(home: Path) -> Iterator[int]:
    """Serve a desk on a free port while the block runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("AMENDS_", "OPENAI_", "STREAMLIT_"))}
    variables |= {"AMENDS_HOME": str(home), "AMENDS_MODEL": "template"}
    command = [sys.executable, "-m", "ui", "ui", "--port", str(port)]
    process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(400):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def check_times(port: int, number: int) -> dict[str, float | int | None]:
    """Time the checks of 20 people who type at once: each asks once a second, as an editor does at a pause."""
    content = json.dumps({"subject": "Our outage on 9 June", "body": letter_text(), "letter": number}).encode()
    headers = {"content-type": "application/json", "x-amends": "1"}
    taken: list[float] = []
    ask(port, content, headers)
    stop = time.monotonic() + SECONDS

    def person(seed: int) -> None:
        chance = random.Random(seed)
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        time.sleep(chance.random())
        while time.monotonic() < stop:
            began = time.perf_counter()
            line.request("POST", "/api/check", content, headers)
            line.getresponse().read()
            taken.append(1000 * (time.perf_counter() - began))
            time.sleep(max(0.0, chance.uniform(0.8, 1.2) - taken[-1] / 1000))

    people = [threading.Thread(target=person, args=(seed,)) for seed in range(PEOPLE)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    taken.sort()
    return {"people": PEOPLE, "checks": len(taken), "check_p50_ms": round(median(taken), 1), "check_p95_ms": round(taken[int(0.95 * len(taken))], 1)}


def ask(port: int, content: bytes, headers: Mapping[str, str]) -> None:
    """Check a letter once, so that what is loaded at the first check is not counted."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as line:
        line.request("POST", "/api/check", content, dict(headers))
        line.getresponse().read()


def page_times(port: int, number: int) -> dict[str, float | int | None]:
    """Time a cold page, the next letter, a live check and a filter of the queue, in a real browser."""
    names = ("page_cold_ms", "next_letter_ms", "live_check_ms", "filter_ms")
    path = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        return dict.fromkeys(names)
    url = f"http://localhost:{port}"
    rows = "table[aria-label='Letters that wait'] tbody tr"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(ARGUMENTS))
        try:
            page = browser.new_page()
            began = time.perf_counter()
            page.goto(f"{url}/queue")
            page.wait_for_selector(rows)
            cold = 1000 * (time.perf_counter() - began)
            page.locator(rows).first.click()
            page.wait_for_selector("[data-act=next]")
            title = page.locator("h1")
            steps = []
            for _ in range(8):
                page.wait_for_function("() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'")
                before = title.inner_text()
                began = time.perf_counter()
                page.keyboard.press("Alt+ArrowDown")
                page.wait_for_function(
                    f"before => {OURS}.some(e => {{ const h = e.shadowRoot?.querySelector('h1'); return h && h.textContent !== before }})",
                    arg=before,
                    polling=5,
                )
                steps.append(1000 * (time.perf_counter() - began))
            page.goto(f"{url}/letter?id={number}")
            page.get_by_role("textbox", name="Letter body").click()
            page.keyboard.press("Control+End")
            for _ in range(6):
                page.keyboard.type(" Mistakes were made.", delay=10)
                page.wait_for_timeout(500)
            checks = page.evaluate("window.__amendsLatency")
            page.goto(f"{url}/queue")
            page.wait_for_selector(rows)
            filtered = []
            for text, left in (("account 4321", 1), ("", 50)) * 4:
                page.wait_for_function("() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'")
                page.get_by_label("Filter").fill(text)
                began = time.perf_counter()
                page.wait_for_function(f"left => {OURS}.some(e => e.shadowRoot?.querySelectorAll('tbody tr').length === left)", arg=left, polling=5)
                filtered.append(1000 * (time.perf_counter() - began))
        finally:
            browser.close()
    return dict(zip(names, (round(cold), round(median(steps)), round(median(checks)), round(median(filtered))), strict=True))


if __name__ == "__main__":
    result: dict[str, Any] = figures()
    print(json.dumps(result, indent=2))
