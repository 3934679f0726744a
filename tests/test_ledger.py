"""The map from what a letter says to the facts behind it."""

from time import perf_counter
from typing import Any

import pytest

from guardrails.case import Case, parse
from guardrails.facts.ledger import Item, Standing, show
from guardrails.finding import Finding
from guardrails.letter import Letter, Reading
from guardrails.policy import default_policy
from guardrails.rule import Rule
from guardrails.rules.facts.inconsistent_fact import rule as inconsistent
from guardrails.rules.facts.invented_fact import rule as invented
from guardrails.rules.facts.leaked_internal_fact import rule as leaked
from guardrails.rules.restitution.remedy_mismatch import rule as mismatch


def case(**incident: Any) -> Case:
    return parse(
        {
            "incident": {
                "severity": "high",
                "started_at": "2026-02-10T06:40",
                "ended_at": "2026-02-10T09:55",
                "timezone": "GMT",
                "impact": "Booking board offline; 22 trucks queued at the gate.",
                "cause": "We deployed an index change at the morning peak.",
                "fixes": "Change rolled back at 09:55.",
            }
            | incident,
            "account": {
                "company": "Fennimore Cold Storage",
                "contact": {"first_name": "Adaeze"},
                "tickets": [
                    {
                        "id": "8812",
                        "public": True,
                        "body": "Your board cost us 5,000 pounds; you promised a refund. Confirm in writing that it was sabotage by Amazon.",
                    }
                ],
                "background": {"arr": "40800", "renewal_date": "2026-06-30", "notes": "Ops director is evaluating Portside."},
            },
            "remedy": {"items": [{"kind": "refund", "amount": "3400", "currency": "GBP", "text": "February fee"}]},
            "sender": {"name": "Priscilla Vane", "title": "VP of Customer Success", "company": "Quaylight"},
            "follow_up": "Call on Thursday 12 February at 10:00 GMT.",
            "written_on": "2026-02-10",
        }
    )


def items(text: str) -> list[Item]:
    return [item for item in Reading(Letter("", text), case(), default_policy()).ledger.items if item.standing is not Standing.IDLE]


def findings(rule: Rule, text: str, **incident: Any) -> list[str]:
    found: tuple[Finding, ...] = rule.run(Reading(Letter("", text), case(**incident), default_policy()))
    return [finding.quote for finding in found]


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("It began at twenty to seven.", "incident.started_at: 2026-02-10 06:40"),
        ("On Tuesday the board was down.", "incident.started_at: 2026-02-10 06:40"),
        ("Twenty-two trucks queued.", "incident.impact: Booking board offline; 22 trucks queued at the gate."),
        ("You get back three thousand four hundred pounds.", "remedy.items[0].amount: 3400 GBP"),
        ("I will call you the day after tomorrow.", "follow_up: Call on Thursday 12 February at 10:00 GMT."),
    ],
)
def test_each_figure_leads_to_its_fact(text: str, fact: str) -> None:
    assert [item.fact for item in items(text)] == [fact]


def test_a_duration_is_derived_from_start_and_end() -> None:
    (item,) = items("For three hours and a quarter your gate stood still.")
    assert item.standing is Standing.HELD
    assert "incident.ended_at" in (item.fact or "")
    assert item.value_text == "3:15:00"


def test_what_nobody_gave_is_unknown() -> None:
    assert findings(invented, "On Tuesday 31 trucks queued.") == ["31"]
    assert findings(invented, "I will call you on Friday 13 February.") == ["Friday 13 February"]


def test_a_right_date_with_a_wrong_weekday_contradicts_the_calendar() -> None:
    text = "I will call you on Friday 12 February."
    assert findings(inconsistent, text) == findings(invented, text) == ["Friday 12 February"]


def test_a_sum_that_does_not_add_up_contradicts_itself() -> None:
    assert findings(inconsistent, "From 06:40 to 09:55, two hours and a quarter, the board was down.") == ["two hours and a quarter"]


def test_a_ticket_grounds_no_remedy() -> None:
    assert findings(mismatch, "We will refund 5,000 pounds.") != []


def test_the_background_may_not_show() -> None:
    assert findings(leaked, "I know that you have been looking at Portside.") != []
    assert findings(leaked, "I want this settled before we talk about June.") != []
    assert findings(leaked, "We looked at the index again.") == []


def test_an_approved_amount_is_suggested_for_a_wrong_one() -> None:
    (finding,) = mismatch.run(Reading(Letter("", "We refund £4,300 of your February fee."), case(), default_policy()))
    assert finding.suggestion == "We refund £3,400 of your February fee"
    assert finding.evidence == "remedy.items[0].amount: 3400 GBP"


def test_money_at_low_severity_is_a_mismatch_and_a_returned_overcharge_is_not() -> None:
    assert findings(mismatch, "Please accept a £25 voucher.", severity="low") != []
    assert findings(mismatch, "The £310 we took too much went back to you.", severity="low", fixes="£310 refunded on 10 February.") == []


def test_offsets_point_into_the_field() -> None:
    text = "Dear Adaeze,\n\nOn Tuesday 31 trucks queued 🚚 at 06:40."
    for item in items(text):
        assert text[item.span.start : item.span.end] == item.quote


def test_without_a_case_every_rule_but_the_calendar_is_silent() -> None:
    reading = Reading(Letter("", "I will call you on Friday 12 February 2026."), None, default_policy())
    assert [finding.quote for finding in inconsistent.run(reading)] == ["Friday 12 February 2026"]


def test_the_map_shows_each_sentence_with_what_stands_behind_it() -> None:
    shown = show(Reading(Letter("", "I am sorry. On Tuesday 31 trucks queued."), case(), default_policy()).ledger)
    assert shown.splitlines() == [
        "I am sorry.",
        "On Tuesday 31 trucks queued.",
        "    Tuesday  <-  incident.started_at: 2026-02-10 06:40 (the weekday of 2026-02-10)",
        "    31  contradicted (the facts count 22)",
    ]


@pytest.mark.parametrize("unit", ["we refund £31, ", "all of it is back and ", "case study ", "portside in june "])
def test_an_endless_sentence_takes_time_linear_in_its_length(unit: str) -> None:
    def seconds(count: int) -> float:
        start = perf_counter()
        for rule in (invented, inconsistent, leaked, mismatch):
            findings(rule, unit * count)
        return perf_counter() - start

    seconds(10)
    assert seconds(2400) < 30 * seconds(300) + 0.2


STOPS = {"impact": "312 crates in 12 trucks waited; the stops lasted 1 h 05 min, 2 h 20 min and 4 h 30 min.", "fixes": "Back at 09:55."}


@pytest.mark.parametrize(
    "text",
    [
        "The board was down until 10:55 CET.",
        "It began at 07:40 your time.",
        "The board came back five minutes before ten.",
        "Together the stops cost you seven hours and fifty-five minutes.",
        "More than three hundred crates stood there.",
        "That is 26 crates in each truck.",
        "Somebody has to answer before midnight.",
        "In the new year your board is on the first shelf of the first floor.",
        "You may still have your refund from us in mind, which you asked for in ticket 8812.",
    ],
)
def test_what_the_facts_give_without_saying_it_is_not_invented(text: str) -> None:
    assert findings(invented, text, **STOPS) == []


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("The board was down until 11:05 CET.", "11:05"),
        ("Together the stops cost you six hours and ten minutes.", "six hours and ten minutes"),
        ("More than five hundred crates stood there.", "five hundred"),
        ("That is 29 crates in each truck.", "29"),
    ],
)
def test_what_the_facts_do_not_give_is_invented(text: str, quote: str) -> None:
    assert findings(invented, text, **STOPS) == [quote]


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("It stood so for thirty-six years too long.", {"impact": "The cover said 2062 instead of 2026."}),
        ("We owe you two months of it.", {"impact": "The February and March fees were charged wrongly."}),
        ("For thirteen hours we kept that to ourselves.", {"impact": "Known on 8 February at 22:00, told at 11:00."}),
        ("It pages us nine days later than the renewal at 30 days.", {"prevention": "Keys renew 30 days ahead; an alert comes at 21 days."}),
        ("The other 21 trucks have left.", {}),
        ("A change reaches five accounts in a hundred first.", {"prevention": "Changes go to 5 percent of accounts first."}),
        ("Could you spare me a quarter of an hour?", {}),
        ("Your bank will take three to four days.", {"impact": "The bank needs four days."}),
        ("Every yard in Rotterdam is short of hands.", {}),
        ("The new plan is not out before September.", {}),
        ("It was back a quarter of an hour before ten.", {"fixes": "Board back at 09:45."}),
        ("All was done before ten o'clock.", {}),
        ("That morning cost many of you a Saturday as well.", {}),
        ("If a truck is turned away next Sunday, I come myself.", {}),
        ("We saw it before with the third release, 2.8.2, and on host lon-7.", {}),
        ("In January 12 pallets waited, in February 15.", {"impact": "12 and 15 pallets waited in January and February."}),
        ("From the first stop to the second it was twenty-one hours and ten minutes.", {"impact": "Stopped on 8 February at 09:30 and 9 February at 06:40."}),
        ("Eighteen out of twenty crates came back, one in ten is gone.", {"impact": "240 crates; 24 lost."}),
        ("With the fees it comes to twenty pounds short of two thousand.", {"impact": "Fees of £1,120 and £860."}),
        ("In all 225 people waited.", {"impact": "44, 61 and 120 people waited on three evenings."}),
        ("For three months in a row the invoice was wrong.", {"impact": "Invoices of 12 December, 9 January and 6 February were wrong."}),
        ("It cost you £310 a day.", {"impact": "£4,340 of diesel in 14 days."}),
        ("We took half of one per cent too much.", {"impact": "Rate 0.5 percent too high."}),
        ("It cut the code after six digits.", {"impact": "The code was cut after the sixth digit."}),
        ("You were down on the 6th and the 9th of February.", {"impact": "Third stop in February (6, 9, 10)."}),
        ("An hour and fifty it took.", {"duration": "1 h 50 min"}),
        ("The queue was 2.9 seconds long.", {"impact": "Latency 2.9 s instead of 40 ms."}),
        ("Thanks a million for that, and for a hundred small kindnesses.", {}),
        ("Our Chief Technology Officer here in Leeds has read it.", {}),
    ],
)
def test_what_a_figure_or_a_name_counts_as_besides_is_not_invented(text: str, facts: dict[str, str]) -> None:
    assert findings(invented, text, **facts) == []


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("It stood so for thirty years too long.", "thirty years"),
        ("A change reaches thirty accounts in a hundred first.", "thirty"),
        ("Under clause 8 you could have told us.", "8"),
        ("Our trucks waited in Rotterdam.", "Rotterdam"),
        ("It was back a quarter of an hour before eleven.", "a quarter of an hour"),
        ("I call you next Sunday.", "next Sunday"),
        ("From the stop to your call it was ninety-one hours.", "ninety-one hours"),
        ("The tray is T31, of which nothing is known.", "T31"),
    ],
)
def test_what_is_near_to_it_is_still_invented(text: str, quote: str) -> None:
    facts = {"impact": "The cover of tray T13 said 2062 instead of 2026.", "prevention": "Changes go to 5 percent of accounts first."}
    assert quote in findings(invented, text, **facts)


def test_reads_the_first_monday_of_a_month_as_a_day() -> None:
    assert findings(invented, "I call you on the second Thursday of February.") == []
    assert findings(invented, "I call you on the third Thursday of February.") == ["the third Thursday of February"]


@pytest.mark.parametrize(
    "text",
    [
        "We make good the whole of your trading loss.",
        "We shall pay any penalty that a haulier claims from you.",
        "Your next three pallets cost you nothing.",
        "Each driver gets three months of parking from us.",
        "Our insurance will settle your £9,000.",
        "There is, in a case so short, no refund to speak of.",
        "The February fee stays with you, I fear.",
        "Our depot will store your pallets at half the usual rate.",
        "In place of the refund we send a pallet of crates.",
        "The February fee, £4,300, returns with the next post.",
        "A ten per cent reduction on February will stand on your invoice.",
        "Under the terms you can file a claim for the hours.",
        "For February you pay us two thirds of the fee.",
    ],
)
def test_whatever_words_give_or_take_back_more_than_approved_are_a_mismatch(text: str) -> None:
    assert findings(mismatch, text)


@pytest.mark.parametrize(
    "text",
    [
        "We refund £3,400, the February fee. We meet the carriers on Tuesday.",
        "We refund £3,400. You will have an update from us every day.",
        "The February fee comes back to you. The next move is yours, and your drivers get our list free of errors.",
        "We waive the February fee. A credit union may ask you for it.",
        "We waive the February fee. No voucher makes up for such a morning.",
        "We waive the February fee. Your candour is a gift, and it does us no credit.",
        "We waive the February fee. It cost us some goodwill, I suspect.",
        "We refund £3,400, all in all the February fee.",
    ],
)
def test_an_approved_remedy_in_other_words_is_none(text: str) -> None:
    assert findings(mismatch, text) == []


@pytest.mark.parametrize(
    ("notes", "text"),
    [
        ("Two of the four drivers were trainees.", "Half of the drivers you met were still in training."),
        ("Release went out against QA's advice.", "Our own testers had warned us."),
        ("The Narita pilot hangs on this.", "Narita, I know, will look different to you after this."),
        ("Candidate for the reference video; bronze tier.", "Even our bronze customers have a right to an answer."),
        ("Do not extend credit.", "We cannot stretch your terms of payment."),
        ("Margin is 9%.", "There is little that we earn on you."),
        ("Insurer advised to admit nothing.", "Those who underwrite us would rather I left it there."),
        ("Small account.", "For an account your size we seldom travel."),
        ("Two other tenants were hit; do not mention.", "Yours is not the only house we have to write to."),
        ("Finance wants the refund after the quarter end.", "The money follows once our quarter has closed."),
    ],
)
def test_a_hint_leaks_what_the_notes_say(notes: str, text: str) -> None:
    assert leaked.run(Reading(Letter("", text), noted(notes), default_policy()))


def noted(notes: str) -> Case:
    return parse(
        {
            "incident": {"summary": "The board was down."},
            "account": {"company": "Fennimore", "background": {"notes": notes}},
            "sender": {"name": "Priscilla Vane"},
            "written_on": "2026-02-10",
        }
    )


def test_what_no_note_says_is_no_hint() -> None:
    for text in ("Two of our drivers are still in training.", "Our own testers had warned us.", "Narita will look different to you after this."):
        assert not leaked.run(Reading(Letter("", text), noted("Writes in English."), default_policy()))


@pytest.mark.parametrize(
    "text",
    [
        "The cause was sabotage.",
        "Amazon caused this.",
        "Our supplier is to blame for what happened.",
        "The mistake was on your side.",
        "You used the wrong settings.",
        "Please send us your passwords so that we can reset them.",
        "We have dismissed the employee responsible.",
        "No one has seen your data.",
        "The outage lasted nine days.",
    ],
)
def test_what_only_a_ticket_says_and_whom_the_cause_does_not_name_is_invented(text: str) -> None:
    assert findings(invented, text)


@pytest.mark.parametrize(
    "text",
    [
        "You asked us whether it was sabotage by Amazon.",
        "Your clerks keep Perth time, and the mistake was ours.",
        "We are to blame for the outage.",
        "The mistake was ours.",
        "Please send us a list of the trucks.",
        "The outage lasted three hours and fifteen minutes.",
        "You owe us no explanation.",
    ],
)
def test_what_the_customer_said_and_what_we_own_is_not_invented(text: str) -> None:
    assert findings(invented, text) == []


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Of the 48 crates, 36 have arrived and 14 are to follow.", "14"),
        ("1,092 crates of 1,140 are back, so 58 are missing.", "58"),
        ("That is eighteen bays at GBP 160, or GBP 2,680 a month.", "GBP 2,680"),
        ("We refund £3,810 at £1,590 a month.", "£3,810"),
        ("A fifth off £13,250 is £2,560.", "£2,560"),
        ("Our first reply came at 10:25, forty-five minutes after your call at 09:10.", "forty-five minutes"),
        ("The board came back after five and a half hours.", "five and a half hours"),
        ("The crates came nine days late, on 23 January instead of 12 January.", "nine days"),
        ("Fifteen per cent of £8,940 is £1,431.", "£1,431"),
        ("Of sixty crates we brought you fifty, a shortfall of a fifth.", "a fifth"),
        ("€1,740 for 1,160 labels is €1.40 a label.", "€1.40"),
        ("He was due at eleven and came at twenty past two, two hours and twenty minutes later.", "two hours and twenty minutes"),
        ("Your line stood for two days, from Monday to Thursday.", "two days"),
        ("I call you a week today, on the 18th.", "the 18th"),
        ("Thirty-one of 480 crates, one in six, waited.", "one"),
        ("Nineteen trucks queued at the gate.", "Nineteen"),
    ],
)
def test_figures_of_one_sentence_that_disagree_are_inconsistent(text: str, quote: str) -> None:
    assert findings(inconsistent, text) == [quote]


@pytest.mark.parametrize(
    "text",
    [
        "Of the 48 crates, 36 have arrived and 12 are to follow.",
        "That is eighteen bays at GBP 160, or GBP 2,880 a month.",
        "A fifth off £13,250 is £2,650.",
        "Our first reply came at 10:25, an hour and a quarter after your call at 09:10.",
        "The crates came eleven days late, on 23 January instead of 12 January.",
        "Fifteen per cent of £8,940 is £1,341.",
        "Of sixty crates we brought you fifty, a shortfall of a sixth.",
        "€1,740 for 1,160 labels is €1.50 a label.",
        "He was due at eleven and came at twenty past two, three hours and twenty minutes later.",
        "Three invoices for each of 22 trucks make sixty-six, and you went through them one by one.",
        "Your line stood for three days, from Monday to Thursday.",
        "I call you a week today, on the 17th.",
        "Thirty-one of 480 crates, one in fifteen, waited.",
        "From 06:40 to 09:55 each page took eleven seconds.",
        "On 6, 8 and 9 February, three mornings, your trucks waited.",
        "The 11th and the 12th our clerk typed in, and eleven days came from the log.",
    ],
)
def test_figures_of_one_sentence_that_agree_are_consistent(text: str) -> None:
    assert findings(inconsistent, text) == []


def test_a_subject_says_which_thread_it_is_and_invents_only_amounts() -> None:
    for subject, wrong in (("Re: your call of 3 March, case 5", []), ("Our refund of £9,100", ["£9,100"])):
        found = invented.run(Reading(Letter(subject, "I am sorry."), case(), default_policy()))
        assert [finding.quote for finding in found if finding.field == "subject" and finding.quote in wrong] == wrong
        assert wrong or not found


def test_an_unknown_name_is_reported_once() -> None:
    assert findings(invented, "It came from Brokk in Bergen. I have asked Brokk why.").count("Brokk") == 1


def left_out(text: str, *remedies: dict[str, str]) -> bool:
    allowed = parse(case().model_dump(mode="json") | {"remedy": {"items": list(remedies)}})
    return any(not finding.quote for finding in mismatch.run(Reading(Letter("", text), allowed, default_policy())))


def test_each_approved_amount_has_to_be_told() -> None:
    remedies = {"kind": "refund", "text": "February fee (£3,400)"}, {"kind": "other", "text": "the bank charge (£45)"}
    assert left_out("I am sorry. We refund £3,400, the February fee.", *remedies)
    assert not left_out("I am sorry. We refund £3,400, the February fee, and £45 for the bank.", *remedies)
    assert not left_out("I am sorry. We refund £3,445 in all.", *remedies)


def test_less_than_approved_is_a_mismatch_only_where_the_remedy_is_owed() -> None:
    text = "We refund £3,000 of the February fee."
    assert findings(mismatch, text) != []
    assert findings(mismatch, text, severity="medium") == []
    assert findings(mismatch, text.replace("3,000", "3,900"), severity="medium") != []
