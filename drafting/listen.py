"""Reading along while a letter is written."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Literal


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
        self.text, self.begun, self.reader = "", False, Reader()

    def take(self, text: str) -> None:
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


def listened() -> bool:
    """Return whether anyone listens."""
    return _ear.get() is not None


def begin() -> None:
    """Forget the answer so far: another one begins."""
    if ear := _ear.get():
        ear.start()


def say(text: str) -> None:
    """Let a listener, where there is one, hear some more of the answer."""
    if ear := _ear.get():
        ear.take(text)


def heard() -> tuple[str, bool]:
    """Return the raw text of the present answer so far, and whether a listener has heard any of it."""
    ear = _ear.get()
    return (ear.text, ear.begun) if ear else ("", False)


def tell(text: str) -> None:
    """Let a listener, where there is one, hear an answer that came as a whole."""
    begin()
    say(text)


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
