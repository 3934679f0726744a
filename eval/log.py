"""A run on disk: one file of JSON lines that holds whole drafts, so that new scorers judge old letters.

The first line says which model and prompt wrote; then come samples and drafts, each a line, written
as they end. A log that was cut off in the middle is read up to the cut and says so. Where a draft of
the same sample and epoch comes twice, the later one holds.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from drafting.models import Usage
from eval.samples import Sample, dumped, sample
from guardrails.case import CaseError
from guardrails.letter import Letter

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run holds fixed: the model, the prompt version by its name and texts, and the parameters of drafting."""

    model: str
    prompt: str
    prompt_hash: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How tables call the run."""
        return f"{self.model} · {self.prompt}"


@dataclass(frozen=True, slots=True)
class Text:
    """One turn's letter, who wrote it under which prompt, and what it took."""

    prompt: str
    model: str
    letter: Letter
    usage: Usage


@dataclass(frozen=True, slots=True)
class Drafted:
    """One sample drafted once: its turns, or the reason why there is no letter."""

    sample: str
    epoch: int
    key: str
    turns: tuple[Text, ...] = ()
    error: str | None = None

    @property
    def usage(self) -> Usage:
        """Tokens, seconds and cost over all turns."""
        total = Usage()
        for turn in self.turns:
            total += turn.usage
        return total

    def as_dict(self) -> dict[str, Any]:
        """Return the draft as a line of the log."""
        turns = [{"prompt": turn.prompt, "model": turn.model, **asdict(turn.letter), "usage": asdict(turn.usage)} for turn in self.turns]
        return {"kind": "draft", "sample": self.sample, "epoch": self.epoch, "key": self.key, "turns": turns, "error": self.error}


@dataclass(frozen=True, slots=True)
class Log:
    """A run as it was read: what was held fixed, the samples, the drafts, and what is wrong with the file."""

    path: Path
    setting: Setting
    samples: Mapping[str, Sample]
    drafts: tuple[Drafted, ...]
    notes: tuple[str, ...] = ()

    def drawn(self, samples: Mapping[str, Sample], epochs: int) -> "Log":
        """Return the log with these samples and epochs alone."""
        kept = tuple(one for one in self.drafts if one.sample in samples and one.epoch < epochs)
        return Log(self.path, self.setting, {name: self.samples[name] for name in samples if name in self.samples}, kept, self.notes)


def read_log(path: Path) -> Log:
    """Return the log in a file. Raises CaseError where the file is no log."""
    notes: list[str] = []
    setting: Setting | None = None
    samples: dict[str, Sample] = {}
    drafts: dict[tuple[str, int], Drafted] = {}
    for number, data in _lines(path, notes):
        try:
            kind = data["kind"]
            if kind == "run":
                if data["format"] != FORMAT:
                    raise CaseError(f"{path}: is a log of format {data['format']}; this amends reads {FORMAT}")
                setting = Setting(data["model"], data["prompt"], data["prompt_hash"], data["parameters"])
            elif kind == "sample":
                one = sample(data)
                if one.id in samples and samples[one.id].hash != one.hash:
                    drafts = {key: made for key, made in drafts.items() if key[0] != one.id}  # they were about other facts
                samples[one.id] = one
            elif kind == "draft":
                made = _drafted(data)
                drafts[made.sample, made.epoch] = made
        except (KeyError, TypeError, ValueError) as error:
            raise CaseError(f"{path}:{number}: is no line of an evaluation log ({type(error).__name__}: {error})") from None
        if setting is None:
            break
    if setting is None:
        raise CaseError(f"{path}: is no evaluation log; `amends eval run` writes one")
    return Log(path, setting, samples, tuple(one for one in drafts.values() if one.sample in samples), tuple(notes))


def _lines(path: Path, notes: list[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise CaseError(f"{path}: there is no such file; `amends eval run` writes a log") from None
    except OSError as error:
        raise CaseError(f"{path}: can not be read ({error.strerror})") from None
    lines = raw.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
            if not isinstance(data, dict):
                raise ValueError("is no object")
        except ValueError:
            if number == len(lines):
                notes.append(f"{path.name} was cut off in line {number}; it is read up to there")
                return
            raise CaseError(f"{path}:{number}: is no line of JSON; mend or remove it") from None
        yield number, data


def _drafted(data: Mapping[str, Any]) -> Drafted:
    turns = tuple(Text(turn["prompt"], turn["model"], Letter(turn["subject"], turn["body"]), _usage(turn["usage"])) for turn in data["turns"])
    return Drafted(data["sample"], data["epoch"], data["key"], turns, data["error"])


def _usage(data: Mapping[str, Any]) -> Usage:
    cost = data["cost"]
    return Usage(**{**data, "cost": None if cost is None else Decimal(cost)})


class Writer:
    """A log open for writing: each line is on disk, as far as a kill is concerned, when `write` returns."""

    def __init__(self, path: Path, setting: Setting) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size:
            _mend(path)
        self._file = path.open("a", encoding="utf-8")
        if not self._file.tell():
            self.write({"kind": "run", "format": FORMAT, **asdict(setting)})

    def write(self, data: Mapping[str, Any]) -> None:
        """Append a line."""
        self._file.write(dumped(data) + "\n")
        self._file.flush()

    def add_sample(self, one: Sample) -> None:
        """Append a sample."""
        self.write({"kind": "sample", **one.as_dict()})

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _mend(path: Path) -> None:
    """Cut off a last line that a kill left unfinished."""
    raw = path.read_bytes()
    if not raw.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(raw.rfind(b"\n") + 1)
