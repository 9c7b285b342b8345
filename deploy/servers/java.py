"""Finds a Java development kit new enough for all three servers, and compiles our few classes with it."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from deploy.servers.maven import ToolMissing

AT_LEAST = 21  # what Elasticsearch 9 asks for
# The first compiler only: starting takes two thirds of the time, and nobody measures throughput here.
QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


def java_home() -> Path:
    """``ES_JAVA_HOME`` if it is set, else the newest kit of ``JAVA_HOME``, the usual folder and the PATH. Raises ToolMissing."""
    asked = os.environ.get("ES_JAVA_HOME")
    places = {Path(asked)} if asked else set(_places())
    able = [(version, place) for place in places if (version := _version(place)) >= AT_LEAST]
    if not able:
        where = asked or "JAVA_HOME, /usr/lib/jvm or on the PATH"
        raise ToolMissing(
            f"no Java development kit {AT_LEAST} or newer in {where}: install one (Temurin, for example), "
            "and if it is elsewhere set ES_JAVA_HOME"
        )
    return max(able)[1]


def run(tool: str, *arguments: str | Path) -> None:
    """Run one of the kit's tools to its end; raises RuntimeError with what it printed if it fails."""
    command = [str(java_home() / "bin" / tool), *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{tool} ended with {done.returncode}:\n{done.stdout.strip()}")


def quick(jars: Path) -> list[str]:
    """How to begin the command of a program with *jars* so that it starts quickly.

    The first time it ends in order it leaves its loaded classes beside *jars*, which takes some seconds then; each later start
    takes less than half of the first. Java checks that file, and makes it again when it does not fit.
    """
    return [
        *(str(java_home() / "bin" / "java"), *QUICK),
        *("-XX:+AutoCreateSharedArchive", f"-XX:SharedArchiveFile={jars}.jsa", "-Xlog:cds=off", "-Xlog:aot=off"),
    ]


def compile_classes(sources: Iterable[Path], *, class_path: str, into: Path) -> None:
    """Compile *sources* into the folder *into*."""
    run("javac", "--release", str(AT_LEAST), "-proc:none", "-cp", class_path, "-d", into, *sources)


def class_path(*folders: Path) -> str:
    """Every jar of *folders*."""
    return os.pathsep.join(f"{folder}{os.sep}*" for folder in folders)


def _places() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home)
    yield from Path("/usr/lib/jvm").glob("*")
    if found := shutil.which("javac"):
        yield Path(found).resolve().parent.parent


def _version(home: Path) -> int:
    """The Java version of a kit, from its ``release`` file; 0 if it is none, or has no compiler."""
    try:
        text = (home / "release").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(r'^JAVA_VERSION="(\d+)', text, re.MULTILINE)
    return int(found[1]) if found and (home / "bin" / "javac").exists() else 0
