"""A letter as a durable workflow: the one file that knows the engine (DBOS).

The record says what is to be written. A worker feeds it to the engine a little ahead of the work,
the engine claims, remembers finished calls and recovers, and what came of it goes back into the
record. So nothing depends on what the engine keeps, and it keeps no letter longer than its work.
"""

import asyncio
import fcntl
import gc
import os
import queue
import secrets
import signal
import socket
import sqlite3
import sys
import threading
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import bindparam, func, make_url, select, update
from sqlalchemy.exc import DBAPIError

from drafting.batch import Orders, _set, together
from drafting.config import Configuration
from drafting.desk import Desk, Filled, Written, fill_lot, written
from drafting.limits import Limits
from drafting.models import Complete, Completion, ModelFailure, Usage
from drafting.pipeline import draft
from drafting.settings import Settings
from drafting.store import BatchRow, BatchState, Job, LetterRow, Session, Store, StoreError, Taken, tables
from drafting.users import Position, User
from drafting.writers import Writer, writer
from guardrails.case import Case, CaseError, parse
from guardrails.rule import RuleError
from prompts import Prompt

VERSION = "letters-1"
"""Workers of another version leave these letters alone. It changes with the steps below."""
QUEUE = "letters"
AT_ONCE = 100
"""Letters in the works at a time, for each worker."""
GATHERED = 0.03
"""Seconds in which acts on the record gather before they are written together."""
LONGEST_WAIT = 15.0
"""Seconds' worth of a rate that are in the works at a time, so that a call does not grow old while it waits for its turn."""
ATTEMPTS = 5
"""How often a letter is begun whose model does not answer, before it has failed for good."""
DEAD = 5.0
"""Seconds after which a worker that is gone is looked for."""
_OURS = frozenset({"unauthorized", "unknown_model", "no_key", "no_provider", "quota"})
"""Failures that every letter would meet: the batch waits for a person."""
_FULL = "{}: make room on the disk, then `amends batch resume`; every letter written so far is kept"
_BROKEN = f"amends broke off {ATTEMPTS} times while it wrote this letter: tell those who look after it, then `amends batch retry`"
_JOB = tables.jobs.c
_BEGUN = (
    select(tables.jobs, tables.batches.c.state.label("batch_state"), tables.letters.c.case_id, tables.cases.c.data)
    .join(tables.batches, tables.batches.c.id == _JOB.batch)
    .join(tables.letters, tables.letters.c.id == _JOB.letter_id)
    .join(tables.cases, tables.cases.c.id == tables.letters.c.case_id)
    .where(_JOB.letter_id.in_(bindparam("ids", expanding=True)))
    .order_by(_JOB.letter_id)
    .with_for_update(of=tables.jobs)
)
"""All that has to be known to begin letters, in one look."""

Item = TypeVar("Item")
Value = TypeVar("Value")
_Act = Callable[[Session, Store, Sequence[Any]], Sequence[Any]]


class WorkerError(RuntimeError):
    """The work can not go on; nothing is lost. Its text is one line that says what to do."""


class _Clerk(threading.Thread):
    """Writes to the record for all letters in the works: what they ask for in the same moment is done together, with one wait for the disk."""

    def __init__(self, store: Store) -> None:
        super().__init__(name="clerk", daemon=True)
        self._store = store
        self._asked: queue.SimpleQueue[tuple[_Act, Any, asyncio.Future[Any]] | None] = queue.SimpleQueue()
        self.fault: WorkerError | None = None

    async def put(self, act: Callable[[Session, Store, Sequence[Item]], Sequence[Value]], item: Item) -> Value:
        """Do an act for an item, together with others that it is to be done for, and return what it gave, once that is on disk."""
        future: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
        self._asked.put((act, item, future))
        return await future

    def close(self) -> None:
        """End after what was asked so far."""
        self._asked.put(None)

    def run(self) -> None:
        """Write until closed."""
        while True:
            page = [self._asked.get()]
            if page[0]:
                time.sleep(GATHERED)
            with suppress(queue.Empty):
                while len(page) < AT_ONCE:
                    page.append(self._asked.get_nowait())
            acts: dict[_Act, list[tuple[Any, asyncio.Future[Any]]]] = {}
            for one in page:
                if one is not None:
                    acts.setdefault(one[0], []).append(one[1:])
            if acts:
                self._write(acts)
            if None in page:
                return

    def _write(self, acts: Mapping[_Act, Sequence[tuple[Any, "asyncio.Future[Any]"]]]) -> None:
        each = False
        while True:
            try:
                results: list[Any] = []
                with together(self._store) as (session, store):
                    for act, asked in acts.items():
                        items = [item for item, _ in asked]
                        results += [_alone(act, session, store, item) for item in items] if each else act(session, store, items)
                break
            except StoreError as error:
                if isinstance(error, Taken):
                    each = True
                elif full(error):
                    self.fault = WorkerError(_FULL.format(error))
                    return  # those who wait are let go by the end of the process
                else:
                    time.sleep(1)  # the database is away: nothing is lost by waiting for it
            except Exception:
                if each:
                    raise
                each = True  # one of them can not be written: the others can
        for (_, future), result in zip((one for asked in acts.values() for one in asked), results, strict=True):
            with suppress(RuntimeError):  # the loop is gone
                future.get_loop().call_soon_threadsafe(_settle, future, result)


def _alone(act: _Act, session: Session, store: Store, item: Any) -> Any:
    """Do an act for one item and return what it gave, or the exception that it raised."""
    try:
        with store.begin():
            return act(session, store, [item])[0]
    except Exception as error:
        if isinstance(error, StoreError) and not isinstance(error, Taken):
            raise
        return error


def _settle(future: "asyncio.Future[Any]", result: Any) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)


def full(error: Exception) -> bool:
    """Return whether a disk is full."""
    said = str(error).lower()
    return "disk is full" in said or "no space left" in said or "disk i/o error" in said


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """How one batch's letters are written."""

    orders: Orders
    write: Writer
    desk: Desk

    @property
    def revisions(self) -> int:
        """How often a letter is mended; without a model it would be composed the same again."""
        return 0 if self.orders.models == ("template",) else self.orders.revisions


@dataclass(frozen=True, slots=True)
class _End:
    """A letter's work that is over."""

    way: _Way
    attempt: int
    calls: int
    cost: Decimal | None
    filled: Filled


@dataclass(frozen=True, slots=True)
class _Back:
    """A letter that is to wait again; `pause` is why its whole batch does."""

    letter_id: int
    attempt: int
    batch: str
    pause: str | None


def _over(job: Job, end: _End, now: datetime) -> dict[str, object]:
    """Return what the end of a letter changes of its job."""
    return {
        "state": "failed" if end.filled.failure else "done",
        "calls": job.calls + end.calls,
        "cost": None if end.cost is None else float(end.cost) + (job.cost or 0.0),
        "done_at": now,
        "worker": None,
    }


class _Circuit:
    """Closed while the models answer. After five failures in a row nothing is begun for a while, then one letter tries."""

    def __init__(self) -> None:
        self.failures, self.until, self.wait = 0, 0.0, 5.0

    @property
    def open(self) -> bool:
        return self.failures >= 5 and time.monotonic() < self.until

    @property
    def probing(self) -> bool:
        return self.failures >= 5

    def well(self) -> None:
        self.failures, self.wait = 0, 5.0

    def ill(self) -> None:
        self.failures += 1
        if self.failures >= 5 and time.monotonic() >= self.until:
            self.until, self.wait = time.monotonic() + self.wait, min(self.wait * 2, 60.0)


class Worker:
    """Writes the letters of all running batches of one record. One a process; on SQLite one a file."""

    def __init__(self, store: Store, settings: Settings, setup: Configuration, *, at_once: int = AT_ONCE) -> None:
        self.store, self.settings, self.setup, self.at_once = store, settings, setup, at_once
        self._ways: dict[str, _Way] = {}
        self._circuit = _Circuit()
        self._clerk = _Clerk(store)
        self._leaving = False
        self._active: set[tuple[int, int]] = set()
        self._idle: set[str] = set()
        self._swept = 0.0
        self._workers = 1
        self._ended = 0
        url = store.engine.url
        self._sqlite = url.get_backend_name() == "sqlite"
        if self._sqlite:
            base = Path(str(url.database))
            self._lock = _file_lock(base.with_name(f"{base.stem}-worker.lock"))
            self.name = "worker-0"
            self._engine_url = f"sqlite:///{base.with_name(f'{base.stem}-engine.db')}"
            self.limits = Limits(f"sqlite:///{base.with_name(f'{base.stem}-limits.db')}")
        else:
            self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
            # A space is written as + in it, which libpq does not know; a + of somebody's own is %2B.
            self._engine_url = url.set(drivername="postgresql").render_as_string(hide_password=False).replace("+", "%20")
            self.limits = Limits(self._engine_url)
        self._watch: _Watch | None = None

    # --- beginning and end

    def __enter__(self) -> "Worker":
        global _worker
        from dbos import DBOS

        letter = _letter()
        if self._watch is None and not self._sqlite:
            self._watch = _Watch(self._engine_url, self.name)
        config: dict[str, Any] = {
            "name": "amends", "system_database_url": self._engine_url, "application_version": VERSION, "executor_id": self.name,
            "max_executor_threads": 8, "log_level": "CRITICAL",
        }  # fmt: skip
        if self._sqlite:
            config["system_database_engine"] = _sqlite_engine(self._engine_url)
        _worker = self
        # Letters are made of many small values that live as long as the letter: to look for rings among them as often as usual takes a sixth of the work.
        self._garbage = gc.get_threshold()
        gc.set_threshold(5_000, 10, 5)
        self._clerk.start()
        DBOS(config=config)  # type: ignore[arg-type]
        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=self.at_once, polling_interval_sec=0.1)
        self._letter, self._engine = letter, DBOS
        return self

    def __exit__(self, *_: object) -> None:
        global _worker
        with suppress(StoreError, DBAPIError):  # a database that is away or full is tidied by the next worker
            until = time.monotonic() + 2
            while self._active or self._engine.list_workflows(status="PENDING", executor_id=self.name, load_input=False, load_output=False, limit=1):
                if time.monotonic() > until:
                    break
                time.sleep(0.05)
            self._tidy()
        self._engine.destroy(workflow_completion_timeout_sec=0)
        self._clerk.close()
        self._clerk.join(10)
        self.limits.close()
        if self._watch:
            self._watch.close()
        elif self._lock:
            os.close(self._lock)
        gc.set_threshold(*self._garbage)
        gc.unfreeze()
        _worker = None

    def run(self, until: Callable[[], bool], each: Callable[[], None] = lambda: None) -> None:
        """Work until `until` says so; `each` is called about ten times a second. Raises WorkerError where the work can not go on."""
        while True:
            if self._clerk.fault:
                raise self._clerk.fault
            busy = False
            try:
                if until():
                    return
                busy = self._feed()
                if time.monotonic() - self._swept > DEAD:
                    self._swept = time.monotonic()
                    self._sweep()
                each()
            except (StoreError, DBAPIError) as error:
                if full(error):
                    raise WorkerError(_FULL.format(str(error).splitlines()[0])) from error
                time.sleep(0.5)  # the database is away: nothing is lost by waiting for it
            time.sleep(0.05 if busy else 0.15)

    def leave(self) -> bool:
        """Take no more letters; return whether those in the works are finished."""
        self._leaving = True
        with self.store.read() as session:
            return not session.count(Job, worker=self.name, state="fed")

    # --- feeding the engine

    def _feed(self) -> bool:
        """Hand the engine what it will have room for soon; return whether there was any."""
        if self._circuit.open or self._leaving:
            return False
        with self.store.read() as session:
            running = session.find(BatchRow, "at", state=BatchState.RUNNING.value)
            if not running:
                return False
            names = tuple(row.id for row in running)
            mine = session.connection.execute(
                select(func.count()).select_from(tables.jobs).where(_JOB.batch.in_(names), _JOB.state == "fed", _JOB.worker == self.name)
            ).scalar_one()
        window = 1 if self._circuit.probing else self._window(running)
        room = window - mine
        if mine and room < window // 4:  # seldom and many at once: each hand-over is a transaction
            return False
        fed: list[tuple[str, int, int]] = []
        for row in running:
            if room > len(fed):
                fed += self._take(row, room - len(fed))
        from dbos import SetWorkflowID

        for batch, letter_id, attempt in fed:
            with SetWorkflowID(f"{batch}/{letter_id}/{attempt}"):
                self._engine.enqueue_workflow(QUEUE, self._letter, letter_id, attempt)
        return bool(fed)

    def _window(self, running: tuple[BatchRow, ...]) -> int:
        """Return how many letters are handed over ahead: about two rounds of work, less where a rate is low."""
        rates = [rpm / 60 for row in running if (rpm := row.data.get("rpm"))]
        window = 2 * self.at_once
        return max(2, min(window, int(min(rates) * LONGEST_WAIT / max(self._workers, 1)))) if len(rates) == len(running) else window

    def _take(self, row: BatchRow, room: int) -> list[tuple[str, int, int]]:
        """Mark waiting letters of a batch as fed, and return them; the batch stops here at its cap, its pilot and its end."""
        with self.store.begin() as session:
            now = session.get(BatchRow, row.id, lock=True)
            if now is None or now.state is not BatchState.RUNNING:
                return []
            run, orders = session.connection.execute, Orders.of(now.data)
            if orders.pilot is not None or orders.cap is not None:
                room, why = self._allowed(session, row.id, orders, room)
                if room <= 0:
                    if why and not session.count(Job, batch=row.id, state="fed"):
                        _set(session, now.author, row.id, BatchState.PAUSED, why)
                    return []
            wanted = (
                select(_JOB.letter_id, _JOB.attempt).where(_JOB.batch == row.id, _JOB.state == "waiting").order_by(_JOB.attempt, _JOB.letter_id).limit(room)
            )
            taken = [(row.id, letter, attempt + 1) for letter, attempt in run(wanted.with_for_update(skip_locked=True))]
            if not taken:
                if not session.count(Job, batch=row.id, state="fed") and not session.count(Job, batch=row.id, state="waiting"):
                    _set(session, now.author, row.id, BatchState.DONE)
                return []
            ids = [letter for _, letter, _ in taken]
            run(
                update(tables.jobs).where(_JOB.letter_id.in_(ids)).values(state="fed", attempt=_JOB.attempt + 1, starts=0, worker=self.name, fed_at=session.now)
            )
        return taken

    def _allowed(self, session: Session, batch: str, orders: Orders, room: int) -> tuple[int, str]:
        """Return how many of so many letters pilot and cap let begin, and why the batch stops where that is none."""
        counted = session.connection.execute(select(_JOB.state, func.count(), func.sum(_JOB.cost)).where(_JOB.batch == batch).group_by(_JOB.state)).all()
        number = {state: count for state, count, _ in counted}
        if not number.get("waiting"):
            return room, ""
        if orders.pilot is not None:
            begun = sum(count for state, count in number.items() if state != "waiting")
            room = min(room, orders.pilot - begun)
            if room <= 0:
                return 0, f"pilot: look at the first {begun} letters on the desk, then resume"
        if orders.cap is not None:
            cost = sum((Decimal(str(spent)) for *_, spent in counted if spent), Decimal(0))
            each = cost / number["done"] if number.get("done") else Decimal(0)
            left = orders.cap - cost - each * number.get("fed", 0)
            if left <= 0 or (each and left < each):
                return 0, f"the cap of {orders.cap} USD is spent: raise it with `amends batch resume --cap`"
            room = min(room, int(left / each) if each else 10)
        return room, ""

    # --- one letter

    async def letter(self, letter_id: int, attempt: int, call: Callable[..., Any]) -> str:
        """Write one letter and return what became of it."""
        self._active.add((letter_id, attempt))
        try:
            return await self._letter_of(letter_id, attempt, call)
        finally:
            self._active.discard((letter_id, attempt))

    async def _letter_of(self, letter_id: int, attempt: int, call: Callable[..., Any]) -> str:
        begun = await self._clerk.put(self._begin, (letter_id, attempt))
        if begun is None:
            return "left"
        case, way, batch, again = begun
        calls, unkept = 0, dict[str, Any]()

        async def remembered(prompt: Prompt) -> Completion:
            nonlocal calls, unkept
            calls += 1
            if again:
                return _completion(await call(partial(_asked, complete, prompt)))
            # The answer that ends a letter is kept with the letter at once; to have the engine keep it before that would cost more than all else it does.
            if unkept:
                await call(partial(_given, unkept))
            unkept = await _asked(complete, prompt)
            return _completion(unkept)

        failure, texts = "", tuple[Written, ...]()
        cost: Decimal | None = Decimal(0)
        try:
            complete = way.write(case)
            made = await draft(case, remembered, way.desk.policy, revisions=way.revisions, rules=way.desk.rules, folder=self.setup.prompts)
            texts, cost = written(made), made.usage.cost
            self._circuit.well()
        except ModelFailure as error:
            failure, cost = str(error), error.usage.cost
            if error.code in _OURS or error.retryable:
                why = str(error) if error.code in _OURS else None
                if error.retryable:
                    self._circuit.ill()
                if why or attempt < ATTEMPTS:
                    await self._clerk.put(self._put_back, _Back(letter_id, attempt, batch, why))
                    return "again"
        except (CaseError, RuleError) as error:
            failure = str(error)
        await self._clerk.put(self._end, _End(way, attempt, calls, cost, Filled(letter_id, case, texts, failure or None)))
        return "failed" if failure else "done"

    def _begin(self, session: Session, _: Store, asked: Sequence[tuple[int, int]]) -> list[tuple[Case, _Way, str, bool] | None]:
        """Note that letters are begun; return for each its case, how it is written, its batch and whether it was begun before, None where it is not to be."""
        found = {row.letter_id: row for row in session.connection.execute(_BEGUN, {"ids": [letter_id for letter_id, _ in asked]})}
        begun: list[tuple[Case, _Way, str, bool] | None] = []
        marked: list[tuple[int, dict[str, object]]] = []
        for letter_id, attempt in asked:
            begun.append(None)
            row = found.get(letter_id)
            if row is None or row.state != "fed" or row.attempt != attempt:
                continue
            if (row.batch_state != BatchState.RUNNING or self._circuit.open) and not row.starts:
                left = "cancelled" if row.batch_state == BatchState.CANCELLED else "waiting"
                session.set(Job, letter_id, state=left, worker=None)
                continue
            if way := self._way(session, row.batch, letter_id, attempt):
                marked.append((letter_id, {"starts": row.starts + 1, "repeats": row.repeats + (row.starts > 0), "worker": self.name}))
                begun[-1] = parse(row.data, f"case {row.case_id}"), way, row.batch, row.starts > 0
        session.set_all(Job, marked)
        return begun

    def _way(self, session: Session, batch: str, letter_id: int, attempt: int) -> _Way | None:
        """Return how a batch's letters are written; None, with the batch paused, where they can not be."""
        if way := self._ways.get(batch):
            return way
        row = session.get(BatchRow, batch)
        assert row, "a foreign key points to a row"
        orders = Orders.of(row.data)
        # Waiting for a turn is no silence of the model: the budget is for what comes after it.
        settings = self.settings.model_copy(update={"models": orders.models, "budget": max(self.settings.budget, 20 * LONGEST_WAIT)})
        try:
            write = writer(settings, self.setup, lambda name, complete: self.limits.limited(name, complete, orders.rpm, orders.tpm))
        except ModelFailure as failure:
            self._put_back(session, self.store, [_Back(letter_id, attempt, batch, str(failure))])
            return None
        who = User(row.author, Position.ADMIN, sole=True)
        way = self._ways[batch] = _Way(orders, write, Desk(self.store, who, self.setup.policy, self.setup.rules))
        return way

    def _put_back(self, session: Session, _: Store, letters: Sequence[_Back]) -> list[None]:
        """Let letters wait again; with a reason to pause, the whole batch does."""
        for one in letters:
            session.set_where(Job, {"letter_id": one.letter_id, "attempt": one.attempt, "state": "fed"}, state="waiting", worker=None)
            if one.pause is not None:
                now = session.get(BatchRow, one.batch, lock=True)
                if now and now.state is BatchState.RUNNING:
                    _set(session, now.author, one.batch, BatchState.PAUSED, one.pause)
                self._ways.pop(one.batch, None)  # a key or a setting may be mended before it goes on
        return [None] * len(letters)

    def _end(self, session: Session, store: Store, ended: Sequence[_End]) -> list[None]:
        """Write down what came of letters, and that their work is over."""
        jobs = {job.letter_id: job for job in session.find(Job, lock=True, letter_id=tuple(one.filled.letter_id for one in ended))}
        # Once a letter, even where two have worked on it: one that was taken for dead and one that took it over.
        due = {one.filled.letter_id: one for one in ended if (job := jobs.get(one.filled.letter_id)) and (job.state, job.attempt) == ("fed", one.attempt)}
        for way in dict.fromkeys(one.way for one in due.values()):
            fill_lot(replace(way.desk, store=store), [one.filled for one in due.values() if one.way is way])
        session.set_all(Job, [(number, _over(jobs[number], one, session.now)) for number, one in due.items()])
        before, self._ended = self._ended, self._ended + len(due)
        if before < AT_ONCE <= self._ended:
            gc.freeze()  # what has been loaded by now stays, and is not looked through again
        return [None] * len(ended)

    # --- looking after

    def _sweep(self) -> None:
        """Take over from workers that are gone, hand over again what the engine lost, and forget what is done."""
        if self._watch:
            gone, self._workers = self._watch.look()
            for name in gone:
                lost = self._engine.list_workflows(status="PENDING", executor_id=name, load_input=False, load_output=False)
                ids = [one.workflow_id for one in lost]
                for start in range(0, len(ids), 100):
                    self._engine.resume_workflows(ids[start : start + 100], queue_name=QUEUE)
                with self.store.begin() as session:
                    session.set_where(Job, {"worker": name, "state": "fed"}, worker=self.name)
                self._watch.forget(name)
        with self.store.read() as session:
            old = session.connection.execute(
                select(_JOB.batch, _JOB.letter_id, _JOB.attempt)
                .where(_JOB.state == "fed", _JOB.fed_at < session.now - timedelta(seconds=10), _JOB.worker == self.name)
                .limit(500)
            ).all()
        ids = [f"{batch}/{letter}/{attempt}" for batch, letter, attempt in old]
        known = {one.workflow_id: one.status for one in self._engine.list_workflows(workflow_ids=ids, load_input=False, load_output=False)} if ids else {}
        from dbos import SetWorkflowID

        idle: set[str] = set()
        for batch, letter, attempt in old:
            name = f"{batch}/{letter}/{attempt}"
            state = known.get(name)
            if state is None:  # the worker was killed between its mark and the engine's
                with SetWorkflowID(name):
                    self._engine.enqueue_workflow(QUEUE, self._letter, letter, attempt)
            elif state == "PENDING" and (letter, attempt) not in self._active:
                idle.add(name)
            elif state not in ("ENQUEUED", "PENDING", "DELAYED"):  # ended without a word in the record: a fault of ours
                with self.store.begin() as session:
                    lost = attempt >= ATTEMPTS
                    now = {"state": "failed" if lost else "waiting", "done_at": session.now if lost else None, "worker": None}
                    if session.set_where(Job, {"letter_id": letter, "attempt": attempt, "state": "fed"}, **now) and lost:
                        session.set_where(LetterRow, {"id": letter, "revision": 0}, failure=_BROKEN)
        # What the engine holds for running and nobody runs, twice in a row, it lost with its database.
        if lost_here := sorted(idle & self._idle):
            self._engine.resume_workflows(lost_here, queue_name=QUEUE)
        self._idle = idle - self._idle
        self._tell()
        self._tidy()

    def _tidy(self) -> None:
        """Forget what is done: what a model answered stays with the engine no longer than the letter's work takes."""
        while ended := self._engine.list_workflows(status=["SUCCESS", "ERROR", "CANCELLED"], load_input=False, load_output=False, limit=500):
            self._engine.delete_workflows([one.workflow_id for one in ended])

    def _tell(self) -> None:
        """Say with each running batch that its model does not answer, and take it back once it does."""
        with self.store.read() as session:
            wrong = [row for row in session.find(BatchRow, state=BatchState.RUNNING.value) if bool(row.why) is not self._circuit.probing]
        why = f"the model does not answer: one letter tries every {self._circuit.wait:.0f} s or less; Ctrl-C pauses" if self._circuit.probing else None
        for row in wrong:
            with self.store.begin() as session:
                session.set_where(BatchRow, {"id": row.id, "state": BatchState.RUNNING.value}, why=why)


class _Watch:
    """Who is alive: each worker holds a lock of the database for its name for as long as it lives."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name, self._since = url, name, 0.0
        self._connect()

    def _connect(self) -> None:
        import psycopg

        self._connection = psycopg.connect(self._url, autocommit=True)
        self._connection.execute("create table if not exists workers(id text primary key)")
        # The lock first: a row without its lock would look like somebody dead.
        self._connection.execute("select pg_advisory_lock(77, %s)", (_number(self._name),))
        self._connection.execute("insert into workers values(%s) on conflict do nothing", (self._name,))
        self._since = time.monotonic()

    def look(self) -> tuple[list[str], int]:
        """Return the workers that are gone, and how many are here."""
        import psycopg

        try:
            gone, here = [], 1
            for (other,) in self._connection.execute("select id from workers where id <> %s", (self._name,)).fetchall():
                if self._try(other):
                    # After the database was away, the others are given time to take their locks again.
                    if time.monotonic() - self._since > 2 * DEAD:
                        gone.append(other)
                    else:
                        self._unlock(other)
                else:
                    here += 1
            return gone, here
        except psycopg.OperationalError:
            with suppress(psycopg.OperationalError):
                self._connect()
            return [], 1

    def forget(self, name: str) -> None:
        """End the watch over a worker whose work was taken over."""
        import psycopg

        with suppress(psycopg.OperationalError):
            self._connection.execute("delete from workers where id = %s", (name,))
            self._unlock(name)

    def _try(self, name: str) -> bool:
        row = self._connection.execute("select pg_try_advisory_lock(77, %s)", (_number(name),)).fetchone()
        return bool(row and row[0])

    def _unlock(self, name: str) -> None:
        self._connection.execute("select pg_advisory_unlock(77, %s)", (_number(name),))

    def close(self) -> None:
        """Leave."""
        import psycopg

        with suppress(psycopg.OperationalError):
            self._connection.close()


def _number(name: str) -> int:
    return zlib.crc32(name.encode()) - 2**31


def _file_lock(path: Path) -> int:
    file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise WorkerError(
            "another process works on this record already: it writes these letters too; for several workers use PostgreSQL (AMENDS_DATABASE_URL)"
        ) from None
    return file


def _sqlite_engine(url: str) -> Any:
    from sqlalchemy import create_engine, event

    path = make_url(url).database
    with sqlite3.connect(str(path)) as connection:
        connection.execute("pragma journal_mode=wal")  # the engine does not set it; it stays with the file
    # Few statements kept: those of the engine that name many letters are never said the same way twice, and each is some tens of kilobytes.
    engine = create_engine(url, pool_size=10, max_overflow=0, pool_timeout=60, connect_args={"cached_statements": 16})

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        # NORMAL outlives a killed process; after a power cut the record, which is FULL, says what is still to be done.
        # Ten connections with the usual two megabytes each would be most of what a worker grows by; what the engine has at hand is small.
        for pragma in ("busy_timeout=30000", "foreign_keys=ON", "synchronous=NORMAL", "secure_delete=ON", "cache_size=-256"):
            connection.execute(f"pragma {pragma}")

    return engine


# --- what the engine calls

_worker: Worker | None = None


@cache
def _letter() -> Callable[[int, int], Any]:
    """Return the workflow; it is registered with the engine once a process."""
    from dbos import DBOS

    @DBOS.step(name="call")
    async def call(answer: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        return await answer()

    @DBOS.workflow(name="letter", max_recovery_attempts=100)
    async def letter(letter_id: int, attempt: int) -> str:
        assert _worker, "the engine runs inside a worker"
        return await _worker.letter(letter_id, attempt, call)

    return letter


async def _asked(complete: Complete, prompt: Prompt) -> dict[str, Any]:
    """Ask a model and return what came of it, as the engine keeps it."""
    try:
        completion = await complete(prompt)
    except ModelFailure as failure:
        said = {"code": failure.code, "text": str(failure), "retryable": failure.retryable, "retry_after": failure.retry_after}
        return {"failure": said, "usage": _plain(failure.usage)}
    return {
        "text": completion.text,
        "model": completion.model,
        "usage": _plain(completion.usage),
        "fell_back": list(completion.fell_back),
        "ended": completion.finish_reason,
    }


async def _given(answer: dict[str, Any]) -> dict[str, Any]:
    return answer


def _plain(usage: Usage) -> dict[str, Any]:
    return asdict(usage) | {"cost": None if usage.cost is None else str(usage.cost)}


def _completion(answer: Mapping[str, Any]) -> Completion:
    """Return the completion that a step remembers, or raise the failure it remembers."""
    cost = answer["usage"]["cost"]
    usage = Usage(**(answer["usage"] | {"cost": None if cost is None else Decimal(cost)}))
    if failure := answer.get("failure"):
        raise ModelFailure(failure["code"], failure["text"], retryable=failure["retryable"], retry_after=failure["retry_after"], usage=usage)
    return Completion(answer["text"], answer["model"], usage, answer["ended"], None, tuple(answer["fell_back"]))


def interruptible(stop: Callable[[], None]) -> Callable[[], None]:
    """Have Ctrl-C and SIGTERM call `stop`, a second one end the process at once; return what puts things back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    asked = 0

    def heard(number: int, _: object) -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            print("amends: left at once; letters in the works are begun again on resume", file=sys.stderr)
            os._exit(130)
        stop()

    for number in before:
        signal.signal(number, heard)

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return restore
