"""The record on disk: opened, migrated, written in transactions, on both databases."""

import sys
from subprocess import PIPE, Popen

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from drafting.store import Link, Store, StoreError, UserRow, open_store, tables


def test_models_and_migrations_agree(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), tables.metadata) == []


def test_a_record_is_made_at_first_use_and_found_again(empty_url: str) -> None:
    first = Store(empty_url)
    with first.begin() as session:
        session.log("ana", "test", "thing", 1)
    first.close()
    again = Store(empty_url)
    with again.read() as session:
        assert [link.who for link in session.find(Link)] == ["ana"]
    again.close()


OPEN = "import sys; from drafting.store import Store; Store(sys.argv[1])"


@pytest.mark.slow
def test_several_processes_may_be_the_first_to_use_it(empty_url: str) -> None:
    first = [Popen([sys.executable, "-c", OPEN, empty_url], stderr=PIPE) for _ in range(3)]
    assert [(process.communicate()[1], process.returncode) for process in first] == [(b"", 0)] * 3


def test_a_record_of_a_newer_amends_is_not_touched(empty_url: str) -> None:
    store = Store(empty_url)
    with store.engine.execution_options(amends_writes=True).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    with pytest.raises(StoreError, match="newer amends"):
        Store(empty_url)


def test_a_block_that_fails_leaves_nothing(store: Store) -> None:
    def fails() -> None:
        with store.begin() as session:
            session.log("ana", "test", "thing", 1)
            session.add(UserRow, name="ana", role="agent", active=True, failures=0, at=session.now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with store.read() as session:
        assert session.count(UserRow) == session.count(Link) == 0


def test_a_url_that_is_none_is_one_line(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(StoreError, match=r"^AMENDS_DATABASE_URL: .* write postgresql://"):
        open_store(tmp_path, "not a url")
