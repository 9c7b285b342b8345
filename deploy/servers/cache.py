"""Where fetched and built things are kept, outside the checkout: what took minutes once must not be thrown away with a clean.

A thing appears under its name only when it is complete, so an interrupted download is never mistaken for one, and processes that
want the same thing at once (parallel test runs) make it once.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory


def cache_folder() -> Path:
    """``IMI_CACHE``, else ``imi`` in the user's cache folder."""
    if own := os.environ.get("IMI_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "imi"


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """The folder *name* of the cache; if it is not there, *make* fills it first."""
    place = cache_folder().resolve() / name
    if place.exists():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with _alone(place.with_name(f".{name}.lock")):
        if not place.exists():
            with TemporaryDirectory(dir=place.parent, prefix=".unfinished-") as temporary:
                made = Path(temporary) / name
                made.mkdir()
                make(made)
                made.rename(place)
    return place


def fingerprint(sources: Iterable[Path]) -> str:
    """Changes when one of *sources* does: part of the name of what is built from them."""
    digest = sha256()
    for source in sorted(sources):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
