# make demo    makes a video of PROMPT with the shipped model and prints where it is
# make test    runs the tests (ARGS="tests/flow -k euler" narrows them)
# make check   what a change must pass: lint, types, test
#
# Each target makes its own .venv first; the stamps in it make the second run start at once.
# TORCH and Python can be chosen: make demo TORCH="torch==2.13.0" PYTHON=python3.12

PROMPT ?= A fluffy blue creature hops to the left through an enchanted forest at night
OUT    ?= out/demo.mp4
ARGS   ?=
TORCH  ?= torch==2.13.0
VENV   ?= .venv
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Waiting threads that spin take the core that the working one needs; on two cores that costs more than they gain.
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: demo test lint types check format docs clean

demo: $(VENV)/.ready
	@mkdir -p "$(dir $(OUT))"
	$(BIN)/kinora generate "$(PROMPT)" -o "$(OUT)"

test: $(VENV)/.ready-dev
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready-dev
	$(BIN)/mypy

check: lint types test

format: $(VENV)/.ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.ready-dev
	$(BIN)/python scripts/cli_reference.py
	$(BIN)/python scripts/models_page.py

clean:
	rm -rf $(VENV) out .pytest_cache .mypy_cache .ruff_cache

# torch comes first and alone: its pin must win over what any other package would accept.
$(VENV)/.torch:
	@test -n "$(PYTHON)" || { echo "Kinora needs Python 3.11 or newer: install it, or name it with make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) "$(TORCH)"
	@touch $@

$(VENV)/.ready: $(VENV)/.torch pyproject.toml
	$(PIP) --editable .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.torch pyproject.toml
	$(PIP) --editable ".[dev]"
	@touch $@ $(VENV)/.ready
