"""`make bench`: how fast amends is, beside others, in one run on this machine.

Figures of other programs come from the same run, in CPU time, so that ratios hold whatever else
the machine is doing.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from drafting.compose import compose
from drafting.config import Configuration, configuration
from drafting.models import scripted
from drafting.pipeline import draft
from drafting.triage import triage
from eval.samples import load_samples
from eval.timing import overhead, rescoring
from guardrails.case import Case, load
from guardrails.letter import Letter
from guardrails.report import check


def main() -> int:
    """Print the benchmark's table; with `--evaluation` how long scoring and an evaluation run take, and nothing else."""
    setup = configuration()
    if "--evaluation" in sys.argv:
        wall, cpu = rescoring(setup)
        print(f"1,000 stored drafts scored anew: {cpu:.1f} s CPU, {wall:.1f} s by the clock")
        print(f"overhead of an evaluation run at concurrency 32: {overhead(setup) * 100:.1f} % of the model's own time")
        return 0
    case = triage(load("examples/outage.toml"), setup.policy).case
    letter = compose(case, setup.policy.categories["outage"], setup.skeletons["outage"], setup.policy)
    rows = []
    rows += _checking(setup, case, letter)
    rows += _hostile(setup)
    rows += _drafting(setup, case, letter)
    rows += _starting()
    rows += _beside(letter)
    for name, figure in rows:
        print(f"{name:<78}{figure}")
    return 0


def _cpu(task: Callable[[], object], times: int) -> list[float]:
    task()
    taken = []
    for _ in range(times):
        begun = time.process_time()
        task()
        taken.append(time.process_time() - begun)
    return taken


def _checking(setup: Configuration, case: Case, letter: Letter) -> list[tuple[str, str]]:
    """Time checks of letters that were never checked before, each once, the first about a case apart; and of one letter again and again."""
    new: list[float] = []
    met: list[float] = []
    words: list[int] = []
    cases = _letters(setup)
    for number, (other, written) in enumerate(cases):
        for place, one in enumerate(written):
            begun = time.process_time()
            check(one, other, setup.policy, rules=setup.rules)
            if number > len(cases) // 3:  # the first third only warms up
                (met if place else new).append(time.process_time() - begun)
                words.append(len(one.body.split()))
    taken = _cpu(lambda: check(letter, case, setup.policy, rules=setup.rules), 200)
    return [
        (f"check a letter not met before, its case met, {len(met)} letters of {statistics.median(words):.0f} words, CPU median", _milliseconds(met)),
        (f"check a letter not met before, nor its case, {len(new)} letters, CPU median", _milliseconds(new)),
        ("letters not met before, their cases met, checked a CPU second, one core", f"{1 / statistics.mean(met):.0f}"),
        (f"check one letter of {len(letter.body.split())} words with a full case, 200 times, CPU median", _milliseconds(taken)),
    ]


def _milliseconds(taken: list[float]) -> str:
    return f"{statistics.median(taken) * 1000:.1f} ms"


def _letters(setup: Configuration) -> list[tuple[Case, list[Letter]]]:
    """Return for every sample case its letters of each kind, those of 170 words and more, in an order that is always the same."""
    found = []
    for sample in load_samples():
        case = triage(sample.case, setup.policy).case
        written = (compose(case, category, setup.skeletons[name], setup.policy) for name, category in setup.policy.categories.items())
        found.append((case, [letter for letter in written if len(letter.body.split()) >= 170]))
    Random(1).shuffle(found)
    return found


def _hostile(setup: Configuration) -> list[tuple[str, str]]:
    rows = []
    for name, text in (("one endless line", "sorry if " * 6_000), ("no spaces", "x" * 60_000), ("zero-width marks", "s\u200borry " * 6_000)):
        small, large = (_cpu(partial(check, Letter("", body), None, setup.policy, rules=setup.rules), 1)[0] for body in (text[: len(text) // 4], text))
        rows.append((f"hostile letter, {name}: four times the length takes", f"{large / max(small, 1e-6):.1f} times as long ({large:.2f} s)"))
    return rows


def _drafting(setup: Configuration, case: Case, letter: Letter) -> list[tuple[str, str]]:
    answer = {"subject": letter.subject, "body": letter.body}
    taken = _cpu(lambda: asyncio.run(draft(case, scripted(answer), setup.policy, rules=setup.rules)), 50)
    return [("a draft besides the model's own time (prompt, parse, check), CPU median", _milliseconds(taken))]


def _starting() -> list[tuple[str, str]]:
    rows = []
    for name, arguments in (
        ("amends --help", ["--help"]),
        ("amends check of one letter", ["check", "examples/letters/outage.txt", "--case", "examples/outage.toml"]),
        ("amends draft with template", ["draft", "examples/outage.toml", "--model", "template"]),
    ):
        taken = []
        for _ in range(5):
            before = os.times()
            subprocess.run([sys.executable, "-m", "ui", *arguments], capture_output=True, check=False)
            after = os.times()
            taken.append(after.children_user + after.children_system - before.children_user - before.children_system)
        rows.append((f"{name}: CPU of the whole process, least of 5", f"{min(taken):.2f} s"))
    return rows


def _beside(letter: Letter) -> list[tuple[str, str]]:
    """Time the passive detector alone, and other checkers where `make bench` has installed them."""
    from guardrails.language.passive import passives
    from guardrails.language.tokens import sentences, tokenize

    body = letter.body
    cut = [body[start:end] for start, end in sentences(body)]
    ours = statistics.median(_cpu(lambda: [passives(tokenize(text)) for text in cut], 100))
    rows = [("passive detector alone, sentences a CPU second", f"{len(cut) / ours:.0f}")]
    others = Path(".venv-bench/bin/python")
    if others.exists():
        done = subprocess.run([str(others), "-P", str(Path(__file__).with_name("bench_others.py"))], input=body, capture_output=True, text=True, check=False)
        rows += [(name, figure) for name, _, figure in (line.partition("\t") for line in done.stdout.splitlines())]
    return rows + _write_good(body)


_WRITE_GOOD = """
const check = require(process.argv[1]), text = require("fs").readFileSync(0, "utf8");
for (let n = 0; n < 50; n++) check(text);
const begun = process.cpuUsage();
for (let n = 0; n < 200; n++) check(text);
const used = process.cpuUsage(begun);
console.log(Math.round(200 / ((used.user + used.system) / 1e6)));
"""


def _write_good(body: str) -> list[tuple[str, str]]:
    module = Path(".venv-bench/node_modules/write-good").resolve()
    if not module.is_dir():
        return [("write-good", "not measured (npm is not here)")]
    done = subprocess.run(["node", "-e", _WRITE_GOOD, str(module)], input=body, capture_output=True, text=True, check=False)
    return [("write-good, all its checks, letters a CPU second", done.stdout.strip() or "not measured (node failed)")]


if __name__ == "__main__":
    sys.exit(main())
