"""Bugs as patches of the real code. The simulation is worth what it finds of them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

ROOT = Path(__file__).parents[3]
SEEDS = 1_000  # within so many each bug has to be found
REQUESTS = "tests.runtime.simulation"
PACKAGES = {
    "cdk_streamer_runtime": ROOT / "runtime",
    "cdk_streamer_client": ROOT / "clients" / "python",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """In `file`, `before` is replaced by `after`. It must occur exactly once."""

    file: str
    package: str = "cdk_streamer_runtime"
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant(Edit):
    """One bug: an edit, or two."""

    name: str
    also: Edit | None = None


def patched(mutant: Mutant, folder: Path) -> list[Path]:
    """Put the packages into `folder` with the bug in them, and give their sys.path roots."""
    for package, root in PACKAGES.items():
        (folder / package).symlink_to(root / package)
    for edit in (mutant, mutant.also) if mutant.also else (mutant,):
        source = folder / edit.package / edit.file
        text = source.read_text()
        if text.count(edit.before) != 1:
            raise ValueError(
                f"mutant {mutant.name!r} must match once in {edit.file}, "
                f"got {text.count(edit.before)} times; write it for the code as it is now"
            )
        # Only what leads to the file is ours; links cost a twentieth of a copy.
        for place in reversed(source.relative_to(folder).parents[:-1]):
            _detach(folder / place)
        _detach(source.parent / "__pycache__")
        source.unlink()
        source.write_text(text.replace(edit.before, edit.after))
        Path(cache_from_source(str(source))).unlink(missing_ok=True)
    return [folder, ROOT]


def _detach(place: Path) -> None:
    """Make a folder of links from a link to a folder."""
    if not place.is_symlink():
        return
    origin = place.resolve()
    place.unlink()
    place.mkdir()
    for entry in origin.iterdir():
        (place / entry.name).symlink_to(entry)


def seed_that_finds(
    mutant: Mutant, folder: Path, seeds: int, guess: int = 0, *, module: str = REQUESTS
) -> int | None:
    """Give a seed whose verdict shows the bug, the guess if it does; None when no seed does."""
    search = os.pathsep.join(str(path) for path in patched(mutant, folder))
    for first, count in ((guess, 1), (0, seeds)):
        run = subprocess.run(
            [
                *(sys.executable, "-m", module, "--until-found"),
                *("--first", str(first), "--seeds", str(count)),
            ],
            env={**os.environ, "PYTHONPATH": search},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode not in {0, 1}:
            raise RuntimeError(f"the simulation itself failed:\n{run.stderr}")
        found = [line for line in run.stdout.splitlines() if line.startswith("seed ")]
        if run.returncode and not found:
            raise RuntimeError(f"the simulation itself broke:\n{run.stderr}")
        if found:
            return int(found[0].split()[1])
    return None
