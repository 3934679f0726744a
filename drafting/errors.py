"""What the desk does not do, as a tree: each text is one line that says why and what to do.

DeskError
    Forbidden   not by this person; the text says who may
    NotThere    no such letter, user or promise
    Refused     not as things stand; `blockers` say why
    Conflict    somebody saved first; it holds both texts
"""

from dataclasses import dataclass

from drafting.store.records import Revision
from guardrails.letter import Letter


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason why a letter can not be approved now: a stable code, and a line for people."""

    code: str
    text: str


class DeskError(RuntimeError):
    """Something the desk does not do. Its text is one line."""


class Forbidden(DeskError):  # noqa: N818  (what happened, not a mistake of the program)
    """This person may not; the text says who may."""


class NotThere(DeskError):  # noqa: N818
    """There is no such letter, user or promise."""


class Refused(DeskError):  # noqa: N818
    """Not possible as things stand; `blockers` say why."""

    def __init__(self, text: str, blockers: tuple[Blocker, ...] = ()) -> None:
        super().__init__(text)
        self.blockers = blockers


class Conflict(DeskError):  # noqa: N818
    """Somebody saved first. `mine` is the text that was not saved, `theirs` the revision that stands."""

    def __init__(self, mine: Letter, theirs: Revision) -> None:
        super().__init__(f"{theirs.author} saved revision {theirs.number} while you were writing: compare the two, then save on top of it")
        self.mine = mine
        self.theirs = theirs
