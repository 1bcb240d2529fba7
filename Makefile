# What one does with robosim. Every target works alone on a fresh clone: the first that needs it makes .venv.
#   make demo PYTHON=python3.12           another interpreter
#   make demo PYTHON=python3.10 PINS=     the newest packages that pyproject.toml admits, not the pinned ones
#   make test TESTS=tests/test_layers.py  some of the tests

VENV   ?= .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PINS   ?= -c constraints.txt
TESTS  ?= tests

BIN   := $(VENV)/bin
READY := $(VENV)/.installed
CODE  := robosim envs agents configs scripts

.DEFAULT_GOAL := help
.PHONY: help demo test test-all check lint format typing build pins clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

demo: $(READY) ## train a robot for two minutes, judge it, film it
	$(BIN)/robosim demo

test: $(READY) ## all tests but the slow ones
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow" $(TESTS)

test-all: $(READY) ## all tests
	$(BIN)/python -m pytest -n auto --dist worksteal --timeout 1800 $(TESTS)

check: lint ## ruff, format, mypy, layers and the fast tests
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow and not medium" $(TESTS)

lint: typing ## ruff, format and mypy alone
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(READY) ## put the code in order
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

# In a checkout robosim.envs lies at envs/. Type checkers do not run robosim/__init__.py, so they get links.
typing: $(READY) ## lay the links through which type checkers see robosim.envs and its neighbours
	@rm -rf build/typing && mkdir -p build/typing/robosim
	@ln -s $(addprefix ../../../,$(filter-out %__pycache__ robosim,$(wildcard robosim/*) $(CODE))) build/typing/robosim/

build: $(READY) ## source archive and wheel, into dist/
	$(BIN)/python -m build --no-isolation

pins: ## write constraints.txt anew: the newest versions that pyproject.toml admits
	rm -rf build/pins
	$(PYTHON) -m venv build/pins
	build/pins/bin/python -m pip install --quiet --upgrade -e '.[dev]'
	{ sed '/^[^#]/d' constraints.txt; build/pins/bin/python -m pip freeze --all --exclude pip --exclude-editable \
	    | sed 's/+[a-z0-9.]*$$//' | LC_ALL=C sort -f; } > build/constraints.txt
	mv build/constraints.txt constraints.txt
	rm -rf build/pins

clean: ## remove what can be made again (not runs/, not .venv)
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache
	find $(CODE) tests -name __pycache__ -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check $(PINS) -e '.[dev]'
	@touch $@
