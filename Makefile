# make run    the demo: service, embedded store, simulator and a sample day
# make test   everything that proves it     make check  the quick part: lint, types, what starts no process and no browser
# make machines  the guide to deploying followed on a bare Debian, and the image built and run: root, debootstrap, minutes
# make pictures  those of the console and of the phones in docs/pictures, taken anew in the system's Chromium
# make bench  figures beside what is wanted of them (docs/performance.md); wrk is needed
# make chaos  web, worker and store killed at random for 90 seconds, by one line and by a ladder: nothing lost, nothing twice
# make lock   the newest versions within pyproject's bounds, with hashes for every platform, into locks/
# make audit  known holes in what the locks name
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
LOCKED := $(PIP) --require-hashes --no-deps --no-build-isolation -r
OURS := $(PIP) --no-deps --no-build-isolation -e .
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade
UNREACHED := { echo "The packages could not be fetched. Is there a network, or an index that PIP_INDEX_URL names? Offline: fill a folder with 'pip download -r locks/run.txt -r locks/build.txt' elsewhere and set PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER."; exit 1; }

# Whatever the machine's own setting: what hundreds of processes import is compiled once.
test check: export PYTHONDONTWRITEBYTECODE =

.PHONY: run test check bench chaos machines pictures lock audit clean
.DELETE_ON_ERROR:

run: $(VENV)/installed
	@exec $(BIN)/notifier demo

check: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	HYPOTHESIS_PROFILE=few $(BIN)/python -m pytest -n auto -m "not process and not browser and not slow"

test: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto

bench: $(VENV)/installed-test
	$(BIN)/python -m bench

chaos: $(VENV)/installed-test
	$(BIN)/python tests/chaos.py
	$(BIN)/python tests/chaos.py --ladder

machines: $(VENV)/installed-test
	NOTIFIER_TEST_MACHINES=1 $(BIN)/python -m pytest tests/integration/test_deploy_page.py tests/integration/test_image_runs.py

pictures: $(VENV)/installed-test
	$(BIN)/python -m tools.pictures.console
	$(BIN)/python -m tools.pictures.film
	$(BIN)/python -m tools.pictures.phones
	$(BIN)/python -m tools.pictures.texts

lock: $(VENV)/bin/python
	@$(PIP) 'uv>=0.9'
	@mkdir -p locks
	$(COMPILE) --group build -o locks/build.txt
	$(COMPILE) pyproject.toml -o locks/run.txt
	$(COMPILE) pyproject.toml --extra tracing -c locks/run.txt -o locks/tracing.txt
	$(COMPILE) pyproject.toml --extra test --extra tracing -c locks/tracing.txt -o locks/test.txt

audit: $(VENV)/installed-test
	@$(PIP) 'pip-audit>=2.9'
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip -r locks/test.txt || \
		{ echo "make audit: see above. Where it says that a service cannot be reached, nothing was checked."; exit 1; }

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) tools/machine.py
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
	@$(BIN)/python -c 'import pip, sys; old = tuple(map(int, pip.__version__.split(".")[:2])) < (22, 3); sys.exit(f"pip {pip.__version__} is too old for the locks: {sys.executable} -m pip install --upgrade pip, then make again" if old else 0)'

$(VENV)/installed: pyproject.toml locks/build.txt locks/run.txt | $(VENV)/bin/python
	@echo "Installing the service into $(VENV) …"
	@$(LOCKED) locks/build.txt && $(LOCKED) locks/run.txt && $(OURS) || $(UNREACHED)
	@touch $@

$(VENV)/installed-test: pyproject.toml locks/build.txt locks/test.txt | $(VENV)/bin/python
	@echo "Installing the service and its test tools into $(VENV) …"
	@$(LOCKED) locks/build.txt && $(LOCKED) locks/test.txt && $(OURS) || $(UNREACHED)
	@touch $@ $(VENV)/installed
