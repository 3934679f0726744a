"""One way out to a model, and what comes back.

`Complete` takes a prompt and returns a completion. `make` gives one for `openai:NAME` and for
any other provider that LangChain knows, `scripted` one that answers from a list. Wrap it to add
behaviour: `retry.retrying` tries again, `repairing` asks once more where the answer is not a
letter, `chain` asks the next model where one fails. What goes wrong at a model or on the way to
it is a `ModelFailure`; any other exception is a fault of ours and is never swallowed.
"""

import asyncio
import json
import math
import os
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal
from weakref import WeakKeyDictionary

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from drafting.listen import begin, heard, listened, say, tell
from drafting.prices import Tokens, price
from drafting.settings import Settings
from guardrails.letter import Letter
from prompts import Prompt, render

if TYPE_CHECKING:
    from ssl import SSLContext

    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, AIMessageChunk

Code = Literal[
    "rate_limited", "quota", "timeout", "unavailable", "bad_answer", "refused", "filtered", "cut", "too_long",
    "unauthorized", "unknown_model", "rejected", "no_key", "no_provider",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call took. Tokens and cost (USD) are None where nobody knows them, which is not 0."""

    input_tokens: int | None = 0
    cached_tokens: int | None = 0
    output_tokens: int | None = 0
    seconds: float = 0.0
    attempts: int = 0
    cost: Decimal | None = Decimal(0)
    price_version: str | None = None

    def __add__(self, other: "Usage") -> "Usage":
        """Return both together: what is unknown in one of them is unknown in the sum."""
        versions = dict.fromkeys(version for usage in (self, other) if usage.price_version for version in usage.price_version.split(" + "))
        return Usage(
            None if self.input_tokens is None or other.input_tokens is None else self.input_tokens + other.input_tokens,
            None if self.cached_tokens is None or other.cached_tokens is None else self.cached_tokens + other.cached_tokens,
            None if self.output_tokens is None or other.output_tokens is None else self.output_tokens + other.output_tokens,
            self.seconds + other.seconds,
            self.attempts + other.attempts,
            None if self.cost is None or other.cost is None else self.cost + other.cost,
            " + ".join(versions) or None,
        )


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer: its raw text, the model that gave it and, a line each, the models that did not and why."""

    text: str
    model: str
    usage: Usage
    finish_reason: str | None = None
    request_id: str | None = None
    fell_back: tuple[str, ...] = ()


Complete = Callable[[Prompt], Awaitable[Completion]]


class ModelFailure(RuntimeError):  # noqa: N818  (what happened, not a mistake of the program)
    """A model gave no usable answer. Its text is one line with the next step, without a word of the case.

    `retryable` and `retry_after` (seconds) say whether the same call may do better later, `usage`
    what it took all the same, `partial` how far the text came. `begun`: a listener has heard some
    of it, so that neither a retry nor another model may start over.
    """

    def __init__(
        self,
        code: Code,
        text: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        usage: Usage | None = None,
        partial: str = "",
        begun: bool = False,
    ) -> None:
        super().__init__(text)
        self.code = code
        self.retryable = retryable and not begun
        self.retry_after = retry_after
        self.usage = usage or Usage()
        self.partial = partial
        self.begun = begun


# --- The answer as a letter


def _filled(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    return value.replace("\r\n", "\n").strip()


class Answer(BaseModel):
    """What a model is asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: Annotated[str, AfterValidator(_filled), AfterValidator(lambda value: " ".join(value.split()))]
    body: Annotated[str, AfterValidator(_filled)]


def parse(completion: Completion) -> Letter:
    """Return the letter in an answer: one JSON object, also where a fence or a sentence stands around it.

    Raises ModelFailure (`bad_answer`) where there is none.
    """
    answer = _answer(completion.text)
    if isinstance(answer, str):
        text = f"{completion.model}: the answer is not a letter ({answer}): draft again or choose another --model"
        raise ModelFailure("bad_answer", text, usage=completion.usage, partial=completion.text)
    return Letter(answer.subject, answer.body)


def _answer(text: str) -> Answer | str:
    """Return the answer in a text, or what is wrong with it in words that quote nothing of it."""
    start = text.find("{")
    if start < 0:
        return "there is no JSON object in it"
    try:
        # Not strict: small models put line breaks into strings as they are.
        found, _ = json.JSONDecoder(strict=False).raw_decode(text, start)
        return Answer.model_validate(found)
    except json.JSONDecodeError as error:
        return f"the JSON breaks off or is malformed at character {error.pos - start + 1}: {error.msg}"
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        known = Answer.model_fields
        return "; ".join(
            f"`{fault['loc'][0]}` {fault['msg'].removeprefix('Value error, ')}"
            if fault["loc"] and fault["loc"][0] in known
            else "there is a key that nobody asked for"
            for fault in faults
        )


_QUOTED = 6000
"""Characters of a failed answer that the repair quotes: a long letter; a loop is cut."""


def repairing(complete: Complete) -> Complete:
    """Return a Complete that asks once more, quoting the fault, where the answer is not a letter.

    The usage of both turns adds up. An answer that is no letter even then raises ModelFailure.
    """

    async def ask(prompt: Prompt) -> Completion:
        first = await complete(prompt)
        fault = _answer(first.text)
        if isinstance(fault, Answer):
            return first
        repair = render("repair", system=prompt.system, user=prompt.user, answer=first.text[:_QUOTED], fault=fault)
        try:
            second = await complete(replace(repair, source=f"{prompt.source}+{repair.source}"))
        except ModelFailure as failure:
            failure.usage = first.usage + failure.usage
            raise
        second = replace(second, usage=first.usage + second.usage)
        parse(second)
        return second

    return ask


def chain(completes: Sequence[tuple[str, Complete]]) -> Complete:
    """Return a Complete that asks each model in turn until one answers.

    Its completion says who wrote it and, a line each, why the models before did not; their usage
    is counted in. Every ModelFailure falls through but one: an answer that a listener has begun
    to hear. Cancellation and faults of ours end the chain at once.
    """

    async def ask(prompt: Prompt) -> Completion:
        spent, failures, reasons = Usage(), list[ModelFailure](), list[str]()
        for name, complete in completes:
            try:
                completion = await complete(prompt)
            except ModelFailure as failure:
                if failure.begun or len(completes) == 1:
                    failure.usage = spent + failure.usage
                    raise
                spent += failure.usage
                failures.append(failure)
                reasons.append(str(failure) if str(failure).startswith(f"{name}: ") else f"{name}: {failure}")
            else:
                return replace(completion, usage=spent + completion.usage, fell_back=(*reasons, *completion.fell_back))
        waits = [failure.retry_after for failure in failures if failure.retry_after is not None]
        raise ModelFailure(
            failures[-1].code,
            "no model answered: " + "; ".join(reasons),
            retryable=any(failure.retryable for failure in failures),
            retry_after=min(waits, default=None),
            usage=spent,
            partial=failures[-1].partial,
        )

    return ask


# --- A model that follows a script


class Scripted:
    """A Complete that gives its answers in order; `prompts` are the ones it was asked."""

    def __init__(self, answers: Sequence[str | Mapping[str, str] | BaseException]) -> None:
        self.answers = tuple(answers)
        self.prompts: list[Prompt] = []

    async def __call__(self, prompt: Prompt) -> Completion:
        """Return the next answer, or raise it where it is an exception."""
        if len(self.prompts) == len(self.answers):
            raise IndexError(f"scripted has {len(self.answers)} answers and was asked once more: give it another")
        answer = self.answers[len(self.prompts)]
        self.prompts.append(prompt)
        if isinstance(answer, BaseException):
            raise answer
        text = answer if isinstance(answer, str) else json.dumps(dict(answer), ensure_ascii=False)
        tell(text)
        return Completion(text, "scripted", Usage(prompt.tokens, 0, math.ceil(len(text) / 4), 0.0, 1), "stop")


def scripted(*answers: str | Mapping[str, str] | BaseException) -> Scripted:
    """Return a Complete that gives these answers in order: texts, {subject, body} mappings, exceptions to raise."""
    return Scripted(answers)


# --- A model behind HTTP


def make(name: str, settings: Settings) -> Complete:
    """Return a Complete for `openai:NAME` or another `provider:NAME` that LangChain knows.

    One call is one attempt: wrap it in `retrying`. Raises ModelFailure where the name, the
    provider's package or the key is wanting.
    """
    provider, _, model = name.partition(":")
    if not provider or not model:
        raise ModelFailure("unknown_model", f"{name}: a model is named provider:NAME, as in `openai:{model or name}`; `template` needs no model")
    if provider == "openai" and settings.at_openai and settings.api_key is None:
        raise ModelFailure("no_key", f"{name}: set OPENAI_API_KEY, or OPENAI_BASE_URL to a server that needs no key, or choose `--model template`")
    for variable in ("LANGCHAIN_TRACING", "LANGCHAIN_HANDLER", *(("LANGSMITH_GATEWAY",) if provider != "openai" else ())):
        if os.environ.get(variable, "").lower() not in ("", "false", "0", "no"):
            raise ModelFailure("rejected", f"{name}: {variable} is set, with which LangChain refuses calls or sends them elsewhere: unset it")
    return _Remote(name, provider.replace("-", "_").lower(), model, settings)


_SCHEMA = {"name": "letter", "strict": True, "schema": Answer.model_json_schema()}
_OPENAI = ("openai", "azure_openai")
"""The providers that take OpenAI's own request fields."""


@cache
def _tls() -> "SSLContext":
    """Return the certificates this machine trusts; reading them takes longer than all the rest of a client."""
    from httpx2 import create_ssl_context

    return create_ssl_context()


class _FormatRefusedError(ModelFailure):
    """The server does not know `response_format`."""


class _Remote:
    """One model: one attempt a call, every vendor exception translated."""

    def __init__(self, name: str, provider: str, model: str, settings: Settings) -> None:
        self.name, self.provider, self.model, self.settings = name, provider, model, settings
        self._schema = provider in _OPENAI
        # A vendor's client belongs to the event loop it was first used in: a page runs one loop a click.
        self._clients = WeakKeyDictionary[asyncio.AbstractEventLoop, "BaseChatModel"]()
        self._spare: BaseChatModel | None = self._build()

    def _build(self) -> "BaseChatModel":
        """Return LangChain's model. Raises ModelFailure where package, provider or key are wanting."""
        import warnings

        from langchain.chat_models import init_chat_model

        # Advice for LangChain's callers about structured output; ours goes another way and recovers.
        warnings.filterwarnings("ignore", "(This model does not support|Invalid schema for) OpenAI's structured output", UserWarning)
        settings = self.settings
        options: dict[str, Any] = {"timeout": settings.timeout, "max_retries": 0, "cache": False}
        if settings.temperature is not None:
            options["temperature"] = settings.temperature
        if self.provider != "openai" or settings.at_openai:
            options["max_tokens"] = settings.max_output_tokens
        if self.provider in _OPENAI:
            from httpx2 import Limits
            from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

            tls = _tls()
            options |= {
                "stream_usage": True,
                "stream_chunk_timeout": None,  # The timeout holds for each read of a stream as well, and logs nothing.
                "include_response_headers": True,
                "output_version": "v0",
                "http_client": DefaultHttpxClient(verify=tls),
                # No connection outlives its call: none is found closed by the server, none is left behind when a loop ends.
                "http_async_client": DefaultAsyncHttpxClient(verify=tls, limits=Limits(max_keepalive_connections=0)),
            }
        if self.provider == "openai":
            # Given always: left out, LANGSMITH_GATEWAY would take its place.
            options["base_url"] = settings.base_url.get_secret_value()
            options["api_key"] = settings.api_key.get_secret_value() if settings.api_key else "none"
        try:
            built: BaseChatModel = init_chat_model(self.model, model_provider=self.provider, **options)
            return built
        except ImportError as error:
            package = re.search(r"langchain-[\w-]+", str(error))
            wanted = package[0] if package else f"langchain-{self.provider.replace('_', '-')}"
            raise ModelFailure(
                "no_provider", f"{self.name}: the package {wanted} is missing: install it beside amends, `python -m pip install {wanted}`"
            ) from error
        except ValueError as error:
            if "Unsupported provider" in str(error):
                from difflib import get_close_matches

                near = get_close_matches(self.provider, re.findall(r"\w+", str(error).rpartition(":")[2]), 1)
                hint = f"did you mean `{near[0]}:{self.model}`?" if near else "write `openai:NAME` or another provider that LangChain knows"
                raise ModelFailure("no_provider", f"{self.name}: there is no provider `{self.provider}`; {hint}") from error
            raise self._unset(error) from error
        except Exception as error:
            if "OpenAIError" not in _kinds(error):
                raise
            raise self._unset(error) from error

    def _unset(self, error: Exception) -> ModelFailure:
        named = ", ".join(dict.fromkeys(re.findall(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b", str(error)))) or "its key"
        return ModelFailure("no_key", f"{self.name}: the provider is not set up: set {named} in the environment")

    async def __call__(self, prompt: Prompt) -> Completion:
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients[loop], self._spare = self._spare or self._build(), None
        client, spent = self._clients[loop], Usage()
        if self._schema:
            try:
                return await self._attempt(client, prompt)
            except _FormatRefusedError as refused:
                self._schema, spent = False, refused.usage
        completion = await self._attempt(client, prompt)
        return replace(completion, usage=spent + completion.usage)

    async def _attempt(self, client: "BaseChatModel", prompt: Prompt) -> Completion:
        from langchain_core.messages import HumanMessage, SystemMessage
        from langsmith.run_helpers import tracing_context

        messages = [SystemMessage(prompt.system), HumanMessage(prompt.user)]
        started = time.monotonic()
        message: AIMessage | None = None
        # Customers' data: no tracing, whatever the environment says.
        with tracing_context(enabled=False):
            if listened():
                begin()
                chunks: list[AIMessageChunk] = []
                async with aclosing(self._chunks(client, messages, started)) as coming:
                    async for chunk in coming:
                        chunks.append(chunk)
                        say(chunk.text)
                message = chunks[0] + chunks[1:] if chunks else None
            else:
                try:
                    message = await client.ainvoke(messages, **self._fields(client))
                except Exception as error:
                    if failure := self._failure(error, time.monotonic() - started):
                        raise failure from error
                    raise
        return self._completion(message, time.monotonic() - started)

    async def _chunks(self, client: "BaseChatModel", messages: list[Any], started: float) -> "AsyncGenerator[AIMessageChunk]":
        try:
            async for chunk in client.astream(messages, **self._fields(client)):
                yield chunk
        except Exception as error:
            if failure := self._failure(error, time.monotonic() - started):
                raise failure from error
            raise

    def _fields(self, client: "BaseChatModel") -> dict[str, Any]:
        """Return what goes into the request past LangChain, whose own `response_format` loses the text of a bad answer."""
        body: dict[str, Any] = {}
        responses = getattr(client, "use_responses_api", False)
        if self.provider == "openai" and not self.settings.at_openai:
            # The older name, which every compatible server knows.
            body["max_output_tokens" if responses else "max_tokens"] = self.settings.max_output_tokens
        if self._schema:
            body |= (
                {"text": {"format": {"type": "json_schema", **_SCHEMA}}} if responses else {"response_format": {"type": "json_schema", "json_schema": _SCHEMA}}
            )
        return {"extra_body": body} if body else {}

    # --- What came back

    def _completion(self, message: "AIMessage | None", seconds: float) -> Completion:
        """Return the completion of an answer. Raises ModelFailure where it ended in any other way than by its own will."""
        meta = message.response_metadata if message else {}
        usage, text = self._usage(message, seconds), str(message.text) if message else ""
        reason = next((str(meta[key]).lower() for key in ("finish_reason", "stop_reason", "done_reason", "stopReason", "status") if meta.get(key)), None)
        if reason == "incomplete":
            reason = (meta.get("incomplete_details") or {}).get("reason")
        code: Code | None = _ENDINGS.get(reason or "", "bad_answer")
        if reason is None and self.provider not in _OPENAI:
            code = None  # Not every provider says; `parse` still sees whether the letter is whole.
        if message and message.additional_kwargs.get("refusal"):
            code = "refused"
        elif code is None and not text.strip():
            code = "bad_answer"
        request = _header(meta.get("headers"), "x-request-id") or meta.get("id")
        if code:
            said = "" if code != "bad_answer" else "it is empty" if reason else "it breaks off without an end"
            raise self._fail(code, said, request=request, usage=usage, partial=text)
        return Completion(text, self.name, usage, reason, request)

    def _usage(self, message: "AIMessage | None", seconds: float) -> Usage:
        told: Any = (message.usage_metadata if message else None) or {}
        details = told.get("input_token_details") or {}
        usage = Usage(told.get("input_tokens"), details.get("cache_read"), told.get("output_tokens"), seconds, 1, None)
        if message is None or usage.input_tokens is None or usage.output_tokens is None:
            return usage
        tokens = Tokens(usage.input_tokens, usage.output_tokens, usage.cached_tokens or 0, details.get("cache_creation") or 0)
        cost, known = price(self.name, self.settings, tokens, served=message.response_metadata.get("model_name"))
        return replace(usage, cost=cost, price_version=known)

    # --- What went wrong

    def _failure(self, error: Exception, seconds: float) -> ModelFailure | None:
        """Return the failure a vendor's exception stands for, or None where it is none of the model's."""
        causes = list(_causes(error))
        kinds, status = _kinds(error), getattr(error, "status_code", None)
        named = [str(word) for word in (getattr(error, "code", None) or getattr(error, "type", None), getattr(error, "param", None)) if word]
        # What the server says may quote the letter or the key: it is only looked at, never passed on.
        said = " ".join([*named, str(getattr(error, "type", "")), str(getattr(error, "message", ""))]).lower()
        code = _code(kinds, status, said)
        if code is None:
            return None
        details = [f"HTTP {status}"] if isinstance(status, int) else []
        details += [word for word in named if re.fullmatch(r"[a-z][\w.\[\]]{1,47}", word)]
        if code == "timeout" and not details:
            details = [f"{self.settings.timeout:g} s of silence"]
        headers = getattr(getattr(error, "response", None), "headers", None)
        # Turned away at the door costs nothing; what an answer that broke off has cost, nobody has said.
        unasked = isinstance(status, int) or any({"ConnectError", "ConnectTimeout"} & _kinds(cause) for cause in causes)
        unwanted = self._schema and code == "rejected" and re.search(r"response_format|json_schema|text\.format|structured output", said)
        return self._fail(
            code,
            ", ".join(details) or type(causes[-1]).__name__,
            request=getattr(error, "request_id", None),
            usage=Usage(seconds=seconds, attempts=1) if unasked else Usage(None, None, None, seconds, 1, None),
            retryable=code in ("rate_limited", "timeout", "unavailable", "bad_answer") and _header(headers, "x-should-retry") != "false",
            retry_after=_wait(headers),
            kind=_FormatRefusedError if unwanted else ModelFailure,
        )

    def _fail(
        self,
        code: Code,
        detail: str,
        *,
        request: str | None,
        usage: Usage,
        partial: str = "",
        retryable: bool | None = None,
        retry_after: float | None = None,
        kind: type[ModelFailure] = ModelFailure,
    ) -> ModelFailure:
        so_far, begun = heard()
        about = ", ".join(part for part in (detail, f"request {request}" if request else "") if part)
        what, then = _ADVICE[code]
        wait = f" and to wait {retry_after:.3g} s" if code == "rate_limited" and retry_after else ""
        then = then.format(limit=self.settings.max_output_tokens, model=self.model)
        text = f"{self.name}: {what}{wait}{f' ({about})' if about else ''}: {then}"
        return kind(
            code,
            text,
            retryable=code == "bad_answer" if retryable is None else retryable,
            retry_after=retry_after,
            usage=usage,
            partial=partial or so_far,
            begun=begun,
        )


_ENDINGS: Mapping[str, Code | None] = {
    "stop": None, "end_turn": None, "stop_sequence": None, "complete": None, "completed": None, "eos": None,
    "length": "cut", "max_tokens": "cut", "max_output_tokens": "cut", "model_length": "cut",
    "content_filter": "filtered", "safety": "filtered", "recitation": "filtered", "prohibited_content": "filtered", "blocklist": "filtered", "spii": "filtered",
    "refusal": "refused",
}  # fmt: skip

_ADVICE: Mapping[Code, tuple[str, str]] = {
    "rate_limited": ("asks us to slow down", "try again later, run fewer letters at once or add another --model"),
    "quota": ("has no quota left on this account", "no waiting mends that; add credit or choose another --model"),
    "timeout": ("gave no answer in time", "try again, raise AMENDS_TIMEOUT or add `--model template`"),
    "unavailable": ("can not be reached or is failing", "check the address (OPENAI_BASE_URL) and try again, or add `--model template`"),
    "bad_answer": ("sent an answer that can not be read", "try again; if it stays so, check OPENAI_BASE_URL (its path is often /v1) or choose another --model"),
    "refused": ("declined to write this letter", "read the case for what it may object to, or choose another --model"),
    "filtered": ("withheld the letter by its content filter", "read the tickets for what it may object to, or choose another --model"),
    "cut": ("stopped at its limit before the letter was finished", "raise AMENDS_MAX_OUTPUT_TOKENS (now {limit}) or choose another --model"),
    "too_long": ("can not read that much", "shorten the tickets or choose a --model that reads more"),
    "unauthorized": ("does not accept the key for this", "check OPENAI_API_KEY, or the key of your provider, and what it may use"),
    "unknown_model": ("is not known to the server", "check the name `{model}` and OPENAI_BASE_URL"),
    "rejected": ("rejects the request", "check AMENDS_TEMPERATURE and AMENDS_MAX_OUTPUT_TOKENS, or choose another --model"),
    "no_key": ("has no key", "set OPENAI_API_KEY, or the key of your provider"),
    "no_provider": ("has no provider", "write `openai:NAME`"),
}  # fmt: skip

_TOO_LONG = re.compile(r"context_length|context (?:length|window|size)|maximum context|too long|request too large|exceeds? the .{0,20}limit of .{0,20}tokens")
_QUOTA = re.compile(r"insufficient_quota|billing|exceeded your current quota|credit balance|out of credits")

_STATUS: Mapping[int, Code] = {
    401: "unauthorized", 402: "quota", 403: "unauthorized", 404: "unknown_model", 408: "timeout", 409: "unavailable",
    413: "too_long", 425: "unavailable", 429: "rate_limited",
}  # fmt: skip

_KINDS: Mapping[str, Code] = {
    "ContextOverflowError": "too_long", "ModelAuthenticationError": "unauthorized", "ModelPermissionDeniedError": "unauthorized",
    "ModelNotFoundError": "unknown_model", "ModelRateLimitError": "rate_limited", "ModelInvalidRequestError": "rejected",
    "APITimeoutError": "timeout", "ModelTimeoutError": "timeout", "TimeoutException": "timeout", "TimeoutError": "timeout",
    "ModelConnectionError": "unavailable", "APIConnectionError": "unavailable", "TransportError": "unavailable", "OSError": "unavailable",
    "ModelAPIError": "unavailable", "APIError": "unavailable", "OpenAIError": "no_key",
    # A body that is no JSON, no object, or lacks what it needs shows as one of these.
    "ValueError": "bad_answer", "LookupError": "bad_answer", "TypeError": "bad_answer", "AttributeError": "bad_answer",
}  # fmt: skip
"""What the vendors' classes mean, by name, the first that fits: their SDKs share these names and need no import."""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__


def _kinds(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}


def _code(kinds: set[str], status: object, said: str) -> Code | None:
    """Return what went wrong, or None where it is no failure of a model."""
    if _QUOTA.search(said) and status in (None, 400, 402, 403, 429):
        return "quota"
    if _TOO_LONG.search(said) and status in (None, 400, 413, 422, 429):
        return "too_long"
    if isinstance(status, int):
        if status >= 500:
            return "unavailable"
        return _STATUS.get(status) or ("filtered" if re.search(r"content_filter|content_policy", said) else "rejected")
    if "rate_limit" in said:
        return "rate_limited"
    return next((code for kind, code in _KINDS.items() if kind in kinds), None)


def _header(headers: Any, name: str) -> str | None:
    return headers.get(name) if headers else None


def _wait(headers: Any) -> float | None:
    """Return the seconds a server asks to wait: in milliseconds, in seconds or until a date."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(_header(headers, name) or "") / unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(seconds, 0.0)
    try:
        until = parsedate_to_datetime(_header(headers, "retry-after") or "")
    except ValueError:
        return None
    return max((until - datetime.now(UTC)).total_seconds(), 0.0) if until.tzinfo else None
