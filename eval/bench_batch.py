"""`make bench`: how fast a batch is beside what the provider's limit allows, against a scripted HTTP model on this machine.

Server, database and workers share the cores. Figures are of the middle of a run: from the letter
that ends its first fifth to the one that ends its ninth tenth.
"""

import asyncio
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from argparse import ArgumentParser
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import Path

from drafting import batch as batches
from drafting.accounts import Accounts, Rejects, Usable, mass
from drafting.batch import Orders
from drafting.config import configuration
from drafting.desk import Desk
from drafting.models import make
from drafting.pipeline import first_prompt
from drafting.settings import Settings
from drafting.store import open_store
from drafting.users import LOCAL
from drafting.worker import Worker
from guardrails.letter import Letter
from guardrails.report import check

LATENCY = 0.2
_INCIDENT = Path(__file__).parents[1] / "examples" / "mass_outage.toml"
_SUBJECT = "We took the payout service offline on 15 September"
_BODY = """Dear {name} team,

I am sorry that we took the payout service offline on Tuesday 15 September from 07:05 to 11:50 CEST. {impact}

We locked the payouts table during the day. We caused this outage, and the responsibility is ours. We removed the index at 11:50.

You receive a credit of EUR 120. By 30 September we will move all database changes to the hours from 01:00 to 04:00.

I will call you on Friday 18 September at 10:00 CEST. I am sorry for the work this made for you.

Kind regards,

Helene Brandt
VP of Customer Success, Fjordpay"""
_TICK = os.sysconf("SC_CLK_TCK")
_numbers = count(1)


@contextmanager
def model() -> Iterator[tuple[str, list[float]]]:
    """Answer chat completions after 200 ms; yield the address and the list that the times of requests go to."""
    times: list[float] = []
    loop = asyncio.new_event_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                sent = await reader.readexactly(int(head.partition("content-length:")[2].split("\r\n")[0]))
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            times.append(time.monotonic())
            await asyncio.sleep(LATENCY)
            found = re.search(rb"Account \d+", sent)
            letter = _answer(found[0].decode() if found else "your")
            choice = {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": json.dumps({"subject": letter.subject, "body": letter.body})},
            }
            usage = {"prompt_tokens": 1000, "completion_tokens": 300, "total_tokens": 1300}
            body = json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "scripted", "choices": [choice], "usage": usage}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", times
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def _answer(name: str) -> Letter:
    return Letter(_SUBJECT, _BODY.format(name=name, impact=f"{name} waited for its payouts."))


def _accounts(folder: Path, letters: int) -> Path:
    path = folder / "accounts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "company", "contact_name", "contact_email", "impact", "cohort"])
        rows.writerows(
            [f"A-{n}", f"Account {n}", f"Ada Number{n}", f"ada@account-{n}.example", f"{n % 900 + 10} payouts left late", "delayed"] for n in range(letters)
        )
    return path


# --- what processes use


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _cpu(pids: Iterator[int] | list[int]) -> float:
    """Return the CPU seconds that processes have used, with those of their ended children."""
    total = 0
    for pid in pids:
        try:
            total += sum(int(part) for part in _stat(pid)[11:15])
        except FileNotFoundError:
            continue
    return total / _TICK


def _children(parent: int) -> list[int]:
    """Return a process and those it has begun."""
    found = [parent]
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if int(_stat(int(path.name))[1]) == parent:
                found.append(int(path.name))
        except FileNotFoundError:
            continue
    return found


def _resident(pid: int) -> int:
    """Return the memory of a process, in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20


class Server:
    """A PostgreSQL on this machine in which we may make databases."""

    def __init__(self, url: str) -> None:
        import psycopg

        self.url = url
        with psycopg.connect(url) as connection:
            row = connection.execute("select pg_backend_pid()").fetchone()
            assert row
            self.pid = int(_stat(row[0])[1])

    def fresh(self) -> str:
        """Make a database and return its URL."""
        import psycopg

        name = f"bench_{next(_numbers)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"create database {name}")
        return re.sub(r"/\w*(?=\?|$)", f"/{name}", self.url, count=1)


# --- a run


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run gave."""

    rate: float
    """Letters a second."""
    worker: float
    """CPU milliseconds a letter, all workers."""
    database: float
    """CPU milliseconds a letter in the database's own processes."""
    over: float
    """By how much the busiest 10 s exceeded the limit."""
    grown: int
    """MB that the first worker has grown from its first letter on."""


def run(letters: int, per_second: float | None, workers: int = 1, server: Server | None = None) -> Figures:
    """Run a batch with processes of its own and return the figures of its middle."""
    with tempfile.TemporaryDirectory() as folder, model() as (url, times):
        environ = {**os.environ, "AMENDS_HOME": folder, "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": url}
        environ |= {"AMENDS_DATABASE_URL": server.fresh()} if server else {}
        limit = ["--limit-rpm", str(per_second * 60)] if per_second else []
        amends = [sys.executable, "-m", "ui"]
        accounts = str(_accounts(Path(folder), letters))
        begin = [*amends, "batch", "run", str(_INCIDENT), accounts, "--model", "openai:scripted", "--revisions", "0", "--yes", *limit]
        others = [subprocess.Popen([*amends, "worker"], env=environ, stderr=subprocess.PIPE) for _ in range(workers - 1)]
        for one in others:
            if one.stderr:
                one.stderr.readline()  # it works
        processes = [subprocess.Popen(begin, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), *others]
        marks: list[tuple[float, float, float, int]] = []
        first = most = 0
        while processes[0].poll() is None:
            done = len(times)
            if done and len(marks) < 2:
                most = max(most, _resident(processes[0].pid))
                first = first or most
                if done >= (letters * 9 // 10 if marks else letters // 5):
                    marks.append((time.monotonic(), _cpu([one.pid for one in processes]), _cpu(_children(server.pid)) if server else 0.0, done))
            time.sleep(0.02)
        for one in others:
            one.terminate()
            one.communicate()
    (begun, before, base, few), (ended, after, top, many) = marks
    return Figures(
        (many - few) / (ended - begun), (after - before) / (many - few) * 1000, (top - base) / (many - few) * 1000, _over(times, per_second), most - first
    )


def _over(times: list[float], per_second: float | None) -> float:
    if not per_second:
        return 0.0
    return max(bisect_left(times, start + 10) - place for place, start in enumerate(times)) / (per_second * 10) - 1


def stages(letters: int) -> dict[str, float]:
    """Return the CPU milliseconds that a letter takes in each part of a worker."""
    setup = configuration()
    with tempfile.TemporaryDirectory() as name, model() as (url, _):
        folder = Path(name)
        settings = Settings.read({"AMENDS_HOME": name, "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": url}, models=("openai:scripted",))
        accounts = Accounts(_accounts(folder, letters), mass(_INCIDENT))
        cases = [row.case for row in accounts if isinstance(row, Usable)]
        taken: dict[str, float] = {}

        @contextmanager
        def stage(name: str) -> Iterator[None]:
            begun = time.thread_time()
            yield
            taken[name] = (time.thread_time() - begun) / letters * 1000

        prompts = [first_prompt(cases[0], setup.policy)]
        with stage("prompt"):
            prompts += [first_prompt(case, setup.policy) for case in cases]
        with stage("check"):
            for case in cases:
                check(_answer(case.account.company), case, setup.policy, rules=setup.rules)
        complete = make("openai:scripted", settings)

        async def ask() -> None:
            await complete(prompts[0])
            with stage("model client"):
                for start in range(0, letters, 50):
                    await asyncio.gather(*map(complete, prompts[start : start + 50]))

        asyncio.run(ask())
        with closing(open_store(folder)) as store:
            desk = Desk(store, LOCAL, setup.policy, setup.rules)
            made = batches.create(desk, accounts, Orders(("openai:scripted",), 0))
            batches.load(desk, made, accounts)
            with Worker(store, settings, setup) as worker:
                before = _threads()
                worker.run(lambda: batches.ended(store, made))
                used = {name: (now - before.get(name, 0.0)) / letters * 1000 for name, now in _threads().items()}
    taken["record"] = sum(value for name, value in used.items() if name.startswith("clerk"))
    taken["handing over"] = sum(value for name, value in used.items() if name.startswith("MainThread"))
    served = max((value for name, value in used.items() if "run_forever" in name), default=0.0)
    taken["engine"] = sum(used.values()) - sum(taken.values()) - served
    return taken


def _threads() -> dict[str, float]:
    """Return the CPU seconds that each thread of this process has used."""
    used = {}
    for thread in threading.enumerate():
        told = Path(f"/proc/self/task/{thread.native_id}/stat").read_text().rpartition(")")[2].split()
        used[f"{thread.name} {thread.native_id}"] = (int(told[11]) + int(told[12])) / _TICK
    return used


def put(accounts: int) -> Mapping[str, float]:
    """Put accounts on the desk and return the seconds it took to look at them and to load them, the seconds of a status, and the MB it grew."""
    setup, settings = configuration(), Settings.read({}, models=("template",))
    with tempfile.TemporaryDirectory() as name, closing(open_store(Path(name))) as store:
        desk = Desk(store, LOCAL, setup.policy, setup.rules)
        rows, orders = Accounts(_accounts(Path(name), accounts), mass(_INCIDENT)), Orders(("template",))
        times, before = [time.monotonic()], _resident(os.getpid())
        batches.survey(desk, rows, orders, settings, Rejects(Path(name) / "rejects.csv"))
        times.append(time.monotonic())
        made = batches.create(desk, rows, orders)
        batches.load(desk, made, rows)
        times.append(time.monotonic())
        batches.status(store, made)
        times.append(time.monotonic())
        looked, loaded, told = (later - sooner for sooner, later in pairwise(times))
        return {"looked": looked, "loaded": loaded, "status": told, "grown": _resident(os.getpid()) - before}


def main() -> int:
    """Print the figures; with `--full` those of long runs too."""
    parser = ArgumentParser(description="How fast a batch is.")
    parser.add_argument("--full", action="store_true", help="long runs: an hour or so")
    parser.add_argument("database", nargs="?", help="URL of a PostgreSQL on this machine in which databases may be made")
    options = parser.parse_args()
    server = Server(options.database) if options.database else None
    spent = stages(300)
    print(f"CPU of a worker a letter, by stage: {sum(spent.values()):.1f} ms: " + ", ".join(f"{name} {value:.1f}" for name, value in spent.items()), flush=True)
    factor = 5 if options.full else 1
    points: list[tuple[int, float | None, int, Server | None]] = [(600, 40.0, 1, None), (600, None, 1, None)]
    if server:
        points += [(900, 60.0, 2, server), (600, None, 1, server), (900, None, 2, server)]
        points += [(900, None, 4, server)] if options.full else []
    for letters, limit, workers, where in points:
        print(f"{letters * factor} letters, {_name(workers, where)}: {_said(run(letters * factor, limit, workers, where), limit)}", flush=True)
    for accounts in (5_000, 500_000) if options.full else (5_000,):
        told = put(accounts)
        print(
            f"{accounts:,} accounts: looked at in {told['looked']:.0f} s, on the desk in {told['loaded']:.0f} s more, "
            f"{told['grown']:.0f} MB grown, status in {told['status']:.2f} s",
            flush=True,
        )
    if options.full:
        print(f"50,000 letters, {_name(1, None)}: {_said(run(50_000, None), None)}")
    return 0


def _name(workers: int, server: Server | None) -> str:
    return f"{'PostgreSQL' if server else 'SQLite'}, {workers} worker{'s' * (workers > 1)}"


def _said(one: Figures, limit: float | None) -> str:
    of = f"{one.rate / limit:.1%} of the limit of {limit:.0f}/s, the busiest 10 s {one.over:+.1%}" if limit else "no limit"
    database = f" and {one.database:.1f} in the database" if one.database else ""
    return f"{one.rate:.1f}/s ({of}); CPU a letter {one.worker:.1f} ms{database}; the worker grew by {one.grown} MB"


if __name__ == "__main__":
    sys.exit(main())
