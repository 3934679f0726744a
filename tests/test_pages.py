import ast
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

UI = Path(__file__).parents[1] / "ui"
PAGES = [UI / "app.py", *sorted((UI / "views").glob("*.py"))]
DRAWS = {"markdown", "write", "caption", "title", "header", "subheader", "toast", "info", "success", "warning", "error", "metric", "write_stream"}
OURS = {"ref", "words", "len", "when", "_list"}
"""What may stand in a text that Streamlit reads as Markdown: our own words and numbers."""


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_page_lets_html_through(path: Path) -> None:
    for call in calls(path):
        assert not {keyword.arg for keyword in call.keywords} & {"unsafe_allow_html", "unsafe_allow_javascript"}
        if isinstance(call.func, ast.Attribute) and call.func.attr == "html" and isinstance(call.func.value, ast.Name) and call.func.value.id == "st":
            assert all(isinstance(argument, ast.Constant) for argument in call.args), f"{path.name}:{call.lineno}: st.html takes constants only"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_page_draws_foreign_words_as_markdown(path: Path) -> None:
    for call in calls(path):
        if not (isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.value.id == "st" and call.func.attr in DRAWS):
            continue
        for hole in (node for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.FormattedValue)):
            names = {node.attr for node in ast.walk(hole) if isinstance(node, ast.Attribute)}
            foreign = names & {"company", "subject", "body", "text", "quote", "reason", "impact", "summary", "cause", "failure", "message"}
            assert not foreign, f"{path.name}:{call.lineno}: {foreign} belongs in a component of ours, which knows text only"


def test_the_bundles_are_the_ones_that_were_built_from_the_sources() -> None:
    noted = (UI / "assets" / "sources.sha256").read_text().split()
    sources = b"".join(path.read_bytes() for path in sorted((UI / "frontend").glob("*.js*")) if path.name != "package-lock.json")
    assert noted == [hashlib.sha256(sources).hexdigest()], "run `make frontend` and commit ui/assets"


def test_the_command_does_not_load_the_pages() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import sys, ui.cli; print([name for name in ('streamlit', 'sqlalchemy', 'starlette') if name in sys.modules])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.strip() == "[]"
