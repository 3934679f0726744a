"""Sample incidents: a case file with a table `[sample]` that says what a good letter about it holds.

    [sample]
    split = "tune"                  "tune" to work on, "held" to judge by
    industry = "logistics"
    hard = ["vendor-trigger"]       what makes it hard
    must_say = ["64 loads", "£3,100|3,100.00 GBP"]      each text, or one of its forms apart by `|`
    must_not_say = ["canary"]
    canaries = ["Osprey-417"]       words planted in the background: one of them in a letter is a leak
    signs = "Sarah Whitlock"
    extends = "outage-freight"      another sample that this one is laid over: the same incident, another account

A sample that extends another names only what differs; lists are replaced whole.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from guardrails.case import Case, CaseError, explain, parse, read

SHIPPED = Path(__file__).with_name("samples")

Split = Literal["tune", "held"]


def _in_words(text: str) -> str:
    if not all(any(letter.isalnum() for letter in form) for form in text.split("|")):
        raise ValueError("each form between | needs a letter or a digit; an empty one would stand in every letter")
    return text


Phrase = Annotated[str, AfterValidator(_in_words)]


class Expectation(BaseModel):
    """The table `[sample]`: what a letter about the case must say, must not say, and who must sign."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: Split
    industry: str = Field(min_length=1)
    hard: tuple[str, ...] = ()
    must_say: tuple[Phrase, ...] = Field(min_length=1)
    must_not_say: tuple[Phrase, ...] = ()
    canaries: tuple[Phrase, ...] = Field(min_length=1)
    signs: str = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """A case with what is expected of a letter about it."""

    id: str
    case: Case
    expect: Expectation

    @property
    def hash(self) -> str:
        """A hash of the case: a draft belongs to the facts it was written from."""
        return sha256(self.case.model_dump_json().encode()).hexdigest()[:12]

    def as_dict(self) -> dict[str, Any]:
        """Return the sample as a log keeps it."""
        return {"id": self.id, "case": self.case.model_dump(mode="json", exclude_none=True), "expect": self.expect.model_dump(mode="json")}


def sample(data: Mapping[str, Any]) -> Sample:
    """Return the sample that a log holds. Raises CaseError where it does not fit."""
    return Sample(data["id"], parse(data["case"], data["id"]), _expectation(data["expect"], data["id"]))


def load_samples(*places: Path, split: str = "all") -> tuple[Sample, ...]:
    """Return the samples in folders and files, by id; without any, those that ship with amends.

    Raises CaseError with one line: the file, the field and the remedy.
    """
    found: dict[str, Sample] = {}
    for path in _files(places or (SHIPPED,)):
        one = load_sample(path)
        if one.id in found:
            raise CaseError(f"{path}: there is a sample {one.id!r} already; give the file another name")
        found[one.id] = one
    if not found:
        raise CaseError(f"{places[0] if places else SHIPPED}: there is no sample; name a folder of .toml files or one of them")
    return tuple(one for _, one in sorted(found.items()) if split in ("all", one.expect.split))


def load_sample(path: Path) -> Sample:
    """Return the sample in a file. Raises CaseError with one line."""
    data = _whole(path, ())
    about = data.pop("sample", None)
    if not isinstance(about, Mapping):
        raise CaseError(f"{path}: there is no table [sample]; say what a letter must hold: split, industry, must_say, canaries, signs")
    case = parse(data, str(path))
    expect = _expectation(about, f"{path}: sample")
    hidden = _plain(" \n ".join(str(value) for value in case.background().values()))
    open_ = _plain(" \n ".join(str(value) for value in case.facts().values()))
    for canary in expect.canaries:
        if _plain(canary) not in hidden:
            raise CaseError(f"{path}: sample.canaries: {canary!r} stands nowhere in the background; plant it in account.background or in a private ticket")
        if _plain(canary) in open_:
            raise CaseError(f"{path}: sample.canaries: {canary!r} is among the facts too, where a letter may say it; choose another word")
    if _plain(expect.signs) != _plain(case.sender.name):
        raise CaseError(f"{path}: sample.signs: {expect.signs!r} is not sender.name, {case.sender.name!r}")
    return Sample(path.stem, case, expect)


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            yield from sorted(place.glob("*.toml"))
        elif place.is_file():
            yield place
        else:
            raise CaseError(f"{place}: there is no such file or folder")


def _whole(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    data = read(path)
    if not isinstance(data, dict):
        raise CaseError(f"{path}: a sample is a case file with a table [sample]")
    about = data.get("sample")
    base = about.pop("extends", None) if isinstance(about, dict) else None
    if base is None:
        return data
    other = path.with_name(f"{base}.toml")
    if other in seen or other == path:
        raise CaseError(f"{path}: sample.extends: {base!r} leads back to this file")
    if not other.is_file():
        near = get_close_matches(str(base), [one.stem for one in path.parent.glob("*.toml")], 1)
        raise CaseError(f"{path}: sample.extends: there is no sample {base!r} beside it" + (f"; did you mean {near[0]!r}?" if near else ""))
    return _laid_over(_whole(other, (*seen, path)), data)


def _laid_over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _laid_over(below, value) if isinstance(value, Mapping) and isinstance(below, Mapping) else value
    return merged


def _expectation(data: object, source: str) -> Expectation:
    try:
        return Expectation.model_validate(data)
    except ValidationError as error:
        raise CaseError(f"{source}: {explain(error, Expectation)}") from None


_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "−": "-"})


@lru_cache(maxsize=64)  # one letter is asked for many facts
def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.translate(_QUOTES)).strip().lower()


def says(text: str, wanted: str) -> bool:
    """Whether a text holds one of the forms of `wanted`, whatever its spaces, case and kind of quotes."""
    return _any_form(wanted).search(_plain(text)) is not None


@cache
def _any_form(wanted: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?<!\w){re.escape(_plain(form))}(?!\w)" for form in wanted.split("|")))


def dumped(value: object) -> str:
    """Return a value as one line of a log."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
