"""The figures of the rules: how a finding is held against a label, and how sure a share is."""

from collections.abc import Iterator
from typing import Any

import pytest

from eval.measure import MEASURED, SPLITS, figures, measure, misses, table, written
from eval.records import records
from eval.statistics import share, wilson
from guardrails.finding import Level, Match
from guardrails.letter import Reading
from guardrails.rule import Rule, phrases

TEXT = "We might have lost some orders. We might send them again."


def row(*labels: dict[str, Any], body: str = TEXT, kind: str = "sentence", name: str = "r1", **more: Any) -> dict[str, Any]:
    return {
        "id": name, "kind": kind, "severity": "high", "category": "other", "facts": None, "subject": "", "body": body,
        "labels": {"has": {}, "findings": list(labels)}, "writer": "w", "split": "tune", **more,
    }  # fmt: skip


def label(quote: str, rule: str = "tone", body: str = TEXT, **more: Any) -> dict[str, Any]:
    start = body.index(quote)
    return {"rule": rule, "in": "body", "start": start, "end": start + len(quote), "quote": quote, **more}


def fires_on(*words: str, name: str = "tone") -> Rule:
    return Rule(f"rules.form.{name.replace('-', '_')}", "", Level.ERROR, "", phrases(*words), (), ())


def counted(*rows: dict[str, Any], rule: Rule) -> dict[str, tuple[float, int]]:
    found = figures(measure(rows, [rule], elements=False))["rules"][rule.name]["tune"]
    return {key: (figure["value"], figure["n"]) for key, figure in found.items()}


def test_a_finding_is_right_where_it_overlaps_a_label() -> None:
    assert counted(row(label("might have lost")), rule=fires_on("lost some")) == {"precision": (1, 1), "recall": (1, 1)}


def test_a_finding_beside_every_label_is_a_false_alarm_and_leaves_a_miss() -> None:
    assert counted(row(label("lost some orders")), rule=fires_on("send")) == {"precision": (0, 1), "recall": (0, 1)}


def test_a_finding_over_two_labels_counts_once_and_finds_both() -> None:
    assert counted(row(label("lost"), label("orders")), rule=fires_on("lost some orders")) == {"precision": (1, 1), "recall": (1, 2)}


def test_a_borderline_label_counts_neither_way() -> None:
    assert counted(row(label("lost", borderline=True), label("send")), rule=fires_on("lost", "send")) == {"precision": (1, 1), "recall": (1, 1)}


def test_a_wrong_sum_marked_as_invented_is_no_false_alarm() -> None:
    both = row(label("lost", "invented-fact"), label("send", "inconsistent-fact"))
    assert counted(both, rule=fires_on("lost", "send", name="inconsistent-fact")) == {"precision": (1, 1), "recall": (1, 1)}


def test_what_is_missing_is_scored_by_letter() -> None:
    def ends(reading: Reading) -> Iterator[Match]:
        yield Match("body", reading.end)

    rule = Rule("rules.prevention.missing_follow_up", "", Level.ERROR, "", ends, (), ())
    absent = label("orders", "missing-follow-up", absence=True)
    letters = (row(absent, kind="letter"), row(kind="letter", name="r2"), row(absent, name="r3"))
    assert counted(*letters, rule=rule) == {"precision": (0.5, 2), "recall": (1, 1)}


def test_a_harmful_passive_taken_for_harmless_is_counted() -> None:
    def find(reading: Reading) -> Iterator[Match]:
        for sentence in reading.all:
            yield Match("body", sentence.whole, evidence="harmless")

    rule = Rule("rules.responsibility.passive_voice", "", Level.ERROR, "", find, (), ())
    found = counted(row(label("lost", "passive-voice", harmful=True), label("send", "passive-voice", harmful=False)), rule=rule)
    assert found["harmful"] == (0.5, 2)


def test_a_rule_that_no_row_labels_is_reported_as_a_rate() -> None:
    assert counted(row(kind="letter"), row(kind="letter", name="r2", body="Thanks."), rule=fires_on("send")) == {"rate": (0.5, 2)}


def test_misses_quote_the_tuning_rows_and_only_count_the_held_out_ones() -> None:
    seen = measure([row(label("lost")), row(label("orders"), name="r2", split="test")], [fires_on("send")], elements=False)
    said = misses(seen, "tone")
    assert "miss  r1  We might have «lost» some orders." in said
    assert "r2" not in said
    assert "2 in split test (not shown)" in said
    assert "r2" in misses(seen, "tone", show_test=True)


def test_the_table_gives_value_interval_and_n() -> None:
    assert "tone                     1.00 (0.21-1.00, n=1)" in table(figures(measure([row(label("lost"))], [fires_on("lost")], elements=False)), "tune")


def test_wilson_is_as_published() -> None:
    assert wilson(0.1, 20) == pytest.approx((0.0279, 0.3010), abs=1e-4)


def test_findings_of_one_letter_make_an_interval_wider_than_independent_ones() -> None:
    alone = share([[hit] for hit in [True] * 30 + [False] * 10])
    together = share([[True] * 10] * 3 + [[False] * 10])
    assert (alone.value, alone.n) == (together.value, together.n) == (0.75, 40)
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_every_label_quotes_the_words_it_points_at() -> None:
    rows = [row for split in SPLITS for row in records(split)]
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        for found in row["labels"]["findings"]:
            assert row[found["in"]][found["start"] : found["end"]] == found["quote"], row["id"]


@pytest.mark.slow
def test_the_figures_in_the_repository_are_what_the_rules_reach() -> None:
    rows = [row for split in SPLITS for row in records(split)]
    assert MEASURED.read_text(encoding="utf-8") == written(figures(measure(rows))), "run `make measure`"
