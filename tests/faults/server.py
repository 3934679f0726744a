"""A server on loopback that speaks like OpenAI and misbehaves as told.

`server.serve(error(429, …), letter())` gives an endpoint of its own whose first request gets the
first reply, its second the second, and every later one the last. A reply is a function of the
exchange; the ones below are the ways in which servers are known to fail.
"""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Self

LETTER = {"subject": "Our apology for the outage of 9 June", "body": "Dear Mr Weber,\n\nI am sorry. We let a certificate expire.\n\nYours\nAnna Berg"}
TEXT = json.dumps(LETTER)
USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "prompt_tokens_details": {"cached_tokens": 64}}
REQUEST = "req_fault_1"

Reply = Callable[["Exchange"], None]


@dataclass
class Endpoint:
    """One address, its replies, and the bodies and headers of the requests it got."""

    url: str
    replies: tuple[Reply, ...]
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


class Exchange(BaseHTTPRequestHandler):
    """One request and the means to answer it, rightly or wrongly."""

    protocol_version = "HTTP/1.1"
    server: "FaultServer"
    sent: dict[str, Any]

    def log_message(self, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        self.sent = json.loads(content) if "json" in self.headers.get("content-type", "") else {}
        endpoint = self.server.endpoints[self.path.split("/")[1]]
        with self.server.lock:
            endpoint.requests.append(self.sent)
            endpoint.headers.append({name.lower(): value for name, value in self.headers.items()})
            endpoint.paths.append(self.path)
            turn = len(endpoint.requests)
        endpoint.replies[min(turn, len(endpoint.replies)) - 1](self)

    def pause(self, seconds: float) -> None:
        """Say nothing for a while, or until the server stops."""
        self.server.stopping.wait(seconds)

    def body(self, status: int, content: bytes, kind: str = "application/json", headers: dict[str, str] | None = None, claim: int = 0) -> None:
        """Send a whole body, or one that claims to be longer than it is."""
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(content) + claim), "x-request-id": REQUEST, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection |= bool(claim)

    def begin(self) -> None:
        """Begin a stream of events."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("x-request-id", REQUEST)
        self.end_headers()

    def event(self, data: object) -> None:
        line = b"data: " + (data if isinstance(data, bytes) else json.dumps(data).encode()) + b"\n\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.flush()

    def finish_stream(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def reset(self) -> None:
        """Drop the connection without a word: the client's next read fails."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True


class FaultServer(ThreadingHTTPServer):
    """The server; a context manager that leaves no thread behind."""

    daemon_threads = False  # so that closing waits for the threads
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.endpoints: dict[str, Endpoint] = {}
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.names = count()
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})

    def handle_error(self, *args: object) -> None:
        """Stay silent where a client has gone away: that is what some tests are for."""

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.stopping.set()
        self.shutdown()
        self.thread.join()
        self.server_close()

    def serve(self, *replies: Reply) -> Endpoint:
        name = f"e{next(self.names)}"
        endpoint = Endpoint(f"http://127.0.0.1:{self.server_address[1]}/{name}/v1", replies)
        self.endpoints[name] = endpoint
        return endpoint


# --- Replies


def completion(content: str | None = TEXT, finish: str | None = "stop", usage: dict[str, Any] | None = USAGE, **message: Any) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
    whole = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "fault-1", "choices": [choice]}
    return whole | ({"usage": usage} if usage else {})


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fault-1", "choices": [choice]}


def answer(content: str | None = TEXT, finish: str | None = "stop", usage: dict[str, Any] | None = USAGE, **message: Any) -> Reply:
    """A whole answer, also one that ends badly."""
    return lambda exchange: exchange.body(200, json.dumps(completion(content, finish, usage, **message)).encode())


def pieces(text: str, size: int = 7) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def stream(
    texts: Iterable[str] = tuple(pieces(TEXT)), finish: str | None = "stop", then: Callable[[Exchange], None] = Exchange.finish_stream, every: float = 0
) -> Reply:
    """A streamed answer; `then` is how it ends, `every` the seconds between its pieces."""

    def reply(exchange: Exchange) -> None:
        exchange.begin()
        exchange.event(chunk({"role": "assistant", "content": ""}))
        for text in texts:
            if every:
                exchange.pause(every)
            exchange.event(chunk({"content": text}))
        if finish:
            exchange.event(chunk({}, finish))
            if exchange.sent.get("stream_options", {}).get("include_usage"):
                exchange.event({**chunk({}), "choices": [], "usage": USAGE})
            exchange.event(b"[DONE]")
        then(exchange)

    return reply


def letter(text: str = TEXT) -> Reply:
    """The answer that was asked for, streamed where that was asked for."""
    whole, streamed = answer(text), stream(pieces(text))
    return lambda exchange: streamed(exchange) if exchange.sent.get("stream") else whole(exchange)


def error(
    status: int,
    message: str = "It failed.",
    code: str | None = None,
    kind: str = "server_error",
    param: str | None = None,
    headers: dict[str, str] | None = None,
) -> Reply:
    """An error as OpenAI words it."""
    content = json.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}}).encode()
    return lambda exchange: exchange.body(status, content, headers=headers)


def raw(status: int, content: bytes, kind: str = "application/json", claim: int = 0) -> Reply:
    """Any bytes at all; `claim` promises that many more than come."""
    return lambda exchange: exchange.body(status, content, kind, claim=claim)


def hang(seconds: float = 30) -> Reply:
    """Silence, then the answer."""

    def reply(exchange: Exchange) -> None:
        exchange.pause(seconds)
        letter()(exchange)

    return reply


def reset(exchange: Exchange) -> None:
    """Hang up before a word."""
    exchange.reset()


def refuses_format(said: str, param: str | None = None, status: int = 400) -> Reply:
    """A server that knows no `response_format` and otherwise works."""
    refusal = error(status, said, None, "invalid_request_error", param)
    return lambda exchange: refusal(exchange) if "response_format" in exchange.sent else letter()(exchange)


def responses(status: str = "completed", reason: str | None = None) -> Reply:
    """An answer of the Responses API."""
    text = {"type": "output_text", "text": TEXT, "annotations": []}
    content = {
        "id": "resp_1", "object": "response", "created_at": 1, "model": "fault-1", "status": status, "error": None, "instructions": None, "metadata": {},
        "incomplete_details": {"reason": reason} if reason else None, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        "output": [{"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": [text]}],
        "usage": {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120, "input_tokens_details": {"cached_tokens": 64},
                  "output_tokens_details": {"reasoning_tokens": 5}},
    }  # fmt: skip
    return lambda exchange: exchange.body(200, json.dumps(content).encode())
