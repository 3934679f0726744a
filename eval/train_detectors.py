"""Learn the detectors' weights from the marked letters: `python -m eval.train_detectors [--check | --cross]`.

Without an option it writes `guardrails/language/detectors.txt`; `--check` only says whether that file is
what would be written; `--cross` leaves a third of the writers out at a time and prints how well the others' weights do.
Only the split `tune` is read. The same data give the same bytes.
"""

import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.records import FOLDER, Record, reading, records
from eval.training import command, parted
from guardrails.language import detector
from guardrails.language.features import features
from guardrails.letter import Part

TARGET = Path(detector.__file__).with_name("detectors.txt")
FAULTS = (
    "non-apology",
    "conditional-apology",
    "generic-apology",
    "late-apology",
    "over-promise",
    "blame-shift",
    "defensive",
    "self-focus",
    "vague",
    "tone",
    "vague-subject",
)
# What a sentence can contribute to the five R's, and the letter it has in `eval/marked/elements.txt`.
ELEMENTS = {"issue": "I", "effect": "E", "responsibility": "S", "remorse": "R", "restitution": "CT", "remedy": "T", "prevention": "P"}
NAMES = (*ELEMENTS, *FAULTS)
# What only a letter around a sentence tells: out of it, writers differ over what names the failure and what is its effect.
_WHOLE = frozenset(("issue", "effect"))
# The writers are parted into this many groups, of which one at a time is left out to see how the others' weights do.
FOLDS = 3
# A feature counts that this many sentences have, one of words in their order this many: there are so many of these.
SMALLEST, SMALLEST_ORDERED = 2, 4
ORDERED = ("b:", "d:", "m:", "r:", "e:", "z:")
# Smaller weights, in hundredths, are left out.
LEAST = 9


@dataclass(frozen=True)
class Row:
    """One sentence: its features, and for each detector yes, no or (absent) no answer."""

    record: str
    writer: str
    kind: str
    text: str
    features: frozenset[str]
    labels: Mapping[str, bool]


def annotations() -> dict[str, dict[str, str]]:
    """Return, by record and number of the sentence, the letters of what each sentence contributes."""
    found: dict[str, dict[str, str]] = {}
    path = FOLDER / "elements.txt"
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        if line and line[0] != "#":
            name, *marks = line.split()
            found[name] = dict(mark.split(":") for mark in marks)
    return found


def rows() -> list[Row]:
    """Return every sentence of the marked records that are tuned on."""
    contributions = annotations()
    return [row for record in records() for row in _rows(record, contributions)]


def _rows(record: Record, contributions: Mapping[str, Mapping[str, str]]) -> Iterator[Row]:
    read = reading(record)
    parts = {Part.SUBJECT, Part.TEXT} if record["kind"] == "letter" else set(Part)
    marks = contributions.get(record["id"])
    if record["kind"] == "sentence" and (has := _has(record)):
        together = frozenset(feature for sentence in (*read.subject, *read.body) for feature in features(sentence.tokens, read.clauses(sentence)))
        yield Row(record["id"], record["writer"], "text", record["body"] or record["subject"], together, has)
    for sentence in (*read.subject, *read.body):
        if sentence.part not in parts or not sentence.tokens:
            continue
        labels: dict[str, bool] = {}
        for rule in FAULTS:
            if (rule == "vague-subject") is not (sentence.field == "subject"):
                continue
            met = [
                mark
                for mark in record["labels"]["findings"]
                if mark["rule"] == rule
                and mark["in"] == sentence.field
                and mark["start"] < sentence.end
                and mark["end"] > sentence.start
                and not mark.get("absence")
                # Exclamation marks are a fault by severity alone, which the rule knows and words do not.
                and not (rule == "tone" and mark["quote"].endswith("!"))
            ]
            if not met or not all(mark.get("borderline") for mark in met):
                labels[rule] = bool(met)
        if marks is not None:
            said = marks.get("s" if sentence.field == "subject" else str(sentence.number), "")
            for name, letters in ELEMENTS.items():
                if record["kind"] == "sentence" and name in _WHOLE:
                    continue
                if yes := any(letter in said for letter in letters):
                    labels[name] = yes
                elif not any(letter.lower() in said for letter in letters):
                    labels[name] = False
        yield Row(record["id"], record["writer"], record["kind"], sentence.text, frozenset(features(sentence.tokens, read.clauses(sentence))), labels)


def _has(record: Record) -> dict[str, bool]:
    """Return what a text of one to three sentences says as a whole. Which part of a recognition or of a remedy a medium letter's text holds is not said."""
    found: dict[str, bool] = {}
    for name, yes in record["labels"]["has"].items():
        if name in record["labels"].get("borderline_r", ()):
            continue
        if name == "recognition":
            found |= {"issue": yes, "effect": yes}
        elif name == "restitution":
            found["restitution"] = yes
            if not yes or record["severity"] in {"high", "critical"}:
                found["remedy"] = yes
        else:
            found[name] = yes
    return found


class Table:
    """Rows as a matrix with a column for each feature, from which weights are learned and by which rows are scored."""

    def __init__(self, chosen: Sequence[Row]) -> None:
        import numpy
        from scipy.sparse import csr_matrix

        self.rows = chosen
        counts = Counter(feature for row in chosen for feature in row.features)
        self.features = sorted(feature for feature, count in counts.items() if count >= (SMALLEST_ORDERED if feature.startswith(ORDERED) else SMALLEST))
        columns = {feature: number for number, feature in enumerate(self.features)}
        cells = [sorted(columns[feature] for feature in row.features if feature in columns) for row in chosen]
        indices = numpy.array([column for row in cells for column in row], dtype=numpy.int32)
        starts = numpy.cumsum([0, *map(len, cells)], dtype=numpy.int32)
        self._cells = csr_matrix((numpy.ones(len(indices)), indices, starts), shape=(len(chosen), len(columns)))

    def fit(self, name: str, without: Collection[str] = ()) -> tuple[float, Any, Any]:
        """Return the constant of one detector, the columns it weighs and their weights, learned from all writers but some."""
        import numpy
        from scipy.sparse import diags
        from sklearn.linear_model import LogisticRegression

        known = [number for number, row in enumerate(self.rows) if name in row.labels and row.writer not in without]
        cells = self._cells[known]
        counts = numpy.asarray(cells.sum(axis=0)).ravel()
        kept = numpy.flatnonzero(counts >= SMALLEST)
        # A rare word says more than a frequent one.
        rarity = numpy.log(len(known) / counts[kept]) / 3
        answers = numpy.array([self.rows[number].labels[name] for number in known])
        model = LogisticRegression(
            C=0.3,
            solver="liblinear",
            class_weight={False: 1.0, True: min(4.0, (len(answers) - answers.sum()) / max(answers.sum(), 1)) ** 0.5},
            random_state=7,
            tol=1e-3,
            max_iter=400,
        )
        model.fit((cells[:, kept] @ diags(rarity)).tocsr(), answers)
        return float(model.intercept_[0]), kept, model.coef_[0] * rarity

    def weights(self, name: str) -> tuple[float, dict[str, float]]:
        """Return the constant and the weights of one detector, learned from all rows."""
        constant, kept, weights = self.fit(name)
        return constant, {self.features[column]: float(weight) for column, weight in zip(kept, weights, strict=True)}

    def out_of_writer(self, name: str) -> list[tuple[Row, float]]:
        """Return each row that has an answer with its score by weights learned from other writers than its own."""
        found = []
        for group in parted((row.writer for row in self.rows), FOLDS):
            mine = [number for number, row in enumerate(self.rows) if row.writer in group and name in row.labels]
            if mine:
                constant, kept, weights = self.fit(name, group)
                found += [(self.rows[number], float(score)) for number, score in zip(mine, self._cells[mine][:, kept] @ weights + constant, strict=True)]
        return found


def best_threshold(scored: Sequence[tuple[Row, float]], name: str) -> tuple[float, float, float, float]:
    """Return the threshold with the highest F1, and precision, recall and F1 there."""
    ordered = sorted(((value, row.labels[name]) for row, value in scored), key=lambda pair: -pair[0])
    total = sum(answer for _, answer in ordered)
    hits, best = 0, (0.0, 0.0, 0.0, 0.0)
    for number, (value, answer) in enumerate(ordered, 1):
        hits += answer
        precision, recall = hits / number, hits / max(total, 1)
        figure = 2 * precision * recall / max(precision + recall, 1e-9)
        if figure > best[3]:
            following = ordered[number][0] if number < len(ordered) else value - 1
            best = ((value + following) / 2, precision, recall, figure)
    return best


def train(chosen: Sequence[Row]) -> str:
    """Return the text of the weights file. The constant puts zero where the left-out writers' F1 is highest."""
    constants: list[int] = []
    table: dict[str, list[int]] = {}
    learned = Table(chosen)
    for number, name in enumerate(NAMES):
        threshold = best_threshold(learned.out_of_writer(name), name)[0]
        constant, weights = learned.weights(name)
        constants.append(round(100 * (constant - threshold)))
        for feature, weight in weights.items():
            if abs(rounded := round(100 * weight)) >= LEAST:
                table.setdefault(feature, []).extend((number, rounded))
    lines = (f"{name}\n{','.join(map(str, table[name]))}\n" for name in sorted(table))
    return f"{' '.join(NAMES)}\n{' '.join(map(str, constants))}\n{''.join(lines)}"


def cross(chosen: Sequence[Row]) -> None:
    """Print how well each detector does on the writers it has not seen."""
    print(f"{'detector':20} {'n':>5} {'yes':>4}   P    R    F1   by writer left out: F1")
    learned = Table(chosen)
    for name in NAMES:
        scored = learned.out_of_writer(name)
        threshold, precision, recall, figure = best_threshold(scored, name)
        by_writer: dict[str, list[Any]] = {}
        for row, value in scored:
            by_writer.setdefault(row.writer, []).append((value > threshold, row.labels[name]))
        each = []
        for writer, pairs in by_writer.items():
            hits = sum(said and true for said, true in pairs)
            each.append(f"{writer} {2 * hits / max(sum(said for said, _ in pairs) + sum(true for _, true in pairs), 1):.2f}")
        print(f"{name:20} {len(scored):5} {sum(row.labels[name] for row, _ in scored):4}  {precision:.2f} {recall:.2f} {figure:.3f}  {' '.join(each)}")


if __name__ == "__main__":
    sys.exit(command("eval.train_detectors", __doc__, TARGET, rows, train, cross))
