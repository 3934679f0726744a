from pathlib import Path

import pytest

from drafting.settings import DEFAULT_MODEL, Settings
from guardrails.case import CaseError


def read(**environ: str) -> Settings:
    return Settings.read({"HOME": "/home/ann", **environ})


def test_without_a_key_letters_are_composed() -> None:
    found = read()
    assert (found.models, found.models_from) == (("template",), "neither AMENDS_MODEL nor OPENAI_API_KEY is set")


def test_with_a_key_openai_writes() -> None:
    found = read(OPENAI_API_KEY="sk-1")
    assert found.models == (DEFAULT_MODEL,)
    assert "OPENAI_API_KEY" in found.models_from


def test_reads_a_chain_of_models() -> None:
    found = read(AMENDS_MODEL="openai:a, anthropic:b ,template")
    assert (found.models, found.models_from) == (("openai:a", "anthropic:b", "template"), "AMENDS_MODEL")


def test_models_given_by_hand_go_first() -> None:
    found = Settings.read({"HOME": "/home/ann", "AMENDS_MODEL": "openai:a"}, models=["template"])
    assert (found.models, found.models_from) == (("template",), "--model")


def test_an_empty_variable_is_not_set() -> None:
    assert read(OPENAI_API_KEY=" ", OPENAI_BASE_URL="", AMENDS_MODEL="").models == ("template",)


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("https://api.openai.com/v1", True),
        ("https://eu.api.openai.com/v1", True),
        ("http://127.0.0.1:8080/v1", False),
        ("https://openai.com.example.org/v1", False),
        ("https://ann:pw@notopenai.com/v1", False),
    ],
)
def test_knows_openai_from_servers_that_speak_like_it(address: str, own: bool) -> None:
    assert read(OPENAI_BASE_URL=address).at_openai is own


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AMENDS_MODEL", "openai:a,,template"),
        ("AMENDS_TIMEOUT", "soon"),
        ("AMENDS_TIMEOUT", "0"),
        ("AMENDS_TIMEOUT", "nan"),
        ("AMENDS_BUDGET", "inf"),
        ("AMENDS_ATTEMPTS", "0"),
        ("AMENDS_ATTEMPTS", "2.5"),
        ("AMENDS_MAX_OUTPUT_TOKENS", "-1"),
        ("AMENDS_TEMPERATURE", "3"),
        ("OPENAI_BASE_URL", "127.0.0.1:8080"),
        ("OPENAI_BASE_URL", "http://[bad"),
        ("OPENAI_BASE_URL", "ftp://example.org"),
    ],
)
def test_names_the_variable_that_is_wrong_in_one_line(variable: str, value: str) -> None:
    with pytest.raises(CaseError) as caught:
        read(**{variable: value})
    assert str(caught.value).startswith(f"{variable}: ")
    assert "\n" not in str(caught.value)


def test_shows_no_key_and_no_password() -> None:
    found = read(OPENAI_API_KEY="sk-secret", OPENAI_BASE_URL="http://ann:secret@127.0.0.1/v1", AMENDS_DATABASE_URL="postgresql://ann:secret@db/amends")
    assert "secret" not in f"{found!r} {found} {found.model_dump_json()}"


def test_home_and_configuration_move_together_or_apart() -> None:
    assert (read(AMENDS_HOME="/srv/a").home, read(AMENDS_HOME="/srv/a").config) == (Path("/srv/a"), Path("/srv/a"))
    assert Settings.read({"AMENDS_HOME": "/srv/a"}, config=Path("/etc/a")).config == Path("/etc/a")
    assert read(AMENDS_HOME="~/a").home == Path("~/a").expanduser()


@pytest.mark.parametrize(
    ("platform", "environ", "folder"),
    [
        ("linux", {}, "/home/ann/.local/share/amends"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/amends"),
        ("darwin", {}, "/home/ann/Library/Application Support/amends"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/amends"),
    ],
)
def test_state_lives_where_the_system_keeps_a_users_data(monkeypatch: pytest.MonkeyPatch, platform: str, environ: dict[str, str], folder: str) -> None:
    monkeypatch.setattr("sys.platform", platform)
    assert read(**environ).home == Path(folder)


def test_reads_a_companys_own_prices(tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text('["openai:gpt-5.4-mini"]\ninput = 0.5\ncached = 0.05\noutput = 3\n')
    assert str(read(AMENDS_HOME=str(tmp_path)).prices["openai:gpt-5.4-mini"].cached) == "0.05"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('["openai:a"]\ninput = 1\n', "`output` is missing"),
        ('["openai:a"]\ninput = 1\noutput = 1\ncahced = 1\n', "did you mean `cached`?"),
        ('["openai:a"]\ninput = -1\noutput = 1\n', "`input`"),
        ('"openai:a" = 3\n', "openai:a"),
        ("input = \n", "can not be read"),
    ],
)
def test_names_what_is_wrong_with_a_price(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "prices.toml").write_text(text)
    with pytest.raises(CaseError) as caught:
        read(AMENDS_HOME=str(tmp_path))
    assert str(caught.value).startswith(str(tmp_path / "prices.toml"))
    assert said in str(caught.value)
