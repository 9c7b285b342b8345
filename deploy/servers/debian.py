"""Unpacks Debian packages into a folder, so that nothing of them is installed and nobody has to be root.

Apt finds and checks them as it does for the system, with the user's own mirrors and proxies. Where its lists are missing or out of
date, lists of our own are brought, and the system's stay as they are.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.servers.maven import NotFetched, ToolMissing, say

FETCH_WITHIN_S = 600


def unpack(name: str, packages: Sequence[str], folder: Path) -> None:
    """The contents of *packages*, without what these depend on, below *folder*. Raises ToolMissing or NotFetched."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise ToolMissing(
                f"{tool} is not on the PATH: {name} comes from Debian packages, so this needs Debian 12 or alike"
            )
    began = time.monotonic()
    say(f"fetching {name} …")
    with TemporaryDirectory(prefix="imi-packages-") as temporary:
        archives = Path(temporary) / "archives"
        archives.mkdir()
        try:
            _download(packages, archives, Path(temporary))
            for archive in sorted(archives.glob("*.deb")):
                _run(["dpkg-deb", "--extract", str(archive), str(folder)], archives)
        except subprocess.CalledProcessError as error:
            tail = "\n".join(error.output.strip().splitlines()[-15:])
            raise NotFetched(f"{name} could not be fetched; {error.cmd[0]} said:\n{tail}") from error
        except subprocess.TimeoutExpired as error:
            raise NotFetched(f"{name} could not be fetched within {FETCH_WITHIN_S} s") from error
        size = sum(archive.stat().st_size for archive in archives.iterdir())
    say(f"fetched {name}: {size / 1e6:.0f} MB in {time.monotonic() - began:.0f} s")


def _download(packages: Sequence[str], archives: Path, temporary: Path) -> None:
    try:
        _run(["apt-get", "-q", "download", *packages], archives)
    except subprocess.CalledProcessError:
        own = []
        for kind in ("State", "State::lists", "Cache"):
            place = temporary / kind.replace("::", "-").lower()
            (place / "partial").mkdir(parents=True)
            own.append(f"-oDir::{kind}={place}")
        _run(["apt-get", "-q", *own, "update"], archives)
        _run(["apt-get", "-q", *own, "download", *packages], archives)


def _run(command: Sequence[str], folder: Path) -> None:
    """Run *command* in *folder*. Apt would become another user, who cannot write there."""
    if command[0] == "apt-get" and os.geteuid() == 0:
        command = [command[0], "-oAPT::Sandbox::User=root", *command[1:]]
    subprocess.run(  # noqa: S603
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=FETCH_WITHIN_S,
        check=True,
    )
