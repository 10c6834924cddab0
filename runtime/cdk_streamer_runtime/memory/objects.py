"""S3 in memory: objects by bucket and key, and addresses that are good for a while."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from cdk_streamer_runtime._seam import metadata_of
from cdk_streamer_runtime.aws import Part
from cdk_streamer_runtime.error_codes import aws_error

ORIGIN = "https://s3.memory"
COPY_SOURCE = "x-amz-copy-source"
LONGEST_SECONDS = 7 * 24 * 60 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """What was put under a key."""

    data: bytes
    type: str
    tag: str
    metadata: Mapping[str, str]


@dataclass(slots=True)
class MemoryObjects:
    """The objects of all buckets, by `/<bucket>/<key>`. A bucket that was not declared is none."""

    clock: Callable[[], int]
    buckets: set[str] = field(default_factory=set[str])
    _objects: dict[str, StoredObject] = field(default_factory=dict[str, StoredObject])
    _tags: int = 0

    def paths(self) -> list[str]:
        """Give where there is an object, in the order of their first writes."""
        return list(self._objects)

    def rest(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Answer a signed request for `/<bucket>/<key>`; raises AwsError."""
        path = unquote(path)
        match method:
            case "PUT":
                source = next((v for n, v in headers.items() if n.lower() == COPY_SOURCE), None)
                if source is not None:
                    body = self._get(unquote(source)).data
                self._put(path, body, headers)
                return b"" if source is None else b"<CopyObjectResult></CopyObjectResult>"
            case "GET":
                return self._get(path).data
            case "DELETE":
                self._check(path, headers, "DELETE s3")
                self._objects.pop(path, None)
                return b""
            case _:
                raise NotImplementedError(f"{method} of an object is not known to MemoryAws")

    def read(self, path: str, start: int, end: int, tag: str | None) -> Part:
        """Read a part of an object; raises AwsError."""
        found = self._get(unquote(path))
        if tag is not None and tag != found.tag:
            raise aws_error("PreconditionFailed", "", 412, "GET s3")
        size = len(found.data)
        if start and start >= size:
            raise aws_error("InvalidRange", "", 416, "GET s3")
        data = found.data[start : end + 1]
        return Part(data=data, size=size, type=found.type, tag=found.tag, metadata=found.metadata)

    def presign(self, method: str, path: str, seconds: int, headers: Mapping[str, str]) -> str:
        """Give an address for one use of an object."""
        if not 1 <= seconds <= LONGEST_SECONDS:
            raise ValueError(f"a signed address is good for 1 to 604,800 seconds, got {seconds!r}")
        signed = {name.lower(): value for name, value in headers.items()}
        terms = {
            "X-Amz-Date": str(self.clock()),
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": ";".join(sorted({"host", *signed})),
        }
        terms["X-Amz-Signature"] = _signature(method, path, terms, signed)
        return f"{ORIGIN}{path}?{urlencode(terms)}"

    def open(
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> bytes:
        """Use a signed address as anybody may; raises AwsError, 403 for any other use."""
        parts = urlsplit(url)
        terms = {name: values[0] for name, values in parse_qs(parts.query).items()}
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        sent["content-length"] = str(len(body))
        names = set(terms.get("X-Amz-SignedHeaders", "").split(";")) - {"host", ""}
        signed = {name: sent.get(name, "") for name in names}
        signature = terms.pop("X-Amz-Signature", "")
        if not hmac.compare_digest(signature, _signature(method, parts.path, terms, signed)):
            raise aws_error("SignatureDoesNotMatch", "", 403, f"{method} s3")
        ends = int(terms["X-Amz-Date"]) + int(terms["X-Amz-Expires"]) * 1000
        if self.clock() >= ends:
            raise aws_error("AccessDenied", "Request has expired", 403, f"{method} s3")
        return self.rest(method, parts.path, body, sent)

    def _check(self, path: str, headers: Mapping[str, str], operation: str) -> None:
        """Refuse what is sent on a condition that does not hold."""
        named = {name.lower(): value for name, value in headers.items()}
        found = self._objects.get(path)
        if named.get("if-none-match") == "*" and found is not None:
            raise aws_error("PreconditionFailed", "", 412, operation)
        wanted = named.get("if-match")
        if wanted is not None and found is None:
            raise aws_error("NoSuchKey", "The specified key does not exist.", 404, operation)
        if wanted is not None and found is not None and wanted not in ("*", found.tag):
            raise aws_error("PreconditionFailed", "", 412, operation)

    def _put(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        self._find_bucket(path)
        self._check(path, headers, "PUT s3")
        named = {name.lower(): value for name, value in headers.items()}
        self._tags += 1
        self._objects[path] = StoredObject(
            data=body,
            type=named.get("content-type", "binary/octet-stream"),
            tag=f'"{self._tags}"',
            metadata=metadata_of(named),
        )

    def _get(self, path: str) -> StoredObject:
        self._find_bucket(path)
        found = self._objects.get(path)
        if found is None:
            raise aws_error("NoSuchKey", "The specified key does not exist.", 404, "GET s3")
        return found

    def _find_bucket(self, path: str) -> None:
        if path[1:].partition("/")[0] not in self.buckets:
            raise aws_error("NoSuchBucket", "The specified bucket does not exist", 404, "s3")


def _signature(method: str, path: str, terms: Mapping[str, str], headers: Mapping[str, str]) -> str:
    listed = sorted(headers.items())
    subject = f"{method} {quote(unquote(path))} {sorted(terms.items())} {listed}"
    return hmac.digest(b"memory", subject.encode(), "sha256").hex()
