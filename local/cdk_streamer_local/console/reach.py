"""The runtime's client for each place of an app, kept as long as that deployment is shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from cdk_streamer_local.cloud.deployment import DeployedStack
from cdk_streamer_local.console.running import Running
from cdk_streamer_runtime.aws import LeanClient

Place = tuple[str, str]  # an account and a region


class Reach:
    """Clients with all rights, one a place; threads may share them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Running | None = None
        self._clients: dict[Place, LeanClient] = {}

    def aws(self, running: Running, stack: DeployedStack) -> LeanClient:
        """Give the client for where a stack is."""
        with self._lock:
            if self._running is not running:
                for client in self._clients.values():
                    client.close()
                self._running, self._clients = running, {}
            place = place_of(stack)
            if place not in self._clients:
                self._clients[place] = running.aws(stack)
            return self._clients[place]

    def everywhere(self, running: Running) -> Iterator[LeanClient]:
        """Give the clients of all places in which the app has stacks."""
        places = {place_of(stack): stack for stack in running.system.stacks}
        for stack in places.values():
            yield self.aws(running, stack)

    def close(self) -> None:
        """End the connections; harmless when it is done twice."""
        with self._lock:
            for client in self._clients.values():
                client.close()


def place_of(stack: DeployedStack) -> Place:
    """Give where a stack is."""
    return stack.services.account, stack.services.region
