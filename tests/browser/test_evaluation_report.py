"""The evaluation's report opens from disk, in a real browser, with no network and nothing for axe to say."""

from collections.abc import Callable
from pathlib import Path

import pytest
from browsing import AXE, Watch

from drafting.compose import template
from drafting.config import configuration
from eval.compare import compare
from eval.report import html
from eval.run import prompt_folder, run, setting
from eval.samples import load_samples
from eval.score import Scored, score
from eval.scripted import scripted_model

SETUP = configuration()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scored, Scored]:
    samples, folder = load_samples()[:12], tmp_path_factory.mktemp("runs")
    careless = run(setting("scripted", "plain", {}), samples, scripted_model(SETUP), SETUP, folder / "a.jsonl", folder=prompt_folder("plain"), revisions=0)
    sound = run(setting("template", "shipped", {}), samples, lambda case, epoch: template(case, SETUP), SETUP, folder / "b.jsonl", revisions=0)
    return score(careless.log, SETUP), score(sound.log, SETUP)


@pytest.mark.parametrize("kind", ["run", "comparison"])
def test_the_report_opens_from_disk_and_reads_well(kind: str, runs: tuple[Scored, Scored], window: Callable[..., Watch], tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html(compare(*runs) if kind == "comparison" else runs[0]), encoding="utf-8")
    page = window(f"file://{path}").page
    page.goto(f"file://{path}")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.locator("svg[role=img]").count() > 10
    assert page.locator("mark.error").count() > 0
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document)")["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []
