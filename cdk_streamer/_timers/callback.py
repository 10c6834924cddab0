"""Whom firings are for: a function of the user's, or one that is made of the user's code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from aws_cdk import Annotations, Duration, aws_iam as iam, aws_lambda as lambda_
from constructs import Construct

from cdk_streamer._code.handlers import Convention, Handlers
from cdk_streamer._resources import tables
from cdk_streamer._resources.function import RuntimeFunction
from cdk_streamer._timers.settings import TimerSettings
from cdk_streamer._timers.timers import Timers, keys_of
from cdk_streamer_runtime.contract.timers import TimerCallbackEnvironment, TimerItemKind

HANDLER = Convention(
    module="timers", attribute="handler", what="a function named handler under @timer_handler"
)

_TIMER = "cdk-streamer:timer"
# What a function that is made without a timeout gets from Lambda.
_LAMBDAS_OWN_SECONDS = 3
_REMEMBER = ("DeleteItem", "UpdateItem")


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """The function, and how long it may take for a batch."""

    function: lambda_.IFunction
    seconds: int

    @classmethod
    def read(
        cls, settings: TimerSettings, function: lambda_.IFunction | lambda_.Function
    ) -> Callback:
        """Check a function of the user's; raises ValueError with the remedy."""
        return cls(
            function=cast("lambda_.IFunction", function), seconds=_seconds(settings, function)
        )

    @classmethod
    def new(
        cls, scope: Construct, timers: Timers, app: Handlers, layer: lambda_.ILayerVersion
    ) -> Callback:
        """Create a function of the user's code in `scope`, and let firings run it."""
        settings = timers.settings
        function = RuntimeFunction(
            scope,
            "Callback",
            description="Does what timers are for",
            entry_point=app.entry_point.replace(":", "."),
            package=app.with_layer(layer),
            environment=_environment(timers),
            timeout=Duration.seconds(settings.own_callback_seconds),
            defaults=timers.defaults,
            repeats=True,
        )
        for kind, actions in _table_actions(settings):
            tables.allow(function, timers.table, *actions, only=keys_of({kind}))
        timers.fan_out.hide_for(settings.visibility_seconds(settings.own_callback_seconds))
        timers.fan_out.invoke(
            function, batch_size=settings.batch_size, max_concurrency=settings.max_concurrency
        )
        return cls(function=function.function, seconds=settings.own_callback_seconds)

    def call(self, scope: Construct, timers: Timers) -> None:
        """Let firings run the user's function; raises ValueError if it is another timer's."""
        function, settings = self.function, timers.settings
        _claim(function, scope)
        if isinstance(function, lambda_.Function):
            for variable, value in _environment(timers).to_variables().items():
                function.add_environment(variable, value)
        timers.fan_out.hide_for(settings.visibility_seconds(self.seconds))
        inside = Construct(scope, "Callback")
        source = timers.fan_out.new_source(
            inside,
            function,
            batch_size=settings.batch_size,
            max_concurrency=settings.max_concurrency,
        )
        if function.role is None:
            Annotations.of(scope).add_warning_v2(
                "cdk-streamer:callbackRole",
                f"the role of {function.node.path!r} is not known, so it could not be allowed to "
                "receive firings; import the function with its role, or allow it yourself",
            )
        else:
            # Not in the role's own policy, which may be in a stack that knows nothing of ours.
            source.node.add_dependency(_new_policy(inside, function.role, timers))


def _new_policy(scope: Construct, role: iam.IRole, timers: Timers) -> iam.Policy:
    statements = [
        *timers.fan_out.consumption(),
        *(
            statement
            for kind, actions in _table_actions(timers.settings)
            for statement in tables.statements(timers.table, *actions, only=keys_of({kind}))
        ),
    ]
    document = iam.PolicyDocument(minimize=True, statements=statements)
    return iam.Policy(scope, "Policy", document=document, roles=[role])


def _seconds(settings: TimerSettings, function: lambda_.IFunction | lambda_.Function) -> int:
    if isinstance(function, lambda_.Function):
        if settings.callback_seconds is not None:
            raise ValueError(
                f"callback_timeout given, and {function.node.path!r} has its own; leave it out"
            )
        timeout = function.timeout
        return _LAMBDAS_OWN_SECONDS if timeout is None else int(timeout.to_seconds())
    if settings.remembers:
        raise ValueError(
            "strict and dedupe set variables of the callback, and "
            f"{function.node.path!r} is imported, a version or an alias; "
            "pass the lambda_.Function itself"
        )
    if settings.callback_seconds is None:
        raise ValueError(
            f"the timeout of {function.node.path!r} is not known; pass callback_timeout, "
            "the same as the function has"
        )
    return settings.callback_seconds


def _claim(function: lambda_.IFunction, scope: Construct) -> None:
    """Refuse a callback of another timer, since its variables can name only one."""
    if any(entry.type == _TIMER for entry in function.node.metadata):
        raise ValueError(
            f"{function.node.path!r} is the callback of another PeriodicTimer; use two functions"
        )
    function.node.add_metadata(_TIMER, scope.node.path)


def _environment(timers: Timers) -> TimerCallbackEnvironment:
    settings = timers.settings
    return TimerCallbackEnvironment(
        timer_name=timers.name,
        timer_table_name=timers.table.table_name if settings.remembers else None,
        timer_strict=settings.strict,
        timer_dedupe=settings.dedupe,
    )


def _table_actions(settings: TimerSettings) -> Iterator[tuple[TimerItemKind, tuple[str, ...]]]:
    if settings.strict:
        yield TimerItemKind.DEFINITION, ("GetItem",)
    if settings.dedupe:
        yield TimerItemKind.FIRING, _REMEMBER
