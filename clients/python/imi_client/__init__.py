"""Reads an authority's alerts from an IMI system, live, without missing one.

async with Client("alerts.imi.example:50053", token, tls=Tls.of("authority.pem", "system.pem", "system.key")) as client:
    async for entry in client.inbox(FileCursor("alerts.cursor")):
        ...
"""

from imi_client.client import Client, Tls
from imi_client.cursors import CursorStore, FileCursor
from imi_client.inbox import Entry, Inbox, Start
from imi_client.protos.alerts.v1.alerts_pb2 import InboxEntryKind, InboxFilter
from imi_client.refusals import CursorExpired, Refused, SignInRefused

__all__ = [
    "Client",
    "CursorExpired",
    "CursorStore",
    "Entry",
    "FileCursor",
    "Inbox",
    "InboxEntryKind",
    "InboxFilter",
    "Refused",
    "SignInRefused",
    "Start",
    "Tls",
]
