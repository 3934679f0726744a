"""Who works at the desk: added, logged in, locked out, removed."""

import pytest
from desks import people
from stores import Clock

from drafting.errors import DeskError, Forbidden, NotThere
from drafting.store import Store, UserRow
from drafting.users import LOCAL, add_user, log_in, log_out, logged_in, remove_user, user, user_by_email, users

SECRET = "correct horse battery"


def test_a_desk_without_users_has_one_local_user(store: Store) -> None:
    assert user(store) == LOCAL
    assert LOCAL.sole


def test_a_desk_with_users_wants_to_know_who_is_there(store: Store) -> None:
    people(store, ana="agent")
    assert user(store, "ana").position == "agent"
    with pytest.raises(Forbidden, match="log in"):
        user(store)
    with pytest.raises(Forbidden, match="there is no user 'eve'"):
        user(store, "eve")


def test_a_password_is_kept_as_a_hash_only(store: Store) -> None:
    add_user(store, LOCAL, "ana", "agent", password=SECRET)
    with store.read() as session:
        row = session.get(UserRow, "ana")
    assert row
    assert (row.password or "").startswith("$argon2id$")
    assert SECRET not in str(row)


def test_who_logs_in_stays_so_until_they_log_out_or_time_is_up(store: Store, clock: Clock) -> None:
    add_user(store, LOCAL, "ana", "agent", email="Ana@nordlys.example", password=SECRET)
    first, second = log_in(store, "ana", SECRET), log_in(store, "ana@nordlys.example", SECRET)
    assert first
    assert second
    assert logged_in(store, first[1]) == first[0]
    log_out(store, first[1])
    assert logged_in(store, first[1]) is None
    clock.forward(days=2)
    assert logged_in(store, second[1]) is None


@pytest.mark.parametrize(("name", "password"), [("ana", "wrong horse"), ("eve", SECRET), ("bo", ""), ("ana", "")])
def test_a_wrong_name_or_password_opens_nothing(store: Store, name: str, password: str) -> None:
    add_user(store, LOCAL, "ana", "agent", password=SECRET)
    add_user(store, LOCAL, "bo", "agent")
    assert log_in(store, name, password) is None


def test_ten_wrong_passwords_lock_a_name_for_a_while(store: Store, clock: Clock) -> None:
    add_user(store, LOCAL, "ana", "agent", password=SECRET)
    for _ in range(10):
        assert log_in(store, "ana", "a wrong guess") is None
    assert log_in(store, "ana", SECRET) is None
    clock.forward(minutes=16)
    assert log_in(store, "ana", SECRET)


def test_a_removed_user_is_out_at_once_and_may_come_back(store: Store) -> None:
    add_user(store, LOCAL, "ana", "agent", email="ana@nordlys.example", password=SECRET)
    token = (log_in(store, "ana", SECRET) or ("", ""))[1]
    remove_user(store, LOCAL, "ana")
    assert logged_in(store, token) is None
    assert users(store) == ()
    with pytest.raises(NotThere, match="there is no user 'ana'"):
        remove_user(store, LOCAL, "ana")
    assert add_user(store, LOCAL, "ana", "csm").position == "csm"


def test_a_proxy_names_a_user_by_address(store: Store) -> None:
    add_user(store, LOCAL, "ana", "agent", email="ana@nordlys.example")
    assert (user_by_email(store, "ANA@nordlys.example") or LOCAL).name == "ana"
    assert user_by_email(store, "eve@nordlys.example") is None


@pytest.mark.parametrize(
    ("name", "position", "more", "said"),
    [
        ("bo", "boss", {}, "role: 'boss' is none; use agent, csm"),
        ("ana", "agent", {}, "already a user with this name"),
        ("bo", "agent", {"email": "ana@nordlys.example"}, "already a user with this name or address"),
        ("bo", "agent", {"password": "short"}, "ten characters"),
        (" ", "agent", {}, "name: give"),
    ],
)
def test_a_user_who_can_not_be_is_one_line(store: Store, name: str, position: str, more: dict[str, str], said: str) -> None:
    add_user(store, LOCAL, "ana", "agent", email="ana@nordlys.example")
    with pytest.raises(DeskError, match=said):
        add_user(store, LOCAL, name, position, **more)


def test_only_an_admin_manages_users(store: Store) -> None:
    staff = people(store, ana="agent", root="admin")
    with pytest.raises(Forbidden, match=r"^ana \(agent\) may not manage users: ask an admin \(root\)$"):
        add_user(store, staff["ana"], "bo", "vp")
    assert add_user(store, staff["root"], "bo", "vp").position == "vp"
