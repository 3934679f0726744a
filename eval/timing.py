"""How fast the evaluation is: figures for `make bench`."""

import asyncio
import os
import tempfile
import time
from heapq import heapreplace
from pathlib import Path
from random import Random

from drafting.compose import compose, template
from drafting.config import Configuration
from drafting.models import Complete, Completion, Usage
from drafting.triage import triage
from eval.log import Drafted, Log, Text
from eval.run import run, setting
from eval.samples import load_samples
from eval.score import score
from guardrails.case import Case
from prompts import Prompt


def rescoring(setup: Configuration, drafts: int = 1000) -> tuple[float, float]:
    """Return the seconds that scoring this many stored drafts with all scorers takes, by the clock and of this processor's time.

    The letters differ: each sample's case in the words of every category.
    """
    samples = {one.id: one for one in load_samples()}
    found = []
    for epoch, (name, category) in enumerate(setup.policy.categories.items()):
        for one in samples.values():
            letter = compose(triage(one.case, setup.policy).case, category, setup.skeletons[name], setup.policy)
            found.append(Drafted(one.id, epoch, "", (Text("write", "template", letter, Usage()),)))
    log = Log(Path("timing"), setting("template", "shipped", {}), samples, tuple((found * 2)[:drafts]))
    clock, processor = time.perf_counter(), _processor()
    score(log, setup)
    return time.perf_counter() - clock, _processor() - processor


def _processor() -> float:
    told = os.times()
    return told.user + told.system + told.children_user + told.children_system


def overhead(setup: Configuration, at_once: int = 32, rounds: int = 4, seconds: tuple[float, float] = (4.0, 8.0)) -> float:
    """Return by how much a run lasts longer than its model alone would, as a share: `at_once` drafts at a time, each of so many seconds."""
    dice = Random(1)
    times = [dice.uniform(*seconds) for _ in range(at_once * rounds)]
    free = [0.0] * at_once
    for taken in times:
        heapreplace(free, free[0] + taken)
    samples = load_samples()[:at_once]
    waits = iter(times)

    def models(case: Case, epoch: int) -> Complete:
        compose = template(case, setup)

        async def ask(prompt: Prompt) -> Completion:
            await asyncio.sleep(next(waits))
            return await compose(prompt)

        return ask

    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        run(setting("slow", "shipped", {}), samples, models, setup, Path(folder) / "log.jsonl", epochs=rounds, at_once=at_once, revisions=0)
        return (time.perf_counter() - begun) / max(free) - 1
