"""Places of subscribers: a map in the item that they hear of, with room for a few."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cdk_streamer_runtime.dynamodb import Names
from cdk_streamer_runtime.errors import TooManySubscribers
from cdk_streamer_runtime.sockets.posts import Posts

T = TypeVar("T")

TRIES = 3  # another subscriber may take the place that was found


def gone_names(gone: frozenset[str]) -> Names:
    """Name subscribers that are gone, for an expression."""
    return {f"#gone{index}": connection for index, connection in enumerate(sorted(gone))}


def forget(gone: frozenset[str], names: dict[str, str]) -> str:
    """Write the REMOVE clause for subscribers that are gone, and add its names."""
    if not gone:
        return ""
    places = gone_names(gone)
    names |= {"#subs": "subs", **places}
    return f" REMOVE {', '.join(f'#subs.{place}' for place in places)}"


def room(gone: frozenset[str]) -> str:
    """Write the condition that there is room, once those that are gone have left."""
    free = "size(#subs) < :most"
    if not gone:
        return free
    # All of them: a place that somebody else has taken meanwhile must not be counted again.
    leaving = " AND ".join(f"attribute_exists(#subs.{place})" for place in gone_names(gone))
    return f"{free} OR ({leaving})"


def with_room(subscribe: Callable[[frozenset[str]], T], posts: Posts, now: Callable[[], int]) -> T:
    """Subscribe in place of those who vanished without a word, if there is no other place.

    Who reports to all would find out who is gone; a silent one never does. Raises
    TooManySubscribers when nobody is gone.
    """
    gone: frozenset[str] = frozenset()
    for _ in range(TRIES):
        try:
            return subscribe(gone)
        except TooManySubscribers as full:
            gone = posts.gone(full.subscribers, now())
            if not gone:
                raise
    return subscribe(gone)
