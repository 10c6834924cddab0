"""What is lost on purpose: posts that were accepted, and the word that a client has gone.

On AWS both happen, and nobody is told. They happen here when chaos asks for `lose`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from cdk_streamer_local.pollers.chaos import Chaos

POST = "post"
DISCONNECT = "$disconnect"


class Losses:
    """Decides for each post and each `$disconnect`, in their order; `tell` gets what was lost."""

    def __init__(self, chaos: Chaos, tell: Callable[[str], None]) -> None:
        self._chaos = chaos
        self._tell = tell
        self._posts = itertools.count()
        self._disconnects = itertools.count()

    def post(self, connection: str) -> bool:
        """Tell whether the next post is lost, after it was accepted."""
        lost = self._chaos.loses(POST, next(self._posts))
        if lost:
            self._tell(f"lose: a post to {connection}")
        return lost

    def disconnect(self, connection: str) -> bool:
        """Tell whether nobody hears that this connection has ended."""
        lost = self._chaos.loses(DISCONNECT, next(self._disconnects))
        if lost:
            self._tell(f"lose: the $disconnect of {connection}")
        return lost
