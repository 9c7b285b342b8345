# One word a target. Each does its own set-up: Python 3.11 or newer, make and git are enough.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON_FOUND := $(firstword $(foreach name,python3.13 python3.12 python3.11 python3 python,$(shell $(name) -c 'import sys; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))
PYTHON := .venv/bin/python
READY := .venv/.ready
PINS := --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 -q
# TRAINING=1, before or after the target: the training system.
export TRAINING
# Compiled code is kept, also where Python is told not to write it beside its source: dozens of processes of a run would compile it again.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(CURDIR)/.venv/bytecode
# How many processes share the tests: each waits for a third of its time.
WORKERS ?= 3
# Tests wait longer for the disk that stores commit to than they compute: where memory has room, their folders are there.
IN_MEMORY = { df -Pk /dev/shm && cat /proc/meminfo; } 2>/dev/null | awk '$$6 == "/dev/shm" { room = $$4 } \
  $$1 == "MemAvailable:" { free = $$2 } END { if (room > 4000000 && free > 8000000) print "/dev/shm" }'

.PHONY: help up up-cluster demo test engines-test faults deploy-test check bench bench-gateway plan pins reset token format protos schema catalogue

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

up: $(READY)  ## start everything in one process, with training data; Ctrl-C stops it (ONLY=directory,alerts: some parts)
	@exec $(PYTHON) -m deploy.embedded --only "$(ONLY)"

up-cluster: $(READY)  ## start real engines and each part as its own process (needs Java 21 and Maven)
	@exec $(PYTHON) -m deploy.cluster

demo: $(READY)  ## run the example exchange and print its transcript (GATEWAY_URL uses a running system)
	@exec $(PYTHON) -m deploy.demo

test: $(READY)  ## run every test
	@PYTEST_DEBUG_TEMPROOT="$$($(IN_MEMORY))" exec $(PYTHON) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

engines-test: $(READY)  ## run the engines' promises, the journeys and the faults on real servers (needs Java 21, Maven and apt)
	@REAL_ENGINES=1 exec $(PYTHON) -m pytest -p no:xdist --timeout 900 $(or $(ARGS),tests/engines tests/journeys tests/faults/real)

faults: $(READY)  ## repeat the faults on real servers more often and print what they cost (RUNS=50)
	@REAL_ENGINES=1 RUNS=$(or $(RUNS),50) exec $(PYTHON) -m pytest -p no:xdist -q tests/faults/real

deploy-test: $(READY)  ## lint and render the Helm chart, check the compose file (needs Go)
	@tools="$$($(PYTHON) -m deploy.tools)" && eval "$$tools" && exec $(PYTHON) -m pytest -q -p no:xdist tests/deploy/tools $(ARGS)

pins: $(READY)  ## pin the newest versions that work together, with hashes
	.venv/bin/uv pip compile $(PINS) pyproject.toml -o requirements/runtime.txt
	.venv/bin/uv pip compile $(PINS) pyproject.toml --extra cluster -o requirements/cluster.txt
	.venv/bin/uv pip compile $(PINS) pyproject.toml --extra cluster --group dev -o requirements/dev.txt
	$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["ctranslate2"], sep="\n")' \
	  | .venv/bin/uv pip compile $(PINS) - -c requirements/cluster.txt -o requirements/ctranslate2.txt

check: $(READY)  ## style, types, layer rules, catalogues, generated files
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	.venv/bin/lint-imports --no-logo 2>/dev/null || .venv/bin/lint-imports
	.venv/bin/buf lint
	$(PYTHON) -m chassis.catalogues check
	$(PYTHON) -m pytest -q -p no:xdist tests/contracts
	$(PYTHON) -m mypy

bench: $(READY)  ## measure exchanges, work lists, live streams and search, on embedded and real engines (needs Java 21 and Maven)
	$(PYTHON) -m bench.exchanges
	$(PYTHON) -m bench.worklists
	$(PYTHON) -m bench.streams
	$(PYTHON) -m bench.broadcast
	$(PYTHON) -m bench.search
	$(PYTHON) -m bench.repositories
	$(PYTHON) -m bench.detection
	$(PYTHON) -m bench.apertium

bench-gateway: $(READY)  ## measure what an operation takes of the gateway, with plans and without
	$(PYTHON) -m bench.gateway

plan: $(READY)  ## print the plan of an operation: make plan QUERY=operation.graphql
	@exec $(PYTHON) -m gateway.plan $(QUERY)

reset: $(if $(TRAINING),$(READY))  ## remove all data of `make up` (TRAINING=1: those of the training system)
	@$(if $(TRAINING),exec $(PYTHON) -m deploy.training reset,rm -rf "$${DATA_DIR:-.data}")

token: $(READY)  ## print a bearer token: make token USER=it-handler
	@$(if $(filter command,$(origin USER)),exec $(PYTHON) -m gateway.issue_token "$(USER)",echo "Say for whom: make token USER=it-handler" >&2; exit 2)

format: $(READY)  ## bring the code into shape
	$(PYTHON) -m ruff check --fix -q . || true
	$(PYTHON) -m ruff format .

protos: $(READY)  ## generate the code of protos/
	$(PYTHON) -m protos

schema: $(READY)  ## write gateway/schema.graphql
	$(PYTHON) -m gateway.schema

catalogue: $(READY)  ## bring the translations in line with their English sources, and check them
	$(PYTHON) -m chassis.catalogues update
	$(PYTHON) -m chassis.catalogues check

# Set-up writes to standard error, so that what a target prints is its own.
$(READY): requirements/dev.txt requirements/uv.txt
	@test -n "$(PYTHON_FOUND)" || { echo "Python 3.11 or newer is needed; none was found." >&2; exit 1; }
# Without Debian's package python3-venv, an environment is made and has no pip: it is made anew once the package is there.
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || $(PYTHON_FOUND) -m venv --clear .venv >&2
	@$(PYTHON) -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt >&2
	@.venv/bin/uv pip sync -q --python $(PYTHON) --require-hashes --allow-empty-requirements requirements/dev.txt requirements/uv.txt >&2
	@touch $@
