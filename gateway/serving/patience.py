"""How long a request may take to arrive, and its answer to be taken: a connection is not held by somebody who says it a byte at a
time, or nothing at all, nor by somebody who reads nothing of what waits for them.

What waits for us is not counted: while nobody reads a body, its sender cannot go on.
"""

import asyncio
from enum import Enum, auto

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# For a request line with its header fields; and for a body, to which a second is added for so many bytes that have come.
HEAD_S = 10.0
BODY_S = 20.0
BYTES_A_SECOND = 16 * 1024
# For whoever is to read a large answer, until they have read something more of it.
READ_S = 60.0


class Awaited(Enum):
    """What has to arrive next."""

    NOTHING = auto()
    # Nothing of a request has come yet.
    REQUEST = auto()
    HEAD = auto()
    BODY = auto()


class PatientProtocol(HttpToolsProtocol):
    """A connection whose requests arrive in time, or are answered by 408."""

    _awaited = Awaited.NOTHING
    _since = 0.0
    _arrived = 0
    _looking: asyncio.TimerHandle | None = None
    # Goes off when the client has had its time to read; whether there has been room for more since it was set, and what waited then.
    _reading: asyncio.TimerHandle | None = None
    _had_room = False
    _unread = 0
    # Whether it is a WebSocket by now, which another protocol reads.
    _is_left = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await(Awaited.REQUEST)
        self._look_later()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_left:
            return
        if self._awaited is Awaited.NOTHING:
            if self.timeout_keep_alive_task is None and (self.cycle is None or self.cycle.response_complete):
                # What came was no request, and has ended the wait for one that the server itself keeps.
                self._await(Awaited.REQUEST)
            else:
                self._stop_looking()
                return
        if self._looking is None:
            self._look_later()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await(Awaited.HEAD)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._await(Awaited.BODY)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._arrived += len(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._awaited = Awaited.NOTHING

    def handle_websocket_upgrade(self) -> None:
        self._awaited, self._is_left = Awaited.NOTHING, True
        self._stop_looking()
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_looking()
        if self._reading is not None:
            self._reading.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._reading is None:
            self._wait_for_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._had_room = True

    def too_slow(self) -> None:
        """Answer that the request has not arrived in time, and close the connection."""
        self.send_400_response("The request has not arrived in time.")

    def _wait_for_reader(self) -> None:
        self._had_room, self._unread = False, self.transport.get_write_buffer_size()
        self._reading = self.loop.call_later(READ_S, self._look_at_reader)

    def _look_at_reader(self) -> None:
        self._reading = None
        unread = self.transport.get_write_buffer_size()
        if not unread:
            return
        if self._had_room or unread < self._unread:
            self._wait_for_reader()
        else:
            # Closing it would wait for the same.
            self.transport.abort()

    def _await(self, what: Awaited) -> None:
        self._awaited, self._since, self._arrived = what, self.loop.time(), 0

    def _until(self) -> float:
        if self._awaited is Awaited.BODY:
            return self._since + BODY_S + self._arrived / BYTES_A_SECOND
        return self._since + HEAD_S

    def _look_later(self) -> None:
        if not self.transport.is_closing():
            self._looking = self.loop.call_at(self._until(), self._look)

    def _stop_looking(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def _look(self) -> None:
        self._looking = None
        if self._awaited is Awaited.NOTHING or self.transport.is_closing():
            return
        if self.flow.read_paused:
            self._since, self._arrived = self.loop.time(), 0
        if self.loop.time() < self._until():
            self._look_later()
        elif self._awaited is Awaited.REQUEST or (self._awaited is Awaited.BODY and self.cycle.response_started):
            # There is nothing to answer, or an answer has begun.
            self.transport.close()
        else:
            self.too_slow()
