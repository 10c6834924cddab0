"""What contestants need and the repository has not: npm packages, wheels, the records."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
WHEELS = ("aws-lambda-powertools==3.37.0", "orjson==3.13.0")


def cache_folder() -> Path:
    """Give the folder, outside of the repository."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "cdk-streamer" / "benchmarks"


def peer_program(folder: Path) -> Path | str:
    """Give the peer's program, installed; or a text that says what is missing for it."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        return "the peer is left out: it needs node and npm on the PATH"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "peer.js"):
        shutil.copyfile(HERE / name, folder / name)
    if not (folder / "node_modules" / "aws-lambda-stream").exists():
        install = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]
        done = subprocess.run(install, cwd=folder, check=False)  # noqa: S603 - our own command
        if done.returncode != 0:
            return f"the peer is left out: npm install gave {done.returncode}"
    return folder / "peer.js"


def wheels(folder: Path) -> Path | str:
    """Give the folder of Powertools and orjson; or a text that says why there is none."""
    target = folder / "python"
    if not (target / "aws_lambda_powertools").exists():
        install = ["uv", "pip", "install", "--quiet", "--python", sys.executable]
        done = subprocess.run(  # noqa: S603 - our own command
            [*install, "--target", str(target), *WHEELS], check=False
        )
        if done.returncode != 0:
            return f"Powertools and orjson are left out: uv pip install gave {done.returncode}"
    return target
