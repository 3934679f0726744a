"""Learn what an apology is worth: `python -m eval.train_apologies [--check | --cross]`.

Without an option it writes `guardrails/language/apology.json`; `--check` only says whether that file is what
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
from guardrails.language import apology
from guardrails.language.apology import WORTHS

TARGET = Path(apology.__file__).with_name("apology.json")


def rows() -> list[Row]:
    """Return every apology of the tuned records, with its features and what it is marked as."""
    return [row for record in records() for row in _rows(record)]


def _rows(record: Record) -> Iterator[Row]:
    read = reading(record)
    for sentence in read.all:
        for said in apology.apologies(sentence):
            place = apology.span(sentence, said)
            labels: dict[str, bool] = {}
            for name in WORTHS:
                met = [
                    mark
                    for mark in record["labels"]["findings"]
                    if mark["rule"] == name and mark["in"] == sentence.field and mark["start"] < place.end and place.start < mark["end"]
                ]
                if not met or any(not mark.get("borderline") for mark in met):
                    labels[name] = bool(met)
            text = read.letter.field(sentence.field)[place.start : place.end]
            yield Row(record["id"], record["writer"], record["kind"], text, apology.features(read, sentence, said), labels)


def train(chosen: list[Row]) -> str:
    """Return the text of the weights file."""
    table = {}
    for name in WORTHS:
        constant, weights = Table(chosen).weights(name)
        table[name] = {"": round(100 * constant)} | {
            feature: rounded for feature, weight in sorted(weights.items()) if abs(rounded := round(100 * weight)) >= 4
        }
    return json.dumps(table, ensure_ascii=False, indent=0) + "\n"


def cross(chosen: list[Row]) -> None:
    """Print how many apologies of writers not learned from are told rightly, and each that is not."""
    for name in WORTHS:
        scored = [
            (row, score if (sure := apology.settled(row.features, name)) is None else 9.0 if sure else -9.0) for row, score in Table(chosen).out_of_writer(name)
        ]
        for threshold in (-0.3, 0.0, 0.3, 0.6):
            said = [row.labels[name] for row, score in scored if score > threshold]
            total = sum(row.labels[name] for row, _ in scored)
            print(f"{name:16} above {threshold:+.1f}: P {sum(said) / max(len(said), 1):.3f}  R {sum(said) / total:.3f}  n {total}")
        for row, score in sorted(scored, key=lambda pair: pair[1]):
            if (score > 0) != row.labels[name]:
                print(f"  {'missed' if row.labels[name] else 'false alarm'} {score:+.1f} {row.record} {row.text}")


if __name__ == "__main__":
    sys.exit(command("eval.train_apologies", __doc__, TARGET, rows, train, cross))
