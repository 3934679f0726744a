"""The fifteen examples over real HTTP: through a scripted server, and through a small real model."""

import asyncio
import json
from pathlib import Path

import pytest
from server import FaultServer, letter

from drafting.compose import compose
from drafting.config import configuration
from drafting.pipeline import draft
from drafting.settings import Settings
from drafting.triage import triage
from drafting.writers import writer
from guardrails.case import load

pytestmark = pytest.mark.slow

SETUP = configuration()
EXAMPLES = sorted(path for path in Path("examples").iterdir() if path.suffix in {".toml", ".json", ".yaml"} and path.stem in SETUP.policy.categories)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_drafted_and_mended_over_http(path: Path, server: FaultServer) -> None:
    case = triage(load(path), SETUP.policy).case
    category = case.incident.category or "other"
    good = compose(case, SETUP.policy.categories[category], SETUP.skeletons[category], SETUP.policy)
    first = json.dumps({"subject": good.subject, "body": good.body.replace("\n\n", "\n\nThis will never happen again, [NAME].\n\n", 1)})
    second = json.dumps({"subject": good.subject, "body": good.body})
    endpoint = server.serve(letter(first), letter(second))
    settings = Settings.read({"AMENDS_HOME": "/nowhere", "OPENAI_BASE_URL": endpoint.url, "AMENDS_MODEL": "openai:scripted"})
    made = asyncio.run(draft(case, writer(settings, SETUP)(case), SETUP.policy, rules=SETUP.rules))
    assert not made.report.blocked
    assert [turn.report.blocked for turn in made.turns] == [True, False]
    assert made.model == "openai:scripted"
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_ends_in_a_letter_with_a_small_real_model(path: Path, model_url: str) -> None:
    """The model is far too small to write one: what comes is judged, and where nothing usable comes the template stands in."""
    case = triage(load(path), SETUP.policy).case
    environ = {"AMENDS_HOME": "/nowhere", "OPENAI_BASE_URL": model_url, "AMENDS_MODEL": "openai:smollm2,template"}
    limits = {"AMENDS_TEMPERATURE": "0", "AMENDS_MAX_OUTPUT_TOKENS": "48", "AMENDS_TIMEOUT": "120", "AMENDS_ATTEMPTS": "1"}
    made = asyncio.run(draft(case, writer(Settings.read(environ | limits), SETUP)(case), SETUP.policy, revisions=0))
    assert made.letter.body
    assert made.usage.output_tokens
    assert made.model in {"openai:smollm2", "template"}
    assert made.model == "openai:smollm2" or made.turns[0].fell_back[0].startswith("openai:smollm2: ")
