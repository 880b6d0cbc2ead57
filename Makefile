# make run   the demo: service, embedded Redis, simulator and a sample day    make test  everything that proves it
# make pictures  those of the console and of the phones in docs/pictures, taken anew in the system's Chromium
# make bench figures beside what is wanted of them (docs/performance.md); wrk is needed
# make chaos web, worker and Redis killed at random for 90 seconds: nothing lost, nothing twice
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test bench chaos pictures clean
.DELETE_ON_ERROR:

run: $(VENV)/installed
	@exec $(BIN)/notifier demo

test: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

bench: $(VENV)/installed-test
	$(BIN)/python -m bench

chaos: $(VENV)/installed-test
	$(BIN)/python -m bench.chaos

pictures: $(VENV)/installed-test
	$(BIN)/python -m bench.pictures
	$(BIN)/python -m bench.phones

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "This needs CPython 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "No virtual environment could be made. On Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	@echo "Installing the service into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/installed-test: pyproject.toml | $(VENV)/bin/python
	@echo "Installing the service and its test tools into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@ $(VENV)/installed
