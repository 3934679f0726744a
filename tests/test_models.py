import asyncio
import subprocess
import sys
from decimal import Decimal

import pytest

from drafting.models import Complete, Completion, ModelFailure, Usage, chain, make, parse, repairing, scripted
from drafting.settings import Settings
from guardrails.letter import Letter
from prompts import Prompt

PROMPT = Prompt("You write letters.", "The facts.", "write@00000000")
LETTER = {"subject": "Our apology", "body": "Dear Ms Rossi,\n\nI am sorry."}


def said(text: str) -> Completion:
    return Completion(text, "scripted", Usage())


def settings(**environ: str) -> Settings:
    return Settings.read({"AMENDS_HOME": "/nowhere", **environ})


def ask(complete: Complete) -> Completion:
    async def answer() -> Completion:
        return await complete(PROMPT)

    return asyncio.run(answer())


# --- Usage


def test_usage_adds_up() -> None:
    one, other = Usage(100, 60, 20, 1.5, 1, Decimal("0.01"), "list 1"), Usage(10, 0, 5, 0.5, 2, Decimal("0.02"), "list 1")
    assert one + other == Usage(110, 60, 25, 2.0, 3, Decimal("0.03"), "list 1")


def test_unknown_and_known_usage_is_unknown() -> None:
    total = Usage(None, None, None, 1.0, 1, None) + Usage(100, 0, 20, 1.0, 1, Decimal("0.01"), "list 1")
    assert total == Usage(None, None, None, 2.0, 2, None, "list 1")


def test_names_every_price_list_that_was_used() -> None:
    assert (Usage(price_version="a") + Usage(price_version="b") + Usage(price_version="b")).price_version == "a + b"


# --- The answer as a letter


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ('{"subject": "A", "body": "B"}', Letter("A", "B")),
        ('{"body": "B", "subject": "A"}', Letter("A", "B")),
        ('Here it is:\n```json\n{"subject": "A", "body": "B"}\n```', Letter("A", "B")),
        ('{"subject": " A\\n b ", "body": "\\n B\\r\\n\\r\\nC "}', Letter("A b", "B\n\nC")),
        ('{"subject": "A", "body": "line\none"}', Letter("A", "line\none")),
        ('{"subject": "A {x}", "body": "B }"} and more', Letter("A {x}", "B }")),
    ],
)
def test_reads_the_letter_in_an_answer(text: str, letter: Letter) -> None:
    assert parse(said(text)) == letter


@pytest.mark.parametrize(
    "text", ["", "Dear Ms Rossi", "[]", '{"subject": "A"}', '{"subject": "A", "body": ""}', '{"subject": "A", "body": 3}', '{"a": {}}', "{"]
)
def test_refuses_an_answer_that_is_no_letter(text: str) -> None:
    with pytest.raises(ModelFailure) as caught:
        parse(said(text))
    assert (caught.value.code, caught.value.retryable, caught.value.partial) == ("bad_answer", False, text)


def test_a_failure_quotes_nothing_of_the_answer() -> None:
    with pytest.raises(ModelFailure) as caught:
        parse(said('{"subject": "Rossi-4711", "body": 3, "Rossi-4712": 1}'))
    assert "Rossi" not in str(caught.value)
    assert "\n" not in str(caught.value)


# --- Repair


def test_asks_once_more_where_the_answer_is_no_letter() -> None:
    model = scripted("Dear Ms Rossi", LETTER)
    done = ask(repairing(model))
    assert parse(done) == Letter(**LETTER)
    assert done.usage.attempts == 2
    first, second = model.prompts
    assert first == PROMPT
    assert second.system == PROMPT.system
    assert second.user.startswith(PROMPT.user)
    assert "<answer>\nDear Ms Rossi\n</answer>" in second.user
    assert second.source.startswith("write@00000000+repair@")


def test_leaves_a_good_answer_alone() -> None:
    model = scripted(LETTER)
    ask(repairing(model))
    assert model.prompts == [PROMPT]


def test_quotes_no_more_than_a_long_letter_of_a_failed_answer() -> None:
    model = scripted("word " * 100_000, LETTER)
    ask(repairing(model))
    assert model.prompts[1].tokens < 2000


def test_a_failure_of_the_repair_counts_both_turns() -> None:
    model = scripted("no letter", ModelFailure("timeout", "too slow", usage=Usage(None, None, None, 1.0, 1, None)))
    with pytest.raises(ModelFailure) as caught:
        ask(repairing(model))
    assert (caught.value.code, caught.value.usage.attempts, caught.value.usage.cost) == ("timeout", 2, None)


# --- Fallback


def test_the_first_model_that_answers_writes() -> None:
    done = ask(chain([("a", scripted(LETTER)), ("b", scripted())]))
    assert (parse(done), done.fell_back) == (Letter(**LETTER), ())


def test_says_why_the_models_before_did_not_write_and_what_they_took() -> None:
    broken = ModelFailure("unavailable", "a: is down", usage=Usage(attempts=5))
    unread = ModelFailure("bad_answer", "sent nonsense", usage=Usage(None, None, None, 1.0, 2, None))
    done = ask(chain([("a", scripted(broken)), ("b", scripted(unread)), ("c", scripted(LETTER))]))
    assert done.fell_back == ("a: is down", "b: sent nonsense")
    assert (done.usage.attempts, done.usage.input_tokens, done.usage.cost) == (8, None, None)


def test_names_all_models_where_none_answers() -> None:
    failures = [ModelFailure("rate_limited", "a: slow down", retryable=True, retry_after=30), ModelFailure("refused", "b: declined", usage=Usage(attempts=1))]
    with pytest.raises(ModelFailure) as caught:
        ask(chain([("a", scripted(failures[0])), ("b", scripted(failures[1]))]))
    assert str(caught.value) == "no model answered: a: slow down; b: declined"
    assert (caught.value.code, caught.value.retryable, caught.value.retry_after, caught.value.usage.attempts) == ("refused", True, 30, 1)


def test_the_failure_of_an_only_model_stays_as_it_is() -> None:
    failure = ModelFailure("quota", "a: no quota")
    with pytest.raises(ModelFailure) as caught:
        ask(chain([("a", scripted(failure))]))
    assert caught.value is failure


@pytest.mark.parametrize("ours", [asyncio.CancelledError(), KeyError("x"), ZeroDivisionError(), ModelFailure("timeout", "a: broke off", begun=True)])
def test_what_is_no_models_failure_ends_the_chain(ours: BaseException) -> None:
    second = scripted(LETTER)
    with pytest.raises(type(ours)):
        ask(chain([("a", scripted(ours)), ("b", second)]))
    assert second.prompts == []


# --- A script


def test_a_script_that_ends_is_a_fault_of_the_test() -> None:
    with pytest.raises(IndexError, match="has 0 answers"):
        ask(scripted())


# --- Names, keys, packages


@pytest.mark.parametrize(
    ("name", "environ", "code", "said"),
    [
        ("gpt-5.4-mini", {}, "unknown_model", "openai:gpt-5.4-mini"),
        ("openai:", {}, "unknown_model", "provider:NAME"),
        ("openai:gpt-5.4-mini", {}, "no_key", "OPENAI_API_KEY"),
        ("openai:gpt-5.4-mini", {"OPENAI_BASE_URL": "https://eu.api.openai.com/v1"}, "no_key", "OPENAI_API_KEY"),
        ("opnai:gpt-5.4-mini", {}, "no_provider", "did you mean `openai:gpt-5.4-mini`?"),
        ("zzz:x", {}, "no_provider", "openai:NAME"),
        ("anthropic:claude-sonnet-5", {}, "no_provider", "pip install langchain-anthropic"),
        ("google-genai:gemini-3", {}, "no_provider", "pip install langchain-google-genai"),
        ("azure_openai:x", {}, "no_key", "AZURE_OPENAI_API_KEY"),
    ],
)
def test_says_in_one_line_what_a_model_lacks(name: str, environ: dict[str, str], code: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_VERSION", "2025-01-01-preview")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "http://127.0.0.1:9")
    for variable in ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ModelFailure) as caught:
        make(name, settings(**environ))
    assert caught.value.code == code
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{name}: ")


def test_a_server_that_is_not_there_is_named_as_such() -> None:
    complete = make("openai:x", settings(OPENAI_BASE_URL="http://127.0.0.1:9/v1"))
    with pytest.raises(ModelFailure) as caught:
        ask(complete)
    assert (caught.value.code, caught.value.retryable, caught.value.usage.cost) == ("unavailable", True, Decimal(0))
    assert "OPENAI_BASE_URL" in str(caught.value)


# --- Lightness


def test_naming_the_model_side_imports_nothing_heavy() -> None:
    heavy = ("openai", "langchain", "langchain_core", "langchain_openai", "langsmith", "httpx2", "genai_prices", "tenacity")
    code = f"import drafting.models, drafting.retry, drafting.outlets, sys; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
