"""One connection to the alerts of an IMI system, in the name of whoever the token speaks for."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc
from grpc import aio

from imi_client.cursors import CursorStore
from imi_client.inbox import DEAD_AFTER_S, Inbox, Start
from imi_client.protos.alerts.v1 import alerts_pb2 as pb
from imi_client.protos.alerts.v1.alerts_pb2_grpc import AlertsServiceStub
from imi_client.protos.common.v1 import common_pb2
from imi_client.refusals import refusal

Token = Callable[[], Awaitable[str]]

CALL_WITHIN_S = 30.0
_ALREADY = "ALREADY_ACKNOWLEDGED"
# Keys of commands that are derived from what they do: done twice, it is done once.
_KEYS = uuid.UUID("6f0a3c52-6a5e-4a52-9f43-0c1f6d1f2b7e")
_LOOPBACK = ("127.0.0.1:", "localhost:", "[::1]:", "unix:")
# A connection that answers no ping is given up: one that a firewall has forgotten would be believed in for a quarter of an hour.
PING_EVERY_S = 30.0
ANSWERED_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificates (PEM): the authority that the system's come from, and where the system asks for one, the own with its key."""

    authority: bytes
    certificate: bytes | None = None
    key: bytes | None = None

    @classmethod
    def of(cls, authority: Path, certificate: Path | None = None, key: Path | None = None) -> Self:
        """Those in files."""
        return cls(
            authority.read_bytes(),
            certificate.read_bytes() if certificate else None,
            key.read_bytes() if key else None,
        )


class Client:
    """*address* is ``host:port`` of the alerts service; *token* gives a bearer token that is valid now, whenever one is needed."""

    def __init__(self, address: str, token: Token, *, tls: Tls | None = None) -> None:
        if tls is None and not address.startswith(_LOOPBACK):
            raise ValueError("a bearer token is sent to other machines over TLS only: give the certificates")
        self._token = token
        options = [
            ("grpc.keepalive_time_ms", int(PING_EVERY_S * 1000)),
            ("grpc.http2.ping_timeout_ms", int(ANSWERED_WITHIN_S * 1000)),
            # A reader sends nothing else; the service, which sends something as often, bears with its pings.
            ("grpc.http2.max_pings_without_data", 0),
        ]
        if tls is None:
            # What is for this machine only goes by no proxy.
            self._channel = aio.insecure_channel(address, options=[*options, ("grpc.enable_http_proxy", 0)])
        else:
            credentials = grpc.ssl_channel_credentials(tls.authority, tls.key, tls.certificate)
            self._channel = aio.secure_channel(address, credentials, options=options)
        self._stub = AlertsServiceStub(self._channel)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connection, and every stream on it."""
        await self._channel.close()

    def inbox(
        self,
        cursors: CursorStore,
        *,
        start: Start = Start.NOW,
        only: pb.InboxFilter | None = None,
        saved_filter: str = "",
        dead_after_s: float = DEAD_AFTER_S,
    ) -> Inbox:
        """The inbox of the token's authority, from the cursor in *cursors* on; where there is none yet, from *start*.

        *only* narrows what comes, or *saved_filter*, the id of one that the authority has saved; what they leave out moves the
        cursor on. A stream on which nothing came for *dead_after_s* seconds, not less than a minute, is given up and opened again;
        so is a connection whose other end answers no ping.
        """
        return Inbox(self._stub, self._metadata, cursors, start, dead_after_s, only, saved_filter)

    async def alert(self, alert_id: str) -> pb.Alert | None:
        """The alert as the token's bearer may see it; None if there is none for them. Raises Refused."""
        request = pb.BatchGetAlertsRequest(ids=[alert_id])
        try:
            found = await self._stub.BatchGetAlerts(request, metadata=await self._metadata(), timeout=CALL_WITHIN_S)
        except aio.AioRpcError as error:
            raise refusal(error) from error
        return found.alerts[0] if found.alerts else None

    async def acknowledge(self, alert_id: str) -> None:
        """Say for the own country that the alert has been received. Doing it again changes nothing. Raises Refused."""
        command = common_pb2.Command(idempotency_key=str(uuid.uuid5(_KEYS, f"acknowledge {alert_id}")))
        request = pb.AcknowledgeAlertRequest(command=command, id=alert_id)
        try:
            await self._stub.AcknowledgeAlert(request, metadata=await self._metadata(), timeout=CALL_WITHIN_S)
        except aio.AioRpcError as error:
            refused = refusal(error)
            if refused.reason != _ALREADY:
                raise refused from error

    async def _metadata(self) -> aio.Metadata:
        return aio.Metadata(("authorization", f"Bearer {await self._token()}"))
