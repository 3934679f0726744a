"""Cases: three formats, one model, errors of one line."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guardrails.case import Case, CaseError, Severity, load, parse, zone

EXAMPLES = Path(__file__).parent.parent / "examples"


def data(**parts: Any) -> dict[str, Any]:
    incident = {"summary": "We took the desk offline"} | parts.pop("incident", {})
    account = {"company": "Acme"} | parts.pop("account", {})
    return {"incident": incident, "account": account, "sender": {"name": "Kim"}} | parts


@pytest.mark.parametrize("path", sorted(path for path in EXAMPLES.iterdir() if path.suffix == ".toml" and path.stem == "outage"), ids=lambda path: path.stem)
def test_loads_toml(path: Path) -> None:
    assert load(path).incident.severity is Severity.HIGH


def test_loads_json_and_yaml_as_the_same_case(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(data()))
    (tmp_path / "a.yaml").write_text("incident:\n  summary: We took the desk offline\naccount: {company: Acme}\nsender: {name: Kim}\n")
    (tmp_path / "a.toml").write_text('[incident]\nsummary = "We took the desk offline"\n[account]\ncompany = "Acme"\n[sender]\nname = "Kim"\n')
    assert load(tmp_path / "a.json") == load(tmp_path / "a.yaml") == load(tmp_path / "a.toml")


def test_the_broken_example_names_the_key_that_was_meant() -> None:
    with pytest.raises(CaseError, match=r"unknown key `incident\.severty`; did you mean `severity`"):
        load(EXAMPLES / "broken.toml")


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"incident": {"sumary": "x"}}, "unknown key `incident.sumary`; did you mean `summary`"),
        ({"account": {"contact": {"mail": "x"}}}, "unknown key `account.contact.mail`; did you mean `email`"),
        ({"remedy": {"items": [{"knd": "credit", "text": "x"}]}}, "`remedy.items\\[0\\].knd`; did you mean `kind`"),
        ({"incident": {"severity": "grave"}}, "`incident.severity`"),
        ({"incident": {"started_at": "9 June"}}, "`incident.started_at`: '9 June' is not a date; write 2026-06-09"),
        ({"incident": {"started_at": "2026-02-30"}}, "`incident.started_at`: '2026-02-30' is not a date"),
        ({"incident": {"started_at": "2026-06-09T10:00", "ended_at": "2026-06-09T09:00"}}, "`ended_at` lies before `started_at`"),
        ({"incident": {"started_at": "2026-06-09", "ended_at": "2026-06-08"}}, "`ended_at` lies before `started_at`"),
        ({"incident": {"started_at": "2026-06-09T10:00", "ended_at": "2026-06-09T11:00+02:00"}}, "`started_at` has no zone and the other time has one"),
        ({"remedy": {"items": [{"kind": "credit", "amount": "five", "currency": "EUR"}]}}, "'five' is not an amount"),
        ({"remedy": {"items": [{"kind": "credit", "amount": "-5", "currency": "EUR"}]}}, "'-5' is not an amount a remedy can have"),
        ({"remedy": {"items": [{"kind": "credit", "amount": "5"}]}}, "`amount` needs a `currency`"),
        ({"remedy": {"items": [{"kind": "credit", "amount": "5", "currency": "EURO"}]}}, "did you mean EUR"),
        ({"remedy": {"items": [{"kind": "other"}]}}, "say what is offered"),
        ({"account": {"company": ""}}, "`account.company`"),
        ({"incident": {"summary": None}}, "say what happened"),
    ],
)
def test_refuses_in_one_line_that_names_field_and_remedy(parts: dict[str, Any], said: str) -> None:
    with pytest.raises(CaseError, match=said) as error:
        parse(data(**parts), "case.toml")
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("case.toml: ")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "[incident", "is not valid TOML"),
        ("a.json", "{", "is not valid JSON"),
        ("a.yaml", "a: [", "is not valid YAML"),
        ("a.txt", "x", "name a .toml, .json or .yaml file"),
        ("a.json", "[]", "a case is a table"),
    ],
)
def test_refuses_a_file_that_is_none(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(CaseError, match=said) as error:
        load(tmp_path / name)
    assert "\n" not in str(error.value)


def test_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="there is no such file"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("incident", "account"),
    [
        ({"summary": None, "impact": "x"}, {}),
        ({"summary": None, "details": {"other": "x"}}, {}),
        ({"category": "something_of_ours", "severity": "low", "duration": "three pay runs", "timezone": "here"}, {}),
        ({"fixes": "one", "prevention": "two"}, {}),
        ({"prevention": [{"what": "x", "status": "planned", "due": "2026-07-01"}, "y"]}, {}),
        ({"started_at": "2026-06-09", "ended_at": "2026-06-09T10:00"}, {}),
        ({"started_at": "2026-06-09 10:00"}, {"background": {"anything": 5, "arr": 12}, "tickets": [{"subject": "x"}]}),
    ],
)
def test_accepts_the_loosest_cases(incident: dict[str, Any], account: dict[str, Any]) -> None:
    assert isinstance(parse(data(incident=incident, account=account)), Case)


def test_accepts_a_sender_without_a_name() -> None:
    assert parse(data(sender={"name": ""})).sender.name == ""


def test_what_is_unknown_stays_unknown() -> None:
    case = parse(data())
    assert (case.incident.severity, case.incident.category, case.incident.cause, case.incident.ended_at, case.follow_up) == (None, None, None, None, None)
    assert case.remedy.items == ()


@pytest.mark.parametrize(
    ("name", "hours"), [("UTC", 0), ("BST", 1), ("CEST", 2), ("EDT", -4), ("IST", 5.5), ("+02:00", 2), ("UTC-5", -5), ("Europe/Berlin", 2), ("ET", -4)]
)
def test_knows_zones_by_name_and_abbreviation(name: str, hours: float) -> None:
    place = zone(name)
    assert place is not None
    assert datetime(2026, 6, 9, 12, tzinfo=place).utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize("name", ["", "Mars", "Europe/Atlantis", "../etc/passwd", None])
def test_an_unknown_zone_is_none(name: str | None) -> None:
    assert zone(name) is None


def test_a_window_across_zones_has_its_true_length() -> None:
    incident = parse(data(incident={"started_at": "2026-06-09T06:10+02:00", "ended_at": "2026-06-09T09:10+04:00", "timezone": "Asia/Tokyo"})).incident
    assert incident.elapsed() == timedelta(hours=1)
    assert incident.started_at is not None
    local = incident.local(incident.started_at)
    assert isinstance(local, datetime)
    assert local.hour == 13


def test_a_local_time_is_in_the_incidents_zone() -> None:
    incident = parse(data(incident={"started_at": "2026-06-09T06:10", "ended_at": "2026-06-09T05:10+00:00", "timezone": "Europe/London"})).incident
    assert incident.elapsed() == timedelta(0)


def test_a_window_over_the_change_of_clocks_has_its_true_length() -> None:
    incident = parse(data(incident={"started_at": "2026-10-25T00:30", "ended_at": "2026-10-25T03:30", "timezone": "Europe/London"})).incident
    assert incident.elapsed() == timedelta(hours=4)


def test_money_keeps_its_digits() -> None:
    item = parse(data(remedy={"items": [{"kind": "credit", "amount": "1240.50", "currency": "eur"}]})).remedy.items[0]
    assert (item.amount, item.currency) == (Decimal("1240.50"), "EUR")


def test_a_duration_that_differs_from_the_clock_is_a_warning() -> None:
    stated = {"started_at": "2026-06-09T06:10", "ended_at": "2026-06-09T10:25", "timezone": "UTC"}
    assert parse(data(incident=stated | {"duration": "4 h 15 min"})).warnings() == ()
    assert "differs" in parse(data(incident=stated | {"duration": "two hours"})).warnings()[0]


def test_a_zone_that_is_none_is_a_warning() -> None:
    assert "incident.timezone" in parse(data(incident={"timezone": "Mars"})).warnings()[0]


def test_facts_leave_the_background_out() -> None:
    account = {"background": {"arr": "EUR 5"}, "tickets": [{"id": "t1", "public": True, "body": "seen"}, {"id": "t2", "public": False, "body": "note"}]}
    case = parse(data(account=account))
    assert case.facts()["account.tickets[0].body"] == "seen"
    assert not any("background" in key or key.startswith("account.tickets[1]") for key in case.facts())
    assert case.background() == {
        "account.background.arr": "EUR 5",
        "account.tickets[1].id": "t2",
        "account.tickets[1].public": False,
        "account.tickets[1].body": "note",
    }


def test_dates_are_read_in_both_forms() -> None:
    case = parse(data(written_on="2026-06-10", incident={"started_at": "2026-06-09T06:10Z"}))
    assert case.written_on == date(2026, 6, 10)
    assert case.incident.started_at == datetime(2026, 6, 9, 6, 10, tzinfo=UTC)
