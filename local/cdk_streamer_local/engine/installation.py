"""Environments of their own, made by uv once a user, from a lock, beside nothing of the app.

The engine pins what an app may need in another version, and what keeps durable executions pins
what the engine needs in another one. What Lambda's runtime brings lies in a folder of its own, so
that functions see that and nothing of the engine.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cdk_streamer_local.cache import cache_folder, exclusive
from cdk_streamer_local.errors import EngineUnavailable

_HERE = Path(__file__).parent
ENGINE_LOCK = _HERE / "requirements-engine.txt"
LAMBDA_LOCK = _HERE / "requirements-lambda.txt"
DURABLE_LOCK = _HERE / "requirements-durable.txt"

_NO_NETWORK = ("dns error", "connect", "network", "timed out", "offline", "resolve host")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """An interpreter that can run the engine, and the packages that functions find in Lambda."""

    python: Path
    lambda_packages: Path


def installed(on_install: Callable[[], None] = lambda: None) -> Installation:
    """Give the environment; makes it the first time, after a call of `on_install`.

    Raises EngineUnavailable in uv's words.
    """
    folder = cache_folder() / "engine" / _key(ENGINE_LOCK, LAMBDA_LOCK)
    installation = Installation(python=folder / "bin" / "python", lambda_packages=folder / "lambda")

    def install() -> None:
        _environment(folder, ENGINE_LOCK)
        _uv("pip", "install", "--require-hashes", "--python", str(installation.python),
            "--target", str(installation.lambda_packages),
            "--requirements", str(LAMBDA_LOCK))  # fmt: skip

    _once(folder, on_install, install)
    return installation


def durable_python(on_install: Callable[[], None] = lambda: None) -> Path:
    """Give the interpreter that can run the runner of durable executions, as `installed` does."""
    folder = cache_folder() / "durable" / _key(DURABLE_LOCK)
    _once(folder, on_install, lambda: _environment(folder, DURABLE_LOCK))
    return folder / "bin" / "python"


def _once(folder: Path, on_install: Callable[[], None], install: Callable[[], None]) -> None:
    complete = folder / ".complete"
    if complete.exists():
        return
    with exclusive(folder.parent):
        if not complete.exists():
            on_install()
            shutil.rmtree(folder, ignore_errors=True)  # what an interrupted installation left
            install()
            complete.touch()


def _key(*locks: Path) -> str:
    digest = hashlib.sha256(sys.version.encode() + str(Path(sys.base_prefix)).encode())
    for lock in locks:
        digest.update(lock.read_bytes())
    return digest.hexdigest()[:16]


def _environment(folder: Path, lock: Path) -> None:
    _uv("venv", "--python", sys.executable, str(folder))
    _uv("pip", "install", "--require-hashes", "--python", str(folder / "bin" / "python"),
        "--requirements", str(lock))  # fmt: skip


def _uv(*arguments: str) -> None:
    command = [_uv_binary(), *arguments, "--quiet"]
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(  # noqa: S603 - uv, with arguments of ours
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return
    said = done.stderr.strip()
    remedy = "see what uv says"
    if any(sign in said.lower() for sign in _NO_NETWORK):
        remedy = (
            "the first run needs a package index: connect to the network, or name a mirror with "
            "UV_INDEX_URL"
        )
    raise EngineUnavailable("the engine cannot be installed", remedy=remedy, detail=said)


def _uv_binary() -> str:
    try:
        from uv import find_uv_bin

        return find_uv_bin()
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
        if found is None:
            raise EngineUnavailable(
                "uv, which installs the engine, is missing",
                remedy=f"run: {sys.executable} -m pip install uv",
            ) from None
        return found
