"""What a PeriodicTimer is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk_streamer._auth.gate import Gate
from cdk_streamer._resources.queue import RedrivenQueue
from cdk_streamer._timers.callback import Callback
from cdk_streamer._timers.endpoint import StageSettings, TimerEndpoint
from cdk_streamer._timers.ticks import invoke_every_minute
from cdk_streamer._timers.timers import Timers


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The functions of a timer service, and what runs them, but for the callback."""

    timers: Timers
    gate: Gate
    endpoint: TimerEndpoint
    ticker: lambda_.IFunction
    dispatcher: lambda_.IFunction

    @classmethod
    def create(cls, scope: Construct, timers: Timers, gate: Gate, settings: StageSettings) -> Parts:
        """Create them in `scope`."""
        endpoint = TimerEndpoint(scope, "Api", timers=timers, gate=gate, settings=settings)
        ticker = timers.new_ticker(scope)
        invoke_every_minute(ticker)
        return cls(
            timers=timers,
            gate=gate,
            endpoint=endpoint,
            ticker=ticker.function,
            dispatcher=timers.new_dispatcher(scope),
        )

    @property
    def queues(self) -> Sequence[RedrivenQueue]:
        """Both queues: dispatch, fan-out."""
        return [self.timers.dispatch, self.timers.fan_out]

    def functions(self, callback: Callback) -> Mapping[str, lambda_.IFunction]:
        """Give all functions, by the names that a dashboard shows."""
        authorizer = self.gate.function
        return {
            **({"Authorizer": authorizer} if authorizer else {}),
            "Api": self.endpoint.handler,
            "Ticker": self.ticker,
            "Dispatcher": self.dispatcher,
            "Callback": callback.function,
        }
