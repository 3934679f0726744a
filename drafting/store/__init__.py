"""The record: cases, letters, every version of their text, decisions, promises, users, and the audit chain.

`open_store` opens it (SQLite by default, PostgreSQL by URL); `drafting.desk` is what people do with it.
"""

from drafting.store.audit import Broken, decision_hash, text_hash, verify
from drafting.store.records import (
    BatchRow,
    BatchState,
    CaseRow,
    Comment,
    Decision,
    Dismissal,
    Hold,
    Job,
    LetterRow,
    Link,
    Login,
    PolicyVersion,
    Promise,
    Revision,
    State,
    Unsaved,
    UserRow,
)
from drafting.store.session import Session, Store, StoreError, Taken, open_store
from drafting.store.tables import clean, digest, encode

__all__ = [
    "BatchRow",
    "BatchState",
    "Broken",
    "CaseRow",
    "Comment",
    "Decision",
    "Dismissal",
    "Hold",
    "Job",
    "LetterRow",
    "Link",
    "Login",
    "PolicyVersion",
    "Promise",
    "Revision",
    "Session",
    "State",
    "Store",
    "StoreError",
    "Taken",
    "Unsaved",
    "UserRow",
    "clean",
    "decision_hash",
    "digest",
    "encode",
    "open_store",
    "text_hash",
    "verify",
]
