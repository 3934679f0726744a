"""The one retry policy: what is tried again, after what wait, and when it ends."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from drafting.listen import begin, heard
from drafting.models import Complete, Completion, ModelFailure, Usage
from prompts import Prompt


def retrying(complete: Complete, *, attempts: int = 5, budget: float = 120.0, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> Complete:
    """Return a Complete that tries again where waiting may help, and then gives up with the last failure.

    The wait is what the server asks for, else random and growing. `budget` bounds all attempts and
    waits together, in seconds; a wait that would pass it is not begun. An answer that could not be
    read is tried once more, an answer that a listener has begun to hear never. Cancelling works at
    any time.
    """
    from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_before_delay, wait_random_exponential

    backoff = wait_random_exponential(multiplier=0.5, max=20)

    def wait(state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        asked = failure.retry_after if isinstance(failure, ModelFailure) else None
        # A little jitter, so that letters that were turned away together do not come back together.
        return backoff(state) if asked is None else asked + random.uniform(0, 0.2)

    async def ask(prompt: Prompt) -> Completion:
        started, spent, unread = time.monotonic(), Usage(), 0
        begin()

        async def once() -> Completion:
            nonlocal spent
            try:
                return await complete(prompt)
            except ModelFailure as failure:
                spent += failure.usage
                raise

        def again(error: BaseException) -> bool:
            nonlocal unread
            if not isinstance(error, ModelFailure) or not error.retryable:
                return False
            unread += error.code == "bad_answer"
            return unread < 2

        def total(usage: Usage) -> Usage:
            return replace(spent + usage, seconds=time.monotonic() - started)

        policy = AsyncRetrying(
            retry=retry_if_exception(again),
            wait=wait,
            stop=stop_after_attempt(attempts) | stop_before_delay(budget),
            sleep=sleep,
            reraise=True,
        )
        try:
            async with asyncio.timeout(budget) as deadline:
                completion: Completion = await policy(once)
        except ModelFailure as failure:
            failure.usage = total(Usage())
            raise
        except TimeoutError as error:
            if not deadline.expired():
                raise
            partial, begun = heard()
            raise ModelFailure(
                "timeout",
                f"no complete answer within {budget:g} s, all attempts together: try again, raise AMENDS_BUDGET or add `--model template`",
                retryable=True,
                # What the attempt that was broken off has cost is known to the server alone.
                usage=total(Usage(None, None, None, attempts=1, cost=None)),
                partial=partial,
                begun=begun,
            ) from error
        return replace(completion, usage=total(completion.usage))

    return ask
