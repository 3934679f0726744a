"""Findings written into a text and taken out again: «words→suggestion»."""

from collections.abc import Iterable

from guardrails.finding import Finding, Span


def mark(text: str, findings: Iterable[Finding]) -> str:
    """Return the text with each finding's words in «…», its suggestion behind an arrow.

    A finding of absence is an empty mark. Findings that overlap nest where one holds the
    other; where they only cross, the later one is cut where the earlier one ends.
    """
    opens: dict[int, list[tuple[int, str | None]]] = {}
    for finding in findings:
        opens.setdefault(finding.start, []).append((finding.end, finding.suggestion))
    for marks in opens.values():
        marks.sort(key=lambda item: -item[0])
    out: list[str] = []
    stack: list[tuple[int, str | None]] = []
    places = sorted({0, len(text), *opens, *(end for marks in opens.values() for end, _ in marks)})
    for here, there in zip(places, [*places[1:], len(text)], strict=True):
        while stack and stack[-1][0] <= here:
            out.append(_close(stack.pop()[1]))
        for end, suggestion in opens.get(here, ()):
            if end == here:
                out.append("«" + _close(suggestion))
                continue
            out.append("«")
            stack.append((min(end, stack[-1][0]) if stack else end, suggestion))
        out.append(text[here:there])
    return "".join(out) + "".join(_close(suggestion) for _, suggestion in reversed(stack))


def _close(suggestion: str | None) -> str:
    return f"→{suggestion}»" if suggestion is not None else "»"


def unmark(text: str) -> tuple[str, list[tuple[Span, str | None]]]:
    """Return the text without marks, and each mark's span with its suggestion. Raises ValueError where they do not pair."""
    out: list[str] = []
    found: list[tuple[Span, str | None]] = []
    stack: list[tuple[int, int | None]] = []
    length, at = 0, 0
    suggestion: list[str] | None = None
    while at < len(text):
        letter = text[at]
        at += 1
        if letter == "«":
            stack.append((length, None))
        elif letter == "→" and stack:
            suggestion = []
        elif letter == "»":
            if not stack:
                raise ValueError("» without «")
            start, _ = stack.pop()
            found.append((Span(start, length), "".join(suggestion) if suggestion is not None else None))
            suggestion = None
        elif suggestion is not None:
            suggestion.append(letter)
        else:
            out.append(letter)
            length += 1
    if stack:
        raise ValueError("« without »")
    return "".join(out), sorted(found, key=lambda item: item[0])
