"""The images of a request, each an object in the application's bucket."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from cdk_streamer_runtime import ActionFailed, ErrorCode

MOST_IMAGES, MOST_BYTES = 2_000, 5_000_000
PAGE = 1_000
WRITERS = 8  # at once


@cache
def s3() -> Any:  # noqa: ANN401 - boto3 makes its types at run time
    """Give the client that is kept from one call to the next."""
    import boto3

    return boto3.client("s3")


def unpack(archive: BinaryIO, folder: str) -> int:
    """Put each image of an archive into a folder; gives how many there are.

    Another attempt writes the same objects again.
    """
    try:
        with zipfile.ZipFile(archive) as images, ThreadPoolExecutor(WRITERS) as pool:
            chosen = _chosen(images)
            # An archive is read by one thread; many write.
            list(pool.map(_put, (f"{folder}/{name}" for name in chosen), _bytes(images, chosen)))
            return len(chosen)
    except zipfile.BadZipFile as error:
        raise _refusal("the upload is no zip archive") from error


def names(folder: str, token: str | None) -> tuple[Sequence[str], str | None]:
    """Give a page of the names in a folder, and what asks for the next one."""
    more = {"ContinuationToken": token} if token else {}
    page = s3().list_objects_v2(
        Bucket=os.environ["BUCKET"], Prefix=f"{folder}/", MaxKeys=PAGE, **more
    )
    found = [PurePosixPath(entry["Key"]).name for entry in page.get("Contents", ())]
    return found, page.get("NextContinuationToken")


def read(key: str) -> bytes:
    """Give an image."""
    return s3().get_object(Bucket=os.environ["BUCKET"], Key=key)["Body"].read()


def _chosen(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Give the images by their names without folders; whoever sent them is not trusted."""
    files = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(files) > MOST_IMAGES:
        raise _refusal(f"the archive has {len(files)} images, and {MOST_IMAGES} is the most")
    for entry in files:
        if entry.file_size > MOST_BYTES:
            raise _refusal(
                f"{entry.filename} has {entry.file_size} bytes; {MOST_BYTES} is the most"
            )
    return {PurePosixPath(entry.filename).name: entry for entry in files}


def _bytes(archive: zipfile.ZipFile, chosen: dict[str, zipfile.ZipInfo]) -> Iterator[bytes]:
    return (archive.read(entry) for entry in chosen.values())


def _put(key: str, image: bytes) -> None:
    s3().put_object(Bucket=os.environ["BUCKET"], Key=key, Body=image, ContentType="image/png")


def _refusal(text: str) -> ActionFailed:
    return ActionFailed(text, code=ErrorCode.VALIDATION_ERROR)
