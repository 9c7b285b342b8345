"""A service with all that goes out of it: filters and webhooks beside alerts, for whoever is named."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from chassis.caller import Caller
from chassis.settings import ServiceSettings
from protos.alerts.v1 import alerts_pb2, filters_pb2, webhooks_pb2
from protos.alerts.v1.filters_pb2_grpc import FiltersServiceStub
from protos.alerts.v1.webhooks_pb2_grpc import WebhooksServiceStub
from tests.alerts.cast import someone
from tests.alerts.conftest import Asking, command, running
from vocabulary.roles import UserRole

_READS = ("ListSavedFilters", "ListWebhooks", "ReadInbox", "BatchGetAlerts")


class Outgoing(Asking):
    """Calls any of the three gRPC services of alerts; a command gets a key of its own unless it brings one."""

    def __init__(self, channel: Any, settings: ServiceSettings) -> None:
        super().__init__(channel, settings)
        self._services = [
            (self.stub, alerts_pb2),
            (FiltersServiceStub(channel), filters_pb2),
            (WebhooksServiceStub(channel), webhooks_pb2),
        ]

    async def __call__(self, caller: Caller, method: str, **fields: Any) -> Any:
        stub, messages = next(pair for pair in self._services if hasattr(pair[0], method))
        if method not in _READS:
            fields = {"command": command(), **fields}
        return await self.peer(caller).call(getattr(stub, method), getattr(messages, f"{method}Request")(**fields))


@asynccontextmanager
async def serving_outward(settings: ServiceSettings) -> AsyncIterator[Outgoing]:
    async with running(settings) as asking:
        yield Outgoing(asking.channel, settings)


def administrator(of: str) -> Caller:
    """A local data administrator of an authority, with no other role."""
    return replace(
        someone(of), user_id=f"usr_{of}_administrator", user_roles={"": frozenset({UserRole.LOCAL_DATA_ADMINISTRATOR})}
    )


HU_ADMINISTRATOR = administrator("aut_hu_coordinator")
HU_VIEWER = someone("aut_hu_coordinator", UserRole.VIEWER)
