# Everything a person or a machine does here. Needs nothing but make and Python 3.11 or newer.

PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$name >/dev/null 2>&1 && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$name; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?= -n auto --dist loadfile
BENCH ?=

.PHONY: help demo test check bench clean

help:
	@echo "make demo    install and send the example newsletter to a folder of letters, offline"
	@echo "make test    install and run every check and test (SQLite and PostgreSQL)"
	@echo "make check   formatting, types, floors: the quick checks alone"
	@echo "make bench   the benchmark tables of docs/performance.md (BENCH=--quick for a short look)"

demo: $(VENV)/user.stamp
	@$(BIN)/touchbase demo

test: $(VENV)/developer.stamp check
	$(BIN)/python -m pytest -q $(PYTEST_ARGS)

check: $(VENV)/developer.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/developer.stamp
	$(BIN)/python -m benchmarks $(BENCH)

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Touchbase needs Python 3.11 or newer: install it, or say make PYTHON=/path/to/python"; exit 1; }
	@echo "Making $(VENV) with $(PYTHON) (a minute, the first time)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/user.stamp: $(BIN)/python pyproject.toml constraints.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/developer.stamp: $(BIN)/python pyproject.toml constraints.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check -U -c constraints.txt pip
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[postgres]' --group dev
	@touch $@ $(VENV)/user.stamp
