"""Weights over features that come in measures, learned from marked rows and judged by writers that were left out."""

from collections.abc import Mapping, Sequence
from math import log
from typing import NamedTuple

from eval.training import parted
from guardrails.language.features import features
from guardrails.language.tokens import Token

KINDS = ("w:", "k:", "g:")
"""The features that count: words, their classes, the groups of these."""
SMALLEST = 2
"""A word counts that this many rows have."""
LEAST = 0.05
"""Smaller weights are left out."""
FOLDS = 8
"""The writers are parted into this many groups, of which one at a time is left out."""


class Row(NamedTuple):
    """A piece of a letter: whose it is, its words, what the weighing sees of it (`named` by presence, `measured` by size), and the answer."""

    writer: str
    text: str
    named: frozenset[str]
    measured: Mapping[str, float]
    answer: bool


def named(tokens: Sequence[Token]) -> frozenset[str]:
    """Return the features of some words that count by presence."""
    return frozenset(name for name in features(tokens, ()) if name.startswith(KINDS))


class Model(NamedTuple):
    """A constant and the weight of each feature."""

    constant: float
    weights: Mapping[str, float]

    def score(self, row: Row) -> float:
        """Return the sum of a row's features."""
        weights = self.weights
        return self.constant + sum(weights.get(name, 0.0) for name in row.named) + sum(weights.get(name, 0.0) * size for name, size in row.measured.items())


def learn(rows: Sequence[Row], strength: float, care: float) -> Model:
    """Return what the rows teach: `strength` is how far weights may go, `care` how much more a yes counts than a no."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    counts: dict[str, int] = {}
    for row in rows:
        for name in row.named:
            counts[name] = counts.get(name, 0) + 1
    # A rare word says more than a frequent one.
    rarity = {name: log(len(rows) / count) / 3 for name, count in counts.items() if count >= SMALLEST}
    columns = DictVectorizer()
    table = columns.fit_transform([{name: rarity[name] for name in row.named if name in rarity} | dict(row.measured) for row in rows])
    table.indices, table.indptr = table.indices.astype("int32"), table.indptr.astype("int32")
    model = LogisticRegression(C=strength, solver="liblinear", class_weight={False: 1.0, True: care}, random_state=7, max_iter=500)
    model.fit(table, [row.answer for row in rows])
    learned = zip(columns.feature_names_, model.coef_[0], strict=True)
    return Model(float(model.intercept_[0]), {name: float(weight) * rarity.get(name, 1.0) for name, weight in learned})


def left_out(rows: Sequence[Row], strength: float, care: float) -> list[tuple[Row, float]]:
    """Return each row with its score by what the other writers' rows teach."""
    found: list[tuple[Row, float]] = []
    for group in parted((row.writer for row in rows), FOLDS):
        model = learn([row for row in rows if row.writer not in group], strength, care)
        found += [(row, model.score(row)) for row in rows if row.writer in group]
    return found


def mark(scored: Sequence[tuple[Row, float]], precision: float) -> float:
    """Return the lowest score from which on this share of the answers is yes."""
    best, right = float("inf"), 0
    for number, (row, score) in enumerate(sorted(scored, key=lambda pair: -pair[1]), 1):
        right += row.answer
        if right / number >= precision:
            best = score
    return best


def text(rows: Sequence[Row], strength: float, care: float, precision: float, head: Sequence[str]) -> str:
    """Return the text of a weights file whose zero is where the left-out writers' precision is as asked."""
    model, zero = learn(rows, strength, care), mark(left_out(rows, strength, care), precision)
    lines = [*(f"# {line}" for line in head), f"bias {model.constant - zero:.2f}"]
    return "\n".join([*lines, *(f"{name} {weight:.2f}" for name, weight in sorted(model.weights.items()) if abs(weight) >= LEAST)]) + "\n"


def shown(rows: Sequence[Row], strength: float, care: float) -> str:
    """Return precision and recall over the left-out writers at several marks, as a table."""
    scored = sorted(left_out(rows, strength, care), key=lambda pair: -pair[1])
    total, lines, right = sum(row.answer for row in rows), [], 0
    wanted = [0.97, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5]
    best: dict[float, str] = {}
    for number, (row, score) in enumerate(scored, 1):
        right += row.answer
        for goal in wanted:
            if right / number >= goal:
                best[goal] = f"from {score:5.2f}: precision {right / number:.2f} of {number}, recall {right / max(total, 1):.2f} of {total}"
    lines += [best[goal] for goal in wanted if goal in best]
    return "\n".join(lines)
