"""Compiles code once, where every worker would compile the same again after unpacking it."""

from __future__ import annotations

import functools
import importlib.util
import marshal
import sys
from pathlib import PurePosixPath

# https://peps.python.org/pep-0552/: valid by itself, whatever the date of the source
_UNCHECKED_HASH = (1).to_bytes(4, "little")
# What bytecode of one kind has in common.
FORMAT = importlib.util.MAGIC_NUMBER + str(sys.implementation.cache_tag).encode()


def bytecode_place(place: PurePosixPath) -> PurePosixPath:
    """Give where Python looks for the bytecode of a source file."""
    return place.parent / "__pycache__" / f"{place.stem}.{sys.implementation.cache_tag}.pyc"


@functools.lru_cache(maxsize=1024)
def bytecode(source: bytes) -> bytes | None:
    """Compile for this interpreter, which runs the workers too; None for what is no Python.

    The file's name is set when it is loaded.
    """
    try:
        code = compile(source, "<asset>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    head = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(source)
    return head + marshal.dumps(code)
