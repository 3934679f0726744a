r"""A company's own rules, written in TOML: forbid, replace and require.

```toml
[[forbid]]
id = "valued-customer"
words = ["valued (customer|client)", "esteemed …"]   # words one space apart; each a small pattern; … is up to four words
message = 'We call customers by their name, not "{quote}".'
level = "warning"
why = "Our style guide, section 3."
bad = ["To our «valued customer»,"]
good = ["We valued the pallet at EUR 40."]

[[replace]]
id = "plain-use"
words = ["utili[sz]e"]
with = "use"
message = 'Write "use".'
bad = ["We «utilise→use» two sites."]

[[require]]
id = "case-number"
words = ["reference … [a-z]{2}-[0-9]+"]
severities = ["high", "critical"]
message = "Give the customer the reference number."
```
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from guardrails.case import CaseError, Severity, explain, read
from guardrails.finding import Level, Match
from guardrails.letter import Reading
from guardrails.rule import Find, Rule, pattern


def _sound(words: tuple[str, ...]) -> tuple[str, ...]:
    import re

    for text in words:
        if len(text) > 200 or re.search(r"[*+}]\)?[*+{]|\\[1-9]|\(\?", text):
            raise ValueError(f"{text!r} is not a simple pattern: write words, `|` in brackets and character classes only")
        try:
            pattern(text)
        except re.error as error:
            raise ValueError(f"{text!r} is not a pattern: {error}") from None
    return words


Words = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_sound)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{2,60}$")
    words: Words
    message: str
    level: Level = Level.WARNING
    why: str = ""
    severities: tuple[Severity, ...] = tuple(Severity)
    categories: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    good: tuple[str, ...] = ()

    def concerns(self, reading: Reading) -> bool:
        """Whether the entry is about letters of this severity and category."""
        return reading.severity in self.severities and (not self.categories or reading.category in self.categories)


class _Replace(_Entry):
    with_: str = Field(alias="with")


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    forbid: tuple[_Entry, ...] = ()
    replace: tuple[_Replace, ...] = ()
    require: tuple[_Entry, ...] = ()


def load_rules(path: Path) -> tuple[Rule, ...]:
    """Return the rules in a company's TOML file. Raises CaseError with one line: file, field, remedy."""
    data = read(path)
    try:
        found = _File.model_validate(data)
    except ValidationError as error:
        raise CaseError(f"{path}: {explain(error, _File)}") from None
    entries: Iterable[tuple[_Entry, Find]] = [
        *((entry, _present(entry, None)) for entry in found.forbid),
        *((entry, _present(entry, entry.with_)) for entry in found.replace),
        *((entry, _absent(entry)) for entry in found.require),
    ]
    return tuple(_rule(entry, find, path) for entry, find in entries)


def _rule(entry: _Entry, find: Find, path: Path) -> Rule:
    doc = f"{entry.message}\n\n{entry.why or 'A rule of this company.'}\n\nSource: {path.name}"
    return Rule(f"company.{entry.id.replace('-', '_')}", doc, entry.level, entry.message, find, entry.bad, entry.good, company=True)


def _present(entry: _Entry, better: str | None) -> Find:
    wanted = pattern(*entry.words)

    def find(reading: Reading) -> Iterator[Match]:
        if not entry.concerns(reading):
            return
        for sentence in (*reading.subject, *reading.body):
            for found in wanted.finditer(sentence.flat):
                span = sentence.span(found.start(), found.end())
                yield Match(sentence.field, span, suggestion=_cased(better, reading.letter.field(sentence.field)[span.start]))

    return find


def _cased(better: str | None, first: str) -> str | None:
    return better[:1].upper() + better[1:] if better and first.isupper() else better


def _absent(entry: _Entry) -> Find:
    wanted = pattern(*entry.words)

    def find(reading: Reading) -> Iterator[Match]:
        if entry.concerns(reading) and not any(wanted.search(sentence.flat) for sentence in (*reading.subject, *reading.body)):
            yield Match("body", reading.end)

    return find
