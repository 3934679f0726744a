"""What leaves this machine, or would."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from drafting.settings import Settings
from guardrails.case import CaseError


def outlets(environ: Mapping[str, str]) -> list[str]:
    """Return a line for everything configured that could send data out, or that would if amends did not stop it."""
    try:
        settings = Settings.read(environ)
    except CaseError as error:
        return [f"unknown: {error}"]
    found = []
    for name in settings.models:
        if name.startswith("openai:"):
            found.append(f"{name}: facts, tickets and drafts go to {_place(settings.host)}")
        elif name != "template":
            found.append(f"{name}: facts, tickets and drafts go to that provider")
    set_to = {name: value for name, value in environ.items() if value.strip().lower() not in ("", "false", "0", "no")}
    for name, does in _LEAKS.items():
        if name in set_to:
            found.append(f"{name} is set: {does}")
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        if name in set_to:
            found.append(f"{name} is set: calls to a model go through {_place(urlsplit(set_to[name]).hostname or 'a proxy')}")
    if settings.database_url and (host := urlsplit(settings.database_url.get_secret_value()).hostname):
        found.append(f"AMENDS_DATABASE_URL: cases and letters are kept at {_place(host)}")
    return found


_LEAKS = {
    "LANGSMITH_TRACING": "it would copy prompts and letters to LangSmith; amends turns it off for its calls",
    "LANGSMITH_TRACING_V2": "it would copy prompts and letters to LangSmith; amends turns it off for its calls",
    "LANGCHAIN_TRACING_V2": "it would copy prompts and letters to LangSmith; amends turns it off for its calls",
    "LANGCHAIN_TRACING": "LangChain refuses calls with it; unset it",
    "LANGCHAIN_HANDLER": "LangChain refuses calls with it; unset it",
    "LANGSMITH_GATEWAY": "it would send calls through LangSmith; amends passes the address itself, and refuses providers other than openai while it is set",
    "OPENAI_LOG": "the openai library may write whole prompts to the log",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "where somebody has instrumented this Python, traces of calls go there",
}


def _place(host: str) -> str:
    return f"{host}, which is this machine" if host in ("localhost", "::1") or host.startswith("127.") else host
