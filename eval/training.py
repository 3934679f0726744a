"""What each training script does with what it has learned: write it, hold it against what is written, or cross-validate."""

import argparse
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

Row = TypeVar("Row")


def parted(writers: Iterable[str], count: int) -> Iterator[set[str]]:
    """Yield the writers in this many groups, of which one at a time is left out: the same for the same writers."""
    names = sorted(set(writers))
    return (set(names[number::count]) for number in range(count))


def command(
    module: str,
    doc: str | None,
    target: Path,
    rows: Callable[[], Iterable[Row]],
    train: Callable[[list[Row]], str],
    cross: Callable[[list[Row]], None],
) -> int:
    """Write what `train` learns from the rows, or with `--check` say whether `target` is that, or with `--cross` print what `cross` does.

    The exit code is 1 where `--check` finds another file.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only say whether the weights file is what training gives")
    parser.add_argument("--cross", action="store_true", help="leave writers out and print how well the others' weights do")
    options = parser.parse_args()
    # Sums are rounded by how many threads share them; numpy, not loaded yet, reads this.
    os.environ["OMP_NUM_THREADS"] = "2"
    chosen = list(rows())
    if options.cross:
        cross(chosen)
        return 0
    text = train(chosen)
    if options.check:
        same = target.exists() and target.read_text(encoding="utf-8") == text
        print(f"{target.name} is current" if same else f"{target.name} differs: run `python -m {module}`")
        return 0 if same else 1
    target.write_text(text, encoding="utf-8")
    print(f"wrote {target} ({len(text) // 1000} kB)")
    return 0
