"""Drafts on their way: each in a thread of its own, so that it goes on when a page reruns or a tab closes."""

import asyncio
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drafting.listen import Piece, listening
from drafting.pipeline import Draft

KEEP = 3600
"""Seconds that a finished draft can still be watched."""

Event = dict[str, Any]


@dataclass
class Job:
    """One draft: what has happened so far, for whoever watches."""

    id: str
    owner: str
    events: list[Event] = field(default_factory=list)
    over: bool = False
    since: float = field(default_factory=time.monotonic)
    _stop: Callable[[], None] | None = None

    def stop(self) -> None:
        """End the draft; what was written stays with whoever watched."""
        if self._stop:
            self._stop()

    def say(self, **event: Any) -> None:
        """Tell whoever watches."""
        self.events.append(event)


_jobs: dict[str, Job] = {}
_lock = threading.Lock()


def get(id: str, owner: str) -> Job | None:
    """Return a draft of this owner, while it is kept."""
    job = _jobs.get(id)
    return job if job and job.owner == owner else None


def start(owner: str, write: Callable[[Job], Any], done: Callable[[Draft], Event]) -> Job:
    """Start a draft and return it at once.

    `write` returns the coroutine that drafts; `done` puts the draft into the record and says what
    the page is told. Whatever either raises is told as one line.
    """
    job = Job(uuid.uuid4().hex, owner)
    with _lock:
        for old in [id for id, one in _jobs.items() if one.over and time.monotonic() - one.since > KEEP]:
            del _jobs[old]
        _jobs[job.id] = job
    threading.Thread(target=_run, args=(job, write, done), daemon=True, name=f"draft-{job.id[:8]}").start()
    return job


def _run(job: Job, write: Callable[[Job], Any], done: Callable[[Draft], Event]) -> None:
    call = 0

    def hear(piece: Piece) -> None:
        nonlocal call
        if piece.call != call and call:
            job.say(turn="Mending what the rules found…")
        call = piece.call
        job.say(field=piece.field, text=piece.text)

    async def main() -> Draft:
        task = asyncio.ensure_future(write(job))
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.call_soon_threadsafe(task.cancel)

        job._stop = stop
        made: Draft = await task
        return made

    try:
        with listening(hear):
            made = asyncio.run(main())
        job.say(letter={"subject": made.letter.subject, "body": made.letter.body})
        job.say(done=done(made))
    except asyncio.CancelledError:
        job.say(stopped=True)
    except Exception as error:
        job.say(error=str(error).splitlines()[0] if str(error) else type(error).__name__)
    finally:
        job.over = True
