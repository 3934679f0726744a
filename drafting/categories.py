"""The kinds of letter: read from the files of prompts/letters/ and of a company's own folder."""

import re
from pathlib import Path

from pydantic import ValidationError

import prompts
from drafting.skeleton import Skeleton, parse_skeleton
from guardrails.case import CaseError, explain
from guardrails.category import Category

SHIPPED = Path(prompts.__file__).parent / "letters"


def load_letters(*folders: Path) -> dict[str, tuple[Category, Skeleton]]:
    """Return each category with its skeleton, by its id (the file's name).

    A later folder's file replaces an earlier one of the same name; a folder that is not there is
    passed over. Raises CaseError with one line: file, field, remedy.
    """
    found: dict[str, tuple[Category, Skeleton]] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.md")):
            found[path.stem] = _read(path)
    return found


def load_categories(*folders: Path) -> dict[str, Category]:
    """Return the categories of the letter files in these folders (without any: the shipped ones), by id."""
    return {name: category for name, (category, _) in load_letters(*(folders or (SHIPPED,))).items()}


def _read(path: Path) -> tuple[Category, Skeleton]:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", path.stem):
        raise CaseError(f"{path}: name the file after the category: small letters, digits and `_`, such as late_delivery.md")
    try:
        page = prompts.page(path)
    except prompts.PromptError as error:
        raise CaseError(str(error)) from None
    try:
        category = Category.model_validate({"id": path.stem} | page.meta)
    except ValidationError as error:
        raise CaseError(f"{path}: {explain(error, Category)}") from None
    for need in category.needs:
        for key in need.fact.split("|"):
            detail = re.fullmatch(r"incident\.details\.(\w+)", key)
            if detail and detail[1] not in category.details:
                raise CaseError(f"{path}: `needs` names `{key}`, which is not declared under [details]")
    return category, parse_skeleton(category.subject, page.text, category.details, str(path))
