"""Open the record, and read and write it in transactions that end with their audit links."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    make_url,
    select,
    update,
)
from sqlalchemy import delete as removal
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

from drafting.store import tables
from drafting.store.records import (
    BatchRow,
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
    Unsaved,
    UserRow,
)

HEAD = "0002"
"""The newest migration. A record that stands there is opened without loading Alembic."""

Record = TypeVar("Record")

TABLES: Mapping[type, Table] = {
    CaseRow: tables.cases,
    LetterRow: tables.letters,
    BatchRow: tables.batches,
    Job: tables.jobs,
    Revision: tables.revisions,
    Comment: tables.comments,
    Dismissal: tables.suppressions,
    Decision: tables.decisions,
    Promise: tables.promises,
    PolicyVersion: tables.policies,
    UserRow: tables.users,
    Login: tables.logins,
    Hold: tables.holds,
    Unsaved: tables.unsaved,
    Link: tables.audit,
}


class StoreError(RuntimeError):
    """The record can not be opened or read. Its text is one line that says what to do."""


class Taken(StoreError):  # noqa: N818  (what happened, not a mistake of the program)
    """A row with this key is there already."""


# Statements are built once: building one takes longer than the database does.


@cache
def _one(table: Table, lock: bool) -> Select[Any]:
    query = select(table).where(*_by_key(table))
    return query.with_for_update() if lock else query


@cache
def _new(table: Table, told: bool) -> Insert:
    return insert(table).returning(table.c.id, sort_by_parameter_order=True) if told else insert(table)


@cache
def _change(table: Table) -> Update:
    return update(table).where(*_by_key(table))


def _by_key(table: Table) -> list[ColumnElement[bool]]:
    return [column == bindparam(f"key_{number}") for number, column in enumerate(table.primary_key)]


def _keys(table: Table, key: tuple[object, ...]) -> dict[str, object]:
    return {f"key_{number}": value for number, (_, value) in enumerate(zip(table.primary_key, key, strict=True))}


@cache
def _some(table: Table, order: str, equal: tuple[tuple[str, bool | None], ...], limit: int | None, lock: bool) -> Select[Any]:
    """Return the query for rows whose columns equal values: among several (True), one (False), none at all (None)."""
    query = select(table)
    for name, among in equal:
        column = table.c[name]
        query = query.where(column.is_(None) if among is None else column.in_(bindparam(name, expanding=True)) if among else column == bindparam(name))
    column = table.c[order.lstrip("-")] if order else next(iter(table.primary_key))
    keys = (column, *table.primary_key)
    query = query.order_by(*((key.desc() for key in keys) if order.startswith("-") else keys)).limit(limit)
    return query.with_for_update() if lock else query


class Session:
    """One transaction. What it changed and what it noted in the audit log become true together."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self._links: list[dict[str, Any]] = []

    def get(self, kind: type[Record], /, *key: object, lock: bool = False) -> Record | None:
        """Return the row with this primary key; `lock` keeps other writers off it until the end."""
        row = self.connection.execute(_one(TABLES[kind], lock), _keys(TABLES[kind], key)).one_or_none()
        return None if row is None else kind(*row)

    def find(self, kind: type[Record], order: str = "", /, limit: int | None = None, lock: bool = False, **equal: object) -> tuple[Record, ...]:
        """Return the rows whose columns equal the values (a tuple: are among them), by `order` (`-at` for newest first); `lock` as in `get`."""
        query = _some(TABLES[kind], order, tuple((name, None if value is None else type(value) is tuple) for name, value in equal.items()), limit, lock)
        return tuple(kind(*row) for row in self.connection.execute(query, {name: value for name, value in equal.items() if value is not None}))

    def count(self, kind: type, /, **equal: object) -> int:
        """Return how many rows have columns that equal the values."""
        table = TABLES[kind]
        query = select(func.count()).select_from(table).where(*(table.c[name] == value for name, value in equal.items()))
        return int(self.connection.execute(query).scalar_one())

    def add(self, kind: type, /, **values: object) -> int:
        """Insert a row and return its id. Raises Taken where its key is there already; the block it stands in is over then."""
        try:
            key = self.connection.execute(_new(TABLES[kind], False), values).inserted_primary_key
        except IntegrityError:
            raise Taken(f"there is already one: {TABLES[kind].name}") from None
        return int(key[0]) if key and isinstance(key[0], int) else 0

    def add_many(self, kind: type, /, rows: list[dict[str, Any]]) -> list[int]:
        """Insert rows that all have the same columns, and return their ids in their order. Raises Taken as `add` does."""
        table = TABLES[kind]
        try:
            return list(self.connection.execute(_new(table, True), rows).scalars()) if rows else []
        except IntegrityError:
            raise Taken(f"there is already one: {table.name}") from None

    def add_all(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Insert many rows into the named table at once."""
        if rows:
            self.connection.execute(_new(tables.metadata.tables[table], False), rows)

    def set(self, kind: type, /, *key: object, **values: object) -> None:
        """Change columns of the row with this primary key."""
        self.connection.execute(_change(TABLES[kind]), {**_keys(TABLES[kind], key), **values})

    def set_all(self, kind: type, rows: Sequence[tuple[int, Mapping[str, object]]], /) -> None:
        """Change the same columns of many rows at once, each by its id."""
        if rows:
            self.connection.execute(_change(TABLES[kind]), [{"key_0": key, **values} for key, values in rows])

    def set_where(self, kind: type, equal: Mapping[str, object], /, **values: object) -> int:
        """Change columns of every row whose columns equal the values; return how many."""
        table = TABLES[kind]
        where = (table.c[name].is_(None) if value is None else table.c[name] == value for name, value in equal.items())
        return self.connection.execute(update(table).where(*where).values(**values)).rowcount

    def remove(self, kind: type, /, **equal: object) -> int:
        """Remove the rows whose columns equal the values; return how many."""
        table = TABLES[kind]
        return self.connection.execute(removal(table).where(*(table.c[name] == value for name, value in equal.items()))).rowcount

    def log(
        self, who: str, what: str, kind: str, ref: object, /, *, before: str | None = None, after: str | None = None, **detail: str | int | bool | None
    ) -> None:
        """Note an act. `detail` holds numbers, ids and names of ours, never words of or about a customer: the log is never erased."""
        self._links.append({"at": self.now, "who": who, "what": what, "kind": kind, "ref": str(ref), "before": before, "after": after, "detail": detail})

    def _append(self) -> None:
        """Write the noted acts to the chain. It comes last, since the lock on the chain's end makes other writers wait."""
        if not self._links:
            return
        end = self.connection.execute(_one(tables.chain, True), {"key_0": 1}).one()
        seq, previous, rows = end.seq, end.hash, []
        for link in self._links:
            seq += 1
            row = {**link, "seq": seq, "previous": previous}
            row["hash"] = previous = link_hash(row)
            rows.append(row)
        self.connection.execute(_new(tables.audit, False), rows)
        self.connection.execute(_change(tables.chain), {"key_0": 1, "seq": seq, "hash": previous})
        self._links.clear()


def link_hash(row: Mapping[str, Any]) -> str:
    """Return the hash of a link: over all it says and the hash before it."""
    said = [row["seq"], row["at"].astimezone(UTC).isoformat(), row["who"], row["what"], row["kind"], row["ref"], row["before"], row["after"], row["detail"]]
    return tables.digest(tables.encode([*said, row["previous"]]))


class Store:
    """The record, open. `clock` tells the time; tests set it."""

    def __init__(self, url: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.engine = engine_for(url)
        self.clock = clock
        try:
            _migrate(self.engine)
        except StoreError:
            self.close()
            raise

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Write: everything in the block becomes true at its end, with its audit links, or nothing does."""
        with self._errors(), self.engine.execution_options(amends_writes=True).begin() as connection:
            session = Session(connection, self.clock())
            yield session
            session._append()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Read one consistent state. Waits for no writer on SQLite, nor makes one wait."""
        with self._errors(), self.engine.connect() as connection:
            yield Session(connection, self.clock())

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise StoreError(f"the record can not be used: {_first_line(error)}") from error

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_store(home: Path, database_url: str | None = None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Store:
    """Return the record: at the URL where there is one, else `amends.db` in the home folder, made and migrated at first use.

    Raises StoreError with one line where it can not be opened.
    """
    if database_url:
        return Store(database_url, clock)
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(f"AMENDS_HOME: {home} can not be made ({error.strerror})") from None
    return Store(f"sqlite:///{home / 'amends.db'}", clock)


def engine_for(url: str) -> Engine:
    """Return the engine for a database URL, set up for what it is. Raises StoreError for a URL that is none."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError("AMENDS_DATABASE_URL: is not a database URL; write postgresql://user:password@host/name") from None
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() != "postgresql":
        raise StoreError(f"AMENDS_DATABASE_URL: {parsed.get_backend_name()} is not supported; use postgresql or sqlite")
    return create_engine(parsed.update_query_dict(_own(parsed)), pool_pre_ping=True, hide_parameters=True)


ALIVE = {"keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "25000"}
"""By when a connection to a machine that is gone is given up: 25 s. As the systems have it, that takes hours."""
_ALIVE_THERE = " ".join(f"-c {'' if name.startswith('tcp_') else 'tcp_'}{name}={value}" for name, value in ALIVE.items())


def _own(url: URL) -> dict[str, str]:
    """Return what a connection asks for beside what its URL says: that both sides notice when the other machine is gone.

    Otherwise a machine that lost its power would keep what it had locked, and the letters in its works, until the server's own two hours are over.
    """
    return {name: value for name, value in {**ALIVE, "options": _ALIVE_THERE}.items() if name not in url.query}


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 30.0, "cached_statements": 32}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves: the driver's own would begin too late
        # FULL, so that what was confirmed also outlives a power cut; a commit costs one fsync more.
        # secure_delete, so that what was erased is not left behind in free pages.
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes the lock at once: two that only read first and then both write would make one of them fail.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("amends_writes") else "BEGIN")

    return engine


def _migrate(engine: Engine) -> None:
    try:
        if _stands_at(engine) == HEAD:
            return
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
        with engine.execution_options(amends_writes=True).begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(8203745)")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise StoreError(f"the record can not be opened: {_first_line(error)}") from error


def _stands_at(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not engine.dialect.has_table(connection, "alembic_version"):
            return None
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if found is not None and found > HEAD:
        raise StoreError(f"the record was written by a newer amends (it stands at {found}, this one knows {HEAD}); update amends")
    return found


def _first_line(error: DBAPIError) -> str:
    """Return what the database said, without the statement and its values: those may hold customers' words."""
    return str(error.orig).strip().splitlines()[0]
