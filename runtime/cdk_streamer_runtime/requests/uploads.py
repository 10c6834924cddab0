"""Bytes that no message can carry: clients put them into a bucket, handlers read them by id."""

from __future__ import annotations

import errno
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TypeGuard

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract import URL_SECONDS, ErrorCode
from cdk_streamer_runtime.errors import AccessDenied, AwsError, Rejection, UploadNotFound
from cdk_streamer_runtime.keys import owner_key
from cdk_streamer_runtime.sockets.connections import Caller
from cdk_streamer_runtime.sockets.messages import timestamp

PART_BYTES = 8 * 1024 * 1024
LONGEST_TYPE = 256

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME = r"[A-Za-z0-9!#$&^_.+-]+"  # RFC 6838, 4.2
TYPE_PATTERN = rf"{_NAME}/{_NAME}( ?;[ -~]*)?"
_TYPE = re.compile(TYPE_PATTERN)
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What a client has uploaded. It is read from S3 when it is asked for, part by part."""

    id: str
    size: int
    type: str
    _aws: Aws = field(repr=False, compare=False)
    _path: str = field(repr=False)
    _tag: str = field(repr=False)

    def read(self) -> bytes:
        """Give all of it; `open` needs less memory."""
        with self.open() as file:
            return file.read()

    def open(self) -> BinaryIO:
        """Give a binary file object, which can be read from any place of it.

        Raises AwsError when it was uploaded anew since.
        """
        return io.BufferedReader(_Parts(self._aws, self._path, self.size, self._tag), PART_BYTES)

    def url(self, seconds: int = URL_SECONDS) -> str:
        """Give an address that anybody may read it from, for so long; ends with the role's keys."""
        return self._aws.presign("GET", self._path, seconds=seconds)


class Uploads:
    """The uploads in the bucket of one API. An upload belongs to one owner of one tenant."""

    def __init__(
        self,
        aws: Aws,
        bucket: str,
        *,
        clock: Callable[[], int],
        new_id: Callable[[], str],
        most: int,
    ) -> None:
        """Take the bucket's name and how many bytes an upload has at most."""
        self._aws = aws
        self._bucket = bucket
        self._clock = clock
        self._new_id = new_id
        self._most = most

    def issue(self, caller: Caller, size: int, kind: str) -> dict[str, Any]:
        """Let a caller upload so many bytes of that media type; raises Rejection."""
        if size > self._most:
            raise Rejection(
                ErrorCode.PAYLOAD_TOO_LARGE,
                f"the upload has {size} bytes, but {self._most} is the most",
            )
        upload_id = self._new_id()
        path = self._path(caller.tenant, caller.owner, upload_id)
        # Signed, so that S3 takes neither more bytes nor another type.
        headers = {"Content-Type": kind, "Content-Length": str(size)}
        url = self._aws.presign("PUT", path, seconds=URL_SECONDS, headers=headers)
        return {
            "upload_id": upload_id,
            "url": url,
            "method": "PUT",
            "headers": headers,
            "expires_at": timestamp(self._clock() + URL_SECONDS * 1000),
        }

    def find(self, tenant: str, owner: str, upload_id: object) -> Upload:
        """Give an upload of that owner; raises UploadNotFound, also for somebody else's."""
        if not (isinstance(upload_id, str) and _ID.fullmatch(upload_id)):
            raise UploadNotFound("the upload's id is none that `upload` gave")
        path = self._path(tenant, owner, upload_id)
        try:
            first = self._aws.read_object(path, 0, 0)
        except AwsError as error:
            # Who may not list a bucket is refused what is not there, too.
            if error.status == _NOT_FOUND or isinstance(error, AccessDenied):
                raise UploadNotFound(f"there is no upload {upload_id!r}") from error
            raise
        return Upload(
            id=upload_id,
            size=first.size,
            type=first.type,
            _aws=self._aws,
            _path=path,
            _tag=first.tag,
        )

    def _path(self, tenant: str, owner: str, upload_id: str) -> str:
        return f"/{self._bucket}/uploads/{owner_key(tenant, owner)}/{upload_id}"


class _Parts(io.RawIOBase):
    """An object, read by ranges: only one part of it is in memory."""

    def __init__(self, aws: Aws, path: str, size: int, tag: str) -> None:
        super().__init__()
        self._aws = aws
        self._object = path
        self._size = size
        self._tag = tag or None
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            # As a file of the system does it: readers of archives look for their end so.
            raise OSError(errno.EINVAL, f"there is no byte {start + offset}")
        self._place = start + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - any writable buffer
        data = self._part(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        data = bytearray()
        while part := self._part(PART_BYTES):
            data += part
        return bytes(data)

    def _part(self, length: int) -> bytes:
        end = min(self._place + min(length, PART_BYTES), self._size) - 1
        if end < self._place:
            return b""
        part = self._aws.read_object(self._object, self._place, end, tag=self._tag)
        self._place += len(part.data)
        return part.data


def is_media_type(text: object) -> TypeGuard[str]:
    """Tell whether a header could name a type so."""
    return isinstance(text, str) and len(text) <= LONGEST_TYPE and bool(_TYPE.fullmatch(text))
