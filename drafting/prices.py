"""What a call cost: by the user's own prices, else by the published ones that come with genai-prices."""

from decimal import Decimal
from hashlib import sha256
from importlib.metadata import version
from typing import NamedTuple

from drafting.settings import Settings


class Tokens(NamedTuple):
    """What is paid for; `input` counts what came from a cache or went into one."""

    input: int
    output: int
    cached: int = 0
    cache_writes: int = 0


_MILLION = Decimal(1_000_000)
_SELLERS = {
    "azure_openai": "azure",
    "google_genai": "google",
    "google_vertexai": "google",
    "mistralai": "mistral",
    "xai": "x-ai",
    "bedrock": "aws",
    "bedrock_converse": "aws",
}
"""Where the price list calls a provider otherwise than LangChain does."""


def price(name: str, settings: Settings, tokens: Tokens, *, served: str | None = None) -> tuple[Decimal | None, str | None]:
    """Return what a call cost in USD and the price list used, or None twice where no list knows the model.

    The user's own prices go first. `served` is the exact model that answered, where the server said.
    """
    if own := settings.prices.get(name):
        kept = own.input if own.cached is None else own.cached
        cost = (own.input * (tokens.input - tokens.cached) + kept * tokens.cached + own.output * tokens.output) / _MILLION
        return cost, f"prices.toml {sha256(own.model_dump_json().encode()).hexdigest()[:8]}"
    from genai_prices import Usage, calc_price

    provider, _, model = name.partition(":")
    usage = Usage(input_tokens=tokens.input, cache_read_tokens=tokens.cached, cache_write_tokens=tokens.cache_writes, output_tokens=tokens.output)
    for reference in dict.fromkeys(filter(None, (served, model))):
        try:
            if provider == "openai" and not settings.at_openai:  # A server that speaks like OpenAI has prices of its own, or none.
                found = calc_price(usage, reference, provider_api_url=settings.base_url.get_secret_value())
            else:
                found = calc_price(usage, reference, provider_id=_SELLERS.get(provider, provider))
        except LookupError:
            continue
        return found.total_price, f"genai-prices {version('genai-prices')}"
    return None, None
