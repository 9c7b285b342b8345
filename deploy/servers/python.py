"""Python packages that only some systems have, brought into the cache for tests: the environment of development stays without them."""

import subprocess
import sys
import time
from pathlib import Path

from deploy.servers.cache import fingerprint, kept
from deploy.servers.maven import NotFetched, say

_REQUIREMENTS = Path(__file__).parents[2] / "requirements"
FETCH_WITHIN_S = 600


def packages(extra: str) -> Path:
    """A folder to put on the import path, with what *extra* adds; downloads it the first time. Raises NotFetched."""
    pins = _REQUIREMENTS / f"{extra}.txt"
    return kept(f"{extra}-{fingerprint([pins])}", lambda folder: _install(extra, pins, folder))


def _install(extra: str, pins: Path, folder: Path) -> None:
    began = time.monotonic()
    say(f"fetching {extra} …")
    wanted = [*("-m", "pip", "install", "-q", "--disable-pip-version-check"), "--require-hashes", "-r", str(pins)]
    try:
        subprocess.run(  # noqa: S603
            [sys.executable, *wanted, "--target", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=FETCH_WITHIN_S,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        tail = "\n".join(error.output.strip().splitlines()[-15:])
        raise NotFetched(f"{extra} could not be fetched; pip said:\n{tail}") from error
    except subprocess.TimeoutExpired as error:
        raise NotFetched(f"{extra} could not be fetched within {FETCH_WITHIN_S} s") from error
    say(f"fetched {extra} in {time.monotonic() - began:.0f} s")
