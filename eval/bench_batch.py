"""How fast a batch is beside what the provider's limit allows, against a scripted HTTP model on this machine."""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LATENCY = 0.2
_INCIDENT = Path(__file__).parents[1] / "examples" / "mass_outage.toml"
_BODY = """Dear {name},

I am sorry that we took the payout service offline on Tuesday 15 September from 07:05 to 11:50 CEST. {impact}

We locked the payouts table during the day. We caused this outage, and the responsibility is ours. We removed the index at 11:50.

You receive a credit of EUR 120. By 30 September we will move all database changes to the hours from 01:00 to 04:00.

I will call you on Friday 18 September at 10:00 CEST. I am sorry for the work this made for you.

Kind regards,

Helene Brandt
VP of Customer Success, Fjordpay"""


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
            name = found[0].decode() if found else "team"
            letter = {
                "subject": "We took the payout service offline on 15 September",
                "body": _BODY.format(name=name, impact=f"{name} waited for its payouts."),
            }
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": json.dumps(letter)}}
            usage = {"prompt_tokens": 1000, "completion_tokens": 300, "total_tokens": 1300}
            body = json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "scripted", "choices": [choice], "usage": usage}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", times
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def run(letters: int, per_second: float | None, workers: int = 1, database: str | None = None) -> tuple[float, float, float]:
    """Return letters a second over the middle of a batch, CPU milliseconds a letter, and the most requests in any 10 s over the limit's."""
    with tempfile.TemporaryDirectory() as folder, model() as (url, times):
        accounts = Path(folder) / "accounts.csv"
        rows = "\n".join(f"A-{n},Account {n},a@account-{n}.example,{n + 10} payouts left late,delayed" for n in range(letters))
        accounts.write_text(f"id,company,contact_email,impact,cohort\n{rows}\n", encoding="utf-8")
        environ = {**os.environ, "AMENDS_HOME": folder, "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": url} | ({"AMENDS_DATABASE_URL": database} if database else {})
        before = os.times()
        limit = ["--limit-rpm", str(per_second * 60)] if per_second else []
        command = [sys.executable, "-m", "ui", "batch", "run", str(_INCIDENT), str(accounts), "--model", "openai:scripted", "--revisions", "0", "--yes", *limit]
        others: list[subprocess.Popen[bytes]] = []
        first = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if workers > 1 and first.stdout:
            first.stdout.readline()
            joined = [sys.executable, "-m", "ui", "worker", "--until-idle"]
            others = [subprocess.Popen(joined, env=environ, stderr=subprocess.DEVNULL) for _ in range(workers - 1)]
        first.communicate()
        for one in others:
            one.wait()
        after = os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
    cut = len(times) // 10
    middle = times[cut : len(times) - cut]
    rate = (len(middle) - 1) / (middle[-1] - middle[0])
    most = max(sum(start <= one < start + 10 for one in times) for start in times[::20])
    return rate, cpu / letters * 1000, most / (per_second * 10) - 1 if per_second else 0.0


def main() -> int:
    """Print the figures of short batches."""
    for letters, limit in ((300, 10.0), (300, None)):
        rate, cpu, over = run(letters, limit)
        of = f"{rate / limit:.0%} of the limit of {limit:.0f}/s, at most {over:+.1%} over it in any 10 s" if limit else "no limit"
        print(f"{letters} letters, SQLite, one process: {rate:.1f}/s ({of}); {cpu:.0f} ms CPU a letter")
    return 0


if __name__ == "__main__":
    sys.exit(main())
