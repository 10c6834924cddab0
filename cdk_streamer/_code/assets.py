"""Stages code for Lambda: the one place that decides which files a function gets.

An asset's hash depends on names and contents alone, so it is the same from a wheel, an editable
install and a checkout, on any machine.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

import jsii
from aws_cdk import (
    AssetHashType,
    BundlingOptions,
    DockerImage,
    ILocalBundling,
    Stack,
    aws_lambda as lambda_,
)
from constructs import Construct

from cdk_streamer._code.requirements import Platform, Requirements

RUNTIME = "cdk_streamer_runtime"

# For tests alone; and requirements are resolved beside the code, not shipped.
_NOT_DEPLOYED = frozenset({"testing.py", "memory", "requirements.txt", "requirements.in"})
_ROOT = PurePosixPath()
# Where Lambda looks for the Python packages of a layer.
_LAYER_ROOT = PurePosixPath("python")


@dataclass(frozen=True, kw_only=True)
class Asset:
    """Files by their place in the asset, and the requirements to lie beside them, below `root`.

    It stands for what the files hold when it is first asked for its hash.
    """

    source: Path
    files: Mapping[PurePosixPath, Path]
    requirements: Requirements | None = None
    root: PurePosixPath = _ROOT

    @cached_property
    def content_hash(self) -> str:
        """Tell apart what differs in names, bytes or requirements."""
        digest = hashlib.sha256()
        for place in sorted(self.files):
            content = hashlib.sha256(self.files[place].read_bytes()).hexdigest()
            digest.update(f"{place}\n{content}\n".encode())
        if self.requirements is not None:
            digest.update(self.requirements.key.encode())
        return digest.hexdigest()

    def to_code(self, scope: Construct) -> lambda_.AssetCode:
        """Give the code for a function or layer; raises ValueError for bad requirements.

        They are resolved now, where an error is still the caller's, and unless this stack's
        assets are not wanted, as in `cdk ls`.
        """
        if self.requirements is not None and Stack.of(scope).bundling_required:
            self._check_names(self.requirements.resolve())
        return lambda_.Code.from_asset(
            str(self.source),
            asset_hash=self.content_hash,
            asset_hash_type=AssetHashType.CUSTOM,
            bundling=BundlingOptions(
                image=DockerImage.from_registry("never-used"), local=_LocalCopy(self)
            ),
        )

    def write(self, directory: Path) -> None:
        """Copy everything into `directory`."""
        if self.requirements is not None:
            shutil.copytree(self.requirements.resolve(), directory / self.root, dirs_exist_ok=True)
        for place, origin in self.files.items():
            target = directory / place
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(origin, target)
        # Lambda runs as another user, whatever the umask was when a file was made.
        for path in directory.rglob("*"):
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)

    def _check_names(self, packages: Path) -> None:
        for name in sorted({place.parts[0] for place in self.files}):
            if (packages / name).exists() or (packages / f"{name}.py").exists():
                raise ValueError(
                    f"a requirement brings a module {name!r}, which would hide the folder "
                    f"{str(self.source)!r}; rename the folder"
                )


@jsii.implements(ILocalBundling)
class _LocalCopy:
    """CDK's hook for bundling without Docker."""

    def __init__(self, asset: Asset) -> None:
        self._asset = asset

    def try_bundle(self, output_dir: str, *_: object, **__: object) -> bool:
        self._asset.write(Path(output_dir))
        return True


def runtime_code(scope: Construct) -> lambda_.AssetCode:
    """Give the runtime as the whole code of a function."""
    return runtime_asset().to_code(scope)


def runtime_layer_code(scope: Construct) -> lambda_.AssetCode:
    """Give the runtime as the code of a layer."""
    return runtime_asset(root=_LAYER_ROOT).to_code(scope)


def authorizer_code(scope: Construct, architecture: lambda_.Architecture) -> lambda_.AssetCode:
    """Give the runtime with what checks signatures beside it."""
    return _with_requirements(runtime_asset(), "auth", scope, architecture).to_code(scope)


def timers_code(scope: Construct, architecture: lambda_.Architecture) -> lambda_.AssetCode:
    """Give the runtime with the time zones that schedules are read by."""
    return _with_requirements(runtime_asset(), "timers", scope, architecture).to_code(scope)


def durable_layer_code(scope: Construct, architecture: lambda_.Architecture) -> lambda_.AssetCode:
    """Give the runtime with the SDK of durable functions beside it, as the code of a layer."""
    asset = runtime_asset(root=_LAYER_ROOT)
    return _with_requirements(asset, "durable", scope, architecture).to_code(scope)


def _with_requirements(
    asset: Asset, package: str, scope: Construct, architecture: lambda_.Architecture
) -> Asset:
    """Give the runtime with what one of its packages needs, as it is locked there."""
    requirements = Requirements(
        file=asset.source / package / "requirements.txt",
        platform=Platform.of(scope, architecture),
    )
    return replace(asset, requirements=requirements)


@cache
def runtime_asset(*, root: PurePosixPath = _ROOT) -> Asset:
    """Find the runtime, wherever it is installed; once, for all constructs of a process."""
    spec = importlib.util.find_spec(RUNTIME)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"the package {RUNTIME} is missing; install cdk-streamer again")
    folder = Path(spec.submodule_search_locations[0])
    files = package_files(folder, without=_NOT_DEPLOYED)
    return Asset(
        source=folder,
        files={root / place: origin for place, origin in files.items()},
        root=root,
    )


def package_files(
    folder: Path, *, without: frozenset[str] = frozenset()
) -> dict[PurePosixPath, Path]:
    """Find the files of a package; hidden files and bytecode are no part of it."""
    return {
        PurePosixPath(folder.name, *path.relative_to(folder).parts): path
        for path in _walk(folder, without)
    }


def _walk(folder: Path, without: frozenset[str]) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in without or path.name.startswith(".") or path.name == "__pycache__":
            continue
        if path.is_dir():
            yield from _walk(path, without)
        elif path.suffix != ".pyc":
            yield path
