"""Who is at the desk: the single local user, a local login, a proxy's word, or an OpenID provider's.

| set | who is asked |
| --- | --- |
| nothing, and no user was added | nobody: one local user, and only from this machine |
| `amends users add` | name and password, on our own page |
| `AMENDS_USER_HEADER=X-Forwarded-Email` | the proxy in front, which has to strip that header from what comes in; `AMENDS_PROXIES` lists its addresses |
| `AMENDS_OIDC_ISSUER`, `…_CLIENT_ID`, `…_CLIENT_SECRET`, `…_URL` (of this desk) | the provider, through Streamlit's login |

In every case the user, and with it what they may do, stands in the record; one that is not there gets no further.
"""

import html
import os
import secrets as random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from drafting.users import LOCAL, User, log_in, log_out, logged_in, user_by_email, users
from ui.client import service

COOKIE = "amends_session"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})


def _header() -> str:
    return os.environ.get("AMENDS_USER_HEADER", "").strip()


def oidc() -> bool:
    """Whether an OpenID provider says who somebody is."""
    return bool(os.environ.get("AMENDS_OIDC_ISSUER", "").strip())


def required() -> bool:
    """Whether everybody has to say who they are."""
    return bool(_header()) or oidc() or bool(users(service().store))


def of(headers: Mapping[str, str], scope: Scope) -> User | None:
    """Return who sends a request, or None where they have to sign in first."""
    client = (scope.get("client") or ("", 0))[0]
    return who(headers, cookie_parser(headers.get("cookie", "")), client)


def who(headers: Mapping[str, str], cookies: Mapping[str, str], client: str) -> User | None:
    """Return whose request this is by its headers, its cookies and the address it comes from."""
    store = service().store
    if name := _header():
        proxies = _LOOPBACK | {address.strip() for address in os.environ.get("AMENDS_PROXIES", "").split(",")}
        said = headers.get(name)
        return user_by_email(store, said) if said and client in proxies else None
    if oidc():
        email = _vouched(cookies)
        return user_by_email(store, email) if email else None
    if users(store):
        token = cookies.get(COOKIE)
        return logged_in(store, token) if token else None
    return LOCAL if client in _LOOPBACK else None


def current() -> User | None:
    """Return who looks at the page that is being drawn. Asked anew at each run: a role or a login that has ended has ended."""
    import streamlit as st

    address = st.context.ip_address or "127.0.0.1"  # Streamlit says None for this machine.
    return who(Headers(dict(st.context.headers)), st.context.cookies, address)


def proxied() -> bool:
    """Whether a proxy in front says who somebody is, so that signing out is its business."""
    return bool(_header())


def _vouched(cookies: Mapping[str, str]) -> str | None:
    """Return the address in Streamlit's signed login cookie, while the provider's word lasts.

    Streamlit itself does not look at `exp`, and keeps the cookie for 30 days.
    """
    import json

    from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
    from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

    raw = _get_signed_cookie_with_chunks(dict(cookies), USER_COOKIE_NAME)
    if not raw:
        return None
    said = json.loads(raw)
    if not said.get("is_logged_in") or said.get("email_verified") is False or float(said.get("exp", 0)) < time.time():
        return None
    email = said.get("email")
    return email if isinstance(email, str) else None


def secrets() -> dict[str, Any]:
    """Return what Streamlit's login needs, from the environment."""
    if not oidc():
        return {}
    from guardrails.case import CaseError

    said = {name: os.environ.get(f"AMENDS_OIDC_{name.upper()}", "").strip() for name in ("issuer", "client_id", "client_secret", "url")}
    for name, value in said.items():
        if not value:
            raise CaseError(f"AMENDS_OIDC_{name.upper()}: is missing; signing in by a provider needs issuer, client_id, client_secret and url")
    return {
        "auth": {
            "redirect_uri": said["url"].rstrip("/") + "/oauth2callback",
            "cookie_secret": _kept_secret(service().settings.home / "cookie.key"),
            "client_id": said["client_id"],
            "client_secret": said["client_secret"],
            "server_metadata_url": said["issuer"].rstrip("/") + "/.well-known/openid-configuration",
            "client_kwargs": {"scope": "openid email profile", "prompt": "select_account"},
        }
    }


def _kept_secret(path: Path) -> str:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(random.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii")


def pages_ask(path: str, kind: str) -> bool:
    """Whether the page itself asks who somebody is: with a provider, Streamlit's page shows its button and nothing else."""
    return oidc() and not path.startswith(("/api/", "/media/", "/_stcore/upload_file"))


async def ask(scope: Scope) -> Response:
    """Return the way to the sign-in page, and back afterwards."""
    if _header():
        return HTMLResponse(
            _page(
                "<p>The proxy in front of this desk did not say who you are, or the desk does not know you. "
                "An admin adds you with <code>amends users add</code>.</p>"
            ),
            403,
        )
    query = scope.get("query_string", b"").decode("latin-1")
    return RedirectResponse("/login?next=" + quote(scope["path"] + (f"?{query}" if query else ""), safe=""), 303)


async def sign_in(request: Request) -> Response:
    """Show the sign-in form, or take it."""
    if not await run_in_threadpool(required) or _header() or oidc():
        return RedirectResponse("/", 303)
    if request.method != "POST":
        return HTMLResponse(_form(request.query_params.get("next", "/")))
    form = parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    name, password, after = (form.get(key, [""])[0] for key in ("name", "password", "next"))
    found = await run_in_threadpool(log_in, service().store, name, password)
    if found is None:
        return HTMLResponse(_form(after, name, "Name and password do not fit. After ten failures the name is locked for fifteen minutes."), 403)
    answer = RedirectResponse(_inside(after), 303)
    answer.set_cookie(COOKIE, found[1], max_age=86400, httponly=True, samesite="lax", secure=request.url.scheme == "https")
    return answer


async def sign_out(request: Request) -> Response:
    """End the session. A GET shows a button, so that no other page can sign somebody out."""
    if request.method != "POST":
        return HTMLResponse(_page('<form method="post" action="/logout"><button>Sign out</button></form>'))
    if token := request.cookies.get(COOKIE):
        await run_in_threadpool(log_out, service().store, token)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE)
    return answer


def _inside(path: str) -> str:
    """Return a path of this desk: never the address of another."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and not any(ord(letter) < 32 for letter in path) else "/"


def _form(after: str, name: str = "", error: str = "") -> str:
    said = f'<p class="error" role="alert">{html.escape(error)}</p>' if error else ""
    return _page(
        f'{said}<form method="post" action="/login"><input type="hidden" name="next" value="{html.escape(_inside(after))}">'
        f'<label>Name or e-mail<input name="name" value="{html.escape(name)}" autocomplete="username" required autofocus></label>'
        '<label>Password<input name="password" type="password" autocomplete="current-password" required></label><button>Sign in</button></form>'
    )


def _page(inner: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>amends: sign in</title>'
        '<link rel="icon" href="data:,"><style>body{font:16px/1.5 system-ui,sans-serif;color:#1f2428;background:#f4f6f7;margin:0}'
        "main{max-width:340px;margin:14vh auto;background:#fff;border:1px solid #d3d8dd;border-radius:10px;padding:26px 30px}h1{font-size:22px;margin:0 0 4px}"
        "label{display:block;margin:14px 0 0;font-weight:600}"
        "input{display:block;width:100%;box-sizing:border-box;font:inherit;font-weight:400;"
        "padding:8px 10px;margin-top:4px;border:1px solid #8a9099;border-radius:6px}"
        "button{margin-top:20px;font:inherit;background:#0b5a7a;color:#fff;border:0;border-radius:6px;padding:9px 18px;cursor:pointer}"
        ":focus-visible{outline:2px solid #0b5a7a;outline-offset:2px}"
        ".error{background:#fdecea;color:#5f1411;border-left:4px solid #8c1d18;padding:8px 12px;border-radius:4px}p{margin:8px 0}</style>"
        f"<main><h1>amends</h1><p>The drafting desk for apology letters.</p>{inner}</main></html>"
    )
