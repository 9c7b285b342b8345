"""The inbox of the caller's authority: a page of it, and what comes after a cursor as it arrives."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from chassis.caller import Caller, current_person
from chassis.inbox import Entry
from chassis.server import Call
from chassis.wire import page_size, timestamp
from protos.alerts.v1 import alerts_pb2 as pb
from protos.common.v1 import common_pb2
from services.alerts import wire
from services.alerts.domain.filters import EVERYTHING, Filter
from services.alerts.filters.members import member
from services.alerts.filters.selecting import meant
from services.alerts.readers import party
from services.alerts.rpc.commands import Commands
from vocabulary.refusals import Forbidden

# Entries that are looked at together, where a filter leaves some out; and for one page, which is short if it takes more.
READ_AT_ONCE = 128
LOOKED_AT_LIMIT = 2_000


class Inboxes(Commands):
    async def ReadInbox(self, request: pb.ReadInboxRequest, context: Call) -> pb.ReadInboxResponse:
        caller = current_person()
        self._require_reader(caller)
        wanted = await self._selecting.asked(request, caller.authority_id)
        size = page_size(request.page)
        shown: list[pb.InboxEntry] = []
        after, more, looked_at = request.page.after, True, 0
        # Where there is nothing yet, reading ends at the beginning: taken before looking, so that what comes meanwhile comes after it.
        beginning = "" if after else await self._inbox.cursor(caller.authority_id, "")
        # An entry that this person may not see, or does not want, leaves no gap in the page, and is no reason for another one.
        while more and len(shown) <= size and looked_at < LOOKED_AT_LIMIT:
            page = await self._inbox.read(
                caller.authority_id, after, size + 1 if wanted == EVERYTHING else READ_AT_ONCE
            )
            own = await self._meant(wanted, page.items, caller)
            shown += [
                wire.inbox_entry(entry, cursor)
                for entry, cursor in zip(page.items, page.cursors, strict=True)
                if entry.id in own
            ]
            looked_at += len(page.items)
            more = page.has_next
            after = page.cursors[-1] if page.cursors else after
        cursors = [entry.cursor for entry in shown[:size]]
        return pb.ReadInboxResponse(
            entries=shown[:size],
            page_info=common_pb2.PageInfo(cursors=cursors, has_next_page=more or len(shown) > size),
            end_cursor=cursors[-1] if len(shown) > size else after or beginning,
        )

    async def WatchInbox(self, request: pb.WatchInboxRequest, context: Call) -> AsyncIterator[pb.WatchInboxResponse]:
        caller = current_person()
        self._require_reader(caller)
        wanted = await self._selecting.asked(request, caller.authority_id)
        async with aclosing(self._inbox.runs(caller.authority_id, request.after_cursor)) as runs:
            async for run in runs:
                entries = [delivered.entry for delivered in run if delivered.entry]
                if entries and request.saved_filter_id:
                    # As it is now: whoever changes it changes the streams that go by it, and removing it ends them.
                    wanted = await self._selecting.asked(request, caller.authority_id)
                own = await self._meant(wanted, entries, caller) if entries else ()
                for delivered in run:
                    message = pb.WatchInboxResponse(cursor=delivered.cursor, at=timestamp(delivered.at))
                    # An entry the person may not see, or does not want, still moves the cursor on, and looks the same.
                    if delivered.entry and delivered.entry.id in own:
                        message.entry.CopyFrom(wire.inbox_entry(delivered.entry, delivered.cursor))
                    yield message

    def _require_reader(self, caller: Caller) -> None:
        """Raises Forbidden unless *caller* has a role in alerts, and their authority a part in them."""
        if not member(caller, self._types.values(), self._now()).reads:
            raise Forbidden("only people with a role in alerts may read their authority's inbox")

    async def _meant(self, wanted: Filter, entries: Sequence[Entry], caller: Caller) -> set[str]:
        """The ids of those *entries* that *wanted* means and whose alert *caller* may see."""
        found = await self._alerts.get_together([entry.subject for entry in entries])
        alerts = {kept.id: kept.state for kept in found}
        return meant(wanted, entries, alerts, self._types, lambda area: party(caller, area, self._now()))
