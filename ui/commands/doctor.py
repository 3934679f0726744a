"""`amends doctor`: what is configured, and what could send data out."""

import os
import sys
from argparse import Namespace
from importlib.metadata import PackageNotFoundError, version

from drafting.config import configuration
from drafting.outlets import outlets
from drafting.settings import Settings
from guardrails.policy import unknown_rules
from ui.format import table


def run(options: Namespace) -> int:
    """Print what was loaded, which model would write, and every way out of this machine."""
    settings = Settings.read(os.environ, config=options.config)
    setup = configuration(settings.config)
    rows = [
        ("amends", version("amends")),
        ("python", sys.version.split()[0]),
        *((name, _version(name)) for name in ("openai", "langchain-openai", "pydantic", "streamlit", "sqlalchemy", "dbos")),
        ("home", str(settings.home)),
        ("record", "set by AMENDS_DATABASE_URL" if settings.database_url else f"{settings.home / 'amends.db'}"),
        ("loaded", ", ".join(str(source) for source in setup.sources) or "nothing but what ships with amends"),
        ("categories", str(len(setup.policy.categories))),
        ("rules", str(len(setup.rules))),
        ("models", f"{' -> '.join(settings.models)} ({settings.models_from})"),
    ]
    print(table(rows))
    ways = outlets(os.environ)
    print("\nWhat could send data out:")
    for way in ways or ["nothing is configured to; letters are composed on this machine"]:
        print(f"- {way}")
    problems = unknown_rules(setup.policy, [rule.name for rule in setup.rules])
    for problem in problems:
        print(f"policy: {problem}", file=sys.stderr)
    return 2 if problems else 0


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
