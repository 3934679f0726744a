"""Learned detectors: what a sentence says, and why they think so."""

import subprocess
import sys

import pytest

from eval.records import reading, records
from eval.weighing import named
from guardrails.facts.weights import weights as learned
from guardrails.language.clauses import clauses
from guardrails.language.detector import Verdict, judge, weights
from guardrails.language.features import features
from guardrails.language.tokens import tokenize


def hear(text: str) -> Verdict:
    tokens = tokenize(text)
    return judge(tokens, [token.lower for token in tokens], clauses(tokens))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("We forgot to renew the certificate.", "responsibility"),
        ("I am so sorry that your drivers stood in the rain for three hours.", "remorse"),
        ("We are crediting $400 to your June invoice.", "remedy"),
        ("From today no batch leaves before a second person has read it.", "prevention"),
        ("We are sorry you felt ignored.", "non-apology"),
        ("We apologise for any inconvenience.", "generic-apology"),
        ("This can never, ever happen again.", "over-promise"),
    ],
)
def test_hears_what_a_sentence_says(text: str, name: str) -> None:
    assert hear(text).scores[name] > 0


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Refunds are explained on the policy page.", "remedy"),
        ("The office opens at nine.", "prevention"),
        ("The packaging was in a sorry state.", "remorse"),
        ("We met your buyer in Leeds.", "non-apology"),
    ],
)
def test_hears_nothing_where_nothing_is_said(text: str, name: str) -> None:
    assert hear(text).scores[name] < 0


def test_explains_its_score() -> None:
    verdict = hear("We apologise for any inconvenience.")
    reasons = verdict.explain("generic-apology")
    assert "w:inconvenience" in [feature for feature, _ in reasons]
    everything = verdict.explain("generic-apology", count=1000)
    constant = weights().constants[weights().names.index("generic-apology")] / 100
    assert constant + sum(weight for _, weight in everything) == pytest.approx(verdict.scores["generic-apology"])


def test_points_at_the_words_that_say_so() -> None:
    text = "Your order of Monday left today, and this will never, ever happen again."
    tokens = tokenize(text)
    start, stop = hear(text).core("over-promise", clauses(tokens))
    assert "never" in [token.lower for token in tokens[start:stop]]


def test_gives_the_same_scores_each_time() -> None:
    assert hear("We lost your files.").scores == hear("We lost your files.").scores


@pytest.mark.slow
def test_hears_fast_what_the_whole_list_of_features_says() -> None:
    weighed = weights()
    for record in records():
        read = reading(record)
        for sentence in (*read.subject, *read.body):
            parts = read.clauses(sentence)
            heard = {weights_ for weights_ in weighed.hear(sentence.lowers, parts) if weights_}
            assert heard == {weighed.packed[name] for name in features(sentence.tokens, parts).keys() & weighed.table.keys()}


@pytest.mark.slow
def test_claims_are_weighed_by_the_words_that_training_names() -> None:
    claims = learned("claims.txt")
    for record in records():
        read = reading(record)
        for sentence in (*read.subject, *read.body):
            assert claims.heard(sentence.lowers) == named(sentence.tokens) & claims.table.keys()


@pytest.mark.slow
@pytest.mark.parametrize("trainer", ["detectors", "apologies", "harm"])
def test_weights_are_what_the_marked_letters_give(trainer: str) -> None:
    done = subprocess.run([sys.executable, "-m", f"eval.train_{trainer}", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
