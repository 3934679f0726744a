"""Workers are killed at random moments: every account has one letter, and at most the calls in flight were made twice."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from random import Random

import pytest
from lots import Command, Model, files

from drafting.store import LetterRow, Revision, Store, open_store

pytestmark = pytest.mark.slow


def begun(process: "subprocess.Popen[str]") -> str:
    """Return the batch that a command has begun."""
    assert process.stdout
    return str(json.loads(process.stdout.readline())["batch"])


def wait_for(model: Model, answers: int) -> None:
    until = time.monotonic() + 120
    while model.answered.total() < answers:
        assert time.monotonic() < until, "the model is not asked"
        time.sleep(0.01)


def kill(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def texts(store: Store, batch: str) -> dict[str, int]:
    """Return how many texts each account's letter has."""
    with store.read() as session:
        letters = session.find(LetterRow, batch=batch)
        assert len({letter.account for letter in letters}) == len(letters)
        return {letter.company: session.count(Revision, letter_id=letter.id) for letter in letters}


def test_killed_at_random_moments_every_account_has_one_letter(tmp_path: Path) -> None:
    chance, accounts, kills = Random(5), 120, int(os.environ.get("AMENDS_KILLS", "4"))
    incident, rows = files(tmp_path, accounts)
    with Model(0.3) as model:
        command = Command(tmp_path / "home", model)
        process = command.start("batch", "run", incident, rows, "--model", "openai:scripted", "--revisions", "0", "--at-once", "20", "--yes")
        batch = begun(process)
        for number in range(kills):
            wait_for(model, chance.randrange(number * accounts // kills, (number + 1) * accounts // kills))
            time.sleep(chance.uniform(0, 0.3))
            kill(process)
            process = command.start("batch", "resume", batch, "--at-once", "20", "--json")
        out, said = process.communicate(timeout=240)
        assert process.returncode in (0, 1), said
        now = json.loads(out.splitlines()[-1])
        assert (now["state"], now["total"], now["failed"], now["waiting"]) == ("done", accounts, 0, 0)
        store = open_store(tmp_path / "home")
        assert texts(store, batch) == {f"Company {n}": 1 for n in range(accounts)}
        store.close()
        repeated = sum(count - 1 for count in model.begun.values())
        assert repeated <= kills * 20
        assert now["repeated"] <= kills * 20


def test_an_answer_that_was_revised_is_not_asked_for_again(tmp_path: Path) -> None:
    incident, rows = files(tmp_path, 10)
    with Model(0.5) as model:  # its letters are blocked, and so each is asked for twice
        command = Command(tmp_path / "home", model)
        process = command.start("batch", "run", incident, rows, "--model", "openai:scripted", "--revisions", "1", "--at-once", "10", "--yes")
        batch = begun(process)
        wait_for(model, 10)
        until = time.monotonic() + 60
        while model.begun.total() < 15:
            assert time.monotonic() < until
            time.sleep(0.01)
        kill(process)
        command.run("batch", "resume", batch, code=1)
        assert 20 < model.begun.total() <= 30
        assert max(model.begun.values()) == 3


def test_ctrl_c_finishes_the_letters_in_the_works(tmp_path: Path) -> None:
    incident, rows = files(tmp_path, 60)
    with Model(0.3) as model:
        command = Command(tmp_path / "home", model)
        process = command.start("batch", "run", incident, rows, "--model", "openai:scripted", "--revisions", "0", "--at-once", "5", "--yes")
        batch = begun(process)
        wait_for(model, 8)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        now = command.status(batch)
        assert (now["state"], now["failed"]) == ("paused", 0)
        assert now["clear"] + now["blocked"] == model.answered.total() == model.begun.total() < 60
        command.run("batch", "resume", batch, code=1)
        assert model.begun.total() == 60
        assert max(model.begun.values()) == 1


def test_a_batch_waits_while_the_model_is_away_and_says_so(tmp_path: Path) -> None:
    incident, rows = files(tmp_path, 30)
    with Model(0.05) as model:
        command = Command(tmp_path / "home", model)
        command.environ["AMENDS_ATTEMPTS"] = "1"
        model.status = 503
        process = command.start("batch", "run", incident, rows, "--model", "openai:scripted", "--revisions", "0", "--at-once", "10", "--yes")
        batch = begun(process)
        until = time.monotonic() + 60
        while not (said := command.status(batch)["why"]):
            assert time.monotonic() < until
        assert said.startswith("the model does not answer")
        model.status = 200
        process.communicate(timeout=120)
        now = command.status(batch)
        assert (now["state"], now["failed"], now["waiting"], now["why"]) == ("done", 0, 0, None)
