"""The rules: one a file, in a folder for what it protects. To add a rule, add a file."""

from functools import cache
from importlib import import_module
from pathlib import Path

from guardrails.rule import Rule


@cache
def rules() -> tuple[Rule, ...]:
    """Return the rules that ship with amends, by family and name.

    Raises RuntimeError where a file defines no `rule`.
    """
    root = Path(__file__).parent
    found = []
    for path in sorted(root.glob("*/*.py")):
        if path.stem == "__init__":
            continue
        module = import_module(f"{__name__}.{path.parent.name}.{path.stem}")
        if not isinstance(getattr(module, "rule", None), Rule):
            raise RuntimeError(f"{path} defines no `rule`")
        found.append(module.rule)
    return tuple(found)
