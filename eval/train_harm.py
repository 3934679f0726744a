"""Learn to tell harmful passives from harmless ones: `python -m eval.train_harm [--check | --cross]`.

Without an option it writes `guardrails/language/harm.json`; `--check` only says whether that file is what
would be written; `--cross` leaves a fifth of the writers out at a time and prints how well the others' weights do.
Only the split `tune` is read. The same data give the same bytes.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from eval.records import Record, reading, records
from eval.train_detectors import Row, Table
from eval.training import command
from guardrails.language import harm
from guardrails.language.passive import passives

TARGET = Path(harm.__file__).with_name("harm.json")
NAME = "passive-voice"


def rows() -> list[tuple[Row, bool | None]]:
    """Return the passives of the tuned records that have a mark, each with what `settled` makes of it."""
    return [pair for record in records() for pair in _rows(record)]


def _rows(record: Record) -> Iterator[tuple[Row, bool | None]]:
    read = reading(record)
    for sentence in read.all:
        for passive in passives(sentence.tokens):
            met = [
                mark
                for mark in record["labels"]["findings"]
                if mark["rule"] == NAME and mark["in"] == sentence.field and mark["start"] < passive.end and passive.start < mark["end"]
            ]
            if not passive.finite or not any(not mark.get("borderline") for mark in met):
                continue
            scene = harm.scene(read, sentence, passive)
            sure = harm.settled(scene)
            text = f"{read.letter.field(sentence.field)[passive.start : passive.end]} | {sentence.text}"
            yield Row(record["id"], record["writer"], record["kind"], text, harm.features(scene), {NAME: any(mark["harmful"] for mark in met)}), sure


def train(chosen: list[tuple[Row, bool | None]]) -> str:
    """Return the text of the weights file, learned from the passives that `settled` leaves open."""
    constant, weights = Table([row for row, sure in chosen if sure is None]).weights(NAME)
    table = {"": round(100 * constant)} | {name: rounded for name, weight in sorted(weights.items()) if abs(rounded := round(100 * weight)) >= 3}
    return json.dumps(table, ensure_ascii=False, indent=0) + "\n"


def cross(chosen: list[tuple[Row, bool | None]]) -> None:
    """Print how many passives of writers not learned from are told rightly, and each that is not."""
    scored = [(row, score > 0) for row, score in Table([row for row, sure in chosen if sure is None]).out_of_writer(NAME)]
    scored += [(row, sure) for row, sure in chosen if sure is not None]
    for writer in (*sorted({row.writer for row, _ in scored}), ""):
        right = [said == row.labels[NAME] for row, said in scored if not writer or row.writer == writer]
        print(f"{writer or 'all':12} {sum(right)} of {len(right)}, {sum(right) / len(right):.3f}")
    for row, said in scored:
        if said != row.labels[NAME]:
            print(f"taken for {'harmful' if said else 'harmless'}: {row.record} {row.text}")


if __name__ == "__main__":
    sys.exit(command("eval.train_harm", __doc__, TARGET, rows, train, cross))
