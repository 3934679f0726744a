"""Learn which sentences give the background away: `python -m eval.train_leaks [--check | --cross]`.

Without an option it writes `guardrails/language/leaks.txt`; `--check` only says whether that file is what would be
written; `--cross` leaves one writer out at a time and prints how well the others' weights do. Only the split
`tune` is read. Zero is where `PRECISION` of the sentences of left-out writers are leaks.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from eval.records import reading, records
from eval.training import command
from eval.weighing import Row, named, shown, text
from guardrails.language import detector
from guardrails.rules.facts import leaked_internal_fact as leaks

TARGET = Path(detector.__file__).with_name("leaks.txt")
NAME = "leaked-internal-fact"
STRENGTH, CARE, PRECISION = 0.1, 4.0, 0.93


def rows() -> Iterator[Row]:
    """Yield the sentences of the tuned records that have a case."""
    for record in records():
        read = reading(record)
        if read.case is None:
            continue
        marks = [mark for mark in record["labels"]["findings"] if mark["rule"] == NAME]
        for sentence in read.text:
            met = [mark for mark in marks if mark["in"] == sentence.field and mark["start"] < sentence.end and sentence.start < mark["end"]]
            if met and all(mark.get("borderline") for mark in met):
                continue
            yield Row(record["writer"], sentence.text, named(sentence.tokens), leaks.measures(sentence, read.case), bool(met))


def train(chosen: Sequence[Row]) -> str:
    """Return the text of the weights file."""
    head = (
        "What makes a sentence give the background away: words and their classes, and the measures of leaked_internal_fact.py,",
        "written by `python -m eval.train_leaks`.",
    )
    return text(chosen, STRENGTH, CARE, PRECISION, head)


def cross(chosen: Sequence[Row]) -> None:
    """Print precision and recall of each mark, each writer judged by weights learned from the others."""
    print(shown(chosen, STRENGTH, CARE))


if __name__ == "__main__":
    sys.exit(command("eval.train_leaks", __doc__, TARGET, rows, train, cross))
