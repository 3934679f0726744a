"""Cases and letters as the record keeps them: how a case becomes columns, and how a letter is found again."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from drafting import clocks
from drafting.errors import NotThere
from drafting.store import CaseRow, LetterRow, Revision, Session, State, digest, encode
from guardrails.case import Case, Severity

Found = TypeVar("Found")

APOLOGISED = (State.APPROVED.value, State.EXPORTED.value, State.FOLLOW_UP_DUE.value, State.CLOSED.value)
REPEATED = timedelta(days=90)
"""How far back an apology to the same account counts as one before this."""


def account_key(case: Case) -> str:
    """Return what the record knows an account by: its id, else its name."""
    return case.account.id or case.account.company.casefold()


def case_hash(case: Case) -> str:
    """Return the hash of a case: the same for the same facts."""
    return digest(encode(_dump(case)))


def find_letter(session: Session, letter_id: int, lock: bool = False) -> LetterRow:
    """Return the letter; `lock` keeps other writers off it. Raises NotThere."""
    row = session.get(LetterRow, letter_id, lock=lock)
    if row is None:
        raise NotThere(f"there is no letter {letter_id}")
    return row


def find_case(session: Session, row: LetterRow) -> CaseRow:
    """Return the case of a letter as it is now."""
    return found(session.get(CaseRow, row.case_id))


def find_revision(session: Session, row: LetterRow) -> Revision | None:
    """Return the revision that stands, or None where the letter has no text yet."""
    found = session.find(Revision, letter_id=row.id, number=row.revision)
    return found[0] if found else None


def settle(session: Session, letter_id: int) -> LetterRow:
    """Write down what is due next, so that the queue sorts by an index, and return the letter."""
    row = find_letter(session, letter_id)
    settled = with_due(row)
    if settled != row:
        session.set(LetterRow, letter_id, due=settled.due, due_what=settled.due_what)
    return settled


def with_due(row: LetterRow) -> LetterRow:
    """Return the letter with what is due next and when."""
    owed = clocks.due(row)
    what, when = owed[0] if owed else (None, None)
    return replace(row, due=when, due_what=what)


def keep_case(session: Session, who: str, case: Case) -> int:
    """Put a case into the record as it stands now and return its id."""
    return keep_cases(session, who, [case])[0]


def keep_cases(session: Session, who: str, cases: Sequence[Case]) -> list[int]:
    """Put cases into the record as they stand now and return their ids."""
    rows = []
    for case in cases:
        data = _dump(case)
        kept = {"hash": digest(encode(data)), "data": data, "incident": case.incident.id, "account": account_key(case), "contact": _address(case)}
        rows.append({**kept, "at": session.now})
    made = session.add_many(CaseRow, rows)
    for number, row in zip(made, rows, strict=True):
        session.log(who, "case.add", "case", number, after=str(row["hash"]))
    return made


def about(case: Case, subject: str = "") -> dict[str, Any]:
    """Return what the queue and the figures ask of a case, as columns."""
    background = case.account.background
    return {
        "incident": case.incident.id,
        "account": account_key(case),
        "company": case.account.company,
        "contact": _address(case),
        "severity": (case.incident.severity or Severity.MEDIUM).value,
        "category": case.incident.category or "other",
        "cause": case.incident.cause,
        "arr": _number(background.arr),
        "currency": background.currency,
        "search": search(case, subject),
    }


def search(case: Case, subject: str) -> str:
    """Return what the queue's text filter looks in."""
    words = (case.account.company, case.account.id, case.account.contact.name, case.incident.id, case.incident.summary, subject)
    return "\n".join(word for word in words if word).casefold()


def _address(case: Case) -> str | None:
    return case.account.contact.email.strip().casefold() or None


_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}


def _number(text: str | None) -> float | None:
    """Return the figure in a text such as `$1.84M` or `BRL 72,000`, to sort by."""
    found = re.search(r"(\d[\d.,' ]*)\s*([kmb]\b)?", text or "", re.IGNORECASE)
    if not found:
        return None
    digits = re.sub(r"[.,' ](?=\d{3}(?:\D|$))", "", found[1].strip(" .,'")).replace(",", ".").replace(" ", "")
    try:
        return float(digits) * _UNITS[(found[2] or "").lower()]
    except ValueError:
        return None


def _dump(case: Case) -> dict[str, Any]:
    return case.model_dump(mode="json", exclude_defaults=True)


def plain(value: Any) -> Any:
    """Return data as JSON has it: amounts as text."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return value


def found(value: Found | None) -> Found:
    """Return the value, where a foreign key says there is one."""
    assert value is not None, "a foreign key points to a row"
    return value


def day_of(moment: date | datetime | None) -> date | None:
    """Return the day of a moment."""
    return moment.date() if isinstance(moment, datetime) else moment


def apologies_before(session: Session, cases: Sequence[Case]) -> list[tuple[LetterRow, ...]]:
    """Return for each of several cases its account's letters of apology about other incidents that went out within 90 days, in one look."""
    known: dict[str, list[LetterRow]] = {}
    for row in session.find(LetterRow, "approved_at", account=tuple({account_key(case) for case in cases}), state=APOLOGISED):
        known.setdefault(row.account, []).append(row)
    return [tuple(row for row in known.get(account_key(case), ()) if _before(row, case, session.now)) for case in cases]


def _before(row: LetterRow, case: Case, now: datetime) -> bool:
    until = datetime.combine(day_of(case.written_on) or now.date(), datetime.max.time(), UTC)
    return (
        row.category != "follow_up"
        and row.approved_at is not None
        and until - REPEATED - timedelta(days=1) <= row.approved_at <= max(until, now)
        and (row.incident is None or row.incident != case.incident.id)
    )
