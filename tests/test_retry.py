import asyncio

import pytest

from drafting.models import Complete, Completion, ModelFailure, Usage, scripted
from drafting.retry import retrying
from prompts import Prompt

PROMPT = Prompt("You write letters.", "The facts.", "write@00000000")
LETTER = {"subject": "Our apology", "body": "I am sorry."}


def down(**more: float) -> ModelFailure:
    return ModelFailure("unavailable", "a: is down", retryable=True, usage=Usage(attempts=1), **more)  # type: ignore[arg-type]


class Sleeper:
    def __init__(self) -> None:
        self.waits: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)


def ask(complete: Complete) -> Completion:
    async def answer() -> Completion:
        return await complete(PROMPT)

    return asyncio.run(answer())


def test_tries_again_until_an_answer_comes() -> None:
    sleeper = Sleeper()
    done = ask(retrying(scripted(down(), down(), LETTER), sleep=sleeper))
    assert (done.usage.attempts, len(sleeper.waits)) == (3, 2)


def test_waits_grow_and_differ() -> None:
    waits = []
    for _ in range(30):
        sleeper = Sleeper()
        with pytest.raises(ModelFailure):
            ask(retrying(scripted(*(down() for _ in range(6))), attempts=6, budget=1000, sleep=sleeper))
        waits.append(sleeper.waits)
    bounds = [0.5 * 2**turn for turn in range(5)]
    assert all(0 <= wait <= bound for row in waits for wait, bound in zip(row, bounds, strict=True))
    assert sum(row[-1] for row in waits) > sum(row[0] for row in waits)
    assert len({wait for row in waits for wait in row}) == 150


def test_gives_up_with_the_last_failure_after_so_many_attempts() -> None:
    model = scripted(down(), down(), LETTER)
    with pytest.raises(ModelFailure) as caught:
        ask(retrying(model, attempts=2, sleep=Sleeper()))
    assert (caught.value.code, caught.value.usage.attempts, len(model.prompts)) == ("unavailable", 2, 2)


def test_never_tries_again_what_waiting_does_not_mend() -> None:
    model = scripted(ModelFailure("quota", "a: no quota"), LETTER)
    with pytest.raises(ModelFailure):
        ask(retrying(model, sleep=Sleeper()))
    assert len(model.prompts) == 1


def test_tries_an_unreadable_answer_once_more_however_many_outages_came_before() -> None:
    def unread() -> ModelFailure:
        return ModelFailure("bad_answer", "a: nonsense", retryable=True)

    model = scripted(down(), unread(), down(), unread(), LETTER)
    with pytest.raises(ModelFailure) as caught:
        ask(retrying(model, sleep=Sleeper()))
    assert (caught.value.code, len(model.prompts)) == ("bad_answer", 4)


def test_a_fault_of_ours_is_raised_at_once() -> None:
    model = scripted(KeyError("ours"), LETTER)
    with pytest.raises(KeyError):
        ask(retrying(model, sleep=Sleeper()))


def test_adds_up_what_all_attempts_took() -> None:
    lost = ModelFailure("timeout", "a: slow", retryable=True, usage=Usage(None, None, None, 1.0, 1, None))
    usage = ask(retrying(scripted(lost, LETTER), sleep=Sleeper())).usage
    assert (usage.attempts, usage.input_tokens, usage.cost) == (2, None, None)


def test_begins_no_wait_that_would_pass_the_budget() -> None:
    sleeper = Sleeper()
    with pytest.raises(ModelFailure) as caught:
        ask(retrying(scripted(down(retry_after=30), LETTER), budget=10, sleep=sleeper))
    assert (caught.value.retry_after, sleeper.waits) == (30, [])


def test_letters_that_were_turned_away_together_do_not_come_back_together() -> None:
    waits = set()
    for _ in range(10):
        sleeper = Sleeper()
        ask(retrying(scripted(down(retry_after=2), LETTER), sleep=sleeper))
        waits |= set(sleeper.waits)
    assert len(waits) == 10
    assert all(2 <= wait <= 2.2 for wait in waits)


def test_the_budget_bounds_an_attempt_that_never_ends() -> None:
    async def silent(prompt: Prompt) -> Completion:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(ModelFailure) as caught:
        ask(retrying(silent, budget=0.05))
    assert (caught.value.code, caught.value.usage.attempts, caught.value.usage.cost) == ("timeout", 1, None)
    assert "AMENDS_BUDGET" in str(caught.value)


def test_a_timeout_of_the_caller_is_the_callers() -> None:
    async def impatient() -> None:
        async with asyncio.timeout(0.05):
            await retrying(scripted(down(retry_after=30)))(PROMPT)

    with pytest.raises(TimeoutError):
        asyncio.run(impatient())
