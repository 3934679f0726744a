"""Every way in which a server is known to fail, over real HTTP, and what the writer is told."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest
from langchain_core.tracers.langchain import wait_for_all_tracers
from langsmith.utils import get_env_var
from server import (
    LETTER,
    REQUEST,
    TEXT,
    Endpoint,
    Exchange,
    FaultServer,
    Reply,
    answer,
    completion,
    error,
    hang,
    letter,
    pieces,
    raw,
    refuses_format,
    reset,
    stream,
)
from server import responses as responses_answer

from drafting.listen import Piece, listening
from drafting.models import Code, Complete, Completion, ModelFailure, chain, make, parse, repairing, scripted
from drafting.retry import retrying
from drafting.settings import Settings
from prompts import Prompt

SECRET = "Weber-4711"
PROMPT = Prompt("You write letters. Answer with one JSON object.", f"The facts: {SECRET}.", "write@00000000")
KEY = "sk-test-0123456789"


def settings(endpoint: Endpoint, **more: str) -> Settings:
    environ = {"AMENDS_HOME": "/nowhere", "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": endpoint.url, "AMENDS_TIMEOUT": "0.5", **more}
    return Settings.read(environ)


def model(endpoint: Endpoint, name: str = "openai:fault-1", **more: str) -> Complete:
    return make(name, settings(endpoint, **more))


def ask(complete: Complete) -> Completion:
    async def answer() -> Completion:
        return await complete(PROMPT)

    return asyncio.run(answer())


def fails(complete: Complete) -> ModelFailure:
    with pytest.raises(ModelFailure) as caught:
        ask(complete)
    return caught.value


def read_along(complete: Complete) -> tuple[Completion | ModelFailure, list[Piece]]:
    """Return what came of a call, and what a listener heard of it."""
    heard: list[Piece] = []
    with listening(heard.append):
        try:
            return ask(complete), heard
        except ModelFailure as failure:
            return failure, heard


class Sleeper:
    """Stands in for the clock between attempts, and remembers how long each wait was."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)


def with_choices(choices: Any) -> Reply:
    return raw(200, json.dumps({**completion(), "choices": choices}).encode())


FAULTS: dict[str, tuple[Reply, Code, bool, int]] = {
    # what the server does: reply, code, whether waiting may help, requests that five attempts make
    "429": (error(429, "Rate limit reached", "rate_limit_exceeded", "tokens"), "rate_limited", True, 5),
    "429 that more waiting does not mend": (error(429, "Request too large for fault-1 on tokens per min", "rate_limit_exceeded"), "too_long", False, 1),
    "429 quota gone": (error(429, "You exceeded your current quota", "insufficient_quota", "insufficient_quota"), "quota", False, 1),
    "402": (error(402, "Payment required"), "quota", False, 1),
    "500": (error(500), "unavailable", True, 5),
    "500 that says not to try again": (error(500, headers={"x-should-retry": "false"}), "unavailable", False, 1),
    "502 with HTML": (raw(502, b"<html>Bad gateway</html>", "text/html"), "unavailable", True, 5),
    "503": (error(503, "Overloaded"), "unavailable", True, 5),
    "400 context too long": (
        error(400, "This model's maximum context length is 8192 tokens", "context_length_exceeded", "invalid_request_error"),
        "too_long",
        False,
        1,
    ),
    "400 context too long, llama.cpp": (error(400, "request (6024 tokens) exceeds the available context size"), "too_long", False, 1),
    "400 content filter": (error(400, "The prompt was filtered", "content_filter"), "filtered", False, 1),
    "400": (error(400, f"Unsupported value near {SECRET}", "unsupported_value", "invalid_request_error", "temperature"), "rejected", False, 1),
    "401": (error(401, f"Incorrect API key provided: {KEY}", "invalid_api_key"), "unauthorized", False, 1),
    "403": (error(403, "Country not supported"), "unauthorized", False, 1),
    "404": (error(404, "The model does not exist", "model_not_found"), "unknown_model", False, 1),
    "408": (error(408), "timeout", True, 5),
    "409": (error(409), "unavailable", True, 5),
    "413": (error(413), "too_long", False, 1),
    "422": (error(422, f"Unprocessable: {SECRET}"), "rejected", False, 1),
    "reset": (reset, "unavailable", True, 5),
    "short body": (raw(200, b'{"id": "chatcmpl-1", "choices"', claim=50), "unavailable", True, 5),
    "broken JSON": (raw(200, b'{"id": "x", "choices": [{"ind'), "bad_answer", True, 2),
    "HTML with 200": (raw(200, b"<html>maintenance</html>", "text/html"), "bad_answer", True, 2),
    "nothing with 200": (raw(200, b""), "bad_answer", True, 2),
    "an error with 200": (raw(200, b'{"error": {"message": "no"}}'), "bad_answer", True, 2),
    "empty choices": (with_choices([]), "bad_answer", True, 2),
    "no choices": (with_choices(None), "bad_answer", True, 2),
    "empty text": (answer(""), "bad_answer", True, 2),
    "no finish_reason": (answer(TEXT, None), "bad_answer", True, 2),
    "a tool call": (answer(None, "tool_calls"), "bad_answer", True, 2),
    "refusal": (answer(None, refusal=f"I can not write about {SECRET}."), "refused", False, 1),
    "length": (answer(TEXT[:60], "length"), "cut", False, 1),
    "content filter": (answer("", "content_filter"), "filtered", False, 1),
}

fault = pytest.mark.parametrize("name", FAULTS)


@fault
def test_translates_every_fault(server: FaultServer, name: str) -> None:
    reply, code, retryable, _ = FAULTS[name]
    failure = fails(model(server.serve(reply)))
    assert (failure.code, failure.retryable) == (code, retryable)


@fault
def test_tries_again_only_where_that_may_help(server: FaultServer, name: str) -> None:
    reply, code, _, requests = FAULTS[name]
    endpoint, sleeper = server.serve(reply), Sleeper()
    failure = fails(retrying(model(endpoint), sleep=sleeper))
    assert (failure.code, len(endpoint.requests), len(sleeper.waits), failure.usage.attempts) == (code, requests, requests - 1, requests)


@fault
def test_says_in_one_line_what_to_do_and_nothing_of_the_case(server: FaultServer, name: str) -> None:
    said = str(fails(model(server.serve(FAULTS[name][0]))))
    assert re.fullmatch(r"openai:fault-1: [^\n]+: [^\n]*(?:try|check|choose|add|raise|shorten|read)[^\n]*", said)
    assert SECRET not in said
    assert KEY not in said


@fault
def test_the_next_model_writes_where_one_fails(server: FaultServer, name: str) -> None:
    done = ask(chain([("openai:fault-1", model(server.serve(FAULTS[name][0]))), ("scripted", scripted(LETTER))]))
    assert done.model == "scripted"
    assert [line.startswith("openai:fault-1: ") for line in done.fell_back] == [True]


@fault
def test_a_stream_that_never_begins_meets_the_same_faults(server: FaultServer, name: str) -> None:
    reply, code, _, _ = FAULTS[name]
    failure, heard = read_along(model(server.serve(reply)))
    assert isinstance(failure, ModelFailure)
    # An answer in one piece where a stream was asked for is no stream at all.
    assert failure.code in (code, "bad_answer")
    assert (failure.begun, heard) == (False, [])


@pytest.mark.parametrize("name", ["refusal", "length", "content filter", "empty text", "no finish_reason"])
def test_counts_what_a_useless_answer_has_cost(server: FaultServer, name: str) -> None:
    usage = fails(model(server.serve(FAULTS[name][0]))).usage
    assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens) == (100, 64, 20)


@pytest.mark.parametrize("name", ["429", "500", "401"])
def test_what_was_turned_away_has_cost_nothing(server: FaultServer, name: str) -> None:
    assert fails(model(server.serve(FAULTS[name][0]))).usage.cost == Decimal(0)


@pytest.mark.parametrize("name", ["reset", "broken JSON", "length"])
def test_a_cost_that_nobody_knows_is_unknown(server: FaultServer, name: str) -> None:
    assert fails(model(server.serve(FAULTS[name][0]))).usage.cost is None


def test_keeps_the_text_of_an_answer_cut_by_its_length(server: FaultServer) -> None:
    assert fails(model(server.serve(answer(TEXT[:60], "length")))).partial == TEXT[:60]


# --- A good answer


def test_returns_text_model_usage_and_request(server: FaultServer) -> None:
    endpoint = server.serve(letter())
    done = ask(model(endpoint))
    assert (done.text, done.model, done.finish_reason, done.request_id) == (TEXT, "openai:fault-1", "stop", REQUEST)
    assert (done.usage.input_tokens, done.usage.cached_tokens, done.usage.output_tokens, done.usage.attempts) == (100, 64, 20, 1)
    assert parse(done).subject == LETTER["subject"]


def test_usage_that_the_server_did_not_send_is_unknown(server: FaultServer) -> None:
    usage = ask(model(server.serve(answer(usage=None)))).usage
    assert (usage.input_tokens, usage.output_tokens, usage.cost) == (None, None, None)


def test_sends_prompt_schema_key_and_limits(server: FaultServer) -> None:
    endpoint = server.serve(letter())
    ask(model(endpoint, AMENDS_TEMPERATURE="0.3", AMENDS_MAX_OUTPUT_TOKENS="700"))
    sent = endpoint.requests[0]
    assert [message["content"] for message in sent["messages"]] == [PROMPT.system, PROMPT.user]
    assert sent["response_format"]["json_schema"]["schema"]["additionalProperties"] is False
    assert (sent["temperature"], sent["max_tokens"], "max_completion_tokens" in sent) == (0.3, 700, False)
    assert endpoint.headers[0]["authorization"] == f"Bearer {KEY}"


def test_a_server_of_ones_own_needs_no_key(server: FaultServer) -> None:
    endpoint = server.serve(letter())
    ask(model(endpoint, OPENAI_API_KEY=""))
    assert endpoint.headers[0]["authorization"] == "Bearer none"


def test_one_client_serves_one_event_loop_after_another(server: FaultServer) -> None:
    complete = model(server.serve(letter()))
    assert [ask(complete).text for _ in range(3)] == [TEXT] * 3


def test_answers_many_at_once(server: FaultServer) -> None:
    complete = model(server.serve(letter()), AMENDS_TIMEOUT="20")

    async def many() -> list[Completion]:
        return await asyncio.gather(*(complete(PROMPT) for _ in range(40)))

    assert {done.text for done in asyncio.run(many())} == {TEXT}


def test_another_provider_takes_the_same_way(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = server.serve(error(503), letter())
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", endpoint.url.removesuffix("/v1"))
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_VERSION", "2025-01-01-preview")
    done = ask(retrying(model(endpoint, "azure-openai:fault-1"), sleep=Sleeper()))
    assert (done.text, done.model, done.usage.attempts) == (TEXT, "azure-openai:fault-1", 2)


@pytest.mark.parametrize(("reply", "code"), [(responses_answer(), None), (responses_answer("incomplete", "max_output_tokens"), "cut")])
def test_a_model_of_the_responses_api_answers_too(server: FaultServer, reply: Reply, code: Code | None) -> None:
    endpoint = server.serve(reply)
    complete = model(endpoint, "openai:gpt-5-pro")
    outcome = fails(complete) if code else ask(complete)
    assert endpoint.paths[0].endswith("/responses")
    assert endpoint.requests[0]["text"]["format"]["name"] == "letter"
    assert (outcome.code if isinstance(outcome, ModelFailure) else None) == code
    assert outcome.usage.output_tokens == 20


# --- A server that knows no response_format

REFUSALS: list[tuple[str, str | None, int]] = [
    ("'response_format' of type 'json_schema' is not supported with this model", None, 400),
    ("Invalid schema for response_format 'letter'", None, 400),
    ("unknown field", "response_format", 422),
    ("json_schema is not available on this server", None, 400),
]


@pytest.mark.parametrize(("said", "param", "status"), REFUSALS)
def test_asks_once_without_a_format_and_remembers(server: FaultServer, said: str, param: str | None, status: int) -> None:
    endpoint = server.serve(refuses_format(said, param, status))
    complete = model(endpoint)
    assert [ask(complete).usage.attempts, ask(complete).usage.attempts] == [2, 1]
    assert ["response_format" in sent for sent in endpoint.requests] == [True, False, False]


# --- The answer is not a letter


@pytest.mark.parametrize("text", [TEXT, f"Here is the letter:\n```json\n{TEXT}\n```\nGood luck!", f"```\n{TEXT}\n```", TEXT.replace("\\n", "\n")])
def test_reads_a_letter_whatever_stands_around_it(server: FaultServer, text: str) -> None:
    assert parse(ask(model(server.serve(answer(text))))).body == LETTER["body"]


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('{"title": "x", "text": "y"}', "`subject` Field required"),
        ('{"subject": "x", "body": "  "}', "`body` is empty"),
        ('{"subject": "x", "body": "y", "tone": "warm"}', "a key that nobody asked for"),
        ("Dear Mr Weber, we are sorry.", "no JSON object"),
        ('{"subject": "x", "body": "y', "breaks off"),
    ],
)
def test_repairs_an_answer_once_quoting_the_fault(server: FaultServer, text: str, quoted: str) -> None:
    endpoint = server.serve(answer(text), letter())
    done = ask(repairing(model(endpoint)))
    second = endpoint.requests[1]["messages"][1]["content"]
    assert parse(done).subject == LETTER["subject"]
    assert quoted in second
    assert text in second
    assert (done.usage.input_tokens, done.usage.output_tokens, done.usage.attempts) == (200, 40, 2)


def test_gives_up_after_one_repair_and_keeps_what_it_cost(server: FaultServer) -> None:
    endpoint = server.serve(answer(f"Sorry, {SECRET}."))
    failure = fails(repairing(retrying(model(endpoint))))
    assert (failure.code, failure.retryable, len(endpoint.requests), failure.usage.output_tokens) == ("bad_answer", False, 2, 40)
    assert SECRET not in str(failure)


# --- Waiting


def in_seconds(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        (lambda: {"retry-after": "2"}, 2, 2.3),
        (lambda: {"retry-after-ms": "300"}, 0.3, 0.6),
        (lambda: {"retry-after-ms": "300", "retry-after": "9"}, 0.3, 0.6),
        (lambda: {"retry-after": in_seconds(5)}, 3, 5.3),
        (lambda: {"retry-after": in_seconds(-60)}, 0, 0.3),
        (lambda: {"retry-after": "-5"}, 0, 0.3),
        (lambda: {"retry-after": "soon"}, 0, 1),
        (lambda: {"retry-after": "nan"}, 0, 1),
    ],
)
def test_waits_as_long_as_the_server_asks(server: FaultServer, headers: Callable[[], dict[str, str]], least: float, most: float) -> None:
    sleeper = Sleeper()
    done = ask(retrying(model(server.serve(error(429, headers=headers()), letter())), sleep=sleeper))
    assert (done.text, done.usage.attempts, len(sleeper.waits)) == (TEXT, 2, 1)
    assert least <= sleeper.waits[0] <= most


def test_refuses_a_wait_beyond_the_budget(server: FaultServer) -> None:
    endpoint, sleeper = server.serve(error(429, headers={"retry-after": "50"})), Sleeper()
    failure = fails(retrying(model(endpoint), budget=20, sleep=sleeper))
    assert (failure.code, failure.retry_after, len(endpoint.requests), sleeper.waits) == ("rate_limited", 50, 1, [])
    assert "wait 50 s" in str(failure)


def test_recovers_after_an_outage(server: FaultServer) -> None:
    sleeper = Sleeper()
    done = ask(retrying(model(server.serve(error(500), reset, raw(502, b"<html>"), letter())), sleep=sleeper))
    assert (done.usage.attempts, len(sleeper.waits)) == (4, 3)


def test_a_hanging_server_is_a_timeout(server: FaultServer) -> None:
    failure = fails(model(server.serve(hang())))
    assert (failure.code, failure.retryable) == ("timeout", True)
    assert 0.5 <= failure.usage.seconds < 2


def test_an_answer_that_drips_ends_with_the_budget(server: FaultServer) -> None:
    started = time.monotonic()
    drip = stream(every=0.3)
    failure, heard = read_along(retrying(model(server.serve(drip)), budget=1))
    assert isinstance(failure, ModelFailure)
    assert (failure.code, failure.begun, failure.retryable) == ("timeout", True, False)
    assert TEXT.startswith(failure.partial)
    assert heard
    assert time.monotonic() - started < 2


def test_attempts_and_waits_together_end_with_the_budget(server: FaultServer) -> None:
    failure = fails(retrying(model(server.serve(hang())), attempts=20, budget=1.2))
    assert failure.code == "timeout"
    assert failure.usage.seconds < 2


@pytest.mark.parametrize("reply", [hang(), error(429, headers={"retry-after": "30"})])
def test_can_be_cancelled_at_any_time(server: FaultServer, reply: Reply) -> None:
    complete = chain([("openai:fault-1", retrying(model(server.serve(reply), AMENDS_TIMEOUT="20"))), ("scripted", scripted(LETTER))])

    async def cancelled() -> None:
        async with asyncio.timeout(0.3):
            await complete(PROMPT)

    started = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(cancelled())
    assert time.monotonic() - started < 1


# --- Reading along


def test_a_listener_hears_the_letter_as_it_comes(server: FaultServer) -> None:
    done, heard = read_along(model(server.serve(letter())))
    assert isinstance(done, Completion)
    assert (done.text, done.usage.input_tokens, done.usage.output_tokens, done.request_id) == (TEXT, 100, 20, REQUEST)
    assert "".join(piece.text for piece in heard if piece.field == "subject") == LETTER["subject"]
    assert "".join(piece.text for piece in heard if piece.field == "body") == LETTER["body"]
    assert len(heard) > 5


def eof(exchange: Exchange) -> None:
    exchange.close_connection = True


def sse_error(exchange: Exchange) -> None:
    exchange.event({"error": {"message": f"It failed for {SECRET}", "type": "server_error", "code": "server_error"}})
    exchange.finish_stream()


def sse_bad(exchange: Exchange) -> None:
    exchange.event(b'{"id": "c", "choi')
    exchange.finish_stream()


SOME = pieces(TEXT)[:9]
BREAKS: dict[str, tuple[Reply, Code]] = {
    "cut cleanly": (stream(SOME, None), "bad_answer"),
    "cut cleanly behind the whole text": (stream(finish=None), "bad_answer"),
    "reset": (stream(SOME, None, Exchange.reset), "unavailable"),
    "closed inside a chunk": (stream(SOME, None, eof), "unavailable"),
    "an error as an event": (stream(SOME, None, sse_error), "unavailable"),
    "broken JSON": (stream(SOME, None, sse_bad), "bad_answer"),
    "length": (stream(SOME, "length"), "cut"),
    "silence": (stream(SOME, None, lambda exchange: exchange.pause(30)), "timeout"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_stream_that_breaks_is_an_error_that_keeps_the_text(server: FaultServer, name: str) -> None:
    reply, code = BREAKS[name]
    failure, heard = read_along(model(server.serve(reply)))
    assert isinstance(failure, ModelFailure)
    assert (failure.code, failure.begun) == (code, True)
    assert failure.partial.startswith("".join(SOME))
    assert heard[0].field == "subject"
    assert SECRET not in str(failure)


@pytest.mark.parametrize("name", BREAKS)
def test_neither_tries_nor_asks_again_once_a_listener_has_heard(server: FaultServer, name: str) -> None:
    endpoint = server.serve(BREAKS[name][0])
    complete = chain([("openai:fault-1", retrying(model(endpoint))), ("scripted", scripted(LETTER))])
    failure, _ = read_along(complete)
    assert isinstance(failure, ModelFailure)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("early", [error(429, headers={"retry-after": "0"}), reset, stream(("Sure", "ly: "), None), stream((), None, eof)])
def test_tries_again_before_the_first_readable_piece(server: FaultServer, early: Reply) -> None:
    done, heard = read_along(retrying(model(server.serve(early, letter())), sleep=Sleeper()))
    assert isinstance(done, Completion)
    assert "".join(piece.text for piece in heard) == LETTER["subject"] + LETTER["body"]


def test_the_next_model_is_heard_where_one_fails_before_its_first_piece(server: FaultServer) -> None:
    done, heard = read_along(chain([("openai:fault-1", model(server.serve(error(500)))), ("scripted", scripted(LETTER))]))
    assert isinstance(done, Completion)
    assert (done.model, "".join(piece.text for piece in heard)) == ("scripted", LETTER["subject"] + LETTER["body"])


def test_a_repair_is_heard_as_a_new_letter(server: FaultServer) -> None:
    wrong = stream(pieces('{"subject": "x", "tone": "warm"}'))
    _, heard = read_along(repairing(model(server.serve(wrong, letter()))))
    assert [piece.text for piece in heard if piece.call == 1] == ["x"]
    assert "".join(piece.text for piece in heard if piece.call == 2) == LETTER["subject"] + LETTER["body"]


# --- Customers' data stays where it was sent


def test_sends_nothing_to_tracing_whatever_the_environment_says(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    traces, endpoint = server.serve(raw(200, b"{}")), server.serve(letter())
    for name, value in {
        "LANGSMITH_TRACING": "true", "LANGCHAIN_TRACING_V2": "true", "LANGSMITH_API_KEY": "lsv2_x", "LANGSMITH_ENDPOINT": traces.url,
        "LANGSMITH_GATEWAY": traces.url, "LANGSMITH_GATEWAY_API_KEY": "lsv2_x", "OPENAI_API_BASE": traces.url,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    get_env_var.cache_clear()  # type: ignore[attr-defined]  # langsmith reads each variable once a process
    complete = model(endpoint)
    ask(complete)
    read_along(complete)
    wait_for_all_tracers()
    get_env_var.cache_clear()  # type: ignore[attr-defined]
    assert len(endpoint.requests) == 2
    assert traces.requests == []


@pytest.mark.parametrize("variable", ["LANGCHAIN_TRACING", "LANGCHAIN_HANDLER"])
def test_names_a_variable_with_which_langchain_refuses_calls(server: FaultServer, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "true")
    with pytest.raises(ModelFailure, match=variable):
        model(server.serve(letter()))


def test_refuses_to_send_another_providers_calls_through_a_gateway(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_GATEWAY", "true")
    with pytest.raises(ModelFailure, match="LANGSMITH_GATEWAY"):
        model(server.serve(letter()), "azure_openai:fault-1")
