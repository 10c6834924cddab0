"""Finds the folders from which staged code came: equal files at equal places.

A template and its assembly name no folder of this machine, and must not. But right after a
synthesis an asset's files are copies of some folder's, so that folder is the one that has them.
"""

from __future__ import annotations

import filecmp
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cdk_streamer_local.cloud.archives import files_of
from cdk_streamer_local.cloud.assembly import Asset

_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "cdk.out"})
_PROJECT_MARKS = (".git", "pyproject.toml", "setup.py")

Files = Mapping[PurePosixPath, Path]
_Index = defaultdict[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a folder of an asset came from, or the files beside its folders if `place` is "."."""

    asset: Asset
    folder: Path
    place: PurePosixPath

    def owns(self, place: PurePosixPath) -> bool:
        """Tell whether this file of the asset came from the folder."""
        return _top(place) == self.place

    def entries(self) -> Iterator[os.DirEntry[str]]:
        """Give what lies in the folder now."""
        if self.place.parts:
            return walk(self.folder)
        return (entry for entry in _shown(self.folder) if not entry.is_dir())

    def files(self) -> dict[PurePosixPath, Path]:
        """Give the same by the place that staging would give it."""
        begin = len(str(self.folder)) + 1
        return {self.place / entry.path[begin:]: Path(entry.path) for entry in self.entries()}


def project_of(folder: Path) -> Path:
    """Give the project's root: code may lie beside the app's folder instead of below it."""
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in _PROJECT_MARKS):
            return candidate
    return folder


def find_sources(assets: Iterable[Asset], app_folder: Path) -> list[Source]:
    """Give the sources of all assets that are folders."""
    index: _Index = defaultdict(list)
    for entry in walk(project_of(app_folder)):
        if entry.name.endswith(".py") and entry.stat().st_size:
            index[entry.name].append(entry.path)
    return [
        source
        for asset in assets
        if asset.is_folder
        for source in _sources(asset, files_of(asset.path), index, app_folder)
    ]


def walk(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """Give the files of a folder, without what is hidden, installed or made."""
    for entry in _shown(folder):
        if not entry.is_dir():
            yield entry
        elif not os.path.exists(f"{entry.path}/pyvenv.cfg"):  # noqa: PTH110 - thousands a second
            yield from walk(entry.path)


def _shown(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not (
                entry.name.startswith(".") or entry.name in _SKIPPED or entry.name.endswith(".pyc")
            ):
                yield entry


def overlaid(asset: Asset, sources: Iterable[Source]) -> dict[PurePosixPath, Path]:
    """Give the asset's files as they would be staged now."""
    sources = list(sources)
    staged = files_of(asset.path)
    kinds = {place.suffix for place in staged}
    files = {
        place: path
        for place, path in staged.items()
        if not any(source.owns(place) for source in sources)
    }
    for source in sources:
        # Whatever kept a file out of the asset keeps out new ones of a kind it has none of.
        files |= {
            place: path
            for place, path in source.files().items()
            if place in staged or place.suffix in kinds
        }
    return files


def _sources(
    asset: Asset, staged: Files, index: Mapping[str, list[str]], app_folder: Path
) -> Iterator[Source]:
    for top in sorted({_top(place) for place in staged}):
        roots = Counter[Path]()
        for place, path in staged.items():
            if _top(place) == top:
                roots.update(_roots(place, path, index))
        if roots:
            # Most equal files, then nearest to the app.
            root = max(roots, key=lambda root: (roots[root], -_distance(root, app_folder)))
            yield Source(asset=asset, folder=root / top, place=top)


def _top(place: PurePosixPath) -> PurePosixPath:
    """Give the folder at the asset's top that holds the file, "." for files beside them."""
    return PurePosixPath(place.parts[0]) if len(place.parts) > 1 else PurePosixPath()


def _roots(place: PurePosixPath, path: Path, index: Mapping[str, list[str]]) -> Iterator[Path]:
    end = f"/{place}"
    for candidate in index.get(place.name, ()):
        # Most differ in size, which is told without reading.
        if candidate.endswith(end) and filecmp.cmp(candidate, path, shallow=False):
            yield Path(candidate[: -len(end)])


def _distance(one: Path, other: Path) -> int:
    shared = len(Path(os.path.commonpath([one, other])).parts)
    return len(one.parts) + len(other.parts) - 2 * shared
