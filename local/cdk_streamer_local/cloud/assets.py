"""Uploads what a template refers to, under the names that bootstrapping an account would give."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cdk_streamer_local.cloud.archives import kept_archive
from cdk_streamer_local.cloud.assembly import DEFAULT_REGION, Asset
from cdk_streamer_local.cloud.services import Services
from cdk_streamer_local.cloud.template import deployable


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
        return kept_archive(asset)
    content = asset.path.read_bytes()
    return deployable(content) if asset.path.name.endswith(".template.json") else content


def _known(s3: Any) -> dict[str, set[str]]:  # noqa: ANN401 - a boto3 client
    known: dict[str, set[str]] = {}
    for bucket in s3.list_buckets()["Buckets"]:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"])
        known[bucket["Name"]] = {
            entry["Key"] for page in pages for entry in page.get("Contents", ())
        }
    return known
