"""What carries bytes to a client and back."""

from __future__ import annotations

from typing import Protocol


class Wire(Protocol):
    """What carries bytes to a client and back, plain or encrypted: asyncio's names."""

    def write(self, data: bytes) -> None:
        """Send the bytes, or keep them until they can be sent."""
        ...

    def close(self) -> None:
        """End when all is sent; what still comes is dropped, for some seconds at most."""
        ...

    def linger(self) -> None:
        """End in some seconds, unless the client ends before."""
        ...

    def is_closing(self) -> bool:
        """Tell whether it ends or has ended."""
        ...

    def get_write_buffer_size(self) -> int:
        """Give how many bytes are not sent yet."""
        ...

    def pause_reading(self) -> None:
        """Take nothing more from the client for now."""
        ...

    def resume_reading(self) -> None:
        """Go on taking."""
        ...
