"""Learn which parts of a sentence claim what no fact holds: `python -m eval.train_claims [--check | --cross]`.

Without an option it writes `guardrails/facts/claims.txt`; `--check` only says whether that file is what would
be written; `--cross` leaves one writer out at a time and prints how well the others' weights do. Only the
split `tune` is read, and of it parts whose figures and names do not give them away already.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.records import reading, records
from eval.training import command
from eval.weighing import Row, named, shown, text
from guardrails.facts import beyond, ledger
from guardrails.facts.known import known
from guardrails.facts.values import Kind

TARGET = Path(beyond.__file__).with_name("claims.txt")
NAME = "invented-fact"
KIN = frozenset({"inconsistent-fact", "leaked-internal-fact", "remedy-mismatch"})
STRENGTH, CARE, PRECISION = 0.03, 2.0, 0.85
MOSTLY = 0.6
"""How much of a part a mark covers that speaks of it."""


def rows() -> Iterator[Row]:
    """Yield the parts of sentences of the tuned records that only their words can give away."""
    for record in records():
        read = reading(record)
        if read.case is None:
            continue
        facts = known(read.case)
        letter = beyond.told(read.text, facts)
        items = {line.sentence: [item for item in line.items if item.kind is not Kind.CLAIM] for line in read.ledger.lines}
        for number, sentence in enumerate(read.text):
            held = facts.everything if ledger.told_by_them(read, sentence) else facts
            here = beyond.seen(sentence, read.clauses(sentence), held)
            for start, stop, count, right in ledger.parts(sentence, read, items[sentence]):
                span = sentence.words(start, stop)
                answer = _answer(record["labels"]["findings"], sentence.field, *span)
                measured = beyond.weighed(here, start, stop, held, letter, number, (count, ledger.borne(items[sentence])))
                if answer is None or measured is None or not right:
                    continue
                words = sentence.text[span.start - sentence.start : span.end - sentence.start]
                yield Row(record["writer"], words, named(sentence.tokens[start:stop]), measured, answer)


def _answer(marks: Sequence[Mapping[str, Any]], field: str, start: int, end: int) -> bool | None:
    """Return whether a part is marked as invented; None where a mark covers a little of it, is debatable, or is of another rule of the facts."""
    most = 0.0
    for mark in marks:
        shared = min(mark["end"], end) - max(mark["start"], start)
        if mark["in"] != field or shared <= 0 or mark["rule"] not in KIN | {NAME}:
            continue
        if mark["rule"] in KIN or mark.get("borderline"):
            return None
        most = max(most, shared / (end - start))
    return True if most >= MOSTLY else None if most else False


def train(chosen: Sequence[Row]) -> str:
    """Return the text of the weights file."""
    head = (
        "What makes a part of a sentence a claim that no fact holds: words and their classes, and the measures of beyond.py,",
        "written by `python -m eval.train_claims`.",
    )
    return text(chosen, STRENGTH, CARE, PRECISION, head)


def cross(chosen: Sequence[Row]) -> None:
    """Print precision and recall of each mark, each writer judged by weights learned from the others."""
    print(shown(chosen, STRENGTH, CARE))


if __name__ == "__main__":
    sys.exit(command("eval.train_claims", __doc__, TARGET, rows, train, cross))
