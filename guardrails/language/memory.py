"""What has been worked out about a word, remembered."""

from collections.abc import Callable, Hashable
from typing import TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")

MOST = 2_048
"""Results kept of the words met lately, and as many of those met before them."""


class _Memory(dict[_Key, _Value]):
    def __init__(self, work: Callable[[_Key], _Value]) -> None:
        super().__init__()
        self._work = work
        self._before: dict[_Key, _Value] = {}

    def __missing__(self, key: _Key) -> _Value:
        # What is met again and again outlives the names and numbers that every letter brings once.
        value = self._before[key] if key in self._before else self._work(key)
        if len(self) >= MOST:
            self._before = dict(self)
            self.clear()
        self[key] = value
        return value


def remembered(work: Callable[[_Key], _Value]) -> Callable[[_Key], _Value]:
    """Return a function of one value with its newest results kept, a bounded number of them.

    Unlike `functools.lru_cache` it keeps no order of use: a letter asks for what is known of each of its words many times over,
    and keeping that order costs more than the answer.
    """
    return _Memory(work).__getitem__
