"""Who works at the desk, and what each may do."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from drafting.errors import DeskError, Forbidden, NotThere
from drafting.store import Login, Store, Taken, UserRow, digest
from guardrails.policy import Role

if TYPE_CHECKING:
    from argon2 import PasswordHasher


class Position(StrEnum):
    """What a person is on the desk. Who signs letters is another matter: see `guardrails.policy.Role`."""

    AGENT = "agent"
    CSM = "csm"
    SUPPORT_LEAD = "support_lead"
    VP = "vp"
    EXECUTIVE = "executive"
    ADMIN = "admin"
    AUDITOR = "auditor"


RANKS: Mapping[Position, int] = {
    Position.AGENT: Role.REP.rank,
    Position.CSM: Role.CSM.rank,
    Position.SUPPORT_LEAD: Role.SUPPORT_LEAD.rank,
    Position.VP: Role.VP_CS.rank,
    Position.EXECUTIVE: Role.EXECUTIVE.rank,
    Position.ADMIN: Role.REP.rank,
    Position.AUDITOR: -1,
}
"""The rank that each position approves and overrides with. Running the desk is not a rank."""

_WRITERS = frozenset(Position) - {Position.AUDITOR}
MAY: Mapping[str, frozenset[Position]] = {
    "see letters": frozenset(Position),
    "see the audit log": frozenset({Position.AUDITOR, Position.ADMIN, Position.VP, Position.EXECUTIVE}),
    "take a proof pack": frozenset(Position),
    "write letters": _WRITERS,
    "export letters": _WRITERS,
    "send letters back": _WRITERS - {Position.AGENT, Position.ADMIN},
    "change the policy": frozenset({Position.ADMIN, Position.EXECUTIVE}),
    "manage users": frozenset({Position.ADMIN}),
    "erase a person": frozenset({Position.ADMIN}),
    "remove old records": frozenset({Position.ADMIN}),
}


@dataclass(frozen=True, slots=True)
class User:
    """Who acts. `sole` is the one local user of a desk without users: full rights, and nobody to share a decision with."""

    name: str
    position: Position
    email: str | None = None
    sole: bool = False

    @property
    def rank(self) -> int:
        """The rank this person approves and overrides with."""
        return Role.EXECUTIVE.rank if self.sole else RANKS[self.position]


LOCAL = User("local", Position.ADMIN, sole=True)
"""The single user of a desk without users."""


def user(store: Store, name: str | None = None) -> User:
    """Return the user of this name, or the single local user where the desk has none and no name is given.

    Raises Forbidden where there are users and none, or an unknown one, is named.
    """
    known = users(store)
    if not known and name is None:
        return LOCAL
    for one in known:
        if one.name == name:
            return one
    raise Forbidden(f"there is no user {name!r}: an admin adds one with `amends users add`" if name else "say who you are: this desk has users, log in")


def users(store: Store) -> tuple[User, ...]:
    """Return who may log in, by name."""
    with store.read() as session:
        return tuple(_user(row) for row in session.find(UserRow, active=True))


def user_by_email(store: Store, email: str) -> User | None:
    """Return the user with this address, for a login that another system vouches for."""
    with store.read() as session:
        rows = session.find(UserRow, email=email.strip().lower(), active=True)
    return _user(rows[0]) if rows else None


def add_user(store: Store, by: User, name: str, position: str, *, email: str | None = None, password: str | None = None) -> User:
    """Add a user and return them; without a password they log in by another system only.

    Whoever runs the command on the machine itself acts as LOCAL. Raises Forbidden, or DeskError for a name in use.
    """
    require(store, by, "manage users")
    try:
        wanted = Position(position)
    except ValueError:
        raise DeskError(f"role: {position!r} is none; use {', '.join(Position)}") from None
    name = name.strip()
    if not name or any(ord(letter) < 32 for letter in name):
        raise DeskError("name: give one line of text")
    if password is not None and len(password) < 10:
        raise DeskError("password: use ten characters or more")
    hashed = _hasher().hash(password) if password else None
    with store.begin() as session:
        row = {"email": email.strip().lower() if email else None, "role": wanted.value, "password": hashed, "active": True, "failures": 0, "locked_until": None}
        known = session.get(UserRow, name)
        try:
            if known and not known.active:
                session.set(UserRow, name, **row)
            else:
                session.add(UserRow, name=name, at=session.now, **row)
        except Taken:
            raise DeskError(f"{name}: there is already a user with this name or address") from None
        session.log(by.name, "user.add", "user", name, role=wanted.value)
    return User(name, wanted, email)


def remove_user(store: Store, by: User, name: str) -> None:
    """Take a user's access away. What they did stays in the record under their name."""
    require(store, by, "manage users")
    with store.begin() as session:
        row = session.get(UserRow, name, lock=True)
        if row is None or not row.active:
            raise NotThere(f"there is no user {name!r}: `amends users list` shows them")
        session.set(UserRow, name, active=False, password=None, email=None)
        session.remove(Login, user=name)
        session.log(by.name, "user.remove", "user", name)


def log_in(store: Store, name: str, password: str, days: float = 1) -> tuple[User, str] | None:
    """Return the user and a token for the browser, or None where name and password do not fit.

    After ten failures in a row the name is locked for fifteen minutes. An unknown name takes as
    long as a wrong password.
    """
    hasher = _hasher()
    with store.read() as session:
        found = session.find(UserRow, name=name, active=True) or session.find(UserRow, email=name.strip().lower(), active=True)
    row = found[0] if found else None
    right = _fits(hasher, row.password if row and row.password else _nobody(), password)
    token = secrets.token_urlsafe(32)
    with store.begin() as session:
        row = session.get(UserRow, row.name, lock=True) if row else None
        if row is None or row.password is None or (row.locked_until and row.locked_until > session.now):
            return None
        if not right:
            failures = row.failures + 1
            locked = session.now + timedelta(minutes=15) if failures >= 10 else None
            session.set(UserRow, row.name, failures=0 if locked else failures, locked_until=locked)
            session.log(row.name, "user.refused", "user", row.name, locked=bool(locked))
            return None
        fresh = {"password": hasher.hash(password)} if hasher.check_needs_rehash(row.password) else {}
        session.set(UserRow, row.name, failures=0, locked_until=None, **fresh)
        session.add(Login, token=digest(token), user=row.name, at=session.now, until=session.now + timedelta(days=days))
        session.log(row.name, "user.login", "user", row.name)
        return _user(row), token


def logged_in(store: Store, token: str) -> User | None:
    """Return whose token this is, while it lasts and they are still a user."""
    with store.read() as session:
        login = session.get(Login, digest(token))
        row = session.get(UserRow, login.user) if login and login.until > session.now else None
    return _user(row) if row and row.active else None


def log_out(store: Store, token: str) -> None:
    """End the session of a token, and forget those that have run out."""
    with store.begin() as session:
        session.remove(Login, token=digest(token))


def require(store: Store, who: User, what: str) -> None:
    """Raise Forbidden, naming who could, unless this person may do it."""
    if not who.sole and who.position not in MAY[what]:
        raise Forbidden(f"{who.name} ({who.position}) may not {what}: ask {could(store, MAY[what])}")


def could(store: Store, positions: Iterable[Position]) -> str:
    """Return who could do something: the positions, and the first people who hold one."""
    wanted = [position for position in Position if position in set(positions)]
    people = [one.name for one in users(store) if one.position in wanted]
    named = f" ({', '.join(people[:3])}{' and others' if len(people) > 3 else ''})" if people else ""
    titles = [position.replace("_", " ") for position in wanted]
    article = "an" if titles[0][0] in "aeiou" else "a"
    return f"{article} {', '.join(titles[:-1])}{' or ' if titles[:-1] else ''}{titles[-1]}{named}"


def of_rank(rank: int) -> frozenset[Position]:
    """Return the positions of at least this rank."""
    return frozenset(position for position, own in RANKS.items() if own >= rank)


def _user(row: UserRow) -> User:
    return User(row.name, Position(row.role), row.email)


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe())


def _fits(hasher: "PasswordHasher", hashed: str, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
