# kuaidai: everything a newcomer or CI runs. Needs Python >= 3.11 and make; `make help` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.dev
RUNTIME := $(VENV)/.runtime
COMPILE := uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11
# Test processes at once; `make test PYTEST_JOBS=0` runs all in one. A file's tests stay together.
PYTEST_JOBS ?= logical
PYTEST := $(BIN)/pytest -q -n $(PYTEST_JOBS) --maxprocesses 8 --dist loadfile --no-loadscope-reorder
SOURCES := pyproject.toml scripts/setup.py $(wildcard src/kuaidai/interfaces/*/locale/*/LC_MESSAGES/*.po)

.DEFAULT_GOAL := help
.PHONY: help setup demo smoke check lint types layers unit test lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## Make the virtual environment with all that tests need

$(STAMP): requirements/dev.txt $(SOURCES)
	@$(PYTHON) scripts/setup.py $(VENV) dev
	@touch $(STAMP) $(RUNTIME)

$(RUNTIME): requirements/runtime.txt $(SOURCES)
	@$(PYTHON) scripts/setup.py $(VENV) runtime
	@touch $(RUNTIME)

demo: $(RUNTIME) ## Start the whole platform on a simulated bank and print the addresses and logins
	@$(BIN)/kuaidai demo

smoke: $(RUNTIME) ## Drive the whole journey over HTTP against fresh processes
	@$(BIN)/kuaidai demo --smoke --json

check: lint types layers unit ## Lint, types, layers and unit tests (under 2 minutes)

lint: $(STAMP)
	@$(BIN)/ruff check src tests scripts
	@$(BIN)/ruff format --check src tests scripts

types: $(STAMP)
	@$(BIN)/mypy

layers: $(STAMP)
	@$(BIN)/lint-imports

unit: $(STAMP)
	@$(PYTEST) -m "not django_db and not slow"

test: lint types layers ## Everything, browser tests included (under 15 minutes)
	@$(PYTHON) scripts/browser.py
	@$(PYTEST)

lock: ## Compile the lock files from pyproject.toml (needs uv)
	$(COMPILE) pyproject.toml --group dev -o requirements/dev.txt
	$(COMPILE) pyproject.toml --extra camt -c requirements/dev.txt -o requirements/runtime.txt

clean: ## Stop the embedded database and delete the environment and all local state
	-@$(BIN)/kuaidai db stop
	rm -rf $(VENV) var
