"""Uploads what a template refers to, under the names that bootstrapping an account would give."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from cdk_streamer_local.cloud.assembly import DEFAULT_REGION, Asset
from cdk_streamer_local.cloud.bytecode import bytecode, bytecode_place
from cdk_streamer_local.cloud.services import Services
from cdk_streamer_local.cloud.template import deployable

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the oldest date that a zip file can hold


def upload(services: Services, assets: Iterable[Asset]) -> int:
    """Put every asset that is not there yet; gives how many were."""
    s3 = services.client("s3")
    known = _known(s3)
    uploaded = 0
    for asset in assets:
        if asset.bucket not in known:
            s3.create_bucket(Bucket=asset.bucket, **_place(services.region))
            known[asset.bucket] = set()
        # The template's asset keeps its key while its construct's hash of contents does.
        if asset.key not in known[asset.bucket]:
            s3.put_object(Bucket=asset.bucket, Key=asset.key, Body=_content(asset))
            uploaded += 1
    return uploaded


def _place(region: str) -> dict[str, Any]:
    """Give what CreateBucket wants to be told of a region, and of one it does not."""
    if region == DEFAULT_REGION:
        return {}
    return {"CreateBucketConfiguration": {"LocationConstraint": region}}


def _content(asset: Asset) -> bytes:
    if asset.is_folder:
        return archive(files_of(asset.path))
    content = asset.path.read_bytes()
    return deployable(content) if asset.path.name.endswith(".template.json") else content


def files_of(folder: Path) -> dict[PurePosixPath, Path]:
    """Give the files of a staged folder by their place in it; bytecode is made anew."""
    return {
        PurePosixPath(*path.relative_to(folder).parts): path
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }


def archive(files: Mapping[PurePosixPath, Path]) -> bytes:
    """Zip the files, the same bytes for the same content; uncompressed, which is faster here."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for place in sorted(files):
            content = files[place].read_bytes()
            executable = files[place].stat().st_mode & 0o100
            _write(archive, place, content, 0o755 if executable else 0o644)
            compiled = bytecode(content) if place.suffix == ".py" else None
            if compiled is not None:
                _write(archive, bytecode_place(place), compiled, 0o644)
    return buffer.getvalue()


def _write(archive: zipfile.ZipFile, place: PurePosixPath, content: bytes, mode: int) -> None:
    entry = zipfile.ZipInfo(str(place), _EARLIEST)
    entry.external_attr = mode << 16
    archive.writestr(entry, content)


def _known(s3: Any) -> dict[str, set[str]]:  # noqa: ANN401 - a boto3 client
    known: dict[str, set[str]] = {}
    for bucket in s3.list_buckets()["Buckets"]:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"])
        known[bucket["Name"]] = {
            entry["Key"] for page in pages for entry in page.get("Contents", ())
        }
    return known
