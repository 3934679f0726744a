"""A policy file changed one value at a time: its comments and its order stay as a person wrote them."""

import json
import re
from collections.abc import Iterable


def with_value(text: str, table: str, key: str, value: object) -> str:
    """Return the TOML text with one key of one table set; None takes the key out. A missing table or key is added."""
    lines = text.splitlines()
    head = next((number for number, line in enumerate(lines) if re.match(rf"\s*\[\s*{re.escape(table)}\s*\]", line)), None)
    if head is None:
        if value is None:
            return text
        return text.rstrip("\n") + f"\n\n[{table}]\n{_name(key)} = {literal(value)}\n"
    end = next((number for number in range(head + 1, len(lines)) if re.match(r"\s*\[", lines[number])), len(lines))
    for number in range(head + 1, end):
        if found := re.match(rf"(\s*(?:{re.escape(key)}|\"{re.escape(key)}\")\s*=\s*)", lines[number]):
            lines[number : number + 1] = [] if value is None else [found[1] + literal(value)]
            return "\n".join(lines) + "\n"
    if value is not None:
        last = max((number for number in range(head, end) if lines[number].strip() and not lines[number].lstrip().startswith("#")), default=head)
        lines.insert(last + 1, f"{_name(key)} = {literal(value)}")
    return "\n".join(lines) + "\n"


def literal(value: object) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return json.dumps(str(value), ensure_ascii=False)


def _name(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)
