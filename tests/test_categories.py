"""The letter files: read, refused in one line, replaced by a company's own."""

from pathlib import Path

import pytest

from drafting.categories import SHIPPED, load_categories, load_letters
from drafting.config import configuration
from drafting.skeleton import SLOTS
from guardrails.case import CaseError

FIFTEEN = {
    "minor_bug": "low", "slow_response": "low", "incorrect_information": "low", "poor_service": "medium", "billing_error": "medium",
    "feature_malfunction": "medium", "missed_deadline": "medium", "outage": "high", "data_loss": "high", "recurring_issue": "high",
    "employee_conduct": "high", "security_incident": "critical", "critical_moment_failure": "critical", "mass_incident": "critical",
    "follow_up": None, "other": None,
}  # fmt: skip

GOOD = """+++
title = "Late delivery"
severity = "medium"
when = "Goods arrived after the agreed day."
subject = "Your delivery of {goods} was late | Your late delivery"
tone = "Exact."

[details]
goods = "what was late"

[[needs]]
fact = "incident.details.goods"
blocks = "recognition"
ask = "Which goods?"
+++
I am sorry that we delivered {goods} late.
| I am sorry that we delivered late.
"""


def test_ships_the_fifteen_and_other() -> None:
    assert {name: category.severity for name, category in load_categories().items()} == FIFTEEN


@pytest.mark.parametrize("name", FIFTEEN)
def test_every_letter_says_what_it_is_for(name: str) -> None:
    category = load_categories()[name]
    assert category.when
    assert category.must
    assert category.source
    assert all(need.ask.endswith("?") for need in category.needs)
    assert category.apology is (name != "follow_up")


@pytest.mark.parametrize("name", [name for name in FIFTEEN if name != "follow_up"])
def test_every_apology_asks_for_the_cause(name: str) -> None:
    assert any("incident.cause" in need.fact and need.blocks == "responsibility" for need in load_categories()[name].needs)


@pytest.mark.parametrize("name", FIFTEEN)
def test_every_skeleton_begins_with_the_apology_it_owes(name: str) -> None:
    category, skeleton = load_letters(SHIPPED)[name]
    first = skeleton.paragraphs[0][0]
    assert all(line.text.startswith("I am sorry") for line in first) is category.apology
    assert not first[-1].holes, "the last alternative needs no fact"
    assert not skeleton.subject[-1].holes


def test_a_company_adds_a_category_by_adding_a_file(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "late_delivery.md").write_text(GOOD)
    found = configuration(tmp_path)
    assert found.policy.categories["late_delivery"].title == "Late delivery"
    assert "late_delivery" in found.skeletons
    assert tmp_path / "letters" / "late_delivery.md" in found.sources
    assert set(FIFTEEN) < set(found.policy.categories)


def test_a_company_replaces_a_shipped_letter(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "outage.md").write_text(GOOD)
    assert configuration(tmp_path).policy.categories["outage"].title == "Late delivery"


def test_a_company_brings_its_own_policy(tmp_path: Path) -> None:
    shipped = (Path(__file__).parent.parent / "guardrails" / "policy.toml").read_text(encoding="utf-8")
    (tmp_path / "policy.toml").write_text(shipped.replace("version = 1", "version = 7"), encoding="utf-8")
    found = configuration(tmp_path)
    assert found.policy.version == 7
    assert set(FIFTEEN) == set(found.policy.categories)


def test_an_empty_folder_changes_nothing(tmp_path: Path) -> None:
    assert configuration(tmp_path).sources == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("+++\ntitle", "title"), "begin with TOML between two lines of `\\+\\+\\+`"),
        (("title = ", "titel = "), "unknown key `titel`; did you mean `title`"),
        (('severity = "medium"', 'severity = "bad"'), "`severity`"),
        (("[details]", "[details"), "not valid TOML"),
        (("incident.details.goods", "incident.details.good"), "not declared under \\[details\\]"),
        (("we delivered {goods} late.\n", "we delivered {good} late.\n"), "nothing is known by the name `\\{good\\}`; did you mean `\\{goods\\}`"),
        (("I am sorry that we delivered {goods}", "| I am sorry that we delivered {goods}"), "a paragraph begins with `|`"),
        (("late.\n|", "late. {if maybe goods}\n|"), "is no test"),
        (("delivered {goods}", "delivered {goods"), "brace"),
    ],
)
def test_refuses_a_bad_file_in_one_line(change: tuple[str, str], said: str, tmp_path: Path) -> None:
    (tmp_path / "late_delivery.md").write_text(GOOD.replace(*change, 1))
    with pytest.raises(CaseError, match=said) as error:
        load_letters(tmp_path)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(tmp_path / "late_delivery.md"))


def test_refuses_a_file_name_that_is_no_id(tmp_path: Path) -> None:
    (tmp_path / "Late delivery.md").write_text(GOOD)
    with pytest.raises(CaseError, match="name the file after the category"):
        load_letters(tmp_path)


def test_the_guide_names_every_hole() -> None:
    guide = (Path(__file__).parent.parent / "docs" / "categories.md").read_text(encoding="utf-8")
    for name, meaning in SLOTS.items():
        assert f"| `{{{name}}}` | {meaning} |" in guide
