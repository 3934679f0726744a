"""The audit chain: it can only grow, it shows what was changed behind its back, it survives erasure."""

import sys
from collections.abc import Callable
from subprocess import PIPE, Popen
from threading import Thread

import pytest
from desks import desk, letter, reviewed
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from drafting import desk as act
from drafting.store import Link, Session, Store, verify
from drafting.store.tables import unguard


def broken(store: Store) -> str | None:
    with store.read() as session:
        found = verify(session)
    return found.text if found else None


def tamper(store: Store, *statements: str) -> None:
    """Change the record as somebody with the database's password could."""
    with store.engine.execution_options(amends_writes=True).begin() as connection:
        unguard(connection)
        for statement in statements:
            connection.execute(text(statement))


@pytest.fixture
def lived_in(store: Store) -> Store:
    """A record in which a letter was written, edited, commented and approved."""
    here = desk(store)
    row = reviewed(here)
    base = act.view(here, row.id).revision
    assert base
    edited = act.edit(here, row.id, base, letter("Thank you for your patience."))
    act.comment(here, row.id, "Better.")
    act.approve(here, row.id, edited.number, edited.sha256)
    return store


def test_a_chain_nobody_touched_holds(lived_in: Store) -> None:
    assert broken(lived_in) is None


@pytest.mark.parametrize("statement", ["UPDATE audit SET who = 'eve' WHERE seq = 2", "DELETE FROM audit WHERE seq = 2"])
def test_the_database_itself_refuses_to_change_a_link(lived_in: Store, statement: str) -> None:
    with lived_in.engine.execution_options(amends_writes=True).begin() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(statement))


def test_a_link_can_not_be_replaced_or_all_of_them_emptied(lived_in: Store) -> None:
    statement = "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 2" if lived_in.engine.dialect.name == "sqlite" else "TRUNCATE audit"
    with lived_in.engine.execution_options(amends_writes=True).begin() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit SET who = 'eve' WHERE seq = 3", "link 3: was changed"),
        ("UPDATE audit SET detail = '{}' WHERE seq = 3", "link 3: was changed"),
        ("DELETE FROM audit WHERE seq = 3", "link 3: is missing"),
        ("DELETE FROM audit WHERE seq >= (SELECT max(seq) FROM audit)", "the end of the chain was cut off"),
        ("DELETE FROM chain", "the end of the chain is gone"),
        ("UPDATE revisions SET body = 'I never said that.' WHERE number = 1", "revision 1 is not what it was"),
        ("UPDATE cases SET data = '{}'", "case 1 is not what it was"),
        ("UPDATE decisions SET author = 'eve'", "decision 1 is not what it was"),
        ("DELETE FROM decisions", "decision 1 is gone"),
        (
            "INSERT INTO decisions (id, letter_id, kind, revision, author, role, at) SELECT 99, 1, 'approve', 2, 'eve', 'vp', at FROM letters",
            "decision 99 stands in the record and in no link",
        ),
    ],
)
def test_names_the_first_thing_that_was_changed(lived_in: Store, statement: str, said: str) -> None:
    tamper(lived_in, statement)
    assert said in (broken(lived_in) or "")


def test_holds_no_words_about_a_customer(lived_in: Store) -> None:
    with lived_in.read() as session:
        said = str(session.find(Link)).lower()
    assert not [word for word in ("ngozi", "okafor", "export", "index") if f" {word} " in said or f"'{word}'" in said]


def append(store: Store, who: str, times: int) -> None:
    for number in range(times):
        with store.begin() as session:
            session.log(who, "test", "thing", number)


def test_threads_that_write_at_once_make_one_chain(store: Store) -> None:
    writers = [Thread(target=append, args=(store, f"writer {number}", 25)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with store.read() as session:
        assert session.count(Link) == 100
    assert broken(store) is None


WRITER = """
import sys
from drafting.store import Store
store = Store(sys.argv[1])
for number in range(40):
    with store.begin() as session:
        session.log(sys.argv[2], "test", "thing", number)
"""


@pytest.mark.slow
def test_processes_that_open_and_write_at_once_make_one_chain(url: str, reopen: Callable[[], Store]) -> None:
    writers = [Popen([sys.executable, "-c", WRITER, url, f"process {number}"], stderr=PIPE) for number in range(3)]
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [(b"", 0)] * 3
    store = reopen()
    with store.read() as session:
        assert session.count(Link) == 120
    assert broken(store) is None


def test_a_failed_block_takes_its_links_with_it(store: Store) -> None:
    def fails(session: Session) -> None:
        session.log("ana", "test", "thing", 1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), store.begin() as session:
        fails(session)
    assert broken(store) is None
