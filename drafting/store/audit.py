"""Prove that nobody changed the record behind its own back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Row, Table, Text, and_, case, cast, exists, select

from drafting.store import tables
from drafting.store.session import Session, link_hash
from drafting.store.tables import digest, encode


@dataclass(frozen=True, slots=True)
class Broken:
    """The first link that does not hold, and why. `seq` is None where a thing has no link at all."""

    seq: int | None
    why: str

    @property
    def text(self) -> str:
        """One line for people."""
        return f"link {self.seq}: {self.why}" if self.seq else self.why


def text_hash(subject: str, body: str) -> str:
    """Return the hash that an approval is for: of the subject and the body as they are."""
    return digest(encode([subject, body]))


def decision_hash(letter_id: int, kind: str, revision: int, sha256: str | None, author: str, role: str, reason: str | None) -> str:
    """Return the hash of what somebody decided, about which text, and why."""
    return digest(encode([letter_id, kind, revision, sha256, author, role, reason]))


_CONTENT: dict[str, tuple[Table, Callable[[Row[Any]], str]]] = {
    "revision": (tables.revisions, lambda row: text_hash(row.subject, row.body)),
    "case": (tables.cases, lambda row: digest(encode(row.data))),
    "decision": (
        tables.decisions,
        lambda row: decision_hash(row.letter_id, row.kind, row.revision, row.sha256, row.author, row.role, row.reason),
    ),
}
_BLOCK = 1_000
PURGE = "record.purge"
"""What the log calls the removal of a row whose time is over."""


def verify(session: Session) -> Broken | None:
    """Return the first broken link of the audit chain, or None where all hold.

    Links are held against each other first, then what they say of texts, cases and decisions
    against those themselves. What was erased for a person is not there to be compared.
    """
    return _chain(session) or _contents(session)


def _chain(session: Session) -> Broken | None:
    end = session.connection.execute(select(tables.chain)).one_or_none()
    if end is None:
        return Broken(None, "the end of the chain is gone")
    previous, expected = end.first_previous, end.first_seq
    # Up to the end as we saw it: others may append while we look.
    query = select(tables.audit).where(tables.audit.c.seq <= end.seq).order_by(tables.audit.c.seq)
    with session.connection.execute(query, execution_options={"yield_per": _BLOCK}) as rows:
        for row in rows.mappings():
            if row["seq"] != expected:
                return Broken(expected, f"is missing; link {row['seq']} comes in its place")
            if row["previous"] != previous:
                return Broken(row["seq"], "does not follow the one before it")
            if row["hash"] != link_hash(dict(row)):
                return Broken(row["seq"], f"was changed: {row['what']} by {row['who']}")
            previous, expected = row["hash"], expected + 1
    if (expected - 1, previous) != (end.seq, end.hash):
        return Broken(expected, "is missing: the end of the chain was cut off")
    return None


def _contents(session: Session) -> Broken | None:
    links, other = tables.audit, tables.audit.alias()
    for kind, (table, hashed) in _CONTENT.items():
        on = and_(links.c.kind == kind, links.c.ref == cast(table.c.id, Text), links.c.after.is_not(None))
        query = select(table, links.c.seq, links.c.after).outerjoin(links, on).where(table.c.erased_at.is_(None)).order_by(links.c.seq, table.c.id)
        with session.connection.execute(query, execution_options={"yield_per": _BLOCK}) as rows:
            for row in rows:
                if row.seq is None:
                    return Broken(None, f"{kind} {row.id} stands in the record and in no link")
                if hashed(row) != row.after:
                    return Broken(row.seq, f"{kind} {row.id} is not what it was when this was logged")
        removed = exists().where(other.c.kind == kind, other.c.ref == links.c.ref, other.c.what == PURGE)
        # Only links of this kind have a number to look up; a database may cast before it filters.
        key = case((links.c.kind == kind, cast(links.c.ref, Integer)))
        lost = select(links.c.seq, links.c.ref).outerjoin(table, table.c.id == key).where(links.c.kind == kind, links.c.after.is_not(None))
        gone = session.connection.execute(lost.where(table.c.id.is_(None), ~removed).order_by(links.c.seq).limit(1)).one_or_none()
        if gone:
            return Broken(gone.seq, f"{kind} {gone.ref} is gone, and nobody logged its removal")
    return None
