"""A model's server on loopback that counts its calls, an incident with accounts, and the command as a process of its own."""

import csv
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

INCIDENT = """
written_on = 2026-09-16
follow_up = "I will call you on Friday 18 September at 10:00 CEST."
[incident]
id = "INC-1"
category = "outage"
severity = "medium"
summary = "We took the payout service offline"
started_at = 2026-09-15T07:05:00+02:00
ended_at = 2026-09-15T11:50:00+02:00
timezone = "Europe/Berlin"
cause = "We added an index during the day"
fixes = ["Index removed at 11:50"]
prevention = ["An alert within 60 seconds"]
[remedy]
approved_by = "Helene Brandt"
items = [{ kind = "credit", amount = "120.00", currency = "EUR" }]
[sender]
name = "Helene Brandt"
role = "vp_cs"
title = "VP of Customer Success"
company = "Fjordpay"
"""
LETTER = "Dear {company} team,\n\nI am sorry that we took the payout service offline. We caused this.\n\nKind regards,\n\nHelene Brandt\nVP of Customer Success"


class Model(ThreadingHTTPServer):
    """Answers chat completions after `latency` seconds; `faults` is asked for a status before each."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, latency: float = 0.2) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.latency = latency
        self.status = 200
        self.begun: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.times: list[float] = []
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, *args: object) -> None:
        """Stay silent where a client was killed."""

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True, kwargs={"poll_interval": 0.05}).start()
        return self

    def __exit__(self, *args: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Model

    def log_message(self, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["content-length"])).decode()
        found = re.search(r"Company \d+", sent)
        company, model = found[0] if found else "?", self.server
        with model.lock:
            model.begun[company] += 1
            model.times.append(time.monotonic())
        time.sleep(model.latency)
        data: dict[str, Any]
        if model.status == 200:
            content = json.dumps({"subject": "We took the payout service offline on 15 September", "body": LETTER.format(company=company)})
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
            usage = {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}
            data = {"id": "c", "object": "chat.completion", "created": 1, "model": "scripted", "choices": [choice], "usage": usage}
            if "stream" in json.loads(sent) and json.loads(sent)["stream"]:
                raise AssertionError("a batch does not stream")
        else:
            data = {"error": {"message": "no", "type": "server_error", "code": None, "param": None}}
        body = json.dumps(data).encode()
        self.send_response(model.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if model.status == 429:
            self.send_header("retry-after", "1")
        self.end_headers()
        self.wfile.write(body)
        with model.lock:
            model.answered[company] += model.status == 200


def files(folder: Path, accounts: int, **columns: str) -> tuple[Path, Path]:
    """Write an incident file and a file of accounts and return their paths."""
    incident, rows = folder / "incident.toml", folder / "accounts.csv"
    incident.write_text(INCIDENT, encoding="utf-8")
    with rows.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "company", "contact_email", "impact", *columns])
        writer.writerows([f"A-{n}", f"Company {n}", f"ada@company-{n}.example", f"{n + 10} payouts left late", *columns.values()] for n in range(accounts))
    return incident, rows


class Command:
    """`amends` as processes of its own, with its own state."""

    def __init__(self, home: Path, model: Model, database: str | None = None) -> None:
        self.home = home
        self.environ = {**os.environ, "AMENDS_HOME": str(home), "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": model.url, "AMENDS_BUDGET": "30"}
        self.environ.pop("AMENDS_MODEL", None)
        if database:
            self.environ["AMENDS_DATABASE_URL"] = database

    def start(self, *arguments: object) -> "subprocess.Popen[str]":
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "ui", *map(str, arguments)],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: object, code: int = 0) -> str:
        """Run a command and return what it printed."""
        done = self.start(*arguments)
        out, said = done.communicate(timeout=240)
        assert done.returncode == code, said
        return out

    def status(self, batch: str) -> dict[str, Any]:
        """Return a batch's status."""
        status: dict[str, Any] = json.loads(self.run("batch", "status", batch, "--json"))
        return status
