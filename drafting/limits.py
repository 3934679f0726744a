"""Requests and tokens a minute, one row each, shared by all workers.

A row holds the time of the next free slot. A caller moves it on in one statement and sleeps until
its turn; where the provider says 429, the row moves for everybody, and the pace drops and recovers.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from drafting.models import Complete, Completion, ModelFailure
from prompts import Prompt

BURST = 0.1
"""Seconds' worth that may be spent at once after an idle spell."""
MARGIN = 1.025
"""How much more a call is reckoned as than it takes: what is sent in turn may still arrive in a cluster."""
AHEAD = 8
"""Calls of a worker that hold a turn and wait for it. When the machine stands still for a second, no more than these come late, all at once;
the others have not asked yet, and what was not asked for in that second is not made up for."""
_RECOVERY = 0.01
"""How much of the full pace comes back each second after a 429."""

_PACE = "min(1.0, slots.pace + (:now - slots.cut) * :recovery)"
_TAKE = """
insert into slots(name, free, pace, cut) values (:name, :now - :burst + :step, 1.0, 0)
on conflict (name) do update set free = max(slots.free, :now - :burst) + :step / PACE
returning free - :step / PACE, :now
""".replace("PACE", _PACE)
_SLOW = """
update slots set free = max(slots.free, :now + :wait), cut = case when :now - cut > 1 then :now else cut end,
    pace = case when :now - cut > 1 then max(0.05, 0.7 * PACE) else pace end
where name = :name returning name
""".replace("PACE", _PACE)


class Limits:
    """Rates that all workers on one database keep together."""

    def __init__(self, url: str) -> None:
        """Open the rows at a database: PostgreSQL, or a SQLite file of their own."""
        self._url = url
        self._sqlite = url.startswith("sqlite")
        self._local = threading.local()
        self._opened: list[Any] = []
        # Two threads of our own: the engine's are many, and a connection for each would use up the server's.
        self._threads = ThreadPoolExecutor(2, "limits")
        self._connection().execute(
            "create table if not exists slots(name text primary key, free double precision, pace double precision, cut double precision)"
        )

    def _connection(self) -> Any:
        if getattr(self._local, "connection", None) is None:
            if self._sqlite:
                self._local.connection = sqlite3.connect(self._url.removeprefix("sqlite:///"), isolation_level=None, timeout=30, check_same_thread=False)
                for pragma in ("journal_mode=wal", "synchronous=off"):  # a crash of ours loses nothing, and a power cut only the last second's pace
                    self._local.connection.execute(f"pragma {pragma}")
            else:
                import psycopg

                self._local.connection = psycopg.connect(self._url, autocommit=True)
            self._opened.append(self._local.connection)
        return self._local.connection

    def close(self) -> None:
        """Close what is open."""
        self._threads.shutdown(cancel_futures=True)
        for connection in self._opened:
            connection.close()

    def _run(self, statement: str, values: Mapping[str, Any]) -> Any:
        """Run a statement; a connection that broke (the server restarted) is made anew, until it works."""
        if not self._sqlite:
            import psycopg

            statement = statement.replace(":now", "extract(epoch from clock_timestamp())::float8")  # one clock for all machines
            for name in values:
                statement = statement.replace(f":{name}", f"%({name})s")
            statement = statement.replace("max(", "greatest(").replace("min(", "least(")
            while True:
                try:
                    return self._connection().execute(statement, values).fetchone()
                except psycopg.OperationalError:
                    self._local.connection = None
                    time.sleep(0.5)
        return self._connection().execute(statement, values).fetchone()

    def reserve(self, name: str, amount: float, a_minute: float) -> float:
        """Take an amount from a rate and return the seconds to wait for it."""
        values = {"name": name, "now": time.time(), "burst": BURST, "step": amount * MARGIN * 60 / a_minute, "recovery": _RECOVERY}
        row = self._run(_TAKE, values)
        return max(0.0, float(row[0] - row[1]))

    def slow(self, name: str, wait: float) -> None:
        """Move everybody's next slot on by what the provider asks, and cut the pace, once a second at most."""
        self._run(_SLOW, {"name": name, "now": time.time(), "wait": wait, "recovery": _RECOVERY})

    def limited(self, name: str, complete: Complete, requests: float | None, tokens: float | None) -> Complete:
        """Return a Complete that waits for its turn before each call."""
        if not requests and not tokens:
            return complete
        turns = asyncio.Semaphore(AHEAD)
        rates = [(f"{name} {what}", limit) for what, limit in (("requests", requests), ("tokens", tokens)) if limit]

        async def ask(prompt: Prompt) -> Completion:
            loop = asyncio.get_running_loop()
            amounts = {"requests": 1.0, "tokens": float(prompt.tokens + EXPECTED)}

            def take() -> float:
                wait = max(self.reserve(row, amounts[row.rpartition(" ")[2]], limit) for row, limit in rates)
                return time.monotonic() + wait

            async with turns:
                due = await loop.run_in_executor(self._threads, take)
                await asyncio.sleep(due - time.monotonic())
            try:
                return await complete(prompt)
            except ModelFailure as failure:
                if failure.code == "rate_limited":
                    for row, _ in rates:
                        await loop.run_in_executor(self._threads, self.slow, row, min(failure.retry_after or 1.0, 60.0))
                raise

        return ask


EXPECTED = 600
"""Tokens that an answer is reckoned with before it is there."""
