"""What the record holds, as frozen values: one class a table, one field a column."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from guardrails.case import Case, Severity, parse
from guardrails.letter import Letter
from guardrails.policy import Role


class State(StrEnum):
    """Where a letter stands."""

    DRAFTED = "drafted"
    IN_REVIEW = "in_review"
    SENT_BACK = "sent_back"
    APPROVED = "approved"
    EXPORTED = "exported"
    FOLLOW_UP_DUE = "follow_up_due"
    CLOSED = "closed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as it stood at one time. A changed case is a new row."""

    id: int
    hash: str
    data: dict[str, Any]
    incident: str | None
    account: str
    contact: str | None
    at: datetime
    erased_at: datetime | None

    @property
    def case(self) -> Case:
        """The case itself."""
        return parse(self.data, f"case {self.id}")


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter: what it is about, where it stands, what is due when."""

    id: int
    key: str | None
    case_id: int
    incident: str | None
    account: str
    company: str
    contact: str | None
    severity: Severity
    category: str
    cause: str | None
    overruled: dict[str, Any] | None
    state: State
    drafter: str
    signs: Role | None
    repeats: int
    subject: str
    search: str
    revision: int
    sha256: str | None
    errors: int
    warnings: int
    arr: float | None
    currency: str | None
    batch: str | None
    cohort: str | None
    follows: int | None
    replaces: int | None
    failure: str | None
    detected_at: datetime | None
    acknowledge_by: datetime | None
    acknowledged_at: datetime | None
    respond_by: datetime | None
    approved_at: datetime | None
    exported_at: datetime | None
    follow_up_from: datetime | None
    follow_up_by: datetime | None
    followed_at: datetime | None
    postmortem_by: datetime | None
    postmortem_at: datetime | None
    closed_at: datetime | None
    due: datetime | None
    due_what: str | None
    at: datetime
    changed_at: datetime
    erased_at: datetime | None

    def __post_init__(self) -> None:
        """Turn the columns' plain words into what they stand for."""
        object.__setattr__(self, "severity", Severity(self.severity))
        object.__setattr__(self, "state", State(self.state))
        object.__setattr__(self, "signs", Role(self.signs) if self.signs else None)


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of a letter's text, who or which model wrote it, and what the rules said of it then."""

    id: int
    letter_id: int
    number: int
    subject: str
    body: str
    sha256: str
    author: str
    model: str | None
    """The model that wrote it (`openai:NAME`, `template`); None where a person did."""
    prompt: str | None
    usage: list[dict[str, Any]] | dict[str, Any] | None
    cost: str | None
    report: dict[str, Any]
    case_id: int
    case_hash: str
    at: datetime
    erased_at: datetime | None

    @property
    def letter(self) -> Letter:
        """The text."""
        return Letter(self.subject, self.body)


@dataclass(frozen=True, slots=True)
class Comment:
    """A remark on a revision; `quote` are the words it is about."""

    id: int
    letter_id: int
    revision: int
    author: str
    text: str
    quote: str | None
    at: datetime
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class Dismissal:
    """A finding that somebody let stand in one letter, with a reason. For an error it took a role that may."""

    id: int
    letter_id: int
    revision: int
    rule: str
    level: str
    field: str
    quote: str
    author: str
    role: str
    reason: str
    at: datetime
    withdrawn_at: datetime | None
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about one revision: `approve`, `send_back`, `acknowledge` (of a changed case) and so on."""

    id: int
    letter_id: int
    kind: str
    revision: int
    sha256: str | None
    case_hash: str | None
    author: str
    role: str
    reason: str | None
    at: datetime
    withdrawn_at: datetime | None
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class Promise:
    """A commitment in an approved letter: `open`, `kept`, or `void` where the approval fell."""

    id: int
    letter_id: int
    account: str
    kind: str
    text: str
    owner: str
    due: date | None
    state: str
    settled_at: datetime | None
    at: datetime
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """The policy as somebody set it, and why."""

    id: int
    text: str
    hash: str
    author: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class UserRow:
    """A person who may log in."""

    name: str
    email: str | None
    role: str
    password: str | None
    active: bool
    failures: int
    locked_until: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Login:
    """An open session of a user; `token` is the hash of what the browser holds."""

    token: str
    user: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """Who has a letter open, until when. It warns others; it stops nobody."""

    letter_id: int
    holder: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Unsaved:
    """What somebody has typed and not saved, in one place of the desk."""

    owner: str
    place: str
    data: Any
    at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the audit chain: who did what to which thing, and the hash of the thing before and after."""

    seq: int
    at: datetime
    who: str
    what: str
    kind: str
    ref: str
    before: str | None
    after: str | None
    detail: dict[str, Any]
    previous: str
    hash: str


class BatchState(StrEnum):
    """Where a batch stands."""

    LOADING = "loading"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One incident's letters to all its accounts: how they are to be written, and where the work stands."""

    id: str
    state: BatchState
    why: str | None
    incident: str
    data: dict[str, Any]
    total: int
    author: str
    at: datetime
    changed_at: datetime

    def __post_init__(self) -> None:
        """Read the state."""
        object.__setattr__(self, "state", BatchState(self.state))


@dataclass(frozen=True, slots=True)
class Job:
    """The work on one letter of a batch: waiting, fed (to the engine), done, failed or cancelled."""

    letter_id: int
    batch: str
    state: str
    attempt: int
    starts: int
    repeats: int
    calls: int
    cost: float | None
    worker: str | None
    fed_at: datetime | None
    done_at: datetime | None
