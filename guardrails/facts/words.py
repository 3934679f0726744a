"""Content words and their stems: how a sentence is compared with the facts."""

from pathlib import Path

from guardrails.language.memory import remembered
from guardrails.language.words import STOP

_IRREGULAR = {
    "left": "leave", "sent": "send", "lost": "lose", "ran": "run", "began": "begin", "paid": "pay", "kept": "keep", "bought": "buy",
    "brought": "bring", "caught": "catch",
    "chose": "choose", "chosen": "choose", "broke": "break", "broken": "break", "fell": "fall", "fallen": "fall", "found": "find", "held": "hold",
    "hid": "hide", "hidden": "hide",
    "knew": "know", "led": "lead", "meant": "mean", "met": "meet", "rang": "ring", "rung": "ring", "read": "read", "rose": "rise", "sold": "sell",
    "shut": "shut", "slept": "sleep",
    "spent": "spend", "stood": "stand", "stole": "steal", "stolen": "steal", "swept": "sweep", "taught": "teach", "threw": "throw",
    "thrown": "throw", "understood": "understand",
    "woke": "wake", "wrote": "write", "written": "write", "drove": "drive", "driven": "drive", "ate": "eat", "flew": "fly", "forgot": "forget",
    "forgotten": "forget", "froze": "freeze",
    "frozen": "freeze", "grew": "grow", "heard": "hear", "hung": "hang", "laid": "lay", "lay": "lie", "lent": "lend", "lit": "light",
    "rebuilt": "rebuild", "built": "build", "sat": "sit",
    "spoke": "speak", "spoken": "speak", "stuck": "stick", "swapped": "swap", "tore": "tear", "torn": "tear", "wore": "wear", "worn": "wear",
    "women": "woman", "men": "man",
    "people": "person", "children": "child", "halves": "half", "lives": "life", "feet": "foot", "data": "data", "reran": "rerun",
    "withdrew": "withdraw", "withdrawn": "withdraw",
    "overwrote": "overwrite", "overwritten": "overwrite", "lapsed": "lapse", "died": "die", "dies": "die", "tied": "tie", "lying": "lie",
}  # fmt: skip


@remembered
def stem(word: str) -> str:
    """Return what a word shares with its other forms and with words of its family."""
    word = _IRREGULAR.get(word, word)
    if len(word) < 4:
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: len(word) - len(ending)] + instead
            break
    for ending, instead in _FAMILY:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: len(word) - len(ending)] + instead
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "aeos":
        word = word[:-1]
    if len(word) > 4 and word[-1] == "e":
        word = word[:-1]
    if len(word) > 3 and word[-1] == "y":
        word = word[:-1] + "i"
    return word


@remembered
def meant(word: str) -> str | None:
    """Return what a word is compared by, or nothing for a word that tells nothing."""
    return None if word in STOP else concept(word)


@remembered
def telling(word: str) -> str | None:
    """Return what a word is compared by, or nothing for a mark, a figure, a very short word or one that tells nothing."""
    return concept(word) if word.isalpha() and word not in STOP and len(word) > 2 else None


_ENDINGS = (
    ("sses", "ss"), ("ies", "y"), ("ied", "y"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ss", "ss"), ("us", "us"), ("is", "is"), ("'s", ""),
    ("eed", "eed"),
    ("ing", ""), ("ed", ""), ("s", ""),
)  # fmt: skip
_FAMILY = (
    ("isation", "ize"), ("ization", "ize"), ("ification", "ify"), ("ations", ""), ("ation", ""), ("ition", ""), ("ction", "ct"), ("sion", "d"),
    ("tion", "t"), ("ment", ""), ("ness", ""),
    ("ance", ""), ("ence", ""), ("ably", "abl"), ("able", ""), ("ible", ""), ("ally", "al"), ("ly", ""), ("ity", ""), ("ful", ""), ("less", ""),
    ("ier", "y"), ("er", ""), ("or", ""), ("al", ""),
    ("ise", "ize"), ("yse", "yze"),
)  # fmt: skip


def _synonyms() -> dict[str, int]:
    groups: dict[str, int] = {}
    path = Path(__file__).with_name("synonyms.txt")
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")]
    for number, line in enumerate(lines):
        for word in line.split():
            groups.setdefault(stem(word), number)
    return groups


_GROUPS: dict[str, int] = _synonyms()


@remembered
def concept(word: str) -> str:
    """Return what a word is compared by: its group of synonyms, or its stem."""
    root = stem(word)
    group = _GROUPS.get(root)
    return root if group is None else f"#{group}"
