import io
from collections.abc import Callable
from pathlib import Path

import pytest
from desks import people
from stores import Clock
from test_batch import SETUP, begun, desk, url, work  # noqa: F401  (fixtures)

from drafting import batch as act
from drafting.accounts import Accounts, mass
from drafting.batch import Status
from drafting.desk import Desk, approve, save, send_back, view
from drafting.errors import Refused
from drafting.review import approve_cohort, check_lot, flags, lot, reading
from drafting.store import LetterRow, State, Store
from drafting.users import LOCAL, User, add_user
from guardrails.letter import Letter
from ui.cli import main


def as_user(store: Store, user: User) -> Desk:
    return Desk(store, user, SETUP.policy, SETUP.rules)


@pytest.fixture
def batch(desk: Desk, work: Callable[[str], Status], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: F811
    monkeypatch.setattr("drafting.sampling.size", lambda lot, confidence, share: min(lot, 2))
    head, *rows = Path("examples/mass_outage_accounts.csv").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "accounts.csv"
    path.write_text("\n".join([head, *[row for row in rows if ",delayed," in row][:6]]), encoding="utf-8")
    found = Accounts(path, mass(Path("examples/mass_outage.toml")))
    made = begun(desk, found)
    work(made)
    return made


def letters(store: Store, batch: str) -> dict[int, LetterRow]:
    with store.read() as session:
        return {row.id: row for row in session.find(LetterRow, batch=batch)}


def read_sample(here: Desk, batch: str, cohort: str | None = None) -> None:
    rows = letters(here.store, batch)
    for letter in reading(here, batch, cohort).sample:
        approve(here, letter, rows[letter].revision, rows[letter].sha256 or "")


def test_a_cohort_is_approved_by_two_people_once_its_sample_is_read(store: Store, desk: Desk, batch: str) -> None:  # noqa: F811
    check_lot(desk, batch)
    who = people(store, mara="vp", jon="vp")
    mara, jon = as_user(store, who["mara"]), as_user(store, who["jon"])
    wanted = reading(mara, batch)
    with pytest.raises(Refused, match="of the sample are not read yet"):
        approve_cohort(mara, batch)
    read_sample(mara, batch)
    assert approve_cohort(mara, batch) == 0
    assert approve_cohort(mara, batch) == 0
    assert approve_cohort(jon, batch) == wanted.rest > 0
    states = {letter: row.state for letter, row in letters(store, batch).items()}
    assert {letter for letter, state in states.items() if state is not State.APPROVED} == set(wanted.each)


def test_a_letter_of_the_sample_that_is_sent_back_stops_the_lot(store: Store, desk: Desk, batch: str) -> None:  # noqa: F811
    check_lot(desk, batch)
    row = letters(store, batch)[reading(desk, batch).sample[0]]
    send_back(desk, row.id, row.revision, row.sha256 or "", "this is not what they lived through")
    with pytest.raises(Refused, match="that stops the lot"):
        approve_cohort(desk, batch)


def test_a_letter_of_the_sample_that_becomes_blocked_stops_the_lot_and_is_not_exchanged(store: Store, desk: Desk, batch: str) -> None:  # noqa: F811
    check_lot(desk, batch)
    wanted = reading(desk, batch)
    with store.begin() as session:
        session.set(LetterRow, wanted.sample[0], errors=1)
    assert reading(desk, batch).sample == wanted.sample
    with pytest.raises(Refused, match="has a blocking finding: that stops the lot"):
        approve_cohort(desk, batch)


def test_what_was_edited_after_the_check_is_read_on_its_own(store: Store, desk: Desk, batch: str, clock: Clock) -> None:  # noqa: F811
    check_lot(desk, batch)
    clock.forward(minutes=1)
    before = lot(desk, batch)
    now = view(desk, before.open[0])
    assert now.revision
    save(desk, now.row.id, now.revision.number, now.revision.sha256, Letter(now.revision.subject, f"{now.revision.body}\nPS: We will write again."))
    assert now.row.id not in lot(desk, batch).open
    assert set(lot(desk, batch).open) == set(before.open) - {now.row.id}


def test_checking_the_lot_again_voids_what_people_said(store: Store, desk: Desk, batch: str) -> None:  # noqa: F811
    check_lot(desk, batch, confidence=0.9, share=0.05)
    mara = as_user(store, people(store, mara="vp", jon="vp")["mara"])
    read_sample(mara, batch)
    approve_cohort(mara, batch)
    assert lot(mara, batch).yes == ("mara",)
    assert "90% confidence" in lot(mara, batch).plan.words
    check_lot(desk, batch)
    assert lot(mara, batch).yes == ()


def test_no_cohort_is_approved_before_the_lot_is_checked(store: Store, desk: Desk, batch: str) -> None:  # noqa: F811
    assert flags(store, batch) is None
    with pytest.raises(Refused, match="check the lot first"):
        approve_cohort(desk, batch)
    check_lot(desk, batch)
    assert flags(store, batch) is not None
    assert act.find(store, batch).data["flags"] is not None


def test_the_command_takes_a_yes_from_two_people(
    store: Store,
    desk: Desk,  # noqa: F811
    batch: str,
    url: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def review(*words: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO("ten characters\n"))
        try:
            return main(["batch", "review", batch, "--cohort", "delayed", *words])
        except SystemExit as ended:
            return int(str(ended.code))

    monkeypatch.setenv("AMENDS_DATABASE_URL", url)
    check_lot(desk, batch)
    wanted = reading(desk, batch, "delayed")
    read_sample(desk, batch, "delayed")
    for name in ("mara", "jon"):
        add_user(store, LOCAL, name, "vp", password="ten characters")
    assert review() == 0
    assert "sample: 2 of 2 read" in capsys.readouterr().out
    assert review("--approve") == 2
    assert "--by" in capsys.readouterr().err
    assert review("--approve", "--by", "mara") == 0
    assert "a second person" in capsys.readouterr().err
    assert review("--approve", "--by", "jon") == 0
    assert f"{wanted.rest} letters approved" in capsys.readouterr().err
