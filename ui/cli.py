"""The `amends` command: arguments in, one line of error or a result out.

Exit codes: 0 clear, 1 blocked, 2 misuse (2 outranks 1). Machine output goes to standard
output, progress and errors to standard error.
"""

import argparse
import gc
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

MISUSE = 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        """Say what is wrong in one line and where help is, then leave with 2."""
        self.exit(MISUSE, f"{self.prog}: {message}; see `{self.prog} --help`\n")


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        """Print the version and leave. It is looked up when it is asked for: that costs as much as reading all arguments."""
        from importlib.metadata import version

        print(f"amends {version('amends')}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="amends", description="The drafting desk for B2B apology letters. It never sends anything.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and leave")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)

    def command(name: str, run: str, help: str, example: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help, epilog=f"example: {example}", formatter_class=argparse.RawDescriptionHelpFormatter)
        sub.set_defaults(run=run)
        sub.add_argument("--config", type=Path, metavar="DIR", help="the company's configuration: policy.toml, rules/, letters/, prompts/")
        return sub

    draft = command("draft", "ui.commands.draft", "Write a letter for each case and check it.", "amends draft examples/outage.toml")
    draft.add_argument("cases", nargs="+", metavar="CASE", type=Path, help="a case file: .toml, .json or .yaml")
    draft.add_argument("--model", action="append", metavar="NAME", help="openai:NAME, another provider:NAME, or template; repeat for a fallback chain")
    draft.add_argument("--revisions", type=int, default=2, metavar="N", help="most turns in which the model mends what blocks (default 2)")
    draft.add_argument("--severity", choices=("low", "medium", "high", "critical"), help="overrule the severity; needs --by and --reason")
    draft.add_argument("--category", metavar="C", help="overrule the category; needs --by and --reason")
    draft.add_argument("--by", metavar="NAME", help="who overrules")
    draft.add_argument("--reason", metavar="TEXT", help="why")
    draft.add_argument("--stream", action="store_true", help="print the letter as it is written")
    draft.add_argument("--out", type=Path, metavar="DIR", help="write each letter as .txt, .eml and .json; nothing is overwritten")
    draft.add_argument("--show-prompt", action="store_true", help="print what a model would be told, and stop")
    draft.add_argument("--json", action="store_true", help="print one JSON object a case")

    check = command(
        "check", "ui.commands.check", "Check a letter, or a file of them, against the rules.", "amends check letter.txt --case examples/outage.toml"
    )
    check.add_argument("letters", metavar="LETTER", help="a letter (.txt), letters (.jsonl), or - for standard input")
    check.add_argument("--case", type=Path, metavar="CASE", help="the case the letter is held against")
    check.add_argument("--facts", action="store_true", help="show the fact behind each thing the letter says")
    form = check.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one object a line")
    form.add_argument("--format", choices=("text", "json", "sarif", "junit"), default="text")

    rules = command("rules", "ui.commands.rules", "Print the catalogue of rules, or one rule's page.", "amends rules over-promise")
    rules.add_argument("id", nargs="?", metavar="ID")
    rules.add_argument("--test", action="store_true", help="hold every rule's examples against the rule, the company's own too")
    rules.add_argument("--markdown", action="store_true", help=argparse.SUPPRESS)

    from ui.commands.evaluation_arguments import add

    example = "amends eval run --model scripted --prompt plain --prompt shipped"
    add(command("eval", "ui.commands.evaluation", "Measure prompts, models and rules offline.", example), _Parser)
    from ui.commands.batch_arguments import add as add_batch

    example = "amends batch run examples/mass_outage.toml examples/mass_outage_accounts.csv --model template --yes"
    add_batch(command("batch", "ui.commands.batch", "Draft a letter for every account of one incident.", example), _Parser)
    worker = command("worker", "ui.commands.batch", "Join the batches of a database, beside other workers.", "AMENDS_DATABASE_URL=postgresql://… amends worker")
    worker.add_argument("--at-once", type=int, default=100, metavar="N", help="letters in the works at a time (default 100)")
    worker.add_argument("--until-idle", action="store_true", help="leave when no batch is running")
    worker.set_defaults(action="worker")
    queue = command("queue", "ui.commands.record", "List the letters that wait for somebody, what is due first.", "amends queue --json")
    queue.add_argument("--json", action="store_true", help="one object a letter")
    queue.set_defaults(task="queue")

    page = command("ui", "ui.commands.page", "Open the desk in a browser.", "amends ui --port 8501")
    page.add_argument("--port", type=int, default=8501, metavar="N")
    page.add_argument("--address", default="127.0.0.1", metavar="A", help="listen elsewhere than on this machine; needs users or a sign-in service")
    page.add_argument("--open", action="store_true", help="open the page in this machine's browser")

    people = command("users", "ui.commands.record", "Add, list and remove who may log in.", "amends users add dana --role csm").add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=_Parser
    )
    added = people.add_parser("add", help="add a user; the password is asked for, or read from standard input")
    added.add_argument("name")
    added.add_argument("--role", required=True, metavar="ROLE", help="agent, csm, support_lead, vp, executive, admin or auditor")
    added.add_argument("--email", metavar="EMAIL", help="for a sign-in service that vouches for it")
    added.add_argument("--no-password", action="store_true", help="this user signs in by another system only")
    added.set_defaults(task="users add")
    people.add_parser("list", help="list the users").set_defaults(task="users list")
    removed = people.add_parser("remove", help="take a user's access away")
    removed.add_argument("name")
    removed.set_defaults(task="users remove")

    audit = command("audit", "ui.commands.record", "Prove the audit chain, or remove what has been kept long enough.", "amends audit verify")
    proofs = audit.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_Parser)
    proofs.add_parser("verify", help="name the first broken link, or say that all hold").set_defaults(task="audit verify")
    proofs.add_parser("purge", help="remove what is older than the policy's [retention] keeps it").set_defaults(task="audit purge")

    erased = command("forget", "ui.commands.record", "Replace a person's data by tombstones everywhere.", "amends forget --contact ada@example.com")
    erased.add_argument("--contact", required=True, metavar="EMAIL")
    erased.set_defaults(task="forget")

    command("doctor", "ui.commands.doctor", "Say what is configured, and what could send data out.", "amends doctor")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code. A user's mistake is one line on standard error."""
    # What is built at the start, tables of words and weights, stays: collecting while it grows frees nothing and takes a fifth of the time.
    gc.set_threshold(100_000)
    from guardrails.errors import CaseError
    from prompts import PromptError

    options = _parser().parse_args(arguments)
    try:
        return int(import_module(options.run).run(options))
    except (CaseError, PromptError) as error:
        print(f"amends: {error}", file=sys.stderr)
        return MISUSE
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        print("amends: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
