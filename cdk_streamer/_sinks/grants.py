"""Who may send to a sink, and who may operate it."""

from __future__ import annotations

from functools import reduce

from aws_cdk import aws_iam as iam, aws_lambda as lambda_
from constructs import Construct

from cdk_streamer._resources.function import RuntimeFunction
from cdk_streamer._sinks.parts import Parts
from cdk_streamer_runtime.contract.sinks import SinkAddress

_READ = (
    *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"),
    "sqs:GetQueueAttributes",
)


def grant_send(
    function: lambda_.Function | lambda_.IFunction, sink: Construct, parts: Parts
) -> iam.Grant:
    """Give a function address and permissions; raises ValueError if it cannot have them."""
    if not isinstance(function, lambda_.Function):
        raise ValueError(  # noqa: TRY004 - a bad argument is a ValueError
            f"grant_send sets a variable of the function, and {function.node.path!r} is "
            "imported, a version or an alias; pass the lambda_.Function itself"
        )
    variable = SinkAddress.variable(sink.node.id)
    _claim(function, variable, sink)
    function.add_environment(variable, parts.address.to_text())
    return _grant_writing(function, parts)


def grant_operate(grantee: iam.IGrantable, parts: Parts) -> iam.Grant:
    """Let a principal invoke the controller, and read, remove and send back what was given up."""
    storage = parts.storage
    given_up = [storage.messages.dead_letters.queue_arn, storage.rejected.queue_arn]
    return _all(
        # By name alone: of no version or alias.
        _grant(
            grantee, ("lambda:InvokeFunction",), parts.controller.function.function.function_arn
        ),
        _grant(grantee, _READ, *given_up),
        _grant_writing(grantee, parts),
    )


def _grant_writing(grantee: iam.IGrantable, parts: Parts) -> iam.Grant:
    storage = parts.storage
    granted = _grant(grantee, ("sqs:SendMessage",), storage.messages.queue.queue_arn)
    if storage.key is None:
        return granted
    return granted.combine(storage.key.grant(grantee, "kms:Decrypt", "kms:GenerateDataKey"))


def _claim(function: lambda_.Function, variable: str, sink: Construct) -> None:
    """Refuse a function that knows another sink by this name."""
    around = function.node.scope
    taken = isinstance(around, RuntimeFunction) and around.has_any({variable})
    others = {
        entry.data
        for entry in function.node.metadata
        if entry.type == variable and entry.data != sink.node.path
    }
    if taken or others:
        raise ValueError(
            f"{function.node.path!r} has something else in {variable}, so it cannot send to "
            f"{sink.node.path!r} by the name {sink.node.id!r}; give the sink another id"
        )
    function.node.add_metadata(variable, sink.node.path)


def _grant(grantee: iam.IGrantable, actions: tuple[str, ...], *arns: str) -> iam.Grant:
    return iam.Grant.add_to_principal(
        grantee=grantee, actions=list(actions), resource_arns=list(arns)
    )


def _all(*grants: iam.Grant) -> iam.Grant:
    return reduce(lambda granted, other: granted.combine(other), grants)
