"""Learn which sentences claim what no fact holds: `python -m eval.train_claims [--check | --cross]`.

Without an option it writes `guardrails/facts/claims.txt`; `--check` only says whether that file is what would
be written; `--cross` leaves one writer out at a time and prints how well the others' weights do. Only the
split `tune` is read, and of it sentences whose figures and names do not give them away already.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from eval.records import reading, records
from eval.training import command
from guardrails.facts import claims, ledger
from guardrails.facts.known import known
from guardrails.facts.values import Kind

TARGET = Path(claims.__file__).with_name("claims.txt")
NAME = "invented-fact"


class Row(NamedTuple):
    """A sentence: whose it is, what the weighing sees of it, whether it claims what no fact holds."""

    writer: str
    text: str
    features: dict[str, float]
    claims: bool


def rows() -> Iterator[Row]:
    """Yield the sentences of the tuned records that only their words can give away."""
    for record in records():
        read = reading(record)
        if read.case is None:
            continue
        marks = [mark for mark in record["labels"]["findings"] if mark["rule"] in {NAME, "inconsistent-fact", "leaked-internal-fact", "remedy-mismatch"}]
        told = {id(line.sentence): line for line in read.ledger.lines}
        for sentence in read.text:
            met = [mark for mark in marks if mark["in"] == sentence.field and mark["start"] < sentence.end and sentence.start < mark["end"]]
            wrong = {ledger.Standing.UNKNOWN, ledger.Standing.CONTRADICTED, ledger.Standing.INTERNAL}
            plain = any(item.standing in wrong for item in told[id(sentence)].items if item.kind is not Kind.CLAIM)
            if plain or any(mark["rule"] != NAME or mark.get("borderline") for mark in met):
                continue
            figures = ledger.borne(item for item in told[id(sentence)].items if item.kind is not Kind.CLAIM)
            found = claims.features(sentence, known(read.case), read.clauses(sentence), figures)
            yield Row(record["writer"], sentence.text, found, bool(met))


def fit(chosen: Sequence[Row]) -> tuple[Any, Any]:
    """Return the model learned from rows, and what turns features into its columns."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    columns = DictVectorizer(sparse=False)
    table = columns.fit_transform([row.features for row in chosen])
    return LogisticRegression(C=0.5, max_iter=3000, random_state=7).fit(table, [row.claims for row in chosen]), columns


def train(chosen: Sequence[Row]) -> str:
    """Return the text of the weights file."""
    model, columns = fit(chosen)
    lines = [
        "# What makes a sentence a claim that no fact holds: the features of guardrails/facts/claims.py and their weights,",
        "# written by `python -m eval.train_claims`.",
        f"bias {model.intercept_[0]:.2f}",
    ]
    lines += [f"{name} {weight:.2f}" for name, weight in sorted(zip(columns.feature_names_, model.coef_[0], strict=True)) if abs(weight) >= 0.03]
    return "\n".join(lines) + "\n"


def cross(chosen: Sequence[Row]) -> None:
    """Print precision and recall of each mark, each writer judged by weights learned from the others."""
    scored = []
    for writer in sorted({row.writer for row in chosen}):
        model, columns = fit([row for row in chosen if row.writer != writer])
        own = [row for row in chosen if row.writer == writer]
        scored += list(zip(own, model.predict_proba(columns.transform([row.features for row in own]))[:, 1], strict=True))
    total = sum(row.claims for row in chosen)
    for mark in (0.3, 0.4, 0.5, 0.6):
        passed = [row.claims for row, chance in scored if chance >= mark]
        print(f"{mark}: precision {sum(passed) / max(len(passed), 1):.2f} of {len(passed)}, recall {sum(passed) / max(total, 1):.2f} of {total}")


if __name__ == "__main__":
    sys.exit(command("eval.train_claims", __doc__, TARGET, rows, train, cross))
