from pathlib import Path

import pytest

import guardrails
from guardrails.policy import parse_policy
from ui.policy_text import literal, with_value

TEXT = '# top\nversion = 1\n\n[severity.low]\ntone = "calm"  \napprovals = 1\n\n# about rules\n[rules]\n'


def test_one_line_changes_and_the_rest_stays() -> None:
    assert with_value(TEXT, "severity.low", "approvals", 2) == TEXT.replace("approvals = 1", "approvals = 2")


def test_a_missing_key_goes_to_the_end_of_its_table() -> None:
    assert "approvals = 1\npostmortem = true\n\n# about" in with_value(TEXT, "severity.low", "postmortem", True)
    assert with_value(TEXT, "rules", "tone", "off").endswith('[rules]\ntone = "off"\n')


def test_a_key_is_taken_out_and_a_table_is_made() -> None:
    assert "tone" not in with_value(TEXT, "severity.low", "tone", None)
    assert with_value(TEXT, "approval", "override", "executive").endswith('\n[approval]\noverride = "executive"\n')


@pytest.mark.parametrize(("value", "written"), [(True, "true"), (2.0, "2"), (0.5, "0.5"), ([48, 72], "[48, 72]"), ('a "b"', '"a \\"b\\""')])
def test_values_are_written_as_toml(value: object, written: str) -> None:
    assert literal(value) == written


def test_the_shipped_policy_survives_a_change() -> None:
    changed = parse_policy(with_value(Path(guardrails.__file__).with_name("policy.toml").read_text(), "severity.high", "approvals", 2), "policy")
    assert changed.severity["high"].approvals == 2  # type: ignore[index]
