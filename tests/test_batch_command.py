"""`amends batch` as an incident commander uses it, from the dry run to the file that leaves."""

import csv
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_accounts import HEAD, accounts

from ui.cli import main

ROWS = [(f"A-{n}", f"Company {n}", f"ada@company-{n}.example", f"{n + 10} exports did not arrive") for n in range(5)]


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "AMENDS_MODEL", "AMENDS_CONFIG", "AMENDS_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AMENDS_HOME", str(tmp_path / "home"))
    yield
    logging.getLogger("dbos").handlers.clear()  # the engine would go on writing to where this test's output went


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """An incident and five accounts, of which one has no address and one comes twice."""
    broken = ("A-9", "Company 9", "ada(at)company-9.example", "9 exports did not arrive")
    accounts(tmp_path, *ROWS, broken, ROWS[0])
    return str(tmp_path / "incident.toml"), str(tmp_path / "accounts.csv")


def test_a_batch_from_its_dry_run_to_the_file_that_leaves(files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", "run", *files, "--model", "template", "--dry-run"]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "1 row that can not be used, 1 duplicate: see" in told.err

    assert main(["batch", "run", *files, "--model", "template", "--yes", "--pilot", "3"]) in (0, 1)
    first, *_ = capsys.readouterr().out.splitlines()
    batch = json.loads(first)["batch"]
    assert main(["batch", "status", batch, "--json"]) == 0
    now = json.loads(capsys.readouterr().out)
    assert (now["state"], now["total"], now["clear"] + now["blocked"], now["waiting"]) == ("paused", 5, 3, 2)
    assert main(["batch", "resume", batch]) in (0, 1)
    assert "5: " in capsys.readouterr().out

    rejects = tmp_path / "accounts.rejects.csv"
    rejects.write_text(rejects.read_text(encoding="utf-8").replace("(at)", "@"), encoding="utf-8")
    assert main(["batch", "run", files[0], str(rejects), "--model", "template", "--yes", "--json"]) in (0, 1)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["total"] == 1

    assert main(["batch", "review", batch]) == 0
    assert "One blocking finding among them stops the lot." in capsys.readouterr().out
    out = tmp_path / "letters.csv"
    assert main(["batch", "export", batch, "--out", str(out)]) == 0
    assert "0 letters are in" in capsys.readouterr().out
    assert main(["batch", "export", batch, "--out", str(out), "--drafts"]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        assert [row["subject"].startswith("[DRAFT, not approved]") for row in csv.DictReader(file)] == [True] * 5
    assert main(["batch", "cancel", batch]) == 2
    assert f"amends: batch {batch} is done: it can not become cancelled" in capsys.readouterr().err


def test_a_cap_that_nobody_could_keep_is_refused(
    files: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert main(["batch", "run", *files, "--model", "openai:ours", "--cap", "5", "--yes"]) == 2
    assert "no list has the price of openai:ours" in capsys.readouterr().err
    assert main(["batch", "status"]) == 2


def test_a_file_of_another_shape_says_what_to_map(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accounts(tmp_path, *ROWS, head=(*HEAD[:-1], "Zwischenfall"))
    assert main(["batch", "run", str(tmp_path / "incident.toml"), str(tmp_path / "accounts.csv"), "--model", "template", "--dry-run"]) == 2
    assert "map it under `[columns]`" in capsys.readouterr().err
