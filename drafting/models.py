"""One way out to a model, and what comes back.

`Complete` takes a prompt and returns a completion. `make` gives one for `openai:NAME` and for
any other provider that LangChain knows, `scripted` one that answers from a list. Wrap it to add
behaviour: `retry.retrying` tries again, `repairing` asks once more where the answer is not a
letter, `chain` asks the next model where one fails. What goes wrong at a model or on the way to
it is a `ModelFailure`; any other exception is a fault of ours and is never swallowed.
"""

import json
import math
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from guardrails.letter import Letter
from prompts import Prompt, render

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
        versions = dict.fromkeys(version for version in (self.price_version, other.price_version) if version)
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


# --- Reading along


@dataclass(frozen=True, slots=True)
class Piece:
    """Some more readable text of a letter that is being written.

    `call` counts the answers heard so far, from 1: a new number is a new letter, as after a repair
    or a revision.
    """

    field: Literal["subject", "body"]
    text: str
    call: int


class _Ear:
    """Who listens, and what of the present answer has been said already."""

    def __init__(self, hear: Callable[[Piece], None]) -> None:
        self.hear = hear
        self.calls = 0
        self.start()

    def start(self) -> None:
        """Forget the last answer: another one begins."""
        self.text, self.begun, self.reader = "", False, Reader()

    def take(self, text: str) -> None:
        """Pass on what is readable of some more text."""
        self.text += text
        for field, pieces in groupby(self.reader.feed(text), key=itemgetter(0)):
            self.calls += not self.begun
            self.begun = True
            self.hear(Piece(field, "".join(piece for _, piece in pieces), self.calls))


_ear: ContextVar[_Ear | None] = ContextVar("amends_ear", default=None)


@contextmanager
def listening(hear: Callable[[Piece], None]) -> Iterator[None]:
    """Within this block `hear` gets every piece of subject and body as the model writes it.

    The calls in the block stay as they are, `draft` included, and return the whole completion as ever.
    """
    token = _ear.set(_Ear(hear))
    try:
        yield
    finally:
        _ear.reset(token)


def tell(text: str) -> None:
    """Let a listener, where there is one, hear an answer that came as a whole."""
    if ear := _ear.get():
        ear.start()
        ear.take(text)


_ESCAPES = {"n": "\n", "t": "\t", "r": "", "b": "", "f": "", '"': '"', "\\": "\\", "/": "/"}
_TOKEN = re.compile(r'[^"\\]+|"|\\(?:u[0-9a-fA-F]{4}|[^u])', re.DOTALL)


class Reader:
    """Reads the strings `subject` and `body` out of a JSON object while it is still being written."""

    def __init__(self) -> None:
        self._rest = ""
        self._depth = 0
        self._string = False
        self._key: str | None = None
        self._word = ""
        self._high = ""

    def feed(self, text: str) -> Iterator[tuple[Literal["subject", "body"], str]]:
        """Yield the field and the readable text of each string value, as far as it is complete."""
        self._rest += text
        while self._rest:
            if self._string:
                token = _TOKEN.match(self._rest)
                if not token:  # An escape whose end has not come yet.
                    return
                self._rest = self._rest[token.end() :]
                if token[0] == '"':
                    self._string, self._high = False, ""
                    if self._depth == 1 and self._key is None:
                        self._key, self._word = self._word, ""
                    continue
                if said := self._plain(token[0]):
                    if self._depth == 1 and self._key in ("subject", "body"):
                        yield self._key, said  # type: ignore[misc]  # the test narrows it to the two names
                    elif self._depth == 1 and self._key is None:
                        self._word += said
                continue
            char, self._rest = self._rest[0], self._rest[1:]
            if char == '"' and self._depth:
                self._string = True
            elif char in "{[":
                self._depth += 1
            elif char in "}]":
                self._depth -= 1
                if not self._depth:  # Whatever stands behind the object is no part of the letter.
                    self._depth = -1_000_000
            elif char == "," and self._depth == 1:
                self._key = None

    def _plain(self, token: str) -> str:
        """Return the characters a token of a string stands for; half of a surrogate pair waits for the other."""
        if not token.startswith("\\"):
            said, self._high = ("\ufffd" if self._high else "") + token, ""
            return said
        if token[1] != "u":
            said, self._high = ("\ufffd" if self._high else "") + _ESCAPES.get(token[1], token[1]), ""
            return said
        code = int(token[2:], 16)
        if 0xDC00 <= code < 0xE000:
            said = (self._high + chr(code)).encode("utf-16", "surrogatepass").decode("utf-16", "replace") if self._high else "\ufffd"
            self._high = ""
            return said
        said, self._high = "\ufffd" if self._high else "", chr(code) if 0xD800 <= code < 0xDC00 else ""
        return said if self._high else said + chr(code)


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
