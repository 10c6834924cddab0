"""A cloud assembly: what synthesis wrote, read and nothing more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from cdk_streamer_local.cloud.template import is_deployed
from cdk_streamer_local.errors import SynthesisFailed

MANIFEST = "manifest.json"
DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file or folder that deploying uploads."""

    path: Path
    is_folder: bool
    bucket: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource of a template."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    construct_path: str

    @classmethod
    def read(cls, logical_id: str, resource: Json) -> Resource:
        """Read what the template says of a resource."""
        metadata = cast("Json", resource.get("Metadata", {}))
        return cls(
            logical_id=logical_id,
            type=resource["Type"],
            properties=resource.get("Properties", {}),
            construct_path=construct_path(metadata.get("aws:cdk:path", logical_id)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StackTemplate:
    """One stack of an assembly, ready to be deployed."""

    id: str
    name: str
    account: str
    region: str
    template: Path
    resources: Sequence[Resource]
    assets: Sequence[Asset]
    dependencies: frozenset[str]

    def of_type(self, *types: str) -> list[Resource]:
        """Give the resources of these types."""
        return [resource for resource in self.resources if resource.type in types]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The stacks of an assembly, each one after those that it needs."""

    folder: Path
    stacks: Sequence[StackTemplate]

    @classmethod
    def read(cls, folder: Path) -> Assembly:
        """Read an assembly; raises SynthesisFailed if it is none or not complete."""
        try:
            stacks = list(_stacks(folder))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
            raise SynthesisFailed(
                f"{str(folder)!r} is no cloud assembly ({fault})",
                remedy="give the folder that cdk synth wrote, usually cdk.out, or the app itself",
            ) from fault
        if not stacks:
            raise SynthesisFailed(
                f"the assembly {str(folder)!r} has no stack", remedy="add a Stack to the app"
            )
        return cls(folder=folder, stacks=_in_order(stacks))


def _stacks(folder: Path) -> Iterator[StackTemplate]:
    manifest = _read(folder / MANIFEST)
    _check_complete(manifest)
    artifacts = cast("dict[str, Json]", manifest.get("artifacts", {}))
    for id, artifact in artifacts.items():
        properties = cast("Json", artifact.get("properties", {}))
        if artifact["type"] == "cdk:cloud-assembly":
            yield from _stacks(folder / properties["directoryName"])
        elif artifact["type"] == "aws:cloudformation:stack":
            yield _stack(folder, id, artifact, artifacts)


def _stack(folder: Path, id: str, artifact: Json, artifacts: Mapping[str, Json]) -> StackTemplate:
    properties = artifact["properties"]
    place = urlsplit(cast("str", artifact["environment"]))  # aws://account/region
    account = DEFAULT_ACCOUNT if place.netloc.startswith("unknown-") else place.netloc
    region = place.path.strip("/")
    region = DEFAULT_REGION if region.startswith("unknown-") else region
    dependencies = frozenset[str](artifact.get("dependencies", ()))
    template = folder / properties["templateFile"]
    manifests = [
        folder / artifacts[name]["properties"]["file"]
        for name in sorted(dependencies)
        if artifacts.get(name, {}).get("type") == "cdk:asset-manifest"
    ]
    resources = cast("dict[str, Json]", _read(template).get("Resources", {}))
    return StackTemplate(
        id=id,
        name=properties.get("stackName", id),
        account=account,
        region=region,
        template=template,
        resources=[
            Resource.read(name, resource)
            for name, resource in resources.items()
            if is_deployed(resource)
        ],
        assets=[asset for file in manifests for asset in _assets(file, account, region)],
        dependencies=dependencies,
    )


def _assets(file: Path, account: str, region: str) -> Iterator[Asset]:
    for entry in cast("dict[str, Json]", _read(file).get("files", {})).values():
        source = entry["source"]
        for destination in cast("dict[str, Json]", entry["destinations"]).values():
            yield Asset(
                path=file.parent / source["path"],
                is_folder=source.get("packaging") == "zip",
                bucket=_placed(destination["bucketName"], account, region),
                key=_placed(destination["objectKey"], account, region),
            )


def _placed(text: str, account: str, region: str) -> str:
    values = {"Partition": "aws", "AccountId": account, "Region": region}
    for name, value in values.items():
        text = text.replace(f"${{AWS::{name}}}", value)
    return text


def _in_order(stacks: Sequence[StackTemplate]) -> list[StackTemplate]:
    waiting = {stack.id: stack for stack in stacks}
    ordered: list[StackTemplate] = []
    while waiting:
        # Synthesis refuses circles, so there is always one.
        ready = next(stack for stack in waiting.values() if not stack.dependencies & waiting.keys())
        ordered.append(waiting.pop(ready.id))
    return ordered


def _check_complete(manifest: Json) -> None:
    missing = cast("list[Json]", manifest.get("missing", []))
    if missing:
        keys = ", ".join(sorted(entry["key"] for entry in missing))
        raise SynthesisFailed(
            f"the app looks up values in an account, which nobody did yet: {keys}",
            remedy="run `cdk synth` once with credentials, so that cdk.context.json holds them",
        )


def construct_path(path: str) -> str:
    """Give the path of the construct that stands for the resource, not of its inner child."""
    return path.removesuffix("/Resource").removesuffix("/Default")


def _read(file: Path) -> Json:
    return cast("Json", json.loads(file.read_text(encoding="utf-8")))
