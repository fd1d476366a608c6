PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help install test check format docs bench bench-quick release live clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

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

docs: $(BIN)/sphinx-build  ## build the site into docs/_build/html, offline once Sphinx is there; a warning is an error
	$(BIN)/sphinx-build -W --keep-going -j auto -b html docs docs/_build/html

$(BIN)/sphinx-build:
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -e ".[docs]"

bench:  ## run every comparison with other programs and write the one table (hours; ALLENTK_SHARED names real data)
	$(BIN)/python -m benchmarks --all

bench-quick:  ## short forms of some of them, in a few minutes, into a new folder
	$(BIN)/python -m benchmarks --quick

release:  ## build wheel and sdist, look into them, run the demo from the wheel elsewhere
	$(BIN)/python -m tests.release

live:  ## ask the real services every question, and report where they are not as documented
	$(BIN)/python -m benchmarks.live

clean:  ## remove what the other targets made
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis allentk-demo
