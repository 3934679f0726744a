"""A model's server on loopback that writes a letter word by word, as slowly as a test wants to watch it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BODY = (
    "Dear Femke,\n\nI am sorry that our update printed your notes without the pallet count. We utilise two sites. "
    + "We restored the old field name on 3 March. " * 12
    + "\n\nKind regards,\nBram Oosterhuis\nSupport Representative"
)


class SlowModel:
    """Answers chat completions. `fail` makes it answer 400 until it is unset; `held` stops it after a word until `go_on`."""

    def __init__(self, pause: float = 0.02) -> None:
        model = self
        self.pause, self.fail, self.held, self.stopped, self.go_on = pause, False, "", threading.Event(), threading.Event()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def do_POST(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if model.fail:
                    self.whole(400, {"error": {"message": "this model is out of order", "type": "invalid_request_error"}})
                elif sent.get("stream"):
                    self.stream()
                else:
                    self.whole(200, answer({"message": {"role": "assistant", "content": text()}, "finish_reason": "stop"}))

            def whole(self, status: int, data: object) -> None:
                content = json.dumps(data).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def stream(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("connection", "close")
                self.end_headers()
                self.close_connection = True
                try:
                    for word in text().split(" "):
                        self.event(answer({"delta": {"content": word + " "}, "finish_reason": None}, chunk=True))
                        model.stopped.wait(model.pause)
                        if word == model.held:
                            model.go_on.wait()
                    self.event(answer({"delta": {}, "finish_reason": "stop"}, chunk=True))
                    self.wfile.write(b"data: [DONE]\n\n")
                except OSError:  # whoever listened has stopped
                    return

            def event(self, data: object) -> None:
                self.wfile.write(b"data: " + json.dumps(data).encode() + b"\n\n")
                self.wfile.flush()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        self.stopped.set()
        self.go_on.set()
        self.server.shutdown()
        self.server.server_close()


def text() -> str:
    """Return the answer as a model gives it."""
    return json.dumps({"subject": "The pallet count on your delivery notes", "body": BODY})


def answer(choice: dict[str, Any], *, chunk: bool = False) -> dict[str, Any]:
    """Return an answer in the form of OpenAI's API."""
    return {"id": "c1", "object": "chat.completion.chunk" if chunk else "chat.completion", "created": 1, "model": "slow", "choices": [{"index": 0, **choice}]}
