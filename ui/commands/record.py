"""`amends queue`, `users`, `audit` and `forget`: the record from a terminal."""

import getpass
import json
import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from drafting.config import configuration
from drafting.errors import DeskError
from drafting.settings import Settings
from drafting.store import PolicyVersion, Store, StoreError, open_store
from drafting.store.audit import verify
from drafting.store.erase import forget, purge
from drafting.store.queue import queue
from drafting.users import LOCAL, add_user, remove_user, users
from guardrails.case import CaseError
from guardrails.policy import parse_policy
from ui.format import table, visible

PAGE = 500


def run(options: Namespace) -> int:
    """Open the record, do what was asked and return the exit code."""
    settings = Settings.read(os.environ, config=options.config)
    try:
        with closing(open_store(settings.home, settings.database_url.get_secret_value() if settings.database_url else None)) as store:
            return _COMMANDS[options.task](store, options, settings)
    except (DeskError, StoreError) as error:
        raise CaseError(str(error)) from None


def _queue(store: Store, options: Namespace, settings: Settings) -> int:
    offset, total, late = 0, 1, 0
    while offset < total:
        with store.read() as session:
            page = queue(session, offset=offset, limit=PAGE)
            now = session.now
        total, offset = page.total, offset + PAGE
        late += sum(entry.due is not None and entry.due < now for entry in page.entries)
        if options.json:
            for entry in page.entries:
                print(json.dumps(asdict(entry) | {"due": entry.due.isoformat() if entry.due else None, "at": entry.at.isoformat()}, ensure_ascii=False))
            continue
        rows = [
            (
                f"L-{entry.id}",
                visible(entry.company),
                f"{entry.due:%Y-%m-%d %H:%M} UTC {entry.due_what}" if entry.due else "",
                entry.severity.value,
                entry.state.value,
                f"{entry.errors} blocking" if entry.errors else "clear",
                visible(entry.subject),
            )
            for entry in page.entries
        ]
        if rows:
            print(table(rows))
    if not options.json:
        print(f"{total} waiting, {late} overdue." if total else "The queue is empty: every letter has an answer.")
    return 0


def _add_user(store: Store, options: Namespace, settings: Settings) -> int:
    password = None
    if not options.no_password:
        password = getpass.getpass(f"Password for {options.name}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    made = add_user(store, LOCAL, options.name, options.role, email=options.email, password=password or None)
    print(f"{made.name} may log in as {made.position}.")
    return 0


def _list_users(store: Store, options: Namespace, settings: Settings) -> int:
    known = users(store)
    print(table([("name", "role", "e-mail"), *((one.name, one.position.value, one.email or "") for one in known)]) if known else "No users: one local user.")
    return 0


def _remove_user(store: Store, options: Namespace, settings: Settings) -> int:
    remove_user(store, LOCAL, options.name)
    print(f"{options.name} may not log in any more. What they did stays in the record.")
    return 0


def _verify(store: Store, options: Namespace, settings: Settings) -> int:
    with store.read() as session:
        broken = verify(session)
    print(broken.text if broken else "The audit chain holds.")
    return 1 if broken else 0


def _purge(store: Store, options: Namespace, settings: Settings) -> int:
    setup = configuration(settings.config)
    with store.read() as session:
        newest = session.find(PolicyVersion, "-id", limit=1)
    kept = (parse_policy(newest[0].text, f"policy version {newest[0].id}") if newest else setup.policy).retention
    purged = purge(store, LOCAL.name, kept)
    oldest = time.time() - 86_400 * kept.evaluations
    old = [path for path in _logs(settings) if path.stat().st_mtime < oldest]
    for path in old:
        path.unlink()
    print(f"Removed {purged.letters} letters, {purged.cases} cases, {purged.links} links of the audit log and {len(old)} files of evaluations.")
    return 0


def _forget(store: Store, options: Namespace, settings: Settings) -> int:
    erased = forget(store, LOCAL.name, options.contact, _logs(settings))
    print(
        f"Replaced {erased.letters} letters, {erased.mentions} mentions, {erased.engine} rows of the batch engine "
        f"and {erased.lines} lines of evaluations by tombstones."
    )
    return 0


def _logs(settings: Settings) -> list[Path]:
    """Return the logs and reports of evaluations that the desk keeps."""
    return sorted(path for path in (settings.home / "eval").rglob("*") if path.is_file() and not path.is_symlink())


_COMMANDS: dict[str, Callable[[Store, Namespace, Settings], int]] = {
    "queue": _queue,
    "users add": _add_user,
    "users list": _list_users,
    "users remove": _remove_user,
    "audit verify": _verify,
    "audit purge": _purge,
    "forget": _forget,
}
