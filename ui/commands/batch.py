"""`amends batch` and `amends worker`: one incident, every affected account."""

import getpass
import json
import os
import sys
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from drafting import batch as batches
from drafting.accounts import Accounts, Rejects, mass
from drafting.batch import Orders, Status, Survey
from drafting.config import Configuration, configuration
from drafting.desk import Desk
from drafting.errors import DeskError
from drafting.models import ModelFailure
from drafting.prices import Tokens, price
from drafting.settings import Settings
from drafting.store import BatchState, Store, StoreError, open_store
from drafting.users import LOCAL, User, log_in, log_out, users
from drafting.worker import Worker, WorkerError, interruptible
from drafting.writers import writer
from guardrails.case import CaseError
from ui.format import money, table, visible

CHECKED_AT_ONCE = 20_000
"""Largest batch whose letters are held against one another at its end, a few milliseconds each; larger ones on the desk."""


def run(options: Namespace) -> int:
    """Do what the subcommand says; return 0, 1 where letters are blocked, 2 where some failed or for misuse."""
    settings = Settings.read(os.environ, models=getattr(options, "model", None) or (), config=options.config)
    setup = configuration(settings.config)
    try:
        with closing(open_store(settings.home, settings.database_url.get_secret_value() if settings.database_url else None)) as store:
            return _COMMANDS[options.action](store, settings, setup, options)
    except (DeskError, StoreError, ModelFailure, WorkerError) as error:
        raise CaseError(str(error)) from error


def _desk(store: Store, setup: Configuration) -> Desk:
    return Desk(store, LOCAL, setup.policy, setup.rules)


def _money(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        cap = Decimal(text)
    except InvalidOperation:
        cap = Decimal(-1)
    if not cap.is_finite() or cap < 0:
        raise CaseError(f"--cap: {text!r} is no amount; write US dollars, as in 25 or 12.50")
    return cap


def _priced(settings: Settings, models: Iterable[str], cap: Decimal | None) -> None:
    """Raise CaseError where a cap could not be kept."""
    for model in models:
        if cap is not None and model != "template" and price(model, settings, Tokens(1, 1))[0] is None:
            raise CaseError(f"--cap: no list has the price of {model}, so no cap can be kept; set it in prices.toml")


# --- run


def _run(store: Store, settings: Settings, setup: Configuration, options: Namespace) -> int:
    for name in ("limit_rpm", "limit_tpm", "pilot", "at_once"):
        value = getattr(options, name)
        if value is not None and value <= 0:
            raise CaseError(f"--{name.replace('_', '-')}: give more than 0")
    if options.revisions < 0:
        raise CaseError("--revisions: give 0 or more")
    orders = Orders(settings.models, options.revisions, options.limit_rpm, options.limit_tpm, _money(options.cap), options.pilot)
    _priced(settings, orders.models, orders.cap)
    writer(settings, setup)  # a model without key, package or name is misuse, before anything else
    desk, accounts = _desk(store, setup), Accounts(options.accounts, mass(options.incident))
    rejects = Rejects(options.accounts.with_name(f"{options.accounts.stem}.rejects.csv"))
    found = batches.survey(desk, accounts, orders, settings, rejects)
    print(_survey(found, orders, settings, rejects), file=sys.stderr)
    if not found.letters:
        raise CaseError(f"{options.accounts}: there is nothing to write" + (f"; see {rejects.path}" if rejects.count else ""))
    if options.dry_run:
        return 0
    if not options.yes:
        if not sys.stdin.isatty():
            raise CaseError("--yes: say it to begin without being asked")
        print("Begin? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            return 0
    made = batches.create(desk, accounts, orders)
    print(json.dumps({"batch": made}), flush=True)
    batches.load(desk, made, accounts, _loading(found.letters))
    return _work(store, settings, setup, options, made)


def _survey(found: Survey, orders: Orders, settings: Settings, rejects: Rejects) -> str:
    moved = [f"{column} → {key or 'left out'}" for column, key in found.columns.items() if column != key]
    rows = [
        ("letters", f"{found.letters}"),
        ("by severity", ", ".join(f"{number} {name}" for name, number in found.severities.items())),
        ("by cohort", ", ".join(f"{number} {visible(name)}" for name, number in found.cohorts.items())),
        ("columns", visible("; ".join(moved))),
        ("model", f"{', '.join(orders.models)} ({settings.models_from})"),
        ("tokens", f"about {found.input_tokens:,} in, {found.output_tokens:,} out"),
        ("cost", "not known: no list has this model's price" if found.cost is None else f"about {money(found.cost)}"),
        ("time", "as fast as the model answers" if found.minutes is None else f"about {found.minutes:.0f} min at the limits given"),
    ]
    if rejects.count:
        unusable = f"{found.unusable} row{'s' * (found.unusable != 1)} that can not be used"
        duplicates = f"{found.duplicates} duplicate{'s' * (found.duplicates != 1)}"
        rows.append(("left out", f"{unusable}, {duplicates}: see {rejects.path}, mend it and run it too"))
    return table([row for row in rows if row[1]])


def _loading(total: int) -> Callable[[int], None]:
    begun = time.monotonic()

    def told(count: int) -> None:
        if sys.stderr.isatty() and time.monotonic() - begun > 1:
            print(f"\r{count} of {total} put on the desk", end="\n" if count == total else "", file=sys.stderr, flush=True)

    return told


# --- working


def _work(store: Store, settings: Settings, setup: Configuration, options: Namespace, batch: str) -> int:
    """Work until the batch is done, paused or cancelled; print its status and return the exit code."""
    asked = False

    def stop() -> None:
        nonlocal asked
        asked = True

    restore = interruptible(stop)
    show = _Progress(store, batch)
    try:
        with Worker(store, settings, setup, at_once=options.at_once) as worker:

            def each() -> None:
                nonlocal asked
                if asked:
                    asked = False
                    if batches.find(store, batch).state is BatchState.RUNNING:
                        batches.pause(_desk(store, setup), batch, "Ctrl-C")
                        print("\namends: finishing the letters in the works; Ctrl-C again leaves at once", file=sys.stderr)
                show()

            worker.run(lambda: batches.ended(store, batch), each)
    finally:
        restore()
    now = batches.status(store, batch)
    show.end()
    print(json.dumps(now.as_dict(), ensure_ascii=False) if options.json else _status(now))
    if now.state is BatchState.DONE and now.total <= CHECKED_AT_ONCE:
        from drafting.review import check_lot

        found = Counter(flag.code for flag in check_lot(_desk(store, setup), batch))
        for code, count in found.items():
            print(f"amends: across the lot: {count} letters {code}", file=sys.stderr)
    if now.state is BatchState.PAUSED:
        print(f"amends: paused ({now.why}); `amends batch resume {batch}` goes on", file=sys.stderr)
    return 2 if now.failed else 1 if now.blocked else 0


class _Progress:
    """One line about how far the work is: anew each second on a terminal, each ten seconds elsewhere."""

    def __init__(self, store: Store, batch: str) -> None:
        self._store, self._batch = store, batch
        self._next, self._terminal, self._shown = time.monotonic() + 1, sys.stderr.isatty(), False

    def __call__(self) -> None:
        begun = time.monotonic()
        if begun < self._next:
            return
        now = batches.status(self._store, self._batch)
        # Counting half a million letters takes a while: the work comes first.
        self._next = begun + max(1 if self._terminal else 10, 30 * (time.monotonic() - begun))
        line = f"{now.total - now.waiting} of {now.total}, {now.rate:.1f}/s, {now.clear} clear, {now.blocked} blocked, {now.failed} failed"
        line += f", cost {_cost(now)}" + (f", done at {now.eta:%H:%M:%S} UTC" if now.eta else "") + (f" ({now.why})" if now.why else "")
        print(f"\r\x1b[K{line}" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr, flush=True)
        self._shown = True

    def end(self) -> None:
        """Leave the line."""
        if self._terminal and self._shown:
            print(file=sys.stderr)


def _cost(now: Status) -> str:
    return "not known" if now.cost is None else money(now.cost)


def _status(now: Status) -> str:
    rows = [
        ("batch", now.id),
        ("state", now.state.value + (f" ({visible(now.why)})" if now.why else "")),
        ("letters", f"{now.total}: {now.clear} clear, {now.blocked} blocked, {now.failed} failed, {now.waiting} waiting"),
        ("cost", _cost(now)),
    ]
    if now.rate:
        rows.append(("rate", f"{now.rate:.1f} a second" + (f", done at {now.eta:%Y-%m-%d %H:%M} UTC" if now.eta else "")))
    if now.repeated:
        rows.append(("begun again", f"{now.repeated} letters after a crash: at most one call of each was made twice"))
    return table(rows)


# --- the other commands


def _show(store: Store, settings: Settings, setup: Configuration, options: Namespace) -> int:
    now = batches.status(store, batches.find(store, options.id).id)
    print(json.dumps(now.as_dict(), ensure_ascii=False) if options.json else _status(now))
    return 0


def _pause(store: Store, settings: Settings, setup: Configuration, options: Namespace) -> int:
    batches.pause(_desk(store, setup), options.id)
    print(f"{options.id} is paused: letters in the works are finished, no other is begun.")
    return 0


def _cancel(store: Store, settings: Settings, setup: Configuration, options: Namespace) -> int:
    batches.cancel(_desk(store, setup), options.id)
    print(f"{options.id} is cancelled: letters that are written stay on the desk.")
    return 0


def _resume(store: Store, settings: Settings, setup: Configuration, options: Namespace) -> int:
    desk, row = _desk(store, setup), batches.find(store, options.id)
    cap = _money(options.cap)
    _priced(settings, batches.orders(store, row.id).models, cap)
    batches.resume(desk, row.id, cap=cap)
    if row.state is BatchState.LOADING:
        batches.load(desk, row.id, Accounts(Path(row.data["accounts"]), mass(Path(row.data["source"]))), _loading(row.total))
    return _join(store, settings, setup, options, row.id)


def _retry(store: Store, settings: Settings, setup: Configuration, options: Namespace) -> int:
    count = batches.retry(_desk(store, setup), options.id)
    print(f"amends: {count} failed letters are tried again", file=sys.stderr)
    return _join(store, settings, setup, options, options.id) if count else 0


def _join(store: Store, settings: Settings, setup: Configuration, options: Namespace, batch: str) -> int:
    """Work, or leave the work to the process that is at it already."""
    try:
        return _work(store, settings, setup, options, batch)
    except WorkerError as error:
        if "another process" not in str(error):
            raise
        print(f"amends: {batch} goes on in the process that works on this record", file=sys.stderr)
        return 0


def _review(store: Store, settings: Settings, setup: Configuration, options: Namespace) -> int:
    from drafting import review

    batch = batches.find(store, options.id).id
    desk = _desk(store, setup)
    odd = review.flags(store, batch)
    if odd is None or options.check:
        odd = review.check_lot(desk, batch)
    if options.approve:
        who = _who(store, options.by)
        count = review.approve_cohort(replace(desk, user=who), batch, options.cohort)
        enough = who.sole or len(review.lot(desk, batch, options.cohort).yes) > 1
        print(f"amends: {count} letters approved" if enough else "amends: noted; a second person has to say so too", file=sys.stderr)
    lots = {name: review.lot(desk, batch, name) for name in ([options.cohort] if options.cohort else review.cohorts(store, batch) or [None])}
    told = {
        "batch": batch,
        "cohorts": [
            {"cohort": name, "rule": lot.plan.words, "each": lot.plan.each, "sample": lot.plan.sample, "unread": lot.unread}
            | {"stopped": lot.stopped, "rest": len(lot.open), "yes": lot.yes}
            for name, lot in lots.items()
        ],
        "odd": [asdict(flag) for flag in odd],
    }
    print(json.dumps(told, ensure_ascii=False) if options.json else _reviewed(told))
    return 0


def _who(store: Store, name: str | None) -> User:
    """Return who acts: the local user, or where the desk has users the one who is named and knows the password."""
    if name is None:
        if users(store):
            raise CaseError("--by: say who approves; this desk has users")
        return LOCAL
    password = getpass.getpass(f"Password for {name}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    known = log_in(store, name, password)
    if known is None:
        raise CaseError(f"--by: name and password of {name!r} do not fit")
    log_out(store, known[1])
    return known[0]


def _reviewed(told: dict[str, Any]) -> str:
    lines = []
    for one in told["cohorts"]:
        lines.append(f"{visible(one['cohort'] or told['batch'])}: {one['rule']}")
        if one["each"]:
            lines.append(f"  one by one: {_named(one['each'])}")
        if one["sample"]:
            following = f"; next: {_named(one['unread'])}" if one["unread"] else ""
            lines.append(f"  sample: {len(one['sample']) - len(one['unread'])} of {len(one['sample'])} read{following}")
        lines += [f"  stopped: {one['stopped']}"] if one["stopped"] else []
        lines += [f"  said yes: {', '.join(map(visible, one['yes']))}"] if one["yes"] else []
    kinds: dict[str, list[dict[str, Any]]] = {}
    for flag in told["odd"]:
        kinds.setdefault(flag["code"], []).append(flag)
    lines += [f"{code}: {len(found)} letters, as L-{found[0]['letter']}: {found[0]['text']}" for code, found in kinds.items()]
    return "\n".join(lines or ["Nothing is odd across the lot."])


def _named(letters: Sequence[int]) -> str:
    return ", ".join(f"L-{letter}" for letter in letters[:8]) + " …" * (len(letters) > 8)


def _export(store: Store, settings: Settings, setup: Configuration, options: Namespace) -> int:
    from drafting.batch_export import export

    count, left = export(_desk(store, setup), options.id, options.out, drafts=options.drafts)
    print(f"{count} letters are in {options.out}; {left} were left out" + (" because nobody has approved them" if left and not options.drafts else "") + ".")
    return 0


def _worker(store: Store, settings: Settings, setup: Configuration, options: Namespace) -> int:
    asked = False

    def stop() -> None:
        nonlocal asked
        asked = True

    restore = interruptible(stop)
    try:
        with Worker(store, settings, setup, at_once=options.at_once) as worker:
            print(f"amends: {worker.name} works; Ctrl-C leaves when its letters are finished", file=sys.stderr, flush=True)
            worker.run(lambda: worker.leave() if asked else options.until_idle and batches.idle(store))
    finally:
        restore()
    return 0


_COMMANDS: dict[str, Callable[[Store, Settings, Configuration, Namespace], int]] = {
    "run": _run,
    "status": _show,
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
    "retry": _retry,
    "review": _review,
    "export": _export,
    "worker": _worker,
}
