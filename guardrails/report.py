"""Judge a letter: every rule run over it, the findings in reading order."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from guardrails.case import Case
from guardrails.elements import ELEMENTS, Element
from guardrails.finding import Field, Finding, Level
from guardrails.letter import Letter, Reading
from guardrails.policy import Policy, default_policy
from guardrails.rule import Rule
from guardrails.rules import rules as shipped


@dataclass(frozen=True, slots=True)
class Suppression:
    """A finding that a person has looked at and lets stand, in one letter, with a reason."""

    rule: str
    field: Field
    quote: str
    by: str
    reason: str
    at: datetime

    def covers(self, finding: Finding) -> bool:
        """Whether this is the finding that was meant: the same rule about the same words."""
        return (self.rule, self.field, self.quote) == (finding.rule, finding.field, finding.quote)


@dataclass(frozen=True, slots=True)
class Report:
    """All that the rules say about one letter."""

    findings: tuple[Finding, ...]
    elements: Mapping[str, Element]
    unchecked: tuple[str, ...] = ()
    suppressed: tuple[tuple[Finding, Suppression], ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether an error remains."""
        return any(finding.level is Level.ERROR for finding in self.findings)

    @property
    def verdict(self) -> str:
        """`fix` where an error or a warning remains, else `send`."""
        return "fix" if any(finding.level is not Level.SUGGESTION for finding in self.findings) else "send"

    def as_dict(self) -> dict[str, Any]:
        """Return the report in the form `amends check --json` prints, without the letter's id."""
        return {
            "blocked": self.blocked,
            "verdict": self.verdict,
            "unchecked": list(self.unchecked),
            "elements": {
                name: {"present": element.present, "evidence": [{"field": place.field, "start": place.start, "end": place.end} for place in element.evidence]}
                for name, element in self.elements.items()
            },
            "findings": [asdict(finding) for finding in self.findings],
            "suppressed": [asdict(finding) | {"by": note.by, "reason": note.reason, "at": note.at.isoformat()} for finding, note in self.suppressed],
        }


LONGEST = 100_000
"""Characters of a field that are read; a letter of sixty pages is no letter, and what is not read can not pass."""


def check(
    letter: Letter,
    case: Case | None = None,
    policy: Policy | None = None,
    *,
    rules: Iterable[Rule] | None = None,
    suppressions: Iterable[Suppression] = (),
) -> Report:
    """Return what the rules find in a letter, held against its case and the policy.

    Without a case, rules that need one stand in `unchecked`; so do the language rules where the
    account's locale is not English. Raises RuleError where a rule breaks.
    """
    cut = Letter(letter.subject[:LONGEST], letter.body[:LONGEST])
    reading = Reading(cut, case, policy or default_policy())
    english = not (case and case.account.locale) or case.account.locale.lower().startswith("en")
    findings: list[Finding] = []
    unchecked: list[str] = []
    for rule in shipped() if rules is None else rules:
        if (rule.needs_case and case is None) or (rule.language and not english):
            unchecked.append(rule.name)
        else:
            findings += rule.run(reading)
    if cut != letter:
        place = len(cut.body)
        message = f"Only the first {LONGEST:,} characters of a field are checked; shorten the letter."
        findings.append(Finding("unchecked-length", Level.ERROR, "body", place, place, "", message))
    if not english:
        findings.append(
            Finding(
                "unchecked-language", Level.WARNING, "body", *reading.end, "",
                f"The rules read English; the account's locale is {case.account.locale if case else ''}. Have a speaker of the language check this letter.",
            )
        )  # fmt: skip
    findings.sort(key=lambda finding: finding.order)
    notes = tuple(suppressions)
    suppressed = tuple((finding, note) for finding in findings for note in notes[:] if note.covers(finding))
    hidden = {finding for finding, _ in suppressed}
    return Report(
        tuple(finding for finding in findings if finding not in hidden),
        reading.elements if english else {name: Element() for name in ELEMENTS},
        tuple(sorted(unchecked)),
        suppressed,
    )
