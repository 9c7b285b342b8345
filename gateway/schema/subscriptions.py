"""Live streams: every entry after a cursor, in order, then each new one as it arrives."""

from collections.abc import AsyncGenerator
from typing import cast

import strawberry

from gateway.enums import Language
from gateway.readings import speak
from gateway.schema.alerts import AlertStreamItem
from gateway.schema.common import GatewayInfo
from gateway.schema.requests import RequestChange
from gateway.streams import resumed
from protos.alerts.v1 import alerts_pb2
from protos.requests.v1 import requests_pb2


@strawberry.type
class Subscription:
    @strawberry.subscription(
        description="The inbox of the signed-in person's authority, live. `after` resumes without a gap; without it, from now on."
    )
    async def alert_stream(
        self, info: GatewayInfo, after: str | None = None, language: Language | None = None
    ) -> AsyncGenerator[AlertStreamItem, None]:
        speak(info, language)
        alerts = info.context.backends.alerts

        def opened(cursor: str) -> AsyncGenerator[alerts_pb2.WatchInboxResponse, None]:
            request = alerts_pb2.WatchInboxRequest(after_cursor=cursor)
            return alerts.stream(alerts.stub.WatchInbox, request)

        async for item in resumed(opened, after or "", info.context.signed_in.expires_at):
            info.context.begin_event()
            yield cast("AlertStreamItem", item)

    @strawberry.subscription(
        description="Every change of the authority's requests, live. `after` resumes without a gap."
    )
    async def request_changes(
        self, info: GatewayInfo, after: str | None = None, language: Language | None = None
    ) -> AsyncGenerator[RequestChange, None]:
        speak(info, language)
        requests = info.context.backends.requests

        def opened(cursor: str) -> AsyncGenerator[requests_pb2.WatchChangesResponse, None]:
            request = requests_pb2.WatchChangesRequest(after_cursor=cursor)
            return requests.stream(requests.stub.WatchChanges, request)

        async for item in resumed(opened, after or "", info.context.signed_in.expires_at):
            info.context.begin_event()
            yield cast("RequestChange", item)
