"""Which DurableBatches there are, and which functions have durable executions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from cdk_streamer_local.cloud.deployment import DeployedStack
from cdk_streamer_local.console.panels.deployed import Deployed, DeployedFunctions
from cdk_streamer_local.console.running import Running
from cdk_streamer_runtime.contract import DurableEnvironment, EntryPoint
from cdk_streamer_runtime.contract.batches import BatchEnvironment, BatchSettings

_SETTINGS = BatchSettings.variable("")


class Kind(StrEnum):
    """Whose executions a durable function has."""

    BATCH = "batch"
    REQUEST = "request"
    FUNCTION = "function"


@dataclass(frozen=True, slots=True, kw_only=True)
class DurableFunction:
    """A function that has executions: `owner` is the construct that these are of.

    `batch` is set if that is a DurableBatch, `api` to the engine's id if it is an API of requests.
    """

    kind: Kind
    deployed: Deployed
    alias: str
    owner: str
    batch: BatchSettings | None = None
    api: str = ""

    @property
    def stack(self) -> DeployedStack:
        """Where it is."""
        return self.deployed.stack

    @property
    def label(self) -> str:
        """What the app calls it."""
        return self.deployed.function.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All of an app: its durable functions, and batches that run within requests alone."""

    functions: Sequence[DurableFunction]
    within: Sequence[tuple[BatchSettings, Sequence[Deployed]]]


class DurableFunctions:
    """Finds them, once a deployment."""

    def __init__(self, functions: DeployedFunctions) -> None:
        self._functions = functions
        self._of: object = None
        self._found = Found(functions=(), within=())

    def read(self, running: Running) -> Found:
        """Give them."""
        if self._of is not running.system:
            deployed = self._functions.read(running)
            functions = list(_durable(running, deployed))
            self._found = Found(functions=functions, within=list(_within(deployed)))
            self._of = running.system
        return self._found


def _durable(running: Running, deployed: Sequence[Deployed]) -> Iterator[DurableFunction]:
    aliases = dict(_aliases(running))
    for each in deployed:
        if each.function.execution_seconds is None:
            continue
        yield _function(each, aliases.get(each.function.name, ""))


def _function(each: Deployed, alias: str) -> DurableFunction:
    match each.entry_point:
        case EntryPoint.BATCH:
            told = BatchEnvironment.from_variables(each.variables)
            # The function is not told its own alias, which is made of it.
            batch = replace(BatchSettings.from_text(told.batch), function=alias or None)
            return DurableFunction(
                kind=Kind.BATCH, deployed=each, alias=alias, owner=batch.name, batch=batch
            )
        case EntryPoint.DURABLE:
            api = DurableEnvironment.from_variables(each.variables)
            id = api.endpoint.partition("://")[2].partition(".")[0]
            return DurableFunction(
                kind=Kind.REQUEST, deployed=each, alias=alias, owner=api.name, api=id
            )
        case _:
            owner = each.function.construct_path
            return DurableFunction(kind=Kind.FUNCTION, deployed=each, alias=alias, owner=owner)


def _aliases(running: Running) -> Iterator[tuple[str, str]]:
    for _, _, arn in running.resources("AWS::Lambda::Alias"):
        yield arn.partition(":function:")[2].split(":")[0], arn


def _within(
    deployed: Sequence[Deployed],
) -> Iterator[tuple[BatchSettings, Sequence[Deployed]]]:
    """Give the batches that have no function, with those that may run them."""
    told: dict[str, BatchSettings] = {}
    by: dict[str, list[Deployed]] = {}
    for each in deployed:
        for variable, text in each.variables.items():
            if not variable.startswith(_SETTINGS):
                continue
            settings = _settings(text)
            if settings is not None and settings.function is None:
                told[settings.name] = settings
                by.setdefault(settings.name, []).append(each)
    for name, settings in told.items():
        yield settings, by[name]


def _settings(text: str) -> BatchSettings | None:
    try:
        return BatchSettings.from_text(text)
    except (ValueError, TypeError):  # another variable whose name begins so, as BATCH_SIZE
        return None
