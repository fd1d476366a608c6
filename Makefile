PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help install test check format docs bench live clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

install:  ## a virtual environment with everything a contributor needs
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -e ".[test]"

test:  ## run the tests with coverage
	$(BIN)/pytest -n auto --cov

check:  ## style, types and import floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format:  ## mend the style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs:  ## run every example of the docs and the docstrings
	$(BIN)/pytest tests/test_docs.py

bench:  ## list the benchmarks and the commands that rewrite their tables
	$(BIN)/python -m benchmarks

live:  ## ask the real services every question, and report where they are not as documented
	$(BIN)/python -m benchmarks.live

clean:  ## remove what the other targets made
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis allentk-demo
