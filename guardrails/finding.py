"""What a rule says about a letter: where, what, how grave."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

Field = Literal["subject", "body"]


class Span(NamedTuple):
    """Half-open offsets, in code points, into the subject or the body."""

    start: int
    end: int


class Level(StrEnum):
    """How much a finding asks of the reader.

    An error blocks approval, a warning needs a person's yes, a suggestion is offered.
    """

    __hash__ = str.__hash__  # an enumeration's own is many times slower

    ERROR = "error"
    WARNING = "warning"
    SUGGESTION = "suggestion"


@dataclass(frozen=True, slots=True)
class Match:
    """Where a rule fired. Whatever is None is filled in by the rule itself."""

    field: Field
    span: Span
    suggestion: str | None = None
    evidence: str | None = None
    level: Level | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A match with all that a reader needs, in the form `amends check --json` prints."""

    rule: str
    level: Level
    field: Field
    start: int
    end: int
    quote: str
    message: str
    suggestion: str | None = None
    evidence: str | None = None

    @property
    def order(self) -> tuple[bool, int, int, str]:
        """Sort key: the subject first, then reading order, then the rule's name."""
        return (self.field == "body", self.start, self.end, self.rule)
