"""What the environment says: read once, then passed along."""

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from guardrails.case import CaseError, explain

DEFAULT_MODEL = "openai:gpt-5.4-mini"
"""The model where a key is present and none was named."""

OPENAI = "https://api.openai.com/v1"


class Price(BaseModel):
    """What a million tokens cost, in USD. Cached input costs as much as other input where `cached` is absent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Decimal = Field(ge=0)
    output: Decimal = Field(ge=0)
    cached: Decimal | None = Field(default=None, ge=0)


class Settings(BaseModel):
    """Which models write and within which limits, and where state and configuration live."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: tuple[str, ...]
    models_from: str = "--model"
    """Why these models: what named them, or why nothing did."""
    api_key: SecretStr | None = None
    base_url: SecretStr = SecretStr(OPENAI)
    """Where `openai:` models are; an address may hold a password, so it is kept like one."""
    timeout: float = Field(default=60, gt=0, le=3600)
    """Seconds of silence after which a call has failed."""
    attempts: int = Field(default=5, ge=1, le=20)
    budget: float = Field(default=120, gt=0, le=86400)
    """Seconds for one answer of one model, all attempts and waits together."""
    max_output_tokens: int = Field(default=8000, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    prices: Mapping[str, Price] = {}
    """Your own prices by model name, `openai:NAME`: they go before the published ones."""
    home: Path
    config: Path
    database_url: SecretStr | None = None

    @field_validator("models")
    @classmethod
    def _named(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(names):
            raise ValueError("name a model between the commas, as in `openai:gpt-5.4-mini,template`")
        return names

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("give a whole address, as in `http://127.0.0.1:8080/v1`")
        return value

    @property
    def host(self) -> str:
        """The host that `openai:` models are asked at."""
        return urlsplit(self.base_url.get_secret_value()).hostname or ""

    @property
    def at_openai(self) -> bool:
        """Whether `openai:` models are OpenAI's own, and not another server's that speaks the same way."""
        return self.host == "openai.com" or self.host.endswith(".openai.com")

    @classmethod
    def read(cls, environ: Mapping[str, str], *, models: Sequence[str] = (), config: Path | None = None) -> Self:
        """Return the settings of an environment; `models` and `config` overrule it.

        Raises CaseError: one line that names the variable and what to write there.
        """
        said = {name: value.strip() for name, value in environ.items() if value.strip()}
        home = Path(said["AMENDS_HOME"]).expanduser() if "AMENDS_HOME" in said else data_folder(said)
        folder = config or (Path(said["AMENDS_CONFIG"]).expanduser() if "AMENDS_CONFIG" in said else home)
        if models:
            named, why = tuple(models), "--model"
        elif "AMENDS_MODEL" in said:
            named, why = tuple(name.strip() for name in said["AMENDS_MODEL"].split(",")), "AMENDS_MODEL"
        elif "OPENAI_API_KEY" in said:
            named, why = (DEFAULT_MODEL,), "AMENDS_MODEL is not set, and there is an OPENAI_API_KEY"
        else:
            named, why = ("template",), "neither AMENDS_MODEL nor OPENAI_API_KEY is set"
        given = {field: said[variable] for field, variable in _VARIABLES.items() if variable in said}
        try:
            return cls.model_validate({**given, "models": named, "models_from": why, "prices": _prices(folder / "prices.toml"), "home": home, "config": folder})
        except ValidationError as error:
            fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
            field = str(fault["loc"][0])
            variable = _VARIABLES.get(field, why if field == "models" else field)
            raise CaseError(f"{variable}: {fault['msg'].removeprefix('Value error, ')}") from None


_VARIABLES = {
    "api_key": "OPENAI_API_KEY",
    "base_url": "OPENAI_BASE_URL",
    "timeout": "AMENDS_TIMEOUT",
    "attempts": "AMENDS_ATTEMPTS",
    "budget": "AMENDS_BUDGET",
    "max_output_tokens": "AMENDS_MAX_OUTPUT_TOKENS",
    "temperature": "AMENDS_TEMPERATURE",
    "database_url": "AMENDS_DATABASE_URL",
}


def _prices(path: Path) -> dict[str, Price]:
    """Return a company's own prices from a TOML file with a table for each model, or none where there is no file."""
    import tomllib

    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CaseError(f"{path}: can not be read: {error}") from None
    prices = {}
    for name, table in tables.items():
        try:
            prices[name] = Price.model_validate(table)
        except ValidationError as error:
            raise CaseError(f"{path}: {name}: {explain(error, Price)}") from None
    return prices


def data_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder in which this system keeps a user's data, with `amends` at its end."""
    home = Path(environ["HOME"]) if "HOME" in environ else Path.home()
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "amends"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "amends"
    return Path(environ.get("XDG_DATA_HOME", home / ".local" / "share")) / "amends"
