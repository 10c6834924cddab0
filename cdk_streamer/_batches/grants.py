"""Functions outside of a DurableBatch that start or run it."""

from __future__ import annotations

from functools import reduce
from typing import Protocol

from aws_cdk import aws_iam as iam, aws_lambda as lambda_
from constructs import Construct

from cdk_streamer._batches.parts import Parts
from cdk_streamer._batches.rights import grant
from cdk_streamer_runtime.contract.batches import BatchSettings

_BATCH = "cdk-streamer:batch"


class Api(Protocol):
    """What an AsyncRequestApi tells of itself."""

    @property
    def worker(self) -> lambda_.IFunction:
        """The function that runs async actions."""
        ...

    @property
    def durable(self) -> lambda_.IFunction | None:
        """The function that runs durable actions."""
        ...


def grant_start(
    batch: Construct, parts: Parts, function: lambda_.Function | lambda_.IFunction
) -> iam.Grant:
    """Let a function start batches; raises ValueError if it cannot be told of them."""
    rights = list(parts.rights_to_start())
    return grant(_told("grant_start", batch, parts, function), rights)


def grant_run(batch: Construct, parts: Parts, api: Api) -> iam.Grant:
    """Let an API's actions run the batch, its durable ones if it has any and the others."""
    if not hasattr(api, "worker"):
        raise ValueError(f"grant_run needs an AsyncRequestApi, got {api!r}; pass one")
    functions = [function for function in (api.worker, api.durable) if function is not None]
    grants = [
        grant(_told("grant_run", batch, parts, function), parts.rights_to_run())
        for function in functions
    ]
    return reduce(lambda granted, other: granted.combine(other), grants)


def _told(
    who: str, batch: Construct, parts: Parts, function: lambda_.Function | lambda_.IFunction
) -> lambda_.Function:
    """Give a function the settings of a batch, by the batch's id."""
    if not isinstance(function, lambda_.Function):
        raise ValueError(  # noqa: TRY004 - a bad argument is a ValueError
            f"{who} sets variables of the function, and {function.node.path!r} is imported, a "
            "version or an alias; pass the lambda_.Function itself"
        )
    id, path = batch.node.id, batch.node.path
    known = {entry.data for entry in function.node.metadata if entry.type == _BATCH}
    variables = {BatchSettings.variable(other.rpartition("/")[2]): other for other in known}
    other = variables.get(BatchSettings.variable(id), path)
    if other != path:
        raise ValueError(
            f"{function.node.path!r} knows {other!r} by the id {id!r} already, so it cannot know "
            f"{path!r} by it too; give one of them another id"
        )
    function.node.add_metadata(_BATCH, path)
    function.add_environment(BatchSettings.variable(id), parts.settings.to_text())
    return function
