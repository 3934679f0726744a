"""What a case calls for, and why."""

from pathlib import Path
from typing import Any

import pytest

from drafting.config import configuration
from drafting.triage import Override, missing, triage
from guardrails.case import Case, CaseError, Severity, load, parse
from guardrails.policy import Policy

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def policy() -> Policy:
    return configuration().policy


def case(summary: str = "", **parts: Any) -> Case:
    incident = {"summary": summary or None} | parts.pop("incident", {})
    return parse(
        {"incident": incident, "account": {"company": "Acme"} | parts.pop("account", {}), "sender": {"name": "Kim Lee"}, "written_on": "2026-06-10"} | parts
    )


@pytest.mark.parametrize(
    ("summary", "severity"),
    [
        ("An intruder downloaded the names of 4,270 patients", "critical"),
        ("We left the folder open to the internet", "critical"),
        ("We exposed the address of one employee", "critical"),
        ("We took all 2,600 merchants offline", "critical"),
        ("We let the checkout fail on Black Friday", "critical"),
        ("We deleted 1,920 of your maintenance records", "high"),
        ("We suspended your account over an invoice you had paid", "high"),
        ("We sent the wrong report for the third time", "high"),
        ("Our trainer mocked two apprentices", "high"),
        ("We charged you twice for March", "medium"),
        ("We did not deliver the panels", "medium"),
        ("The export stopped working", "medium"),
        ("We hung up on you", "medium"),
        ("A label showed a typo in the footer", "low"),
        # Near misses: what did not happen is no signal.
        ("A label showed a typo; no data was exposed", "low"),
        ("The font was wrong. Nothing was leaked, and no records were deleted.", "low"),
        ("We answered you late. Your account was never suspended", "low"),
        ("A tooltip showed a typo, without an outage", "low"),
        ("A typo in the guide that explains data breaches", "low"),
    ],
)
def test_classifies_severity_by_the_worst_signal(summary: str, severity: str, policy: Policy) -> None:
    assert triage(case(summary), policy).case.incident.severity == severity


def test_a_small_scope_never_lowers_the_severity(policy: Policy) -> None:
    found = triage(case("We exposed one address", incident={"scope": "a single customer"}), policy)
    assert found.case.incident.severity is Severity.CRITICAL


def test_an_outage_is_graver_when_it_is_long(policy: Policy) -> None:
    short = {"started_at": "2026-06-09T06:00", "ended_at": "2026-06-09T06:20", "timezone": "UTC", "category": "other"}
    long = short | {"ended_at": "2026-06-09T09:20"}
    assert triage(case("The desk was offline", incident=short), policy).case.incident.severity is Severity.MEDIUM
    assert triage(case("The desk was offline", incident=long), policy).case.incident.severity is Severity.HIGH


def test_gives_the_words_and_their_key_as_reasons(policy: Policy) -> None:
    assert "critical: data exposure (incident.summary: intruder)" in triage(case("An intruder read the list"), policy).severity_reasons


def test_nothing_known_is_medium_until_a_person_says_otherwise(policy: Policy) -> None:
    found = triage(case("The brochure had the old logo"), policy)
    assert found.case.incident.severity is Severity.MEDIUM
    assert "a person may set it" in found.severity_reasons[0]


def test_a_stated_severity_stands_and_a_graver_sign_is_a_warning(policy: Policy) -> None:
    found = triage(case("An intruder read the list", incident={"severity": "low"}), policy)
    assert found.case.incident.severity is Severity.LOW
    assert any("the facts speak for critical" in line for line in found.warnings)


def test_an_override_is_recorded_with_its_reason(policy: Policy) -> None:
    override = Override("Ada", "the customer asked for an executive", Severity.HIGH, "outage")
    found = triage(case("A label showed a typo"), policy, override)
    assert (found.case.incident.severity, found.case.incident.category, found.override) == (Severity.HIGH, "outage", override)
    assert found.severity_reasons[0] == "set to high by Ada: the customer asked for an executive"


@pytest.mark.parametrize(("by", "reason"), [("", "because"), ("Ada", " ")])
def test_an_override_needs_a_person_and_a_reason(by: str, reason: str) -> None:
    with pytest.raises(CaseError, match="--by and --reason"):
        Override(by, reason, Severity.LOW)


@pytest.mark.parametrize("path", sorted(path for path in EXAMPLES.iterdir() if path.stem in {*configuration().policy.categories}), ids=lambda path: path.stem)
def test_finds_the_category_and_severity_of_every_example(path: Path, policy: Policy) -> None:
    stated = load(path)
    bare = stated.model_copy(update={"incident": stated.incident.model_copy(update={"category": None, "severity": None})})
    found = triage(bare, policy).case.incident
    assert (found.category, found.severity) == (stated.incident.category, stated.incident.severity)


@pytest.mark.parametrize(
    ("summary", "category"),
    [
        ("We charged you for 412 seats", "billing_error"),
        ("Your ticket stayed unanswered for six days", "slow_response"),
        ("We gave you the wrong cut-off", "incorrect_information"),
        ("We missed the deadline for the panels", "missed_deadline"),
        ("The booking desk was offline", "outage"),
        ("The brochure had the old logo", "other"),
    ],
)
def test_chooses_the_category_by_its_signals(summary: str, category: str, policy: Policy) -> None:
    assert triage(case(summary), policy).case.incident.category == category


def test_an_apology_of_the_kind_within_ninety_days_makes_it_recurring(policy: Policy) -> None:
    incident = {"started_at": "2026-06-01"}
    recent = {"apologies": [{"at": "2026-04-10", "category": "outage"}]}
    old = {"apologies": [{"at": "2026-01-10", "category": "outage"}]}
    other = {"apologies": [{"at": "2026-04-10", "category": "billing_error"}]}
    found = [triage(case("The desk was offline", incident=incident, account=account), policy).case.incident.category for account in (recent, old, other)]
    assert found == ["recurring_issue", "outage", "outage"]


def test_many_accounts_make_it_a_mass_incident(policy: Policy) -> None:
    found = triage(case("The desk was offline for all customers"), policy)
    assert found.case.incident.category == "mass_incident"
    assert found.category_reasons[0].startswith("every customer")


def test_refuses_a_category_nobody_has_described(policy: Policy) -> None:
    with pytest.raises(CaseError, match="did you mean outage"):
        triage(case("The desk was offline", incident={"category": "outtage"}), policy)


def test_asks_for_what_blocks_responsibility_first(policy: Policy) -> None:
    asked = missing(case("The desk was offline"), policy.categories["outage"])
    blocks = [need.blocks for need in asked if not need.optional]
    assert blocks == sorted(blocks, key=["responsibility", "restitution", "recognition", "prevention", "remorse"].index)
    assert asked[0].fact == "incident.cause"
    assert all(need.ask.endswith("?") for need in asked)


def test_asks_nothing_that_the_case_answers(policy: Policy) -> None:
    assert [need.fact for need in triage(load(EXAMPLES / "outage.toml"), policy).missing] == []


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"incident": {"category": "outage", "severity": "high", "details": {"servic": "desk"}}},
         "incident.details.servic: letters of the kind outage declare no such key; did you mean service?"),
        ({"incident": {"severity": "low"}, "remedy": {"items": [{"kind": "credit", "amount": 5, "currency": "EUR"}]}},
         "remedy.items[0]: the policy offers no credit at severity low"),
        ({"incident": {"severity": "critical"}, "sender": {"name": "Kim", "title": "Support Agent"}},
         "sender.role: Support Agent does not sign at severity critical"),
        ({"account": {"apologies": [{"at": "2026-01-01"}]}}, "account.apologies: this account has had 1 before"),
    ],
)  # fmt: skip
def test_warns_before_anything_is_written(parts: dict[str, Any], said: str, policy: Policy) -> None:
    assert any(line.startswith(said) for line in triage(case("The desk was offline", **parts), policy).warnings)
