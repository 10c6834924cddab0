"""What rules there are, as the runtime tells it: synthesis itself imports no code of the user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from cdk_streamer._code.assets import Asset, package_files
from cdk_streamer._code.requirements import Platform, Requirements

_PROGRAM = "cdk_streamer_runtime.streams.manifest"
_VERSION = 1
_SECONDS = 120
_REMEDY = "correct it, or pass grants= and event_types=, with which no rules are read"

# By what is in the folder and how it is asked, for all constructs of a process.
_KNOWN: dict[tuple[object, ...], Manifest] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a step does with a resource, and whose step it is; None: of whatever kind it is."""

    kind: str | None
    name: str
    actions: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Types:
    """Types of events, as far as they can be told without asking the user's code."""

    exact: tuple[str, ...] = ()
    wildcards: tuple[str, ...] = ()
    # Why these are not all.
    open: str | None = None


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The rules of a folder of handlers."""

    content: Mapping[str, Any]

    @classmethod
    def of(cls, folder: Path, entry_point: str, environment: Mapping[str, str]) -> Manifest:
        """Read it in another process; raises ValueError in the words of what failed there."""
        requirements = _requirements(folder)
        key = (_content_key(folder, requirements), entry_point, tuple(sorted(environment.items())))
        if key not in _KNOWN:
            _KNOWN[key] = cls(content=_ask(folder, entry_point, environment, requirements))
        return _KNOWN[key]

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """Give what all steps do with resources, and the app itself."""
        return tuple(self._uses())

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Give the kinds of rules that there are."""
        return frozenset(rule["kind"] for rule in self._rules)

    @cached_property
    def types(self) -> Types:
        """Give the types that rules take."""
        pipelines = list(self._pipelines())
        return Types(
            exact=_unique(pipelines, "types"),
            wildcards=_unique(pipelines, "wildcards"),
            open=next(self._open(), None),
        )

    @property
    def takes_its_own(self) -> bool:
        """Tell whether a rule takes events that this processor itself has published."""
        return any(pipeline.get("own") for _, pipeline in self._pipelines())

    @property
    def _rules(self) -> list[dict[str, Any]]:
        return self.content["rules"]

    def _pipelines(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for rule in self._rules:
            for pipeline in rule["pipelines"]:
                yield rule["id"], pipeline

    def _uses(self) -> Iterator[Use]:
        for use in self.content.get("uses", []):
            yield _use(use, "the app")
        for rule, pipeline in self._pipelines():
            for use in pipeline["uses"]:
                yield _use(use, f"rule {rule!r}")

    def _open(self) -> Iterator[str]:
        if self.content.get("codec"):
            yield "the app has a decode= of its own"
        for rule, pipeline in self._pipelines():
            if pipeline.get("any"):
                yield f"rule {rule!r} takes any type"
            if pipeline.get("patterns") or pipeline.get("predicates"):
                yield f"rule {rule!r} takes types by an expression or a function"


def _use(use: dict[str, Any], by: str) -> Use:
    return Use(kind=use["kind"], name=use["name"], actions=tuple(use["actions"]), by=by)


def _unique(pipelines: list[tuple[str, dict[str, Any]]], member: str) -> tuple[str, ...]:
    return tuple(sorted({name for _, pipeline in pipelines for name in pipeline.get(member, [])}))


def _requirements(folder: Path) -> Requirements | None:
    file = folder / "requirements.txt"
    # The rules are read here, whatever Lambda has.
    return Requirements(file=file, platform=Platform.host()) if file.is_file() else None


def _content_key(folder: Path, requirements: Requirements | None) -> tuple[str, ...]:
    handlers = Asset(source=folder, files=package_files(folder), requirements=requirements)
    return (str(folder), handlers.content_hash)


def _ask(
    folder: Path,
    entry_point: str,
    environment: Mapping[str, str],
    requirements: Requirements | None,
) -> Mapping[str, Any]:
    paths = [str(requirements.resolve())] if requirements else []
    inherited = os.environ.get("PYTHONPATH")
    variables = {
        **os.environ,
        **environment,
        "PYTHONPATH": os.pathsep.join([*paths, *([inherited] if inherited else [])]),
        "PYTHONHASHSEED": "0",
    }
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, and no shell
            [sys.executable, "-m", _PROGRAM, str(folder), "--entry-point", entry_point],
            cwd=folder.parent, env=variables, timeout=_SECONDS,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ValueError(
            f"reading the rules of {entry_point!r} takes more than {_SECONDS} seconds; let its "
            "import begin no work, or pass grants= and event_types="
        ) from None
    if done.returncode != 0:
        raise ValueError(
            f"cannot read the rules of {entry_point!r} in {str(folder)!r}; {_REMEDY}. "
            f"Python says:\n{done.stderr.strip()}"
        )
    return _checked(done.stdout, entry_point)


def _checked(text: str, entry_point: str) -> Mapping[str, Any]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError:
        content = None
    if not isinstance(content, dict) or cast("Any", content).get("version") != _VERSION:
        raise ValueError(
            f"the rules of {entry_point!r} are told as {text[:80]!r}, which is no manifest of "
            f"version {_VERSION}; let an import of handlers write nothing to stdout, or use a "
            "cdk_streamer_runtime of the same version"
        )
    return cast("Mapping[str, Any]", content)
