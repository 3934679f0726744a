"""Scores, their figures, a comparison in one sentence, the gate, and the report."""

import json
import math
import random
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest

from drafting.compose import template
from drafting.config import Configuration, configuration
from drafting.models import Usage, scripted
from eval.compare import Comparison, compare
from eval.gate import gate, junit
from eval.grade import grading
from eval.log import Drafted, Log, Text
from eval.report import html, markdown
from eval.run import run, setting
from eval.samples import Sample, load_sample, load_samples, says
from eval.score import Scored, score
from eval.scorers import sameness
from eval.scripted import scripted_model, worsened
from eval.statistics import mean, needed, share, share_difference, student
from guardrails.case import CaseError
from guardrails.letter import Letter


@pytest.fixture(scope="module")
def setup() -> Configuration:
    return configuration()


@pytest.fixture(scope="module")
def samples() -> tuple[Sample, ...]:
    return load_samples(split="tune")[:20]


@pytest.fixture(scope="module")
def composed(setup: Configuration, samples: tuple[Sample, ...], tmp_path_factory: pytest.TempPathFactory) -> Log:
    return run(setting("template", "shipped", {}), samples, lambda case, epoch: template(case, setup), setup, tmp_path_factory.mktemp("eval") / "log.jsonl").log


@pytest.fixture(scope="module")
def worse(composed: Log, setup: Configuration) -> Log:
    """The same letters, every second one with a promise that nobody can keep."""
    drafts = []
    for number, made in enumerate(composed.drafts):
        letter = made.turns[0].letter
        if number % 2:
            letter = worsened(letter, ["We guarantee that this will never happen again."])
        drafts.append(replace(made, turns=(replace(made.turns[0], letter=letter),)))
    return replace(composed, setting=replace(composed.setting, model="careless"), drafts=tuple(drafts))


@pytest.fixture(scope="module")
def sound(composed: Log, setup: Configuration) -> Scored:
    return score(composed, setup)


@pytest.fixture(scope="module")
def careless(worse: Log, setup: Configuration) -> Scored:
    return score(worse, setup)


def edited(log: Log, setup: Configuration, sample: str, change: object) -> dict[str, tuple[float | None, str]]:
    """The scores of one sample's letter with a change to its text."""
    made = next(one for one in log.drafts if one.sample == sample)
    assert callable(change)
    turn = replace(made.turns[0], letter=change(made.turns[0].letter))
    row = score(replace(log, drafts=(replace(made, turns=(turn,)),)), setup).rows[0]
    return {name: (one.value, one.explanation) for name, one in row.scores.items()}


def added(*sentences: str) -> object:
    return lambda letter: worsened(letter, [*sentences])


def replaced(old: str, new: str) -> object:
    return lambda letter: Letter(letter.subject, letter.body.replace(old, new))


# --- Scorers

OUTAGE = "outage-exchange-feed"


@pytest.fixture(scope="module")
def outage(setup: Configuration, tmp_path_factory: pytest.TempPathFactory) -> Log:
    one = load_sample(Path("eval/samples") / f"{OUTAGE}.toml")
    return run(setting("template", "shipped", {}), [one], lambda case, epoch: template(case, setup), setup, tmp_path_factory.mktemp("one") / "log.jsonl").log


@pytest.mark.parametrize(
    ("scorer", "change", "said"),
    [
        ("sendable", added("We guarantee that this will never happen again."), "over-promise"),
        ("says what it must", replaced("Daichi Ono", "a colleague"), "missing: Daichi Ono"),
        ("says nothing it must not", added("The penalty is small."), "says: penalty"),
        ("nothing leaked", added("Crane-44 applies."), "says: Crane-44"),
        ("nothing invented", added("We will call you on 3 March 2031 at 17:42."), "invented-fact"),
        ("remedy exact", added("We will refund JPY 7,500,000."), "remedy-mismatch"),
        ("right signer", replaced("Aiko Tanabe", "Taro Yamada"), "signed by Taro Yamada"),
    ],
)
def test_a_scorer_sees_its_fault_and_says_why(scorer: str, change: object, said: str, outage: Log, setup: Configuration) -> None:
    value, why = edited(outage, setup, OUTAGE, change)[scorer]
    assert value is not None
    assert value < 1
    assert said in why


def test_a_sound_letter_scores_full_marks(outage: Log, setup: Configuration) -> None:
    scores = edited(outage, setup, OUTAGE, lambda letter: letter)
    names = ("sendable", "says what it must", "says nothing it must not", "nothing leaked", "nothing invented", "remedy exact", "right signer", "all five R's")
    assert {name: scores[name] for name in names} == dict.fromkeys(names, (1, ""))


def test_a_follow_up_is_not_asked_for_the_five_rs(setup: Configuration, tmp_path: Path) -> None:
    one = load_sample(Path("eval/samples/follow-up-routing.toml"))
    log = run(setting("template", "shipped", {}), [one], lambda case, epoch: template(case, setup), setup, tmp_path / "log.jsonl").log
    scored = score(log, setup)
    assert scored.rows[0].scores["remorse"].value is None
    assert (scored.metrics["remorse"].figure.n, scored.metrics["remorse"].silent) == (0, 1)


def test_a_draft_without_a_letter_is_counted_apart_from_one_that_scores_zero(composed: Log, setup: Configuration) -> None:
    drafts = (replace(composed.drafts[0], turns=(), error="no model answered"), *composed.drafts[1:])
    scored = score(replace(composed, drafts=drafts), setup)
    assert (scored.failed, scored.metrics["sendable"].figure.n) == (1, len(drafts) - 1)
    assert scored.rows[0].error == "no model answered"


def test_a_cost_that_nobody_knows_is_not_zero(outage: Log, setup: Configuration) -> None:
    made = outage.drafts[0]
    unknown = replace(made, turns=(replace(made.turns[0], usage=Usage(cost=None)),))
    assert score(replace(outage, drafts=(unknown,)), setup).rows[0].scores["cost"].value is None


def test_letters_about_one_incident_are_held_against_each_other() -> None:
    body = "We took the service offline on Tuesday and your team waited for three hours in the yard."
    alike = sameness({"a": Letter("", body), "b": Letter("", body), "c": Letter("", "A letter of quite another kind, written for one reader alone.")})
    assert alike == {"a": 1.0, "b": 1.0, "c": 0.0}


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("On 9\u00a0June we failed.", "9 June|June 9", True),
        ("on June 9", "9 June|June 9", True),
        ("19 June", "9 June", False),
        ("the crew’s day", "crew's", True),
    ],
)
def test_a_text_says_any_form_of_what_it_must(text: str, wanted: str, found: bool) -> None:
    assert says(text, wanted) is found


# --- Samples


def test_every_shipped_sample_holds_and_they_cover_the_domain(setup: Configuration) -> None:
    found = load_samples()
    assert len(found) >= 60
    assert set(setup.policy.categories) <= {one.case.incident.category for one in found}
    assert {"low", "medium", "high", "critical"} <= {str(one.case.incident.severity) for one in found}
    assert {one.expect.split for one in found} == {"tune", "held"}
    assert len({one.expect.industry for one in found}) >= 5
    hard = {mark for one in found for mark in one.expect.hard}
    assert {"unknown-cause", "no-prevention", "conflicting-times", "vendor-trigger", "cohort", "second-apology", "injected-ticket"} <= hard


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('split = "tune"', 'split = "train"', "sample: `split`"),
        ("must_say = ", "must_sya = ", "unknown key `must_sya`; did you mean `must_say`?"),
        ('canaries = ["Ferret-12"', 'canaries = ["Weasel-1"', "'Weasel-1' stands nowhere in the background"),
        ('signs = "Anders Holm"', 'signs = "Anna Holm"', "'Anna Holm' is not sender.name, 'Anders Holm'"),
        ('severity = "low"', 'severity = "mild"', "`incident.severity`"),
        ("must_say = [", 'must_say = ["9 June|", ', "`must_say[0]`: each form between | needs a letter or a digit"),
        ("[sample]", '[sample]\nextends = "minor-bug-diary"', "there is no sample 'minor-bug-diary' beside it"),
    ],
)
def test_a_sample_that_does_not_fit_is_named_by_file_and_field(old: str, new: str, said: str, tmp_path: Path) -> None:
    text = Path("eval/samples/minor-bug-dairy-labels.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "one.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CaseError) as error:
        load_sample(path)
    assert str(error.value).startswith(str(path))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


# --- Statistics


@pytest.mark.parametrize(("hits", "n", "low", "high"), [(0, 10, 0.0, 0.27753), (3, 10, 0.10779, 0.60322), (33, 62, 0.40984, 0.65091), (62, 62, 0.94166, 1.0)])
def test_a_share_of_independent_drafts_has_wilsons_interval(hits: int, n: int, low: float, high: float) -> None:
    # As statsmodels.stats.proportion.proportion_confint(hits, n, method="wilson") gives it.
    figure = share([number < hits] for number in range(n))
    assert (figure.low, figure.high) == pytest.approx((low, high), abs=1e-5)


@pytest.mark.parametrize(("groups", "quantile"), [(2, 12.7062), (3, 4.3027), (4, 3.1824), (5, 2.7764), (8, 2.3646), (12, 2.2010), (62, 1.9996)])
def test_students_quantile_is_the_one_of_the_tables(groups: int, quantile: float) -> None:
    assert student(groups) == pytest.approx(quantile, abs=0.01)  # as scipy.stats.t.ppf(0.975, groups - 1) gives it


def test_a_share_over_drafts_of_few_samples_holds_the_truth_about_as_often_as_it_says() -> None:
    dice = random.Random(11)
    held = 0
    for _ in range(400):
        chances = [dice.betavariate(2.1, 0.233) for _ in range(8)]  # 90 % on average, alike within a sample
        figure = share([dice.random() < chance for _ in range(10)] for chance in chances)
        held += figure.low <= 0.9 <= figure.high
    assert held >= 365  # without allowing for few clusters it is 355


def changes(better: int, worse: int, n: int) -> list[float]:
    return [1.0] * better + [-1.0] * worse + [0.0] * (n - better - worse)


def test_four_letters_that_change_alike_decide_nothing_and_six_do() -> None:
    # McNemar's exact test says p = 0.125 and 0.031.
    assert share_difference(changes(4, 0, 62)).low < 0
    assert share_difference(changes(6, 0, 62)).low > 0


def test_the_difference_of_two_paired_shares_is_agresti_and_mins() -> None:
    # Cells 9 and 3 of 62, half a pair added to each of the four: 6/64 -+ t * sqrt((9.5 + 3.5) / 64 - (6/64)^2) / 8.
    figure = share_difference(changes(9, 3, 62))
    assert (figure.value, figure.low, figure.high) == pytest.approx((6 / 62, -0.01635, 0.20385), abs=1e-4)


def test_pairs_that_all_agree_leave_room_for_one_that_does_not() -> None:
    figure = share_difference([0.0] * 62)
    assert (figure.value, round(figure.low, 2), round(figure.high, 2)) == (0.0, -0.03, 0.03)


@pytest.mark.parametrize(("n", "drafts"), [(8, 1), (12, 3), (30, 1), (30, 3), (62, 1)])
def test_two_prompts_that_do_not_differ_are_told_apart_once_in_twenty_at_most(n: int, drafts: int) -> None:
    dice = random.Random(5)
    told = 0
    for _ in range(600):
        tendencies = dice.choices([1, -1, 0], [2, 2, 6], k=n)
        pairs = [sum(tendency if dice.random() < 0.5 else dice.choices([1, -1, 0], [2, 2, 6])[0] for _ in range(drafts)) / drafts for tendency in tendencies]
        figure = share_difference(pairs, drafts)
        told += figure.low > 0 or figure.high < 0
    assert told <= 42  # 5 %, and two standard errors of 600 trials


def test_a_bootstrap_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    dice = random.Random(7)
    for n, least in ((8, 183), (40, 183)):
        held = 0
        for _ in range(200):
            shift = [dice.gauss(0.2, 1) for _ in range(n)]
            figure = mean([value + dice.gauss(0, 0.3), value + dice.gauss(0, 0.3)] for value in shift)
            held += figure.low <= 0.2 <= figure.high
        assert least <= held <= 198


def test_one_sample_has_a_mean_and_no_interval() -> None:
    figure = mean([[4.0, 6.0]])
    assert (figure.value, figure.low, figure.high) == (5.0, -math.inf, math.inf)
    assert figure.as_dict() == {"value": 5.0, "low": None, "high": None, "n": 2}


def test_the_same_numbers_give_the_same_interval() -> None:
    numbers = [[1.0], [2.0], [4.0], [8.0]]
    assert mean(numbers) == mean(numbers)


def test_a_share_of_nothing_has_no_value() -> None:
    assert (share([]).n, mean([]).n) == (0, 0)


@pytest.mark.parametrize(("better", "worse"), [(14, 6), (22, 8), (35, 5)])
def test_as_many_samples_as_it_says_decide_four_times_in_five(better: int, worse: int) -> None:
    wanted = needed(changes(better, worse, 100))
    assert wanted is not None
    dice = random.Random(3)
    decided = sum(share_difference([float(x) for x in dice.choices([1, -1, 0], [better, worse, 100 - better - worse], k=wanted)]).low > 0 for _ in range(300))
    assert 0.72 <= decided / 300 <= 0.88


def test_what_does_not_differ_needs_no_number_of_samples() -> None:
    assert needed([0.0, 0.0]) is None


# --- Comparison


@pytest.fixture(scope="module")
def compared(sound: Scored, careless: Scored) -> Comparison:
    return compare(careless, sound)


def test_one_sentence_says_which_is_better_and_how_sure_that_is(compared: Comparison) -> None:
    assert compared.summary.startswith("B is better on sendable by ")
    assert "points (" in compared.summary
    assert compared.differences["sendable"].decided == "b"
    assert compared.differences["words"].decided == "neither"


def test_what_does_not_differ_is_said_to_be_undecided(sound: Scored) -> None:
    assert compare(sound, sound).summary == f"No sample differs on sendable (n={len(sound.rows)})."


def test_a_difference_too_small_for_its_samples_names_how_many_would_do(composed: Log, sound: Scored, setup: Configuration) -> None:
    drafts = list(composed.drafts)
    sendable = next(number for number, row in enumerate(sound.rows) if row.scores["sendable"].value)
    made = drafts[sendable]
    letter = worsened(made.turns[0].letter, ["We guarantee that this will never happen again."])
    drafts[sendable] = replace(made, turns=(replace(made.turns[0], letter=letter),))
    said = compare(score(replace(composed, drafts=tuple(drafts)), setup), sound).summary
    assert said.startswith("Not decisive on sendable")
    assert "samples would decide" in said


def test_logs_over_other_samples_are_compared_on_what_both_hold_and_it_says_so(sound: Scored, careless: Scored) -> None:
    found = compare(replace(careless, rows=careless.rows[:12]), sound)
    assert found.samples == 12
    assert "compared on the 12 samples that both logs hold; left out: 8" in found.notes


def test_the_letters_that_fare_otherwise_are_listed_with_the_rules_that_made_it(compared: Comparison) -> None:
    better = [one for one in compared.changed if one.better]
    assert better
    assert all("over-promise" in one.gone for one in better)


def test_slices_tell_severities_and_categories_apart(compared: Comparison) -> None:
    assert {"low", "medium"} <= set(compared.slices["severity"])
    assert sum(group["sendable"].difference.n for group in compared.slices["category"].values()) == compared.samples


# --- Gate


def test_a_gate_fails_where_its_condition_holds(careless: Scored) -> None:
    assert "sendable < 0.9: careless · shipped has 0." in (gate("sendable < 0.9").fails(careless) or "")
    assert gate("sendable < 10%").fails(careless) is None
    assert gate("sendable.low < 0.99").fails(careless)
    assert gate("rule over-promise > 20%").fails(careless)


@pytest.mark.parametrize(("text", "said"), [("sendable", "write a metric"), ("sendible < 0.9", "did you mean 'sendable'?")])
def test_a_gate_that_makes_no_sense_is_refused(text: str, said: str, sound: Scored) -> None:
    with pytest.raises(CaseError) as error:
        gate(text).fails(sound)
    assert said in str(error.value)


def test_junit_has_a_case_for_each_draft_and_fails_those_that_are_blocked(careless: Scored) -> None:
    suite = ElementTree.fromstring(junit([careless]))[0]
    assert suite.attrib["tests"] == str(len(careless.rows))
    assert int(suite.attrib["failures"]) == sum(row.judged is not None and row.judged.report.blocked for row in careless.rows) > 0


def test_where_gates_decide_junit_fails_exactly_where_the_command_does(careless: Scored, sound: Scored) -> None:
    def failed(name: str) -> list[tuple[str | None, str | None]]:
        suites = ElementTree.fromstring(junit([sound, careless], [gate(name)]))
        return [(suite.get("failures"), case.get("name")) for suite in suites for case in suite.iterfind("testcase[failure]")]

    assert failed("sendable < 0.9") == [("1", "gate: sendable < 0.9")]
    assert failed("sendable < 0.01") == []


def test_junit_is_what_the_schemas_of_ci_servers_ask_for(outage: Log, setup: Configuration) -> None:
    # Jenkins's junit-10.xsd and Ant's JUnit.xsd: these attributes, in this order of children, and no character that XML forbids.
    made = outage.drafts[0]
    letter = worsened(made.turns[0].letter, ["We guarantee that this will never\x08 happen again."])
    drafts = (replace(made, turns=(replace(made.turns[0], letter=letter),)), replace(made, epoch=1, turns=(), error="the model said \x00"))
    suite = ElementTree.fromstring(junit([score(replace(outage, drafts=drafts), setup)], [gate("sendable < 0.9")]))[0]
    assert {"name", "package", "id", "hostname", "timestamp", "tests", "failures", "errors", "skipped", "time"} == set(suite.attrib)
    assert [one.tag for one in suite] == ["properties", *["testcase"] * 3, "system-out", "system-err"]
    assert all({"classname", "name", "time"} == set(case.attrib) for case in suite.iterfind("testcase"))
    assert [(why.tag, set(why.attrib)) for case in suite.iterfind("testcase") for why in case] == [
        (tag, {"type", "message"}) for tag in ("skipped", "error", "failure")
    ]


# --- Report


def test_the_report_is_one_file_that_asks_no_network(compared: Comparison) -> None:
    page = html(compared)
    assert compared.summary in page
    assert "<svg" in page
    for word in ("http://", "https://w", "<script", "src=", "@import", "url("):
        assert word not in page.replace("https://pegelnetz.example", ""), word


def test_a_letter_can_not_break_the_page(outage: Log, setup: Configuration) -> None:
    made = outage.drafts[0]
    letter = worsened(made.turns[0].letter, ['<script>alert("x")</script> We guarantee that this will never happen again.'])
    page = html(score(replace(outage, drafts=(replace(made, turns=(replace(made.turns[0], letter=letter),)),)), setup))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert '<mark class="error" title="over-promise">' in page


def test_the_markdown_is_a_table_under_the_answer(compared: Comparison) -> None:
    text = markdown(compared)
    assert text.startswith(f"## {compared.summary}\n")
    assert "| scorer | A | B | B minus A (95 % interval) | samples |" in text
    assert "letters that fare otherwise" in text


def test_the_scripted_model_keeps_to_a_strict_prompt_better_than_to_a_loose_one(setup: Configuration, samples: tuple[Sample, ...], tmp_path: Path) -> None:
    from eval.run import prompt_folder

    runs = []
    for prompt in ("plain", "shipped"):
        held = setting("scripted", prompt, {"revisions": 1})
        found = run(held, samples, scripted_model(setup), setup, tmp_path / f"{prompt}.jsonl", folder=prompt_folder(prompt), revisions=1)
        runs.append(score(found.log, setup))
    assert compare(runs[0], runs[1]).differences["first-turn sendable"].decided == "b"


def test_a_log_line_keeps_the_whole_draft() -> None:
    made = Drafted("one", 0, "key", (Text("write@1", "m", Letter("S", "B"), Usage(1, 0, 2, 0.5, 1, Decimal("0.01"))),))
    assert json.loads(json.dumps(made.as_dict(), default=str))["turns"][0] | {"usage": None} == {
        "prompt": "write@1",
        "model": "m",
        "subject": "S",
        "body": "B",
        "usage": None,
    }


def test_a_model_may_grade_and_its_agreement_with_itself_stands_beside_it(outage: Log, setup: Configuration) -> None:
    model = scripted({"subject": "4", "body": "sound"}, {"subject": "4", "body": "sound"}, {"subject": "3", "body": "cold"}, {"subject": "great", "body": "?"})
    grade, agreement = grading(outage, model, times=4, at_once=1)
    scores = score(outage, setup, (grade, agreement)).rows[0].scores
    assert scores["grade (noisy)"].explanation == "graded 4, 4, 3"
    assert scores["grader agrees with itself"].value == pytest.approx(1 / 3)
    assert "<draft>" in model.prompts[0].user
