"""Which PeriodicTimers there are, and how each is reached here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_local.cloud.deployment import DeployedStack
from cdk_streamer_local.console.panels.deployed import Deployed, DeployedFunctions
from cdk_streamer_local.console.running import Running
from cdk_streamer_runtime.contract import EntryPoint
from cdk_streamer_runtime.contract.timers import (
    TimerApiEnvironment,
    TimerCallbackEnvironment,
    TimerDispatcherEnvironment,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerService:
    """One PeriodicTimer. `callback` and `dispatcher` are labels of functions, as logs name them.

    `issuer` is whose tokens its API accepts; None: callers sign.
    """

    stack: DeployedStack
    settings: TimerApiEnvironment
    url: str
    callback: str
    dispatcher: str
    dead_letters: str
    dedupe: bool
    issuer: str | None

    @property
    def name(self) -> str:
        """The construct's path."""
        return self.settings.name


class TimerServices:
    """Finds them, once a deployment."""

    def __init__(self, functions: DeployedFunctions) -> None:
        self._functions = functions
        self._of: object = None
        self._found: Mapping[str, TimerService] = {}

    def read(self, running: Running) -> Mapping[str, TimerService]:
        """Give them by name."""
        if self._of is not running.system:
            found = list(_found(running, self._functions.read(running)))
            self._found = {service.name: service for service in found}
            self._of = running.system
        return self._found


def _found(running: Running, functions: list[Deployed]) -> Iterator[TimerService]:
    dispatchers = {
        found.settings.table_name: found
        for found in map(_dispatcher, functions)
        if found is not None
    }
    for each in functions:
        if each.entry_point != EntryPoint.TIMER_API:
            continue
        settings = TimerApiEnvironment.from_variables(each.variables)
        dispatcher = dispatchers.get(settings.table_name)
        callback = _callback(each.stack, settings.queue_url, functions)
        yield TimerService(
            stack=each.stack,
            settings=settings,
            url=_url(running, settings.name),
            callback=callback.function.label if callback else "",
            dispatcher=dispatcher.label if dispatcher else "",
            dead_letters=dispatcher.settings.dead_letter_queue_url if dispatcher else "",
            dedupe=_remembers(callback),
            issuer=_issuer(running, settings.name),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dispatcher:
    label: str
    settings: TimerDispatcherEnvironment


def _dispatcher(each: Deployed) -> _Dispatcher | None:
    if each.entry_point != EntryPoint.TIMER_DISPATCHER:
        return None
    settings = TimerDispatcherEnvironment.from_variables(each.variables)
    return _Dispatcher(label=each.function.label, settings=settings)


def _callback(stack: DeployedStack, queue_url: str, functions: list[Deployed]) -> Deployed | None:
    """Give the function that the fan-out queue invokes; one of another app is not known here."""
    services = stack.services
    name = queue_url.rpartition("/")[2]
    arn = f"arn:aws:sqs:{services.region}:{services.account}:{name}"
    client: Any = services.client("lambda")
    mappings = client.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    named = {
        mapping["FunctionArn"].partition(":function:")[2].split(":")[0] for mapping in mappings
    }
    return next((each for each in functions if each.function.name in named), None)


def _remembers(callback: Deployed | None) -> bool:
    if callback is None:
        return False
    try:
        return TimerCallbackEnvironment.from_variables(callback.variables).timer_dedupe
    except ValueError:  # a function that takes no variables of ours
        return False


def _url(running: Running, name: str) -> str:
    found = (api.url for api in running.record.rest_apis if api.name.startswith(f"{name}/"))
    return next(found, "")


def _issuer(running: Running, name: str) -> str | None:
    gates = (wired.authorizer for wired in running.system.wired)
    return next((gate.issuer for gate in gates if gate is not None and gate.name == name), None)
