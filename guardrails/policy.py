"""What each severity demands: tone, signer, remedy, clocks, follow-up, approval."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from guardrails.case import Amount, CaseError, Kind, Severity, explain
from guardrails.category import Category


class Role(StrEnum):
    """Who signs."""

    REP = "rep"
    CSM = "csm"
    SUPPORT_LEAD = "support_lead"
    ACCOUNT_MANAGER = "account_manager"
    VP_CS = "vp_cs"
    HEAD_OF_PRODUCT = "head_of_product"
    EXECUTIVE = "executive"

    @property
    def rank(self) -> int:
        """0 for a representative to 3 for an executive; roles of one rank stand in for each other."""
        return _RANKS[self]


_RANKS = {
    Role.REP: 0, Role.CSM: 1, Role.SUPPORT_LEAD: 1, Role.ACCOUNT_MANAGER: 1,
    Role.VP_CS: 2, Role.HEAD_OF_PRODUCT: 2, Role.EXECUTIVE: 3,
}  # fmt: skip

_strict = ConfigDict(frozen=True, extra="forbid")


def _ordered(value: tuple[int, int]) -> tuple[int, int]:
    if not 0 <= value[0] <= value[1]:
        raise ValueError("give the earliest first, then the latest")
    return value


Window = Annotated[tuple[int, int], AfterValidator(_ordered)]


class Demand(BaseModel):
    """What one severity demands. Hours count from detection, business days from the incident's end."""

    model_config = _strict

    tone: str
    signs: Role
    offer: frozenset[Kind] = frozenset()
    expect: frozenset[Kind] = frozenset()
    cap: dict[str, Amount] = Field(default_factory=dict)
    acknowledge_hours: float = Field(gt=0)
    respond_hours: float = Field(gt=0)
    follow_up: Literal["optional", "required"]
    follow_up_hours: Window = (48, 72)
    postmortem: bool = False
    postmortem_business_days: Window = (3, 5)
    approvals: int = Field(default=1, ge=1, le=5)
    drafter_may_approve: bool = True
    apologies: int = Field(default=3, ge=1)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.acknowledge_hours > self.respond_hours:
            raise ValueError("`acknowledge_hours` is longer than `respond_hours`: the first word can not come after the letter")
        if stray := self.expect - self.offer:
            raise ValueError(f"`expect` names {', '.join(sorted(stray))}, which `offer` does not allow")
        return self


class Approval(BaseModel):
    """Who may let an error through, and how many approve a security letter."""

    model_config = _strict
    override: Role = Role.VP_CS
    security_approvals: int = Field(default=2, ge=1, le=5)


class Retention(BaseModel):
    """Days that each kind of record is kept."""

    model_config = _strict
    letters: int = Field(default=2555, ge=1)
    cases: int = Field(default=2555, ge=1)
    audit: int = Field(default=3650, ge=1)
    evaluations: int = Field(default=365, ge=1)


def _every_severity(value: object) -> object:
    if isinstance(value, Mapping):
        for severity in Severity:
            if severity.value not in value:
                raise ValueError(f"`{severity.value}` is missing; each of low, medium, high and critical needs a table")
    return value


class Policy(BaseModel):
    """The whole policy. `categories` are read from the letter files, not from the policy file."""

    model_config = _strict

    version: int = 1
    roles: dict[Role, tuple[str, ...]]
    severity: Annotated[dict[Severity, Demand], BeforeValidator(_every_severity)]
    approval: Approval = Approval()
    rules: dict[str, Literal["error", "warning", "suggestion", "off"]] = Field(default_factory=dict)
    retention: Retention = Retention()
    categories: dict[str, Category] = Field(default_factory=dict, exclude=True)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        demands = [self.severity[severity] for severity in Severity]
        for lower, upper, name in zip(demands, demands[1:], list(Severity)[1:], strict=False):
            if upper.signs.rank < lower.signs.rank:
                raise ValueError(f"severity.{name.value}.signs is of lower rank than the severity below it")
            if upper.acknowledge_hours > lower.acknowledge_hours:
                raise ValueError(f"severity.{name.value}.acknowledge_hours is longer than at the severity below it")
            if upper.approvals < lower.approvals:
                raise ValueError(f"severity.{name.value}.approvals is lower than at the severity below it")
        seen: dict[str, Role] = {}
        for role, titles in self.roles.items():
            for title in titles:
                if seen.setdefault(title.lower(), role) is not role:
                    raise ValueError(f"roles.{role.value}: the title {title!r} already stands for {seen[title.lower()].value}")
        return self

    @cached_property
    def _titles(self) -> list[tuple[str, Role]]:
        pairs = [(_words(title), role) for role, titles in self.roles.items() for title in titles]
        pairs += [(_words(role.value.replace("_", " ")), role) for role in Role]
        return sorted(pairs, key=lambda pair: (-pair[0].count(" "), -pair[1].rank, -len(pair[0])))

    def role(self, title: str) -> Role | None:
        """Return the role that a printed title stands for, or None where the table knows no such title.

        The longest title wins, so that "Support Lead, Customer Success" is not read as a VP. A deputy
        or an assistant is not who they stand in for.
        """
        words = f" {_words(title)} "
        if re.search(r" (?:assistant to|office of|on behalf of|deputy|acting for|for the) ", words):
            return None
        for known, role in self._titles:
            if f" {known} " in words:
                return role
        return None


def _words(title: str) -> str:
    return " ".join(re.sub(r"[^\w\s-]", " ", title.lower().replace("&", " and ")).split())


def load_policy(path: Path | str) -> Policy:
    """Return the policy in a TOML file. Raises CaseError with one line: file, line, what is wrong."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CaseError(f"{path}: can not be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise CaseError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    return parse_policy(text, str(path))


def parse_policy(text: str, source: str) -> Policy:
    """Return the policy in a TOML text. Raises CaseError with one line: source, line, what is wrong."""
    import tomllib

    try:
        data = tomllib.loads(text)
    except ValueError as error:
        raise CaseError(f"{source}: is not valid TOML: {error}") from None
    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        said = explain(error, Policy)
        place = [str(part) for part in error.errors(include_url=False)[0]["loc"]]
        named = re.match(r"(?:severity|roles)\.\w+(?:\.\w+)?", said)
        line = _line(text, named[0].split(".") if named else place)
        return _refuse(f"{source}:{line}: {said}" if line else f"{source}: {said}")


def _refuse(message: str) -> Policy:
    raise CaseError(message)


def _line(text: str, place: list[str]) -> int | None:
    """Return the number of the line that sets a key, or of the nearest table around it."""
    table: list[str] = []
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
            table = [part.strip(" \"'") for part in head[1].split(".")]
            here = table
        elif key := re.match(r"\s*([\w.\"'-]+)\s*=", line):
            here = [*table, *(part.strip("\"'") for part in key[1].split("."))]
        else:
            continue
        same = 0
        for one, other in zip(here, place, strict=False):
            if one != other:
                break
            same += 1
        if same == len(here) and same and (best is None or same > best[0]):
            best = (same, number)
    return best[1] if best else None


@cache
def default_policy() -> Policy:
    """Return the policy that ships with amends, without any categories."""
    path = Path(__file__).with_name("policy.toml")
    return parse_policy(path.read_text(encoding="utf-8"), path.name)


def unknown_rules(policy: Policy, known: list[str]) -> list[str]:
    """Return a line for each rule id in the policy that no rule has, with the nearest right one."""
    found = []
    for name in policy.rules:
        if name not in known:
            near = get_close_matches(name, known, 1)
            found.append(f"rules.{name}: there is no such rule" + (f"; did you mean `{near[0]}`?" if near else ""))
    return found
