"""A slot that nobody filled.

"[date]", "{{first_name}}" or "TBD" tells the customer that the letter was not written to them,
and that nobody read it before it went out.

Source: domain, "what none of them names": placeholders left in.
"""

import re
from collections.abc import Iterator

from guardrails.finding import Field, Level, Match, Span
from guardrails.language.memory import remembered
from guardrails.letter import Reading
from guardrails.rule import Rule

_SLOT = re.compile(
    r"""
      \{\{[^{}\n]{0,60}\}\} | \{%[^{}\n]{0,60}%\} | \$\{[^{}\n]{1,60}\} | (?<![\w$])\{[^{}\n]{1,60}\}
    | \[(?!\d{1,3}\]|sic\]|…\]|\.\.\.\])[^\[\]\n]{1,120}\](?!\()
    | <(?:[A-Z][A-Z _/-]{2,40}|(?:insert|your|first|last|customer|contact|company|client|account|date|name|amount|link|time)\b[^<>\n@/=]{0,40})>
    | <<[^<>\n]{1,60}>> | «[^«»\n]{1,60}» | %[A-Z_]{3,30}%
    | \b(?:T\.?B\.?[CDA]|tbd|tbc|tba|TODO|FIXME|XX+|xxx+|YYYY|N/A)(?![\w/])(?:[-/.](?:XX+|YYYY|MM|DD))*
    | \#(?:XX*|\?+|N+)\b | _{3,} | \?{4,} | (?<=[$€£])\s?(?:[XY]{1,4}(?:[.,]X+)*|_+|\?+)(?!\w)
    | \b(?:lorem\ ipsum|to\ be\ (?:confirmed|inserted|filled\ in|completed)\ (?:here|before\ sending))\b | \b(?:DD|MM)[/.-](?:MM|DD)(?:[/.-]YY(?:YY)?)?\b
    | (?<=:\ )to\ be\ (?:confirmed|announced|decided|determined)(?=\s*[.;\n]|\Z)
    """,
    re.VERBOSE | re.IGNORECASE,
)
# Slots that only capitals tell from words, blanks within a line, a number that ends in crosses, and a choice of titles.
_SHOUTED = re.compile(
    r"""
      (?<![\w.-])(?:(?:FIRST|LAST|SUR|FULL|CUSTOMER|CLIENT|COMPANY|CONTACT|ACCOUNT|SENDER)[_ -]?NAME|INSERT\ [A-Z]+(?:\ [A-Z]+)*)(?![\w-])
    | (?:(?<=\bat\ )|(?<=\bsee\ )|(?<=\bDear\ )|(?<=\bHi\ ))(?:URL|LINK|NAME|CUSTOMER|CLIENT)(?![\w-])
    | \b(?:DD|XX)(?=\ (?:January|February|March|April|May|June|July|August|September|October|November|December)\b) | (?<!\w)__(?!\w)
    | (?<!\w)\d{1,5}x{3,}(?:\ x{3,})* | \bMr/M(?:r?s|x)(?:/\w+)*
    """,
    re.VERBOSE,
)
# A kiss under a letter, a link's text, a quoted alteration ("[w]e"), a list of what somebody chose.
_HARMLESS = re.compile(r"\[\w\]|\[[a-z]{1,2}\]|\[[\d\s,.;:-]+\]|xx+|n/a|yyyy|dd|mm", re.DOTALL)
_QUOTED = re.compile(r"[\"“‘'«][^\"“”‘’'«»\n]{0,40}\Z")


# What stands between two blanks holds one of these wherever a slot is; the last are the letters that a regular expression takes for others.
_SIGNS = re.compile(r"[\[{<«]|%[a-z_]|___|\?{4}|#[x?n]|[$€£](?:[xy_?]|$)|t\.?b|todo|fixme|xx|yyyy|n/a|lorem|(?:dd|mm)[/.-]|[ıſK]|i̇")
_MAY_SHOUT = re.compile(r"NAME|INSERT|URL|LINK|CUSTOMER|CLIENT|DD|__|\dxxx|Mr/M")
# What ends a slot that begins with "to be".
_LEFT_OPEN = re.compile(r"confirmed|inserted|filled|completed|announced|decided|determined")


@remembered
def _may_be_slot(chunk: str) -> int:
    """Return whether a chunk may belong to a slot: 2 in any case, 1 behind "to be"."""
    lower = chunk.lower()
    return 2 if _SIGNS.search(lower) or _MAY_SHOUT.search(chunk) else 1 if _LEFT_OPEN.search(lower) else 0


def find(reading: Reading) -> Iterator[Match]:
    """Yield bracketed and braced slots, TBD and runs of X."""
    fields: tuple[Field, Field] = ("subject", "body")
    for field in fields:
        text = reading.letter.field(field)
        sign = max(map(_may_be_slot, text.split()), default=0)
        if sign == 0 or (sign == 1 and "to be" not in text.lower()):
            continue
        end = 0
        for found in sorted((*_SLOT.finditer(text), *_SHOUTED.finditer(text)), key=re.Match.start):
            if found.start() < end:
                continue
            end = found.end()
            if not _HARMLESS.fullmatch(found[0]) and not _is_quoted(text, found):
                yield Match(field, Span(*found.span()))


def _is_quoted(text: str, found: re.Match[str]) -> bool:
    """Whether the slot is part of longer words in quotation marks: “[URGENT] barcode import”."""
    before = _QUOTED.search(text[max(found.start() - 42, 0) : found.start()])
    after = text[found.end() : found.end() + 60]
    return bool(before) and found[0][0] == "[" and bool(re.match(r"[^\"“”»\n]*\w[^\"“”»\n]*[\"”»]", after))


rule = Rule(
    __name__,
    __doc__,
    level=Level.ERROR,
    message='"{quote}" was never filled in. Write what belongs there, or take it out.',
    find=find,
    language=False,
    bad=(
        "Dear «[Customer First Name]»,",
        "We will credit «{{amount}}» by «TBD».",
        "Your new go-live date is «XX» September.",
        "I will call you on «<date>» at ten.",
        "The report follows under ticket «#XX».",
        "Dear «SURNAME», you will hear from us by «DD» May.",
    ),
    good=(
        "Our post-mortem is at https://status.example/reports/29-november.",
        "We swapped Array[3] for a list, and the job has run since.",
        "Their words were “[w]e had no orders all day”.",
        "You wrote to us on Tuesday (“[URGENT] barcode import”).",
        "The XXL sizes went out on Monday.",
        "We now check the URL and the field NAME on every form.",
    ),
)
