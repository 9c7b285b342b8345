"""What the journeys of alerts share: a system whose alerts service goes by a clock that a test turns."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import services.alerts.wiring
from tests.gateway.clients import Client, Data, eventually
from tests.journeys.staging import Stage, a_stage

STATUS = "alert { status }"
READ = """query ($id: ID!) { alert(id: $id) {
  id number status view revision version severity late appealPending expiresAt commentsUntil endReason { original }
  values { field { code } value { date text { original } } }
  versions { number reason { original } values { field { code } value { date text { original } } } }
  countries { country { code } acknowledgedAt acknowledgedBy { country { code } } disseminatedTo { id } escalatedAt }
  information { id status text { original } } comments { country { code } text { original } }
  closure { country { code } until objections { country { code } reason { original } withdrawnAt } }
  earlierClosures { objections { reason { original } } }
  history { action at authority { id } } actions { action possible reason } } }"""
INBOX = "query ($after: String) { inbox(after: $after, first: 100) { edges { node { kind alert { id } } } } }"


@dataclass
class Turned:
    """The clock of the alerts service: as much ahead of the real one as a test has turned it."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True, slots=True)
class Scene:
    """A system whose alerts service goes by `clock`."""

    stage: Stage
    clock: Turned

    def as_(self, user: str) -> Client:
        return self.stage.as_(user)

    async def read(self, user: str, id_: str) -> Data | None:
        """The alert as *user* sees it."""
        found: Data | None = (await self.as_(user).ask(READ, id=id_))["alert"]
        return found

    async def seen(self, user: str, id_: str) -> Data:
        found = await self.read(user, id_)
        assert found is not None, user
        return found

    async def told(self, user: str, id_: str) -> list[str]:
        """What the inbox of *user* tells of the alert, the oldest first."""
        entries = [edge["node"] for edge in (await self.as_(user).ask(INBOX))["inbox"]["edges"]]
        return [entry["kind"] for entry in entries if entry["alert"] and entry["alert"]["id"] == id_]

    async def until_told(self, user: str, id_: str, kind: str) -> None:
        async def is_told() -> bool | None:
            return kind in await self.told(user, id_) or None

        await eventually(is_told)

    async def until(self, user: str, id_: str, status: str) -> Data:
        """The alert once it has come to *status*."""

        async def is_there() -> Data | None:
            found = await self.read(user, id_)
            return found if found is not None and found["status"] == status else None

        return await eventually(is_there)

    async def cannot(self, user: str, mutation: str, **fields: object) -> str:
        """Why *user* may not do it."""
        refused = await self.as_(user).cannot(mutation, **fields)
        return refused.reason or refused.code


def actions(alert: Data) -> set[str]:
    """What the reader may do with it now."""
    return {one["action"] for one in alert["actions"] if one["possible"]}


@asynccontextmanager
async def a_scene(data: Path) -> AsyncIterator[Scene]:
    clock = Turned()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services.alerts.wiring, "clock", clock)
        async with a_stage(data) as stage:
            yield Scene(stage, clock)
