# make run    environment, install, the reference scenario: prints the scorecard, writes results/runs/all_plans/
# make test   environment, install with the test tools, style checks, tests
# make bench  environment, install with the peers, measure speed: ten minutes, writes bench/README.md
#             make bench BENCH="--quick" for a minute; other options: .venv/bin/huangpu bench --help
# Needs Python 3.11 or newer and make; another interpreter: make run PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test bench
.DELETE_ON_ERROR:

run: $(VENV)/.installed
	$(BIN)/huangpu run scenarios/all_plans.yaml

test: $(VENV)/.installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python -m pytest -q -n auto

bench: $(VENV)/.installed-bench
	$(BIN)/huangpu bench $(BENCH)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Huangpu needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.12" or 0)'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	@touch $(VENV)/.installed $@

$(VENV)/.installed-bench: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[bench]"
	@touch $(VENV)/.installed $@
