"""Zips code, with its bytecode; what a staged asset became is kept for the next start."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from cdk_streamer_local.cache import cache_folder
from cdk_streamer_local.cloud.assembly import Asset
from cdk_streamer_local.cloud.bytecode import FORMAT, bytecode, bytecode_place

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the oldest date that a zip file can hold
_FORGOTTEN_SECONDS = 3 * 24 * 3600

Files = Mapping[PurePosixPath, Path]


def kept_archive(asset: Asset) -> bytes:
    """Give a staged folder as a zip file, made once for as long as it is in use.

    The asset's key stands for its content, as it does for whoever deploys it to AWS.
    """
    kept = cache_folder() / "archives" / f"{_digest(asset)}.zip"
    with contextlib.suppress(FileNotFoundError):
        os.utime(kept)
        return kept.read_bytes()
    content = archive(files_of(asset.path))
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _forget(kept.parent)
    with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as partial:
        partial.write(content)
    Path(partial.name).replace(kept)
    return content


def files_of(folder: Path) -> dict[PurePosixPath, Path]:
    """Give the files of a staged folder by their place in it; bytecode is made anew."""
    begin = len(str(folder)) + 1
    return {PurePosixPath(each.path[begin:]): Path(each.path) for each in _entries(str(folder))}


def archive(files: Files) -> bytes:
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


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                if entry.is_file():
                    yield entry
            elif entry.name != "__pycache__":
                yield from _entries(entry.path)


def _write(archive: zipfile.ZipFile, place: PurePosixPath, content: bytes, mode: int) -> None:
    entry = zipfile.ZipInfo(str(place), _EARLIEST)
    entry.external_attr = mode << 16
    archive.writestr(entry, content)


def _digest(asset: Asset) -> str:
    sizes = sorted((entry.path, entry.stat().st_size) for entry in _entries(str(asset.path)))
    begin = len(str(asset.path))
    places = "".join(f"\n{path[begin:]} {size}" for path, size in sizes)
    return hashlib.sha256(FORMAT + asset.key.encode() + places.encode()).hexdigest()


def _forget(folder: Path) -> None:
    """Remove what was not used for long."""
    long_ago = time.time() - _FORGOTTEN_SECONDS
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another command removes it
            if path.stat().st_mtime < long_ago:
                path.unlink()
