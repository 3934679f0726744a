"""What the composer knows of English: word lists with their forms, and small changes to a text."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from guardrails.language.tokens import sentences

WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class English:
    """The word lists of english.toml, by their names there."""

    lists: dict[str, str]

    def __getattr__(self, name: str) -> frozenset[str]:
        """Return a list of the file as a set of words."""
        found = frozenset(self.lists[name].split())
        self.__dict__[name] = found
        return found

    @cached_property
    def verbs(self) -> tuple[tuple[str, str, str], ...]:
        """Each verb of ours as base, past and participle."""
        regular = tuple((verb, self._ed(verb), self._ed(verb)) for verb in self.lists["regular"].split())
        irregular = tuple((base, past, participle) for base, past, participle in (line.split() for line in self.lists["irregular"].split(";")))
        return regular + irregular

    @cached_property
    def past(self) -> dict[str, str]:
        """The past of each participle: taken, took."""
        return {participle: past for _, past, participle in self.verbs}

    @cached_property
    def base(self) -> dict[str, str]:
        """The base of each participle: taken, take."""
        return {participle: base for base, _, participle in self.verbs}

    @cached_property
    def gerund(self) -> dict[str, str]:
        """The -ing form of each participle: taken, taking."""
        return {participle: self._ing(base) for base, _, participle in self.verbs}

    @cached_property
    def plural_verbs(self) -> frozenset[str]:
        """Verbs as they follow a plural: tests RUN."""
        return self.finite | frozenset(self.base.values())

    @cached_property
    def singular_verbs(self) -> frozenset[str]:
        """Verbs as they follow a singular: a test RUNS."""
        return frozenset(singular(verb) for verb in self.plural_verbs)

    def _ed(self, verb: str) -> str:
        if verb.endswith("e"):
            return verb + "d"
        if re.search(r"[^aeiou]y$", verb):
            return verb[:-1] + "ied"
        return verb + verb[-1] + "ed" if verb in self.doubling else verb + "ed"

    def _ing(self, verb: str) -> str:
        if re.search(r"[^eoy]e$", verb):
            return verb[:-1] + "ing"
        return verb + verb[-1] + "ing" if verb in self.doubling else verb + "ing"


def _load() -> English:
    import tomllib

    return English(tomllib.loads(Path(__file__).with_name("english.toml").read_text(encoding="utf-8")))


ENGLISH = _load()


def singular(verb: str) -> str:
    """Return a verb as it follows a singular."""
    if verb in {"have", "do", "go"}:
        return {"have": "has", "do": "does", "go": "goes"}[verb]
    if re.search(r"(?:[sxz]|ch|sh)$", verb):
        return verb + "es"
    return verb[:-1] + "ies" if re.search(r"[^aeiou]y$", verb) else verb + "s"


def capital(text: str) -> str:
    """Return the text with a capital at its start; names such as iPhone or e-mail addresses are left alone."""
    first = text.split(" ", 1)[0]
    if not text or not text[0].islower() or any(letter.isupper() for letter in first) or "@" in first or "://" in first or re.match(r"[\w-]+\.\w{2,}", first):
        return text
    return text[0].upper() + text[1:]


def sentence(text: str) -> str:
    """Return the text as a sentence: capital, one closing mark."""
    text = text.strip().rstrip(",;:")
    if not text:
        return ""
    return capital(text) + ("" if re.search(r"[.!?…][\"'”’)]?\Z", text) else ".")


def parts(text: str) -> list[str]:
    """Return the statements of a note: cut at full stops and at semicolons outside brackets and quotes."""
    found: list[str] = []
    for start, end in sentences(" ".join(text.split())):
        depth, begin = 0, start
        whole = " ".join(text.split())
        for at in range(start, end):
            letter = whole[at]
            depth += (letter in "([“") - (letter in ")]”")
            if letter == ";" and depth <= 0:
                found.append(whole[begin:at])
                begin = at + 1
        found.append(whole[begin:end])
    return [piece for piece in (part.strip().removeprefix("- ").rstrip(" ,;") for part in found) if piece.strip(" .!-")]


def common(word: str) -> bool:
    """Whether a word that stands alone is surely a noun and no name."""
    return word in ENGLISH.nouns | ENGLISH.mass | ENGLISH.places | ENGLISH.people or word.endswith(("s", "ing", "tion", "ment", "ity", "ness", "ance", "ence"))


def plural_word(word: str) -> bool:
    """Whether a noun is plural, by its look."""
    return (word.endswith("s") and not word.endswith(("ss", "us", "is", "news"))) or word in {"people", "staff", "data", "children", "men", "women", "segments"}


def plural_thing(thing: str) -> bool:
    """Whether a noun phrase takes "were": its noun is plural, or a number or an "and" says so."""
    words = [found[0].strip("\"'“”‘’(),.;:").lower() for found in WORD.finditer(thing)]
    if not words:
        return False
    if words[0] in {"each", "every", "another", "a", "an", "one", "this", "that"} or re.match(
        r"(?:about |some |over |nearly )?[A-Z]{0,3}[$€£₹¥]\d|(?:about )?[A-Z]{3} \d", thing
    ):
        return bool(re.match(r"\S+ of \w+s\b", thing))
    stop = next((number for number, word in enumerate(words) if number and word in ENGLISH.prepositions | {"due", "that", "which"}), len(words))
    if (
        words[0].isdigit()
        or re.match(r"[\d,]+\Z", words[0])
        or (
            words[0] in ENGLISH.determiners
            and words[0] in {"all", "both", "these", "those", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
        )
    ):
        return words[0] != "1" and not (words[0] == "all" and len(words) > 1 and not plural_word(words[stop - 1]))
    return plural_word(words[stop - 1]) or ("and" in words[:stop] and len(words) < 8)


def short_names(company: str) -> list[str]:
    """Return the company's name and the shorter forms of it that people use, longest first."""
    words = company.split()
    short = [" ".join(words[:count]).rstrip(",") for count in range(len(words), 0, -1)]
    return [
        name
        for name in short
        if len(name) > 4 and name.split()[-1] not in {"&", "and", "of", "the", "The", "St"} and (name == company or name not in ENGLISH.common_names)
    ]
