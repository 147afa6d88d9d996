# make run    environment, install, the reference scenario: prints the scorecard, writes results/runs/all_plans/
# make test   environment, install with the test tools, style checks, tests
# Needs Python 3.11 or newer and make; another interpreter: make run PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test
.DELETE_ON_ERROR:

run: $(VENV)/.installed
	$(BIN)/huangpu run scenarios/all_plans.yaml

test: $(VENV)/.installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python -m pytest -q -n auto

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Huangpu needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.12" or 0)'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	@touch $(VENV)/.installed $@
