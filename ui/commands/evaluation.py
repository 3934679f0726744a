"""`amends eval`: prompts, models and rules measured over sample incidents."""

import json
import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from drafting.config import Configuration, configuration
from drafting.models import Complete, ModelFailure, make
from drafting.retry import retrying
from drafting.settings import Settings
from drafting.triage import triage
from drafting.writers import writer
from eval.compare import Comparison, compare
from eval.gate import Gate, gate, junit
from eval.grade import grading
from eval.log import Log, read_log
from eval.report import compared_rows, html, markdown, rows_of
from eval.run import Models, Progress, Ran, log_name, prompt_folder, setting
from eval.run import run as run_samples
from eval.samples import Sample, load_sample, load_samples
from eval.score import Scored, score
from eval.scorers import SCORERS
from guardrails.case import Case, CaseError
from ui.format import money, table


def run(options: Namespace) -> int:
    """Do what the subcommand says; return 0, 1 where a gate fails, 2 for misuse or a run that was stopped."""
    try:
        return _COMMANDS[options.action](options)
    except ModelFailure as failure:
        raise CaseError(str(failure)) from failure


def _setup(options: Namespace, models: Sequence[str] = ()) -> tuple[Settings, Configuration]:
    settings = Settings.read(os.environ, models=models, config=options.config)
    return settings, configuration(settings.config)


# --- amends eval run


def _run(options: Namespace) -> int:
    gates = [gate(text) for text in options.fail_if]
    cap = _cap(options.cap)
    for name in ("epochs", "at_once"):
        if getattr(options, name) < 1:
            raise CaseError(f"--{name.replace('_', '-')}: give 1 or more")
    if options.revisions < 0:
        raise CaseError("--revisions: give 0 or more")
    if options.batch and cap is not None:
        raise CaseError("--cap: a batch is paid for as a whole; leave --cap or --batch out")
    samples = load_samples(*options.samples, split=options.split)
    settings, setup = _setup(options)
    names = options.model or list(settings.models[:1])
    prompts = options.prompt or ["shipped"]
    out = options.out or settings.home / "eval"
    scored, stopped = [], []
    for model, prompt in product(names, prompts):
        ran = _one(options, samples, model, prompt, cap, out)
        stopped += [ran.stopped] if ran.stopped else []
        scored.append(score(ran.log, setup))
        print(f"{scored[-1].name}: {ran.written} drafted now, {len(ran.log.drafts)} in {ran.log.path}, {money(ran.spent)}", file=sys.stderr)
        if cap is not None:
            if ran.stopped:
                break
            cap -= ran.spent or 0
    code = _answer(options, scored, gates, out if len(scored) > 1 else None)
    for why in stopped:
        print(f"amends: stopped: {why}", file=sys.stderr)
    return 2 if stopped else code


def _one(options: Namespace, samples: Sequence[Sample], model: str, prompt: str, cap: Decimal | None, out: Path) -> Ran:
    settings, setup = _setup(options, (model,) if model != "scripted" else ("template",))
    folder = prompt_folder(prompt)
    parameters: dict[str, object] = {"revisions": options.revisions, "temperature": settings.temperature, "max_output_tokens": settings.max_output_tokens}
    if model.startswith("openai:") and not settings.at_openai:
        parameters["server"] = urlsplit(settings.base_url.get_secret_value()).netloc.rpartition("@")[2]  # the same name elsewhere is another model
    held = setting(model, prompt, parameters)
    path = out if out.suffix == ".jsonl" else out / log_name(held)
    models = _models(options, model, settings, setup, path)
    at_once = None if options.batch else options.at_once
    return run_samples(
        held, samples, models, setup, path,
        folder=folder or setup.prompts, epochs=options.epochs, at_once=at_once, cap=cap, revisions=options.revisions, on_progress=_progress(held.name),
    )  # fmt: skip


def _models(options: Namespace, model: str, settings: Settings, setup: Configuration, path: Path) -> Models:
    if model == "scripted":
        from eval.scripted import scripted_model

        return scripted_model(setup)
    if options.batch:
        from eval.batches import Batches

        state = path.with_suffix(".batches")
        return Batches(model, settings, state, wait=not options.no_wait, poll=options.poll, on_change=lambda said: print(said, file=sys.stderr)).for_case
    write = writer(settings, setup)

    def for_case(case: Case, epoch: int) -> Complete:
        return write(case)

    return for_case


def _cap(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        cap = Decimal(text)
    except InvalidOperation:
        cap = Decimal("nan")
    if not cap.is_finite() or cap < 0:
        raise CaseError(f"--cap {text}: write an amount in US dollars, such as 2.50")
    return cap


def _progress(name: str) -> Callable[[Progress], None]:
    """Return what to call as drafts end: a line that counts on a terminal, one every ten seconds elsewhere."""
    said = time.monotonic()

    def tell(state: Progress) -> None:
        nonlocal said
        last = state.done == state.total
        if not sys.stderr.isatty():
            if time.monotonic() - said < 10 or last:
                return
            said = time.monotonic()
        failed = f", {state.failed} failed" if state.failed else ""
        line = f"{name}: {state.done} of {state.total}{failed}, {money(state.cost)} so far, {state.seconds:.0f} s"
        print(f"\r{line}\x1b[K" if sys.stderr.isatty() else line, end="\n" if last or not sys.stderr.isatty() else "", file=sys.stderr, flush=True)

    return tell


# --- amends eval score, compare, report


def _score(options: Namespace) -> int:
    settings, setup = _setup(options, (options.grader,) if options.grader else ())
    scored = []
    for path in options.logs:
        log, scorers = _read(path), SCORERS
        if options.grader:
            if options.grade_times < 1:
                raise CaseError("--grade-times: give 1 or more")
            asked = retrying(make(options.grader, settings), attempts=settings.attempts, budget=settings.budget)
            scorers = (*SCORERS, *grading(log, asked, times=options.grade_times))
        scored.append(score(log, setup, scorers))
    return _answer(options, scored, [gate(text) for text in options.fail_if])


def _compare(options: Namespace) -> int:
    _, setup = _setup(options)
    return _answer(options, [score(_read(path), setup) for path in (options.a, options.b)], [gate(text) for text in options.fail_if])


def _report(options: Namespace) -> int:
    _, setup = _setup(options)
    if len(options.logs) > 2:
        raise CaseError("report: give one log, or two to compare")
    return _answer(options, [score(_read(path), setup) for path in options.logs], [gate(text) for text in options.fail_if])


def _read(path: Path) -> Log:
    log = read_log(path)
    for note in log.notes:
        print(f"amends: {note}", file=sys.stderr)
    return log


def _answer(options: Namespace, scored: Sequence[Scored], gates: Sequence[Gate], out: Path | None = None) -> int:
    """Print and write what was found; return 1 where a gate fails."""
    compared = [compare(scored[0], other) for other in scored[1:]]
    found: Sequence[Scored | Comparison] = compared or scored
    if options.json:
        print(json.dumps({"runs": [as_dict(one) for one in scored], "comparisons": [compared_dict(one) for one in compared]}, ensure_ascii=False))
    elif getattr(options, "markdown", False):
        print("\n".join(markdown(one) for one in found))
    else:
        print("\n\n".join(_text(one) for one in found))
    place = getattr(options, "html", None) or (out / "report.html" if out and out.suffix != ".jsonl" else None)
    if place:
        _write(place, html(found[-1] if compared else scored[0]))
        print(f"report: {place}", file=sys.stderr)
    if getattr(options, "junit", None):
        _write(options.junit, junit(scored, gates))
    # What is gated is the newest: of several runs the last, of a comparison B.
    failures = [why for condition in gates if (why := condition.fails(scored[-1]))]
    for why in failures:
        print(f"amends: failed: {why}", file=sys.stderr)
    return int(bool(failures))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CaseError(f"{path}: can not be written ({error.strerror})") from None


def _text(found: Scored | Comparison) -> str:
    if isinstance(found, Scored):
        failed = f", {found.failed} without a letter" if found.failed else ""
        return f"{found.name}: {len(found.rows)} drafts of {len(found.log.samples)} samples{failed}\n\n{table(rows_of(found))}"
    lines = [found.summary, "", f"A  {found.a.name}", f"B  {found.b.name}", *found.notes, "", table(compared_rows(found)), ""]
    for kind, groups in found.slices.items():
        lines += [f"{kind}: {name}: {group['sendable'].sentence}" for name, group in groups.items()]
    return "\n".join([*lines, "", f"{len(found.changed)} letters fare otherwise; --html FILE shows them side by side."])


def as_dict(scored: Scored) -> dict[str, Any]:
    """Return a run's metrics and rows as plain data."""
    return {
        "model": scored.log.setting.model,
        "prompt": scored.log.setting.prompt,
        "log": str(scored.log.path),
        "notes": scored.log.notes,
        "failed": scored.failed,
        "unscored": scored.unscored,
        "metrics": {name: one.figure.as_dict(4) | {"silent": one.silent} for name, one in scored.metrics.items()},
        "rows": [
            {
                "sample": row.sample.id,
                "epoch": row.epoch,
                "error": row.error,
                "scores": {name: {"value": said.value, "explanation": said.explanation} for name, said in row.scores.items() if not name.startswith("rule ")},
            }
            for row in scored.rows
        ],
    }


def compared_dict(found: Comparison) -> dict[str, Any]:
    """Return a comparison as plain data."""
    return {
        "summary": found.summary,
        "samples": found.samples,
        "notes": found.notes,
        "differences": {
            name: {"a": one.a.value, "b": one.b.value, **one.difference.as_dict(4), "decided": one.decided, "needed": one.needed, "sentence": one.sentence}
            for name, one in found.differences.items()
        },
        "changed": [{"sample": one.a.sample.id, "epoch": one.a.epoch, "better": one.better, "gone": one.gone, "come": one.come} for one in found.changed],
    }


# --- amends eval rules, validate, red-team


def _rules(options: Namespace) -> int:
    from difflib import get_close_matches

    from eval.measure import main
    from guardrails.elements import ELEMENTS
    from guardrails.rules import rules

    known = [*(rule.name for rule in rules()), *ELEMENTS]
    if options.id and options.id not in known:
        near = get_close_matches(options.id, known, 1)
        raise CaseError(f"eval rules: there is no rule {options.id!r}" + (f"; did you mean {near[0]!r}?" if near else "; `amends rules` lists them"))
    arguments = ["--misses", options.id] if options.id else []
    return main([*arguments, *(["--show-test"] if options.show_test else []), *([] if options.write else ["--keep"])])


def _validate(options: Namespace) -> int:
    """Name every sample and log that does not fit, a line each."""
    bad = 0
    _, setup = _setup(options)
    splits: dict[str, Sample] = {}
    paths = [one for place in options.places or [None] for one in _candidates(place)]
    for path in paths:
        try:
            if path.suffix == ".jsonl":
                _read(path)
            else:
                _fitting(load_sample(path), path, setup, splits)
        except CaseError as error:
            bad += 1
            print(f"amends: {error}", file=sys.stderr)
    print(f"{len(paths) - bad} of {len(paths)} are valid.")
    return 2 if bad or not paths else 0


def _fitting(one: Sample, path: Path, setup: Configuration, splits: dict[str, Sample]) -> None:
    """Hold a sample against the configuration, and against the samples of the same incident before it."""
    try:
        triage(one.case, setup.policy)
    except CaseError as error:
        raise CaseError(f"{path}: {error}") from None
    other = splits.setdefault(one.case.incident.id or one.id, one)
    if other.expect.split != one.expect.split:
        raise CaseError(f"{path}: sample.split: is {one.expect.split!r}, and {other.id} about the same incident is {other.expect.split!r}; put both in one")


def _candidates(place: Path | None) -> list[Path]:
    from eval.samples import SHIPPED

    place = place or SHIPPED
    if place.is_dir():
        return sorted([*place.glob("*.toml"), *place.glob("*.jsonl")])
    if not place.exists():
        raise CaseError(f"{place}: there is no such file or folder")
    return [place]


def _red_team(options: Namespace) -> int:
    from eval.redteam import measured, told

    _, setup = _setup(options)
    found = measured(setup)
    if options.json:
        print(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        print(told(found))
    return 0


_COMMANDS: dict[str, Callable[[Namespace], int]] = {
    "run": _run,
    "score": _score,
    "compare": _compare,
    "report": _report,
    "rules": _rules,
    "validate": _validate,
    "red-team": _red_team,
}
