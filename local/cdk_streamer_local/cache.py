"""The user's folder for what need not be made again."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path

CACHE_VARIABLE = "CDK_STREAMER_CACHE"


def cache_folder() -> Path:
    """Give the folder, the same one that synthesis uses; CDK_STREAMER_CACHE names another."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "cdk-streamer")


@contextlib.contextmanager
def exclusive(folder: Path) -> Generator[None]:
    """Let one process at a time fill the folder; others wait and find it filled."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
