"""OpenAI's Batch API over HTTP, against a local server that behaves as OpenAI documents it."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from drafting.config import Configuration, configuration
from drafting.models import ModelFailure
from drafting.settings import Price, Settings
from eval.batches import Batches
from eval.log import read_log
from eval.run import Ran, run, setting
from eval.samples import SHIPPED, Sample, load_samples

NAME = "openai:gpt-5.4-mini"


class Server(ThreadingHTTPServer):
    """Files and batches in memory. A batch is done after `polls` looks at it; `answer` writes each response line."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.polls = 1
        self.busy: list[int] = []
        """Status codes for the next requests, before any is served."""
        self.forget_next_batch = False
        """Create the next batch, and let the answer be lost."""
        self.ends_as = "completed"
        self.client: subprocess.Popen[bytes] | None = None
        self.kill_at = 0
        """The step at which the client is killed: a request is one when it comes (and is lost), and one when it was carried out, before its answer."""
        self.steps = 0
        self.seen: list[dict[str, Any]] = []
        self.keys: set[str] = set()

    def answer(self, line: dict[str, Any]) -> dict[str, Any] | None:
        """Return the output line of a request, or None where it is not answered."""
        letter = {"subject": "We took your service offline", "body": f"Dear reader,\n\nI am sorry for the outage.\n\nSincerely,\n\n{len(self.seen)}"}
        body = {
            "model": "gpt-5.4-mini-2026-05-01",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": json.dumps(letter), "refusal": None}}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500, "prompt_tokens_details": {"cached_tokens": 0}},
        }
        return {"id": "r", "custom_id": line["custom_id"], "response": {"status_code": 200, "request_id": "req_1", "body": body}, "error": None}

    def finish(self, batch: dict[str, Any]) -> None:
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].decode().splitlines()]
        answered = [found for line in reversed(lines) if (found := self.answer(line))] if self.ends_as != "failed" else []
        self.files["out-" + batch["id"]] = "".join(json.dumps(line) + "\n" for line in answered).encode()
        batch |= {"status": self.ends_as, "output_file_id": "out-" + batch["id"], "error_file_id": None}
        batch["request_counts"] = {"total": len(lines), "completed": len(answered), "failed": len(lines) - len(answered)}
        if self.ends_as == "failed":
            batch |= {"output_file_id": None, "errors": {"object": "list", "data": [{"code": "token_limit_exceeded", "message": "…"}]}}


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""

    def killed(self) -> bool:
        self.server.steps += 1
        if self.server.steps != self.server.kill_at or self.server.client is None:
            return False
        self.server.client.kill()
        self.server.client.wait()
        self.close_connection = True
        return True

    def reply(self, status: int, value: object) -> None:
        if self.killed():
            return
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refused(self) -> bool:
        self.server.keys.add(self.headers["authorization"])
        if self.killed():
            return True
        if self.server.busy:
            self.reply(self.server.busy.pop(0), {"error": {"message": "later"}})
            return True
        return False

    def do_GET(self) -> None:
        if self.refused():
            return
        path = self.path.removeprefix("/v1").partition("?")[0].strip("/").split("/")
        if path == ["batches"]:
            self.reply(200, {"object": "list", "data": list(self.server.batches.values())})
        elif path[0] == "batches":
            batch = self.server.batches[path[1]]
            batch["looks"] += 1
            if batch["status"] == "in_progress" and batch["looks"] > self.server.polls:
                self.server.finish(batch)
            self.reply(200, batch)
        else:
            self.reply(200, self.server.files[path[1]])

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        if self.refused():
            return
        if self.path == "/v1/files":
            form = BytesParser(policy=default).parsebytes(b"content-type: " + self.headers["content-type"].encode() + b"\r\n\r\n" + raw)
            parts: dict[object, Any] = {part.get_param("name", header="content-disposition"): part.get_payload(decode=True) for part in form.iter_parts()}
            assert parts["purpose"] == b"batch"
            name = f"file-{len(self.server.files)}"
            self.server.files[name] = parts["file"]
            self.reply(200, {"id": name, "object": "file", "purpose": "batch"})
            return
        asked = json.loads(raw)
        lines = [json.loads(line) for line in self.server.files[asked["input_file_id"]].decode().splitlines()]
        self.server.seen += lines
        name = f"batch_{len(self.server.batches)}"
        self.server.batches[name] = {
            "id": name, "object": "batch", "status": "in_progress", "looks": 0, "input_file_id": asked["input_file_id"], "endpoint": asked["endpoint"],
            "completion_window": asked["completion_window"], "metadata": asked["metadata"], "errors": None,
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
        }  # fmt: skip
        if self.server.forget_next_batch:
            self.server.forget_next_batch = False
            self.reply(502, {"error": {"message": "lost"}})
        else:
            self.reply(200, self.server.batches[name])


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture(scope="module")
def setup() -> Configuration:
    return configuration()


@pytest.fixture(scope="module")
def samples() -> tuple[Sample, ...]:
    return load_samples()[:5]


def settings(server: Server, tmp_path: Path) -> Settings:
    prices = {NAME: Price(input=Decimal(2), output=Decimal(8))}
    return Settings(
        models=(NAME,),
        api_key=SecretStr("sk-test"),
        base_url=SecretStr(f"http://127.0.0.1:{server.server_port}/v1"),
        home=tmp_path,
        config=tmp_path,
        prices=prices,
    )


def ran(server: Server, samples: tuple[Sample, ...], setup: Configuration, tmp_path: Path, **options: Any) -> Ran:
    batches = Batches(NAME, settings(server, tmp_path), tmp_path / "log.batches", poll=0.02, **options)
    held = setting(NAME, "shipped", {})
    return run(held, samples, batches.for_case, setup, tmp_path / "log.jsonl", at_once=None, revisions=0)


def test_all_letters_go_out_as_one_batch_and_come_back_by_their_ids(server: Server, samples: tuple[Sample, ...], setup: Configuration, tmp_path: Path) -> None:
    found = ran(server, samples, setup, tmp_path)
    assert len(server.batches) == 1
    assert sorted(one.sample for one in found.log.drafts) == sorted(sample.id for sample in samples)
    assert all(one.turns for one in found.log.drafts)
    asked = server.seen[0]
    assert (asked["method"], asked["url"], asked["body"]["model"]) == ("POST", "/v1/chat/completions", "gpt-5.4-mini")
    assert server.batches["batch_0"]["completion_window"] == "24h"
    assert server.keys == {"Bearer sk-test"}


def test_an_answer_costs_half(server: Server, samples: tuple[Sample, ...], setup: Configuration, tmp_path: Path) -> None:
    usage = ran(server, samples[:1], setup, tmp_path).log.drafts[0].usage
    assert usage.cost == Decimal("0.003")
    assert "batch at half" in (usage.price_version or "")


def test_a_revision_goes_out_in_the_next_batch(server: Server, samples: tuple[Sample, ...], setup: Configuration, tmp_path: Path) -> None:
    batches = Batches(NAME, settings(server, tmp_path), tmp_path / "log.batches", poll=0.02)
    found = run(setting(NAME, "shipped", {}), samples, batches.for_case, setup, tmp_path / "log.jsonl", at_once=None, revisions=1)
    assert len(server.batches) == 2
    assert {len(one.turns) for one in found.log.drafts} == {2}


def test_a_run_that_does_not_wait_is_collected_later(server: Server, samples: tuple[Sample, ...], setup: Configuration, tmp_path: Path) -> None:
    first = ran(server, samples, setup, tmp_path, wait=False)
    assert first.log.drafts == ()
    assert first.stopped == "1 batch is under way; run the same command later to collect it"
    later = ran(server, samples, setup, tmp_path)
    assert (len(later.log.drafts), len(server.batches)) == (5, 1)


def test_a_batch_whose_confirmation_was_lost_is_found_again(server: Server, samples: tuple[Sample, ...], setup: Configuration, tmp_path: Path) -> None:
    server.forget_next_batch = True
    found = ran(server, samples, setup, tmp_path)
    assert (len(found.log.drafts), len(server.batches)) == (5, 1)


def test_a_server_that_is_busy_is_asked_again(server: Server, samples: tuple[Sample, ...], setup: Configuration, tmp_path: Path) -> None:
    server.busy = [429, 503]
    found = ran(server, samples, setup, tmp_path)
    assert all(one.turns for one in found.log.drafts)
    assert len(server.batches) == 1


def test_a_server_that_stays_away_fails_each_draft_and_loses_nothing(server: Server, samples: tuple[Sample, ...], setup: Configuration, tmp_path: Path) -> None:
    server.busy = [503] * 6
    found = ran(server, samples, setup, tmp_path)
    assert {one.error for one in found.log.drafts} == {f"{NAME}: the Batch API can not be reached (HTTP 503); run the same command later: nothing is lost"}
    assert all(one.turns for one in ran(server, samples, setup, tmp_path).log.drafts)


def test_letters_that_an_expired_batch_never_asked_are_submitted_anew(
    server: Server, samples: tuple[Sample, ...], setup: Configuration, tmp_path: Path
) -> None:
    whole = server.answer
    server.ends_as = "expired"
    server.answer = lambda line: whole(line) if len(server.seen) < 6 and line["custom_id"] == server.seen[0]["custom_id"] else None  # type: ignore[method-assign]
    first = ran(server, samples, setup, tmp_path)
    assert sum(bool(one.turns) for one in first.log.drafts) == 1
    assert any("batch batch_0 is expired without this letter" in (one.error or "") for one in first.log.drafts)
    server.ends_as, server.answer = "completed", whole  # type: ignore[method-assign]
    assert all(one.turns for one in ran(server, samples, setup, tmp_path).log.drafts)
    assert len(server.seen) == 5 + 4


def test_a_batch_that_is_refused_says_why(server: Server, samples: tuple[Sample, ...], setup: Configuration, tmp_path: Path) -> None:
    server.ends_as = "failed"
    found = ran(server, samples[:1], setup, tmp_path)
    assert "batch batch_0 is failed token_limit_exceeded" in (found.log.drafts[0].error or "")


def test_a_key_that_is_not_accepted_is_named(server: Server, samples: tuple[Sample, ...], setup: Configuration, tmp_path: Path) -> None:
    server.busy = [401]
    found = ran(server, samples[:1], setup, tmp_path)
    assert "check OPENAI_API_KEY" in (found.log.drafts[0].error or "")


def test_a_request_that_failed_inside_the_batch_fails_its_draft_alone(
    server: Server, samples: tuple[Sample, ...], setup: Configuration, tmp_path: Path
) -> None:
    whole = server.answer

    def one_bad(line: dict[str, Any]) -> dict[str, Any] | None:
        if line["custom_id"] != server.seen[0]["custom_id"]:
            return whole(line)
        return {"custom_id": line["custom_id"], "response": {"status_code": 400, "body": {"error": {"code": "context_length_exceeded"}}}, "error": None}

    server.answer = one_bad  # type: ignore[method-assign]
    found = ran(server, samples, setup, tmp_path)
    assert [one.error for one in found.log.drafts if one.error] == [f"{NAME}: rejects the request (HTTP 400 context_length_exceeded)"]


@pytest.mark.slow
@pytest.mark.parametrize("step", [2, 3, 4, 6, 9, 10])
def test_a_run_that_is_killed_collects_its_batch_and_pays_for_no_letter_twice(server: Server, tmp_path: Path, step: int) -> None:
    command = [str(Path(sys.executable).with_name("amends")), "eval", "run", "--model", NAME, "--batch", "--poll", "0.02", "--revisions", "0"]
    samples = sorted(str(path) for path in SHIPPED.glob("billing-*.toml"))[:3]
    for sample in samples:
        command += ["--samples", sample]
    environment = os.environ | {"AMENDS_HOME": str(tmp_path), "OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": f"http://127.0.0.1:{server.server_port}/v1"}

    def start() -> int:
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server.client:
            return server.client.wait()

    server.kill_at = step
    assert start() == -signal.SIGKILL
    assert start() == 0
    (log,) = (tmp_path / "eval").glob("*.jsonl")
    drafts = read_log(log).drafts
    assert sorted(one.sample for one in drafts) == [Path(sample).stem for sample in samples]
    assert all(one.turns for one in drafts)
    asked = [line["custom_id"] for line in server.seen]
    assert len(asked) == len(set(asked)) == 3


def test_only_openai_models_have_a_batch_here(server: Server, tmp_path: Path) -> None:
    with pytest.raises(ModelFailure, match="leave --batch out"):
        Batches("anthropic:claude", settings(server, tmp_path), tmp_path / "log.batches")
