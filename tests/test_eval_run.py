"""A run: drafts kept as they end, continued where it was killed, stopped by its cap; and what becomes of a broken log."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from drafting.compose import template
from drafting.config import Configuration, configuration
from drafting.models import Complete, Completion, ModelFailure, Usage
from eval.log import Setting, Writer, read_log
from eval.run import Models, Progress, Ran, log_name, run, setting
from eval.samples import Sample, load_samples
from guardrails.case import Case, CaseError
from prompts import Prompt


@pytest.fixture(scope="module")
def setup() -> Configuration:
    return configuration()


@pytest.fixture(scope="module")
def samples() -> tuple[Sample, ...]:
    return load_samples()[:6]


class Composing:
    """A model that composes each letter, counts its calls, and fails or costs as told."""

    def __init__(self, setup: Configuration, cost: str | None = "0", failing: int = 0) -> None:
        self.setup, self.cost, self.failing, self.calls, self.now, self.most = setup, cost, failing, 0, 0, 0

    def __call__(self, case: Case, epoch: int) -> Complete:
        compose = template(case, self.setup)

        async def ask(prompt: Prompt) -> Completion:
            self.calls += 1
            number = self.calls
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0)
            self.now -= 1
            if number <= self.failing:
                raise ModelFailure("unavailable", "the model is away: try again")
            made = await compose(prompt)
            return Completion(made.text, "composing", Usage(10, 0, 10, 0.1, 1, None if self.cost is None else Decimal(self.cost)), "stop")

        return ask


HELD = setting("composing", "shipped", {"revisions": 0})


def ran(samples: tuple[Sample, ...], models: Models, setup: Configuration, path: Path, **options: object) -> Ran:
    return run(HELD, samples, models, setup, path, revisions=0, **options)  # type: ignore[arg-type]


def test_each_sample_is_drafted_once_an_epoch_and_stands_in_the_log(setup: Configuration, samples: tuple[Sample, ...], tmp_path: Path) -> None:
    found = ran(samples, Composing(setup), setup, tmp_path / "log.jsonl", epochs=2)
    assert {(one.sample, one.epoch) for one in found.log.drafts} == {(sample.id, epoch) for sample in samples for epoch in (0, 1)}
    assert found.log.drafts[0].turns[0].letter.body


def test_no_more_drafts_are_under_way_than_allowed(setup: Configuration, samples: tuple[Sample, ...], tmp_path: Path) -> None:
    models = Composing(setup)
    ran(samples, models, setup, tmp_path / "log.jsonl", at_once=2)
    assert models.most == 2


def test_a_second_run_drafts_nothing_again(setup: Configuration, samples: tuple[Sample, ...], tmp_path: Path) -> None:
    ran(samples, Composing(setup), setup, tmp_path / "log.jsonl")
    again = Composing(setup)
    assert ran(samples, again, setup, tmp_path / "log.jsonl").written == 0
    assert again.calls == 0


def test_another_log_of_the_same_setting_takes_its_drafts_from_the_first(setup: Configuration, samples: tuple[Sample, ...], tmp_path: Path) -> None:
    ran(samples, Composing(setup), setup, tmp_path / "one.jsonl")
    again = Composing(setup)
    found = ran(samples, again, setup, tmp_path / "two.jsonl")
    assert (again.calls, len(found.log.drafts)) == (0, 6)


def test_a_failed_draft_is_told_and_tried_again_by_the_next_run(setup: Configuration, samples: tuple[Sample, ...], tmp_path: Path) -> None:
    told: list[Progress] = []
    found = ran(samples, Composing(setup, failing=2), setup, tmp_path / "log.jsonl", on_progress=told.append)
    assert [one.error for one in found.log.drafts if one.error] == ["the model is away: try again"] * 2
    assert (told[-1].done, told[-1].total, told[-1].failed) == (6, 6, 2)
    again = ran(samples, Composing(setup), setup, tmp_path / "log.jsonl")
    assert (again.written, [one.error for one in again.log.drafts if one.error]) == (2, [])


def test_the_cap_stops_a_run_and_a_higher_one_goes_on(setup: Configuration, samples: tuple[Sample, ...], tmp_path: Path) -> None:
    found = ran(samples, Composing(setup, cost="0.10"), setup, tmp_path / "log.jsonl", cap=Decimal("0.35"), at_once=4)
    assert (found.written, found.stopped) == (3, "the cap is reached; run the same command with a higher --cap to go on")
    assert ran(samples, Composing(setup, cost="0.10"), setup, tmp_path / "log.jsonl", cap=Decimal(5)).written == 3


def test_the_same_cap_again_spends_nothing_more(setup: Configuration, samples: tuple[Sample, ...], tmp_path: Path) -> None:
    ran(samples, Composing(setup, cost="0.10"), setup, tmp_path / "log.jsonl", cap=Decimal("0.35"), at_once=4)
    again = Composing(setup, cost="0.10")
    found = ran(samples, again, setup, tmp_path / "log.jsonl", cap=Decimal("0.35"), at_once=4)
    assert (again.calls, found.spent, found.stopped is None) == (0, Decimal("0.30"), False)


def test_a_cap_over_an_unknown_price_stops_after_one_draft(setup: Configuration, samples: tuple[Sample, ...], tmp_path: Path) -> None:
    found = ran(samples, Composing(setup, cost=None), setup, tmp_path / "log.jsonl", cap=Decimal(5))
    assert found.written == 1
    assert "nobody knows what composing costs" in (found.stopped or "")


def test_a_changed_sample_is_drafted_anew(setup: Configuration, samples: tuple[Sample, ...], tmp_path: Path) -> None:
    ran(samples[:1], Composing(setup), setup, tmp_path / "log.jsonl")
    one = samples[0]
    incident = one.case.incident.model_copy(update={"impact": "Forty crates stood in the sun"})
    changed = Sample(one.id, one.case.model_copy(update={"incident": incident}), one.expect)
    found = ran((changed,), Composing(setup), setup, tmp_path / "log.jsonl")
    assert (found.written, len(found.log.drafts)) == (1, 1)
    assert "orty crates" in found.log.drafts[0].turns[0].letter.body


def test_a_log_of_another_setting_is_refused(setup: Configuration, samples: tuple[Sample, ...], tmp_path: Path) -> None:
    ran(samples[:1], Composing(setup), setup, tmp_path / "log.jsonl")
    other = Setting("another", "shipped", HELD.prompt_hash, {})
    with pytest.raises(CaseError, match="is the log of composing · shipped"):
        run(other, samples, Composing(setup), setup, tmp_path / "log.jsonl")


def test_another_model_prompt_or_parameter_is_another_log() -> None:
    names = [
        log_name(setting(model, prompt, {"revisions": n}))
        for model, prompt, n in (("a", "shipped", 0), ("b", "shipped", 0), ("a", "plain", 0), ("a", "shipped", 1))
    ]
    assert len(set(names)) == 4


def test_a_prompt_version_nobody_knows_is_named_with_the_known_ones() -> None:
    with pytest.raises(CaseError, match="known by name: shipped, plain"):
        setting("template", "gentle", {})


def test_a_log_cut_off_in_the_middle_is_read_up_to_the_cut_and_says_so(setup: Configuration, samples: tuple[Sample, ...], tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    ran(samples, Composing(setup), setup, path)
    path.write_bytes(path.read_bytes()[:-300])
    log = read_log(path)
    assert len(log.drafts) == 5
    assert log.notes == ("log.jsonl was cut off in line 13; it is read up to there",)
    assert len(ran(samples, Composing(setup), setup, path).log.drafts) == 6


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no evaluation log"),
        ('{"kind": "run"}\n', ":1: is no line of an evaluation log"),
        ('{"kind": "run", "format": 9}\n', "is a log of format 9"),
        ("nonsense\nmore\n", ":1: is no line of JSON"),
    ],
)
def test_a_file_that_is_no_log_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(text)
    with pytest.raises(CaseError, match=said):
        read_log(tmp_path / "log.jsonl")


SLOWLY = """
import asyncio, sys
from pathlib import Path
from drafting.compose import template
from drafting.config import configuration
from eval.run import run, setting
from eval.samples import load_samples

setup = configuration()
def models(case, epoch):
    compose = template(case, setup)
    async def ask(prompt):
        with open(sys.argv[2], "a") as calls:
            calls.write("x")
        await asyncio.sleep(0.05)
        return await compose(prompt)
    return ask
run(setting("slow", "shipped", {}), load_samples()[:20], models, setup, Path(sys.argv[1]), at_once=2, revisions=0)
"""


@pytest.mark.slow
def test_a_killed_run_repeats_only_what_was_under_way(tmp_path: Path) -> None:
    log, calls = tmp_path / "log.jsonl", tmp_path / "calls"
    command = [sys.executable, "-c", SLOWLY, str(log), str(calls)]
    first = subprocess.Popen(command)
    end = time.monotonic() + 60
    while not (log.exists() and log.read_text(encoding="utf-8").count('"kind":"draft"') >= 6):
        assert first.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < end
        time.sleep(0.01)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    finished = len(read_log(log).drafts)
    assert 6 <= finished < 20
    subprocess.run(command, check=True)
    made = read_log(log).drafts
    assert len(made) == len({one.sample for one in made}) == 20
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert sum(line["kind"] == "draft" for line in lines) == 20
    assert len(calls.read_text()) <= 20 + 2


def test_the_writer_takes_away_a_line_that_a_kill_left_unfinished(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    Writer(path, HELD).close()
    with path.open("a") as file:
        file.write('{"kind": "draft", "sam')
    Writer(path, HELD).close()
    assert read_log(path).notes == ()
