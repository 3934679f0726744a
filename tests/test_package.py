"""The package as it is installed: its names, its layers, what it loads."""

import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

NAMES = ("drafting", "eval", "guardrails", "prompts", "ui")
HEAVY = {"openai", "langchain", "langchain_core", "langchain_openai", "streamlit", "sqlalchemy", "tenacity", "dbos", "rich", "yaml", "genai_prices"}


@pytest.mark.parametrize("name", NAMES)
def test_no_other_distribution_owns_our_names(name: str) -> None:
    assert set(packages_distributions().get(name, [])) <= {"amends"}


@pytest.mark.parametrize("arguments", ["['--help']", "['check', 'examples/letters/outage.txt', '--case', 'examples/outage.toml']", "['rules']"])
def test_a_quick_command_loads_nothing_heavy(arguments: str) -> None:
    code = f"""
import sys
from ui.cli import main
try:
    main({arguments})
except SystemExit:
    pass
print("LOADED", *sorted(set(sys.modules) & {HEAVY!r}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].strip() == "LOADED"


def test_locks_name_no_registry_and_hash_everything() -> None:
    from pathlib import Path

    for path in Path().glob("requirements*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text
        pinned = [line for line in text.splitlines() if "==" in line and not line.startswith(("#", " "))]
        assert pinned
        assert text.count("--hash=sha256:") >= len(pinned)
