"""What a panel is: a noun that can be looked at, one of which can be opened, and acted on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from cdk_streamer_local.console.running import Running

Query = Mapping[str, str]
Body = Mapping[str, Any]


class Unknown(Exception):
    """What was asked for is not there, or no longer."""


class Refused(Exception):
    """What was asked for cannot be done; the message says why and what to do instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What the navigation says beside a view: so many of what somebody should look at."""

    number: int
    words: str


class Panel(ABC):
    """One noun. What the methods give is written as JSON: dataclasses, mappings, times and such.

    They are called on any thread, `read` never twice at once.
    """

    name: ClassVar[str]
    seconds: ClassVar[float] = 1.0  # between two looks, while somebody watches

    @abstractmethod
    def read(self, running: Running) -> object:
        """Give all that the page shows of it at a glance; sent whenever it changed."""

    def is_of(self, running: Running) -> bool:
        """Tell whether the app has anything of it; else the navigation leaves it out. Cheap."""
        del running
        return True

    def alert(self, running: Running) -> Alert | None:
        """Give what calls for somebody, if anything does.

        Asked every two seconds, maybe beside `read`, so it must be cheap.
        """
        del running
        return None

    def item(self, running: Running, id: str, query: Query) -> object:
        """Give one of them in detail; raises Unknown."""
        del running, query
        raise Unknown(f"{self.name} has no details, got {id!r}")

    def act(self, running: Running, verb: str, body: Body) -> object:
        """Do something, and give what the page is to say about it; raises Refused."""
        del running, body
        raise Unknown(f"{self.name} cannot {verb!r}")

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Give back connections and the like: the console ends."""
