"""The pollers in the engine's process, in the place of the engine's own for streams.

Mappings stay as they were deployed: the engine's API enables, changes and deletes them, and this
looks at what it says each time something happens.
"""

from __future__ import annotations

import importlib
import logging
import threading
import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from cdk_streamer_local.pollers.alarm import Alarm
from cdk_streamer_local.pollers.asynchronous import disturb_asynchronous
from cdk_streamer_local.pollers.chaos import Chaos, Trouble
from cdk_streamer_local.pollers.exposed import tell_exposed
from cdk_streamer_local.pollers.poller import Poller
from cdk_streamer_local.pollers.queue_batches import QueueBatches
from cdk_streamer_local.pollers.queues import disturb_queues
from cdk_streamer_local.pollers.streams import Scope, readers, service_of
from cdk_streamer_local.pollers.target import EngineTarget, Luck
from cdk_streamer_local.pollers.teller import POLLER, Teller

LOGS = "CDK_STREAMER_LOCAL_LOGS"
CHAOS = "CDK_STREAMER_LOCAL_CHAOS"
_PAUSE_SECONDS = 0.002
_LATEST = "LATEST"
logger = logging.getLogger("cdk-streamer.pollers")

_STREAMS = frozenset({"dynamodb", "kinesis"})


def take_over(environment: Mapping[str, str]) -> StreamPollers:
    """Put pollers into the place of the engine's; they wait for `begin`."""
    modules = {
        "functions": "services.lambda_svc",
        "dynamodb": "services.dynamodb",
        "kinesis": "services.kinesis",
        "sqs": "services.sqs",
        "sns": "services.sns",
        "s3": "services.s3",
        "responses": "core.responses",
        "concurrency": "core.concurrency",
        "rights": "core.iam_evaluator",
    }
    services = SimpleNamespace(
        **{name: importlib.import_module(f"ministack.{place}") for name, place in modules.items()}
    )
    QueueBatches(services).take_place()
    chaos = Chaos.decode(environment[CHAOS]) if CHAOS in environment else Chaos()
    pollers = StreamPollers(services, chaos, Teller(environment.get(LOGS)))
    pollers.take_place()
    return pollers


class StreamPollers:
    """All mappings of streams. `services` has the modules of the engine by their names."""

    def __init__(self, services: Any, chaos: Chaos, teller: Teller) -> None:  # noqa: ANN401 - see above
        self._services = services
        self._luck = Luck(chaos)
        if not chaos.troubles.isdisjoint({Trouble.DELAY, Trouble.DUPLICATE}):
            disturb_queues(services, self._luck, teller)
            disturb_asynchronous(services.functions, self._luck, teller)
        if not chaos.troubles.isdisjoint({Trouble.CRASH, Trouble.FREEZE}):
            tell_exposed(services.functions, teller)
        self._teller = teller
        self._alarm = Alarm(self.tick)
        self._pollers: dict[str, tuple[Poller, EngineTarget]] = {}
        self._refused: dict[str, str] = {}
        self._lock = threading.Lock()
        self._ready = False
        self._found = False

    def take_place(self) -> None:
        """Be called whenever the engine would look at streams, and whenever it should."""
        self._services.functions._poll_kinesis = lambda: False  # noqa: SLF001
        self._services.functions._poll_dynamodb_streams = self._poll  # noqa: SLF001
        threading.Thread(target=self._listen, name="stream-pollers", daemon=True).start()

    def begin(self) -> None:
        """Call functions from now on: they are wired."""
        self._ready = True
        self.tick()

    def glance(self, *_: object) -> dict[str, Any]:
        """Tell how far each mapping is, by its id."""
        with self._lock:
            pollers = {name: poller for name, (poller, _) in self._pollers.items()}
        return {"Mappings": {name: poller.glance() for name, poller in pollers.items()}}

    def tick(self) -> None:
        """Read what is new and begin what is due."""
        with self._lock:
            if not self._ready:
                return
            mappings = [
                ((str(account), str(region)), mapping)
                for account, region, mapping in self._services.functions._iter_all_esms()  # noqa: SLF001
                if service_of(mapping) in _STREAMS
            ]
            for gone in self._pollers.keys() - {mapping["UUID"] for _, mapping in mappings}:
                self._pollers.pop(gone)[0].stop()
            found = [self._try(scope, mapping) for scope, mapping in mappings]
            self._found = self._found or any(found)

    def _poll(self) -> bool:
        """Do as the engine's own poller: what it finds keeps the engine attentive to queues."""
        self.tick()
        found, self._found = self._found, False
        return found

    def _listen(self) -> None:
        """Look at once: the engine pauses when it was woken for nothing, or is at its queues."""
        woken = self._services.concurrency.esm_wake
        while True:
            woken.wait()
            self.tick()
            if woken.is_set():  # the engine did not look yet
                time.sleep(_PAUSE_SECONDS)

    def _try(self, scope: Scope, mapping: dict[str, Any]) -> bool:
        try:
            return self._look(scope, mapping)
        except Exception:  # other mappings go on
            logger.exception("the stream of %s cannot be read", mapping["FunctionName"])
            return False

    def _look(self, scope: Scope, mapping: dict[str, Any]) -> bool:
        with self._services.responses.request_scope(*scope):
            is_new = mapping["UUID"] not in self._pollers
            poller, target = self._poller(scope, mapping)
            try:
                poller.configure(mapping)
            except ValueError as fault:
                self._refuse(mapping, str(fault))
                return False
            shards = readers(self._services, scope, mapping, target.role())
            for identity in [shard for shard in shards if not poller.knows(shard)]:
                reader = shards[identity]()
                # A shard that comes later holds what its parents would have got.
                if is_new and mapping.get("StartingPosition") == _LATEST:
                    reader.skip()
                poller.add(identity, reader)
            poller.close_others(frozenset(shards))
            found = poller.read()
            poller.advance()
            return found

    def _poller(self, scope: Scope, mapping: dict[str, Any]) -> tuple[Poller, EngineTarget]:
        name = mapping["UUID"]
        if name not in self._pollers:
            target = EngineTarget(
                self._services,
                scope,
                mapping,
                luck=self._luck,
                teller=self._teller,
                alarm=self._alarm.set,
            )
            self._pollers[name] = (Poller(target), target)
        return self._pollers[name]

    def _refuse(self, mapping: dict[str, Any], why: str) -> None:
        if self._refused.get(mapping["UUID"]) != why:
            self._refused[mapping["UUID"]] = why
            text = f"gets nothing of its stream: Lambda would refuse its filter ({why})"
            self._teller.tell(POLLER, mapping["FunctionName"], text)
