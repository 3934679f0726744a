"""The skeleton of a letter, as a category file holds it: one sentence a line, holes in braces.

docs/categories.md explains it to people who do not program.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from guardrails.case import CaseError

SLOTS = {
    "sorry": "what we are sorry for, as words that follow “I am sorry”: that we took the desk offline",
    "issue": "what went wrong, short enough for a subject line",
    "effect": "the first thing it did to this customer, as words that follow “I am sorry that”",
    "summary": "what went wrong, as sentences, where no line has said it yet",
    "own": "what this account lived through, as sentences, where the incident has an impact on all too",
    "harm": "the first thing that the impact tells, as a sentence, where no line has said what went wrong",
    "impact": "what it did to this customer, as sentences, or as words that follow a colon",
    "scope": "how far it reached, as a sentence",
    "goals": "what the customer wants to achieve, in their words",
    "cause": "the cause, as sentences",
    "fixes": "what we have put right, a sentence or list item each",
    "prevention": "what changes, a sentence or list item each",
    "remedy": "what has been approved, a sentence or list item each",
    "follow_up": "what we commit to next, as sentences",
    "postmortem": "when the post-mortem comes and where it is, where the follow-up does not say so",
    "links": "where the status page is",
    "day": "the day it began: Tuesday 9 June",
    "start": "when it began, with its preposition: on Tuesday 9 June at 06:10 BST",
    "end": "when it was over, with its preposition",
    "duration": "how long it lasted: 4 hours 15 minutes",
    "detected": "when we noticed it, with its preposition",
    "apologies": "the dates of earlier apologies",
    "company": "the customer's company",
    "sender_email": "the sender's address",
}
TESTS = ("known", "unknown", "unsaid", "past", "ahead")

_HOLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence (or list item) with its holes, and the tests that decide whether it is said."""

    text: str
    item: bool
    tests: tuple[tuple[str, str], ...]

    @property
    def holes(self) -> list[str]:
        """The names of the facts that the line needs."""
        return _HOLE.findall(self.text)

    def pieces(self) -> Iterator[tuple[str, str]]:
        """Yield the words before each hole with the hole's name, and the last words with an empty name."""
        at = 0
        for found in _HOLE.finditer(self.text):
            yield self.text[at : found.start()], found[1]
            at = found.end()
        yield self.text[at:], ""


Choice = tuple[Line, ...]
"""A line and its alternatives: the first that can be said is."""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The subject's alternatives and the paragraphs of a letter."""

    subject: Choice
    paragraphs: tuple[tuple[Choice, ...], ...]
    text: str


def parse_skeleton(subject: str, text: str, details: Collection[str], source: str) -> Skeleton:
    """Return the skeleton in a category file. Raises CaseError with one line where a hole has no meaning."""
    known = {*SLOTS, *details}
    paragraphs: list[tuple[Choice, ...]] = []
    for part in re.split(r"\n[ \t]*\n", text.strip()):
        choices: list[Choice] = []
        for raw in part.splitlines():
            line = raw.strip()
            if line.startswith("|"):
                if not choices:
                    raise CaseError(f"{source}: a paragraph begins with `|`; an alternative follows the line it stands in for")
                choices[-1] = (*choices[-1], _line(line[1:].strip(), known, source))
            elif line:
                choices.append((_line(line, known, source),))
        if choices:
            paragraphs.append(tuple(choices))
    return Skeleton(tuple(_line(part.strip(), known, source) for part in subject.split(" | ")), tuple(paragraphs), text)


def _line(text: str, known: Collection[str], source: str) -> Line:
    tests: list[tuple[str, str]] = []

    def take(found: re.Match[str]) -> str:
        words = found[1].split()
        if not words or words[0] != "if":
            _demand(found[1], known, source)
            return found[0]
        if len(words) != 3 or words[1] not in TESTS:
            raise CaseError(f"{source}: `{found[0]}` is no test; write {{if known NAME}}, with one of {', '.join(TESTS)}")
        _demand(words[2], known, source)
        tests.append((words[1], words[2]))
        return ""

    said = " ".join(_HOLE.sub(take, text).split())
    if "{" in _HOLE.sub("", said) or "}" in _HOLE.sub("", said):
        raise CaseError(f"{source}: a brace without its partner in {text[:60]!r}")
    item = said.startswith("- ")
    return Line(said.removeprefix("- "), item, tuple(tests))


def _demand(name: str, known: Collection[str], source: str) -> None:
    if name not in known:
        near = get_close_matches(name, known, 1)
        hint = f"did you mean `{{{near[0]}}}`?" if near else "declare it under [details] in the same file"
        raise CaseError(f"{source}: nothing is known by the name `{{{name}}}`; {hint}")
