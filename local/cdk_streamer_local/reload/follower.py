"""Follows the edits of one app, from deployment to deployment."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from cdk_streamer_local.cloud.assembly import Asset
from cdk_streamer_local.reload.sources import Source, find_sources
from cdk_streamer_local.reload.watch import Edit, Watch


class Follower:
    """Sees what was edited since it was made."""

    def __init__(self, folder: Path) -> None:
        self.sources: Sequence[Source] = ()
        self._folder = folder
        self._watch = Watch(folder, ())
        self._code: Sequence[Asset] | None = None

    def expect(self, code: Sequence[Asset]) -> None:
        """Follow the sources of these assets from now on."""
        self._code = code

    def next(self, stop: threading.Event) -> Edit | None:
        """Wait for an edit that is complete, or for the end: then give None."""
        # Not at once: it takes long, and nobody who has just deployed should wait for it.
        if self._code is not None:
            self.sources = find_sources(self._code, self._folder)
            self._watch = Watch(self._folder, self.sources, self._watch)
            self._code = None
        return self._watch.next(stop)
