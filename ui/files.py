"""Drafts written to a folder: a text, an editable e-mail draft, and a record of how it came about."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from drafting.mail import unsent
from drafting.pipeline import Draft
from guardrails.case import CaseError


def save(folder: Path, name: str, made: Draft, record: dict[str, Any]) -> tuple[Path, ...]:
    """Write NAME.txt, NAME.eml and NAME.json and return their paths. Nothing is overwritten: a taken name gets a number.

    Raises CaseError where the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stem, number = name, 1
        while any((folder / f"{stem}{ending}").exists() for ending in (".txt", ".eml", ".json")):
            number += 1
            stem = f"{name}-{number}"
        return (
            _write(folder / f"{stem}.txt", made.letter.text.encode()),
            _write(folder / f"{stem}.eml", unsent(made.letter.subject, made.letter.body)),
            _write(folder / f"{stem}.json", (json.dumps(record, ensure_ascii=False, indent=2) + "\n").encode()),
        )
    except OSError as error:
        raise CaseError(f"{folder}: can not be written to ({error.strerror}); name another folder with --out") from None


def _write(path: Path, content: bytes) -> Path:
    """Write a file in one step: after a crash it is whole or not there."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".amends-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
