"""What was seen of a run: who came, what was stored, and how the circuit stood."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from examples.receipts.database.server import Row, Server

EVERY, SELDOM = 0.25, 1.0  # seconds: the database is asked often, the circuit is not
CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one look saw, at a moment in seconds since 1970."""

    at: float
    connections: int
    refusals: int  # since the server is there
    circuit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """When the database was stopped."""

    begin: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A run from its request to its last receipt."""

    began: float
    ended: float
    samples: Sequence[Sample]
    rows: Sequence[Row]
    outage: Outage | None = None

    @property
    def refusals(self) -> int:
        """How many connections were refused."""
        return self.samples[-1].refusals - self.samples[0].refusals if self.samples else 0

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began

    @property
    def arrivals(self) -> list[float]:
        """When each receipt was sent, in order."""
        return sorted(row.sent_at.timestamp() for row in self.rows)

    @property
    def deliveries(self) -> list[float]:
        """When each receipt was stored, in order."""
        return sorted(row.stored_at.timestamp() for row in self.rows)


class Watch:
    """Looks at a database now and then, from `with` to its end."""

    def __init__(self, server: Server, circuit: Callable[[], str] = lambda: CLOSED) -> None:
        self._server = server
        self._circuit = circuit
        self._samples: list[Sample] = []
        self._began = time.time()
        self._ended = threading.Event()
        self._state = CLOSED
        self._threads = [
            threading.Thread(target=self._repeat, args=[what, seconds], daemon=True)
            for what, seconds in ((self._look, EVERY), (self._ask, SELDOM))
        ]

    def __enter__(self) -> Self:
        """Begin."""
        self._began = time.time()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def record(self, outage: Outage | None = None) -> Record:
        """Give what was seen so far, with what is stored now."""
        return Record(
            began=self._began,
            ended=time.time(),
            samples=tuple(self._samples),
            rows=self._server.rows(),
            outage=outage,
        )

    def _repeat(self, what: Callable[[], None], seconds: float) -> None:
        while True:
            what()
            if self._ended.wait(seconds):
                return

    def _ask(self) -> None:
        self._state = self._circuit()

    def _look(self) -> None:
        try:
            connections = self._server.connections()
        except OSError:
            connections = 0
        sample = Sample(
            at=time.time(),
            connections=connections,
            refusals=self._server.refusals,
            circuit=self._state,
        )
        self._samples.append(sample)
