"""What keeps, finds and carries data: one protocol per kind of engine, and the engines that keep its promises.

An engine is chosen by a URL (``sqlite:///…``, ``folder:///…``), so that choosing it and configuring it are one setting. Drivers are
imported when their engine is opened, not before.
"""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit


class CannotOpen(ValueError):
    """An engine cannot be used as its URL has it, until somebody changes that; the message says what."""


class UnknownEngine(CannotOpen):
    """A URL names no engine of its kind."""

    def __init__(self, kind: str, url: str, schemes: Sequence[str]) -> None:
        scheme = urlsplit(url).scheme or "no scheme"
        super().__init__(f"no {kind} engine goes by {scheme!r}; there is {', '.join(f'{s}:' for s in schemes)}")


class NotPrepared(Exception):
    """An engine lacks what it must have before it is used: indexes, topics. The `prepare` command makes them."""


def file_path(url: str) -> Path:
    """The path of a URL without a host: three slashes are relative to the working folder, four absolute."""
    parts = urlsplit(url)
    if parts.netloc:
        raise CannotOpen(f"{parts.scheme}: URLs have no host; write {parts.scheme}:///path")
    return Path(unquote(parts.path[1:]))


def make_folder(folder: Path) -> None:
    """Make *folder* if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotOpen(f"The folder {folder} cannot be made: {error.strerror}.") from error


def number(option: str, said: str) -> int:
    """The number that a URL's *option* has."""
    if not (said.isascii() and said.isdigit() and int(said)):
        raise CannotOpen(f"{option}={said}: write a number, 1 or more")
    return int(said)
