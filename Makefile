# The commands of this repository; `make` alone lists them. They set up .venv themselves, from the exact versions
# in locks/, and do so again only when a lock or pyproject.toml changed.

PYTHON ?= python3
VENV = .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet

# HOST is taken from the command line only: some shells export their own HOST, and `run` serves without
# authentication, so it must not end up on a network interface by accident.
HOST = 127.0.0.1
PORT ?= 8080
DATA =
REQUESTS = 1000000
RUNS = 100000
MINUTES = 10

LOCK_VENV = build/lock
UV_VERSION = 0.13.9
COMPILE = $(LOCK_VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(UPGRADE)

.PHONY: help run test test-data hapi check fix bench fuzz soak lock

help:
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F '|' '{ printf "%-15s %s\n", $$1, $$2 }'

# `exec`: a signal that make passes on reaches the service itself, not a shell in between.
run: $(VENV)/run.stamp ## start the service with demo patients at http://127.0.0.1:8080 (HOST=, PORT=)
	@CDS_AUTH=off CDS_DEMO=1 exec $(BIN)/cds-service serve --host "$(HOST)" --port "$(PORT)"

test: $(VENV)/dev.stamp ## run every test that needs no network beyond package registries
	@TEST_DATA="$(DATA)" $(BIN)/python -m pytest -n auto

test-data: $(VENV)/dev.stamp ## run the tests over a folder of public FHIR files (DATA=folder)
	@test -n "$(DATA)" || { echo "Name the folder of FHIR files: make test-data DATA=folder" >&2; exit 1; }
	@TEST_DATA="$(DATA)" $(BIN)/python -m pytest -n auto -m data -k "not table"
	@TEST_DATA="$(DATA)" $(BIN)/python -m pytest -m data -k table

hapi: $(VENV)/dev.stamp ## start a real FHIR server, HAPI FHIR, and print its base URLs (needs a JDK and Maven)
	@exec $(BIN)/python -m tests.live.hapi_server

check: $(VENV)/dev.stamp ## check format, lint, types and content, changing nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/cds-service check

fix: $(VENV)/dev.stamp ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/dev.stamp ## print the hook's cost beside its reference (with DATA=folder, that of reading, too)
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.fetching
	@if [ -n "$(DATA)" ]; then $(BIN)/python -m benchmarks.reading "$(DATA)"; fi

fuzz: $(VENV)/dev.stamp ## ask with very many broken requests and tokens (REQUESTS=1000000, RUNS=100000 each by atheris)
	@$(BIN)/python -m tests.fuzz --requests $(REQUESTS)
	@$(BIN)/python -m pytest tests/fuzz --hypothesis-profile=search
	@$(PIP) install --no-deps --require-hashes -r locks/fuzz.txt
	@$(BIN)/python -m tests.fuzz.guided body -runs=$(RUNS)
	@$(BIN)/python -m tests.fuzz.guided token -runs=$(RUNS)

soak: $(VENV)/dev.stamp ## ten minutes (MINUTES=) of mixed load with faults: does memory stay flat?
	@$(BIN)/python -m benchmarks.soak --minutes $(MINUTES)

lock: $(BIN)/python ## write locks/ anew after a change of dependencies (UPGRADE=--upgrade takes the newest)
	$(BIN)/python -m venv $(LOCK_VENV)
	$(LOCK_VENV)/bin/python -m pip --disable-pip-version-check --quiet install uv==$(UV_VERSION)
	$(COMPILE) --output-file locks/run.txt pyproject.toml
	$(COMPILE) --output-file locks/postgres.txt --constraints locks/run.txt --extra postgres pyproject.toml
	$(COMPILE) --output-file locks/dev.txt --constraints locks/run.txt --extra dev --extra bench --extra postgres pyproject.toml
	$(COMPILE) --output-file locks/fuzz.txt --constraints locks/dev.txt --extra fuzz pyproject.toml
	echo hatchling | $(COMPILE) --output-file locks/build.txt --constraints locks/dev.txt -
	echo healthchain | $(COMPILE) --output-file tests/clients/healthchain/requirements.txt -

$(BIN)/python:
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "Python 3.11 or newer is needed, and there is no $(PYTHON) here. Name yours: make PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, and $(PYTHON) is $$("$(PYTHON)" -V 2>&1). Name another: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV), once (about a minute)."
	@"$(PYTHON)" -m venv "$(VENV)" || { rm -rf "$(VENV)"; exit 1; }

# No build isolation: the build tool, too, is the locked one, and setting up again needs no network.
$(VENV)/run.stamp: $(BIN)/python locks/build.txt locks/run.txt pyproject.toml
	@$(PIP) install --require-hashes -r locks/build.txt -r locks/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp locks/dev.txt
	@$(PIP) install --require-hashes -r locks/dev.txt
	@touch $@
