"""The server of a caller that wants to be called when a request has ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.webhooks.sender import NotSent, Reply, Sender
from tests.runtime.simulation.faults import Faults
from tests.runtime.simulation.history import ENDED, History
from tests.runtime.simulation.scheduler import Scheduler

ORIGIN = "https://hooks.example.com/"
WILLING, UNWILLING, BROKEN = "willing", "unwilling", "broken"
NO_CONTENT, GONE, FAILED = 204, 410, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A webhook that arrived, and what the receiver answered."""

    state: str
    status: int

    @property
    def is_settled(self) -> bool:
        """Tell whether the receiver wants no other."""
        return self.status in {NO_CONTENT, GONE}


class Network(Protocol):
    """Where time passes while a request is on its way."""

    def wait(self, milliseconds: int) -> None:
        """Pass time; here a process may die."""
        ...


class Receiver:
    """Remembers every call by its webhook-id."""

    def __init__(self, scheduler: Scheduler, history: History) -> None:
        self.calls: dict[str, list[Call]] = {}
        self.found: list[str] = []
        self._scheduler = scheduler
        self._history = history

    def seen_by(self, network: Any, faults: Faults) -> Sender:
        """Give the sender of one invocation."""
        return _Sender(self, network, faults, self._scheduler)

    def arrive(self, url: str, headers: Mapping[str, str], body: bytes, *, fails: bool) -> int:
        """Take a call and give the status of its answer."""
        key, snapshot = headers["webhook-id"], decode(body)["data"]
        known = self._history.requests.get(key)
        if known is None or known["state"] not in ENDED:
            self.found.append(f"a webhook came for {key}, which has not ended")
        elif (known["state"], known["seq"]) != (snapshot["state"], snapshot["seq"]):
            self.found.append(f"a webhook told {snapshot['state']}, {known['state']} is stored")
        status = {WILLING: NO_CONTENT, UNWILLING: GONE, BROKEN: FAILED}[url.removeprefix(ORIGIN)]
        status = FAILED if fails else status
        self.calls.setdefault(key, []).append(Call(state=snapshot["state"], status=status))
        return status


class _Sender:
    def __init__(
        self, receiver: Receiver, network: Network, faults: Faults, scheduler: Scheduler
    ) -> None:
        self._receiver = receiver
        self._network = network
        self._faults = faults
        self._random = scheduler.random

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Call the receiver, which may fail before, while or after it takes the call."""
        self._network.wait(self._random.randint(5, 30))
        refused = self._random.random() < self._faults.webhook_refused
        fault = self._random.choice(("never arrives", "fails", "answer lost")) if refused else ""
        if fault == "never arrives":
            raise NotSent("no answer in time")
        status = self._receiver.arrive(url, headers, body, fails=fault == "fails")
        self._network.wait(self._random.randint(5, 30))
        if fault == "answer lost":
            raise NotSent("no answer in time")
        return Reply(status, None)
