"""What a server may lend to the application of one connection."""

from collections.abc import Callable
from typing import Protocol

# The extension of the scope under which it does.
WRITER = "imi.writer"


class Writer(Protocol):
    """A transport lent by the server: whole frames go straight into it."""

    on_writable: Callable[[], None] | None

    @property
    def can_write(self) -> bool:
        """Whether the client has read enough for more to be written."""
        ...

    def write_frames(self, frames: bytes) -> None:
        """Write, also when the client has not: the caller knows when to stop."""
        ...

    def cut(self) -> None:
        """Cut the connection."""
        ...

    def settle(self) -> None:
        """The handshake is over: let go of what belongs to it."""
        ...
