"""Who gets in, and what each may do: local users, a proxy's word, an OpenID provider, the single local user."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsing import ROOT, Desk, Watch, axe, body, button, free_port, go, settled
from issuer import Issuer
from playwright.sync_api import Page, expect
from seeds import CLEAR, Seeds

from drafting.store import open_store
from drafting.users import LOCAL, add_user, remove_user, user

PASSWORD = "correct horse battery"
EXPECTED = [r"40[13] ", r"status of 40[13]"]


def staffed(desk: Desk) -> None:
    store = open_store(desk.home)
    add_user(store, LOCAL, "ada", "admin", email="ada@example.com", password=PASSWORD)
    admin = user(store, "ada")
    for name, position in (("dana", "csm"), ("ag", "agent"), ("vera", "vp"), ("audrey", "auditor")):
        add_user(store, admin, name, position, email=f"{name}@example.com", password=PASSWORD)
    store.close()


def at_its_address(desk: Desk) -> None:
    staffed(desk)
    desk.environment["AMENDS_OIDC_URL"] = desk.url


def sign_in(page: Page, url: str, name: str, path: str = "/queue") -> None:
    page.goto(url + path)
    page.get_by_label("Name or e-mail").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    settled(page)


def call(url: str, method: str = "GET", data: object = None, **headers: str) -> int:
    content = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(url, content, method=method, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture
def office(own_desk: Callable[..., Desk]) -> Desk:
    return own_desk(staffed)


def test_a_deep_link_without_a_login_shows_the_login_and_then_the_letter(office: Desk, window: Callable[..., Watch]) -> None:
    number = Seeds(office.home, user(open_store(office.home), "dana")).letter().id
    watch = window(office.url)
    page = watch.page
    page.goto(f"{office.url}/letter?id={number}")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert "Van Houten" not in page.content()
    assert axe(page) == []
    watch.allow += EXPECTED
    page.get_by_label("Name or e-mail").fill("dana")
    page.get_by_label("Password").fill("wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not fit")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    settled(page)
    expect(body(page)).to_contain_text("Dear Femke")
    expect(page.get_by_text("Signed in as dana")).to_be_visible()


def test_signing_out_ends_it_everywhere(office: Desk, window: Callable[..., Watch]) -> None:
    page = window(office.url).page
    sign_in(page, office.url, "dana")
    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.goto(f"{office.url}/queue")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_removed_user_is_out_at_the_next_click(office: Desk, window: Callable[..., Watch]) -> None:
    page = window(office.url).page
    sign_in(page, office.url, "dana")
    store = open_store(office.home)
    remove_user(store, user(store, "ada"), "dana")
    page.get_by_text("Overdue", exact=True).click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()


def test_roles_are_held_on_pages_and_routes(office: Desk, window: Callable[..., Watch]) -> None:
    number = Seeds(office.home, user(open_store(office.home), "dana")).letter().id
    page = window(office.url).page
    sign_in(page, office.url, "audrey", f"/letter?id={number}")
    expect(body(page)).to_have_attribute("aria-readonly", "true")
    expect(button(page, "approve")).to_have_attribute("aria-disabled", "true")
    expect(button(page, "send_back")).to_have_count(0)
    token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "amends_session")
    own = {"Cookie": f"amends_session={token}", "X_Amends": "1", "Content_Type": "application/json"}
    text = {"subject": "s", "body": "b", "letter": number}
    assert call(f"{office.url}/api/check", "POST", text, **own) == 200
    assert call(f"{office.url}/api/letters/{number}/export/eml", "POST", **own) == 403
    assert call(f"{office.url}/api/letters/{number}/export/proof", "POST", **own) == 200
    assert call(f"{office.url}/api/typed/letter/{number}", "PUT", text, **own) in (200, 403)


def test_a_critical_letter_needs_two_people_and_not_its_drafter(office: Desk, window: Callable[..., Watch]) -> None:
    dana = Seeds(office.home, user(open_store(office.home), "dana"))
    case = dana.case("outage")
    letter = CLEAR.replace("Bram Oosterhuis\nSupport Representative", "Sarah Whitlock\nVP of Customer Success")
    number = dana.letter(letter, case=case).id
    page = window(office.url).page
    sign_in(page, office.url, "dana", f"/letter?id={number}")
    expect(page.locator(".why")).to_contain_text("somebody else approves it")
    other = window(office.url).page
    sign_in(other, office.url, "vera", f"/letter?id={number}")
    button(other, "approve").click()
    expect(other.get_by_text(re.compile(r"L-\d+ is approved"))).to_be_visible()


def test_routes_refuse_whoever_is_not_signed_in(office: Desk) -> None:
    for path, method in (("/api/check", "POST"), ("/api/typed/draft", "PUT"), ("/api/letters/1/revisions/1", "GET"), ("/api/letters/1/export/eml", "POST")):
        assert call(office.url + path, method, {"subject": "", "body": ""} if method != "GET" else None, X_Amends="1") == 401
    assert call(f"{office.url}/_stcore/health") == 200
    assert call(f"{office.url}/media/x.csv") == 401
    assert call(f"{office.url}/_stcore/metrics") == 401


def test_a_proxy_says_who_somebody_is(own_desk: Callable[..., Desk], window: Callable[..., Watch]) -> None:
    desk = own_desk(staffed, AMENDS_USER_HEADER="X-Forwarded-Email")
    page = window(desk.url, extra_http_headers={"X-Forwarded-Email": "dana@example.com"}).page
    go(page, f"{desk.url}/queue")
    expect(page.get_by_text("Signed in as dana")).to_be_visible()
    stranger = window(desk.url, extra_http_headers={"X-Forwarded-Email": "eve@example.com"})
    stranger.allow += EXPECTED
    stranger.page.goto(f"{desk.url}/queue")
    expect(stranger.page.get_by_text("the desk does not know you")).to_be_visible()
    assert call(f"{desk.url}/api/check", "POST", {"subject": "", "body": ""}, X_Amends="1") == 401


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    found = Issuer("dana@example.com")
    yield found
    found.close()


def test_an_openid_provider_says_who_somebody_is(own_desk: Callable[..., Desk], window: Callable[..., Watch], issuer: Issuer) -> None:
    desk = own_desk(
        at_its_address,
        AMENDS_OIDC_ISSUER=issuer.url, AMENDS_OIDC_CLIENT_ID="amends", AMENDS_OIDC_CLIENT_SECRET="secret",
    )  # fmt: skip
    watch = window(desk.url)
    watch.allow += [rf"another origin: {re.escape(issuer.url)}", *EXPECTED]
    page = watch.page
    go(page, f"{desk.url}/queue")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_text("Review queue")).to_have_count(0)
    assert call(f"{desk.url}/api/check", "POST", {"subject": "", "body": ""}, X_Amends="1") == 401
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Signed in as dana")).to_be_visible()
    settled(page)
    assert (
        page.evaluate("fetch('/api/check', {method: 'POST', headers: {'x-amends': '1'}, body: JSON.stringify({subject: '', body: 'x'})}).then(r => r.status)")
        == 200
    )


def test_a_stranger_with_a_provider_gets_no_further(own_desk: Callable[..., Desk], window: Callable[..., Watch], issuer: Issuer) -> None:
    issuer.email = "eve@example.com"
    desk = own_desk(
        at_its_address,
        AMENDS_OIDC_ISSUER=issuer.url, AMENDS_OIDC_CLIENT_ID="amends", AMENDS_OIDC_CLIENT_SECRET="secret",
    )  # fmt: skip
    watch = window(desk.url)
    watch.allow += [rf"another origin: {re.escape(issuer.url)}"]
    go(watch.page, desk.url)
    watch.page.get_by_role("button", name="Sign in").click()
    expect(watch.page.get_by_text("this desk does not know you")).to_be_visible()
    expect(watch.page.get_by_text("Review queue")).to_have_count(0)


def test_one_local_user_is_told_so(page: Page, desk: Desk) -> None:
    go(page, desk.url)
    expect(page.get_by_text("One local user with full rights")).to_be_visible()


@pytest.mark.parametrize(("address", "hosts"), [("0.0.0.0", ""), ("::", ""), ("127.0.0.1", "desk.example.com")])
def test_others_reach_no_desk_without_authentication(tmp_path: Path, address: str, hosts: str) -> None:
    desk = Desk(tmp_path, environment={"AMENDS_HOSTS": hosts})
    said = subprocess.run(
        [sys.executable, "-m", "ui", "ui", "--address", address, "--port", str(free_port())],
        cwd=ROOT, env=desk.variables, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert said.returncode == 2
    assert "amends users add" in said.stderr
    assert len(said.stderr.splitlines()) == 1
