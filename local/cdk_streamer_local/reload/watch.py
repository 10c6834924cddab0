"""Sees what was edited, by looking: a few hundred files take some milliseconds."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from cdk_streamer_local.reload.sources import Source, walk

# What changes the template, besides Python: `requirements*` decides what lies in assets.
_APP_FILES = frozenset({"cdk.json", "cdk.context.json"})
_LOOK_SECONDS = 0.2

Snapshot: TypeAlias = Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Files that were changed, added or removed together."""

    files: frozenset[Path]
    sources: tuple[Source, ...]  # in which some of them lie
    needs_synthesis: bool


class Watch:
    """Looks at an app's folder and at the folders that its code came from.

    `since` is the watch before this one: what was edited between them is an edit of this one.
    """

    def __init__(
        self, app_folder: Path, sources: Iterable[Source], since: Watch | None = None
    ) -> None:
        self._app_folder = app_folder
        self._sources = tuple(sources)
        # Several assets may come from one folder, which is looked at once.
        self._folders = {(each.folder, each.place): each for each in self._sources}.values()
        known: Snapshot = since.seen if since else {}
        self.seen: Snapshot = {path: known.get(path, state) for path, state in self._look().items()}

    def next(self, stop: threading.Event) -> Edit | None:
        """Wait for an edit that is complete, or for the end: then give None."""
        while not stop.wait(_LOOK_SECONDS):
            now = self._look()
            if now == self.seen:
                continue
            # An editor may still be writing, and a checkout changes many files.
            while not stop.wait(_LOOK_SECONDS / 2) and (later := self._look()) != now:
                now = later
            files = {Path(path) for path, _ in self.seen.items() ^ now.items()}
            self.seen = now
            return self._edit(files)
        return None

    def _edit(self, files: set[Path]) -> Edit:
        sources = tuple(
            source
            for source in self._sources
            if any(path.is_relative_to(source.folder) for path in files)
        )
        return Edit(
            files=frozenset(files),
            sources=sources,
            needs_synthesis=any(self._decides_template(path) for path in files),
        )

    def _decides_template(self, path: Path) -> bool:
        return _is_of_app(path.name) and (
            path.suffix != ".py"
            or not any(path.is_relative_to(source.folder) for source in self._sources)
        )

    def _look(self) -> Snapshot:
        seen: dict[str, tuple[int, int]] = {}
        for entry in walk(self._app_folder):
            if _is_of_app(entry.name):
                _note(entry, seen)
        for source in self._folders:
            if source.folder.is_dir():
                for entry in source.entries():
                    _note(entry, seen)
        return seen


def _is_of_app(name: str) -> bool:
    return name.endswith(".py") or name in _APP_FILES or name.startswith("requirements")


def _note(entry: os.DirEntry[str], seen: dict[str, tuple[int, int]]) -> None:
    try:
        state = entry.stat()
    except FileNotFoundError:  # gone since it was listed
        return
    seen[entry.path] = (state.st_mtime_ns, state.st_size)
