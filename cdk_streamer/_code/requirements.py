"""Resolves Python requirements for Lambda with uv: no Docker, and once a machine."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import uv
from aws_cdk import aws_lambda as lambda_
from constructs import IConstruct

PYTHON = lambda_.Runtime.PYTHON_3_13
PLATFORM_CONTEXT = "cdk-streamer:platform"
CACHE_VARIABLE = "CDK_STREAMER_CACHE"

# Amazon Linux 2023 has glibc 2.34: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
_UV_PLATFORMS = {
    "arm64": "aarch64-manylinux_2_34",
    "x86_64": "x86_64-manylinux_2_34",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Where the resolved wheels will run."""

    name: str
    options: tuple[str, ...]

    @classmethod
    def of(cls, scope: IConstruct, architecture: lambda_.Architecture) -> Platform:
        """Give Lambda's platform, or this machine's if the context says so."""
        wanted = scope.node.try_get_context(PLATFORM_CONTEXT) or "lambda"
        if wanted not in {"lambda", "host"}:
            raise ValueError(
                f"context {PLATFORM_CONTEXT} must be 'lambda' or 'host', got {wanted!r}; "
                "leave it out for Lambda"
            )
        return cls.host() if wanted == "host" else cls.function(architecture)

    @classmethod
    def function(cls, architecture: lambda_.Architecture) -> Platform:
        """Give the platform of our Lambda functions."""
        name = _UV_PLATFORMS[architecture.name]
        version = PYTHON.name.removeprefix("python")
        return cls(
            name=f"{name} python {version}",
            options=("--python-platform", name, "--python-version", version),
        )

    @classmethod
    def host(cls) -> Platform:
        """Give the platform of the interpreter that synthesizes."""
        return cls(
            name=f"{sysconfig.get_platform()} python {sys.implementation.cache_tag}", options=()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """A requirements file, to be resolved for one platform."""

    file: Path
    platform: Platform

    @property
    def key(self) -> str:
        """Tell apart what may resolve differently."""
        texts = _texts(self.file)
        # The same name in another project, or of a later build, is another wheel.
        wheels = [_digest(wheel) for text in texts for wheel in _wheels(text, self.file.parent)]
        return hashlib.sha256("\0".join([self.platform.name, *texts, *wheels]).encode()).hexdigest()

    @property
    def unpinned(self) -> tuple[str, ...]:
        """Give the requirements whose version is left open."""
        lines = [
            line.partition("#")[0].strip()
            for text in _texts(self.file)
            for line in text.splitlines()
        ]
        named = [line for line in lines if line and not line.startswith("-")]
        return tuple(line for line in named if "==" not in line and "@" not in line)

    def resolve(self) -> Path:
        """Give a folder with the installed packages; made at the first call, kept for all others.

        Raises ValueError, in uv's words, for what cannot be resolved.
        """
        kept = cache_folder() / "requirements" / self.key
        if kept.is_dir():
            return kept
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".resolving-") as scratch:
            target = Path(scratch, "packages")
            self._install(target)
            _remove_leftovers(target)
            try:
                # Whole or not at all; whoever was faster in another process has made the same.
                target.rename(kept)
            except OSError:
                if not kept.is_dir():
                    raise
        return kept

    def _install(self, target: Path) -> None:
        target.mkdir()
        done = subprocess.run(  # noqa: S603 - our own uv, and no shell
            [
                uv.find_uv_bin(), "pip", "install", "--quiet",
                "--target", str(target), "--requirements", str(self.file),
                "--only-binary", ":all:", "--no-compile-bytecode",
                "--python", sys.executable, *self.platform.options,
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise ValueError(
                f"cannot resolve {str(self.file)!r} for {self.platform.name}; correct the file, or "
                "name versions that have wheels for this platform, since nothing is built here. "
                f"uv says:\n{done.stderr.strip()}"
            )


def cache_folder() -> Path:
    """Give the user's folder for what need not be made again; CDK_STREAMER_CACHE names another."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "cdk-streamer")


def _texts(file: Path) -> list[str]:
    """Read a requirements file and those that it includes."""
    if not file.is_file():
        raise ValueError(
            f"requirements include {str(file)!r}, which is no file; put it beside the others"
        )
    text = file.read_text(encoding="utf-8")
    texts = [text]
    for line in text.splitlines():
        option, _, name = line.strip().replace("=", " ", 1).partition(" ")
        if option in {"-r", "--requirement", "-c", "--constraint"}:
            texts += _texts(file.parent / name.strip())
        elif option in {"-e", "--editable"}:
            raise ValueError(
                f"requirements cannot be editable, got {line.strip()!r}; build a wheel of it, "
                "since Lambda sees no folder of this machine"
            )
    return texts


def _wheels(text: str, folder: Path) -> Iterator[Path]:
    """Find the wheels on this machine that requirements name, alone or by their folder."""
    for word in re.split(r"[\s=@;]+", text):
        path = Path(unquote(word.removeprefix("file://")))
        for place in dict.fromkeys((path, folder / path)):
            if path.suffix == ".whl" and place.is_file():
                yield place
            elif word and place.is_dir():
                yield from sorted(place.glob("*.whl"))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _remove_leftovers(folder: Path) -> None:
    # uv's own lock, and console scripts, which name an interpreter of this machine
    (folder / ".lock").unlink(missing_ok=True)
    shutil.rmtree(folder / "bin", ignore_errors=True)
    for bytecode in folder.rglob("__pycache__"):
        shutil.rmtree(bytecode)
