import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drafting.limits import BURST, EXPECTED, Limits
from drafting.models import Completion, ModelFailure, Usage
from prompts import Prompt

PROMPT = Prompt("You write letters.", "The facts.", "write@00000000")


@pytest.fixture
def limits_url(server: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'limits.db'}" if server == "sqlite" else request.getfixturevalue("postgres").fresh()


@pytest.fixture
def limits(limits_url: str) -> Iterator[Limits]:
    made = Limits(limits_url)
    yield made
    made.close()


def test_a_rate_is_shared_by_all_workers(limits: Limits, limits_url: str) -> None:
    other = Limits(limits_url)
    begun = time.time()
    waits = [(limits, other)[turn % 2].reserve("m requests", 1, 60) for turn in range(6)]
    passed = time.time() - begun
    other.close()
    assert waits[-1] == pytest.approx(5 - BURST, abs=0.3 + passed)
    assert waits == sorted(waits)


def test_never_more_than_two_percent_above_the_rate_in_ten_seconds(limits: Limits) -> None:
    begun = time.time()
    turns = sorted(time.time() - begun + limits.reserve("m requests", 1, 6000) for _ in range(1500))
    most = max(sum(start <= turn < start + 10 for turn in turns) for start in turns[::50])
    assert 900 < most <= 1020


def test_a_refusal_makes_everybody_wait_and_slows_the_pace(limits: Limits) -> None:
    limits.reserve("m requests", 1, 600)
    limits.slow("m requests", 3)
    first = limits.reserve("m requests", 1, 600)
    second = limits.reserve("m requests", 1, 600)
    assert 2.5 < first <= 3
    assert second - first == pytest.approx(0.1 / 0.7, abs=0.05)


def test_calls_wait_for_requests_and_for_tokens(limits: Limits) -> None:
    times: list[float] = []

    async def answers(prompt: Prompt) -> Completion:
        times.append(time.monotonic())
        return Completion("", "m", Usage())

    ask = limits.limited("m", answers, 6000, 3 * 60 * (PROMPT.tokens + EXPECTED))

    async def all_of_them() -> None:
        await asyncio.gather(*(ask(PROMPT) for _ in range(4)))

    asyncio.run(all_of_them())
    assert max(times) - min(times) == pytest.approx(1, abs=0.4)


def test_a_rate_limited_call_tells_the_others(limits: Limits) -> None:
    async def refuses(prompt: Prompt) -> Completion:
        raise ModelFailure("rate_limited", "too many", retryable=True, retry_after=5)

    with pytest.raises(ModelFailure):
        asyncio.run(limits.limited("m", refuses, 600, None)(PROMPT))  # type: ignore[arg-type]
    assert limits.reserve("m requests", 1, 600) > 4
