"""One process, one origin: pages, the API the editor talks to, assets, security headers, identity."""

import base64
import gc
import hashlib
import ipaddress
import os
import re
import threading
import tomllib
from collections.abc import Mapping
from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HERE = Path(__file__).parent
LIMITS = {"/api/": 300_000, "/login": 4_000}
"""Bytes a request body may have, by path; other paths have Streamlit's own limit."""


def policy() -> str:
    """Return the Content-Security-Policy, with the hashes of the inline scripts of Streamlit's own page."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", page, re.DOTALL)
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts)
    return (
        f"default-src 'self'; script-src 'self' blob: {hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; frame-src 'none'; frame-ancestors 'none'; base-uri 'self'; "
        "object-src 'none'; form-action 'self'"
    )


class Guard:
    """Stand before everything: allowed hosts, same origin, body limits, identity, and the headers of each answer."""

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str], csp: str) -> None:
        self.app = app
        self.hosts = hosts
        self.headers = [
            (b"content-security-policy", csp.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"x-frame-options", b"DENY"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = await self.refuse(scope)
        if scope["type"] == "websocket":
            if refusal is None:
                await self.app(scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close", "code": 1008})
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self.headers]
            await send(message)

        if refusal is not None:
            await refusal(scope, receive, with_headers)
        else:
            await self.app(scope, limited(scope, receive), with_headers)

    async def refuse(self, scope: Scope) -> ASGIApp | None:
        """Return the answer to a request that goes no further, or None."""
        headers, path, method = Headers(scope=scope), scope["path"], scope.get("method", "GET")
        if (host := _hostname(headers.get("host", ""))) not in self.hosts:
            return PlainTextResponse(f"This desk does not answer to the name {host[:80]!r}. Set AMENDS_HOSTS to allow it.\n", 403)
        if limit := next((size for prefix, size in LIMITS.items() if path.startswith(prefix)), 0):
            length = headers.get("content-length", "0")
            if not length.isdigit() or int(length) > limit:
                return JSONResponse({"error": "that is too long"}, 413)
        foreign = headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none") or _foreign_origin(headers)
        own = path.startswith(("/api/", "/login", "/logout"))
        if (own and method not in ("GET", "HEAD") and foreign) or (path.startswith("/api/") and foreign):
            return JSONResponse({"error": "this request came from another page"}, 403)
        if path.startswith("/api/") and method not in ("GET", "HEAD") and headers.get("x-amends") != "1":
            return JSONResponse({"error": "the header X-Amends: 1 is missing"}, 403)
        if _open(path):
            return None
        from starlette.concurrency import run_in_threadpool

        from ui import identity

        found = await run_in_threadpool(identity.of, headers, scope)
        scope.setdefault("state", {})["person"] = found
        if found is not None or identity.pages_ask(path, scope["type"]):
            return None
        if path.startswith("/api/"):
            return JSONResponse({"error": "sign in first"}, 401)
        if scope["type"] == "http" and method == "GET" and "text/html" in headers.get("accept", ""):
            return await identity.ask(scope)
        return PlainTextResponse("Sign in first.\n", 401)


def _open(path: str) -> bool:
    """Whether a path says nothing about anybody: the sign-in page, health, and the look of things."""
    return path in ("/login", "/logout", "/_stcore/health", "/favicon.png") or path.startswith(("/static/", "/assets/"))


def _hostname(host: str) -> str:
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?", host)
    return found[1].lower().rstrip(".") if found else ""


def _foreign_origin(headers: Mapping[str, str]) -> bool:
    origin = headers.get("origin")
    return origin is not None and origin.split("://", 1)[-1] != headers.get("host", "")


def limited(scope: Scope, receive: Receive) -> Receive:
    """Return a receive that breaks off a body longer than its path allows, also one that did not say its length."""
    limit = next((size for prefix, size in LIMITS.items() if scope["path"].startswith(prefix)), 0)
    if not limit:
        return receive
    seen = 0

    async def take() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen > limit else message

    return take


def allowed_hosts(address: str, environ: Mapping[str, str]) -> frozenset[str]:
    """Return the names that a browser may call this desk by."""
    named = {name.strip().lower() for name in environ.get("AMENDS_HOSTS", "").split(",") if name.strip()}
    return frozenset({"localhost", "127.0.0.1", "[::1]", f"[{address}]" if ":" in address else address.lower()} | named)


def app(address: str = "127.0.0.1") -> st.App:
    """Return the whole desk as one ASGI application."""
    from ui import api, identity

    return st.App(
        HERE / "app.py",
        routes=[
            Mount("/api", routes=api.routes()),
            Mount("/assets", StaticFiles(directory=HERE / "assets")),
            Route("/login", identity.sign_in, methods=["GET", "POST"]),
            Route("/logout", identity.sign_out, methods=["GET", "POST"]),
        ],
        middleware=[Middleware(Guard, hosts=allowed_hosts(address, os.environ), csp=policy())],
        secrets=identity.secrets(),
    )


def local(address: str) -> bool:
    """Whether an address reaches this machine alone."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def serve(port: int = 8501, address: str = "127.0.0.1") -> None:
    """Serve the desk until it is stopped. Raises CaseError where it would be open to people nobody knows."""
    from guardrails.case import CaseError
    from ui import identity

    # Another host name means a proxy in front: its visitors would all come from this machine, and be its one local user.
    others = f"--address: {address}" if not local(address) else "AMENDS_HOSTS: the desk" if os.environ.get("AMENDS_HOSTS", "").strip() else ""
    if others and not identity.required():
        raise CaseError(
            f"{others} can be reached by others, and nobody has to sign in: make a user with `amends users add`, or set AMENDS_USER_HEADER or AMENDS_OIDC_*"
        )
    with (HERE / "streamlit.toml").open("rb") as file:
        settings = {f"{section}.{name}": value for section, table in tomllib.load(file).items() for name, value in table.items()}
    settings |= {"server.port": port, "server.address": address, "browser.serverAddress": "localhost" if local(address) else address}
    settings["server.allowedHosts"] = sorted(name.strip("[]") for name in allowed_hosts(address, os.environ))
    served = app(address)
    threading.Thread(target=warm, daemon=True, name="warm").start()
    served.run(config=settings)


def warm() -> None:
    """Load what the first page and the first check would wait for: the modules, the rules, the open record."""
    import drafting.aftercare
    import drafting.store.queue  # noqa: F401
    from guardrails.letter import Letter
    from guardrails.report import check
    from ui import drafts, listing  # noqa: F401
    from ui.client import policy, samples, service

    case = next(iter(samples().values()), None)
    check(Letter("", "Dear Ada,\n\nWe are sorry that we were late on 9 June.\n\nYours,\nBo"), case, policy(), rules=service().setup.rules)
    import streamlit.emojis  # noqa: F401
    from streamlit.time_util import time_to_seconds

    time_to_seconds("1s")  # brings pandas, half a second that the queue's filter would wait for
    gc.collect()
    gc.freeze()  # Streamlit collects after every run of a page, with everything stopped: what has been loaded by now is not looked through each time
