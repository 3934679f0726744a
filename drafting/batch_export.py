"""A batch's letters as files for a mail merge, an archive or another program. Nothing here sends anything."""

import csv
import json
import zipfile
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select

from drafting.desk import Desk, View
from drafting.desk import export as note_export
from drafting.errors import DeskError, Refused
from drafting.export import STAMP, draft, eml
from drafting.store import tables

COLUMNS = ("letter", "account", "company", "contact_name", "contact_email", "cohort", "severity", "state", "subject", "body", "sha256")


class _Sink(Protocol):
    def put(self, now: View) -> None: ...
    def close(self, audit: list[dict[str, Any]]) -> None: ...


def export(desk: Desk, batch: str, out: Path, *, drafts: bool = False) -> tuple[int, int]:
    """Write the approved letters of a batch to `out` and return how many, and how many were left out.

    `.csv` is for a mail merge, `.jsonl` for programs, `.zip` holds an unsent mail for each letter.
    Beside it stands `NAME.audit.json`: what left, at which revision and hash. With `drafts`, letters
    that nobody has approved leave too, each stamped as a draft.
    """
    kinds: dict[str, type[_Csv] | type[_Jsonl] | type[_Zip]] = {".csv": _Csv, ".jsonl": _Jsonl, ".zip": _Zip}
    kind = kinds.get(out.suffix.lower())
    if kind is None:
        raise DeskError(f"--out: {out.name} names no form: end it with .csv, .jsonl or .zip")
    part = out.with_name(f"{out.name}.part")
    audit: list[dict[str, Any]] = []
    left = 0
    try:
        sink: _Sink = kind(part)
        for letter in _letters(desk, batch):
            try:
                now = note_export(desk, letter, f"batch{out.suffix.lower()}", drafts=drafts)
            except Refused:
                left += 1
                continue
            sink.put(now)
            audit.append(
                {
                    "letter": now.row.id,
                    "revision": now.row.revision,
                    "sha256": now.row.sha256,
                    "draft": draft(now),
                    "approvals": [{"by": one.author, "at": one.at.isoformat()} for one in now.approvals],
                }
            )
        sink.close(audit)
        part.replace(out)
        out.with_name(f"{out.stem}.audit.json").write_text(json.dumps({"batch": batch, "letters": audit}, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DeskError(f"--out: {out} can not be written ({error.strerror})") from error
    return len(audit), left


def _letters(desk: Desk, batch: str) -> Iterator[int]:
    last = 0
    row = tables.letters.c
    while True:
        with desk.store.read() as session:
            page = list(session.connection.execute(select(row.id).where(row.batch == batch, row.id > last).order_by(row.id).limit(500)).scalars())
        if not page:
            return
        yield from page
        last = page[-1]


def safe(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) or text.startswith(("\t", "\r")) else text


def _record(now: View) -> dict[str, Any]:
    revision, account = now.revision, now.case.account
    assert revision, "a letter without a text does not leave"
    stamp = draft(now)
    return {
        "letter": now.row.id,
        "account": account.id or "",
        "company": account.company,
        "contact_name": account.contact.name,
        "contact_email": account.contact.email,
        "cohort": now.row.cohort or "",
        "severity": now.row.severity.value,
        "state": now.row.state.value,
        "subject": f"[{STAMP}] {revision.subject}" if stamp else revision.subject,
        "body": f"[{STAMP}]\n\n{revision.body}" if stamp else revision.body,
        "sha256": revision.sha256,
    }


class _Csv:
    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._file)
        self._csv.writerow(COLUMNS)

    def put(self, now: View) -> None:
        self._csv.writerow([safe(str(value)) for value in _record(now).values()])

    def close(self, audit: list[dict[str, Any]]) -> None:
        self._file.close()


class _Jsonl:
    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def put(self, now: View) -> None:
        self._file.write(json.dumps(_record(now) | {"draft": draft(now), "report": now.report.as_dict() if now.report else None}, ensure_ascii=False) + "\n")

    def close(self, audit: list[dict[str, Any]]) -> None:
        self._file.close()


class _Zip:
    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)

    def put(self, now: View) -> None:
        self._zip.writestr(f"letter-{now.row.id}.eml", eml(now))

    def close(self, audit: list[dict[str, Any]]) -> None:
        with TextIOWrapper(self._zip.open("audit.json", "w"), encoding="utf-8") as file:
            json.dump(audit, file, indent=1)
        self._zip.close()
