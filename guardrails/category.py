"""What a category of letter needs and must say, as its file's front matter states it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from guardrails.case import Case, Severity

Element = Literal["recognition", "responsibility", "remorse", "restitution", "prevention"]


class Need(BaseModel):
    """One fact that the letter cannot do without.

    `fact` is its key, or several keys apart by `|` of which one is enough: `incident.cause`,
    `incident.details.wrong_amount`. `blocks` is the R that stays weak without it; `ask` is the
    question to put to whoever knows. `said` (optional) tells how the letter is held against it:
    "value" where the fact's own figures and names must stand in the letter, "topic" where the
    letter must speak of it (its telling words), absent where it is only asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fact: str
    blocks: Element
    ask: str
    said: Literal["value", "topic"] | None = None
    optional: bool = False

    def present(self, case: Case) -> bool:
        """Whether the case holds the fact."""
        facts = case.facts()
        return any(key == name or key.startswith((f"{name}[", f"{name}.")) for name in self.fact.split("|") for key in facts)


class Category(BaseModel):
    """A kind of letter: when it is the right one, what it needs, what it must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    severity: Severity | None = None
    when: str
    subject: str
    tone: str
    needs: tuple[Need, ...] = ()
    must: tuple[str, ...] = ()
    details: dict[str, str] = Field(default_factory=dict)
    signals: tuple[str, ...] = ()
    apology: bool = True
    """False for a letter that owes no five R's, such as a follow-up."""
    source: str = ""
