"""What a rule is, and the finders that most rules are made of."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property

from guardrails.case import Case, Severity
from guardrails.finding import Finding, Level, Match
from guardrails.language.watched import Watched
from guardrails.letter import Letter, Reading
from guardrails.policy import Policy, default_policy

Find = Callable[[Reading], Iterable[Match]]


class RuleError(RuntimeError):
    """A rule broke. A letter that could not be judged is not a letter that passed."""


@dataclass(frozen=True)
class Rule:
    """One reason to stop and look.

    `module` and `doc` are the defining file's `__name__` and `__doc__`: they give the rule its
    name, its family and its page. `bad` and `good` are texts with marks («words→suggestion»)
    that one test holds true; `given` is the case they belong to.
    """

    module: str
    doc: str | None
    level: Level
    message: str
    find: Find
    bad: tuple[str, ...]
    good: tuple[str, ...]
    given: Case | None = None
    under: Policy | None = None
    """The policy that the examples are judged under, where the default one will not do."""
    subject: bool = False
    """The examples are subject lines, not bodies."""
    needs_case: bool = False
    """Without a case the rule stands in `unchecked`."""
    language: bool = True
    """The rule reads English; for a letter in another language it stands in `unchecked`."""
    company: bool = field(default=False, compare=False)

    @cached_property
    def name(self) -> str:
        """The rule's id: `conditional-apology` for conditional_apology.py."""
        return self.module.rpartition(".")[2].replace("_", "-")

    @property
    def family(self) -> str:
        """The folder the rule is in: what it protects."""
        return self.module.split(".")[-2] if "." in self.module else "company"

    def run(self, reading: Reading) -> tuple[Finding, ...]:
        """Return the rule's findings in a letter, in reading order. Raises RuleError where the rule breaks."""
        level = reading.policy.rules.get(self.name, self.level)
        if level == "off":
            return ()
        try:
            found = [self._finding(reading, match) for match in self.find(reading)]
        except Exception as error:
            raise RuleError(f"rule `{self.name}` broke on this letter ({type(error).__name__}); please report it") from error
        return tuple(sorted(dict.fromkeys(found), key=lambda finding: finding.order)) if found else ()

    def _finding(self, reading: Reading, match: Match) -> Finding:
        quote = reading.letter.field(match.field)[match.span.start : match.span.end]
        level = Level(reading.policy.rules.get(self.name) or match.level or self.level)
        message = (match.message or self.message).replace("{quote}", " ".join(quote.split()))
        return Finding(self.name, level, match.field, *match.span, quote, message, match.suggestion, match.evidence)

    def on(self, text: str) -> tuple[Finding, ...]:
        """Return the findings in a bare text, as the rule's own examples are judged."""
        letter = Letter(text, "") if self.subject else Letter("", text)
        return self.run(Reading(letter, self.given, self.under or default_policy()))


def phrases(*patterns: str, skip: tuple[str, ...] = ()) -> Find:
    """Find phrases, word by word.

    A pattern is words one space apart, each a regular expression for one whole word; `…` stands
    for up to four words. They match whatever the spacing, case, typographic apostrophe or
    invisible character. A match inside one of `skip` does not count.
    """

    def find(reading: Reading) -> Iterator[Match]:
        wanted = pattern(*patterns)
        ignored = pattern(*skip) if skip else None
        for sentence in reading.all:
            for found in wanted.finditer(sentence.flat):
                if ignored and any(other.start() <= found.start() < other.end() for other in ignored.finditer(sentence.flat)):
                    continue
                yield Match(sentence.field, sentence.span(found.start(), found.end()))

    return find


@cache
def pattern(*patterns: str) -> re.Pattern[str]:
    """Return one expression over `Sentence.flat` for phrases written as in `phrases`."""
    return re.compile("|".join(map(_compiled, patterns)))


def watched(*patterns: str) -> Watched:
    """Return the same as an expression that is only tried where a sentence has the words that it needs."""
    return Watched("|".join(map(_compiled, patterns)))


def _compiled(text: str) -> str:
    out, gap = "(?<![^ ])", False
    for number, word in enumerate(text.split(" ")):
        if word == "…":
            gap = True
            continue
        out += "(?: [^ ]+){0,4}? " if gap else " " if number else ""
        gap = False
        out += f"(?:{word})"
    return out + "(?![^ ])"


def required(element: str, lenient: bool = False) -> Find:
    """Find the absence of one of the five R's in a letter that owes an apology.

    `lenient`: at low severity it is a warning, since there the fix itself is most of what is owed.
    """

    def find(reading: Reading) -> Iterator[Match]:
        if reading.category != "follow_up" and not reading.elements[element].present:
            yield Match("body", reading.end, level=Level.WARNING if lenient and reading.severity is Severity.LOW else None)

    return find


__all__ = ["Find", "Policy", "Rule", "RuleError", "pattern", "phrases", "required", "watched"]
