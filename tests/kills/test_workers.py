"""Several workers on one PostgreSQL: one is killed, all are killed, the database is killed."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from lots import Command, Model, files
from stores import Postgres
from test_kills import begun, kill, texts, wait_for

from drafting.store import Store

pytestmark = pytest.mark.slow
ACCOUNTS = 80


def restart(postgres: Postgres) -> None:
    """Start the server again, once the processes of the killed one are gone."""
    until = time.monotonic() + 60
    while True:
        try:
            return postgres.start()
        except subprocess.CalledProcessError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


class Lot:
    """A batch on a database of its own, with a command that began it."""

    def __init__(self, folder: Path, postgres: Postgres, model: Model) -> None:
        incident, rows = files(folder, ACCOUNTS)
        self.url = postgres.fresh()
        self.model = model
        self.command = Command(folder / "home", model, self.url)
        self.first = self.command.start("batch", "run", incident, rows, "--model", "openai:scripted", "--revisions", "0", "--at-once", "10", "--yes", "--json")
        self.batch = begun(self.first)

    def worker(self) -> "subprocess.Popen[str]":
        """Start one more worker, and wait until it works."""
        process = self.command.start("worker", "--at-once", "10", "--until-idle")
        assert process.stderr
        assert "works" in process.stderr.readline()
        return process

    def holds(self, kills: int) -> None:
        """Hold that every account has one letter, and that at most the calls in flight were made twice."""
        now = self.command.status(self.batch)
        assert (now["state"], now["total"], now["failed"], now["waiting"]) == ("done", ACCOUNTS, 0, 0)
        store = Store(self.url)
        assert texts(store, self.batch) == {f"Company {n}": 1 for n in range(ACCOUNTS)}
        store.close()
        assert sum(count - 1 for count in self.model.begun.values()) <= kills * 10


def test_survivors_take_over_from_a_worker_that_was_killed(tmp_path: Path, postgres: Postgres) -> None:
    with Model(0.5) as model:
        lot = Lot(tmp_path, postgres, model)
        second = lot.worker()
        wait_for(model, 15)
        kill(second)
        killed = time.monotonic()
        out, said = lot.first.communicate(timeout=200)
        assert lot.first.returncode in (0, 1), said
        assert json.loads(out.splitlines()[-1])["state"] == "done"
        assert time.monotonic() - killed < 120
        lot.holds(1)


def test_all_workers_are_killed_at_once(tmp_path: Path, postgres: Postgres) -> None:
    with Model(0.5) as model:
        lot = Lot(tmp_path, postgres, model)
        second = lot.worker()
        wait_for(model, 15)
        for process in (second, lot.first):
            process.send_signal(signal.SIGKILL)
        for process in (second, lot.first):
            process.communicate()
        lot.command.run("batch", "resume", lot.batch, code=1)
        lot.holds(2)


def test_the_database_is_killed(tmp_path: Path, postgres: Postgres) -> None:
    with Model(0.5) as model:
        lot = Lot(tmp_path, postgres, model)
        wait_for(model, 15)
        postgres.kill()
        restart(postgres)
        _, said = lot.first.communicate(timeout=200)
        assert lot.first.returncode in (0, 1), said
        lot.holds(1)
