"""What a company has set up: its policy, kinds of letter, rules and prompts, over the shipped ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drafting.categories import SHIPPED, load_letters
from drafting.skeleton import Skeleton
from guardrails.case import CaseError
from guardrails.policy import Policy, default_policy, load_policy
from guardrails.rule import Rule
from guardrails.rules import rules


@dataclass(frozen=True, slots=True)
class Configuration:
    """The policy with its categories, the skeleton of each category, the rules, and the company's files.

    `prompts` is the folder whose prompt files stand in for the shipped ones.
    """

    policy: Policy
    skeletons: Mapping[str, Skeleton]
    rules: tuple[Rule, ...]
    prompts: Path | None
    sources: tuple[Path, ...]


def configuration(folder: Path | None = None) -> Configuration:
    """Return the shipped policy and letters, with what `folder` holds of its own in their place.

    A company's folder may hold `policy.toml`, `letters/*.md`, `rules/*.toml` and `prompts/*.md`.
    Raises CaseError with one line where one of them can not be used.
    """
    own = folder / "letters" if folder else None
    letters = load_letters(SHIPPED, *([own] if own else []))
    ruled = sorted((folder / "rules").glob("*.toml")) if folder else []
    file = folder / "policy.toml" if folder else None
    policy = load_policy(file) if file and file.is_file() else default_policy()
    prompts = folder / "prompts" if folder and (folder / "prompts").is_dir() else None
    sources = [
        *([file] if file and file.is_file() else []),
        *(sorted(own.glob("*.md")) if own else []),
        *ruled,
        *(sorted(prompts.glob("*.md")) if prompts else []),
    ]
    return Configuration(
        policy.model_copy(update={"categories": {name: category for name, (category, _) in letters.items()}}),
        {name: skeleton for name, (_, skeleton) in letters.items()},
        _rules(ruled),
        prompts,
        tuple(sources),
    )


def _rules(files: list[Path]) -> tuple[Rule, ...]:
    found = {rule.name: None for rule in rules()}
    own: list[Rule] = []
    if not files:
        return rules()
    from guardrails.company import load_rules  # the models of its files are needed for this alone

    for path in files:
        for rule in load_rules(path):
            if rule.name in found:
                raise CaseError(f"{path}: there is a rule `{rule.name}` already; give yours another id")
            found[rule.name] = None
            own.append(rule)
    return (*rules(), *own)
