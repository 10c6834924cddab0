"""Gives functions the code that was just edited."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from cdk_streamer_local.cloud.archives import archive
from cdk_streamer_local.errors import LocalError
from cdk_streamer_local.functions.function import Function
from cdk_streamer_local.reload.sources import Source, overlaid


class BrokenCode(LocalError):
    """An edited file is not Python."""


def check(files: Iterable[Path]) -> None:
    """Compile what was edited; raises BrokenCode where no interpreter could read it."""
    for file in sorted(files):
        if file.suffix != ".py" or not file.exists():
            continue
        try:
            compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as fault:
            line = f", line {fault.lineno}" if isinstance(fault, SyntaxError) else ""
            raise BrokenCode(
                f"{file.name}{line}: {fault.args[0]}",
                remedy="correct it; functions run the former code until then",
            ) from None


def update(
    functions: Sequence[Function], edited: Sequence[Source], sources: Sequence[Source]
) -> list[Function]:
    """Replace the code of every function in whose asset something was edited; gives these.

    `sources` are all there are: an earlier edit in another folder of the asset is not staged.
    """
    updated: list[Function] = []
    for asset in {source.asset.key: source.asset for source in edited}.values():
        own = [source for source in sources if source.asset.key == asset.key]
        code = archive(overlaid(asset, own))
        for function in functions:
            if function.asset == asset.key:
                function.services.client("lambda").update_function_code(
                    FunctionName=function.name, ZipFile=code
                )
                updated.append(function)
    return updated
