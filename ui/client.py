"""The one door from the pages to everything below them: settings, configuration, the record."""

import os
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from drafting.config import Configuration, configuration
from drafting.desk import Desk
from drafting.settings import Settings
from drafting.store import PolicyVersion, Store, open_store
from drafting.users import User
from guardrails.case import Case, CaseError, load
from guardrails.policy import Policy, parse_policy

_HERE = Path(__file__).parent
EXAMPLES = next(folder for folder in (_HERE / "examples", _HERE.parent / "examples") if folder.is_dir())
"""The sample cases: in the wheel beside the pages, in a checkout at its top."""


@dataclass(frozen=True)
class Service:
    """What every page and route works with. One a process."""

    settings: Settings
    setup: Configuration
    store: Store


@cache
def service() -> Service:
    """Return the service, opened at first use from the environment."""
    settings = Settings.read(os.environ)
    url = settings.database_url.get_secret_value() if settings.database_url else None
    return Service(settings, configuration(settings.config), open_store(settings.home, url))


@cache
def samples() -> dict[str, Case]:
    """Return the sample cases by a title a person can choose from."""
    found = {}
    for path in sorted(EXAMPLES.glob("*.*")):
        if path.suffix in (".toml", ".json", ".yaml"):
            try:
                case = load(path)
            except CaseError:  # the folder also shows what a broken case looks like, and holds other files
                continue
            found[path.stem] = case
    return found


def desk(user: User) -> Desk:
    """Return the desk as this person works at it."""
    here = service()
    return Desk(here.store, user, policy(), here.setup.rules)


def policy() -> Policy:
    """Return the policy in force: the desk's newest version, else the configured one."""
    here = service()
    with here.store.read() as session:
        newest = session.find(PolicyVersion, "-id", limit=1)
    return _version(newest[0].id, newest[0].text) if newest else here.setup.policy


@lru_cache(maxsize=8)
def _version(number: int, text: str) -> Policy:
    return parse_policy(text, f"policy version {number}").model_copy(update={"categories": service().setup.policy.categories})


def follow_up(user: User, letter_id: int) -> int:
    """Draft the follow-up of a letter from the category's file, and return its number."""
    import asyncio

    from drafting import aftercare
    from drafting import desk as desks
    from drafting.pipeline import draft
    from drafting.writers import writer

    here, setup = desk(user), service().setup
    quick = service().settings.model_copy(update={"models": ("template",)})

    def write(case: Case) -> tuple[desks.Written, ...]:
        return desks.written(asyncio.run(draft(case, writer(quick, setup)(case), here.policy, rules=setup.rules, folder=setup.prompts)))

    return aftercare.follow_up(here, letter_id, write).id


def policy_file() -> str:
    """Return the text of the configured policy: the company's file, else the shipped one."""
    import guardrails

    own = service().settings.config / "policy.toml"
    return (own if own.is_file() else Path(guardrails.__file__).with_name("policy.toml")).read_text(encoding="utf-8")
