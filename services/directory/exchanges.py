"""How many exchanges of an authority are open: the services that have them are asked, each for its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from grpc import aio

from chassis.calls import Peer, open_channel
from chassis.security import Security
from protos.alerts.v1 import counting_pb2 as alerts
from protos.alerts.v1.counting_pb2_grpc import CountingServiceStub as AlertsStub
from protos.requests.v1 import counting_pb2 as requests
from protos.requests.v1.counting_pb2_grpc import CountingServiceStub as RequestsStub
from vocabulary import parts


@dataclass(frozen=True, slots=True)
class OpenExchanges:
    """Asks over these channels, in the name that *token* signs; None stands for a service that is no part of this system."""

    token: Callable[[], str]
    requests: aio.Channel | None
    alerts: aio.Channel | None

    async def count(self, authority_id: str) -> int:
        """How many are open, none of them counted where there is no such service.

        Raises Unavailable if one of the services cannot be asked: what is not known to be closed is not taken for closed.
        """
        found = 0
        if self.requests is not None:
            asked = requests.CountOpenExchangesRequest(authority_id=authority_id)
            method = RequestsStub(self.requests).CountOpenExchanges
            found += (await Peer("requests", self.token).call(method, asked)).open
        if self.alerts is not None:
            wanted = alerts.CountOpenExchangesRequest(authority_id=authority_id)
            found += (await Peer("alerts", self.token).call(AlertsStub(self.alerts).CountOpenExchanges, wanted)).open
        return found


@asynccontextmanager
async def open_exchanges(
    token: Callable[[], str], requests_address: str, alerts_address: str, security: Security | None
) -> AsyncIterator[OpenExchanges]:
    """Channels to the services at these addresses, each connected when it is first asked; to none where there is none."""
    async with AsyncExitStack() as stack:

        async def channel(address: str) -> aio.Channel | None:
            if address == parts.NOT_THERE:
                return None
            return await stack.enter_async_context(open_channel(address, security))

        yield OpenExchanges(token, await channel(requests_address), await channel(alerts_address))
