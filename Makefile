# Each target sets up what it needs: a virtual environment in .venv, filled from the package registry.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# The tests start hundreds of interpreters: without byte code each would compile the package anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo demo-ari demo-board test test-all check bench bench-real attack faults picture clean

demo: $(VENV)/.run
	$(BIN)/streamer demo

# The same call, tapped over ARI on a stand-in Asterisk.
demo-ari: $(VENV)/.run
	$(BIN)/python -m tools.demo_ari

# Ten calls over AudioSocket on the board, with alerts; it ends by itself.
demo-board: $(VENV)/.run
	$(BIN)/python -m tools.demo_board

# The long files are of few tests and come first by name; xdist would put them last, where one worker alone is left with them.
test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

# Also what is left out while it has not changed.
test-all: $(VENV)/.dev
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder --trainer

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m tools.bench

# Stock weights and human voices, fetched into the user's cache; what has been measured is not measured again.
bench-real: $(VENV)/.dev
	$(BIN)/python -m tools.bench real

attack: $(VENV)/.dev
	$(BIN)/python -m tools.attack

faults: $(VENV)/.dev
	$(BIN)/python -m tools.faults

picture: $(VENV)/.dev
	$(BIN)/python -m tools.picture

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("streamer needs Python 3.11 or newer: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q -e .
	touch $@

# Dependency groups need pip 25.1.
$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install -q -e . --group dev
	touch $@ $(VENV)/.run
