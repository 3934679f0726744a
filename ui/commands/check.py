"""`amends check`: a letter in, its marks and findings out; many letters as a stream."""

import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from drafting.config import Configuration, configuration
from drafting.settings import Settings
from drafting.triage import triage
from guardrails.case import Case, CaseError, load, parse
from guardrails.facts.ledger import as_list, show
from guardrails.letter import Letter, Reading, parse_letter
from guardrails.report import Report, check
from guardrails.rule import RuleError
from ui.format import described, marked


@dataclass(frozen=True, slots=True)
class Checked:
    """One letter's result: a report, or the reason why there is none."""

    id: str | None
    letter: Letter | None = None
    case: Case | None = None
    report: Report | None = None
    error: str | None = None


def run(options: Namespace) -> int:
    """Check what the options name; return 0 clear, 1 blocked, 2 where something could not be checked."""
    setup = configuration(Settings.read(os.environ, config=options.config).config)
    case = _triaged(load(options.case), setup) if options.case else None
    form = "json" if options.json else options.format
    codes = {0}

    def results() -> Iterator[Checked]:
        for result in checked(options.letters, case, setup):
            codes.add(2 if result.report is None else int(result.report.blocked))
            yield result

    if form in {"sarif", "junit"}:
        from ui.reports import junit, sarif

        for piece in (sarif if form == "sarif" else junit)(results(), setup.rules):
            sys.stdout.write(piece)
    else:
        for result in results():
            print(json.dumps(as_dict(result, setup, options.facts), ensure_ascii=False) if form == "json" else _text(result, setup, options.facts))
    return max(codes)


def as_dict(result: Checked, setup: Configuration, facts: bool = False) -> dict[str, Any]:
    """Return the result as the line that `--json` prints."""
    if result.report is None or result.letter is None:
        return {"id": result.id, "error": result.error}
    line = {"id": result.id, **result.report.as_dict()}
    if facts and result.case:
        line["facts"] = as_list(Reading(result.letter, result.case, setup.policy).ledger)
    return line


def _text(result: Checked, setup: Configuration, facts: bool) -> str:
    if result.report is None or result.letter is None:
        return f"{result.id or '?'}: {result.error}"
    parts = [marked(result.letter, result.report), described(result.report)]
    if facts:
        if result.case is None:
            parts.append("facts: give --case to see what stands behind each figure")
        else:
            parts.append(show(Reading(result.letter, result.case, setup.policy).ledger))
    return "\n\n".join(part for part in parts if part) + "\n"


def checked(source: str, case: Case | None, setup: Configuration) -> Iterator[Checked]:
    """Yield each letter's result in order, holding one letter at a time."""
    if source == "-":
        yield from _stream(sys.stdin, "-", case, setup)
        return
    path = Path(source)
    try:
        with path.open(encoding="utf-8-sig", errors="strict", newline="") as file:
            yield from _stream(file, path.name, case, setup, lines=path.suffix.lower() in {".jsonl", ".ndjson"})
    except FileNotFoundError:
        raise CaseError(f"{source}: there is no such file; name a letter, a .jsonl file, or - for standard input") from None
    except IsADirectoryError:
        raise CaseError(f"{source}: is a folder; name a letter in it") from None
    except UnicodeDecodeError:
        raise CaseError(f"{source}: is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise CaseError(f"{source}: can not be read ({error.strerror})") from None


def _stream(file: TextIO, name: str, case: Case | None, setup: Configuration, lines: bool | None = None) -> Iterator[Checked]:
    first = file.readline()
    if lines is None:
        lines = first.lstrip().startswith("{")
    if not lines:
        yield _one(name, parse_letter(first + file.read()), case, setup)
        return
    for line in chain([first], file):
        if line.strip():
            yield _line(line, case, setup)


def _line(line: str, case: Case | None, setup: Configuration) -> Checked:
    name: str | None = None
    try:
        data = json.loads(line)
        if not isinstance(data, dict):
            raise CaseError("a line is one object with `subject`, `body` and `case`")
        name = None if data.get("id") is None else str(data["id"])
        for key in ("subject", "body"):
            if not isinstance(data.get(key, ""), str):
                raise CaseError(f"`{key}` is not text")
        if "body" not in data:
            raise CaseError("`body` is missing")
        own = data.get("case")
        return _one(name, Letter(data.get("subject", ""), data["body"]), _triaged(parse(own, "case"), setup) if own is not None else case, setup)
    except CaseError as error:
        return Checked(name, error=str(error))
    except (ValueError, RecursionError) as error:
        return Checked(name, error=f"is not a line of JSON: {error}")


def _one(name: str | None, letter: Letter, case: Case | None, setup: Configuration) -> Checked:
    try:
        return Checked(name, letter, case, check(letter, case, setup.policy, rules=setup.rules))
    except RuleError as error:
        return Checked(name, error=str(error))


def _triaged(case: Case, setup: Configuration) -> Case:
    """Return the case with severity and category set, as drafting would set them."""
    if case.incident.severity and case.incident.category:
        return case
    return triage(case, setup.policy).case
