"""The evaluation's report opens from disk, in a real browser, with no network and nothing for axe to say."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from browsing import Watch, axe

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "eval" / "samples").glob("*.toml"))[:12]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a report of one run and one of two compared, made by the command in a process of its own."""
    made = tmp_path_factory.mktemp("runs")
    amends = [sys.executable, "-m", "ui", "eval"]
    samples = [word for path in SAMPLES for word in ("--samples", str(path))]
    environment = {**os.environ, "AMENDS_HOME": str(made)}
    run = [*amends, "run", "--model", "scripted", "--revisions", "0", "--prompt", "plain", "--prompt", "shipped", "--out", str(made), *samples]
    subprocess.run(run, check=True, cwd=ROOT, env=environment, capture_output=True)
    log = next(made.glob("scripted-plain-*.jsonl"))
    subprocess.run([*amends, "report", str(log), "--html", str(made / "run.html")], check=True, cwd=ROOT, env=environment, capture_output=True)
    return made


@pytest.mark.parametrize("name", ["run.html", "report.html"])
def test_the_report_opens_from_disk_and_reads_well(name: str, folder: Path, window: Callable[..., Watch]) -> None:
    address = (folder / name).as_uri()
    page = window(address).page
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.locator("svg[role=img]").count() > 10
    assert page.locator("mark.error").count() > 0
    assert axe(page) == []
