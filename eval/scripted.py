"""A model that needs no network: it composes a sound letter, then commits the faults that models commit.

It commits a fault often where its prompt does not forbid it and seldom where it does, and it mends
most of what a revision names. So two prompt versions can be told apart on any machine, always with the
same outcome: what it does depends on the prompt, the case and the epoch alone. It measures the
machinery, not any real model.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from drafting.compose import template
from drafting.config import Configuration
from drafting.models import Complete, Completion, Usage, parse
from guardrails.case import Case
from guardrails.letter import Letter
from prompts import Prompt


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that a model commits, unless its prompt holds words that forbid it."""

    forbidden_by: str
    text: Callable[[Case], str]
    opening: bool = False


def _leak(case: Case) -> str:
    background = case.account.background
    worth = f"worth {background.arr} a year" if background.arr else "with a renewal ahead"
    return f"A contract {worth} matters a great deal to us."


FAULTS = (
    Fault("sorry if", lambda case: "We are sorry if this caused any trouble for your team.", opening=True),
    Fault("inconvenience", lambda case: "We apologise for any inconvenience."),
    Fault("absolutes|guaranteed", lambda case: "We guarantee that this will never happen again."),
    Fault("active voice", lambda case: "Mistakes were made on our side."),
    Fault("No date, number, name", lambda case: "Our analysis shows that 37 further users were held up for 52 minutes."),
    Fault("as approved", lambda case: "As a further gesture, we will credit 750 EUR to your account."),
    Fault("background", _leak),
    Fault("our values", lambda case: "Reliability has always been at the heart of our brand."),
)

OFTEN, SELDOM, MENDS = 0.45, 0.05, 0.75


def scripted_model(setup: Configuration) -> Callable[[Case, int], Complete]:
    """Return the way to the scripted model for each case and epoch."""

    def for_case(case: Case, epoch: int) -> Complete:
        compose = template(case, setup)
        committed: list[str] = []

        async def ask(prompt: Prompt) -> Completion:
            dice = Random(f"{epoch} {prompt.source} {case.model_dump_json()}")
            if "<draft>" in prompt.user:
                committed[:] = [text for text in committed if dice.random() >= MENDS]
            else:
                committed[:] = [fault.text(case) for fault in FAULTS if dice.random() < (SELDOM if re.search(fault.forbidden_by, prompt.system) else OFTEN)]
            sound = parse(await compose(prompt))
            openings = frozenset(fault.text(case) for fault in FAULTS if fault.opening)
            text = json.dumps({"subject": sound.subject, "body": worsened(sound, committed, openings).body}, ensure_ascii=False)
            return Completion(text, "scripted", Usage(prompt.tokens, 0, math.ceil(len(text) / 4), 0.0, 1), "stop")

        return ask

    return for_case


def worsened(letter: Letter, sentences: list[str], openings: frozenset[str] = frozenset()) -> Letter:
    """Return the letter with sentences put in: openings behind the greeting, the others in a paragraph before the closing."""
    paragraphs = letter.body.split("\n\n")
    first = " ".join(text for text in sentences if text in openings)
    later = " ".join(text for text in sentences if text not in openings)
    closing = 2 if len(paragraphs) > 3 else 1
    if later:
        paragraphs.insert(len(paragraphs) - closing, later)
    if first:
        paragraphs.insert(min(1, len(paragraphs)), first)
    return Letter(letter.subject, "\n\n".join(paragraphs))
