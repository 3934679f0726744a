"""Take a person out of the record, and take out what has been kept long enough. The audit chain stays whole."""

import base64
import json
import re
import shutil
from binascii import Error as NotBase64
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Connection, Engine, LargeBinary, MetaData, Row, String, Table, Text, cast, delete, inspect, literal, or_, select, update

from drafting.store import tables
from drafting.store.audit import PURGE
from drafting.store.records import State
from drafting.store.session import Session, Store, engine_for
from guardrails.policy import Retention

TOMBSTONE = "[erased]"
"""What stands where a person's data stood."""

_PLAIN = frozenset({"company", "currency", "timezone", "locale", "severity", "category", "detected_at", "started_at", "ended_at", "at", "kind", "amount"})
"""Keys of a case that say nothing about a person, or that the case can not be read without."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was replaced: letters written to the person, rows that only named them, rows of the batch engine, lines of files."""

    letters: int
    mentions: int
    engine: int
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Purged:
    """What was removed because its time is over."""

    letters: int
    cases: int
    links: int


class _Person:
    """How a person is named in texts: by address and full name anywhere, by parts of the name in what was written to them."""

    def __init__(self, email: str, names: Iterable[str], parts: Iterable[str]) -> None:
        self.words = sorted({email.casefold(), *(name.casefold() for name in names if " " in name)}, key=len, reverse=True)
        own = sorted({part for part in parts if len(part) > 1}, key=len, reverse=True)
        anywhere = "|".join(map(re.escape, self.words))
        self._anywhere = re.compile(anywhere, re.IGNORECASE)
        # A part of a name counts only as it is written: Will is a person, will is not.
        self._own = re.compile("|".join([f"(?i:{anywhere})", *(rf"\b{re.escape(part)}\b" for part in own)]))

    def named(self, text: str | None) -> bool:
        """Whether the text names the person by address or full name."""
        return bool(text and self._anywhere.search(text))

    def out_of_line(self, line: str, theirs: set[str]) -> str:
        """Return a line of a log, or of any text, without the person. `theirs` gathers the samples about them: drafts of those are to them."""
        data = _read_line(line)
        if data is None:
            return self._anywhere.sub(TOMBSTONE, line)
        own = any(True for _ in _contacts(data, self.words))
        if own and isinstance(data, Mapping):
            theirs.add(str(data.get("id")))
        own = own or (isinstance(data, Mapping) and str(data.get("sample")) in theirs)
        if not own and not self._anywhere.search(json.dumps(data, ensure_ascii=False)):
            return line
        return json.dumps(self.out_of(data, own), ensure_ascii=False) + "\n" * line.endswith("\n")

    def out_of(self, value: Any, own: bool = False) -> Any:
        """Return plain data with the person's names replaced."""
        if isinstance(value, str):
            return (self._own if own else self._anywhere).sub(TOMBSTONE, value)
        if isinstance(value, Mapping):
            return {key: item if key in _PLAIN else self.out_of(item, own) for key, item in value.items()}
        if isinstance(value, list):
            return [self.out_of(item, own) for item in value]
        return value


def forget(store: Store, who: str, email: str, files: Iterable[Path] = ()) -> Erased:
    """Replace what the record holds about the contact with this address by tombstones, and return how much that was.

    Letters to them lose their text and end; other rows lose their name. The batch engine's tables are
    swept too, and `files`: logs and reports of the evaluation. What was hashed stays hashed: the chain holds.
    """
    address, kept = email.strip().casefold(), tuple(files)
    with store.begin() as session:
        person, own_cases = _person(session, address, kept)
        letters = _letters(session, who, person, address, own_cases)
        mentions = _mentions(session, person)
        engine = sweep(session.connection, person.words)
        session.log(who, "person.erase", "person", "contact", letters=len(letters), mentions=mentions, engine=engine)
    for path in _beside(store):
        other = engine_for(f"sqlite:///{path}")
        with other.execution_options(amends_writes=True).begin() as connection:
            engine += sweep(connection, person.words)
        _settle(other)
        other.dispose()
    if store.engine.dialect.name == "sqlite":
        _settle(store.engine)
    return Erased(len(letters), mentions, engine, sum(_sweep_file(path, person) for path in kept))


def _beside(store: Store) -> list[Path]:
    """Return the files of the batch engine, which on SQLite stand beside the record; elsewhere its tables are in the record's database."""
    if store.engine.dialect.name != "sqlite":
        return []
    record = Path(str(store.engine.url.database))
    return [path for path in sorted(record.parent.glob(f"{record.stem}-*.db")) if path.is_file()]


def _settle(engine: Engine) -> None:
    """Empty the journal of a SQLite file: the old pages are not to stay there."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _sweep_file(path: Path, person: _Person) -> int:
    """Take the person out of a file of JSON lines or of text, and return how many lines that changed. The file is replaced as a whole."""
    found, lines, theirs = 0, list[str](), set[str]()
    for line in path.read_text(encoding="utf-8", errors="surrogateescape").splitlines(keepends=True):
        cleared = person.out_of_line(line, theirs)
        found += cleared != line
        lines.append(cleared)
    if found:
        made = path.with_name(f"{path.name}.part")
        made.write_text("".join(lines), encoding="utf-8", errors="surrogateescape")
        shutil.copystat(path, made)
        made.replace(path)
    return found


def _contacts(value: Any, known: Container[str]) -> Iterator[Mapping[str, Any]]:
    """Yield every contact in plain data whose address or full name is known."""
    if isinstance(value, Mapping):
        if any(str(value.get(key, "")).strip().casefold() in known for key in ("email", "name")):
            yield value
        value = tuple(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _contacts(item, known)


def _read_line(line: str) -> Any:
    try:
        return json.loads(line) if line.lstrip().startswith(("{", "[")) else None
    except ValueError:
        return None


def _person(session: Session, address: str, files: Iterable[Path]) -> tuple[_Person, list[int]]:
    names: set[str] = set()
    parts: set[str] = set()
    own = []
    for case_id, data in session.connection.execute(select(tables.cases.c.id, tables.cases.c.data).where(tables.cases.c.contact == address)):
        own.append(case_id)
        contact = data.get("account", {}).get("contact", {})
        names.add(contact.get("name", ""))
        parts.update(contact.get("name", "").split())
        parts.add(contact.get("first_name", ""))
    for path in files:
        with path.open(encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                for contact in _contacts(_read_line(line), {address}):
                    names.add(str(contact.get("name", "")))
                    parts.update((*str(contact.get("name", "")).split(), str(contact.get("first_name", ""))))
    return _Person(address, names - {""}, parts), own


def _letters(session: Session, who: str, person: _Person, address: str, own_cases: list[int]) -> list[int]:
    row = tables.letters.c
    rows = session.connection.execute(select(tables.letters).where(or_(row.contact == address, row.case_id.in_(own_cases)))).all()
    ids = [letter.id for letter in rows]
    now = session.now
    for kept in session.connection.execute(select(tables.cases).where(tables.cases.c.id.in_(own_cases))).all():
        _set(session, tables.cases, kept.id, {"data": _case(person, kept.data), "contact": None, "erased_at": now})
    for letter in rows:
        words = "\n".join(word for word in (letter.company, letter.account, letter.incident) if word).casefold()
        over = letter.state not in {State.CLOSED, State.SUPERSEDED}
        cleared = {
            "contact": None, "subject": TOMBSTONE, "search": words, "erased_at": now, "changed_at": now, "due": None, "due_what": None,
            "failure": person.out_of(letter.failure, True), "cause": person.out_of(letter.cause, True), "overruled": person.out_of(letter.overruled, True),
            "key": f"erased/{tables.digest(letter.key)}" if letter.key else None,
        }  # fmt: skip
        _set(session, tables.letters, letter.id, cleared | ({"state": State.CLOSED.value, "closed_at": now} if over else {}))
        session.log(who, "letter.erase", "letter", letter.id)
    blank: dict[Table, dict[str, Any]] = {
        tables.revisions: {"subject": TOMBSTONE, "body": TOMBSTONE, "report": {"findings": [], "erased": True}},
        tables.comments: {"text": TOMBSTONE, "quote": None},
        tables.suppressions: {"quote": TOMBSTONE, "reason": TOMBSTONE},
        tables.decisions: {"reason": TOMBSTONE},
        tables.promises: {"text": TOMBSTONE},
    }
    for table, values in blank.items():
        session.connection.execute(update(table).where(table.c.letter_id.in_(ids)).values(**values, erased_at=now))
    # A letter that went to somebody else in the end may have begun as one to this person.
    first = tables.revisions.c.case_id.in_(own_cases)
    session.connection.execute(update(tables.revisions).where(first).values(**blank[tables.revisions], erased_at=now))
    places = [f"letter/{letter_id}" for letter_id in ids]
    session.connection.execute(delete(tables.unsaved).where(tables.unsaved.c.place.in_(places)))
    return ids


def _case(person: _Person, data: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a case of the person's own: no contact, nothing they wrote, their name nowhere."""
    account = dict(data["account"])
    account["contact"] = {"name": TOMBSTONE}
    gone = dict.fromkeys(("author", "subject", "body"), TOMBSTONE)
    account["tickets"] = [ticket | gone if ticket.get("public", True) else ticket for ticket in account.get("tickets", [])]
    cleared: dict[str, Any] = person.out_of(data | {"account": account}, own=True)
    return cleared


_MENTIONS: dict[Table, tuple[str, ...]] = {
    tables.cases: ("data",),
    tables.letters: ("subject", "search", "failure", "cause", "overruled"),
    tables.revisions: ("subject", "body", "report"),
    tables.comments: ("text", "quote"),
    tables.suppressions: ("quote", "reason"),
    tables.decisions: ("reason",),
    tables.promises: ("text",),
}


def _mentions(session: Session, person: _Person) -> int:
    """Take the person's address and full name out of rows about others; return how many rows that were."""
    found = 0
    for table, columns in _MENTIONS.items():
        wanted = [table.c.id, *(table.c[column] for column in columns)]
        for row in _all(session, table, wanted):
            named = {column: value for column in columns if person.named(tables.encode(value := getattr(row, column)))}
            if named:
                _set(session, table, row.id, {column: person.out_of(value) for column, value in named.items()} | {"erased_at": session.now})
                found += 1
    for owner, place, data in session.connection.execute(select(tables.unsaved.c.owner, tables.unsaved.c.place, tables.unsaved.c.data)).all():
        if person.named(tables.encode(data)):
            session.connection.execute(delete(tables.unsaved).where(tables.unsaved.c.owner == owner, tables.unsaved.c.place == place))
            found += 1
    return found


def _all(session: Session, table: Table, columns: list[Any]) -> Iterable[Row[Any]]:
    """Yield every row in blocks, so that memory stays flat and rows can be changed on the way."""
    last = 0
    while rows := session.connection.execute(select(*columns).where(table.c.id > last).order_by(table.c.id).limit(1_000)).all():
        yield from rows
        last = rows[-1].id


def _set(session: Session, table: Table, key: int, values: Mapping[str, Any]) -> None:
    session.connection.execute(update(table).where(table.c.id == key).values(**values))


def sweep(connection: Connection, words: Iterable[str]) -> int:
    """Replace values that hold one of the words in every table that is not ours, such as a batch engine's; return how many.

    Values in Base64 (pickles, as DBOS keeps them) are looked into.
    """
    looked = [word.casefold() for word in words]
    names = [None] if connection.dialect.name == "sqlite" else inspect(connection).get_schema_names()
    schemas = [name for name in names if name is None or not name.startswith(("pg_", "information_schema"))]
    found = 0
    for schema in schemas:
        for name in inspect(connection).get_table_names(schema=schema):
            if name in tables.metadata.tables or name == "alembic_version":
                continue
            table = Table(name, MetaData(), schema=schema, autoload_with=connection)
            texts = [column for column in table.c if isinstance(column.type, String | Text | JSON | LargeBinary)]
            for column in texts:
                found += _sweep_column(connection, table, column, looked)
    return found


def _sweep_column(connection: Connection, table: Table, column: Any, words: list[str]) -> int:
    key = list(table.primary_key) or [column]
    tombstone: Any = TOMBSTONE
    if isinstance(column.type, LargeBinary):
        tombstone = TOMBSTONE.encode()
    elif isinstance(column.type, JSON):
        tombstone = literal(f'"{TOMBSTONE}"').cast(column.type)
    shown = column if isinstance(column.type, LargeBinary) else cast(column, Text)
    doomed = [row[1:] for row in connection.execute(select(shown, *key).where(column.is_not(None))) if _holds(row[0], words)]
    for values in doomed:
        if column in key:  # a key can not be a tombstone twice: the row goes
            connection.execute(delete(table).where(*(one == value for one, value in zip(key, values, strict=True))))
        else:
            connection.execute(update(table).where(*(one == value for one, value in zip(key, values, strict=True))).values({column.name: tombstone}))
    return len(doomed)


def _holds(value: str | bytes, words: list[str]) -> bool:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if any(word in text.casefold() for word in words):
        return True
    try:
        inner = base64.b64decode(text, validate=True).decode("utf-8", "replace").casefold()
    except (NotBase64, ValueError):
        return False
    return any(word in inner for word in words)


def purge(store: Store, who: str, retention: Retention) -> Purged:
    """Remove letters, cases and audit links that are older than the policy keeps them; return how many. Logins that have run out go too."""
    with store.begin() as session:
        now, row = session.now, tables.letters.c
        session.connection.execute(delete(tables.logins).where(tables.logins.c.until < now))
        old = list(session.connection.execute(select(row.id).where(row.changed_at < now - timedelta(days=retention.letters))).scalars())
        for start in range(0, len(old), 500):
            _remove_letters(session, who, old[start : start + 500])
        cases = _remove_cases(session, who, now - timedelta(days=retention.cases))
        links = _remove_links(session, who, retention)
    return Purged(len(old), cases, links)


def _remove_letters(session: Session, who: str, ids: list[int]) -> None:
    run = session.connection.execute
    for kind, table in (("revision", tables.revisions), ("decision", tables.decisions)):
        for key in run(select(table.c.id).where(table.c.letter_id.in_(ids))).scalars():
            session.log(who, PURGE, kind, key)
    run(delete(tables.hits).where(tables.hits.c.revision_id.in_(select(tables.revisions.c.id).where(tables.revisions.c.letter_id.in_(ids)))))
    for table in (tables.revisions, tables.comments, tables.suppressions, tables.decisions, tables.promises, tables.holds, tables.jobs):
        run(delete(table).where(table.c.letter_id.in_(ids)))
    for column in ("follows", "replaces"):
        run(update(tables.letters).where(tables.letters.c[column].in_(ids)).values({column: None}))
    run(delete(tables.letters).where(tables.letters.c.id.in_(ids)))
    for key in ids:
        session.log(who, PURGE, "letter", key)


def _remove_cases(session: Session, who: str, before: Any) -> int:
    used = select(tables.letters.c.case_id).union(select(tables.revisions.c.case_id))
    ids = session.connection.execute(select(tables.cases.c.id).where(tables.cases.c.at < before, tables.cases.c.id.not_in(used))).scalars().all()
    for key in ids:
        session.connection.execute(delete(tables.cases).where(tables.cases.c.id == key))
        session.log(who, PURGE, "case", key)
    return len(ids)


def _remove_links(session: Session, who: str, retention: Retention) -> int:
    """Cut links off the chain's beginning. Where the rest begins is kept, so that it still proves itself."""
    links, run = tables.audit.c, session.connection.execute
    first = run(select(links.seq, links.previous).where(links.at >= session.now - timedelta(days=retention.audit)).order_by(links.seq).limit(1)).one_or_none()
    if first is None or run(select(links.seq).where(links.seq < first.seq).limit(1)).scalar() is None:
        return 0
    tables.unguard(session.connection)
    removed = run(delete(tables.audit).where(links.seq < first.seq)).rowcount
    tables.guard(session.connection)
    run(update(tables.chain).values(first_seq=first.seq, first_previous=first.previous))
    session.log(who, "audit.purge", "audit", first.seq, count=removed)
    return removed
