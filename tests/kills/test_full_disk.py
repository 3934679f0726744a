"""The disk fills up: the run stops with a clear message, and goes on where it was once there is room."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from lots import Command, Model, files
from test_kills import begun, texts

from drafting.store import open_store

pytestmark = pytest.mark.slow
ACCOUNTS = 150


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2500k", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_stops_the_run_and_loses_nothing(tmp_path: Path, small: Path) -> None:
    incident, rows = files(tmp_path, ACCOUNTS)
    with Model(0.05) as model:
        command = Command(small, model)
        process = command.start("batch", "run", incident, rows, "--model", "openai:scripted", "--revisions", "0", "--at-once", "10", "--yes")
        batch = begun(process)
        _, said = process.communicate(timeout=120)
        assert process.returncode == 2, said
        assert "make room on the disk, then `amends batch resume`" in said
        subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
        command.run("batch", "resume", batch, "--at-once", "10", code=1)
        store = open_store(small)
        assert texts(store, batch) == {f"Company {n}": 1 for n in range(ACCOUNTS)}
        store.close()
