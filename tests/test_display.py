from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from guardrails.finding import Finding, Level
from guardrails.report import Report
from ui.display import ago, amount, checks, csv, due, for_browser, span, utf16, when, words

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (-49, ("2 days overdue", "late")),
        (-0.5, ("30 min overdue", "late")),
        (0.75, ("due in 45 min", "bad")),
        (3.9, ("due in 3 h", "bad")),
        (5, ("due in 5 h", "near")),
        (30, ("due in 30 h", "plain")),
        (72, ("due in 3 days", "plain")),
    ],
)
def test_a_deadline_says_how_long_and_how_urgent(hours: float, said: tuple[str, str]) -> None:
    assert due(NOW + timedelta(hours=hours), NOW) == said


def test_a_deadline_names_what_is_due() -> None:
    assert due(NOW + timedelta(hours=5), NOW, "respond") == ("respond: due in 5 h", "near")
    assert due(None, NOW) == ("no deadline", "plain")


def test_times_stand_on_the_viewers_clock() -> None:
    assert when(NOW, ZoneInfo("Europe/Berlin")) == "21 Nov 2026, 13:00"
    assert when(NOW) == "21 Nov 2026, 12:00 UTC"
    assert when(None) == "unknown"


def test_lengths_and_sums_are_short() -> None:
    assert [span(timedelta(minutes=minutes)) for minutes in (0, 59, 60, 2879, 2880)] == ["0 min", "59 min", "1 h", "47 h", "2 days"]
    assert [amount(value, "EUR") for value in (None, 900.0, 48_000, 1_840_000)] == ["—", "900 EUR", "48 k EUR", "1.84 M EUR"]
    assert ago(NOW - timedelta(seconds=20), NOW) == "just now"
    assert ago(NOW - timedelta(minutes=20), NOW) == "20 min ago"


def test_checks_are_told_in_words() -> None:
    assert checks(0, 0) == [("clear", "good")]
    assert checks(1, 2) == [("1 error", "bad"), ("2 warnings", "near")]
    assert words("in_review") == "In review"


def test_the_browser_counts_in_utf16() -> None:
    assert utf16("a😀b") == [0, 1, 3, 4]
    body = "Dear 😀 Ada, zebras"
    start = body.index("zebras")
    finding = Finding("no-zebra", Level.ERROR, "body", start, start + 6, "zebras", "No.")
    shown = for_browser(Report((finding,), {}), "", body)["findings"][0]
    units = body.encode("utf-16-le")
    assert units[2 * shown["start"] : 2 * shown["end"]].decode("utf-16-le") == "zebras"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", " =1", "\t=1"])
def test_a_table_file_runs_no_formula(cell: str) -> None:
    assert csv(["a"], [[cell]]).splitlines()[1].strip('"').startswith("'")
