"""Fetches the servers' jars with Maven, which knows their dependencies and the user's own mirrors and proxies.

All versions are pinned here. Maven keeps its own copies in its local repository as well; ours is the flat folder a class path needs.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from deploy.servers.cache import kept

_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
FETCH_WITHIN_S = 1_800


class ToolMissing(Exception):
    """A program that has to be installed first; the message says which, and how it is found."""


class NotFetched(Exception):
    """A download failed; the message ends with what Maven said last."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A thing in a Maven repository."""

    group: str
    name: str
    version: str
    type: str = "jar"


@dataclass(frozen=True, slots=True)
class Fetch:
    """Artifacts that go into one folder, with all that they need or alone."""

    name: str
    artifacts: Sequence[Artifact]
    alone: bool = False


KAFKA_VERSION = "4.1.0"
KAFKA = Fetch(
    f"kafka-{KAFKA_VERSION}",
    [
        Artifact("org.apache.kafka", "kafka_2.13", KAFKA_VERSION),
        Artifact("org.apache.logging.log4j", "log4j-slf4j-impl", "2.24.3"),  # without it nothing is logged
    ],
)
MONGO_VERSION = "1.47.0"
MONGO = Fetch(
    f"mongo-java-server-{MONGO_VERSION}",
    [
        Artifact("de.bwaldvogel", "mongo-java-server-h2-backend", MONGO_VERSION),
        Artifact("org.slf4j", "slf4j-simple", "2.0.17"),
    ],
)
ELASTICSEARCH_VERSION = "9.1.0"
ELASTICSEARCH = Fetch(
    f"elasticsearch-{ELASTICSEARCH_VERSION}-zip",
    [Artifact("org.elasticsearch.distribution.integ-test-zip", "elasticsearch", ELASTICSEARCH_VERSION, "zip")],
    alone=True,
)
ANALYSIS = Fetch(
    f"elasticsearch-{ELASTICSEARCH_VERSION}-analysis",
    [
        # The version of the Lucene that this Elasticsearch has; Stempel (Polish) was not published in that one.
        Artifact("org.apache.lucene", "lucene-analysis-icu", "10.2.2"),
        Artifact("org.apache.lucene", "lucene-analysis-stempel", "10.3.0"),
        Artifact("com.ibm.icu", "icu4j", "77.1"),
    ],
    alone=True,
)


def fetched(fetch: Fetch) -> Path:
    """The folder with the jars of *fetch*; downloads them the first time. Raises ToolMissing or NotFetched."""
    return kept(fetch.name, lambda folder: download(fetch, folder))


def download(fetch: Fetch, folder: Path) -> None:
    """Bring the artifacts of *fetch* into *folder*."""
    maven = shutil.which("mvn")
    if maven is None:
        raise ToolMissing("mvn is not on the PATH: install Apache Maven 3.8 or newer (the package `maven`)")
    began = time.monotonic()
    say(f"fetching {fetch.name} …")
    pom = folder.parent / "pom.xml"
    pom.write_text(_pom(fetch.artifacts), encoding="utf-8")
    command = [
        *(maven, "--batch-mode", "--no-transfer-progress", "--file", str(pom), f"{_PLUGIN}:copy-dependencies"),
        *(f"-DoutputDirectory={folder}", "-DincludeScope=runtime", f"-DexcludeTransitive={str(fetch.alone).lower()}"),
    ]
    try:
        run = subprocess.run(  # noqa: S603
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=FETCH_WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NotFetched(f"{fetch.name} could not be fetched within {FETCH_WITHIN_S} s") from error
    if run.returncode:
        tail = "\n".join(run.stdout.strip().splitlines()[-15:])
        raise NotFetched(f"{fetch.name} could not be fetched; Maven said:\n{tail}")
    size = sum(file.stat().st_size for file in folder.iterdir())
    say(f"fetched {fetch.name}: {size / 1e6:.0f} MB in {time.monotonic() - began:.0f} s")


def say(line: str) -> None:
    """One line of progress, where it does not mix with what a command prints."""
    print(line, file=sys.stderr, flush=True)


def _pom(artifacts: Sequence[Artifact]) -> str:
    dependencies = "".join(
        f"<dependency><groupId>{escape(one.group)}</groupId><artifactId>{escape(one.name)}</artifactId>"
        f"<version>{escape(one.version)}</version><type>{escape(one.type)}</type></dependency>"
        for one in artifacts
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>imi</groupId><artifactId>servers</artifactId><version>1</version><packaging>pom</packaging>"
        f"<dependencies>{dependencies}</dependencies></project>\n"
    )
