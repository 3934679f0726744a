"""Each rule's examples are its documentation and its test at once."""

from collections.abc import Iterator

import pytest

from guardrails.marks import mark, unmark
from guardrails.rule import Rule
from guardrails.rules import rules


def examples() -> Iterator[object]:
    for rule in rules():
        for number, text in enumerate((*rule.bad, *rule.good)):
            yield pytest.param(rule, text, id=f"{rule.name}-{number}")


@pytest.mark.parametrize(("rule", "example"), list(examples()))
def test_marks_what_its_example_marks(rule: Rule, example: str) -> None:
    text, _ = unmark(example)
    assert mark(text, rule.on(text)) == example


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_rule_documents_itself(rule: Rule) -> None:
    doc = rule.doc or ""
    assert doc.strip().splitlines()[0].endswith("."), "the first line says the fault in one sentence"
    assert "Source:" in doc
    assert len(rule.bad) >= 2
    assert len(rule.good) >= 2
    assert all("«" in text for text in rule.bad)
    assert not any("«" in text for text in rule.good)
