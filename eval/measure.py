"""Measure every rule on the marked letters and sentences: precision, recall, and how sure both are.

    python -m eval.measure                     write eval/measured.json and print the table
    python -m eval.measure --misses RULE       quote each miss and each false alarm of one rule

The rules are the ones that judge letters in production, run the same way. A finding is right where
it overlaps a label of its rule in the same field; labels that careful readers may differ on are left
out of both figures. What is missing from a letter is scored by letter. A sentence judges only rules
that need no whole letter (of several sentences also `late-apology`), and only the R's it was written to test.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from eval.records import Record, reading, records
from eval.statistics import Figure, share
from guardrails.elements import ELEMENTS
from guardrails.finding import Finding, Level
from guardrails.letter import Reading
from guardrails.rule import Rule, RuleError
from guardrails.rules import rules as shipped

MEASURED = Path(__file__).with_name("measured.json")
SPLITS = ("tune", "test")

Figured = Literal["precision", "recall", "rate", "harmful"]

_WHOLE = re.compile(r"missing-.*")
"""Rules that judge a letter as a whole."""

_SAME_FAULT = {"inconsistent-fact": "invented-fact", "invented-fact": "inconsistent-fact"}
"""A wrong sum is also a fact nobody gave: a label of one id forgives a finding of the other."""

_USUAL = {
    "recognition": r"recogni|acknowledg|understand|reali[sz]e|\baware\b|\b(i|we) know\b|appreciate",
    "responsibility": r"responsib|accountab|\bown(s|ed|ing)?\b|\bfault|\b(my|our) (mistake|error|failure|doing|slip|bug)"
    r"|\bon (us|me)\b|\bwe failed\b|\bliable\b|\bblam|\banswer for\b",
    "remorse": r"\bsorry\b|apolog|regret|forgiv",
    "restitution": r"refund|\bcredit|compensat|discount|reimburs|waiv|\bfree\b|rebate|mak(e|ing) (it|this|things) right|goodwill|\bfix",
    "prevention": r"prevent|\bagain\b|recur|repeat|going forward|in (the )?future|ensur|from now on|monitor|\bavoid|so (that )?this does not"
    r"|\bnever\b|next time|safeguard",
}
"""The words by which a careless checker would look for each R."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that a rule got right or wrong in one record."""

    rule: str
    figure: Figured
    right: bool
    split: str
    writer: str
    record: str
    quote: str


@dataclass(frozen=True, slots=True)
class Heard:
    """Whether one R was found where the marks say it is, or is not."""

    element: str
    kind: str
    right: bool
    there: bool
    usual: bool
    """Whether one of the R's usual words is in the text."""
    split: str
    writer: str
    record: str
    quote: str


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of a whole letter whose verdict the marks settle."""

    clean: bool
    verdict: str
    blocked: bool
    split: str
    writer: str
    record: str


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything seen while the rules read the marked records."""

    outcomes: tuple[Outcome, ...]
    heard: tuple[Heard, ...]
    passed: tuple[Passed, ...]


def measure(rows: Iterable[Record], rules: Iterable[Rule] | None = None, *, elements: bool = True) -> Measured:
    """Return what the rules, and with `elements` the five R's, get right and wrong in marked records. Raises RuleError where a rule breaks."""
    wanted = tuple(shipped() if rules is None else rules)
    rows = tuple(rows)
    labelled = {finding["rule"] for row in rows for finding in row["labels"]["findings"]} | {f"missing-{name}" for name in ELEMENTS}
    outcomes: list[Outcome] = []
    heard: list[Heard] = []
    passed: list[Passed] = []
    for row in rows:
        found = reading(row)
        letter = row["kind"] == "letter"
        findings: list[Finding] = []
        for rule in wanted:
            if (rule.needs_case and found.case is None) or not (letter or _judges_sentence(rule, row)):
                continue
            said = rule.run(found)
            findings += said
            outcomes += _compared(rule.name, said, row) if rule.name in labelled else _rate(rule.name, said, row)
        if elements:
            heard += _heard(found, row)
        if letter and (clean := _clean(row)) is not None:
            levels = {finding.level for finding in findings}
            verdict = "send" if levels <= {Level.SUGGESTION} else "fix"
            passed.append(Passed(clean, verdict, Level.ERROR in levels, row["split"], row["writer"], row["id"]))
    return Measured(tuple(outcomes), tuple(heard), tuple(passed))


def _judges_sentence(rule: Rule, row: Record) -> bool:
    if rule.name == "late-apology":  # two or three sentences are the opening of a letter
        return len(row["body"].split(". ")) > 1
    return not _WHOLE.fullmatch(rule.name) and (rule.name != "vague-subject" or bool(row["subject"]))


def _compared(rule: str, findings: Iterable[Finding], row: Record) -> Iterator[Outcome]:
    """Yield a rule's hits, misses and false alarms in one record."""
    labels = [label for label in row["labels"]["findings"] if label["rule"] == rule]
    kin = [label for label in row["labels"]["findings"] if label["rule"] == _SAME_FAULT.get(rule)]
    if rule.startswith("missing-") and rule.removeprefix("missing-") in ELEMENTS:
        yield from _absent(rule, any(True for _ in findings), row)
        return

    def outcome(figure: Figured, right: bool, quote: str) -> Outcome:
        return Outcome(rule, figure, right, row["split"], row["writer"], row["id"], quote)

    said = [finding for finding in findings if row["kind"] == "letter" or finding.start < finding.end]
    for finding in said:
        matched = [label for label in labels if _meet(finding, label)]
        firm = [label for label in matched if not label.get("borderline")]
        if firm or not (matched or any(_meet(finding, label) for label in kin)):
            yield outcome("precision", bool(firm), _around(row, finding.field, finding.start, finding.end))
        if rule == "passive-voice" and firm:
            harmful = any(label["harmful"] for label in firm)
            meant = "harmful" if harmful else "harmless"
            yield outcome("harmful", finding.evidence == meant, f"{meant}: {_around(row, finding.field, finding.start, finding.end)}")
    for label in labels:
        if not label.get("borderline") and (row["kind"] == "letter" or not label.get("absence")):
            yield outcome("recall", any(_meet(finding, label) for finding in said), _around(row, label["in"], label["start"], label["end"]))


def _absent(rule: str, fired: bool, row: Record) -> Iterator[Outcome]:
    element = rule.removeprefix("missing-")
    if row["category"] == "follow_up" or element in (row["labels"].get("borderline_r") or ()):
        return
    missing = not row["labels"]["has"][element]
    if fired:
        yield Outcome(rule, "precision", missing, row["split"], row["writer"], row["id"], f"{element} is there" if not missing else "")
    if missing:
        yield Outcome(rule, "recall", fired, row["split"], row["writer"], row["id"], f"{element} is missing")


def _rate(rule: str, findings: Iterable[Finding], row: Record) -> Iterator[Outcome]:
    """Yield whether a rule that no row labels speaks of a record."""
    said = tuple(findings)
    quote = _around(row, said[0].field, said[0].start, said[0].end) if said else ""
    yield Outcome(rule, "rate", bool(said), row["split"], row["writer"], row["id"], quote)


def _meet(finding: Finding, label: Mapping[str, Any]) -> bool:
    if label.get("absence"):
        return finding.start == finding.end
    return bool(finding.field == label["in"] and finding.start < label["end"] and label["start"] < finding.end)


def _around(row: Record, field: str, start: int, end: int) -> str:
    """Return the words in their line, marked."""
    text = row[field]
    first = max(text.rfind("\n", 0, start) + 1, start - 110)
    last = text.find("\n", end)
    last = min(len(text) if last < 0 else last, end + 90)
    return f"{'…' if first and text[first - 1] != chr(10) else ''}{text[first:start]}«{text[start:end]}»{text[end:last]}"


def _heard(found: Reading, row: Record) -> Iterator[Heard]:
    unsure = row["labels"].get("borderline_r") or ()
    text = f"{row['subject']}\n{row['body']}"
    for element, there in row["labels"]["has"].items():
        if element in unsure:
            continue
        present = found.elements[element].present
        usual = bool(re.search(_USUAL[element], text, re.IGNORECASE))
        quote = text.strip() if row["kind"] == "sentence" else _said(found, element)
        yield Heard(element, row["kind"], present == there, there, usual, row["split"], row["writer"], row["id"], quote)


def _said(found: Reading, element: str) -> str:
    places = found.elements[element].evidence
    return " | ".join(found.letter.field(place.field)[place.start : place.end] for place in places) or "nothing heard"


def _clean(row: Record) -> bool | None:
    """Return whether a letter can be sent as the marks see it; None where that hangs on a debatable mark."""
    labels = row["labels"]
    real = [label for label in labels["findings"] if label["rule"] != "passive-voice" or label["harmful"]]
    owed = row["category"] != "follow_up"
    unsure = set(labels.get("borderline_r") or ())
    missing = {name for name, there in labels["has"].items() if not there} if owed else set()
    if any(not label.get("borderline") for label in real) or missing - unsure:
        return False
    return None if real or (owed and unsure) else True


# --- Figures


def figures(seen: Measured) -> dict[str, Any]:
    """Return all figures in the form of eval/measured.json: those of the held-out split first, of the other under `tune`."""
    names = sorted({outcome.rule for outcome in seen.outcomes})
    return {
        "rules": {name: _told_apart(partial(_of_rule, seen, name)) for name in names},
        "elements": {name: _told_apart(partial(_of_element, seen, name)) for name in ELEMENTS},
        "letters": _told_apart(partial(_of_letters, seen)),
    }


def _told_apart(figured: Callable[[str], Mapping[str, Figure]]) -> dict[str, Any]:
    test, tune = ({key: figure.as_dict() for key, figure in figured(split).items()} for split in ("test", "tune"))
    return test | {"tune": tune}


def _of_rule(seen: Measured, rule: str, split: str) -> dict[str, Figure]:
    here = [outcome for outcome in seen.outcomes if outcome.rule == rule and outcome.split == split]
    kinds: dict[str, None] = dict.fromkeys(outcome.figure for outcome in seen.outcomes if outcome.rule == rule)
    if "rate" not in kinds:
        kinds = dict.fromkeys(("precision", "recall", *kinds))
    return {kind: _clustered((outcome.record, outcome.right) for outcome in here if outcome.figure == kind) for kind in kinds}


def _of_element(seen: Measured, element: str, split: str) -> dict[str, Figure]:
    here = [item for item in seen.heard if item.element == element and item.split == split]

    def right(which: Iterable[Heard]) -> Figure:
        return _clustered((item.record, item.right) for item in which)

    sentences = [item for item in here if item.kind == "sentence"]
    return {
        "letters": right(item for item in here if item.kind == "letter"),
        "sentences": right(sentences),
        "expressed": right(item for item in sentences if item.there),
        "not_expressed": right(item for item in sentences if not item.there),
        "without_usual_words": right(item for item in here if item.there and not item.usual),
        "usual_words_otherwise": right(item for item in here if not item.there and item.usual),
    }


def _of_letters(seen: Measured, split: str) -> dict[str, Figure]:
    here = [item for item in seen.passed if item.split == split]
    return {
        "clean_pass": _clustered((item.record, item.verdict == "send") for item in here if item.clean),
        "clean_not_blocked": _clustered((item.record, not item.blocked) for item in here if item.clean),
        "faulty_stopped": _clustered((item.record, item.verdict == "fix") for item in here if not item.clean),
        "faulty_blocked": _clustered((item.record, item.blocked) for item in here if not item.clean),
    }


def _clustered(observations: Iterable[tuple[str, bool]]) -> Figure:
    clusters: dict[str, list[bool]] = defaultdict(list)
    for record, right in observations:
        clusters[record].append(right)
    return share(clusters.values())


# --- Printing


def table(figured: Mapping[str, Any], split: str) -> str:
    """Return the figures of one split as a table."""
    lines = [f"split {split}", f"  {'rule':24} {'precision':28} {'recall':28}"]
    for name, entry in figured["rules"].items():
        here = entry if split == "test" else entry["tune"]
        if "rate" in here:
            lines.append(f"  {name:24} fires on {_shown(here['rate'])} of letters (no row labels it)")
        else:
            more = f" harmful or harmless {_shown(here['harmful'])}" if "harmful" in here else ""
            lines.append(f"  {name:24} {_shown(here['precision']):28} {_shown(here['recall']):28}{more}")
    kinds = ("letters", "expressed", "not_expressed", "without_usual_words", "usual_words_otherwise")
    lines.append(f"\n  {'the five Rs, right in':24} " + " ".join(f"{kind.replace('_', ' '):26}" for kind in kinds))
    for name, entry in figured["elements"].items():
        here = entry if split == "test" else entry["tune"]
        lines.append(f"  {name:24} " + " ".join(f"{_shown(here[kind]):26}" for kind in kinds))
    here = figured["letters"] if split == "test" else figured["letters"]["tune"]
    lines.append("")
    lines += [f"  {kind.replace('_', ' '):24} {_shown(here[kind])}" for kind in ("clean_pass", "clean_not_blocked", "faulty_stopped", "faulty_blocked")]
    return "\n".join(line.rstrip() for line in lines)


def _line(printed: str, name: str) -> str:
    """Return of a table only what stands over and in one line."""
    lines = printed.splitlines()
    number = next(number for number, line in enumerate(lines) if line.split()[:1] == [name])
    head = next(line for line in reversed(lines[:number]) if line.split()[:1] in (["rule"], ["the"]))
    return "\n".join([lines[0], head, lines[number]])


def _shown(figure: Mapping[str, Any]) -> str:
    return str(Figure(**figure))


def misses(seen: Measured, rule: str, show_test: bool = False) -> str:
    """Return every miss and false alarm of a rule, or of an R by its name, quoted with writer and id.

    Those in held-out rows are counted, and quoted only where `show_test` asks for it.
    """
    if rule in ELEMENTS:
        wrong = [
            (item.split, f"{'deaf' if item.there else 'hears too much'}  {item.record}  {item.quote}")
            for item in seen.heard
            if item.element == rule and not item.right
        ]
    else:
        names = {"precision": "false alarm", "recall": "miss", "harmful": "taken wrongly", "rate": "fires"}
        wrong = [
            (outcome.split, f"{names[outcome.figure]}  {outcome.record}  {outcome.quote}")
            for outcome in seen.outcomes
            if outcome.rule == rule and outcome.right == (outcome.figure == "rate")
        ]
    lines = sorted(line for split, line in wrong if split == "tune" or show_test)
    hidden = sum(split == "test" for split, _ in wrong)
    return "\n".join(
        [*lines, f"{sum(split == 'tune' for split, _ in wrong)} in split tune, {hidden} in split test{'' if show_test or not hidden else ' (not shown)'}"]
    )


def written(figured: Mapping[str, Any]) -> str:
    """Return the text of eval/measured.json: one line a figure, so that a change reads well."""
    text = json.dumps(figured, indent=1, ensure_ascii=False)
    return re.sub(r"\{\s+(\"value\"[^}]*?)\s+\}", lambda found: "{" + " ".join(found[1].split()) + "}", text) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write the figures; return 0."""
    parser = argparse.ArgumentParser("python -m eval.measure", description="Measure every rule on the marked letters and sentences.")
    parser.add_argument("--misses", metavar="RULE", help="quote each miss and false alarm of one rule, or of one R (`remorse`)")
    parser.add_argument("--split", choices=SPLITS, help="only this split, and write nothing")
    parser.add_argument("--keep", action="store_true", help="write nothing")
    parser.add_argument("--show-test", action="store_true", help="quote held-out rows too: only for a rule that is finished")
    options = parser.parse_args(arguments)
    splits = (options.split,) if options.split else SPLITS
    chosen = [rule for rule in shipped() if rule.name == options.misses] if options.misses else None
    if chosen == [] and options.misses not in ELEMENTS:
        print(f"eval.measure: there is no rule {options.misses!r}", file=sys.stderr)
        return 2
    try:
        seen = measure((row for split in splits for row in records(split)), chosen, elements=not chosen)
    except RuleError as error:
        print(f"eval.measure: {error}", file=sys.stderr)
        return 2
    if options.misses:
        print(misses(seen, options.misses, options.show_test))
        figured = figures(seen)
        print("\n".join(_line(table(figured, split), options.misses) for split in splits))
        return 0
    figured = figures(seen)
    print("\n\n".join(table(figured, split) for split in splits))
    if not (options.split or options.keep):
        MEASURED.write_text(written(figured), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
