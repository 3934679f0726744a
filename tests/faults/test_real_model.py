"""A real, small model behind real HTTP, in this process: the plumbing holds. What it writes is not judged."""

import asyncio
import json

import pytest

from drafting.listen import Piece, listening
from drafting.models import Complete, Completion, ModelFailure, make, parse
from drafting.settings import Settings
from prompts import Prompt, render

pytestmark = pytest.mark.slow

PROMPT = Prompt(
    "You write short letters. Answer with one JSON object that has a subject and a body.",
    "Write two sentences to Ms Rossi: our export failed on 3 March, we are sorry.",
    "write@00000000",
)


def model(model_url: str, **more: str) -> Complete:
    environ = {"AMENDS_HOME": "/nowhere", "OPENAI_BASE_URL": model_url, "AMENDS_TEMPERATURE": "0", "AMENDS_MAX_OUTPUT_TOKENS": "200", "AMENDS_TIMEOUT": "120"}
    return make("openai:smollm2", Settings.read(environ | more))


def ask(complete: Complete, prompt: Prompt = PROMPT) -> Completion | ModelFailure:
    async def answer() -> Completion:
        return await complete(prompt)

    try:
        return asyncio.run(answer())
    except ModelFailure as failure:
        return failure


def test_answers_in_the_schema_or_is_cut_by_its_limit(model_url: str) -> None:
    outcome = ask(model(model_url))
    assert outcome.usage.input_tokens
    assert outcome.usage.output_tokens
    assert outcome.usage.cost is None
    if isinstance(outcome, ModelFailure):
        assert outcome.code == "cut"
        assert outcome.partial.lstrip().startswith("{")
    else:
        assert set(json.loads(outcome.text)) == {"subject", "body"}
        assert parse(outcome).subject


def test_is_heard_as_it_writes(model_url: str) -> None:
    heard: list[Piece] = []
    with listening(heard.append):
        outcome = ask(model(model_url))
    text = outcome.partial if isinstance(outcome, ModelFailure) else outcome.text
    assert len(heard) > 3
    assert heard[0].field == "subject"
    assert all(json.dumps(piece.text, ensure_ascii=False)[1:-1] in text for piece in heard[:3])
    assert outcome.usage.output_tokens


def test_a_limit_of_tokens_cuts_the_answer(model_url: str) -> None:
    outcome = ask(model(model_url, AMENDS_MAX_OUTPUT_TOKENS="8"))
    assert isinstance(outcome, ModelFailure)
    assert (outcome.code, outcome.usage.output_tokens) == ("cut", 8)
    assert "AMENDS_MAX_OUTPUT_TOKENS" in str(outcome)


def test_a_slow_answer_is_a_timeout(model_url: str) -> None:
    outcome = ask(model(model_url, AMENDS_TIMEOUT="0.05"))
    assert isinstance(outcome, ModelFailure)
    assert (outcome.code, outcome.retryable) == ("timeout", True)


def test_a_prompt_that_is_too_long_is_named_as_such(model_url: str) -> None:
    outcome = ask(model(model_url), Prompt("You write letters.", "The export failed again. " * 3000, "write@00000000"))
    assert isinstance(outcome, ModelFailure)
    assert outcome.code == "too_long"


def test_takes_the_prompt_that_ships(model_url: str) -> None:
    prompt = render("write", category="outage", demands="none", facts="On 3 March the export failed.", tickets="none", earlier="none", background="none")
    outcome = ask(model(model_url, AMENDS_MAX_OUTPUT_TOKENS="40"), prompt)
    assert outcome.usage.input_tokens
    assert outcome.usage.input_tokens > 300
