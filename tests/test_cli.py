"""The command as a user runs it: what it prints, what it refuses, how it ends."""

import io
import json
import subprocess
import sys
from email import message_from_bytes
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ui.cli import main

OUTAGE = "examples/outage.toml"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "AMENDS_MODEL", "AMENDS_CONFIG", "AMENDS_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AMENDS_HOME", str(tmp_path / "home"))


def run(*arguments: str) -> int:
    try:
        return main(list(arguments))
    except SystemExit as leaving:
        return int(leaving.code or 0)


EXAMPLES = sorted(path for path in Path("examples").iterdir() if path.suffix in {".toml", ".json", ".yaml"} and path.stem not in {"broken", "mass_outage"})


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_drafts_and_is_clear(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("draft", str(path), "--model", "template", "--json") == 0
    line = json.loads(capsys.readouterr().out)
    assert line["verdict"] == "send"
    assert line["model"] == "template"
    assert line["usage"]["cost"] == "0"


def test_draft_prints_letter_reasons_and_who_wrote_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("draft", OUTAGE) == 0
    out = capsys.readouterr().out
    assert "Subject: " in out
    assert "Severity high" in out
    assert "No model was called" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("draft", "nowhere.toml"), "nowhere.toml: there is no such file"),
        (("draft", "examples/broken.toml"), "examples/broken.toml: unknown key"),
        (("draft", OUTAGE, "--model", "openai:gpt-5.4-mini"), "OPENAI_API_KEY"),
        (("draft", OUTAGE, "--model", "gpt"), "gpt"),
        (("draft", OUTAGE, "--model", "nonsense:x"), "nonsense"),
        (("draft", OUTAGE, "--severity", "low"), "--by"),
        (("draft", OUTAGE, "--revisions", "-1"), "--revisions"),
        (("draft",), "CASE"),
        (("check", "nowhere.txt"), "nowhere.txt: there is no such file"),
        (("check", "examples"), "is a folder"),
        (("rules", "over-promis"), "did you mean 'over-promise'?"),
        (("flood",), "flood"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[incident\n", "is not valid TOML"),
        ("[incident]\nsummary = 'x'\n[account]\ncompany = 'A'\n", "`sender` is missing"),
        ("[incident]\nsumary = 'x'\n[account]\ncompany = 'A'\n[sender]\nname = 'B'\n", "unknown key `incident.sumary`; did you mean `summary`?"),
        (
            "[incident]\nsummary='x'\nstarted_at='2026-06-09T10:00'\nended_at='2026-06-09T09:00'\n[account]\ncompany='A'\n[sender]\nname='B'\n",
            "`incident`: `ended_at` lies before `started_at`",
        ),
        (
            "[incident]\nsummary='x'\nstarted_at='2026-06-09T10:00'\nended_at='2026-06-09T11:00+02:00'\n[account]\ncompany='A'\n[sender]\nname='B'\n",
            "`started_at` has no zone",
        ),
        (
            "[incident]\nsummary='x'\n[account]\ncompany='A'\n[sender]\nname='B'\n[[remedy.items]]\nkind='credit'\namount='1.2.3'\ncurrency='EUR'\n",
            "`remedy.items[0].amount`: '1.2.3' is not an amount",
        ),
        (
            "[incident]\nsummary='x'\n[account]\ncompany='A'\n[sender]\nname='B'\n[[remedy.items]]\nkind='credit'\namount='5'\ncurrency='EUE'\n",
            "`remedy.items[0].currency`: 'EUE' is not an ISO 4217 code; did you mean EUR?",
        ),
    ],
)
def test_a_wrong_case_names_file_field_and_remedy(text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "case.toml"
    path.write_text(text)
    assert run("draft", str(path)) == 2
    err = capsys.readouterr().err
    assert str(path) in err
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_with_several_cases_the_others_still_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("draft", OUTAGE, "examples/broken.toml", "examples/minor_bug.toml", "--json") == 2
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [("error" in line) for line in lines] == [False, True, False]


def test_out_writes_three_files_and_overwrites_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("draft", OUTAGE, "--out", str(tmp_path / "letters")) == 0
    text = (tmp_path / "letters" / "outage.txt").read_text()
    (tmp_path / "letters" / "outage.txt").write_text(text + "edited")
    assert run("draft", OUTAGE, "--out", str(tmp_path / "letters")) == 0
    assert (tmp_path / "letters" / "outage.txt").read_text().endswith("edited")
    assert sorted(path.name for path in (tmp_path / "letters").iterdir()) == [
        f"outage{number}.{ending}" for number in ("-2", "") for ending in ("eml", "json", "txt")
    ]
    message = message_from_bytes((tmp_path / "letters" / "outage.eml").read_bytes())
    assert message["X-Unsent"] == "1"
    assert json.loads((tmp_path / "letters" / "outage.json").read_text())["turns"]


def test_show_prompt_prints_it_and_calls_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("draft", OUTAGE, "--show-prompt", "--model", "openai:x") == 0
    assert "# system" in capsys.readouterr().out


def test_an_override_is_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    run("draft", OUTAGE, "--severity", "critical", "--by", "Ada Lane", "--reason", "two regions", "--json")
    line = json.loads(capsys.readouterr().out)
    assert line["severity"] == "critical"
    assert line["override"]["by"] == "Ada Lane"


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "letter.txt"
    path.write_text("Subject: An update\n\nDear Imran,\n\nWe are sorry if this caused delays. It will never happen again.\n\nRegards,\nTom\n")
    return path


def test_check_marks_the_words_and_exits_1(letter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", str(letter), "--case", OUTAGE) == 1
    out = capsys.readouterr().out
    assert "«" in out
    assert "over-promise" in out


def test_check_without_a_case_says_what_it_did_not_check(letter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("check", str(letter), "--json")
    line = json.loads(capsys.readouterr().out)
    assert {"invented-fact", "leaked-internal-fact", "remedy-mismatch", "wrong-signer", "missing-follow-up", "missing-required-fact"} <= set(line["unchecked"])


def test_findings_quote_the_words_at_their_offsets(letter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("check", str(letter), "--json")
    body = letter.read_text().partition("\n\n")[2].rstrip()
    for finding in json.loads(capsys.readouterr().out)["findings"]:
        text = body if finding["field"] == "body" else "An update"
        assert text[finding["start"] : finding["end"]] == finding["quote"]


def test_letters_stream_in_order_and_a_broken_line_stays_in_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "letters.jsonl"
    path.write_text(
        '{"id": "a", "subject": "s", "body": "b", "case": null}\nnot json\n{"id": "c", "body": 5}\n{"id": "d", "subject": "s", "body": "b", "case": {}}\n'
    )
    assert run("check", str(path), "--json") == 2
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["id"] for line in lines] == ["a", None, "c", "d"]
    assert ["error" in line for line in lines] == [False, True, True, True]


def test_check_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"id": 1, "subject": "s", "body": "b"}\n'))
    run("check", "-", "--json")
    assert json.loads(capsys.readouterr().out)["id"] == "1"


def test_sarif_and_junit_are_well_formed(letter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("check", str(letter), "--format", "sarif")
    log = json.loads(capsys.readouterr().out)
    assert log["version"] == "2.1.0"
    assert log["runs"][0]["results"]
    run("check", str(letter), "--format", "junit")
    suites = ElementTree.fromstring(capsys.readouterr().out)
    assert suites.find("testsuite/testcase/failure") is not None


def test_another_language_is_one_warning_and_unchecked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = {"incident": {"summary": "x"}, "account": {"company": "A", "locale": "de-DE"}, "sender": {"name": "B"}}
    path = tmp_path / "letters.jsonl"
    path.write_text(json.dumps({"id": "a", "subject": "s", "body": "Es tut uns leid.", "case": case}) + "\n")
    run("check", str(path), "--json")
    line = json.loads(capsys.readouterr().out)
    assert sum(finding["rule"] == "unchecked-language" for finding in line["findings"]) == 1
    assert "non-apology" in line["unchecked"]


def test_a_company_rule_is_found_tested_and_applied(tmp_path: Path, letter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "config" / "rules"
    folder.mkdir(parents=True)
    (folder / "ours.toml").write_text(
        '[[forbid]]\nid = "no-delays"\nwords = ["delays?"]\nmessage = "Say late."\nbad = ["Two «delays» a day."]\ngood = ["It was late."]\n'
        '[[replace]]\nid = "plain-use"\nwords = ["utili[sz]e"]\nwith = "use"\nmessage = "Write use."\nbad = ["We «utilise→use» it."]\ngood = ["We use it."]\n'
    )
    assert run("rules", "--test", "--config", str(tmp_path / "config")) == 0
    capsys.readouterr()
    run("check", str(letter), "--json", "--config", str(tmp_path / "config"))
    assert "no-delays" in {finding["rule"] for finding in json.loads(capsys.readouterr().out)["findings"]}


def test_a_policy_switches_a_rule_off(tmp_path: Path, letter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    shipped = Path("guardrails/policy.toml").read_text()
    (folder / "policy.toml").write_text(shipped.replace("\n[rules]\n", '\n[rules]\nover-promise = "off"\n'))
    run("check", str(letter), "--json", "--config", str(folder))
    assert "over-promise" not in {finding["rule"] for finding in json.loads(capsys.readouterr().out)["findings"]}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('signs = "executive"', 'signs = "rep"', "severity.critical.signs is of lower rank"),
        ("acknowledge_hours = 1\n", "acknowledge_hours = 90\n", "`acknowledge_hours` is longer than `respond_hours`"),
        ('signs = "csm"', 'signs = "boss"', "severity.medium.signs"),
        ("[severity.low]", "[severity.lo]", "`low` is missing"),
        ("[retention]", "[retentoin]", "unknown key `retentoin`; did you mean `retention`?"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_line(old: str, new: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path("guardrails/policy.toml").read_text().replace(old, new, 1)
    (tmp_path / "policy.toml").write_text(text)
    assert run("doctor", "--config", str(tmp_path)) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "policy.toml:" in err
    assert len(err.strip().splitlines()) == 1


def test_doctor_names_the_models_and_the_ways_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-value")
    assert run("doctor") == 0
    out = capsys.readouterr().out
    assert "openai:" in out
    assert "sk-secret-value" not in out


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "letters.jsonl"
    path.write_text('{"id": "a", "subject": "s", "body": "b"}\n' * 300)
    code = f"{sys.executable} -m ui check {path} --json | head -1"
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr


def test_the_record_commands_work_on_an_empty_desk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("queue") == 0
    assert "empty" in capsys.readouterr().out
    assert run("queue", "--json") == 0
    assert capsys.readouterr().out == ""
    assert run("audit", "verify") == 0
    assert "holds" in capsys.readouterr().out
    assert run("forget", "--contact", "ada@example.com") == 0


def test_users_are_added_listed_and_removed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a-long-password\n"))
    assert run("users", "add", "dana", "--role", "csm", "--email", "dana@example.com") == 0
    assert run("users", "list") == 0
    assert "dana@example.com" in capsys.readouterr().out
    assert run("users", "remove", "dana") == 0
    assert run("users", "remove", "nobody") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_record_that_can_not_be_opened_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("AMENDS_DATABASE_URL", "nonsense")
    assert run("queue") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
