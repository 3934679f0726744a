"""`amends draft`: a case in, a checked letter out; several cases at once, each on its own."""

import asyncio
import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from drafting.config import Configuration, configuration
from drafting.listen import Piece, listening
from drafting.models import ModelFailure
from drafting.pipeline import Draft, draft, first_prompt
from drafting.settings import Settings
from drafting.triage import Override, Triage, triage
from drafting.writers import Writer, writer
from guardrails.case import CaseError, Severity, load
from guardrails.rule import RuleError
from ui.format import described, marked, money, painted, visible

AT_ONCE = 8
"""Cases in flight at a time: enough to hide a provider's latency, few enough for its smallest limits."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case file."""

    path: Path
    triage: Triage | None = None
    draft: Draft | None = None
    error: str | None = None


def run(options: Namespace) -> int:
    """Draft each case; return 0 clear, 1 blocked, 2 where one could not be drafted."""
    settings = Settings.read(os.environ, models=options.model or (), config=options.config)
    setup = configuration(settings.config)
    override = _override(options)
    if options.revisions < 0:
        raise CaseError("--revisions: give 0 or more")
    if options.show_prompt:
        for path in options.cases:
            print(visible(first_prompt(triage(load(path), setup.policy, override).case, setup.policy, setup.prompts).text))
        return 0
    single = len(options.cases) == 1
    try:
        write = writer(settings, setup)
    except ModelFailure as failure:  # a model without key, package or name: misuse, like a wrong file
        raise CaseError(str(failure)) from failure
    streamed = options.stream and single and not options.json
    with listening(_Stream()) if streamed else nullcontext():
        outcomes = asyncio.run(_all(options, setup, write, override))
    worst = 0
    for outcome in outcomes:
        if outcome.draft is None:
            worst = 2
            if options.json:
                print(json.dumps({"case": str(outcome.path), "error": outcome.error}, ensure_ascii=False))
            print(f"amends: {outcome.error}", file=sys.stderr)
            continue
        worst = max(worst, int(outcome.draft.report.blocked))
        if options.json:
            print(json.dumps(as_dict(outcome), ensure_ascii=False))
        elif single or not options.out:
            print(_text(outcome, streamed=streamed))
        if options.out:
            from ui.files import save

            saved = save(options.out, outcome.path.stem, outcome.draft, as_dict(outcome))
            if not options.json:
                print(f"{outcome.path}: {_state(outcome.draft)}; wrote {', '.join(str(path) for path in saved)}", file=sys.stderr)
    return worst


def _override(options: Namespace) -> Override | None:
    if not (options.severity or options.category or options.by or options.reason):
        return None
    return Override(options.by or "", options.reason or "", Severity(options.severity) if options.severity else None, options.category)


class _Stream:
    """Prints a letter as it is written; each further answer of a model begins under a line that says so."""

    def __init__(self) -> None:
        self._call, self._field = 1, ""

    def __call__(self, piece: Piece) -> None:
        if piece.call != self._call:
            print(painted("\n\n— written again —", "2"), end="")
        if (piece.call, piece.field) != (self._call, self._field):
            print("\n\nSubject: " if piece.field == "subject" else "\n\n", end="")
        self._call, self._field = piece.call, piece.field
        print(visible(piece.text), end="", flush=True)


async def _all(options: Namespace, setup: Configuration, write: Writer, override: Override | None) -> list[Outcome]:
    places = asyncio.Semaphore(AT_ONCE)
    done = _progress(len(options.cases))

    async def one(path: Path) -> Outcome:
        async with places:
            outcome = await _one(path, options.revisions, setup, write, override)
        done()
        return outcome

    return list(await asyncio.gather(*(one(path) for path in options.cases)))


async def _one(path: Path, revisions: int, setup: Configuration, write: Writer, override: Override | None) -> Outcome:
    try:
        found = triage(load(path), setup.policy, override)
        made = await draft(found.case, write(found.case), setup.policy, revisions=revisions, rules=setup.rules, folder=setup.prompts)
    except CaseError as error:
        said = str(error)
        return Outcome(path, error=said if said.startswith(str(path)) else f"{path}: {said}")
    except (ModelFailure, RuleError) as error:
        return Outcome(path, error=f"{path}: {error}")
    return Outcome(path, found, made)


def _progress(total: int) -> Callable[[], None]:
    """Return what to call as each case ends: it counts on a terminal, and stays silent elsewhere."""
    if total < 2 or not sys.stderr.isatty():
        return lambda: None
    finished = 0

    def done() -> None:
        nonlocal finished
        finished += 1
        print(f"\r{finished} of {total} drafted", end="\n" if finished == total else "", file=sys.stderr, flush=True)

    return done


def as_dict(outcome: Outcome) -> dict[str, Any]:
    """Return the draft as `--json` prints it and `--out` keeps it: the letter, its report, and how it came about."""
    made, found = outcome.draft, outcome.triage
    if made is None or found is None:
        raise ValueError("there is no draft")
    return {
        "case": str(outcome.path),
        "id": found.case.incident.id,
        "severity": found.case.incident.severity,
        "category": found.case.incident.category,
        "reasons": {"severity": found.severity_reasons, "category": found.category_reasons},
        "override": asdict(found.override) if found.override else None,
        "missing": [item.model_dump(include={"fact", "blocks", "ask"}) for item in found.missing],
        "warnings": found.warnings,
        "subject": made.letter.subject,
        "body": made.letter.body,
        "model": made.model,
        "usage": usage_dict(made.usage),
        **made.report.as_dict(),
        "turns": [
            {
                "prompt": turn.prompt,
                "model": turn.model,
                "fell_back": turn.fell_back,
                "subject": turn.letter.subject,
                "body": turn.letter.body,
                "blocked": turn.report.blocked,
                "findings": turn.report.as_dict()["findings"],
                "usage": usage_dict(turn.usage),
            }
            for turn in made.turns
        ],
    }


def usage_dict(usage: Any) -> dict[str, Any]:
    """Return tokens, seconds, attempts and cost; what the server did not say is null."""
    return asdict(usage) | {"cost": None if usage.cost is None else str(usage.cost)}


def _text(outcome: Outcome, streamed: bool) -> str:
    made, found = outcome.draft, outcome.triage
    if made is None or found is None:
        return ""
    parts = []
    if found.missing:
        lines = [f"- {visible(item.ask)} ({item.fact}; without it {item.blocks} stays weak)" for item in found.missing]
        parts.append("\n".join(["Not known yet, most important first:", *lines]))
    parts += [f"warning: {visible(line)}" for line in found.warnings]
    parts.append(("\n" if streamed else "") + marked(made.letter, made.report))
    parts.append(described(made.report))
    parts.append(painted("\n".join(_provenance(made, found)), "2"))
    return "\n\n".join(parts)


def _provenance(made: Draft, found: Triage) -> list[str]:
    usage = made.usage
    known = [f"{usage.input_tokens} + {usage.output_tokens} tokens"] if usage.input_tokens is not None else []
    turns = len(made.turns)
    lines = [
        f"Severity {found.case.incident.severity}: {'; '.join(found.severity_reasons)}.",
        f"Category {found.case.incident.category}: {'; '.join(found.category_reasons)}.",
        f"Written by {made.model} in {turns} turn{'s' if turns > 1 else ''}, {usage.seconds:.1f} s, "
        f"{', '.join([*known, f'cost {money(usage.cost)}'])}; prompt {made.turns[-1].prompt}.",
    ]
    lines += [f"Fell back: {reason}" for turn in made.turns for reason in turn.fell_back]
    if made.model == "template":
        lines.append("No model was called: the letter was composed from the facts. Set OPENAI_API_KEY or --model to use one.")
    return [visible(line) for line in lines]


def _state(made: Draft) -> str:
    errors = sum(finding.level == "error" for finding in made.report.findings)
    return f"blocked by {errors} finding{'s' if errors > 1 else ''}" if made.report.blocked else "clear" if made.report.verdict == "send" else "needs a look"
