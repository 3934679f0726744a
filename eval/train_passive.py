"""Learn the weights of the passive detector: `python -m eval.train_passive PATH [--check]`.

PATH is the folder of the passive-voice benchmark (`ewt-train.jsonl` and `ewt-dev.jsonl`, from the Universal
Dependencies English Web Treebank); the marked letters of split `tune` are learned from as well. The script prints an
8-fold cross-validation over the treebank's documents and another over the writers of letters, then writes
`guardrails/language/passive.json`. With `--check` it only says whether that file is what would be written.
The same data give the same bytes.
"""

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from guardrails.finding import Span
from guardrails.language import passive
from guardrails.language.passive import Candidate, candidates, chain, features, kinds
from guardrails.language.tokens import Token, sentences, tokenize

TARGET = Path(passive.__file__).with_name("passive.json")
MARKED = Path(__file__).with_name("marked")
FOLDS = 8
SEED = 0
# Inverse strength of the regularisation, the least number of candidates that must show a feature, and what one
# candidate from a letter counts beside one from the treebank.
STRENGTH = 0.5
LEAST = 2
LETTER = 0.4

Table = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Example:
    """A candidate with its features and whether it is a passive; `passive` is None where nobody can tell."""

    candidate: Candidate
    span: Span
    verb: Span
    finite: bool
    features: frozenset[str]
    passive: bool | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, where it comes from, and its candidates."""

    source: str
    genre: str
    gold: tuple[Span, ...]
    ignored: tuple[Span, ...]
    examples: tuple[Example, ...]


def examples(tokens: Sequence[Token]) -> list[Example]:
    """Return the candidates of a sentence, not yet judged."""
    words, kind = [token.lower for token in tokens], kinds(tokens)
    return [
        Example(
            candidate,
            Span(tokens[min(candidate.auxiliary, candidate.first)].start, tokens[max(candidate.auxiliary, candidate.verb)].end),
            Span(tokens[candidate.first].start, tokens[candidate.verb].end),
            chain(words, kind, candidate.auxiliary)[1],
            frozenset(features(tokens, words, kind, candidate)),
        )
        for candidate in candidates(tokens)
    ]


def treebank(folder: Path) -> list[Sentence]:
    """Return the sentences of the benchmark. Gold spans are those of the participles."""
    found: list[Sentence] = []
    for name in ("ewt-train", "ewt-dev"):
        for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            gold = tuple(Span(span["verb_start"], span["verb_end"]) for span in row["spans"])
            judged = tuple(_judged(one, any(_meet(one.verb, span) for span in gold)) for one in examples(tokenize(row["text"])))
            found.append(Sentence(row["id"].rsplit("-", 1)[0], row["genre"], gold, (), judged))
    return found


def letters(folder: Path, table: Table) -> list[Sentence]:
    """Return the sentences of the marked letters of split `tune`.

    A mark covers a clause. Of several candidates in it the one that `table` likes best counts as meant, and the others
    are left open; so are those inside borderline marks and those that are not finite, which letters do not mark.
    """
    found: list[Sentence] = []
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if record["split"] == "tune":
                for field in ("subject", "body"):
                    marks = [mark for mark in record["labels"]["findings"] if mark["rule"] == "passive-voice" and mark["in"] == field]
                    found += _letter(path.stem, record[field], marks, table)
    return found


def _letter(writer: str, text: str, marks: Sequence[Mapping[str, Any]], table: Table) -> Iterable[Sentence]:
    for place in sentences(text):
        near = [mark for mark in marks if _meet(Span(mark["start"], mark["end"]), place)]
        near.sort(key=lambda mark: (mark["end"] - mark["start"], mark["start"]))
        found = examples(tokenize(text[place.start : place.end], place.start))
        labels: dict[int, bool | None] = {at: None if not one.finite else False for at, one in enumerate(found)}
        for mark in near:
            inside = [at for at, one in enumerate(found) if _meet(one.span, Span(mark["start"], mark["end"])) and one.finite and labels[at] is not True]
            if inside:
                best = max(inside, key=lambda at: (score(table, found[at].features), -at))
                labels |= dict.fromkeys(inside)
                labels[best] = None if mark.get("borderline") else True
        gold = [Span(mark["start"], mark["end"]) for mark in near if not mark.get("borderline")]
        ignored = [Span(mark["start"], mark["end"]) for mark in near if mark.get("borderline")]
        yield Sentence(writer, "letter", tuple(gold), tuple(ignored), tuple(_judged(one, labels[at]) for at, one in enumerate(found)))


def _judged(example: Example, answer: bool | None) -> Example:
    return Example(example.candidate, example.span, example.verb, example.finite, example.features, answer)


def _meet(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def score(table: Table, names: Iterable[str]) -> int:
    """Return the sum of the weights of the named features, in hundredths."""
    return table[""] + sum(table.get(name, 0) for name in names)


def learn(rows: Sequence[Sentence], letter: float = LETTER) -> dict[str, int]:
    """Return the weights that logistic regression gives to each feature, in hundredths."""
    taken: list[Example] = []
    heavy: list[float] = []
    for row in rows:
        used: set[int] = set()
        for one in row.examples:
            # An auxiliary has one participle: what follows it is never asked about.
            if one.candidate.auxiliary in used:
                continue
            if one.passive:
                used.add(one.candidate.auxiliary)
            if one.passive is not None:
                taken.append(one)
                heavy.append(letter if row.genre == "letter" else 1.0)
    seen = Counter(name for one in taken for name in one.features)
    columns = {name: at for at, name in enumerate(sorted(name for name, times in seen.items() if times >= LEAST))}
    indices: list[int] = []
    starts = [0]
    for one in taken:
        indices += sorted(columns[name] for name in one.features if name in columns)
        starts.append(len(indices))
    matrix = csr_matrix((np.ones(len(indices)), indices, starts), shape=(len(taken), len(columns)))
    model = LogisticRegression(C=STRENGTH, solver="liblinear", max_iter=1000, tol=1e-8, random_state=SEED)
    with threadpool_limits(limits=1):  # sums in one order, whatever the machine's number of cores
        model.fit(matrix, [bool(one.passive) for one in taken], sample_weight=heavy)
    learned = {"": round(100 * float(model.intercept_[0]))}
    learned |= {name: round(100 * float(model.coef_[0][at])) for name, at in columns.items()}
    return {name: weight for name, weight in learned.items() if weight or not name}


def detect(table: Table, row: Sentence) -> list[Example]:
    """Return the candidates of a sentence that the weights call passive, as the detector would."""
    used: set[int] = set()
    found = []
    for one in row.examples:
        if one.candidate.auxiliary not in used and score(table, one.features) > 0:
            used.add(one.candidate.auxiliary)
            found.append(one)
    return found


class Count:
    """Hits, false alarms and misses, and what follows from them."""

    def __init__(self) -> None:
        self.hits = self.alarms = self.misses = 0

    def add(self, hits: int, alarms: int, misses: int) -> None:
        """Count some more."""
        self.hits, self.alarms, self.misses = self.hits + hits, self.alarms + alarms, self.misses + misses

    def __str__(self) -> str:
        precision, recall = self.hits / max(self.hits + self.alarms, 1), self.hits / max(self.hits + self.misses, 1)
        balanced = 2 * self.hits / max(2 * self.hits + self.alarms + self.misses, 1)
        return f"F1 {balanced:.4f}  P {precision:.4f}  R {recall:.4f}  ({self.hits} hits, {self.alarms} false alarms, {self.misses} misses)"


def cross(rows: Sequence[Sentence], more: Sequence[Sentence], seed: int = SEED) -> dict[str, Count]:
    """Return how well weights do on treebank documents they were not learned from; `more` is always learned from."""
    documents = sorted({row.source for row in rows})
    random.Random(seed).shuffle(documents)
    fold = {document: at % FOLDS for at, document in enumerate(documents)}
    counts: dict[str, Count] = {}
    for held in range(FOLDS):
        table = learn([*(row for row in rows if fold[row.source] != held), *more])
        for row in rows:
            if fold[row.source] == held:
                found = detect(table, row)
                groups = ["all genres", "email + reviews" if row.genre in {"email", "reviews"} else "other genres"]
                for group in groups:
                    counts.setdefault(f"sentences, {group}", Count()).add(bool(row.gold and found), bool(found and not row.gold), bool(row.gold and not found))
                    hits = sum(any(_meet(one.verb, span) for one in found) for span in row.gold)
                    counts.setdefault(f"clauses, {group}", Count()).add(hits, len(found) - hits, len(row.gold) - hits)
    return counts


def cross_writers(rows: Sequence[Sentence], written: Sequence[Sentence]) -> dict[str, Count]:
    """Return how well weights find the finite passives of a writer they were not learned from."""
    counts: dict[str, Count] = {}
    for writer in sorted({row.source for row in written}):
        table = learn([*rows, *(row for row in written if row.source != writer)])
        for row in written:
            if row.source == writer:
                result = _held_against(row, [one.span for one in detect(table, row) if one.finite])
                for name in (f"letters, {writer}", "letters, all writers"):
                    counts.setdefault(name, Count()).add(*result)
    return counts


def _held_against(row: Sentence, found: list[Span]) -> tuple[int, int, int]:
    """Pair each mark with a finding that overlaps it; findings in borderline marks do not count."""
    free = list(found)
    hits = 0
    for gold in row.gold:
        match = next((span for span in free if _meet(span, gold)), None)
        if match:
            free.remove(match)
            hits += 1
    alarms = sum(not any(_meet(span, other) for other in row.ignored) for span in free)
    return hits, alarms, len(row.gold) - hits


def main(arguments: Sequence[str] | None = None, write: Callable[[str], object] = print) -> int:
    """Learn, report, and write the weights or check them."""
    parser = argparse.ArgumentParser(description="Learn the weights of the passive detector.")
    parser.add_argument("benchmark", type=Path, help="folder with ewt-train.jsonl and ewt-dev.jsonl")
    parser.add_argument("--check", action="store_true", help="only say whether a retrain gives the committed file")
    parser.add_argument("--marked", type=Path, default=MARKED, help="folder of the marked letters")
    options = parser.parse_args(arguments)
    rows = treebank(options.benchmark)
    written = letters(options.marked, learn(rows))
    table = learn([*rows, *written])
    text = json.dumps(dict(sorted(table.items())), ensure_ascii=True, indent=0, separators=(",", ":")) + "\n"
    if options.check:
        same = TARGET.read_text(encoding="utf-8") == text
        write(f"{TARGET.name}: {'as a retrain gives it' if same else 'differs from a retrain'}")
        return 0 if same else 1
    for name, count in (cross(rows, written) | cross_writers(rows, written)).items():
        write(f"{name:28} {count}")
    TARGET.write_text(text, encoding="utf-8")
    write(f"{TARGET}: {len(table)} weights, {len(text) // 1024} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
