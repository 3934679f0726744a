"""What a hostile page, a hostile customer or a hostile model can do here: nothing."""

import base64
import contextlib
import http.client
import json
import os
import socket

import pytest
from browsing import Desk, Watch, body, choose, go, settled
from playwright.sync_api import Page, expect
from seeds import Seeds

from drafting import desk as desks

ATTACKS = (
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    '"><svg onload=window.pwned=1>',
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "![x](http://203.0.113.7/leak.png)",
    "[click](javascript:window.pwned=1)",
    "<style>@import url(http://203.0.113.7/x.css);*{background:url(http://203.0.113.7/y)}</style>",
    ":material/delete: $\\href{javascript:window.pwned=1}{x}$ `code` **bold**",
)


def ask(desk: Desk, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, dict[str, str]]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", desk.port, timeout=10)) as line:
        line.request(method, path, body, {"Host": f"localhost:{desk.port}"} | {name.replace("_", "-"): value for name, value in headers.items()})
        answer = line.getresponse()
        answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}


TEXT = json.dumps({"subject": "s", "body": "b"}).encode()


def test_every_answer_carries_the_headers(desk: Desk) -> None:
    for path in ("/", "/letter?id=1", "/assets/letter_editor.js", "/login", "/nothing-here"):
        _, headers = ask(desk, "GET", path)
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe-eval" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X_Amends": "1"}, 200),
        ({}, 403),
        ({"X_Amends": "1", "Sec_Fetch_Site": "same-origin"}, 200),
        ({"X_Amends": "1", "Sec_Fetch_Site": "cross-site"}, 403),
        ({"X_Amends": "1", "Sec_Fetch_Site": "same-site"}, 403),
        ({"X_Amends": "1", "Origin": "http://evil.example"}, 403),
        ({"X_Amends": "1", "Host": "evil.example"}, 403),
        ({"X_Amends": "1", "Host": "localhost@evil.example"}, 403),
    ],
)
def test_only_our_own_page_reaches_the_routes(desk: Desk, headers: dict[str, str], status: int) -> None:
    assert ask(desk, "POST", "/api/check", TEXT, **headers)[0] == status


def test_reading_routes_refuse_other_pages_too(desk: Desk, seeds: Seeds) -> None:
    number = seeds.letter().id
    path = f"/api/letters/{number}/revisions/1"
    assert ask(desk, "GET", path)[0] == 200
    assert ask(desk, "GET", path, Sec_Fetch_Site="cross-site")[0] == 403
    assert ask(desk, "GET", "/", Host="rebound.example")[0] == 403


def test_long_and_broken_bodies_are_refused(desk: Desk) -> None:
    long = json.dumps({"subject": "s", "body": "x" * 400_000}).encode()
    assert ask(desk, "POST", "/api/check", long, X_Amends="1")[0] == 413
    assert ask(desk, "POST", "/api/check", json.dumps({"subject": "s", "body": "x" * 100_000}).encode(), X_Amends="1")[0] == 422
    assert ask(desk, "POST", "/api/check", b"{", X_Amends="1")[0] == 422
    assert ask(desk, "POST", "/api/check", b'{"subject": 1, "body": []}', X_Amends="1")[0] == 422
    assert ask(desk, "PUT", "/api/typed/elsewhere", TEXT, X_Amends="1")[0] == 404
    assert ask(desk, "POST", "/api/letters/1/export/exe", b"", X_Amends="1")[0] == 409


def test_a_body_that_hides_its_length_is_broken_off(desk: Desk) -> None:
    with socket.create_connection(("127.0.0.1", desk.port), timeout=10) as line:
        line.sendall(
            f"POST /api/check HTTP/1.1\r\nHost: localhost:{desk.port}\r\nX-Amends: 1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode()
        )
        chunk = b"x" * 60_000
        try:
            for _ in range(20):
                line.sendall(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            line.sendall(b"0\r\n\r\n")
            answer = line.recv(64)
        except OSError:
            answer = b""
    assert b" 200 " not in answer


def test_the_websocket_refuses_other_pages(desk: Desk) -> None:
    def shake(**headers: str) -> bytes:
        with socket.create_connection(("127.0.0.1", desk.port), timeout=10) as line:
            key = base64.b64encode(os.urandom(16)).decode()
            lines = {
                "Host": f"localhost:{desk.port}",
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Key": key,
                "Sec-WebSocket-Version": "13",
            } | headers
            line.sendall(("GET /_stcore/stream HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n").encode())
            return line.recv(32)

    assert b" 101 " in shake(Origin=f"http://localhost:{desk.port}")
    assert b" 403 " in shake(Origin="http://evil.example")
    assert b" 403 " in shake(Host="rebound.example", Origin="http://rebound.example")


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_words_become_markup(window: object, desk: Desk, seeds: Seeds, attack: str) -> None:
    watch: Watch = window(desk.url)  # type: ignore[operator]
    page = watch.page
    case = seeds.case()
    account = case.account.model_copy(update={"company": f"Evil {attack}", "impact": attack, "goals": attack})
    incident = case.incident.model_copy(update={"summary": f"We failed {attack}", "cause": attack, "fixes": (attack,)})
    case = case.model_copy(update={"account": account, "incident": incident, "follow_up": attack})
    row = seeds.letter(f"Dear {attack},\n\nWe utilise {attack}. zebras\n\nKind regards,\n{attack}", case=case, subject=f"Subject {attack}"[:200])
    desks.comment(seeds.desk, row.id, attack)
    revision = seeds.view(row.id).revision
    assert revision
    desks.send_back(seeds.desk, row.id, revision.number, revision.sha256, attack)
    go(page, f"{desk.url}/letter?id={row.id}")
    expect(body(page)).to_contain_text(attack[:20])
    for tab in ("Facts", "History", "Comments", "Findings"):
        page.get_by_role("tab", name=tab).click()
    page.locator('[data-rule="plain-use"]').click()
    for path in ("/queue?state=Any%20state", "/trends"):
        go(page, desk.url + path)
    page.goto(f"{desk.url}/")
    settled(page)
    choose(page, "Case", "Open a case file")
    file = case.model_dump(mode="json", exclude_defaults=True)
    page.locator("input[type=file]").set_input_files(
        {"name": f"{attack[:30].replace('/', '')}.json", "mimeType": "application/json", "buffer": json.dumps(file).encode()}
    )
    page.get_by_role("button", name="Draft the letter").click(delay=60)
    expect(page.locator('[data-act="open"]')).to_be_visible(timeout=15_000)
    assert page.evaluate("window.pwned") is None
    assert page.locator("img[src*='203.0.113']").count() == 0


def test_addresses_do_not_carry_markup(page: Page, desk: Desk) -> None:
    go(
        page,
        f"{desk.url}/queue?q=%3Cimg%20src=x%20onerror=window.pwned=1%3E&account=%3Cscript%3Ewindow.pwned=1%3C/script%3E&category=!%5Bx%5D(http://203.0.113.7/x.png)",
    )
    expect(page.get_by_text("Nothing here matches.")).to_be_visible()
    assert page.evaluate("window.pwned") is None
