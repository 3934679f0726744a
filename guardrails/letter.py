"""A letter, and a letter read: its sentences, words, greeting and signature, cut once for all rules."""

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from guardrails.case import Case, Severity
from guardrails.finding import Field, Span
from guardrails.language.clauses import Clause, clauses
from guardrails.language.cues import Cue, cues
from guardrails.language.detector import Verdict, judge
from guardrails.language.tokens import sentences, tokenize
from guardrails.language.watched import signs
from guardrails.language.words import classes

if TYPE_CHECKING:
    from guardrails.elements import Element
    from guardrails.facts.ledger import Ledger
    from guardrails.language.apology import Apology, Worth
    from guardrails.policy import Policy


@dataclass(frozen=True, slots=True)
class Letter:
    """Subject and body, as plain text: paragraphs apart by a blank line, signature included."""

    subject: str
    body: str

    @property
    def text(self) -> str:
        """The form of a letter file: `Subject: …`, a blank line, the body."""
        return f"Subject: {self.subject}\n\n{self.body}\n"

    def field(self, name: Field) -> str:
        """Return the text of one field."""
        return self.subject if name == "subject" else self.body


_SUBJECT = re.compile(r"\s*subject:[ \t]*([^\r\n]*)(?:\r?\n)*", re.IGNORECASE)


def parse_letter(text: str) -> Letter:
    """Return the letter in a text whose first line is `Subject: …`; without that line the subject is empty."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    found = _SUBJECT.match(text)
    return Letter(found[1].strip(), text[found.end() :].rstrip()) if found else Letter("", text.strip("\n").rstrip())


class Part(StrEnum):
    """What a sentence is for, by its place in the letter."""

    __hash__ = str.__hash__  # an enumeration's own is many times slower

    SUBJECT = "subject"
    GREETING = "greeting"
    TEXT = "text"
    CLOSING = "closing"
    SIGNATURE = "signature"


class Sentence:
    """One sentence: its place in a field, its words, and what is asked of these over and over.

    `lowers` are the lower-case words; `flat` is these one space apart, what phrases are looked for in; `signs` are the watched
    expressions that they may belong to, as bits.
    """

    __slots__ = ("_starts", "end", "field", "flat", "lowers", "number", "paragraph", "part", "signs", "start", "text", "tokens")

    def __init__(self, field: Field, place: Span, text: str, part: Part, number: int, paragraph: int = 0) -> None:
        self.field: Field = field
        self.start, self.end = place
        self.text = text
        self.part = part
        self.number = number
        self.paragraph = paragraph
        self.tokens = tokenize(text, place.start)
        self.lowers = [token.lower for token in self.tokens]
        self.flat = " ".join(self.lowers)
        self.signs = signs(self.lowers)
        self._starts: list[int] | None = None

    def token_at(self, place: int) -> int:
        """Return the index of the token that stands at an offset of `flat`."""
        if self._starts is None:
            self._starts = list(accumulate((len(word) + 1 for word in self.lowers), initial=0))
        return max(bisect_right(self._starts, place, hi=len(self.lowers)) - 1, 0)

    def span(self, start: int, end: int) -> Span:
        """Return the span, in the field, of the words between two offsets of `flat`."""
        return self.words(self.token_at(start), self.token_at(max(end - 1, start)) + 1)

    def words(self, first: int, stop: int) -> Span:
        """Return the span, in the field, of the tokens from `first` up to `stop`."""
        return Span(self.tokens[first].start, self.tokens[stop - 1].end)

    @property
    def whole(self) -> Span:
        """The span of the sentence."""
        return Span(self.start, self.end)

    def quoted(self, place: int) -> bool:
        """Whether an offset into the field stands between quotation marks of this sentence."""
        opened = False
        for token in self.tokens:
            if token.start >= place:
                break
            if token.text in _QUOTES:
                opened = not opened if token.text == '"' else token.text in _OPENING
        return opened


_OPENING = frozenset("“«„")
_QUOTES = _OPENING | frozenset('"”»')


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, as the signature says. What it does not say is empty."""

    name: str
    title: str
    span: Span


_GREETING = re.compile(
    r"(?:dear|hi|hello|hey|hiya|yo|g['’]?day|good (?:morning|afternoon|evening|day)|greetings)\b[^\n]{0,80}?[,:!—–-]*\Z|to\b[^\n]{0,80}?[,:—–]\Z"
    r"|[^\W\d_][\w.'’-]*(?: [\w.'’-]+){0,4}[,:—–]\Z",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"""(?:(?:i\sremain,?\s)?(?:most|very)?\s?yours?(?:\s(?:sincerely|faithfully|truly|respectfully|very\struly|ever|in\s\w+))?
    |(?:(?:very|most)\s)?(?:sincerely|respectfully|faithfully|cordially|truly|warmly|gratefully|humbly|apologetically)(?:\syours)?
    |(?:(?:with|kind(?:est)?|best|warm(?:est)?|my|many|friendly|all|our)\s){0,4}(?:regards|wishes|thanks|apologies|respects?|greetings
    |salutations)(?:\sfrom[^\n]{0,40})?
    |regards|best|cheers|cheerio|thanks|thank\syou|all\sthe\sbest|take\scare
    |with\s(?:sincere|deep|genuine|great|my|our)?\s?(?:apology|apologies|regret|respect|thanks|gratitude)|sl[aá]inte|ng[aā]\smihi|xx?)\s?[,.!]*\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_PARTING = re.compile(r"[^\W\d_][^\n.?;:]{0,40}[,!]\Z")
_NAME = re.compile(r"(?:(?:[Tt]he|[Yy]our)\s)?[^\W\d_a-z][\w.'’-]*(?:[ ,]+(?:[^\W\d_a-z][\w.'’-]*|of|for|the|de|van|von|da|al|bin|and|&|from)){0,7}\Z")


def _closes(text: str, next_text: str) -> bool:
    """Whether a line parts from the reader: a usual closing, or a few words and a comma above a name ("Laters,")."""
    text = text.strip()
    if len(text) < 60 and _CLOSING.match(text):
        return True
    return len(text.split()) < 6 and bool(_PARTING.match(text)) and next_text[:1].isupper() and len(next_text) < 60 and bool(_NAME.match(next_text.strip()))


class Reading:
    """A letter under check: everything that rules look at, each part worked out once and only when asked for."""

    def __init__(self, letter: Letter, case: Case | None, policy: "Policy") -> None:
        self.letter = letter
        self.case = case
        self.policy = policy
        self.severity = (case.incident.severity if case else None) or Severity.MEDIUM
        self.category = (case.incident.category if case else None) or "other"
        self._clauses: dict[Sentence, tuple[Clause, ...]] = {}
        self._verdicts: dict[Sentence, Verdict] = {}
        self._cues: dict[Sentence, tuple[Cue, ...]] = {}
        self._apologies: dict[Sentence, tuple[tuple[Apology, Worth | None], ...]] = {}

    @cached_property
    def subject(self) -> tuple[Sentence, ...]:
        """The sentences of the subject line."""
        return tuple(
            Sentence("subject", place, self.letter.subject[slice(*place)], Part.SUBJECT, number) for number, place in enumerate(sentences(self.letter.subject))
        )

    @cached_property
    def body(self) -> tuple[Sentence, ...]:
        """The sentences of the body, greeting and signature included and marked as such."""
        body = self.letter.body
        spans = sentences(body)
        first_signed = self._signature_from(spans)
        found: list[Sentence] = []
        paragraph, last, greeted = 0, 0, False
        for number, (start, end) in enumerate(spans):
            paragraph += "\n\n" in body[last:start] or "\n \n" in body[last:start]
            last = end
            text = body[start:end]
            if number >= first_signed:
                following = body[slice(*spans[number + 1])] if number + 1 < len(spans) else ""
                part = Part.CLOSING if number == first_signed and _closes(text, following) else Part.SIGNATURE
            elif number < 3 and len(text) < 90 and not greeted and _GREETING.match(text) and body[end : end + 1] in {"\n", ""}:
                part, greeted = Part.GREETING, True
            else:
                part = Part.TEXT
            found.append(Sentence("body", spans[number], text, part, number, paragraph))
        return tuple(found)

    @cached_property
    def text(self) -> tuple[Sentence, ...]:
        """The sentences of the body between greeting and closing: where the letter speaks."""
        return tuple(sentence for sentence in self.body if sentence.part is Part.TEXT)

    @cached_property
    def all(self) -> tuple[Sentence, ...]:
        """Subject and text, in reading order: where most rules look."""
        return self.subject + self.text

    def _signature_from(self, spans: list[Span]) -> int:
        """Return the number of the sentence that the closing or the signature begins with."""
        body = self.letter.body
        first = max(len(spans) - 9, 0)
        for number in range(len(spans) - 1, first - 1, -1):
            start, end = spans[number]
            if body[end : end + 1] not in {"\n", ""} or (start and body[start - 1] != "\n"):
                continue
            if (number or len(spans) > 1) and _closes(body[start:end], body[slice(*spans[number + 1])] if number + 1 < len(spans) else ""):
                return number
        number = len(spans)
        while number > max(first, 1):
            start, end = spans[number - 1]
            text = body[start:end]
            if len(text) > 90 or text[-1] in ".!?:" or text[0] in "-*•–" or len(text.split()) > 12 or body[start - 1] != "\n":
                break
            number -= 1
        # Without a closing line the signature is the last paragraph, not whatever short lines stand before it.
        while number < len(spans) - 1 and "\n\n" in body[spans[number].start :].rstrip() and "\n\n" in body[spans[number].end : spans[-1].start]:
            number += 1
        return number

    @cached_property
    def signature(self) -> tuple[Sentence, ...]:
        """The lines below the closing."""
        return tuple(sentence for sentence in self.body if sentence.part is Part.SIGNATURE)

    @cached_property
    def signer(self) -> Signer:
        """Who signs, read from the signature alone."""
        lines = self.signature
        if not lines:
            return Signer("", "", self.end)
        name, _, rest = lines[0].text.partition(",")
        title = ", ".join(part for part in (rest.strip(), *(line.text.strip() for line in lines[1:])) if part)
        return Signer(name.strip(), title, Span(lines[0].start, lines[-1].end))

    @cached_property
    def end(self) -> Span:
        """The empty span where something missing is reported: behind the last sentence before the closing."""
        place = self.text[-1].end if self.text else len(self.letter.body.rstrip())
        return Span(place, place)

    @cached_property
    def names(self) -> tuple[frozenset[str], frozenset[str]]:
        """The lower-case names of the sender and of the customer, as far as the case, the greeting and the signature tell."""
        ours = [self.signature[0].text.partition(",")[0]] if self.signature else []
        yours = [sentence.text.partition(" ")[2] for sentence in self.body[:1] if sentence.part is Part.GREETING]
        if self.case:
            ours += [self.case.sender.company, self.case.sender.name]
            yours += [self.case.account.company, self.case.account.contact.name, self.case.account.contact.first_name]
        sender = frozenset[str]().union(*map(_names, ours))
        return sender, frozenset[str]().union(*map(_names, yours)) - sender

    def clauses(self, sentence: Sentence) -> tuple[Clause, ...]:
        """Return the clauses of a sentence: who does what to whom."""
        found = self._clauses.get(sentence)
        if found is None:
            found = self._clauses[sentence] = clauses(sentence.tokens, *self.names)
        return found

    def verdict(self, sentence: Sentence) -> Verdict:
        """Return what the learned detectors say of a sentence."""
        found = self._verdicts.get(sentence)
        if found is None:
            found = self._verdicts[sentence] = judge(sentence.tokens, sentence.lowers, self.clauses(sentence))
        return found

    def cues(self, sentence: Sentence) -> tuple[Cue, ...]:
        """Return the turns of speech in a sentence that give a fault away."""
        found = self._cues.get(sentence)
        if found is None:
            found = self._cues[sentence] = tuple(cues(sentence.tokens))
        return found

    def apologies(self, sentence: Sentence) -> "tuple[tuple[Apology, Worth | None], ...]":
        """Return the apologies in a sentence, each with what it is worth where it is worth little."""
        found = self._apologies.get(sentence)
        if found is None:
            from guardrails.language.apology import apologies, worth

            found = self._apologies[sentence] = tuple((apology, worth(self, sentence, apology)) for apology in apologies(sentence))
        return found

    @cached_property
    def elements(self) -> "Mapping[str, Element]":
        """The five R's: which the text holds, and where. Judged on the text alone."""
        from guardrails.elements import elements

        return elements(self)

    @cached_property
    def ledger(self) -> "Ledger":
        """Each checkable thing the letter says, and the fact behind it. Needs a case."""
        from guardrails.facts.ledger import ledger

        return ledger(self)


def _names(text: str) -> frozenset[str]:
    """Return the words of a name that mean nothing else."""
    return frozenset(word for word in re.findall(r"[^\W\d_]{3,}", text.lower()) if word not in _TITLES and not classes(word))


_TITLES = frozenset("the and for ltd inc llc gmbh limited company group dear hello good day morning afternoon dr mrs".split())
