"""A model's grade of each letter, asked several times: noisy, so its agreement with itself stands beside it."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import combinations

from drafting.brief import facts
from drafting.models import Complete, ModelFailure, parse
from eval.log import Log
from eval.run import PROMPTS
from eval.samples import Sample
from eval.scorers import Judged, Score, Scorer
from guardrails.letter import Letter
from prompts import Prompt, render

Grades = Mapping[tuple[str, Letter], Sequence[int]]


def grading(log: Log, complete: Complete, *, times: int = 3, at_once: int = 8) -> tuple[Scorer, Scorer]:
    """Return two scorers: a model's mean grade of each letter in a log, from 1 to 5, and how often it agreed with itself."""
    grades = asyncio.run(_all(log, complete, times, at_once))

    def grade(sample: Sample, judged: Judged) -> Score:
        """A model's grade from 1 to 5; noisy."""
        found = grades[sample.id, judged.letter]
        return Score(sum(found) / len(found), f"graded {', '.join(map(str, found))}") if found else Score(None, "the model gave no grade")

    def agreement(sample: Sample, judged: Judged) -> Score:
        """Share of pairs of grades of one letter that are equal."""
        pairs = list(combinations(grades[sample.id, judged.letter], 2))
        return Score(sum(one == other for one, other in pairs) / len(pairs)) if pairs else Score(None, "there is no pair of grades")

    return Scorer("grade (noisy)", grade, kind="number"), Scorer("grader agrees with itself", agreement, kind="part")


async def _all(log: Log, complete: Complete, times: int, at_once: int) -> Grades:
    places = asyncio.Semaphore(at_once)

    async def one(prompt: Prompt) -> int | None:
        async with places:
            try:
                # The answer comes in the letter's own form: every provider is asked for that form alone.
                said = parse(await complete(prompt)).subject.strip()
            except ModelFailure:
                return None
        return int(said) if said in {"1", "2", "3", "4", "5"} else None

    async def letter(sample: Sample, text: Letter) -> tuple[tuple[str, Letter], list[int]]:
        prompt = render("grade", folder=PROMPTS, facts=facts(sample.case), subject=_inert(text.subject), body=_inert(text.body))
        found = await asyncio.gather(*(one(prompt) for _ in range(times)))
        return (sample.id, text), [grade for grade in found if grade is not None]

    return dict(await asyncio.gather(*(letter(log.samples[made.sample], made.turns[-1].letter) for made in log.drafts if made.turns)))


def _inert(text: str) -> str:
    return text.replace("<draft", "‹draft").replace("</draft", "‹/draft")
