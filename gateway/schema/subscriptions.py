"""Live streams: every entry after a cursor, in order, then each new one as it arrives."""

from collections.abc import AsyncGenerator

import strawberry

from gateway.enums import Language
from gateway.readings import speak
from gateway.schema.alert_filters import InboxFilterInput, inbox_filter
from gateway.schema.alerts import AlertStreamItem
from gateway.schema.common import GatewayInfo
from gateway.schema.repository_changes import RepositoriesSubscriptions
from gateway.schema.requests import RequestChange
from gateway.schema.translation import TranslationSubscriptions
from gateway.streams.following import follow
from gateway.streams.sources import WATCH_CHANGES, WATCH_INBOX


@strawberry.type
class Subscription(TranslationSubscriptions, RepositoriesSubscriptions):
    @strawberry.subscription(
        description="The inbox of the signed-in person's authority, live. `after` resumes without a gap; without it, from now on. "
        "What `filter` or `savedFilter` leaves out moves the cursor on without an entry."
    )
    def alert_stream(
        self,
        info: GatewayInfo,
        after: str | None = None,
        filter: InboxFilterInput | None = None,
        saved_filter: strawberry.ID | None = None,
        language: Language | None = None,
    ) -> AsyncGenerator[AlertStreamItem, None]:
        speak(info, language)
        saved = saved_filter or ""
        asked = WATCH_INBOX.asking(varies=bool(saved), filter=inbox_filter(filter), saved_filter_id=saved)
        return follow(info.context, asked, after)

    @strawberry.subscription(
        description="Every change of the authority's requests, live. `after` resumes without a gap."
    )
    def request_changes(
        self, info: GatewayInfo, after: str | None = None, language: Language | None = None
    ) -> AsyncGenerator[RequestChange, None]:
        speak(info, language)
        return follow(info.context, WATCH_CHANGES, after)
