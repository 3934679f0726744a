"""OpenAI's Batch API as a way to a model: half the price, the answers within 24 hours.

Drafts ask as always and wait together: once nobody has asked for a moment, all prompts go out as one
batch, and each answer goes to whoever asked. Revisions make the next batch. What was submitted and
answered stands in a file beside the log, so that a run that was stopped, or did not want to wait,
collects its batches later and pays for none of them twice.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from drafting.models import Answer, Complete, Completion, ModelFailure, Usage
from drafting.prices import Tokens, price
from drafting.settings import Settings
from eval.run import LaterError
from guardrails.case import Case
from prompts import Prompt

LIMIT = 50_000
"""Most requests that one batch takes, as OpenAI documents it."""
MOMENT = 0.25
"""Seconds without a new prompt after which a batch goes out."""
_OVER = {"completed", "expired", "cancelled", "failed"}
_TRIES = 6


class Batches:
    """One model behind the Batch API, with its requests in a state file."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        state: Path,
        *,
        wait: bool = True,
        poll: float = 30.0,
        on_change: Callable[[str], None] = lambda said: None,
    ) -> None:
        provider, _, self.model = name.partition(":")
        if provider != "openai":
            raise ModelFailure("no_provider", f"{name}: only openai:NAME models have a Batch API here; leave --batch out")
        if settings.at_openai and settings.api_key is None:
            raise ModelFailure("no_key", f"{name}: set OPENAI_API_KEY, or OPENAI_BASE_URL to a server that has /batches")
        self.name, self.settings, self.state, self.wait, self.poll, self.on_change = name, settings, state, wait, poll, on_change
        self.answers: dict[str, dict[str, Any]] = {}
        self.open: dict[str, list[str]] = {}
        self.unsure: dict[str, list[str]] = {}
        """Batches that a run was about to create when it ended: by the mark they carry."""
        self._bodies: dict[str, dict[str, Any]] = {}
        self._queued: dict[str, dict[str, Any]] = {}
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._asked = 0.0
        self._driver: asyncio.Task[None] | None = None
        self._read()

    def for_case(self, case: Case, epoch: int) -> Complete:
        """Return the way to the model for one draft."""

        async def ask(prompt: Prompt) -> Completion:
            return await self._ask(prompt, epoch)

        return ask

    async def _ask(self, prompt: Prompt, epoch: int) -> Completion:
        body = self._body(prompt)
        key = sha256(json.dumps([body, epoch], sort_keys=True).encode()).hexdigest()[:32]
        if key not in self.answers:
            self._bodies[key] = body
            if not any(key in keys for keys in (*self.open.values(), *self.unsure.values())):
                self._queued[key] = body
            self._asked = time.monotonic()
            self._waiting.setdefault(key, asyncio.get_running_loop().create_future())
            if self._driver is None or self._driver.done():
                self._driver = asyncio.create_task(self._drive())
            await asyncio.shield(self._waiting[key])
        return self._completion(self.answers[key])

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
            "response_format": {"type": "json_schema", "json_schema": {"name": "letter", "strict": True, "schema": Answer.model_json_schema()}},
            "max_completion_tokens": self.settings.max_output_tokens,
        }
        return body if self.settings.temperature is None else {**body, "temperature": self.settings.temperature}

    # --- The state file

    def _read(self) -> None:
        if not self.state.exists():
            return
        raw = self.state.read_bytes()
        if not raw.endswith(b"\n"):  # a kill left a line unfinished
            raw = raw[: raw.rfind(b"\n") + 1]
            self.state.write_bytes(raw)
        for line in raw.decode().splitlines():
            data = json.loads(line)
            match data["kind"]:
                case "submitting":
                    self.unsure[data["mark"]] = data["keys"]
                case "batch":
                    self.open[data["id"]] = self.unsure.pop(data["mark"])
                case "answer":
                    self.answers[data["key"]] = data
                case "dropped":
                    self.unsure.pop(data["mark"])
                case "over":
                    self.open.pop(data["id"], None)

    def _write(self, **data: Any) -> None:
        self.state.parent.mkdir(parents=True, exist_ok=True)
        with self.state.open("a", encoding="utf-8") as file:
            file.write(json.dumps(data, ensure_ascii=False) + "\n")

    # --- The work behind the drafts

    async def _drive(self) -> None:
        from httpx2 import AsyncClient, TransportError

        key = self.settings.api_key.get_secret_value() if self.settings.api_key else "none"
        base = self.settings.base_url.get_secret_value().rstrip("/")
        failures = 0
        try:
            async with AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=self.settings.timeout) as client:

                async def call(method: str, path: str, **options: Any) -> Any:
                    answer = await client.request(method, f"{base}{path}", **options)
                    if answer.status_code == 429 or answer.status_code >= 500:
                        raise _BusyError(f"HTTP {answer.status_code}")
                    if answer.status_code >= 400:
                        raise self._refused(answer.status_code)
                    return answer

                while self._waiting:
                    quiet = MOMENT - (time.monotonic() - self._asked)
                    if quiet > 0:
                        await asyncio.sleep(quiet)
                        continue
                    try:
                        await self._find_lost(call)
                        await self._submit(call)
                        for batch in [*self.open]:
                            await self._collect(call, batch)
                        failures = 0
                    except (TransportError, _BusyError) as error:
                        failures += 1
                        if failures == _TRIES:
                            raise ModelFailure(
                                "unavailable", f"{self.name}: the Batch API can not be reached ({error}); run the same command later: nothing is lost"
                            ) from error
                    if self._waiting and not self._queued:
                        if not self.wait and not failures:
                            under_way = "1 batch is" if len(self.open) == 1 else f"{len(self.open)} batches are"
                            raise LaterError(f"{under_way} under way; run the same command later to collect {'it' if len(self.open) == 1 else 'them'}")
                        await asyncio.sleep(self.poll)
        except Exception as error:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(error)
            self._waiting.clear()
            self._queued.clear()

    async def _find_lost(self, call: Callable[..., Awaitable[Any]]) -> None:
        """Take up batches whose creation was asked for and never confirmed; queue nothing twice."""
        if not self.unsure:
            return
        known = {
            item.get("metadata", {}).get("amends"): item["id"] for item in (await call("GET", "/batches?limit=100")).json()["data"] if item.get("metadata")
        }
        for mark in [*self.unsure]:
            keys = self.unsure.pop(mark)
            if mark in known:
                self.open[known[mark]] = keys
                self._write(kind="batch", id=known[mark], mark=mark)
            else:
                self._write(kind="dropped", mark=mark)
                self._queued |= {key: self._bodies[key] for key in keys if key in self._waiting}

    async def _submit(self, call: Callable[..., Awaitable[Any]]) -> None:
        while self._queued:
            keys = [*self._queued][:LIMIT]
            mark = sha256(" ".join(keys).encode()).hexdigest()[:32]
            lines = [{"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": self._queued[key]} for key in keys]
            content = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
            file = (await call("POST", "/files", data={"purpose": "batch"}, files={"file": ("letters.jsonl", content, "application/jsonl")})).json()["id"]
            self._write(kind="submitting", mark=mark, keys=keys)
            self.unsure[mark] = keys
            for key in keys:
                del self._queued[key]
            wanted = {"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h", "metadata": {"amends": mark}}
            batch = (await call("POST", "/batches", json=wanted)).json()["id"]
            self._write(kind="batch", id=batch, mark=mark)
            self.open[batch] = self.unsure.pop(mark)
            self.on_change(f"batch {batch}: {len(keys)} letters submitted")

    async def _collect(self, call: Callable[..., Awaitable[Any]], batch: str) -> None:
        found = (await call("GET", f"/batches/{batch}")).json()
        counts = found.get("request_counts") or {}
        self.on_change(f"batch {batch}: {found['status']}, {counts.get('completed', 0)} of {counts.get('total', len(self.open[batch]))}")
        if found["status"] not in _OVER:
            return
        lines: list[Mapping[str, Any]] = []
        for name in ("output_file_id", "error_file_id"):
            if found.get(name):
                text = (await call("GET", f"/files/{found[name]}/content")).text
                lines += [json.loads(line) for line in text.splitlines() if line.strip()]
        keys = self.open.pop(batch)
        for line in lines:
            if line["custom_id"] in keys:
                self._answer(line["custom_id"], line)
        self._write(kind="over", id=batch)
        said = next((item.get("code") or "" for item in (found.get("errors") or {}).get("data") or []), "")
        for key in keys:
            if future := self._waiting.pop(key, None):
                if key not in self.answers:
                    why = (
                        f"{self.name}: batch {batch} is {' '.join([found['status'], said]).strip()} without this letter: run the same command to submit it anew"
                    )
                    future.set_exception(ModelFailure("rejected" if found["status"] == "failed" else "timeout", why, retryable=True))
                else:
                    future.set_result(None)

    def _answer(self, key: str, line: Mapping[str, Any]) -> None:
        response = line.get("response") or {}
        body = response.get("body") or {}
        status = response.get("status_code")
        data: dict[str, Any]
        if line.get("error") or status != 200 or not body.get("choices"):
            code = (line.get("error") or {}).get("code") or (body.get("error") or {}).get("code")
            if code == "batch_expired" or (isinstance(status, int) and (status == 429 or status >= 500)):
                return  # not asked, or at a bad time: it is submitted anew
            data = {"failed": f"HTTP {status}" if status else "no answer", "code": str(code or "")}
        else:
            choice, usage = body["choices"][0], body.get("usage") or {}
            data = {
                "text": choice["message"].get("content") or "",
                "refused": bool(choice["message"].get("refusal")),
                "finish_reason": choice.get("finish_reason"),
                "request": response.get("request_id"),
                "served": body.get("model"),
                "tokens": [usage.get("prompt_tokens"), (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0, usage.get("completion_tokens")],
            }
        self._write(kind="answer", key=key, **data)
        self.answers[key] = data

    # --- What came back

    def _completion(self, data: Mapping[str, Any]) -> Completion:
        if "failed" in data:
            raise ModelFailure("rejected", f"{self.name}: rejects the request ({' '.join([data['failed'], data['code']]).strip()})")
        asked, cached, written = data["tokens"]
        cost: Decimal | None = None
        version: str | None = None
        if asked is not None and written is not None:
            cost, version = price(self.name, self.settings, Tokens(asked, written, cached), served=data["served"])
        if cost is not None:
            cost, version = cost / 2, f"{version}, batch at half"
        usage = Usage(asked, cached, written, 0.0, 1, cost, version)
        if data["refused"]:
            raise ModelFailure("refused", f"{self.name}: declined to write this letter: choose another --model", usage=usage)
        if data["finish_reason"] != "stop":
            ends = {"length": "cut", "content_filter": "filtered"}
            code = ends.get(data["finish_reason"], "bad_answer")
            raise ModelFailure(code, f"{self.name}: the answer ended with {data['finish_reason']}", usage=usage, partial=data["text"])  # type: ignore[arg-type]
        return Completion(data["text"], self.name, usage, "stop", data["request"])

    def _refused(self, status: int) -> ModelFailure:
        if status in (401, 403):
            return ModelFailure("unauthorized", f"{self.name}: does not accept the key for the Batch API (HTTP {status}): check OPENAI_API_KEY")
        return ModelFailure("rejected", f"{self.name}: the server rejects the batch (HTTP {status}): it may have no Batch API; leave --batch out")


class _BusyError(Exception):
    """The server asks us to come back."""
