"""The tables of the record, and the triggers that keep the audit log append-only.

Times are aware and kept in UTC. Texts about people stand in few columns, so that erasing a person
finds them all: see `erase.py`.
"""

import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An aware time: UTC on disk, UTC when read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time in UTC. Raises ValueError for one without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time in the record needs a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time as UTC; SQLite does not keep the zone."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_UNFIT = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """Return the text with what no database keeps (NUL, halves of a character) as U+FFFD, so that every offset stays."""
    return _UNFIT.sub("\ufffd", text)


class Words(TypeDecorator[str]):
    """Text that both databases can keep."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text, cleaned."""
        return None if value is None else clean(value)


class Json(TypeDecorator[Any]):
    """Plain data as readable JSON text, the same on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Return the data as text."""
        return None if value is None else clean(encode(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Return the data in a text."""
        return None if value is None else json.loads(value)


def encode(value: object) -> str:
    """Return plain data as JSON, the same text for the same data: what hashes are made of."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


cases = Table(
    "cases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", Words, nullable=False),
    Column("data", Json, nullable=False),
    Column("incident", Words, index=True),
    Column("account", Words, nullable=False, index=True),
    Column("contact", Words, index=True),
    Column("at", Moment, nullable=False, index=True),
    Column("erased_at", Moment),
)

letters = Table(
    "letters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Words, unique=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    Column("incident", Words, index=True),
    Column("account", Words, nullable=False, index=True),
    Column("company", Words, nullable=False),
    Column("contact", Words, index=True),
    Column("severity", Words, nullable=False),
    Column("category", Words, nullable=False),
    Column("cause", Words),
    Column("overruled", Json),
    Column("state", Words, nullable=False),
    Column("drafter", Words, nullable=False, index=True),
    Column("signs", Words),
    Column("repeats", Integer, nullable=False),
    Column("subject", Words, nullable=False),
    Column("search", Words, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("sha256", Words),
    Column("errors", Integer, nullable=False),
    Column("warnings", Integer, nullable=False),
    Column("arr", Float),
    Column("currency", Words),
    Column("batch", Words, index=True),
    Column("cohort", Words),
    Column("follows", ForeignKey("letters.id"), index=True),
    Column("replaces", ForeignKey("letters.id"), index=True),
    Column("failure", Words),
    Column("detected_at", Moment),
    Column("acknowledge_by", Moment),
    Column("acknowledged_at", Moment),
    Column("respond_by", Moment),
    Column("approved_at", Moment),
    Column("exported_at", Moment),
    Column("follow_up_from", Moment),
    Column("follow_up_by", Moment),
    Column("followed_at", Moment),
    Column("postmortem_by", Moment),
    Column("postmortem_at", Moment),
    Column("closed_at", Moment),
    Column("due", Moment),
    Column("due_what", Words),
    Column("at", Moment, nullable=False, index=True),
    Column("changed_at", Moment, nullable=False),
    Column("erased_at", Moment),
    Index("ix_letters_queue", "state", "due", "arr"),
    Index("ix_letters_due_arr", "due", "arr"),
    Index("ix_letters_batch_counts", "batch", "revision", "errors"),
)

batches = Table(
    "batches",
    metadata,
    Column("id", Words, primary_key=True),
    Column("state", Words, nullable=False),
    Column("why", Words),
    Column("incident", Words, nullable=False, index=True),
    Column("data", Json, nullable=False),
    Column("total", Integer, nullable=False),
    Column("author", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("letter_id", ForeignKey("letters.id"), primary_key=True),
    Column("batch", ForeignKey("batches.id"), nullable=False),
    Column("state", Words, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("starts", Integer, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("cost", Float),
    Column("worker", Words),
    Column("fed_at", Moment),
    Column("done_at", Moment),
    Index("ix_jobs_batch_state", "batch", "state", "attempt", "letter_id"),
    Index("ix_jobs_batch_done_at", "batch", "done_at"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("letter_id", ForeignKey("letters.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("subject", Words, nullable=False),
    Column("body", Words, nullable=False),
    Column("sha256", Words, nullable=False),
    Column("author", Words, nullable=False),
    Column("model", Words),
    Column("prompt", Words),
    Column("usage", Json),
    Column("cost", Words),
    Column("report", Json, nullable=False),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    Column("case_hash", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("erased_at", Moment),
    UniqueConstraint("letter_id", "number"),
)

hits = Table(
    "hits",
    metadata,
    Column("revision_id", ForeignKey("revisions.id"), primary_key=True),
    Column("rule", Words, primary_key=True),
    Column("level", Words, primary_key=True),
    Column("count", Integer, nullable=False),
)

comments = Table(
    "comments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("letter_id", ForeignKey("letters.id"), nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("author", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("quote", Words),
    Column("at", Moment, nullable=False),
    Column("erased_at", Moment),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("letter_id", ForeignKey("letters.id"), nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("rule", Words, nullable=False, index=True),
    Column("level", Words, nullable=False),
    Column("field", Words, nullable=False),
    Column("quote", Words, nullable=False),
    Column("author", Words, nullable=False),
    Column("role", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("withdrawn_at", Moment),
    Column("erased_at", Moment),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("letter_id", ForeignKey("letters.id"), nullable=False, index=True),
    Column("kind", Words, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("sha256", Words),
    Column("case_hash", Words),
    Column("author", Words, nullable=False),
    Column("role", Words, nullable=False),
    Column("reason", Words),
    Column("at", Moment, nullable=False),
    Column("withdrawn_at", Moment),
    Column("erased_at", Moment),
)

promises = Table(
    "promises",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("letter_id", ForeignKey("letters.id"), nullable=False, index=True),
    Column("account", Words, nullable=False, index=True),
    Column("kind", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("owner", Words, nullable=False),
    Column("due", Date),
    Column("state", Words, nullable=False),
    Column("settled_at", Moment),
    Column("at", Moment, nullable=False),
    Column("erased_at", Moment),
    Index("ix_promises_state_due", "state", "due"),
)

policies = Table(
    "policies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text", Words, nullable=False),
    Column("hash", Words, nullable=False),
    Column("author", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("at", Moment, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("name", Words, primary_key=True),
    Column("email", Words, unique=True),
    Column("role", Words, nullable=False),
    Column("password", Words),
    Column("active", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Moment),
    Column("at", Moment, nullable=False),
)

logins = Table(
    "logins",
    metadata,
    Column("token", Words, primary_key=True),
    Column("user", ForeignKey("users.name"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("until", Moment, nullable=False, index=True),
)

holds = Table(
    "holds",
    metadata,
    Column("letter_id", ForeignKey("letters.id"), primary_key=True),
    Column("holder", Words, nullable=False),
    Column("until", Moment, nullable=False),
)

unsaved = Table(
    "unsaved",
    metadata,
    Column("owner", Words, primary_key=True),
    Column("place", Words, primary_key=True),
    Column("data", Json, nullable=False),
    Column("at", Moment, nullable=False, index=True),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("who", Words, nullable=False),
    Column("what", Words, nullable=False, index=True),
    Column("kind", Words, nullable=False),
    Column("ref", Words, nullable=False),
    Column("before", Words),
    Column("after", Words),
    Column("detail", Json, nullable=False),
    Column("previous", Words, nullable=False),
    Column("hash", Words, nullable=False),
    Index("ix_audit_kind_ref", "kind", "ref"),
)

# One row: where the chain ends, and what stood before its first kept link. Whoever appends locks
# this row, so that two writers can not both follow the same link; a cut-off tail shows against it.
chain = Table(
    "chain",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("hash", Words, nullable=False),
    Column("first_seq", Integer, nullable=False),
    Column("first_previous", Words, nullable=False),
)

START = "0" * 64
"""What the first link of the chain follows."""

_SQLITE = {
    # The third trigger is for `INSERT OR REPLACE`, which removes a row without firing a delete trigger.
    "audit_no_update": "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    "audit_no_delete": "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    "audit_no_replace": "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE seq >= NEW.seq)"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
}
_POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()",
    "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()",
)


def guard(connection: Connection) -> None:
    """Forbid the database itself to change or remove a row of the audit log."""
    for statement in _SQLITE.values() if connection.dialect.name == "sqlite" else _POSTGRESQL:
        connection.exec_driver_sql(statement)


def unguard(connection: Connection) -> None:
    """Lift the triggers inside this transaction; only what retention asks for does this, and it guards again."""
    if connection.dialect.name == "sqlite":
        for name in _SQLITE:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
    else:
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS audit_no_change ON audit")
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS audit_no_truncate ON audit")
