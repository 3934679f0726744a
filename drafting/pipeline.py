"""Write a letter about a case, revising it while a rule blocks it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from drafting.brief import revise_prompt, write_prompt
from drafting.models import Complete, Usage, parse
from guardrails.case import Case, CaseError
from guardrails.letter import Letter
from guardrails.policy import Policy
from guardrails.report import Report, check
from guardrails.rule import Rule
from prompts import Prompt


@dataclass(frozen=True, slots=True)
class Turn:
    """One text by a model: what it was asked, what came back, what the rules said, what it took."""

    prompt: str
    """The prompt file's name and hash, `write@1a2b3c4d`."""
    model: str
    letter: Letter
    report: Report
    usage: Usage
    fell_back: tuple[str, ...] = ()
    """Why models named before this one did not write it, a line each."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter with its report, and every turn that led to it."""

    letter: Letter
    report: Report
    turns: tuple[Turn, ...]

    @property
    def model(self) -> str:
        """Who wrote the letter as it stands."""
        return self.turns[-1].model

    @property
    def usage(self) -> Usage:
        """Tokens, seconds, attempts and cost over all turns."""
        total = self.turns[0].usage
        for turn in self.turns[1:]:
            total += turn.usage
        return total


async def draft(
    case: Case,
    complete: Complete,
    policy: Policy,
    *,
    revisions: int = 2,
    rules: Iterable[Rule] | None = None,
    folder: Path | None = None,
    on_turn: Callable[[Turn], None] | None = None,
) -> Draft:
    """Return a letter about a triaged case, revised at most `revisions` times while a rule blocks it.

    A letter that is still blocked is a result, with its report. `folder` holds the company's own
    prompt files. `on_turn` is told of each turn as it ends. Raises ModelFailure where no model
    answers, CaseError where the case names no known category or is too long.
    """
    rules = None if rules is None else tuple(rules)
    prompt = first_prompt(case, policy, folder)
    turns: list[Turn] = []
    while True:
        completion = await complete(prompt)
        letter = parse(completion)
        report = check(letter, case, policy, rules=rules)
        turns.append(Turn(prompt.source, completion.model, letter, report, completion.usage, completion.fell_back))
        if on_turn:
            on_turn(turns[-1])
        unchanged = len(turns) > 1 and turns[-2].letter == letter
        if not report.blocked or unchanged or len(turns) > revisions:
            return Draft(letter, report, tuple(turns))
        prompt = revise_prompt(case, policy, letter, report.findings, folder)


def first_prompt(case: Case, policy: Policy, folder: Path | None = None) -> Prompt:
    """Return what a model is told first. Raises CaseError where the category is not known."""
    name = case.incident.category or "other"
    category = policy.categories.get(name)
    if category is None:
        raise CaseError(f"incident.category: there is no letter file for {name!r}; known: {', '.join(sorted(policy.categories))}")
    return write_prompt(case, category, policy, folder)


def recheck(made: Draft, letter: Letter, case: Case, policy: Policy, rules: Iterable[Rule] | None = None) -> Draft:
    """Return the draft with a text that a person has edited, judged anew."""
    return replace(made, letter=letter, report=check(letter, case, policy, rules=rules))
