"""Apertium: rule-based machine translation behind its own HTTP server, APY, for the pairs of our languages that it has.

The packages are not installed but unpacked into the cache, so the pairs' mode files, which name absolute places, are written anew with
places below the server's folder. APY listens on all interfaces and knows no other way; `apertium_listening` starts it on one.
"""

import os
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import httpx

from deploy.servers.cache import kept
from deploy.servers.debian import unpack
from deploy.servers.maven import NotFetched
from deploy.servers.server import Command, connects

_PROGRAMS = (
    *("apertium", "libapertium3", "apertium-apy", "python3-tornado", "lttoolbox", "liblttoolbox3", "cg3", "libcg3-1"),
    *("apertium-lex-tools", "libapertium-lex-tools1", "libirstlm1", "apertium-recursive", "apertium-separable"),
)
# Icelandic into English is left out: it is one of the pairs that are not good enough to be shown.
_PAIRS = (
    *(
        "eng-spa",
        "fr-es",
        "spa-ita",
        "es-pt",
        "es-ro",
        "hbs-eng",
        "hbs-slv",
        "isl-swe",
        "swe-dan",
        "swe-nor",
        "dan-nor",
    ),
)
PACKAGES = (*_PROGRAMS, *(f"apertium-{pair}" for pair in _PAIRS))
_LISTENING = Path(__file__).with_name("apertium_listening.py")
_INSTALLED = "installed"
_IDLE_S = 600


class Apertium:
    """See `deploy.servers.server.Program`."""

    name = "apertium"
    title = "Apertium"

    def fetch(self) -> None:
        _home()

    def command(self, folder: Path, port: int, inner_port: int) -> Command:  # noqa: ARG002
        installed = folder / _INSTALLED
        installed.unlink(missing_ok=True)
        installed.symlink_to(_home())
        # Python has to find its own standard library and nothing of ours.
        arguments = [sys.executable, "-I", str(_LISTENING), str(port), _INSTALLED, str(_IDLE_S)]
        return Command(arguments, _environment(_home()))

    async def answers(self, port: int) -> bool:
        if not await connects(port):
            return False
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            try:
                answer = await client.get(f"http://127.0.0.1:{port}/listPairs")
            except httpx.HTTPError:
                return False
        return answer.status_code == httpx.codes.OK


def _home() -> Path:
    """The unpacked packages, and the folder ``modes`` with the rewritten mode files."""
    wanted = sha256("\0".join(PACKAGES).encode()).hexdigest()[:12]
    return kept(f"apertium-{wanted}", _make)


def _make(folder: Path) -> None:
    unpack("Apertium", PACKAGES, folder)
    modes = folder / "modes"
    modes.mkdir()
    for mode in (folder / "usr/share/apertium/modes").glob("*.mode"):
        said = mode.read_text(encoding="utf-8")
        (modes / mode.name).write_text(re.sub(r"/usr/share/apertium/", f"{_INSTALLED}\\g<0>", said), encoding="utf-8")
    _try(folder)


def _try(folder: Path) -> None:
    """Raises NotFetched if a program of *folder* lacks a library of the system's."""
    for program in ("lt-proc", "apertium-tagger", "apertium-transfer", "lrx-proc", "lsx-proc", "rtx-proc", "cg-proc"):
        tried = subprocess.run(  # noqa: S603
            ["ldd", str(folder / "usr/bin" / program)],  # noqa: S607
            env={**os.environ, **_environment(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        if missing := re.findall(r"(\S+) => not found", tried.stdout):
            raise NotFetched(f"Apertium's {program} lacks {', '.join(missing)}: install the packages that have these")


def _environment(home: Path) -> dict[str, str]:
    [libraries] = (home / "usr/lib").glob("*-linux-gnu*")
    return {
        "PATH": f"{home}/usr/bin:{os.environ.get('PATH', os.defpath)}",
        "LD_LIBRARY_PATH": str(libraries),
        "LC_ALL": "C.UTF-8",
    }
