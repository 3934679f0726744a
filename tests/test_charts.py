from datetime import date

from drafting.store.trends import Count, Dismissed, Fired, Kept, Week
from eval.statistics import Figure
from ui import charts


def rows(chart: object) -> list[dict[str, object]]:
    spec = chart.to_dict()  # type: ignore[attr-defined]
    return list(spec["data"]["values"])


def test_weeks_are_stacked_by_severity_in_their_order() -> None:
    found = rows(charts.weeks([Week(date(2026, 11, 16), {"high": 2, "low": 1})]))
    assert [(row["severity"], row["letters"]) for row in found] == [("Low", 1), ("High", 2)]
    assert found[0]["week"] == "2026-11-16"


def test_names_are_ranked_and_cut() -> None:
    found = rows(charts.ranked([Count(f"c{n}", 20 - n) for n in range(20)], "Cause", 3))
    assert [row["name"] for row in found] == ["c0", "c1", "c2"]


def test_rules_add_up_over_their_authors() -> None:
    found = rows(charts.rules([Fired("vague", "ada", 2, 3), Fired("vague", "template", 1, 1), Fired("tone", "ada", 1, 1)]))
    assert [(row["name"], row["value"]) for row in found] == [("vague", 3), ("tone", 1)]


def test_shares_are_percent() -> None:
    assert rows(charts.dismissed([Dismissed("vague", 3, 2)]))[0]["value"] == 66.7


def test_promises_keep_their_order() -> None:
    assert [row["name"] for row in rows(charts.promises(Kept(1, 2, 3, 4)))] == ["Kept", "Kept late", "Open", "Late"]


def test_every_chart_can_be_picked_from() -> None:
    for chart in (charts.weeks([]), charts.bars([("a", 1.0)], "Name", "Letters")):
        assert charts.PICK in str(chart.to_dict()["params"])


def test_runs_are_shares_with_intervals_a_line_each() -> None:
    spec = charts.intervals([("sendable", "A", Figure(0.5, 0.4, 0.6, 20)), ("sendable", "B", Figure(0.8, 0.7, 0.9, 20))]).to_dict()
    assert [(row["run"], row["low"], row["value"], row["high"]) for row in spec["data"]["values"]] == [("A", 40, 50, 60), ("B", 70, 80, 90)]
