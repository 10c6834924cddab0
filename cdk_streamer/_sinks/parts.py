"""What a ThrottledSink is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import CfnElement, aws_kms as kms, aws_lambda as lambda_
from constructs import Construct, IConstruct

from cdk_streamer._code.handlers import Handlers
from cdk_streamer._resources.function import Defaults
from cdk_streamer._resources.layer import new_runtime_layer
from cdk_streamer._resources.queue import RedrivenQueue
from cdk_streamer._sinks.controller import Controller
from cdk_streamer._sinks.delivery import Delivery
from cdk_streamer._sinks.settings import SinkSettings
from cdk_streamer._sinks.storage import Storage
from cdk_streamer_runtime.contract.sinks import SINK_METADATA, SinkAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What waits, what delivers it, and what decides whether anything is delivered."""

    name: str
    settings: SinkSettings
    storage: Storage
    layer: lambda_.ILayerVersion
    delivery: Delivery
    controller: Controller

    @classmethod
    def create(
        cls,
        scope: Construct,
        *,
        settings: SinkSettings,
        app: Handlers,
        key: kms.IKey | None,
        defaults: Defaults,
    ) -> Parts:
        """Create them in `scope`."""
        storage = Storage.create(scope, settings, key, defaults.removal_policy)
        layer = new_runtime_layer(scope)
        delivery = Delivery.create(
            scope, app=app, layer=layer, settings=settings, storage=storage, defaults=defaults
        )
        controller = Controller.create(
            scope, delivery=delivery, settings=settings, storage=storage, defaults=defaults
        )
        parts = cls(
            name=scope.node.path,
            settings=settings,
            storage=storage,
            layer=layer,
            delivery=delivery,
            controller=controller,
        )
        parts._describe()
        return parts

    @property
    def address(self) -> SinkAddress:
        """What a function must know to send."""
        return SinkAddress(
            queue_url=self.storage.messages.queue.queue_url,
            fifo=self.settings.fifo,
            ordered_by=self.settings.ordered_by,
        )

    @property
    def queues(self) -> Sequence[RedrivenQueue]:
        """Both queues that functions read."""
        return [self.storage.messages, self.storage.commands]

    @property
    def functions(self) -> Mapping[str, lambda_.IFunction]:
        """Both functions, by the names that a dashboard shows."""
        return {
            "Delivery": self.delivery.function.function,
            "Controller": self.controller.function.function,
        }

    def _describe(self) -> None:
        """Let tools find what belongs together; names alone, since references would be a cycle."""
        functions, storage = self.functions, self.storage
        self.delivery.function.describe(
            SINK_METADATA,
            {
                "name": self.name,
                "function": _logical_id(functions["Delivery"]),
                "controller": _logical_id(functions["Controller"]),
                "queue": _logical_id(storage.messages.queue),
                "dead_letters": _logical_id(storage.messages.dead_letters),
                "rejected": _logical_id(storage.rejected),
            },
        )


def _logical_id(construct: IConstruct) -> str:
    resource = construct.node.default_child
    assert isinstance(resource, CfnElement)  # noqa: S101 - tells the type
    return resource.logical_id
