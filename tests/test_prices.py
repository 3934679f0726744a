from decimal import Decimal
from pathlib import Path

import pytest

from drafting.prices import Tokens, price
from drafting.settings import Settings


def settings(**environ: str) -> Settings:
    return Settings.read({"AMENDS_HOME": "/nowhere", **environ})


def test_prices_cached_tokens_at_their_own_price() -> None:
    # gpt-4.1-mini: USD 0.40 in, 0.10 cached, 1.60 out, a million tokens.
    cost, known = price("openai:gpt-4.1-mini", settings(), Tokens(1200, 400, 200))
    assert cost == Decimal("0.00106")
    assert known
    assert known.startswith("genai-prices ")


def test_the_exact_model_that_answered_is_priced() -> None:
    assert price("openai:some-alias", settings(), Tokens(1_000_000, 0), served="gpt-4.1-mini-2025-04-14")[0] == Decimal("0.4")


@pytest.mark.parametrize(
    ("name", "environ"), [("openai:my-own", {}), ("openai:gpt-4.1-mini", {"OPENAI_BASE_URL": "http://127.0.0.1:8080/v1"}), ("ollama:llama", {})]
)
def test_a_model_without_a_price_costs_an_unknown_sum(name: str, environ: dict[str, str]) -> None:
    assert price(name, settings(**environ), Tokens(1000, 100)) == (None, None)


@pytest.mark.parametrize("name", ["anthropic:claude-sonnet-4-5", "google_genai:gemini-2.5-flash", "mistralai:mistral-large-latest"])
def test_knows_other_providers_by_langchains_names(name: str) -> None:
    assert price(name, settings(), Tokens(1000, 100))[0]


def test_ones_own_prices_go_first(tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text('["openai:gpt-4.1-mini"]\ninput = 1\ncached = 0.5\noutput = 2\n')
    cost, known = price("openai:gpt-4.1-mini", settings(AMENDS_HOME=str(tmp_path)), Tokens(1_000_000, 1_000_000, 500_000))
    assert cost == Decimal("2.75")
    assert known
    assert known.startswith("prices.toml ")


def test_the_version_of_ones_own_prices_follows_them(tmp_path: Path) -> None:
    versions = set()
    for output in (2, 3):
        (tmp_path / "prices.toml").write_text(f'["x:y"]\ninput = 1\noutput = {output}\n')
        versions.add(price("x:y", settings(AMENDS_HOME=str(tmp_path)), Tokens(1, 1))[1])
    assert len(versions) == 2
