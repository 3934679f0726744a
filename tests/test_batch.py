import csv
import json
import time
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import desks
import pytest
from sqlalchemy import create_engine
from stores import Clock
from test_accounts import HEAD, accounts

from drafting import batch as act
from drafting.accounts import Accounts, Rejects, mass
from drafting.batch import Orders, Status
from drafting.batch_export import export, safe
from drafting.compose import template
from drafting.config import configuration
from drafting.desk import Desk, approve, view
from drafting.errors import DeskError, Refused
from drafting.models import Complete, Completion, ModelFailure, Usage
from drafting.settings import Settings
from drafting.store import BatchState, LetterRow, State, Store, verify
from drafting.users import LOCAL
from drafting.worker import Worker, WorkerError
from guardrails.case import Case
from guardrails.policy import Role
from prompts import Prompt

SETUP = configuration()
MODEL = Orders(("template",))


@pytest.fixture
def url(empty_url: str) -> str:
    """The URL of an empty database: the engine keeps tables of its own there."""
    return empty_url


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store, LOCAL, SETUP.policy, SETUP.rules)


def lot(folder: Path, count: int = 3) -> Accounts:
    rows = [(f"A-{n}", f"Company {n}", f"ada@company-{n}.example", f"{n + 10} exports did not arrive") for n in range(count)]
    return accounts(folder, *rows)


def begun(desk: Desk, found: Accounts, orders: Orders = MODEL) -> str:
    made = act.create(desk, found, orders)
    act.load(desk, made, found)
    return made


@pytest.fixture
def work(store: Store, tmp_path: Path) -> Callable[[str], Status]:
    """Work until the batch has ended, and return its status."""

    def work(batch: str) -> Status:
        settings = Settings.read({"AMENDS_HOME": str(tmp_path)})
        until = time.monotonic() + 60
        with Worker(store, settings, SETUP, at_once=5) as worker:
            worker.run(lambda: act.ended(store, batch) or time.monotonic() > until)
        return act.status(store, batch)

    return work


class Model:
    """A model that fails as told, account by account, and else composes the letter at a price."""

    def __init__(self) -> None:
        self.failures: dict[str, list[Exception]] = {}
        self.calls: list[str] = []
        self.told: dict[str, str] = {}

    def writer(self, settings: object, setup: object, around: object) -> Callable[[Case], Complete]:
        def for_case(case: Case) -> Complete:
            async def complete(prompt: Prompt) -> Completion:
                self.calls.append(case.account.company)
                self.told[case.account.company] = prompt.text
                if waiting := self.failures.get(case.account.company):
                    raise waiting.pop(0)
                composed = await template(case, SETUP)(prompt)
                return Completion(composed.text, "openai:scripted", Usage(1000, 0, 200, 0.1, 1, Decimal("0.5"), "list"))

            return complete

        return for_case


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    made = Model()
    monkeypatch.setattr("drafting.worker.writer", made.writer)
    return made


def test_every_account_has_its_letter_in_review(desk: Desk, work: Callable[[str], Status], tmp_path: Path) -> None:
    batch = begun(desk, lot(tmp_path))
    done = work(batch)
    assert (done.state, done.total, done.clear + done.blocked, done.failed, done.waiting, done.cost) == (BatchState.DONE, 3, 3, 0, 0, Decimal(0))
    with desk.store.read() as session:
        letters = session.find(LetterRow, batch=batch)
        assert [(one.company, one.revision, one.state) for one in letters] == [(f"Company {n}", 1, State.IN_REVIEW) for n in range(3)]
        assert verify(session) is None


def test_the_engine_keeps_nothing_of_a_letter_that_is_written(desk: Desk, work: Callable[[str], Status], server: str, tmp_path: Path) -> None:
    work(begun(desk, lot(tmp_path)))
    place = create_engine(f"sqlite:///{tmp_path / 'amends-engine.db'}") if server == "sqlite" else desk.store.engine
    schema = "" if server == "sqlite" else "dbos."
    with place.connect() as connection:
        for table in ("workflow_status", "operation_outputs"):
            assert connection.exec_driver_sql(f"select count(*) from {schema}{table}").scalar() == 0
    place.dispose()


def test_letters_are_told_of_earlier_apologies_and_promises_to_the_account(
    desk: Desk, work: Callable[[str], Status], model: Model, clock: Clock, tmp_path: Path
) -> None:
    people = desks.desk(desk.store)
    before = desks.case()
    before = desks.reviewed(people, before.model_copy(update={"incident": before.incident.model_copy(update={"id": "INC-0"})}))
    approve(people, before.id, before.revision, before.sha256 or "")
    clock.forward(days=30)
    batch = begun(desk, lot(tmp_path), Orders(("openai:scripted",), revisions=0))
    work(batch)
    with desk.store.read() as session:
        letters = session.find(LetterRow, batch=batch)
    assert [(one.account, one.repeats, one.category, one.signs) for one in letters] == [
        ("A-0", 0, "outage", None),
        ("A-1", 1, "recurring_issue", Role.VP_CS),
        ("A-2", 0, "outage", None),
    ]
    late = "2026-06-09: We will send you the post-mortem by 16 June. (due 2026-06-16): late"
    assert [late in model.told[f"Company {n}"] for n in range(3)] == [False, True, False]
    assert late in view(desk, letters[1].id).case.incident.details["earlier_promises"]


def test_a_letter_over_which_the_program_breaks_fails_for_good(desk: Desk, model: Model, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model.failures["Company 1"] = [RuntimeError("a fault of ours")] * 9
    monkeypatch.setattr("drafting.worker.DEAD", 0.0)
    monkeypatch.setattr("drafting.worker.ATTEMPTS", 2)
    batch = begun(desk, lot(tmp_path), Orders(("openai:scripted",), revisions=0))
    with Worker(desk.store, Settings.read({"AMENDS_HOME": str(tmp_path)}), SETUP) as worker:
        # What is not heard of for ten seconds is looked after.
        worker.run(lambda: act.ended(desk.store, batch), lambda: clock.forward(seconds=11))
    [(_, failed)] = act.rows(desk.store, batch, state="failed")
    assert (failed.company, model.calls.count("Company 1")) == ("Company 1", 2)
    assert "amends broke off" in (failed.failure or "")


def test_a_survey_counts_and_spends_nothing(desk: Desk, tmp_path: Path) -> None:
    found = lot(tmp_path, 4)
    rejects = Rejects(tmp_path / "rejects.csv")
    settings = Settings.read({"AMENDS_HOME": str(tmp_path), "OPENAI_API_KEY": "k"})
    survey = act.survey(desk, found, Orders(("openai:gpt-4o-mini",), rpm=2), settings, rejects)
    assert (survey.letters, survey.severities, survey.cohorts, survey.unusable) == (4, {"medium": 4}, {"-": 4}, 0)
    assert survey.input_tokens > 4000
    assert survey.cost
    assert survey.minutes == pytest.approx(2.8)
    assert act.batches(desk.store) == ()


def test_loading_again_after_a_crash_adds_nothing_twice(desk: Desk, tmp_path: Path) -> None:
    found = lot(tmp_path)
    batch = begun(desk, found)
    assert act.load(desk, batch, found) == 3
    assert act.status(desk.store, batch).waiting == 3


def test_a_second_batch_about_the_same_accounts_is_refused_row_by_row(desk: Desk, tmp_path: Path) -> None:
    found = lot(tmp_path)
    batch = begun(desk, found)
    rejects = Rejects(tmp_path / "rejects.csv")
    survey = act.survey(desk, found, MODEL, Settings.read({"AMENDS_HOME": str(tmp_path)}), rejects)
    assert (survey.letters, survey.duplicates) == (0, 3)
    assert f"in batch {batch}" in rejects.path.read_text(encoding="utf-8")


def test_a_pilot_stops_after_its_letters_until_somebody_resumes(desk: Desk, work: Callable[[str], Status], tmp_path: Path) -> None:
    batch = begun(desk, lot(tmp_path, 4), Orders(("template",), pilot=2))
    first = work(batch)
    assert (first.state, first.waiting) == (BatchState.PAUSED, 2)
    assert first.why == "pilot: look at the first 2 letters on the desk, then resume"
    act.resume(desk, batch)
    assert work(batch).waiting == 0


def test_a_cap_stops_the_batch_before_it_is_passed(desk: Desk, work: Callable[[str], Status], model: Model, tmp_path: Path) -> None:
    batch = begun(desk, lot(tmp_path, 25), Orders(("openai:scripted",), revisions=0, cap=Decimal(6)))
    now = work(batch)
    assert (now.state, now.waiting) == (BatchState.PAUSED, 13)
    assert now.cost == Decimal(6)
    assert now.why
    assert now.why.startswith("the cap of 6 USD is spent")
    act.resume(desk, batch, cap=Decimal(20))
    assert work(batch).state is BatchState.DONE


def test_a_letter_that_fails_for_good_is_a_row_with_its_reason_and_is_tried_again(
    desk: Desk, work: Callable[[str], Status], model: Model, tmp_path: Path
) -> None:
    model.failures["Company 1"] = [ModelFailure("filtered", "the provider withheld the answer")]
    batch = begun(desk, lot(tmp_path), Orders(("openai:scripted",), revisions=0))
    now = work(batch)
    assert (now.state, now.failed, now.clear + now.blocked) == (BatchState.DONE, 1, 2)
    [(_, failed)] = act.rows(desk.store, batch, state="failed")
    assert (failed.company, failed.failure, failed.revision) == ("Company 1", "the provider withheld the answer", 0)
    assert act.retry(desk, batch) == 1
    assert work(batch).failed == 0
    assert model.calls.count("Company 1") == 2


def test_a_model_that_is_away_for_a_moment_fails_no_letter(desk: Desk, work: Callable[[str], Status], model: Model, tmp_path: Path) -> None:
    model.failures["Company 0"] = [ModelFailure("unavailable", "no answer", retryable=True)] * 2
    now = work(begun(desk, lot(tmp_path), Orders(("openai:scripted",), revisions=0)))
    assert (now.state, now.failed) == (BatchState.DONE, 0)


def test_a_fault_that_every_letter_would_meet_pauses_the_batch(desk: Desk, work: Callable[[str], Status], model: Model, tmp_path: Path) -> None:
    model.failures |= {f"Company {n}": [ModelFailure("unauthorized", "the key is not accepted: set OPENAI_API_KEY")] for n in range(3)}
    batch = begun(desk, lot(tmp_path), Orders(("openai:scripted",), revisions=0))
    now = work(batch)
    assert (now.state, now.why, now.failed) == (BatchState.PAUSED, "the key is not accepted: set OPENAI_API_KEY", 0)
    model.failures.clear()
    act.resume(desk, batch)
    assert work(batch).state is BatchState.DONE


def test_a_paused_batch_stands_still_and_a_cancelled_one_ends(desk: Desk, work: Callable[[str], Status], tmp_path: Path) -> None:
    batch = begun(desk, lot(tmp_path))
    act.pause(desk, batch)
    assert work(batch).waiting == 3
    act.cancel(desk, batch)
    assert act.status(desk.store, batch).state is BatchState.CANCELLED
    with pytest.raises(Refused, match="is cancelled"):
        act.resume(desk, batch)
    with desk.store.read() as session:
        assert {one.state for one in session.find(LetterRow, batch=batch)} == {State.CLOSED}
    assert len(list(lot(tmp_path))) == 3  # and another batch may write to them
    assert work(begun(desk, lot(tmp_path))).waiting == 0


def test_only_one_process_works_on_a_file(store: Store, server: str, tmp_path: Path) -> None:
    if server == "postgresql":
        return
    settings = Settings.read({"AMENDS_HOME": str(tmp_path)})
    with Worker(store, settings, SETUP), pytest.raises(WorkerError, match="another process works on this record"):
        Worker(store, settings, SETUP)


def test_only_approved_letters_leave_unless_drafts_are_asked_for(desk: Desk, work: Callable[[str], Status], model: Model, tmp_path: Path) -> None:
    batch = begun(desk, lot(tmp_path), Orders(("openai:scripted",), revisions=0))
    work(batch)
    _, (_, first), *_ = act.rows(desk.store, batch)
    now = view(desk, first.id)
    approve(desk, first.id, now.row.revision, now.row.sha256 or "", override="read it" if now.row.errors else None)
    out = tmp_path / "letters.jsonl"
    assert export(desk, batch, out) == (1, 2)
    assert json.loads(out.read_text(encoding="utf-8"))["company"] == "Company 1"
    assert export(desk, batch, tmp_path / "letters.zip", drafts=True) == (3, 0)
    with zipfile.ZipFile(tmp_path / "letters.zip") as file:
        stamped = [b"DRAFT, not approved" in file.read(name) for name in file.namelist() if name.endswith(".eml")]
        assert sorted(stamped) == [False, True, True]
    audit = json.loads((tmp_path / "letters.audit.json").read_text(encoding="utf-8"))
    assert [one["draft"] for one in audit["letters"]] == [True, False, True]
    with pytest.raises(DeskError, match=r"end it with .csv, .jsonl or .zip"):
        export(desk, batch, tmp_path / "letters.doc")


def test_no_cell_of_a_mail_merge_is_taken_for_a_formula(desk: Desk, work: Callable[[str], Status], tmp_path: Path) -> None:
    batch = begun(desk, accounts(tmp_path, ("A-1", "=cmd()", "a@b.example", "Late")))
    work(batch)
    export(desk, batch, tmp_path / "merge.csv", drafts=True)
    with (tmp_path / "merge.csv").open(encoding="utf-8", newline="") as file:
        [row] = csv.DictReader(file)
    assert row["company"] == "'=cmd()"


@pytest.mark.parametrize(("cell", "written"), [("=1", "'=1"), ("+1", "'+1"), ("-1", "'-1"), ("@a", "'@a"), (" =1", "' =1"), ("a=1", "a=1"), ("\t1", "'\t1")])
def test_formulas_are_defused(cell: str, written: str) -> None:
    assert safe(cell) == written


def test_the_sample_incident_is_usable_as_a_whole() -> None:
    found = Accounts(Path("examples/mass_outage_accounts.csv"), mass(Path("examples/mass_outage.toml")))
    rows = list(found)
    assert len(rows) == 500
    assert {getattr(row, "cohort", "unusable") for row in rows} == {"delayed", "missed_payday", "notes_lost"}
    assert HEAD[0] in found.mapping
