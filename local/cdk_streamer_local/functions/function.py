"""The functions of deployed stacks, and how the user may name them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from cdk_streamer_local.cloud.deployment import DeployedStack
from cdk_streamer_local.cloud.services import Services
from cdk_streamer_local.errors import BadArgument


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function. `name` is the engine's, `asset` the key of its code if that is an asset.

    `execution_seconds` is set for a durable function: how long an execution of it may take.
    """

    name: str
    logical_id: str
    construct_path: str
    runtime: str
    asset: str | None
    execution_seconds: int | None
    services: Services

    @property
    def is_python(self) -> bool:
        """Tell whether our bootstrap can stand before it."""
        return self.runtime.startswith("python")

    @property
    def label(self) -> str:
        """Give what distinguishes it, in the words of the app."""
        return self._path.partition("/")[2] or self._path

    def is_called(self, name: str) -> bool:
        """Tell whether this is its logical id, its engine's name or the end of its path."""
        return name in {self.logical_id, self.name} or f"/{self._path}".endswith(f"/{name}")

    @property
    def _path(self) -> str:
        return self.construct_path.removesuffix("/Function")


def functions_of(stack: DeployedStack) -> list[Function]:
    """Give the functions of a stack."""
    return [
        Function(
            name=stack.physical[resource.logical_id],
            logical_id=resource.logical_id,
            construct_path=resource.construct_path,
            runtime=str(resource.properties.get("Runtime", "")),
            asset=_asset(resource.properties.get("Code", {})),
            execution_seconds=resource.properties.get("DurableConfig", {}).get("ExecutionTimeout"),
            services=stack.services,
        )
        for resource in stack.template.of_type("AWS::Lambda::Function")
        if resource.logical_id in stack.physical
    ]


def find(functions: Sequence[Function], name: str) -> Function:
    """Give the function that is called so; raises BadArgument unless there is exactly one."""
    found = [function for function in functions if function.is_called(name)]
    if len(found) == 1:
        return found[0]
    labels = ", ".join(sorted(function.label for function in found or functions))
    problem = "is not the only one" if found else "is none of them"
    raise BadArgument(f"the function {name!r} {problem}", remedy=f"name one of: {labels}")


def _asset(code: object) -> str | None:
    key = cast("dict[str, Any]", code).get("S3Key")
    return key if isinstance(key, str) else None
