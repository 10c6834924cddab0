"""API Gateway's side of the sockets: posts arrive later, out of order, or never."""

from __future__ import annotations

from collections.abc import Callable

from cdk_streamer_runtime.memory import MemoryConnections
from tests.runtime.simulation.faults import Faults
from tests.runtime.simulation.scheduler import Group, Scheduler


class Sockets(MemoryConnections):
    """Connections whose other end is a simulated client."""

    def __init__(self, scheduler: Scheduler, faults: Faults) -> None:
        super().__init__()
        self._scheduler = scheduler
        self.faults = faults
        self._receivers: dict[str, Callable[[str], None]] = {}
        self._network = Group("network")

    def attach(self, connection: str, receive: Callable[[str], None]) -> None:
        """Open a connection and say who hears what is posted to it."""
        self._receivers[connection] = receive
        self.open(connection)

    def _accept(self, connection_id: str, body: bytes, operation: str) -> None:
        super()._accept(connection_id, body, operation)
        random = self._scheduler.random
        if random.random() < self.faults.post_lost:
            return
        delay = random.randint(5, 20)
        if random.random() < self.faults.reorder:
            delay += random.randint(0, 3_000)

        def arrive() -> None:
            if self.is_open(connection_id):
                self._receivers[connection_id](body.decode())

        self._scheduler.spawn(self._network, arrive, delay)
