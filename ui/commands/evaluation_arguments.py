"""The arguments of `amends eval`, apart from what it does: `--help` need not load that."""

import argparse
from pathlib import Path
from typing import Any


def add(parser: argparse.ArgumentParser, kind: type[argparse.ArgumentParser]) -> None:
    """Add the subcommands of `amends eval` to its parser."""
    actions: Any = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=kind)

    def action(name: str, help: str, example: str) -> argparse.ArgumentParser:
        sub: argparse.ArgumentParser = actions.add_parser(
            name, help=help, description=help, epilog=f"example: {example}", formatter_class=argparse.RawDescriptionHelpFormatter
        )
        return sub

    def answers(sub: argparse.ArgumentParser) -> None:
        form = sub.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="print one JSON object")
        form.add_argument("--markdown", action="store_true", help="print Markdown, for a pull request")
        sub.add_argument("--html", type=Path, metavar="FILE", help="write the report as one HTML file that opens from disk")
        sub.add_argument("--junit", type=Path, metavar="FILE", help="write a test case for each draft and each gate")
        sub.add_argument(
            "--fail-if", action="append", default=[], metavar="TEXT", help="exit 1 where it holds: 'sendable < 0.9', 'sendable.low < 85%%'; repeat"
        )

    run = action(
        "run", "Draft the samples with each model and prompt version, judge them, compare.", "amends eval run --model scripted --prompt plain --prompt shipped"
    )
    run.add_argument(
        "--model", action="append", metavar="NAME", help="openai:NAME, another provider:NAME, template, or scripted (no network); repeat to compare"
    )
    run.add_argument("--prompt", action="append", metavar="NAME|DIR", help="shipped, plain, or a folder with write.md and revise.md; repeat to compare")
    run.add_argument("--samples", action="append", type=Path, default=[], metavar="DIR|FILE", help="sample files (default: those that ship with amends)")
    run.add_argument("--split", choices=("tune", "held", "all"), default="all", help="only the samples to work on, or those to judge by")
    run.add_argument("--epochs", type=int, default=1, metavar="K", help="drafts of each sample (default 1)")
    run.add_argument("--revisions", type=int, default=2, metavar="N", help="most turns in which the model mends what blocks (default 2)")
    run.add_argument("--at-once", type=int, default=8, metavar="N", help="most drafts under way at a time (default 8)")
    run.add_argument("--cap", metavar="USD", help="stop before a draft with which the runs of this command would probably have cost more; a higher cap goes on")
    run.add_argument("--out", type=Path, metavar="DIR|FILE", help="where logs are kept and continued (default: eval/ in the data folder)")
    run.add_argument("--batch", action="store_true", help="use OpenAI's Batch API: half the price, up to 24 hours")
    run.add_argument("--no-wait", action="store_true", help="with --batch: submit and leave; the same command collects later")
    run.add_argument("--poll", type=float, default=30.0, metavar="SECONDS", help="with --batch: how often to ask whether it is done (default 30)")
    answers(run)

    score = action("score", "Judge the drafts of logs anew, without calling a model.", "amends eval score run.jsonl --fail-if 'sendable < 0.9'")
    score.add_argument("logs", nargs="+", type=Path, metavar="LOG")
    score.add_argument("--grader", metavar="NAME", help="let a model grade each letter from 1 to 5 as well: noisy, and it costs")
    score.add_argument("--grade-times", type=int, default=3, metavar="K", help="with --grader: how often each letter is graded (default 3)")
    answers(score)

    compare = action("compare", "Say which of two logs is better, and how sure that is.", "amends eval compare a.jsonl b.jsonl --html report.html")
    compare.add_argument("a", type=Path, metavar="A")
    compare.add_argument("b", type=Path, metavar="B")
    answers(compare)

    report = action("report", "Write the report of a log, or of two compared.", "amends eval report a.jsonl b.jsonl --html report.html")
    report.add_argument("logs", nargs="+", type=Path, metavar="LOG")
    answers(report)

    rules = action("rules", "Measure the rules on the marked letters; with a rule, quote every miss and false alarm.", "amends eval rules over-promise")
    rules.add_argument("id", nargs="?", metavar="RULE")
    rules.add_argument("--show-test", action="store_true", help="quote held-out rows too")
    rules.add_argument("--write", action="store_true", help="keep the figures in eval/measured.json, as `make measure` does")

    validate = action("validate", "Name every sample and log that does not fit, by file and field.", "amends eval validate eval/samples")
    validate.add_argument("places", nargs="*", type=Path, metavar="DIR|FILE")

    red = action("red-team", "Try hostile and harmless tickets: does an obeyed injection end in a blocked letter?", "amends eval red-team")
    red.add_argument("--json", action="store_true", help="print one JSON object")
