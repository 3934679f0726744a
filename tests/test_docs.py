"""What the texts say is what the program does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from guardrails.policy import default_policy
from guardrails.rules import rules
from ui.commands.rules import catalogue

README = Path("README.md").read_text(encoding="utf-8")


def test_rules_md_is_what_the_rules_print() -> None:
    assert Path("RULES.md").read_text(encoding="utf-8").strip() == catalogue(rules()).strip(), "run `make docs`"


def test_every_contract_rule_ships() -> None:
    fixed = """passive-voice non-apology conditional-apology generic-apology late-apology over-promise blame-shift defensive self-focus vague
    vague-subject tone placeholder missing-recognition missing-responsibility missing-remorse missing-restitution missing-prevention missing-follow-up
    missing-required-fact invented-fact inconsistent-fact leaked-internal-fact remedy-mismatch wrong-signer""".split()
    assert set(fixed) <= {rule.name for rule in rules()}


def test_policy_names_only_rules_there_are() -> None:
    assert set(default_policy().rules) <= {rule.name for rule in rules()}


@pytest.mark.parametrize("line", sorted(set(re.findall(r"^\$ (amends (?:check|draft|rules|doctor)[^\n|]*)$", README, re.MULTILINE))))
def test_readme_command_runs(line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AMENDS_HOME", str(tmp_path))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    done = subprocess.run([sys.executable, "-m", "ui", *line.partition("#")[0].split()[1:]], capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    assert done.stdout


@pytest.mark.parametrize("path", [*sorted(Path("docs").glob("*.md")), Path("README.md")], ids=str)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (path.parent / target).exists(), target
