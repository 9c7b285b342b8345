"""What follows from each change of an entry: it is appended to what is told of its repository, where those who follow it read on.

All read the same sequence, of which each sees their own part. A cursor is therefore sealed: its place in the sequence would say how
much there is between two changes that its holder knows of.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from chassis.inbox import Entry, Inbox
from chassis.keys import KeyRing
from chassis.outbox import topic
from chassis.reactions import Reactions
from engines.events import Event, Events
from protos.repositories.v1 import events_pb2
from vocabulary.pages import wrong_cursor

STREAM = "repositories"
AT_ONCE = 200
# Longer than any cursor: how long a sealed one is must not say how far it is.
LENGTH = 256
_HEADER = {"alg": "dir", "enc": "A128GCM"}


def tell(events: Events, inbox: Inbox) -> Reactions:
    """Append every change of what readers see. Doing it again has no effect: an entry goes by its event's id."""

    async def changed(seen: Sequence[Event]) -> None:
        entries: dict[str, list[Entry]] = {}
        for event in seen:
            message = events_pb2.EntryChanged.FromString(event.data)
            if message.version_before != message.version_now:
                told = Entry(
                    id=event.id,
                    subject=message.entry_id,
                    kind=_kind(message.version_before, message.version_now),
                    at=event.time,
                )
                entries.setdefault(message.repository_code, []).append(told)
        await inbox.append_all(entries)

    by_type = {events_pb2.EntryChanged.DESCRIPTOR.full_name: changed}
    return Reactions(events, "repositories-inbox", [topic("repositories")], by_type, at_once=AT_ONCE)


def versions_of(told: Entry) -> tuple[int, int]:
    """The versions that readers had before *told*, and have since; 0 is none."""
    before, _, now = told.kind.partition(" ")
    return int(before), int(now)


def _kind(before: int, now: int) -> str:
    return f"{before} {now}"


class Seal:
    """Makes cursors that nobody else can read, each time another one, and reads them. Those of a former key are read as well."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._keys = [_key(secret) for secret in secrets]

    @classmethod
    def of(cls, ring: KeyRing, name: str) -> "Seal":
        return cls([ring.secret(name), *ring.former_secrets(name)])

    def closed(self, cursor: str) -> str:
        return jwe.encrypt_compact(_HEADER, cursor.ljust(LENGTH).encode(), self._keys[0])

    def opened(self, cursor: str, *, field: str) -> str:
        """What *cursor* was made of; raises Invalid naming *field* for anything that was not made here."""
        for key in self._keys:
            try:
                found = jwe.decrypt_compact(cursor.encode(), key, algorithms=list(_HEADER.values())).plaintext
            except (JoseError, ValueError):
                continue
            if found:
                return found.decode().rstrip()
        raise wrong_cursor(field)


def _key(secret: bytes) -> Any:
    return OctKey.import_key(hashlib.sha256(b"repository cursors" + secret).digest()[:16])
