"""A MongoDB-compatible server in Java, on one file: MongoDB itself is not to be had from a Maven repository.

It has what `engines.documents.mongo` uses and lacks transactions, sessions, change streams and pipeline updates.
"""

import os
from pathlib import Path

from deploy.servers import java
from deploy.servers.cache import fingerprint, kept
from deploy.servers.maven import MONGO, MONGO_VERSION, fetched
from deploy.servers.server import Command, connects

_SOURCE = Path(__file__).with_name("Main.java")


class Mongo:
    """See `deploy.servers.server.Program`."""

    name = "mongo"
    title = f"mongo-java-server {MONGO_VERSION}"

    def fetch(self) -> None:
        _class_path()

    def command(self, folder: Path, port: int, inner_port: int) -> Command:  # noqa: ARG002
        program = [str(java.java_home() / "bin" / "java"), *java.QUICK, "-Xmx256m"]
        return Command(
            [
                *program,
                "-Dorg.slf4j.simpleLogger.showDateTime=true",
                "-cp",
                _class_path(),
                "Main",
                str(folder / "data.mv"),
                str(port),
            ]
        )

    async def answers(self, port: int) -> bool:
        from pymongo import AsyncMongoClient
        from pymongo.errors import PyMongoError

        if not await connects(port):
            return False
        client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(
            "127.0.0.1", port, serverSelectionTimeoutMS=5_000
        )
        try:
            await client.admin.command("ping")
        except PyMongoError:
            return False
        finally:
            await client.close()
        return True


def _class_path() -> str:
    jars = java.class_path(fetched(MONGO))
    name = f"mongo-main-{MONGO_VERSION}-{fingerprint([_SOURCE])}"
    classes = kept(name, lambda folder: java.compile_classes([_SOURCE], class_path=jars, into=folder))
    return os.pathsep.join([str(classes), jars])
