"""Draft every sample and keep each letter: at once up to a cap, resumed where a run was killed."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from drafting.config import Configuration
from drafting.models import Complete, ModelFailure
from drafting.pipeline import Draft, Turn, draft, first_prompt
from drafting.triage import triage
from eval.log import Drafted, Log, Setting, Text, Writer, read_log
from eval.samples import Sample
from guardrails.case import Case, CaseError
from guardrails.rule import RuleError
from prompts import page

PROMPTS = Path(__file__).with_name("prompts")
"""Prompt versions to compare, a folder each."""
_SHIPPED = Path(__file__).parent.parent / "prompts"


class LaterError(Exception):
    """The answer comes later: the draft stays open, and the same run collects it another time."""


Models = Callable[[Case, int], Complete]
"""What gives each draft its way to a model; the epoch tells draws of one sample apart."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come. `cost` is None where nobody knows it."""

    done: int
    total: int
    failed: int
    cost: Decimal | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a run: its log, how many drafts were written now, what the log's have cost, and why it stopped early, if it did."""

    log: Log
    written: int
    spent: Decimal | None
    stopped: str | None = None


def prompt_folder(name: str) -> Path | None:
    """Return the folder of a prompt version: a path, a name in eval/prompts, or None for `shipped`. Raises CaseError."""
    if name == "shipped":
        return None
    for folder in (PROMPTS / name, Path(name)):
        if folder.is_dir() and any((folder / f"{part}.md").is_file() for part in ("write", "revise")):
            return folder
    known = ["shipped", *sorted(path.name for path in PROMPTS.iterdir() if path.is_dir())]
    raise CaseError(f"--prompt {name}: is no folder with a write.md or a revise.md; known by name: {', '.join(known)}")


def setting(model: str, prompt: str, parameters: Mapping[str, object]) -> Setting:
    """Return what a run of this model with this prompt version holds fixed. Raises CaseError."""
    return Setting(model, Path(prompt).name, _texts(prompt_folder(prompt)), dict(parameters))


def _texts(folder: Path | None) -> str:
    """Return a hash of the prompt files that a version uses."""
    own = [(folder or _SHIPPED) / f"{name}.md" for name in ("write", "revise")]
    return sha256("".join(page(path if path.is_file() else _SHIPPED / path.name).hash for path in own).encode()).hexdigest()[:8]


def log_name(setting: Setting) -> str:
    """Return the file name of a setting's log: another model, prompt text or parameter is another log."""
    told = sha256(json.dumps([setting.model, setting.prompt_hash, setting.parameters], sort_keys=True, default=str).encode()).hexdigest()[:8]
    safe = "".join(letter if letter.isalnum() or letter in ".-" else "-" for letter in f"{setting.model}-{setting.prompt}")
    return f"{safe}-{told}.jsonl"


def run(
    setting: Setting,
    samples: Sequence[Sample],
    models: Models,
    setup: Configuration,
    path: Path,
    *,
    folder: Path | None = None,
    epochs: int = 1,
    at_once: int | None = 8,
    cap: Decimal | None = None,
    revisions: int = 2,
    on_progress: Callable[[Progress], None] | None = None,
) -> Ran:
    """Draft each sample `epochs` times and return the log, also of what an earlier run has finished.

    Nothing that stands in the log, or under the same key in a log beside it, is drafted again. `cap`
    (USD, with what this log's drafts have cost before) stops the run before a draft that would probably
    pass it; the drafts under way end first.
    Raises CaseError where the log is of another setting.
    """
    return asyncio.run(_Run(setting, samples, models, setup, path, folder, epochs, at_once, cap, revisions, on_progress).whole())


@dataclass
class _Run:
    setting: Setting
    samples: Sequence[Sample]
    models: Models
    setup: Configuration
    path: Path
    folder: Path | None
    epochs: int
    at_once: int | None
    cap: Decimal | None
    revisions: int
    on_progress: Callable[[Progress], None] | None

    def __post_init__(self) -> None:
        self.total = len(self.samples) * self.epochs
        self.places = asyncio.Semaphore(self.at_once or self.total or 1)
        self.started = time.monotonic()
        self.spent: Decimal | None = Decimal(0)
        self.under_way = self.done = self.failed = self.written = self.paid = 0
        self.stopped: str | None = None
        self.priced = asyncio.Event()
        """Set once one draft of this run has told its cost, or where no cap asks for it."""

    async def whole(self) -> Ran:
        finished = self._finished()
        known = read_log(self.path).samples if self.path.exists() and self.path.stat().st_size else {}
        log = Writer(self.path, self.setting)
        try:
            for one in self.samples:
                if one.id not in known or known[one.id].as_dict() != one.as_dict():
                    log.add_sample(one)
            waiting = []
            triaged = [(one, triage(one.case, self.setup.policy).case) for one in self.samples]
            asked = {one.id: self._asked(case) for one, case in triaged}
            for epoch in range(self.epochs):
                for one, case in triaged:
                    key = self._key(one, asked[one.id], epoch)
                    if key not in finished:
                        waiting.append((one, case, epoch, key))
                        continue
                    made, here = finished[key]
                    if not here:
                        log.write(Drafted(one.id, epoch, key, made.turns).as_dict())
                    elif self.spent is not None and made.usage.cost is not None:
                        self.spent += made.usage.cost
                        self.paid += 1
                    self.done += 1
            self._tell()
            if self.cap is None or self.paid:
                self.priced.set()
            async with asyncio.TaskGroup() as group:
                for number, item in enumerate(waiting):
                    group.create_task(self._one(log, *item, first=number == 0))
        finally:
            log.close()
        wanted = {one.id: one for one in self.samples}
        return Ran(read_log(self.path).drawn(wanted, self.epochs), self.written, self.spent, self.stopped)

    def _finished(self) -> dict[str, tuple[Drafted, bool]]:
        """Return the drafts that need not be written again, by key, and whether they stand in this very log."""
        found: dict[str, tuple[Drafted, bool]] = {}
        for path in sorted(self.path.parent.glob("*.jsonl")) if self.path.parent.is_dir() else []:
            own = path.resolve() == self.path.resolve()
            if own and not path.stat().st_size:
                continue
            try:
                log = read_log(path)
            except CaseError:
                if own:
                    raise
                continue  # a file beside it that is none of ours, or of an older format
            if own and log.setting != self.setting:
                raise CaseError(f"{path}: is the log of {log.setting.name} with other texts or parameters; name another file")
            for made in log.drafts:
                if made.turns and (own or made.key not in found):
                    found[made.key] = (made, own)
        return found

    def _asked(self, case: Case) -> str:
        try:
            return first_prompt(case, self.setup.policy, self.folder).text
        except CaseError:
            return ""  # the draft will fail with this error, and say so

    def _key(self, one: Sample, prompt: str, epoch: int) -> str:
        told = [self.setting.model, self.setting.prompt_hash, prompt, one.hash, epoch, self.setting.parameters]
        return sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]

    async def _one(self, log: Writer, one: Sample, case: Case, epoch: int, key: str, *, first: bool) -> None:
        if not first:
            await self.priced.wait()
        async with self.places:
            if self._beyond_cap():
                return
            self.under_way += 1
            made: Drafted
            turns: list[Turn] = []
            try:
                model = self.models(case, epoch)
                found = await draft(case, model, self.setup.policy, revisions=self.revisions, rules=self.setup.rules, folder=self.folder, on_turn=turns.append)
                made = Drafted(one.id, epoch, key, _turns(found))
            except LaterError as later:
                self.stopped = str(later)
                return
            except (ModelFailure, CaseError, RuleError) as error:
                made = Drafted(one.id, epoch, key, error=str(error))
                told = [turn.usage.cost for turn in turns] + ([error.usage.cost] if isinstance(error, ModelFailure) else [])
                if self.spent is not None:
                    self.spent += sum(cost for cost in told if cost is not None)  # what failed is paid for all the same
            finally:
                self.under_way -= 1
            log.write(made.as_dict())
            self.written += 1
            self.done += 1
            self.failed += made.error is not None
            if made.turns:
                cost = made.usage.cost
                self.spent = None if cost is None or self.spent is None else self.spent + cost
                self.paid += 1
            self.priced.set()
            self._tell()

    def _beyond_cap(self) -> bool:
        if self.cap is None or self.stopped:
            return bool(self.stopped)
        if self.spent is None:
            self.stopped = f"nobody knows what {self.setting.model} costs, so no cap can be kept; set its price in prices.toml"
        elif self.paid and self.spent + self.spent / self.paid * (self.under_way + 1) > self.cap:
            self.stopped = "the cap is reached; run the same command with a higher --cap to go on"
        return bool(self.stopped)

    def _tell(self) -> None:
        if self.on_progress:
            self.on_progress(Progress(self.done, self.total, self.failed, self.spent, time.monotonic() - self.started))


def _turns(made: Draft) -> tuple[Text, ...]:
    return tuple(Text(turn.prompt, turn.model, turn.letter, turn.usage) for turn in made.turns)
