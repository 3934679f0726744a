"""What `amends batch` understands; apart from what it does, so that `amends --help` stays quick."""

from argparse import ArgumentParser
from pathlib import Path


def add(batch: ArgumentParser, parser: type[ArgumentParser]) -> None:
    """Add the subcommands."""
    actions = batch.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=parser)

    def action(name: str, help: str) -> ArgumentParser:
        return actions.add_parser(name, help=help, description=help)

    run = action("run", "draft a letter for each account; the first line out is the batch's id")
    run.add_argument("incident", type=Path, metavar="INCIDENT", help="a case file without `account`, with cohorts")
    run.add_argument("accounts", type=Path, metavar="ACCOUNTS", help="the affected accounts: .csv, .jsonl, .parquet or .xlsx")
    run.add_argument("--model", action="append", metavar="NAME", help="openai:NAME, another provider:NAME, or template; repeat for a fallback chain")
    run.add_argument("--revisions", type=int, default=2, metavar="N", help="most turns in which the model mends what blocks (default 2)")
    run.add_argument("--limit-rpm", type=float, metavar="N", help="requests a minute, all workers together")
    run.add_argument("--limit-tpm", type=float, metavar="N", help="tokens a minute, all workers together")
    run.add_argument("--cap", metavar="MONEY", help="most to spend, in USD")
    run.add_argument("--pilot", type=int, metavar="N", help="stop after N letters, to look at them on the desk")
    run.add_argument("--dry-run", action="store_true", help="read and reckon everything, and stop")
    run.add_argument("--yes", action="store_true", help="do not ask before the start")
    _working(run)
    status = action("status", "say how far a batch is; without ID, the newest")
    status.add_argument("id", nargs="?", metavar="ID")
    status.add_argument("--json", action="store_true", help="one object")
    for name, help in (
        ("pause", "finish the letters in the works, begin no other"),
        ("cancel", "end a batch; letters that are written stay on the desk"),
    ):
        action(name, help).add_argument("id", metavar="ID")
    for name, help in (
        ("resume", "go on with a batch that was paused or killed"),
        ("retry", "try failed letters again"),
    ):
        again = action(name, help)
        again.add_argument("id", metavar="ID")
        if name == "resume":
            again.add_argument("--cap", metavar="MONEY", help="most to spend from now on, in USD, all in all")
        _working(again)
    review = action("review", "say which letters to read and what is odd across the lot; approve a cohort once its sample is read")
    review.add_argument("id", nargs="?", metavar="ID", help="the batch; without it, the newest")
    review.add_argument("--cohort", metavar="NAME", help="only this cohort")
    review.add_argument("--check", action="store_true", help="hold the letters against one another anew")
    review.add_argument("--approve", action="store_true", help="say yes to the cohort (without --cohort, to all): the rest is approved when two people have")
    review.add_argument("--by", metavar="USER", help="who says so; asked for the password. Needed where the desk has users")
    review.add_argument("--json", action="store_true", help="one object")
    export = action("export", "write a batch's approved letters to a file")
    export.add_argument("id", metavar="ID")
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="FILE.csv, .jsonl or .zip (one .eml a letter)")
    export.add_argument("--drafts", action="store_true", help="letters that nobody has approved too, each stamped as a draft")


def _working(parser: ArgumentParser) -> None:
    parser.add_argument("--at-once", type=int, default=100, metavar="N", help="letters in the works at a time (default 100)")
    parser.add_argument("--json", action="store_true", help="the final status as one object")
