"""Operators' notes as sentences to the customer.

Facts come as people type them: "Rolled back at 09:55; no booking lost.", "Dock board offline",
"A named owner for the inbox each day". `Wording` turns each into a sound sentence that says the
same: we are the doer where we did it, the customer is "you", the sender "I". What it does not
recognise it leaves as it is.
"""

import re
from collections.abc import Callable, Iterator
from typing import Literal

from drafting.english import ENGLISH, WORD, capital, common, parts, plural_thing, plural_word, sentence, short_names, singular
from guardrails.case import Case

Field = Literal["summary", "impact", "cause", "fixes", "prevention", "remedy", "follow_up", "detail"]


_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_NUMBER = re.compile(r"(?:[^\w\s]{0,2}|[A-Z]{1,3}[$€£]?|[A-Z]{3} ?)?\d")
_TIMELY = re.compile(
    r"\b(?:every|each|weekly|daily|monthly|nightly|whenever|always|for \d+ \w+|until|quarterly)\b|\bbefore (?:any|each|every)\b", re.IGNORECASE
)
_BY = re.compile(
    r"(?: [\w-]+)? by (?!\d|[€£$]|(?:noon|midnight|the end|email|e-mail|phone|post|hand|mistake|accident|then|about|almost|nearly|over|more|half|name|account"
    r"|row|(?:an?|one|two|three|four|five|six|seven|eight|nine|ten) (?:\w+ )?(?:minute|hour|day|week|month|quarter|point|per cent|percent)s?|"
    + "|".join([*_DAYS, *_MONTHS])
    + r")\b)"
)
_TENSES = {
    "past": ("We", "past"), "present": ("We", "base"), "perfect": ("We have", "participle"), "before": ("We had", "participle"),
    "progressive": ("We are", "gerund"), "future": ("We will", "base"), "past not": ("We did not", "base"), "present not": ("We do not", "base"),
    "perfect not": ("We have not", "participle"), "before not": ("We had not", "participle"), "future not": ("We will not", "base"),
}  # fmt: skip
_DATED = re.compile(rf"\b(?:on|by|from|until) (?:(?:{'|'.join(_DAYS)})\b|\d{{1,2}} (?:{'|'.join(_MONTHS)})|(?:{'|'.join(_MONTHS)}) \d{{1,2}}\b)")


class Wording:
    """The notes of one case, told to its customer by its sender."""

    def __init__(self, case: Case) -> None:
        account, sender = case.account, case.sender
        self.customer = short_names(account.company)
        contact = account.contact
        self.contact = sorted(
            {name for name in (contact.name, contact.first_name, contact.name.split(" ")[0] if contact.name else "") if len(name) > 2}, key=len, reverse=True
        )
        if contact.name and " " in contact.name:
            self.contact += [f"{title} {contact.name.rsplit(' ', 1)[1]}" for title in ("Mr", "Mrs", "Ms", "Dr", "Mr.", "Mrs.", "Ms.", "Dr.")]
        self.sender = sorted({name for name in (sender.name, sender.name.split(" ")[0]) if len(name) > 2}, key=len, reverse=True) if sender.name else []
        titles = {title.lower() for title in (sender.title, sender.role.replace("_", " ")) if title}
        if self.sender:
            self.sender += [f"{article} {title}" for title in sorted(titles) for article in ("The", "the", "Our", "our")]
        names = (contact.name, sender.name, account.company.split(" ")[0], sender.company.split(" ")[0])
        self.proper = {word for name in names for word in re.findall(r"[^\W\d_]+", name)}
        self.proper |= {word for text in _all_texts(case) for word in re.findall(r"(?<=[a-z,] )[A-Z][\w’']+", text)}
        self.proper |= {*_MONTHS, *_DAYS, "I"}

    # --- whole notes

    def tell(self, text: str, field: Field) -> list[str]:
        """Return the note as sentences."""
        told: list[str] = []
        self_before = you_before = False
        for note in parts(text):
            part = self.address(note, field)
            if self_before or you_before:
                part = re.sub(r"\A(?:He|She)\b", "I" if self_before else "You", part)
            you_before = any(name in note for name in self.contact)
            self_before = bool(re.search(r"\bI [a-z]", part))
            told.append(sentence(self.mend(part.rstrip("."), field)) if not part.endswith(("!", "?")) else capital(part))
        return [said for said in told if said]

    def clause(self, text: str) -> str | None:
        """Return the note as words that can follow "I am sorry that", or None where it is not one plain statement."""
        pieces = parts(text)
        if len(pieces) != 1 or len(text) > 220 or pieces[0].endswith(("!", "?")):
            return None
        said = self.mend(self.address(pieces[0].rstrip("."), "summary"), "impact")
        first = said.split(" ", 1)[0]
        if not self._finite(said) or said.startswith(("It left you", "If ", "When ")) or ":" in said:
            return None
        return self.lower(said) if first.lower() in ENGLISH.pronouns | ENGLISH.determiners or first[:1].isdigit() or first.lower() in ENGLISH.people else None

    def lower(self, text: str) -> str:
        """Return the text with a small first letter, where it does not begin with a name."""
        first = re.match(r"[^\W\d_]+(?![$€£])", text)
        only = " " not in text and first and not common(text.lower().strip(".,"))
        named = (
            re.match(r"[^\W\d_]+ [A-Z][^\W\d_A-Z]+\b(?!['’])", text)
            and first
            and first[0].lower()
            not in ENGLISH.determiners | ENGLISH.prepositions | ENGLISH.pronouns | ENGLISH.nouns | ENGLISH.mass | ENGLISH.adjectives | ENGLISH.places
        )
        if not first or only or named or first[0] in self.proper or first[0] == "I" or any(letter.isupper() for letter in text.split(" ", 1)[0][1:]):
            return text
        return text[0].lower() + text[1:]

    def is_sentence(self, text: str) -> bool:
        """Whether the words have a verb of their own."""
        return self._finite(text, participles=False)

    def act(self, text: str) -> str | None:
        """Return a note that begins with what to do ("move all changes to the night") as words behind "We will", or None."""
        first, _, rest = text.strip().rstrip(".").partition(" ")
        known = first.lower() in {*ENGLISH.base.values(), *ENGLISH.finite} and rest.split(" ", 1)[0].lower() in ENGLISH.determiners
        return f"{first.lower()} {self.address(rest, 'prevention')}" if known and len(parts(text)) == 1 else None

    def offer(self, text: str) -> str:
        """Return one approved thing: a sentence where we do something, else a noun phrase with its article."""
        text = self.address(text, "remedy")
        if self._finite(text, participles=False):
            return capital(text)
        if done := self._done(text, "remedy"):
            return done
        if named := re.match(
            r"(?i:(an? )?((?:named |dedicated |escalation |new |other |account )*(?:contact|manager))) ([A-Z][\w.'’-]+(?: [A-Z][\w.'’-]+)+)(.*)", text
        ):
            _, kind, name, rest = named.groups()
            return f"{self._a(self.lower(kind))}, {name}{',' if rest and rest[0] == ' ' else ''}{rest}"
        if sum_ := re.match(r"((?:[A-Z]{0,3}[$€£₹¥]|[A-Z]{3} ?)\d[\d,.]*) (credit|refund|discount)\b(.*)", text):
            return f"a {sum_[2]} of {sum_[1]}{sum_[3]}"
        if re.match(r"(?i)costs? of\b", text):
            return f"the {self.lower(text)}"
        return self._a(self.lower(text))

    def commitment(self, text: str) -> str:
        """Return what we do next as a sentence: "Call on Friday 9 May" is a call that I make."""
        text = self.address(text.rstrip("."), "follow_up")
        who = "I" if self.sender else "we"
        for pattern, make in _NEXT:
            if found := re.match(pattern, text, re.IGNORECASE):
                said = make(found, self)
                return said if self.sender else re.sub(r"\bI\b", who, said)
        if mine := re.match(r"I (ring|call|phone|visit|write|send|check in|come|bring|meet|report)\b(.*)", text):
            verb, rest = mine.groups()
            to = {"ring": " you", "call": " you", "phone": " you", "write": " to you", "check in": " with you"}.get(verb, "")
            return f"I will {verb}{'' if re.match(r' (?:to |with )?(?:you|the|a|our|your)', rest) else to}{rest}"
        if text.lower().startswith("offer to "):
            return f"{who} {text[0].lower()}{text[1:]}"
        if self._finite(text, participles=False) or re.match(r"(?:our|we|I|you|your|my|the)\b", text, re.IGNORECASE):
            return text
        return f"Next on our side: {self._a(self.lower(text))}"

    # --- who is who

    def address(self, text: str, field: Field) -> str:
        """Return the text with the customer as "you" and the sender as "I"."""
        if field == "prevention":
            # A rule for all customers stays one; what this customer will get is said to them.
            text = re.sub(
                r"(?<!\A)(?<!, )(?<!\bto )(?<!\bfor )(?<!; )\bthe customer\b(?! (?:hears|gets|is|has|receives|knows|sees))", "the customer\u2060", text
            )
        text = self._i(self._you(text)).replace("\u2060", "")
        if field in {"impact", "summary"}:
            text = self._yours(text)
        return text

    def _you(self, text: str) -> str:
        for name in ("The customer", "the customer", *self.customer, *self.contact):
            if name not in text:
                continue
            person = name in self.contact
            whole = rf"(?<![\w’'.-])(?<!& ){re.escape(name)}"
            text, owned = (
                re.subn(rf"(?:\b[Tt]he )?{whole}['’]s?(?= [\w€£$])", lambda found: _case("your", found), text)
                if name[-1] != "s" or person
                else re.subn(rf"{whole}(?= \w)", lambda found: _case("your", found), text)
                if name.endswith(("'s", "’s"))
                else (text, 0)
            )
            text, object_ = re.subn(
                rf"(?<![\w’'])((?:[Aa]t|[Ii]n|[Ii]nside|of) )?{whole}(?![\w’'\u2060-])(?! [A-Z&])( (?:is|was|has|does|had)\b)?",
                lambda found: (
                    found[0]
                    if found[1]
                    else _case("you", found) + {" is": " are", " was": " were", " has": " have", " does": " do"}.get(found[2] or "", found[2] or "")
                ),
                text,
            )
            if object_ and not person:
                head, mark, tail = text.partition("ou ")
                text = head + mark + re.sub(r"\bits\b", "your", tail)
            if "customer" in name and object_:
                text = re.sub(r"\b([Yy]ou) (\w+)(?=\s)", lambda found: f"{found[1]} {self._plural(found[2])}", text)
            if person and (owned or object_):
                head, mark, tail = text.partition("you")
                tail = re.sub(
                    r"\b(?:her|his|him)\b(?= (?:\w+ing\b|in |at |on |to |from |before |after |by |with |for |out |off |that |until |through )|[.,;:]|\Z)",
                    "you",
                    tail,
                )
                tail = re.sub(r"\b(?:her|his)\b", "your", tail)
                text = (
                    head
                    + mark
                    + re.sub(
                        r"\b(?:she|he) (?:was|has|is)\b|\b(?:she|he)\b",
                        lambda found: {"was": "you were", "has": "you have", "is": "you are"}.get(found[0][-3:].strip(), "you"),
                        tail,
                    )
                )
        return re.sub(r"\b(left|debited|from|into|overdrew|emptied) their (account|bank|card|books)\b", r"\1 your \2", text)

    def _plural(self, verb: str) -> str:
        for base in ENGLISH.plural_verbs:
            if verb == singular(base) and verb != base:
                return base
        return {"is": "are", "was": "were", "has": "have"}.get(verb, verb)

    def _i(self, text: str) -> str:
        """Return the text with the sender as "I": at the start of a clause as its subject, elsewhere as "me"."""
        before = text
        for name in self.sender:
            if name.lower() not in text.lower():
                continue
            known = f"(?i:{re.escape(name)})" if name.lower().startswith(("the ", "our ")) else re.escape(name)
            text = re.sub(rf"(?<![\w’'-]){known}['’]s(?= \w)", lambda found: _case("my", found), text)
            text = re.sub(
                rf"(?:(?<![\w’'-])(?<=\A)|(?<=because )|(?<=when )|(?<=whenever )|(?<=that )|(?<=if )|(?<=while )|(?<=until )){known} ([a-z]\w*)",
                lambda found: f"I {self._first(found[1])}",
                text,
            )
            if not name.lower().startswith(("the ", "our ")):
                text = re.sub(rf"(?<=[a-z,] ){known}(?![\w’'-])(?! [A-Z])", "me", text)
        if text != before:
            text = re.sub(r"\b(?:he|she) ([a-z]\w+)", lambda found: f"I {self._first(found[1])}", text)
            text = re.sub(r"\bin (?:his|her) ", "in my ", text)
        return text

    def _first(self, verb: str) -> str:
        """Return a verb as it follows "I"."""
        return {"is": "am", "has": "have", "was": "was", "does": "do"}.get(verb) or self._plural(verb)

    def _yours(self, text: str) -> str:
        """Return the text with the customer's places and people as theirs: "the bakery" is your bakery."""

        def place(found: re.Match[str]) -> str:
            before, article, noun = text[: found.start()], found[1], found[2]
            names = {noun.split(" ")[0], noun.replace(" ", "-")} & ENGLISH.places
            opens = (
                not before
                or re.search(r"(?:[,:]|\b(?:and|so)) \Z", before)
                or re.match(r"['’]s\b", text[found.start(2) + len(max(names, key=len, default="")) :])
            )
            if not names or not (opens or names & _THEIRS):
                return found[0]
            return f"{'Y' if article == 'T' else 'y'}our {noun}"

        text = re.sub(r"\b([Tt])he ([\w-]+(?: (?!of\b)[\w-]+)?)(?! of\b)", place, text)
        return re.sub(
            r"(\A|, and | and |, |: )([A-Za-z]+)\b(?= \w+)",
            lambda found: found[1] + ("your " if found[1] else "Your ") + found[2].lower() if found[2].lower() in ENGLISH.people else found[0],
            text,
        )

    # --- fragments

    def mend(self, text: str, field: Field) -> str:
        """Return a statement as a full sentence (without its full stop) that says the same."""
        text = " ".join(text.split())
        text = re.sub(
            r"\A(?:Support|Engineering|Operations|Sales|Finance|Billing)(?= (?:read|told|gave|sent|did|had|was|forgot|missed|quoted"
            r"|answered|closed|entered)\b)",
            lambda found: f"Our {found[0].lower()} team",
            text,
        )
        if not text:
            return text
        if label := re.match(r"([^:]{1,60}): (?=\w)(.*)", text):
            head = self.mend(label[1], field) if len(label[1].split()) > 2 else label[1]
            return f"{head}: {label[2]}" if not head.startswith(("It left", "We now")) else text
        for repair in (self._verb_first, self._passive, self._not, self._done, self._amount, self._state, self._dated, self._thing):
            if said := repair(text, field):
                return said
        return self._with(self._article(text)) if field in {"impact", "fixes", "prevention", "cause", "summary"} else text

    def _words(self, text: str) -> list[tuple[str, int, int]]:
        found = []
        for word in WORD.finditer(text):
            bare = word[0].strip("\"'“”‘’(),.;:")
            start = word.start() + word[0].find(bare)
            # A capital within a sentence is a name's: "Pete Rolls" holds no verb.
            found.append((bare if word.start() and bare[:1].isupper() else bare.lower(), start, start + len(bare)))
        return found

    def _main(self, text: str) -> list[tuple[str, int, int]]:
        """Return the words without what stands in brackets and without relative clauses between commas."""
        bare = re.sub(r",[^,]*\b(?:which|who|whose)\b[^,]*,", lambda found: "," + " " * (len(found[0]) - 2) + ",", text)
        bare = re.sub(r"\([^)]*\)", lambda found: " " * len(found[0]), bare)
        return self._words(bare)

    def _verb_at(self, words: list[tuple[str, int, int]], participles: bool, first: int = 0) -> int | None:
        """Return the number of the word that is the sentence's verb, or None. A relative clause keeps its own verb."""
        relative = False
        for number, (word, _, _) in enumerate(words):
            if number < first:
                continue
            if not number:
                after = words[1][0] if len(words) > 1 else ""
                if word in ENGLISH.pronouns and after and after not in ENGLISH.prepositions:
                    return 1
                continue
            if word in ENGLISH.openers - ENGLISH.prepositions - {"as", "than"}:
                relative = True
            elif self._is_verb(words, number, participles or relative):
                if not relative:
                    return number
                relative = False
        return None

    def _is_verb(self, words: list[tuple[str, int, int]], number: int, participles: bool) -> bool:
        known = ENGLISH
        word, before = words[number][0], words[number - 1][0]
        after = words[number + 1][0] if number + 1 < len(words) else ""
        if word in known.past_forms or word.endswith(("n't", "n’t")):
            return not (
                word == "may"
                and (before in ENGLISH.prepositions | ENGLISH.determiners or before.isdigit() or after.isdigit() or after in known.nouns | {"fee"})
            )
        if (
            before in ENGLISH.prepositions | (ENGLISH.determiners - {"both", "all", "each", "some", "any", "that", "those"})
            or before.isdigit()
            or word in ENGLISH.prepositions
        ):
            return False
        if (word == "left" and after) or (before in {"now", "always", "never", "also", "still"} and re.fullmatch(r"[a-z]+s", word)):
            return True
        object_ = (after in ENGLISH.determiners and not self._time_next(words, number)) or after in {
            "you",
            "us",
            "it",
            "them",
            "him",
            "her",
            "me",
            "nothing",
            "nobody",
        }
        noun = word in ENGLISH.ambiguous or (word not in ENGLISH.verbs_first and (word[:-1] in known.nouns or word[:-2] in known.nouns))
        if word in known.singular_verbs and (
            object_ or not noun or (plural_word(after) and not plural_word(before) and word not in ENGLISH.ambiguous - {"moves"})
        ):
            return True
        plural = any(plural_word(other) and "'" not in other and "’" not in other for other, _, _ in words[:number])
        if word in known.plural_verbs and plural and (word == "run" or word not in known.base.keys() | known.states):
            if "'" in before or "’" in before:
                return False
            if (
                object_
                or (after in ENGLISH.prepositions and word not in known.nouns - {"run"})
                or (plural_word(before) and word not in ENGLISH.ambiguous | known.nouns)
            ):
                return True
        if word.endswith("ed") or word in known.past:
            if any(words[back][0] in {"is", "are", "was", "were", "be", "been", "being", "has", "have", "had"} for back in range(max(number - 2, 0), number)):
                return False
            follows = after == "by" and words[number][1] - words[number - 1][2] > 1  # a comma stands between: "…, enforced by the scheduler"
            return object_ or after == "that" or bool(_NUMBER.match(after)) or (participles and word.endswith("ed") and not follows)
        return False

    @staticmethod
    def _time_next(words: list[tuple[str, int, int]], number: int) -> bool:
        """Whether "every Monday", "each month" follows: a time, not an object."""
        following = words[number + 2][0] if number + 2 < len(words) else ""
        if words[number + 1][0] == "the":
            return following in {"same", "next", "following", "day"}
        return words[number + 1][0] in {"every", "each", "one", "two", "three"} and bool(
            re.match(r"(?:minute|hour|day|night|morning|evening|week|month|quarter|year|time|second|shift|other|\w+day)s?\Z", following.lower())
        )

    def _finite(self, text: str, participles: bool = True) -> bool:
        return self._verb_at(self._main(text), participles) is not None

    def _verb_first(self, text: str, field: Field) -> str | None:
        """Return "Rolled back at 09:55" as what we did."""
        words = self._words(text)
        first = words[0][0]
        after = words[1][0] if len(words) > 1 else "at"
        if first not in ENGLISH.past or not (
            after in ENGLISH.prepositions | ENGLISH.determiners | ENGLISH.particles or after.endswith("ly") or _NUMBER.match(after)
        ):
            return None
        if field == "impact":
            rest = re.sub(
                r", then (\w+) (off|out|down|up)\b", lambda found: f", then {ENGLISH.past.get(found[1], found[1])} you {found[2]}", text[words[0][2] :]
            )
            return f"We {ENGLISH.past[first]} you{rest}"
        return f"We {ENGLISH.past[first]}{text[words[0][2] :]}"

    def _not(self, text: str, field: Field) -> str | None:
        """Return "Report not delivered on 16 January" as what we did not do."""
        found = re.match(
            r"(?P<thing>(?:(?!\b(?:was|were|is|are|has|had|have|did|do|does|can|could|will|would)\b).)+?) (?:were |was )?not (?P<verb>[\w-]+)(?P<rest>\b.*)",
            text,
        )
        if not found or "," in found["thing"]:
            return None
        verb, thing = found["verb"].lower(), found["thing"]
        had = re.match(r".* (?:were|was) not ", found[0])
        if (
            verb in ENGLISH.base
            and verb not in ENGLISH.states | {"exposed", "read", "affected"}
            and not re.match(r" by (?!\d|[A-Z][a-z]+day|noon|the end)", found["rest"])
        ):
            return f"We did not {ENGLISH.base[verb]} {self._the(self.lower(thing), field)}{found['rest']}"
        if had or self._finite(thing, participles=False):
            return None
        return f"{self._the(capital(thing), field)} {self._be(thing)} not {found['verb']}{found['rest']}"

    def _done(self, text: str, field: Field) -> str | None:
        """Return "Change rolled back at 09:55" as what we did: we rolled back the change."""
        words = self._main(text)
        if field not in {"fixes", "prevention", "remedy", "impact", "summary"} or words[0][0] in ENGLISH.pronouns - {"both", "everything", "nothing"}:
            return None
        known, told = ENGLISH, field in {"impact", "summary"}
        for number, (word, start, end) in enumerate(words):
            if (
                not number
                or word not in known.past
                or word in {"done", "finished", "left", "gone"}
                or (told and known.base[word] not in ENGLISH.ours | ENGLISH.left)
            ):
                continue
            comma = text[end : end + 1] == ","
            before, after = words[number - 1][0], words[number + 1][0] if number + 1 < len(words) and not comma else ""
            if (text[words[number - 1][2] : start].startswith(",") and not re.search(r", (?:which|who|whose)\b", text[:start])) or (
                told and any(other.endswith("ed") for other, _, _ in words[:number])
            ):
                continue
            bare = {"all", "both", "each"} if number == 1 and (not after or after in ENGLISH.prepositions) else set()
            if before in (ENGLISH.determiners - bare) | ENGLISH.prepositions | {"and", "or", "be", "been", "is", "are", "was", "were", "not", "to"} or (
                word in {"set", "put", "cut", "run", "split", "shut"} and before.endswith("ly")
            ):
                continue
            if (
                self._verb_at(words[:number], False) is not None
                or (after in ENGLISH.determiners - {"both", "no", "all"} and not self._time_next(words, number))
                or after in {"you", "us", "it", "them", "that", "me"}
            ):
                return None
            if re.match(r"[\d€£$]", after) or (after and text[words[number + 1][1]].isupper() and after.capitalize() not in {*_DAYS, *_MONTHS}):
                return None
            rest = text[end:]
            by = _BY.match(rest)
            later = self._verb_at(words, False, number + 1)
            if later is not None and "," not in text[end : words[later][1]] and " and " not in text[end : words[later][1]]:
                return None
            if re.search(r"\bthat (?:she|he|it|they|the|we|all|no)\b", rest):
                return None
            lost = known.base[word] == "lose" and re.match(_DATA, text)
            if told and known.base[word] in ENGLISH.left and not lost:
                return f"It left you with {self._the(self.lower(self._with(text)), 'impact')}" if field == "impact" else None
            thing = text[:start].rstrip()
            adverb = ""
            if (extra := re.search(r" (\w+ly|again|now|already|also)\Z", thing)) and extra[1] not in {"reply", "supply", "July", "assembly", "family"}:
                adverb, thing = extra[1] + " ", thing[: extra.start()]
            if by and (us := re.match(r"( \w+)? by us\b", rest)):
                rest, by = (us[1] or "") + rest[us.end() :], None
            mine = re.match(r"( \w+)? by me\b", rest)
            if mine:
                rest, by = (mine[1] or "") + rest[mine.end() :], None
            if by and field == "remedy":
                return None
            if by:
                return f"{self._the(capital(thing), field)} {self._be(thing, now=field == 'prevention')} {adverb}{text[start:]}"
            said = self._we(thing, adverb, word, rest, field, self._tense(word, rest, field))
            return re.sub(r"\AWe are\b", "I am", said).replace("We ", "I ", 1) if mine else said
        return None

    def _tense(self, word: str, rest: str, field: Field) -> str:
        """Return when we did what a fragment tells: a fix in the past, a habit now, a remedy under way."""
        if field == "remedy":
            return "perfect" if ENGLISH.base[word] == "cancel" else "progressive"
        if field != "prevention":
            return "past"
        if _TIMELY.search(rest):
            return "present"
        return "past" if re.search(r"\b(?:since|on \d|on [A-Z])", rest) else "perfect"

    def _we(self, thing: str, adverb: str, word: str, rest: str, field: Field, tense: str, negative: bool = False) -> str:
        """Return "we did it to the thing", in a tense of `_TENSES`."""
        known, many = ENGLISH, plural_thing(thing)
        start, forms = _TENSES[tense + (" not" if negative else "")]
        opens = known.base[word] in {"begin", "open", "introduce", "issue", "add", "create", "launch", "publish"}
        object_ = (self._a if opens else self._noun)(self._lower_thing(thing, known.base[word]), field)
        if thing.lower() == "all" and word == "seated":
            object_ = "everyone"
        particle = ""
        next_ = re.match(r" (\w+)(?= (?:at|on|by|in|for|from|since|with|again|until|after|before|the day|overnight|and)\b|[,.]|\Z)", rest)
        if next_ and next_[1] in ENGLISH.particles - {"anew", "apart", "together"}:
            particle, rest = " " + next_[1], rest[next_.end() :]
        them = "them" if many else "it"

        def form(verb: str) -> str:
            return {"base": known.base, "past": known.past, "gerund": known.gerund}[forms][verb] if forms != "participle" else verb

        def more(found: re.Match[str]) -> str:
            verb = found[2].lower()
            if verb in known.past and verb not in known.states:
                return f"{found[1]} {form(verb)} {them}"
            return f", and {'they' if many else 'it'} {'were' if many else 'was'} {found[2]}" if verb in known.states else found[0]

        second = re.match(
            r"(?P<first>.*?) and (?P<thing>(?:the |our |all |every )?[\w-]+(?: [\w-]+){0,2}) (?P<verb>[\w-]+)(?P<rest>(?: (?:at|on|by|in)\b.*)?)\Z", rest
        )
        verb = second["verb"].lower() if second else ""
        if second and verb in known.past and verb not in known.states and second["thing"].split(" ", 1)[0].lower() not in known.past:
            rest = f"{second['first']} and {form(verb)} {self._the(second['thing'], field)}{second['rest']}"
        else:
            rest = re.sub(r"( and| then) ([\w-]+)\b(?! (?:the|a|an|our|your|it|them|each|every)\b)", more, rest, count=1)
        return f"{start} {adverb}{form(word)}{particle} {object_}{self._tail(rest)}"

    def _passive(self, text: str, field: Field) -> str | None:
        """Return "Alerts were muted" as what we did: only for what nobody but us can have done, and where nobody else is named."""
        words = self._main(text)
        at = self._verb_at(words, False)
        if not at or at + 1 >= len(words) or field not in {"cause", "impact", "summary", "fixes", "prevention"}:
            return None
        verb, number = words[at][0], at + 1
        tense = {"was": "past", "were": "past", "is": "present", "are": "present", "has": "perfect", "have": "perfect", "had": "before", "will": "future"}.get(
            verb
        )
        if tense in {"perfect", "before", "future"}:
            if words[number][0] not in {"been", "be", "not"}:
                return None
            number += words[number][0] != "not"
        negative, adverb = False, ""
        while number < len(words) and (
            words[number][0] in {"not", "been", "be", "now", "again", "also", "already", "never", "only"} or words[number][0].endswith("ly")
        ):
            negative = negative or words[number][0] == "not"
            adverb += f"{words[number][0]} " if words[number][0] not in {"not", "been", "be"} else ""
            number += 1
        if tense is None or number >= len(words) or words[number][0] not in ENGLISH.past:
            return None
        word, thing, rest = words[number][0], text[: words[at][1]].rstrip(), text[words[number][2] :]
        base = ENGLISH.base[word]
        if _BY.match(rest) or word in {"done", "finished", "gone", "left"} or words[0][0] in ENGLISH.prepositions:
            return None
        if re.match(r"(?:No|Nobody|Nothing|None|Neither|There|It|This|That|Who)\b", thing):
            return None
        if field == "impact" and base in {"hold", "delay", "block", "interrupt", "postpone"} and tense == "past" and not negative:
            particle = re.match(r" (?:up|back)\b", rest)
            return f"This {ENGLISH.past[word]}{particle[0] if particle else ''} {self.lower(thing)}{rest[particle.end() if particle else 0 :]}"
        if any(other in {"before", "after", "until", "since"} for other, _, _ in words[1:at]):
            return None
        if base not in {"cause": ENGLISH.causes, "impact": ENGLISH.ours, "summary": ENGLISH.ours | ENGLISH.causes}.get(field, frozenset(ENGLISH.base.values())):
            return None
        if tense == "present" and re.search(r"\bsince\b", rest):
            tense = "perfect"
        return self._we(thing, adverb, word, rest, field, tense, negative)

    def _tail(self, rest: str) -> str:
        """Return the rest of a sentence with what notes hang on it joined in: ", on the card by Friday", ", 18 lost"."""
        rest = re.sub(r", (?=(?:at|on|in) the \w+(?: \w+)? (?:on|by|within|in)\b)", ", to be ", rest)
        rest = re.sub(r", new date (?=\w)", ", and the new date is ", rest)
        rest = re.sub(r", (?=(?:arrives|lands|reaches|follows|runs|works)\b)", ", and it ", rest)
        return self._with(rest)

    def _with(self, rest: str) -> str:
        """Return the text with ", 18 lost" as ", with 18 lost"."""

        def join(found: re.Match[str]) -> str:
            words = found[2].split(" ")
            for number, word in enumerate(words):
                if word in ENGLISH.states or word in ENGLISH.past or word == "recoverable":
                    return found[0] if words[number + 1 : number + 2] in (["to"], ["the"], ["a"], ["by"]) else f", with {found[1]}{found[2]}"
            return found[0]

        return re.sub(
            r", ((?:about |some |only )?(?:[€£$]?\d[\d,.]*|each|every|two|three|four|five|six|seven|eight|nine|ten) )((?:[\w€£$-]+ ){0,5}[\w-]+)", join, rest
        )

    def _amount(self, text: str, field: Field) -> str | None:
        """Return "June invoice $8,940 instead of $4,980" as what it came to."""
        if field == "impact" and re.match(r"(?:[A-Z]{0,3}[$€£₹¥]|[A-Z]{3} ?)\d[\d,.]* too (?:much|little)\b(?! \w+ed\b| left\b| went\b)", text):
            return f"That was {text}"
        found = re.match(r"(?P<thing>[^\d€£$]+?) (?P<sum>(?:[A-Z]{0,3}[$€£]|[A-Z]{3} ?)\d[\d,.]* (?:instead of|and not)\b.*)", text)
        if not found or self._finite(found["thing"], participles=False) or re.search(r"(?:ed|was|were|is|are|of|by)\Z", found["thing"]):
            return None
        return f"{self._the(capital(found['thing']), field)} came to {found['sum']}"

    def _state(self, text: str, field: Field) -> str | None:
        """Return "Booking page down on Saturday" with its verb, and "queue running since 08:40" with its own."""
        words = self._main(text)
        verb, late = self._verb_at(words, False), re.match(r"[^,]* late,", text)
        if verb is not None and not (late and words[verb][1] > late.end()):
            return None
        if here := re.match(r"(?P<thing>.+?) now (?P<rest>(?:in|on|at|with|under|back)\b.*)", text):
            return f"{self._the(capital(here['thing']), field)} {self._be(here['thing'], now=True)} now {here['rest']}"
        if running := re.match(r"(?P<thing>.+?) (?P<verb>running|working|operating|serving) since (?P<rest>.*)", text):
            thing = self._the(capital(running["thing"]), field)
            return f"{thing} {'have' if plural_thing(running['thing']) else 'has'} been {running['verb']} since {running['rest']}"
        for number, (word, start, _) in enumerate(words):
            before = words[number - 1][0]
            if (
                not number
                or word not in ENGLISH.states
                or before in ENGLISH.prepositions
                or text[start:].startswith("gone through")
                or words[0][0] == "nothing"
            ):
                continue
            if before in ENGLISH.past or text[words[number - 1][2] : start].startswith(","):
                continue
            if before in {"and", "or", "the", "a", "an", "read", "hand"} or (
                number + 1 < len(words) and words[number + 1][0] in ENGLISH.nouns and word not in {"back", "down", "due"}
            ):
                continue
            while number > 1 and (
                words[number - 1][0] in {"minutes", "hours", "days", "weeks", "too", "fully", "still", "completely", "all"}
                or (words[number - 2][0] in {"about", "some"} and words[number - 1][0].isdigit())
            ):
                number -= 1
                if words[number][0] in {"minutes", "hours", "days", "weeks"}:
                    number -= 1
                start = words[number][1]
            if number > 2 and re.fullmatch(r"(?:an?|one) (?:minute|hour|day|week|month) ", text[words[number - 2][1] : start]):
                number -= 2
                start = words[number][1]
            thing = text[:start].rstrip(" ,")
            if not thing or words[0][0] in ENGLISH.prepositions:
                return None
            now = word in {"done", "ready", "complete", "finished", "live"} or (field == "prevention")
            if re.search(r"\bsince\b", text[start:]):
                return f"{self._the(capital(thing), field)} {'have' if plural_thing(thing) else 'has'} been {text[start:]}"
            known_thing = capital(self._noun(self.lower(thing), field)) if field == "fixes" else self._the(capital(thing), field)
            return f"{known_thing} {self._be(thing, now=now)} {self._with(text[start:])}"
        return None

    def _dated(self, text: str, field: Field) -> str | None:
        """Return "New launch date 22 September" with its verb, and "last certificate by 14 October" as what you will have."""
        if field not in {"fixes", "detail"} or self._finite(text):
            return None
        if named := re.match(r"(?P<thing>(?:the )?(?:new|revised|next) [\w -]*date) (?P<rest>(?:is )?(?:on )?\w.*)", text, re.IGNORECASE):
            return f"{capital(self._with_article('the', self.lower(named['thing']).removeprefix('the ')))} is {named['rest'].removeprefix('is ')}"
        found = re.match(r"(?P<thing>.+?) (?P<rest>(?:by|on) (?:.*)\Z)", text)
        if found and _DATED.match(found["rest"]) and "since" not in found["rest"]:
            return f"You will have {self._the(self.lower(found['thing']), field)} {found['rest']}"
        if found := re.match(r"(?P<thing>.+?) (?P<rest>(?:on|in|at) the .*(?:this|next) week)\Z", text):
            return f"{self._the(capital(found['thing']), field)} {self._be(found['thing'], now=True)} {found['rest']}"
        return None

    def _thing(self, text: str, field: Field) -> str | None:
        """A bare thing: "An alert at 70 %" is something we now have, "300 pasties in cracked film" something that reached you."""
        words = self._words(text)
        if (field not in {"impact", "prevention"} and not (field == "fixes" and re.search(r"\bsince\b", text))) or self._finite(text):
            return None
        if words[0][0] in ENGLISH.prepositions | ENGLISH.openers | {"our", "your", "their", "my", "the"} or "gone through" in text:
            return None
        said = self._a(self.lower(text))
        if words[0][0] == "no" or re.search(r"\A[\w -]+\bonly (?:between|on|in|at|after|before|from|with|by)\b", text):
            return f"We now allow {said}" if field == "prevention" else None
        if field == "impact":
            return f"It left you with {said}"
        return (
            f"We have had {said}"
            if re.search(r"\bsince\b", text)
            else f"We now have {said}"
            if not _DATED.search(text) and " now " not in text
            else f"We have {said}"
        )

    # --- articles and numbers

    def _article(self, text: str) -> str:
        """Return a full sentence with the article that its first noun lacks."""
        words = self._main(text)
        verb = self._verb_at(words, True)
        if verb is None or not verb or words[0][0] in ENGLISH.pronouns | ENGLISH.determiners | ENGLISH.openers | ENGLISH.prepositions | {"no"}:
            return text
        thing = text[: words[verb][1]].rstrip()
        told = self._the(thing, "impact")
        return capital(told) + text[len(thing) :] if told != thing else text

    def _the(self, thing: str, field: Field) -> str:
        """Return the noun phrase with "the" (or "your", "a") where a single countable noun stands bare."""
        words = self._words(thing)
        if not words:
            return thing
        first = words[0][0]
        if re.match(r"\w+ \d+\Z", thing):
            return thing
        if re.match(r"(?:19|20)\d\d [a-z]", thing) and not plural_word(self._head(words)[0]):
            return f"the {thing}"
        if (
            first in ENGLISH.determiners | ENGLISH.pronouns | {"no", "about", "some", "more", "most", "many", "several", "only", "over", "nearly", "almost"}
            or _NUMBER.match(thing)
            or re.match(r"\S+['’]s? ", thing)
        ):
            return thing
        if first == "remaining" or first in {"last", "previous", "first", "next", "other", "same", "right", "old", "missing", "full"}:
            return self._with_article("the", thing)
        noun = self._head(words)
        raw = thing[noun[1] : noun[2]].strip(",.")
        single = len(words) == 1 or noun is words[0]
        if single and noun[0] not in ENGLISH.nouns and not (len(words) == 1 and thing.islower() and field == "fixes"):
            return thing
        if any(letter.isupper() for letter in raw) and (raw in self.proper or not single or raw.isupper()) and not (raw.isupper() and len(words) > 1):
            return thing
        if plural_word(noun[0]) or noun[0] in ENGLISH.mass:
            return thing
        if "," in thing or (" and " in thing and not re.search(r"\b(?:of|for|in|on)\b.* and ", thing)):
            return thing
        if first == "new":
            return self._with_article("a", thing)
        return self._with_article("your" if noun[0] in {"invoice", "bill"} and field == "impact" else "the", thing)

    def _with_article(self, article: str, thing: str) -> str:
        return f"{capital(article) if thing[:1].isupper() and self.lower(thing) != thing else article} {self.lower(thing)}"

    def _a(self, thing: str, field: Field = "prevention") -> str:
        """Return the noun phrase with "a" or "an" where a single countable noun stands bare."""
        words = self._words(thing)
        if (
            not words
            or words[0][0] in ENGLISH.determiners | ENGLISH.pronouns | {"no", "nothing", "about", "some"}
            or _NUMBER.match(thing)
            or re.match(r"\S+['’]s? ", thing)
        ):
            return thing
        noun = self._head(words)
        if plural_word(noun[0]) or noun[0] in ENGLISH.mass | {"renewal"} or any(letter.isupper() for letter in thing[noun[1] : noun[2]]):
            return thing
        if words[0][0][:1].isdigit() or (
            noun[0] not in ENGLISH.nouns
            and words[0][0] not in ENGLISH.adjectives
            and noun[0] not in {"contact", "check-in", "post-mortem", "discount", "comparison", "list", "rehearsal", "second"}
        ):
            return thing
        return f"{'an' if re.match(r'[aeio]|u(?!se|ni)|hour', thing, re.IGNORECASE) else 'a'} {thing}"

    def _lower_thing(self, thing: str, verb: str) -> str:
        """Return what we did something to with a small first letter; only verbs that people are the object of keep a lone name."""
        if thing.lower() in ENGLISH.pronouns:
            return thing.lower()
        plain = thing[:1] + thing[1:].lower() == thing and " " not in thing and thing not in self.proper
        return thing[0].lower() + thing[1:] if plain and verb not in ENGLISH.personal else self.lower(thing)

    def _noun(self, thing: str, field: Field) -> str:
        """Return `_the`, and "the" for a single bare plural too: what a fix is about is known."""
        if " " not in thing and thing[:1].islower() and plural_word(thing) and field == "fixes":
            return f"the {thing}"
        return self._the(thing, field)

    def _head(self, words: list[tuple[str, int, int]]) -> tuple[str, int, int]:
        """Return the noun that a noun phrase is about: the last word before its first preposition or participle."""
        for number, (word, _, _) in enumerate(words):
            if number and (
                word in ENGLISH.prepositions | ENGLISH.openers | {"due", "not"}
                or (number + 1 < len(words) and word in ENGLISH.past and words[number + 1][0] in ENGLISH.prepositions | {"between"})
            ):
                return words[number - 1]
        return words[-1]

    def _be(self, thing: str, now: bool = False) -> str:
        many = plural_thing(thing)
        return ("are" if many else "is") if now else ("were" if many else "was")


def _called(found: re.Match[str], wording: Wording) -> str:
    optional, by, rest = found["optional"], found["by"], found["rest"]
    if by and not re.match(r"(?:I|me)\b", by) and not re.search(r"phone|telephone|e-?mail|video|Teams|Zoom", by):
        doer = (
            by
            if by.startswith(("our ", "the ", "your ")) or by in wording.proper or (by[0].isupper() and not re.match(r"(?:CEO|CTO|CFO|COO|VP)\b", by))
            else f"our {by}"
        )
        doer = re.sub(r"\Athe ", "our ", doer)
        if any(name.lower().endswith(doer.removeprefix("our ").lower()) for name in wording.sender):
            doer = "I"
        return f"{doer} will call you{rest}"
    means = f" by {by}" if by and not re.match(r"(?:I|me)\b", by) else ""
    verb = "check in with you" if found["kind"].lower().endswith("check-in") else "call you"
    return f"{'If you would like, ' if optional else ''}I will {verb}{means}{rest}"


def _delivered(found: re.Match[str], wording: Wording) -> str:
    thing = re.sub(r"\A(?:an?|the|our) ", "", found["thing"], flags=re.IGNORECASE)
    return f"you will have our {wording.lower(thing)}{found['rest']}"


def _sent(found: re.Match[str], wording: Wording) -> str:
    thing = re.sub(r"\Aan? ", "", wording.lower(found["thing"]))
    article = "" if thing.endswith("updates") else "an " if thing[0] in "aeou" else "a "
    return f"I will send you {article}{thing}{found['rest']}"


_NEXT: tuple[tuple[str, Callable[[re.Match[str], Wording], str]], ...] = (
    (
        r"(?P<optional>optional )?(?:an? )?(?P<kind>(?:phone |telephone |video |follow-up |personal |executive )?(?:check-in "
        r"|welfare )?call|(?:executive )?check-in)"
        r"(?: (?:by|with) (?!the (?:result|count|team|harbour)\b)(?P<by>(?:the |our )?[\w.'’-]+(?: (?!on\b|at\b"
        r"|the same\b)[\w.'’-]+){0,4}?))?(?P<rest>(?: (?:on|at|every|the same|within|by|to|in|this|next|until|with)\b.*)?)\Z",
        _called,
    ),
    (
        r"(?P<thing>(?:a |an |the |our )?(?:public |written |full |incident |first |final |mini )*(?:post-?mortem|report|findings"
        r"|account|conclusions|analysis|plan|results?))(?P<rest> (?:by|on|at|within|in|next|this)\b.*)\Z",
        _delivered,
    ),
    (
        r"(?P<thing>(?:a |an )?(?:daily |weekly |short |written |progress )*(?:updates?|status(?: note| report)?|e-?mail|note"
        r"|message))(?P<rest>(?: (?:on|every|with|until|by|at|each|from|about)\b.*)?)\Z",
        _sent,
    ),
    (
        r"(?P<when>if [^,]+), (?P<rest>(?:look|check|call|fix|write|ring|send|tell|come|do|repair)\b.*)\Z",
        lambda found, _: f"{found['when']}, I will {found['rest']}",
    ),
    (r"(?P<rest>(?:call|write to|visit|ring|send|check in with) you\b.*)\Z", lambda found, _: f"I will {found['rest'][0].lower()}{found['rest'][1:]}"),
)

_THEIRS = frozenset({"team", "staff", "receptionist", "dispatcher", "crew", "night-shift", "front-desk"})
_DATA = (
    r"(?i).*\b(?:redlines|comments|records|files|pages|messages|data|requests|responses|segments|documents|photos|backups"
    r"|entries|edits|notes|drafts|footage|recordings|readings)\b"
)


def _case(word: str, found: re.Match[str]) -> str:
    return capital(word) if found.start() == 0 else word


def _all_texts(case: Case) -> Iterator[str]:
    incident = case.incident
    yield from (text for text in (incident.summary, incident.impact, incident.cause, case.account.impact, case.follow_up) if text)
    yield from incident.fixes
    yield from (measure.what for measure in incident.prevention)
    yield from (item.text for item in case.remedy.items if item.text)
