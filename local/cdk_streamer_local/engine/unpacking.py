"""Unpacks an asset once for all workers; in the engine's process.

The engine unpacks a function's code and layers anew for every worker, and removes as many files
when it ends. Here an asset has one folder in the user's cache, found by its content, and a worker's
own folder links to what is in there. A function that writes beside its code, which Lambda does not
allow either, writes for all.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import threading
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

# Node looks for packages beside what a link points at, so its code is not shared.
_NODE = frozenset({"node_modules", "nodejs"})
_FORGOTTEN_SECONDS = 3 * 24 * 3600


def share_unpacked(runtime: Any, folder: Path) -> threading.Thread:  # noqa: ANN401 - a module of the engine
    """Have workers share what was unpacked in this folder; gives who removes what is old there."""
    folder.mkdir(parents=True, exist_ok=True)
    cleaner = threading.Thread(target=_forget, args=(folder,), name="unpacked", daemon=True)
    cleaner.start()
    lock = threading.Lock()

    def opened(path: str) -> SharedArchive:
        with lock:
            return SharedArchive(Path(path), folder)

    runtime.zipfile = SimpleNamespace(
        ZipFile=opened, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile
    )
    return cleaner


class SharedArchive:
    """What the engine does with a zip file, with one unpacked copy for all who open it."""

    def __init__(self, path: Path, folder: Path) -> None:
        """Unpack it, unless an equal one was; raises BadZipFile."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._unpacked = folder / digest
        try:
            os.utime(self._unpacked)
        except FileNotFoundError:
            _unpack(path, self._unpacked)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Keep nothing open."""

    def namelist(self) -> list[str]:
        """Give what lies at the top; unpacking left nothing outside."""
        return [place.name for place in self._unpacked.iterdir()]

    def extractall(self, folder: str) -> None:
        """Put links to everything into the folder, or copies of what cannot be linked to."""
        if not _NODE.isdisjoint(self.namelist()):
            shutil.copytree(self._unpacked, folder, dirs_exist_ok=True)
            return
        for place in self._unpacked.iterdir():
            Path(folder, place.name).symlink_to(place)


def _unpack(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        begun = Path(tempfile.mkdtemp(prefix="begun-", dir=folder.parent))
        archive.extractall(begun)
    try:
        begun.rename(folder)
    except OSError:  # another engine was faster
        shutil.rmtree(begun)


def _forget(folder: Path) -> None:
    """Remove what no worker was started from for long."""
    long_ago = time.time() - _FORGOTTEN_SECONDS
    for place in folder.iterdir():
        with contextlib.suppress(OSError):  # another engine removes it
            if place.stat().st_mtime < long_ago:
                shutil.rmtree(place)
