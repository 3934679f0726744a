"""A letter from the category's file and the facts alone: the model called `template`.

Nothing is said that the case does not hold. A line of the skeleton whose facts are unknown is
left out, so a thin case gives a short letter, never a vague one.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING

from drafting.english import capital, parts, sentence
from drafting.skeleton import Choice, Line, Skeleton
from drafting.style import Style, length, listed
from drafting.wording import Wording
from guardrails.case import Case, Moment, RemedyItem, Severity
from guardrails.category import Category
from guardrails.letter import Letter
from guardrails.policy import Policy

if TYPE_CHECKING:
    from drafting.config import Configuration
    from drafting.models import Complete, Completion
    from prompts import Prompt

TITLES = {
    "rep": "Support Representative", "csm": "Customer Success Manager", "support_lead": "Support Lead", "account_manager": "Account Manager",
    "vp_cs": "VP of Customer Success", "head_of_product": "Head of Product", "executive": "Executive",
}  # fmt: skip
"""What is printed where the case gives a role and no title."""

_ANY = re.compile("")
_OUR_FAULT = re.compile(
    r"(?:We|I|Our [\w -]+?) (?:did not|failed|could not|deleted|overcharged|debited|counted|billed|locked|overwrote|wiped|erased"
    r"|misprinted|misrouted|mislabelled|printed|passed|charged|duplicated|lost|mocked|insulted)\b"
    r"|(?:We|I|Our) .*\b(?:instead of|wrong|twice|too (?:late|much|early)|late)\b"
)
"""What the first line can be sorry for: a sentence in which we are the doer of a wrong."""

# What terse notes under `details.other` say in so many words, and the detail it is.
_NOTED = tuple(
    (re.compile(words, re.IGNORECASE), key)
    for words, key in (
        (r"wrong(?: statement)?(?: (?:on|of) [^:]{1,30})?: (.+)", "wrong_statement"),
        (r"right(?: statement)?: (.+)", "right_statement"),
        (r"(?:apology )?letter sent on (.+)", "apology_date"),
        (r"direct line:? (.+)", "direct_line"),
        (r"((?:the customer|you) should .+)", "customer_actions"),
        (r"(we should have .+)", "warning"),
    )
)


def compose(case: Case, category: Category, skeleton: Skeleton, policy: Policy) -> Letter:
    """Return a letter that states what the case holds, in the skeleton's words, and nothing else."""
    return _Writer(case, category, policy).letter(skeleton)


def template(case: Case, configuration: "Configuration") -> "Complete":
    """Return the model that composes the case's letter without any model; it costs nothing and never fails."""

    async def complete(prompt: "Prompt") -> "Completion":
        from drafting.models import Completion, Usage

        begun = perf_counter()
        name = case.incident.category if case.incident.category in configuration.skeletons else "other"
        letter = compose(case, configuration.policy.categories[name or "other"], configuration.skeletons[name or "other"], configuration.policy)
        text = json.dumps({"subject": letter.subject, "body": letter.body}, ensure_ascii=False)
        return Completion(text, "template", Usage(seconds=perf_counter() - begun, attempts=1, cost=Decimal(0)), "stop")

    return complete


class _Writer:
    """One letter in the making: what is known, and what has been said."""

    def __init__(self, case: Case, category: Category, policy: Policy) -> None:
        self.case, self.category, self.policy = case, category, policy
        self.incident, self.account, self.sender = case.incident, case.account, case.sender
        self.severity = case.incident.severity or category.severity or Severity.MEDIUM
        self.today = _day(case.written_on) if case.written_on else date.today()
        self.style = Style(
            case.incident, case.account.locale, case.account.timezone, self.today, " ".join(value for value in case.facts().values() if isinstance(value, str))
        )
        self.wording = Wording(case)
        self.said = ""
        self.used: set[str] = set()
        self.windowed = False
        self.owned = False

    # --- the letter

    def letter(self, skeleton: Skeleton) -> Letter:
        blocks: list[str] = []
        for paragraph in skeleton.paragraphs:
            blocks += self._paragraph(paragraph)
        name = self.account.contact.first_name or self.account.contact.name
        hello = "Hi" if self.severity is Severity.LOW else "Dear"
        greeting = f"{hello} {name}," if name else f"{hello} {self.account.company} team,"
        subject = next((said for line in skeleton.subject if (said := self._fill(line)) is not None), "")
        return Letter(capital(subject), "\n\n".join([greeting, *blocks, self._signature()]))

    def _signature(self) -> str:
        close = "Sincerely," if self.severity in {Severity.HIGH, Severity.CRITICAL} else "Kind regards,"
        sender = self.sender
        title = sender.title or TITLES.get(sender.role, sender.role)
        lines = [sender.name, ", ".join(part for part in (title, sender.company) if part)]
        return "\n".join([close, "", *(line for line in lines if line)]).rstrip()

    def _paragraph(self, paragraph: tuple[Choice, ...]) -> list[str]:
        """Return the blocks of one paragraph: running text, and lists apart from it."""
        blocks: list[str] = []
        text: list[str] = []
        items: list[str] = []

        def close() -> None:
            if items:
                blocks.append("\n".join(f"- {item}" for item in items))
                items.clear()

        for choice in paragraph:
            if choice[0].item:
                new = self._items(choice)
                if new and text:
                    blocks.append(" ".join(text))
                    text.clear()
                items += new
            elif said := self._sentences(choice):
                if text and text[-1].endswith(":"):
                    text.pop()
                close()
                text.append(said)
        if text and text[-1].endswith(":"):
            text.pop()
        close()
        if text:
            blocks.append(" ".join(text))
        return blocks

    def _items(self, choice: Choice) -> list[str]:
        for line in choice:
            if not self._holds(line):
                continue
            names = line.holes
            if len(names) == 1 and line.text == f"{{{names[0]}}}" and (told := self._told(names[0], True)):
                self.said += "\n".join(told) + "\n"
                return told
            if (filled := self._fill(line)) is not None:
                self.said += filled + "\n"
                return [capital(filled)]
        return []

    def _sentences(self, choice: Choice) -> str:
        for line in choice:
            if not self._holds(line):
                continue
            names = line.holes
            said = " ".join(self._told(names[0], False)) if len(names) == 1 and line.text == f"{{{names[0]}}}" else capital(self._fill(line) or "")
            if said:
                said = self._voice(said) if not names else said
                self.said += said + "\n"
                return said
        return ""

    def _holds(self, line: Line) -> bool:
        for test, name in line.tests:
            value = self._inline(name)
            known = value is not None or bool(self._told(name, False))
            moment = self.details.get(name)
            passed = isinstance(moment, date) and _day(moment) <= self.today
            if not {
                "known": known,
                "unknown": not known,
                "unsaid": value is not None and value.lower() not in self.said.lower(),
                "past": passed,
                "ahead": isinstance(moment, date) and not passed,
            }[test]:
                return False
        return True

    def _fill(self, line: Line) -> str | None:
        """Return the line with its holes filled, or None where one of them is unknown."""
        if not self._holds(line):
            return None
        out = ""
        self.windowed = "end" in line.holes  # one zone is enough for both ends of a window
        for words, name in line.pieces():
            out += self._voice(words)
            if name:
                value = self._inline(name)
                if value is None:
                    return None
                out += value
        return _tidy(out)

    def _voice(self, words: str) -> str:
        """Return the skeleton's words in "we" where no single person signs."""
        if self.sender.name:
            return words
        for one, many in ((r"\bI am\b", "We are"), (r"\bI\b", "We"), (r"\bmyself\b", "ourselves"), (r"\bme\b", "us"), (r"\bmy\b", "our"), (r"\bMy\b", "Our")):
            words = re.sub(rf"(?<=[a-z,:;] ){one}", many.lower(), re.sub(rf"(?<![a-z,:;] ){one}", many, words))
        return words

    # --- what a hole stands for

    @cached_property
    def details(self) -> dict[str, object]:
        """The category's facts, with those that a note under `other` states in so many words."""
        found: dict[str, object] = dict(self.incident.details)
        for part in parts(str(found.get("other", ""))):
            for words, key in _NOTED:
                if (match := words.match(part.rstrip("."))) and key in self.category.details:
                    found.setdefault(key, match[1])
        return found

    def _inline(self, name: str) -> str | None:
        """Return a fact as words within a sentence, or None where it is unknown."""
        if make := self._phrases.get(name):
            return make() or None
        value = self.details.get(name)
        if value is None or value == () or value == "":
            return None
        return self._value(value)

    def _value(self, value: object) -> str | None:
        if isinstance(value, tuple):
            texts = [said for item in value if (said := self._value(item))]
            return listed(texts) or None
        if isinstance(value, bool):
            return "yes" if value else None
        if isinstance(value, date):
            return self.style.day(value) if not isinstance(value, datetime) else self.style.at(value).removeprefix("on ")
        if isinstance(value, int | Decimal):
            return f"{value:,}"
        if re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
            return self.style.day(date.fromisoformat(str(value)))
        text = self.wording.address(" ".join(str(value).split()).rstrip(".;,"), "detail")
        return self.wording.lower(text) or None

    def _told(self, name: str, item: bool) -> list[str]:
        """Return a fact as sentences; in a list, each as an item."""
        if make := self._tellings.get(name):
            return make(item)
        value = self.details.get(name)
        if isinstance(value, str):
            return self.wording.tell(value, "detail")
        if isinstance(value, tuple):
            return [sentence(text) for one in value if (text := self._value(one))]
        if value is not None and (text := self._inline(name)):
            return [sentence(text)]
        return []

    @cached_property
    def _phrases(self) -> Mapping[str, Callable[[], str | None]]:
        incident, style = self.incident, self.style
        started = incident.started_at
        ended = incident.ended_at if incident.ended_at and _day(incident.ended_at) <= self.today else None
        over = ended is not None or incident.ended_at is None
        disagrees = any(line.startswith("incident.duration") for line in self.case.warnings())
        return {
            "sorry": lambda: self._sorry,
            "issue": lambda: self._issue,
            "impact": self._consequences,
            "effect": lambda: self._first_harm(_ANY),
            "scope": lambda: self._value(incident.scope) if incident.scope else None,
            "goals": lambda: self._value(self.account.goals) if self.account.goals else None,
            "day": lambda: style.day(started) if started else None,
            "start": lambda: (
                style.at(started, zoned=not (self.windowed and isinstance(ended, datetime) and style.zone(started) == style.zone(ended))) if started else None
            ),
            "end": lambda: (style.until(started, ended) if started else style.at(ended)) if ended and started != ended else None,
            "duration": lambda: None if disagrees or not over else length(incident.duration, incident.elapsed()),
            "detected": lambda: style.at(incident.detected_at) if incident.detected_at else None,
            "apologies": lambda: listed([style.day(earlier.at) for earlier in self.account.apologies]) or None,
            "company": lambda: self.account.company,
            "sender_email": lambda: self.sender.email or None,
        }

    @cached_property
    def _tellings(self) -> Mapping[str, Callable[[bool], list[str]]]:
        wording = self.wording
        return {
            "summary": lambda item: [] if self._sorry and "summary" in self.used else wording.tell(self.incident.summary or "", "summary"),
            "own": lambda item: self._own(),
            "harm": lambda item: self._harm(),
            "impact": lambda item: self._impact(),
            "scope": lambda item: self._scope(),
            "cause": lambda item: wording.tell(self.incident.cause or "", "cause"),
            "fixes": lambda item: [said for fix in self.incident.fixes for said in wording.tell(fix, "fixes")],
            "prevention": self._prevention,
            "remedy": self._remedy,
            "follow_up": lambda item: self._follow_up(),
            "postmortem": lambda item: self._postmortem(),
            "links": lambda item: [f"You can see the state of the service at {page}."] if (page := self.incident.links.status_page) else [],
        }

    @cached_property
    def _sorry(self) -> str | None:
        """What the first line is sorry for: the summary, or else what the impact says we did."""
        if summary := self.incident.summary:
            if clause := self.wording.clause(summary):
                self.used.add("summary")
                return f"that {clause}"
            bare = parts(summary)
            if len(bare) == 1 and re.match(
                r"(?:the |our |an? )?(?:[\w-]+ ){0,3}(?:outage|failure|error|delay|mistake|fault|loss|breach|incident"
                r"|misunderstanding|mix-up|disruption)s?\b(?! (?:was|is|were|are|has|had|caused|left|made)\b)",
                bare[0],
                re.IGNORECASE,
            ):
                self.used.add("summary")
                bare[0] = bare[0].rstrip(".")
                first = self.wording.lower(bare[0])
                return "for " + (first if re.match(r"(?:the|our|an?) ", first) else f"the {first}")
            return None
        return f"that {clause}" if (clause := self._first_harm(_OUR_FAULT)) else None

    def _first_harm(self, wanted: re.Pattern[str]) -> str | None:
        """Return the first thing the impact tells, as a clause, where it is of the wanted kind and what follows stands without it."""
        told = self._impact()
        if (
            not told
            or not wanted.match(told[0])
            or (len(told) > 1 and re.match(r"(?:They|It(?! left you)|This|These|Those|Both|He|She|There|We recovered)\b", told[1]))
        ):
            return None
        if clause := self.wording.clause(told[0]):
            self.used.add(told[0])
        return clause

    @cached_property
    def _issue(self) -> str | None:
        """What went wrong, where it fits a subject line."""
        if self.incident.summary:
            found = self.wording.clause(self.incident.summary)
            if not found and self._sorry and "summary" in self.used:
                found = self._sorry.removeprefix("for the ")
        else:
            told = self._all_impact
            found = told[0].rstrip(".").removeprefix("It left you with ") if told else None
        return capital(found) if found and len(found) <= 85 and ":" not in found else None

    def _own(self) -> list[str]:
        """Return what this account lived through, where the incident tells what all did and the first line says what we did."""
        if not self._sorry or not self.incident.impact:
            return []
        told = [said for said in self.wording.tell(self.account.impact or "", "impact") if said not in self.used]
        self.used.update(told)
        self.owned = bool(told)
        return told

    def _harm(self) -> list[str]:
        """Return the first sentence of the impact where it tells the failure itself and the rest tells what came of it."""
        told = self._impact()
        if self._sorry or self.used or len(told) < 2:
            return []
        self.used.add(told[0])
        return told[:1]

    def _consequences(self) -> str | None:
        """Return the impact as words behind a colon, where it tells what the customer had of it and leans on nothing before."""
        told = self._impact()
        first = told[0] if told else ""
        leans = re.match(r"(?:We|Our|I|You|It|They|This|These|Those|Both|He|She|There)\b|\S+ (?:was|were) (?:missing|late|lost)\b", first)
        harmless = re.search(r"\b(?:was|were|is|are) (?:not|un(?:harmed|touched|changed|affected))\b|\bno \w+ (?:was|were|could)\b", first)
        if not first or self.owned or ":" in first or leans or harmless or (len(self._all_impact) == 1 and not self._sorry and re.search(r"\bour\b", first)):
            return None
        return " ".join([self.wording.lower(told[0]), *told[1:]]).removesuffix(".")

    @cached_property
    def _all_impact(self) -> list[str]:
        told: list[str] = []
        for text in (self.incident.impact, self.account.impact):
            for said in self.wording.tell(text or "", "impact"):
                if said not in told:
                    told.append(said)
        return told

    def _impact(self) -> list[str]:
        return [text for text in self._all_impact if text not in self.used]

    def _scope(self) -> list[str]:
        scope = self.incident.scope
        if not scope or scope.lower().rstrip(".") in self.said.lower():
            return []
        return [sentence(f"it reached {self._value(scope)}")] if not self.wording.clause(scope) else self.wording.tell(scope, "summary")

    def _prevention(self, item: bool) -> list[str]:
        told: list[str] = []
        for measure in self.incident.prevention:
            for said in self.wording.tell(measure.what, "prevention"):
                due = self.style.day(measure.due, weekday=False) if measure.due else None
                if measure.status == "planned" and (act := self.wording.act(measure.what)):
                    told.append(f"We will {act}{' by ' + due if due else ''}.")
                    continue
                bare = re.sub(r"\AWe now have ", "", said)
                if bare != said and bare.rstrip(".").lower() in self.said.lower():
                    continue
                if measure.status == "planned":
                    said = (
                        f"We will have {bare.rstrip('.')}" + (f" by {due}." if due else ".")
                        if bare != said
                        else f"{said} {'This will be in place by ' + due if due else 'This is planned'}."
                    )
                elif item:
                    said = capital(bare).replace("We now allow ", "We allow ")
                elif bare != said and told and told[-1].startswith("We now have "):
                    told[-1] = f"{told[-1].rstrip('.')}, and {bare}"
                    continue
                told.append(said)
        return told

    def _postmortem(self) -> list[str]:
        due, page = self.incident.postmortem_due, self.incident.links.postmortem
        told: list[str] = []
        if (
            due
            and page
            and page not in (self.case.follow_up or "")
            and _day(due) >= self.today
            and not re.search(r"post-?mortem", self.case.follow_up or "", re.IGNORECASE)
        ):
            return [f"You will have our post-mortem by {self.style.day(due)}, at {page}."]
        if due and not re.search(r"post-?mortem", self.case.follow_up or "", re.IGNORECASE):
            ahead = _day(due) >= self.today
            told.append(f"You will have our post-mortem by {self.style.day(due)}." if ahead else f"Our post-mortem is dated {self.style.day(due)}.")
        if page and page not in (self.case.follow_up or ""):
            told.append(f"You will find our post-mortem at {page}.")
        return told

    # --- what we offer and what comes next

    def _remedy(self, item: bool) -> list[str]:
        told: list[str] = []
        things: list[str] = []
        entries = [entry for entry in self.case.remedy.items if not re.match(r"none\b", entry.text or "", re.IGNORECASE)]
        for thing in (piece for entry in entries for piece in self._offer(entry)):
            whole = thing if thing.startswith(("We ", "I ", "Our ", "Your ", "You ")) or self.wording.is_sentence(thing) else None
            if whole:
                told.append(sentence(whole))
            elif item:
                told.append(sentence(capital(thing)))
            elif contact := re.match(r"([A-Z].*?) (as (?:an?|the|your|another)\b.*\bcontact)\Z", thing):
                told.append(f"{contact[1]} is there for you {contact[2]}.")
            else:
                things.append(thing)
        if things:
            joint = ", and " if any("," in thing for thing in things) else " and "
            told.insert(0, sentence(f"You will receive {', '.join(things[:-1])}{joint if len(things) > 1 else ''}{things[-1]}"))
        return told

    def _offer(self, entry: RemedyItem) -> list[str]:
        """Return what one approved item gives, as noun phrases or sentences."""
        amount = self.style.money(entry.amount, entry.currency or "") if entry.amount is not None else ""
        text = " ".join((entry.text or "").split()).rstrip(".; ")
        kind = entry.kind
        name = {
            "credit": "a credit", "refund": "a refund", "priority_support": "priority support", "extended_trial": "an extended trial",
            "sla_upgrade": "an SLA upgrade",
            "escalation_contact": "a dedicated escalation contact", "executive_call": "an executive check-in call", "other": "",
        }[kind]  # fmt: skip
        if kind in {"credit", "refund"} and amount:
            text = self.wording.address(text, "remedy")
            if not text or amount in text or str(entry.amount) in text.replace(",", ""):
                return (
                    self._split(text)
                    if text and re.search(kind, text, re.IGNORECASE)
                    else [f"{name} of {amount}" + (f" ({text})" if text and amount not in text else "")]
                )
            if re.match(r"(?:on|for|towards?|against|off|to|in|from)\b", text):
                return [f"{name} of {amount} {text}"]
            if re.search(rf"\b{kind}", text, re.IGNORECASE):
                return [f"{name} of {amount}: {self.wording.lower(text)}"]
            return [f"{name} of {amount}, {self.wording.lower(text)}"]
        if not text:
            return [f"{name} worth {amount}" if amount else name]
        if kind == "escalation_contact" and not re.search(r"\bcontact\b", text, re.IGNORECASE):
            return [f"{name}: {self.wording.address(text, 'remedy')}"]
        if kind == "executive_call" and not re.search(r"\b(?:call|check-in|meeting|visit)\b", text, re.IGNORECASE):
            return [f"{name} {text}" if re.match(r"(?:with|on|by|at|within)\b", text) else f"{name}: {text}"]
        if kind in {"priority_support", "extended_trial", "sla_upgrade"} and re.match(r"(?:until|through|for|from|of)\b", text):
            return [f"{name} {text}"]
        if kind in {"credit", "refund"} and re.match(r"(?:of|for|on)\b", text):
            return [f"{name} {text}"]
        offers = self._split(text)
        return [f"{offers[0]} ({amount})", *offers[1:]] if amount and amount not in text else offers

    def _split(self, text: str) -> list[str]:
        """Return the things that an operator's line approves, one by one, each with its article."""
        starts = (
            r"(?:an? |the )?(?:(?:named|dedicated|new|executive|direct|public|identity|credit|priority|escalation|extended)\b"
            r"|refund|contact\b|post-mortem)|postage|the grid"
        )
        found: list[str] = []
        for part in parts(text):
            depth, begin = 0, 0
            for at, letter in enumerate(part):
                depth += (letter == "(") - (letter == ")")
                for joint in (", ", " and "):
                    if not depth and part.startswith(joint, at) and re.match(starts, part[at + len(joint) :], re.IGNORECASE) and at > begin:
                        found.append(part[begin:at])
                        begin = at + len(joint)
                        break
            found.append(part[begin:])
        return [self.wording.offer(thing.strip(" ,.")) for thing in found if thing.strip(" ,.")]

    def _follow_up(self) -> list[str]:
        text = self.case.follow_up
        if not text or re.match(r"none\b", text, re.IGNORECASE):
            return []
        told = [self.wording.commitment(part) for part in parts(re.sub(r", (?=(?:a )?(?:call|report|post-mortem|written|update)\b)", "; ", text))]
        return [sentence(said) for said in told if said]


def _day(moment: Moment) -> date:
    return date(moment.year, moment.month, moment.day)


def _tidy(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"([.!?])\.(?=\s|\Z)", r"\1", text)
