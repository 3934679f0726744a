"""The letter that needs no model: it says what is known, all of it, and nothing else."""

import asyncio
import json
import re
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drafting.compose import compose, template
from drafting.config import Configuration, configuration
from drafting.models import Complete, Completion
from drafting.triage import triage
from drafting.wording import Wording
from guardrails.case import Case, load, parse
from guardrails.letter import Letter
from guardrails.report import check
from prompts import Prompt

EXAMPLES = Path(__file__).parent.parent / "examples"
CATEGORIES = (
    "minor_bug", "slow_response", "incorrect_information", "poor_service", "billing_error", "feature_malfunction", "missed_deadline", "outage", "data_loss",
    "recurring_issue", "employee_conduct", "security_incident", "critical_moment_failure", "mass_incident", "follow_up",
)  # fmt: skip
FILES = {path.stem: path for path in EXAMPLES.iterdir() if path.stem in CATEGORIES}


@pytest.fixture(scope="module")
def config() -> Configuration:
    return configuration()


def written(case: Case, config: Configuration) -> tuple[Case, Letter]:
    ready = triage(case, config.policy).case
    name = ready.incident.category or "other"
    return ready, compose(ready, config.policy.categories[name], config.skeletons[name], config.policy)


def faults(letter: Letter) -> list[str]:
    """Everything that no careful person would let stand in a letter, whatever it is about."""
    text = f"{letter.subject}\n{letter.body}"
    found = [
        mark
        for mark in ("  ", "..", ",,", " ,", " .", ",.", ":.", ";.", "( ", " )", "()", "{", "}", "[", "None", "TBD", " a a ", " the the ", "\n\n\n")
        if mark in text
    ]
    paragraphs = letter.body.split("\n\n")
    found += ["an empty paragraph"] * sum(not paragraph.strip() for paragraph in paragraphs)
    for paragraph, following in pairwise(paragraphs[1:-1]):
        for line in paragraph.split("\n"):
            said = line.removeprefix("- ")
            if not re.search(r"[.!?:][”\"')]?$", said):
                found.append(f"no end: {said[-30:]}")
            if said[0].islower():
                found.append(f"no capital: {said[:30]}")
            found += [f"no capital: {start}" for start in re.findall(r"(?<=[a-z0-9]\. )[a-z]\S*", said)]
        if paragraph.endswith(":") and not following.startswith("- "):
            found.append("a list without items")
    if not letter.subject or letter.subject != letter.subject.strip() or "\n" in letter.subject:
        found.append("subject")
    return found


@pytest.mark.parametrize("category", CATEGORIES)
def test_composes_a_sound_letter_for_every_example(category: str, config: Configuration) -> None:
    _, letter = written(load(FILES[category]), config)
    assert faults(letter) == []


@pytest.mark.parametrize("category", CATEGORIES)
def test_composed_examples_can_be_sent(category: str, config: Configuration) -> None:
    case, letter = written(load(FILES[category]), config)
    report = check(letter, case, config.policy)
    assert [(finding.rule, finding.quote) for finding in report.findings if finding.level != "suggestion"] == []
    assert report.verdict == "send"


@pytest.mark.parametrize("category", CATEGORIES)
def test_states_every_figure_of_the_example(category: str, config: Configuration) -> None:
    case = load(FILES[category])
    _, letter = written(case, config)
    for measure in case.incident.prevention:
        assert set(re.findall(r"\d+", measure.what)) <= set(re.findall(r"\d+", letter.body))
    for item in case.remedy.items:
        if item.amount is not None:
            assert f"{item.amount:,.2f}".removesuffix(".00") in letter.body
    for text in (case.account.impact, case.incident.cause, case.follow_up, *case.incident.fixes):
        assert set(re.findall(r"\d+", text or "")) <= set(re.findall(r"\d+", letter.body)), text


@pytest.mark.parametrize("category", CATEGORIES)
def test_keeps_the_background_out(category: str, config: Configuration) -> None:
    case = load(FILES[category])
    _, letter = written(case, config)
    for key, value in case.background().items():
        if isinstance(value, str) and len(value) > 7 and not key.endswith((".author", ".subject", "currency")):
            assert value not in letter.text
    assert not re.search(r"renewal|churn|\bARR\b|health score", letter.text, re.IGNORECASE)


def test_composes_the_same_letter_twice(config: Configuration) -> None:
    case = load(FILES["outage"])
    assert written(case, config) == written(case, config)


def test_apologises_first_and_once_more_at_the_close(config: Configuration) -> None:
    for category in CATEGORIES:
        case, letter = written(load(FILES[category]), config)
        sentences = re.findall(r"[^.\n]*\b(?:sorry|apologi[sz]e)\b[^.\n]*", letter.body)
        if category == "follow_up":
            assert sentences == []
            continue
        paragraphs = letter.body.split("\n\n")
        assert paragraphs[1].startswith("I am sorry"), category
        assert "sorry" in paragraphs[-3], category
        assert len(sentences) <= config.policy.severity[case.incident.severity or "low"].apologies, category  # type: ignore[index]


# --- facts taken out at random


OPTIONAL = (
    "incident.summary", "incident.detected_at", "incident.started_at", "incident.ended_at", "incident.timezone", "incident.duration", "incident.impact",
    "incident.scope", "incident.cause", "incident.fixes", "incident.prevention", "incident.links", "incident.postmortem_due", "account.contact",
    "account.impact",
    "account.goals",
    "account.plan", "account.timezone", "account.locale", "account.apologies", "account.tickets", "remedy", "follow_up", "sender.title",
)  # fmt: skip

EXCUSES: dict[str, tuple[str, ...]] = {
    # Which absence is excused by which missing fact: a letter can not say what nobody knows.
    "missing-recognition": ("incident.summary", "account.impact", "incident.impact", "incident.started_at", "incident.details.data_exposed"),
    "vague": ("incident.summary", "account.impact", "incident.impact", "incident.cause", "incident.prevention"),
    "vague-subject": ("incident.summary", "account.impact", "incident.impact", "incident.started_at"),
    "missing-restitution": ("remedy", "incident.fixes"),
    "remedy-mismatch": ("remedy",),
    "missing-prevention": ("incident.prevention",),
    "missing-follow-up": ("follow_up", "incident.postmortem_due"),
    "wrong-signer": ("sender.title",),
}


def without(data: Any, keys: set[str]) -> Any:
    out = json.loads(json.dumps(data, default=str))
    for key in keys:
        place, _, name = key.rpartition(".")
        table = out
        for part in place.split(".") if place else ():
            table = table.get(part, {})
        table.pop(name, None)
    return out


def plain(category: str) -> dict[str, Any]:
    data: dict[str, Any] = load(FILES[category]).model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return data


@st.composite
def thinned(draw: st.DrawFn) -> tuple[str, set[str]]:
    category = draw(st.sampled_from(CATEGORIES))
    details = [f"incident.details.{key}" for key in plain(category)["incident"].get("details", {})]
    return category, set(draw(st.lists(st.sampled_from([*OPTIONAL, *details]), unique=True)))


def thin(category: str, gone: set[str]) -> Case | None:
    data = without(plain(category), gone)
    incident = data["incident"]
    if not (incident.get("summary") or incident.get("impact") or incident.get("details")):
        return None
    return parse(data)


@given(thinned())
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_leaves_out_what_is_not_known(config: Configuration, taken: tuple[str, set[str]]) -> None:
    category, gone = taken
    case = thin(category, gone)
    if case is None:
        return
    _, letter = written(case, config)
    assert faults(letter) == []


@pytest.mark.slow
@given(thinned())
@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_thin_letters_fail_only_for_what_is_missing(config: Configuration, taken: tuple[str, set[str]]) -> None:
    category, gone = taken
    thinner = thin(category, gone)
    if thinner is None:
        return
    case, letter = written(thinner, config)
    for finding in check(letter, case, config.policy).findings:
        if finding.level != "suggestion":
            assert gone & set(EXCUSES.get(finding.rule, ())), f"{finding.rule}: {finding.quote or letter.body}"


# --- an operator's note, told to the customer


def wording(**facts: Any) -> Wording:
    return Wording(
        parse(
            {
                "incident": {"summary": "We failed"},
                "account": {"company": "Thyborøn Vindkraft", "contact": {"name": "Anders Kjær", "first_name": "Anders"}},
                "sender": {"name": "Signe Holm", "title": "Support Lead"},
            }
            | facts
        )
    )


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("Rolled back at 09:55; no booking lost.", "We rolled back at 09:55. We lost no booking."),
        ("Change rolled back at 09:55", "We rolled back the change at 09:55."),
        ("1,140 records recovered from the backup of 3 May", "We recovered 1,140 records from the backup of 3 May."),
        ("Synchronization stopped and sign-ins restored at 09:52", "We stopped the synchronization and restored sign-ins at 09:52."),
        ("20 rolls collected on Tuesday and replaced by new ones", "We collected 20 rolls on Tuesday and replaced them by new ones."),
        ("€180 refunded on 4 June, on the account by 6 June", "We refunded €180 on 4 June, to be on the account by 6 June."),
        ("Service back at 08:25", "The service was back at 08:25."),
        ("Queue running since 08:40", "The queue has been running since 08:40."),
        ("New launch date 22 September", "The new launch date is 22 September."),
        ("Graham taken off the account on 5 September", "We took Graham off the account on 5 September."),
        ("The grower took 352 crates back at our cost", "The grower took 352 crates back at our cost."),
        ("Signe Holm compared each page with the index", "I compared each page with the index."),
        ("The recipient confirmed in writing that she had deleted it", "The recipient confirmed in writing that she had deleted it."),
        ("All readings checked by Ruben Aalto on 3 May", "All readings were checked by Ruben Aalto on 3 May."),
    ],
)
def test_tells_a_fix_as_what_we_did(note: str, told: str) -> None:
    assert " ".join(wording().tell(note, "fixes")) == told


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("Dock board offline", "The dock board was offline."),
        ("Booking page down on Saturday; 140 visitors could not book", "The booking page was down on Saturday. 140 visitors could not book."),
        ("Anders drove to two depots and read the thermometers", "You drove to two depots and read the thermometers."),
        ("The grid operator charged Thyborøn €4,300", "The grid operator charged you €4,300."),
        ("Thyborøn's webshop was gone", "Your webshop was gone."),
        ("The clinic moved 20 appointments", "Your clinic moved 20 appointments."),
        ("Drivers drove from memory", "Your drivers drove from memory."),
        ("Report not delivered on 16 January", "We did not deliver the report on 16 January."),
        ("2,310 repair requests of June and July deleted", "We deleted 2,310 repair requests of June and July."),
        ("63 carers underpaid by £4,118 in total", "It left you with 63 carers underpaid by £4,118 in total."),
        ("June invoice $8,940 instead of $4,980", "Your June invoice came to $8,940 instead of $4,980."),
        ("Checkout API returned errors", "The checkout API returned errors."),
        ("74 quotes expired", "74 quotes expired."),
        ("54 of your people got their pay a day late, on 16 September", "54 of your people got their pay a day late, on 16 September."),
        ("Payouts a day late", "Payouts were a day late."),
        ("Test batch of 300 pasties in cracked film", "It left you with a test batch of 300 pasties in cracked film."),
    ],
)
def test_tells_the_impact_to_those_who_had_it(note: str, told: str) -> None:
    assert " ".join(wording().tell(note, "impact")) == told


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("A named owner for the inbox each day", "We now have a named owner for the inbox each day."),
        ("Alert at 70%; a mute expires after 24 hours", "We now have an alert at 70%. A mute expires after 24 hours."),
        ("Failover rehearsed every month", "We rehearse the failover every month."),
        ("2023 list deleted", "We have deleted the 2023 list."),
        ("Every zone file is parsed by a second program", "Every zone file is parsed by a second program."),
        ("Schema changes only between 22:00 and 02:00 GMT", "We now allow schema changes only between 22:00 and 02:00 GMT."),
        ("No pushes on Fridays", "We now allow no pushes on Fridays."),
        ("A status note goes to the customer ten days before", "A status note goes to you ten days before."),
        ("Two complaints stop a trainer until his lead has heard the customer", "Two complaints stop a trainer until his lead has heard the customer."),
    ],
)
def test_tells_a_change_as_ours(note: str, told: str) -> None:
    assert " ".join(wording().tell(note, "prevention")) == told


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("The wrong file was uploaded on 3 May", "We uploaded the wrong file on 3 May."),
        ("Alerts had been muted for a test", "We had muted alerts for a test."),
        ("The backup was not checked after the move", "We did not check the backup after the move."),
        ("Two colleagues were sent without training", "We sent two colleagues without training."),
        # Near misses: somebody else did it, or may have.
        ("A support laptop was stolen on a train", "A support laptop was stolen on a train."),
        ("The cable was cut by a digger", "The cable was cut by a digger."),
        ("The reference part arrived on 8 May and was unopened", "The reference part arrived on 8 May and was unopened."),
        ("Our clerk transposed two digits", "Our clerk transposed two digits."),
        ("One of our feeds stopped on 5 January", "One of our feeds stopped on 5 January."),
    ],
)
def test_tells_a_cause_with_us_as_the_doer(note: str, told: str) -> None:
    assert " ".join(wording().tell(note, "cause")) == told


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("Call on Thursday 12 February at 10:00 GMT", "I will call you on Thursday 12 February at 10:00 GMT"),
        ("Call by Angela Thorne on 17 November", "Angela Thorne will call you on 17 November"),
        ("Call with the CTO on 22 August", "our CTO will call you on 22 August"),
        ("Call with Signe Holm the same day", "I will call you the same day"),
        ("Optional call on Saturday", "If you would like, I will call you on Saturday"),
        ("Check-in by e-mail on 16 May", "I will check in with you by e-mail on 16 May"),
        ("post-mortem by Tuesday 17 February", "you will have our post-mortem by Tuesday 17 February"),
        ("Written update every 48 hours", "I will send you a written update every 48 hours"),
        ("If it comes back, look at it the same day", "If it comes back, I will look at it the same day"),
        ("I will ring you on Friday", "I will ring you on Friday"),
    ],
)
def test_tells_a_commitment_as_what_we_will_do(note: str, told: str) -> None:
    assert wording().commitment(note) == told


# --- figures


def case_of(**incident: Any) -> Case:
    return parse(
        {
            "incident": {"category": "outage", "severity": "high", "summary": "We took the desk offline"} | incident.pop("incident", {}),
            "account": {"company": "Acme", "contact": {"first_name": "Ada"}} | incident.pop("account", {}),
            "sender": {"name": "Kim Lee", "title": "VP of Customer Success"},
            "written_on": "2026-06-10",
        }
        | incident
    )


@pytest.mark.parametrize(
    ("incident", "account", "said"),
    [
        ({"started_at": "2026-06-09T06:10", "ended_at": "2026-06-09T10:25", "timezone": "Europe/London"}, {"locale": "en-GB"},
         "The outage began on Tuesday 9 June at 06:10 and ended at 10:25 BST, after 4 hours 15 minutes."),
        ({"started_at": "2026-06-09T18:10:00+00:00", "ended_at": "2026-06-10T01:25:00+00:00", "timezone": "America/New_York"}, {"locale": "en-US"},
         "The outage began on Tuesday, June 9 at 2:10 PM and ended at 9:25 PM EDT, after 7 hours 15 minutes."),
        ({"started_at": "2025-12-30", "ended_at": "2026-01-02"}, {}, "The outage began on Tuesday 30 December 2025 and ended on Friday 2 January."),
        ({"started_at": "2026-06-09T06:10", "timezone": "AEST"}, {"locale": "en-AU"}, "The outage began on Tuesday 9 June at 6:10 am AEST."),
        ({"started_at": "2026-06-09T06:10:00+02:00", "ended_at": "2026-06-09T08:10:00+04:00"}, {"timezone": "Asia/Tokyo"},
         "The outage began on Tuesday 9 June at 13:10 JST."),
        ({"started_at": "2026-06-08", "ended_at": "2026-06-20"}, {}, "The outage began on Monday 8 June."),
    ],
)  # fmt: skip
def test_tells_the_window_in_one_zone(incident: dict[str, str], account: dict[str, str], said: str, config: Configuration) -> None:
    _, letter = written(case_of(incident=incident, account=account), config)
    assert said in letter.body


def test_says_first_what_this_account_lived_through(config: Configuration) -> None:
    own = "378 of your couriers waited for their pay until noon"
    facts = {"impact": "The desk answered no request", "started_at": "2026-06-09", "ended_at": "2026-06-09"}
    _, letter = written(case_of(incident=facts, account={"impact": own}), config)
    assert f"I am sorry that we took the desk offline. {own}. The outage began on" in letter.body
    assert letter.body.count(own) == 1
    assert "The desk answered no request." in letter.body


def test_tells_a_planned_change_as_what_we_will_do(config: Configuration) -> None:
    change = {"what": "move all database changes to the night", "status": "planned", "due": "2026-06-30"}
    _, letter = written(case_of(incident={"prevention": [change]}), config)
    assert "We will move all database changes to the night by 30 June." in letter.body


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "said"),
    [
        ("1240.50", "EUR", "en-IE", "€1,240.50"), ("3100.00", "GBP", "en-GB", "£3,100"), ("250", "USD", "en-US", "$250"),
        ("45000", "SEK", "en-SE", "SEK 45,000"),
        ("450", "AUD", "en-AU", "$450"), ("450", "AUD", "en-GB", "A$450"), ("310000", "INR", "en-IN", "₹3,10,000"), ("8400", "CHF", "en-CH", "CHF 8’400"),
    ],
)  # fmt: skip
def test_writes_money_as_the_locale_does(amount: str, currency: str, locale: str, said: str, config: Configuration) -> None:
    remedy = {"items": [{"kind": "refund", "amount": amount, "currency": currency}]}
    _, letter = written(case_of(remedy=remedy, account={"locale": locale}), config)
    assert f"A refund of {said}." in letter.body


def test_an_unsigned_letter_speaks_as_we(config: Configuration) -> None:
    data = plain("outage")
    data["sender"] = {"name": "", "company": "Harbourgrid"}
    _, letter = written(parse(data), config)
    assert not re.search(r"\b(?:I|me|my)\b", letter.body.replace("I will call you on Thursday", ""))
    assert "\n\nWe are sorry that" in letter.body


def test_a_length_that_disagrees_with_the_clock_is_left_out(config: Configuration) -> None:
    incident = {"started_at": "2026-06-09T06:10", "ended_at": "2026-06-09T10:25", "timezone": "UTC", "duration": "2 hours"}
    _, letter = written(case_of(incident=incident), config)
    assert "2 hours" not in letter.body
    assert "4 hours" not in letter.body


async def answered(complete: Complete) -> Completion:
    return await complete(Prompt("", "", ""))


def test_template_is_a_model_that_costs_nothing(config: Configuration) -> None:
    case = load(FILES["outage"])
    answer = asyncio.run(answered(template(case, config)))
    assert answer.model == "template"
    assert answer.usage.cost == Decimal(0)
    assert set(json.loads(answer.text)) == {"subject", "body"}


def test_a_letter_without_a_date_is_dated_today(config: Configuration) -> None:
    case = case_of(incident={"started_at": date.today().isoformat()}).model_copy(update={"written_on": None})
    _, letter = written(case, config)
    assert f"{date.today():%A} {date.today().day} {date.today():%B}." in letter.body
