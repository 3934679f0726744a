"""A person is taken out of the record, old records are removed, and the chain still holds."""

import base64
import json
import pickle
from pathlib import Path

from desks import case, desk, letter, reviewed
from sqlalchemy import text
from stores import Clock

from drafting import desk as act
from drafting.desk import Desk
from drafting.store import LetterRow, Link, State, Store, tables, verify
from drafting.store.erase import forget, purge
from drafting.store.queue import Filter, queue
from guardrails.letter import Letter
from guardrails.policy import Retention

NAMES = ("ngozi", "okafor.example")


def everything(store: Store) -> str:
    """Return all that every table holds, as text."""
    with store.engine.connect() as connection:
        return "\n".join(str(row) for table in tables.metadata.sorted_tables for row in connection.execute(table.select())).casefold()


def left(store: Store) -> list[str]:
    held = everything(store)
    return [name for name in NAMES if name in held]


def lived(here: Desk) -> LetterRow:
    """A letter with a trace of the person in every table that can hold one."""
    row = reviewed(here, text=letter("I am sorry you feel let down, Ngozi. There were some issues."), key="INC-1/A-1/ngozi@okafor.example")
    act.comment(here, row.id, "Ngozi called twice", quote="Ngozi")
    report = act.view(here, row.id).report
    assert report
    for finding in report.findings:
        act.dismiss(here, row.id, row.revision, row.sha256 or "", finding, "Ngozi asked for it")
    act.keep(here, f"letter/{row.id}", {"body": "Dear Ms Okafor"})
    act.keep(here, "draft", {"to": "NGOZI@okafor.example"})
    row = act.approve(here, row.id, row.revision, row.sha256 or "")
    act.change_case(here, row.id, case(follow_up="I will call Ngozi on 12 June."))
    act.acknowledge(here, row.id, row.revision, row.sha256 or "", "Ngozi knows")
    return row


def other(here: Desk) -> LetterRow:
    """A letter to somebody else that names the person."""
    account = {"id": "A-2", "company": "Lindqvist", "contact": {"name": "Bo Lindqvist", "email": "bo@lindqvist.example"}}
    ticket = {"id": "T-2", "author": "Bo", "body": "Ask Ngozi Okafor <ngozi@okafor.example> too."}
    return reviewed(here, case(account=account | {"tickets": [ticket]}), Letter("For Bo", "Dear Bo,\n\nWe told Ngozi Okafor as well."))


def test_a_forgotten_person_is_nowhere_and_the_chain_holds(store: Store) -> None:
    here = desk(store)
    lived(here)
    other(here)
    assert left(store) == list(NAMES)
    done = forget(store, "root", " Ngozi@OKAFOR.example ")
    assert left(store) == []
    assert (done.letters, done.mentions > 1) == (1, True)
    with store.read() as session:
        assert verify(session) is None
        assert [link.who for link in session.find(Link, what="person.erase")] == ["root"]


def test_a_letter_to_a_forgotten_person_ends_as_a_tombstone_that_can_be_looked_at(store: Store) -> None:
    here = desk(store)
    row = lived(here)
    forget(store, "root", "ngozi@okafor.example")
    now = act.view(here, row.id)
    assert now.revision
    assert (now.row.state, now.revision.body, now.case.account.contact.name) == (State.CLOSED, "[erased]", "[erased]")
    assert now.case.account.company == "Okafor Retail"
    with store.read() as session:
        assert queue(session, Filter(states=(State.CLOSED,), text="okafor retail")).total == 1


def test_a_letter_to_somebody_else_only_loses_the_name(store: Store) -> None:
    here = desk(store)
    reviewed(here)
    row = other(here)
    forget(store, "root", "ngozi@okafor.example")
    now = act.view(here, row.id)
    assert now.revision
    assert (now.revision.body, now.case.account.contact.name) == ("Dear Bo,\n\nWe told [erased] as well.", "Bo Lindqvist")


def test_nobody_known_by_that_address_changes_nothing(store: Store) -> None:
    reviewed(desk(store))
    done = forget(store, "root", "nobody@nowhere.example")
    assert (done.letters, done.mentions, done.engine) == (0, 0, 0)
    assert left(store) == list(NAMES)


ENGINE = ("CREATE TABLE workflow_status (id TEXT PRIMARY KEY, inputs TEXT, output TEXT)", "DROP TABLE workflow_status")


def put_engine(store: Store) -> None:
    pickled = base64.b64encode(pickle.dumps({"contact": "Ngozi Okafor"})).decode()
    with store.engine.execution_options(amends_writes=True).begin() as connection:
        connection.execute(text(ENGINE[0]))
        connection.execute(
            text("INSERT INTO workflow_status VALUES ('1', :pickled, 'ok'), ('2', 'for Bo', :plain)"), {"pickled": pickled, "plain": "to ngozi@okafor.example"}
        )


def test_tables_of_the_batch_engine_are_swept_too(store: Store) -> None:
    reviewed(desk(store))
    put_engine(store)
    assert forget(store, "root", "ngozi@okafor.example").engine == 2
    with store.engine.execution_options(amends_writes=True).begin() as connection:
        rows = connection.execute(text("SELECT id, inputs, output FROM workflow_status ORDER BY id")).all()
        connection.execute(text(ENGINE[1]))
    assert [tuple(row) for row in rows] == [("1", "[erased]", "ok"), ("2", "for Bo", "[erased]")]


def test_an_engine_in_a_file_of_its_own_is_swept_too(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'amends.db'}")
    reviewed(desk(store))
    engine = Store(f"sqlite:///{tmp_path / 'amends-engine.db'}")
    put_engine(engine)
    engine.close()
    assert forget(store, "root", "ngozi@okafor.example").engine == 2
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir()).lower()
    store.close()
    assert [name for name in NAMES if name.encode() in held] == []


def test_logs_and_reports_of_the_evaluation_are_swept_too(store: Store, tmp_path: Path) -> None:
    reviewed(desk(store))
    log, report = tmp_path / "run.jsonl", tmp_path / "deep" / "report.html"
    own = {"kind": "sample", "id": "late-export", "case": {"account": {"contact": {"name": "Ngozi Okafor"}}}, "body": "Dear Ngozi, the will of 9 June"}
    log.write_text(f'{{"kind": "run"}}\n{json.dumps(own)}\n{{"kind": "draft", "sample": "late-export", "body": "Dear Ngozi,"}}\n{{"cut off', encoding="utf-8")
    report.parent.mkdir()
    report.write_text("<p>To Ngozi Okafor</p>\n<p>To Bo</p>", encoding="utf-8")
    assert forget(store, "root", "ngozi@okafor.example", [log, report]).lines == 3
    assert "ngozi" not in (log.read_text() + report.read_text()).lower()
    lines = log.read_text().splitlines()
    assert (json.loads(lines[1])["body"], lines[0], lines[3]) == ("Dear [erased], the will of 9 June", '{"kind": "run"}', '{"cut off')
    assert report.read_text() == "<p>To [erased]</p>\n<p>To Bo</p>"
    with store.read() as session:
        assert verify(session) is None


def test_somebody_who_stands_in_a_log_alone_is_forgotten_by_their_address(store: Store, tmp_path: Path) -> None:
    log = tmp_path / "run.jsonl"
    log.write_text(json.dumps({"contact": {"name": "Ada Berg", "email": "ada@berg.example"}}) + '\n{"body": "Dear Ada Berg"}\n', encoding="utf-8")
    assert forget(store, "root", "ada@berg.example", [log]).lines == 2
    assert "ada" not in log.read_text().lower()


def test_the_file_itself_does_not_remember(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'amends.db'}")
    lived(desk(store))
    forget(store, "root", "ngozi@okafor.example")
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir()).lower()
    store.close()
    assert [name for name in NAMES if name.encode() in held] == []


def test_what_has_been_kept_long_enough_goes_and_the_rest_still_proves_itself(store: Store, clock: Clock) -> None:
    here = desk(store)
    lived(here)
    clock.forward(days=100)
    young = reviewed(here)
    clock.forward(days=1)
    done = purge(store, "root", Retention(letters=50, cases=50, audit=50))
    assert (done.letters, done.cases) == (1, 2)
    assert done.links > 5
    with store.read() as session:
        assert [row.id for row in session.find(LetterRow)] == [young.id]
        assert verify(session) is None
    assert purge(store, "root", Retention(letters=50, cases=50, audit=50)).links == 0


def test_nothing_goes_before_its_time(store: Store, clock: Clock) -> None:
    lived(desk(store))
    clock.forward(days=300)
    done = purge(store, "root", Retention())
    assert (done.letters, done.cases, done.links) == (0, 0, 0)
