"""What a company has set up: its policy and its kinds of letter, over the shipped ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drafting.categories import SHIPPED, load_letters
from drafting.skeleton import Skeleton
from guardrails.policy import Policy, default_policy, load_policy


@dataclass(frozen=True, slots=True)
class Configuration:
    """The policy with its categories, the skeleton of each category, and the files they came from."""

    policy: Policy
    skeletons: Mapping[str, Skeleton]
    sources: tuple[Path, ...]


def configuration(folder: Path | None = None) -> Configuration:
    """Return the shipped policy and letters, with what `folder` holds of its own in their place.

    A company's folder may hold `policy.toml` and `letters/*.md`. Raises CaseError with one line
    where one of them can not be used.
    """
    own = folder / "letters" if folder else None
    letters = load_letters(SHIPPED, *([own] if own else []))
    file = folder / "policy.toml" if folder else None
    policy = load_policy(file) if file and file.is_file() else default_policy()
    sources = ([file] if file and file.is_file() else []) + (sorted(own.glob("*.md")) if own else [])
    return Configuration(
        policy.model_copy(update={"categories": {name: category for name, (category, _) in letters.items()}}),
        {name: skeleton for name, (_, skeleton) in letters.items()},
        tuple(sources),
    )
