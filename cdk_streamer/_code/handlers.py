"""The user's handlers: a folder that becomes a package in the asset, or code as it is."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from aws_cdk import Annotations, Token, aws_ec2 as ec2, aws_lambda as lambda_
from constructs import Construct

from cdk_streamer._code.assets import RUNTIME, Asset, package_files
from cdk_streamer._code.package import Package
from cdk_streamer._code.requirements import Platform, Requirements

RESERVED_PREFIX = "CDK_STREAMER_"
MEMORY_SIZE = 512

_ENTRY_POINT = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """Where in a folder a construct looks for the user's code, unless told otherwise."""

    module: str
    attribute: str
    what: str


APP = Convention(module="requests", attribute="app", what="an AsyncApp named app")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """Where the user's code is, `module:attribute`, and what its functions are made of."""

    entry_point: str
    package: Package
    unpinned: tuple[str, ...] = ()

    def with_layer(self, layer: lambda_.ILayerVersion) -> Package:
        """Give the package with the runtime's layer below the user's own."""
        return replace(self.package, layers=[layer, *self.package.layers])

    def warn(self, construct: Construct) -> None:
        """Say what is legal but unwise."""
        if self.unpinned:
            Annotations.of(construct).add_warning_v2(
                "cdk-streamer:unpinnedRequirements",
                f"requirements.txt leaves versions open: {', '.join(self.unpinned)}; another "
                "machine may deploy others; pin them with: uv pip compile requirements.in "
                "--generate-hashes --output-file requirements.txt",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerSettings:
    """What a user says about the functions that run their handlers."""

    entry_point: str | None
    environment: Mapping[str, str] | None
    memory_size: int | None
    vpc: ec2.IVpc | None
    layers: Sequence[lambda_.ILayerVersion]
    architecture: lambda_.Architecture
    security_groups: Sequence[ec2.ISecurityGroup] | None = None
    vpc_subnets: ec2.SubnetSelection | None = None

    def read(
        self,
        scope: Construct,
        handlers: str | Path | lambda_.Code,
        convention: Convention = APP,
    ) -> Handlers:
        """Check what the user gave; raises ValueError with the remedy."""
        if self.entry_point is not None and not _ENTRY_POINT.fullmatch(self.entry_point):
            raise ValueError(
                f"entry_point must be 'module:attribute', got {self.entry_point!r}; "
                f"for example 'handlers.{convention.module}:{convention.attribute}'"
            )
        environment: Mapping[str, str] = {} if self.environment is None else self.environment
        _check_environment(environment)
        _check_layers(self.layers)
        memory_size = MEMORY_SIZE if self.memory_size is None else self.memory_size
        _check_memory(memory_size)
        self._check_network()
        code, entry_point, requirements = _read_code(
            scope, handlers, self.entry_point, self.architecture, convention
        )
        return Handlers(
            entry_point=entry_point,
            package=Package(
                code=code,
                memory_size=memory_size,
                layers=self.layers,
                variables=environment,
                vpc=self.vpc,
                security_groups=None if self.security_groups is None else [*self.security_groups],
                vpc_subnets=self.vpc_subnets,
            ),
            unpinned=requirements.unpinned if requirements else (),
        )

    def refuse(self) -> None:
        """Check that nothing is said about handlers that are not given."""
        said = {
            "entry_point": self.entry_point,
            "environment": self.environment,
            "memory_size": self.memory_size,
            "vpc": self.vpc,
            "layers": self.layers,
            "security_groups": self.security_groups,
            "vpc_subnets": self.vpc_subnets,
        }
        useless = ", ".join(name for name, value in said.items() if value)
        if useless:
            raise ValueError(f"{useless} given without handlers; pass handlers, or leave it out")

    def _check_network(self) -> None:
        said = {"security_groups": self.security_groups, "vpc_subnets": self.vpc_subnets}
        useless = ", ".join(name for name, value in said.items() if value is not None)
        if useless and self.vpc is None:
            raise ValueError(f"{useless} given without vpc; pass vpc, or leave it out")
        if self.security_groups is not None and not self.security_groups:
            raise ValueError("security_groups is empty; name one, or leave it out to get one")


def _check_memory(memory_size: float) -> None:
    if Token.is_unresolved(memory_size):
        return
    if not 128 <= memory_size <= 10_240:  # noqa: PLR2004 - Lambda's own limits
        raise ValueError(f"memory_size must be 128 to 10240 MB, got {memory_size!r}")


def _check_layers(layers: object) -> None:
    if not isinstance(layers, Sequence) or isinstance(layers, str):
        raise ValueError(  # noqa: TRY004 - as all bad arguments
            f"layers must be a list of layer versions, got {layers!r}; leave it out for none"
        )


def _check_environment(environment: Mapping[str, str]) -> None:
    if not isinstance(cast("object", environment), Mapping):
        raise ValueError(  # noqa: TRY004 - as all bad arguments
            f"environment must be texts by their names, got {environment!r}; "
            "write such as {'NAME': 'value'}"
        )
    for name in environment:
        if not isinstance(cast("object", name), str):
            raise ValueError(  # noqa: TRY004
                f"names of the environment are texts, got {name!r}; write {str(name)!r}"
            )
    reserved = sorted(name for name in environment if name.startswith(RESERVED_PREFIX))
    if reserved:
        raise ValueError(
            f"environment cannot set {', '.join(reserved)}: names that start with "
            f"{RESERVED_PREFIX} belong to the runtime; choose others"
        )
    for name, value in environment.items():
        if not isinstance(cast("object", value), str):
            raise ValueError(  # noqa: TRY004 - as all bad arguments
                f"environment[{name!r}] must be a text, got {value!r}; write {str(value)!r}"
            )


def _read_code(
    scope: Construct,
    handlers: str | Path | lambda_.Code,
    entry_point: str | None,
    architecture: lambda_.Architecture,
    convention: Convention,
) -> tuple[lambda_.Code, str, Requirements | None]:
    if isinstance(handlers, lambda_.Code):
        if entry_point is None:
            raise ValueError(
                "handlers is a lambda_.Code, so entry_point is needed; "
                f"for example entry_point='handlers.{convention.module}:{convention.attribute}'"
            )
        return handlers, entry_point, None
    folder = _folder(handlers)
    entry_point = entry_point or f"{folder.name}.{convention.module}:{convention.attribute}"
    _check_module(folder, entry_point, convention)
    code, requirements = folder_code(scope, folder, architecture)
    return code, entry_point, requirements


def folder_code(
    scope: Construct, handlers: str | Path, architecture: lambda_.Architecture
) -> tuple[lambda_.Code, Requirements | None]:
    """Give a folder as a package, with what its requirements.txt names beside it."""
    folder = _folder(handlers)
    file = folder / "requirements.txt"
    requirements = (
        Requirements(file=file, platform=Platform.of(scope, architecture))
        if file.is_file()
        else None
    )
    files = package_files(folder, without=frozenset({file.name}))
    asset = Asset(source=folder, files=files, requirements=requirements)
    return asset.to_code(scope), requirements


def _folder(handlers: str | Path) -> Path:
    folder = Path(handlers).resolve()
    if not folder.is_dir():
        raise ValueError(
            f"handlers must be a folder, got {str(handlers)!r}, and there is none in "
            f"{str(Path.cwd())!r}; create it, or give its path from there"
        )
    name = folder.name
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(
            "handlers must be a folder with a Python name, since it becomes a package, "
            f"got {name!r}; rename it, for example to 'handlers'"
        )
    if name == RUNTIME or name in sys.stdlib_module_names:
        raise ValueError(
            f"handlers cannot be a folder named {name!r}, which would hide the module of that "
            "name; rename it, for example to 'handlers'"
        )
    return folder


def _check_module(folder: Path, entry_point: str, convention: Convention) -> None:
    module = entry_point.partition(":")[0]
    place = folder.parent.joinpath(*module.split("."))
    inside = module == folder.name or module.startswith(f"{folder.name}.")
    if not inside or not (place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()):
        raise ValueError(
            f"there is no module {module!r} in the folder {str(folder)!r}; create "
            f"{folder.name}/{convention.module}.py with {convention.what}, or pass "
            f"entry_point='{folder.name}.<module>:<attribute>'"
        )
