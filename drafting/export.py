"""A letter in the forms people send, file and prove it in. Nothing here sends anything."""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from drafting.desk import Desk, View, export
from drafting.errors import DeskError
from drafting.mail import line, unsent
from drafting.store import Link, Revision, Session
from guardrails.case import zone

STAMP = "DRAFT, not approved"


@dataclass(frozen=True, slots=True)
class File:
    """A file to hand to a person: its name, its media type, what is in it."""

    name: str
    media: str
    data: bytes


def file(desk: Desk, letter_id: int, form: str, *, drafts: bool = False) -> File:
    """Return the letter as a file and note in the record that it left.

    Forms: `eml`, `md`, `txt`, `json`, `docx`, `ics` and `proof`. Only approved letters leave, or
    drafts on demand, each stamped as one.
    """
    if form not in FORMS:
        raise DeskError(f"{form!r} is no form of a letter; use {', '.join(FORMS)}")
    now = export(desk, letter_id, form, drafts=drafts)
    suffix, media, write = FORMS[form]
    data = proof(desk, now) if form == "proof" else write(now)
    words = re.sub(r"[^a-z0-9]+", "-", now.row.company.lower()).strip("-")
    return File(f"letter-{letter_id}-{words or 'account'}.{suffix}", media, data)


def draft(now: View) -> bool:
    """Whether the text has not been approved as it stands."""
    return now.row.approved_at is None


def eml(now: View) -> bytes:
    """Return an unsent mail that a mail program opens ready to look over (`X-Unsent: 1`), in the customer's thread."""
    letter, case = _text(now).letter, now.case
    thread = [ticket.id for ticket in case.account.tickets if ticket.public and ticket.id and re.fullmatch(r"<[^<>\s]+@[^<>\s]+>", ticket.id)]
    if now.row.follows:
        thread.append(_message(now.row.follows))
    try:
        return unsent(
            f"[{STAMP}] {letter.subject}" if draft(now) else letter.subject,
            _stamped(now, letter.body),
            sender=(case.sender.name, case.sender.email),
            to=(case.account.contact.name, case.account.contact.email),
            message=_message(now.row.id),
            thread=thread,
        )
    except ValueError:
        raise DeskError("the address of contact or sender is none a mail program knows: mend it in the case") from None


def txt(now: View) -> bytes:
    """Return the form of a letter file: `Subject: …`, a blank line, the body."""
    letter = _text(now).letter
    subject = f"[{STAMP}] {letter.subject}" if draft(now) else letter.subject
    return f"Subject: {line(subject)}\n\n{letter.body}\n".encode()


def md(now: View) -> bytes:
    """Return the letter as Markdown that reads as it was written: no list, link or emphasis that was not there."""
    letter = _text(now).letter
    lines = [re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", line) for line in _stamped(now, letter.body).split("\n")]
    lines = [re.sub(r"^(\s*)([-+]|\d+[.)])(?=\s)", lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", line) for line in lines]
    body = "\n".join(f"{line}  " if line and following else line for line, following in zip(lines, [*lines[1:], ""], strict=True))
    return f"# {line(letter.subject)}\n\n{body}\n".encode()


def as_json(now: View) -> bytes:
    """Return the letter with its report, its approvals and its hashes as one JSON object."""
    return _json(_record(now) | {"draft": draft(now)})


def docx(now: View) -> bytes:
    """Return the letter as a Word file."""
    from docx import Document

    standing = _text(now)
    document = Document()
    document.core_properties.author = now.case.sender.name
    document.core_properties.title = _printable(standing.subject)
    document.core_properties.created = document.core_properties.modified = standing.at.replace(tzinfo=None)
    if draft(now):
        document.sections[0].header.paragraphs[0].text = STAMP
    document.add_paragraph().add_run(_printable(standing.subject)).bold = True
    for paragraph in re.split(r"\n\s*\n", standing.body.strip()):
        document.add_paragraph(_printable(paragraph))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def ics(now: View) -> bytes:
    """Return a calendar with each promise that has a day, and the window of the follow-up."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//amends//desk//EN", "METHOD:PUBLISH"]
    for number, promise in enumerate(now.promises):
        if promise.due and promise.state != "void":
            lines += _event(f"promise-{promise.id or number}", now, promise.kind.replace("_", " "), promise.text, *_when(promise.text, promise.due))
    if now.row.follow_up_from and now.row.follow_up_by and not now.row.followed_at:
        lines += _event(
            f"follow-up-{now.row.id}",
            now,
            "Follow-up",
            "Ask whether all is well and whether the remedy has arrived.",
            now.row.follow_up_from,
            now.row.follow_up_by,
        )
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def proof(desk: Desk, now: View) -> bytes:
    """Return one zip that shows what was said, on which facts, who approved it, and its place in the audit chain.

    The account's background is not in it.
    """
    with desk.store.read() as session:
        links = tuple(_links(session, now))
        revisions = session.find(Revision, "number", letter_id=now.row.id)
    parts = {
        "letter.txt": txt(now),
        "letter.json": _json(_record(now)),
        "facts.json": _json({"case_hash": now.case_hash, "facts": now.case.facts()}),
        "findings.json": _json(now.report.as_dict() if now.report else {}),
        "decisions.json": _json({"decisions": [asdict(one) for one in now.decisions], "dismissals": [asdict(one) for one in now.dismissals]}),
        "revisions.json": _json([asdict(one) for one in revisions]),
        "audit.json": _json([asdict(link) for link in links]),
        "README.txt": _HOW.encode(),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, data in parts.items():
            pack.writestr(zipfile.ZipInfo(name, (now.revision or _text(now)).at.timetuple()[:6]), data)
    return out.getvalue()


_HOW = """What this is: one letter as the record holds it.

letter.txt, letter.json   the text as it stands, its approvals and hashes
facts.json                what could be said, and the hash of the whole case
findings.json             what the rules say of the text now
decisions.json            who approved, sent back or let a finding stand, and why
revisions.json            every version, who or which model wrote it, what the rules said then
audit.json                the links of the audit chain about this letter

How to check it. JSON here means: keys sorted, no spaces, UTF-8.
- The sha256 of a revision is SHA-256 over the JSON list [subject, body].
- The hash of a link is SHA-256 over the JSON list [seq, at, who, what, kind, ref, before, after,
  detail, previous], where `at` is the time in UTC with microseconds and +00:00 (without them where they are zero).
- `previous` is the hash of the link before it, here or in the record; `amends audit verify` proves
  the whole chain.
"""

FORMS: Mapping[str, tuple[str, str, Callable[[View], bytes]]] = {
    "eml": ("eml", "message/rfc822", eml),
    "txt": ("txt", "text/plain; charset=utf-8", txt),
    "md": ("md", "text/markdown; charset=utf-8", md),
    "json": ("json", "application/json", as_json),
    "docx": ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", docx),
    "ics": ("ics", "text/calendar; charset=utf-8", ics),
    "proof": ("zip", "application/zip", txt),
}


def _text(now: View) -> Revision:
    if now.revision is None:
        raise DeskError(f"letter {now.row.id} has no text yet: write one, or draft it again")
    return now.revision


def _stamped(now: View, body: str) -> str:
    return f"[{STAMP}]\n\n{body}" if draft(now) else body


def _record(now: View) -> dict[str, Any]:
    standing = _text(now)
    return {
        "id": now.row.id,
        "state": now.row.state.value,
        "company": now.row.company,
        "incident": now.row.incident,
        "severity": now.row.severity.value,
        "category": now.row.category,
        "subject": standing.subject,
        "body": standing.body,
        "revision": standing.number,
        "sha256": standing.sha256,
        "case_hash": standing.case_hash,
        "author": standing.author,
        "model": standing.model,
        "prompt": standing.prompt,
        "approvals": [{"by": one.author, "role": one.role, "at": one.at, "reason": one.reason, "sha256": one.sha256} for one in now.approvals],
        "report": now.report.as_dict() if now.report else None,
    }


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2, default=_plain) + "\n").encode("utf-8", "surrogatepass")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _links(session: Session, now: View) -> Iterator[Link]:
    refs = {
        "letter": (str(now.row.id),),
        "revision": tuple(str(one.id) for one in session.find(Revision, letter_id=now.row.id)),
        "decision": tuple(str(one.id) for one in now.decisions),
        "case": tuple({str(one.case_id) for one in session.find(Revision, letter_id=now.row.id)} | {str(now.row.case_id)}),
        "promise": tuple(str(one.id) for one in now.promises),
    }
    found = [link for kind, keys in refs.items() if keys for link in session.find(Link, kind=kind, ref=keys)]
    yield from sorted(found, key=lambda link: link.seq)


def _printable(text: str) -> str:
    """Return the text without the characters that XML does not know."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def _message(letter_id: int) -> str:
    return f"<letter-{letter_id}@amends.invalid>"


_CLOCK = re.compile(r"\b(\d{1,2})(?::(\d\d))?\s*(am|pm)?\s*\(?([A-Z]{2,5})?\b", re.IGNORECASE)


def _when(said: str, day: date) -> tuple[date, date]:
    """Return start and end of a promise: half an hour where the sentence names a time and a zone, else the whole day."""
    for hour, minute, half, where in _CLOCK.findall(said):
        known = zone(where) if where and (minute or half) else None
        if known is None or int(hour) > 23:
            continue
        clock = int(hour) % 12 + 12 * (half.lower() == "pm") if half else int(hour)
        start = datetime(day.year, day.month, day.day, clock, int(minute or 0), tzinfo=known)
        return start, start + timedelta(minutes=30)
    return day, day + timedelta(days=1)


def _event(name: str, now: View, title: str, text: str, start: date, end: date) -> list[str]:
    company = now.row.company
    return [
        "BEGIN:VEVENT",
        f"UID:{name}@amends.invalid",
        f"DTSTAMP:{_stamp(_text(now).at)[1:]}",
        f"DTSTART{_stamp(start)}",
        f"DTEND{_stamp(end)}",
        f"SUMMARY:{_escaped(f'{title}: {company}')}",
        f"DESCRIPTION:{_escaped(text)}",
        "END:VEVENT",
    ]


def _stamp(moment: date) -> str:
    return f":{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}" if isinstance(moment, datetime) else f";VALUE=DATE:{moment:%Y%m%d}"


def _escaped(text: str) -> str:
    return re.sub(r"([\\;,])", r"\\\1", _printable(text)).replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """Return the line in pieces of at most 75 bytes, never cut inside a character."""
    out, length = bytearray(), 0
    for letter in line:
        piece = letter.encode("utf-8", "replace")
        if length + len(piece) > 75:
            out += b"\r\n "
            length = 1
        out += piece
        length += len(piece)
    return bytes(out) + b"\r\n"
