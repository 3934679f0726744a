import pytest

from drafting.outlets import outlets


def ways(**environ: str) -> list[str]:
    return outlets({"AMENDS_HOME": "/nowhere", **environ})


def test_composing_sends_nothing() -> None:
    assert ways() == []


def test_names_where_each_model_is() -> None:
    found = ways(AMENDS_MODEL="openai:a,anthropic:b,template", OPENAI_API_KEY="sk-secret")
    assert found == ["openai:a: facts, tickets and drafts go to api.openai.com", "anthropic:b: facts, tickets and drafts go to that provider"]


def test_a_server_on_this_machine_is_named_as_such() -> None:
    assert ways(AMENDS_MODEL="openai:a", OPENAI_BASE_URL="http://127.0.0.1:8080/v1") == [
        "openai:a: facts, tickets and drafts go to 127.0.0.1, which is this machine"
    ]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("LANGSMITH_TRACING", "true", "turns it off"),
        ("LANGCHAIN_TRACING_V2", "true", "turns it off"),
        ("LANGSMITH_GATEWAY", "https://gateway.example.org", "LangSmith"),
        ("OPENAI_LOG", "debug", "log"),
        ("HTTPS_PROXY", "http://ann:secret@proxy.example.org:3128", "proxy.example.org"),
        ("AMENDS_DATABASE_URL", "postgresql+psycopg://ann:secret@db.example.org/amends", "db.example.org"),
        ("AMENDS_TIMEOUT", "soon", "unknown: AMENDS_TIMEOUT"),
    ],
)
def test_names_what_else_could_send_data_out(variable: str, value: str, said: str) -> None:
    found = ways(**{variable: value})
    assert len(found) == 1
    assert said in found[0]
    assert "secret" not in found[0]


def test_a_switch_that_is_off_is_no_way_out() -> None:
    assert ways(LANGSMITH_TRACING="false", LANGSMITH_GATEWAY="0", OPENAI_LOG="") == []
