# Two commands for everybody: `make demo` and `make test`. Each sets up what it needs.
VENV ?= .venv
PYTHON ?= python3
BIN = $(VENV)/bin

.PHONY: demo test lint types setup system bench

demo: setup system
	@$(BIN)/python examples/demo.py

test: setup system
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

bench: setup system
	$(BIN)/python benchmarks/graph.py
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/hub.py
	$(BIN)/python benchmarks/judging.py
	$(BIN)/python benchmarks/planning.py
	$(BIN)/python benchmarks/serving.py

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	@sh scripts/setup.sh "$(PYTHON)" "$(VENV)"
	@touch $@

system:
	@sh scripts/system.sh
