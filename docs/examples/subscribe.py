"""Reads an authority's alerts with the package imi-client, and goes on where it was after a break of any kind.

ALERTS_ADDRESS says where, TOKEN_FILE has a bearer token, CURSOR_FILE remembers how far this program has come. TLS_AUTHORITY,
TLS_CERTIFICATE and TLS_KEY name certificates (PEM); without them the connection is plain text, for this machine only.
"""

import asyncio
import json
import os
from pathlib import Path

from imi_client import Client, FileCursor, Start, Tls


async def token() -> str:
    """Asked for at every connection: put a new token into the file before the old one runs out."""
    return Path(os.environ["TOKEN_FILE"]).read_text(encoding="utf-8").strip()


def tls() -> Tls | None:
    if "TLS_AUTHORITY" not in os.environ:
        return None
    return Tls.of(*(Path(os.environ[f"TLS_{name}"]) for name in ("AUTHORITY", "CERTIFICATE", "KEY")))


async def main() -> None:
    cursor = FileCursor(Path(os.environ["CURSOR_FILE"]))
    async with Client(os.environ["ALERTS_ADDRESS"], token, tls=tls()) as client:
        async for entry in client.inbox(cursor, start=Start.BEGINNING):
            alert = await client.alert(entry.alert_id)
            said = {
                "id": entry.id,
                "kind": entry.kind,
                "alert": entry.alert_id,
                "number": alert.number if alert else None,
            }
            # Deal with it here. It may come again, with the same id: whatever is done must bear that.
            print(json.dumps(said), flush=True)


asyncio.run(main())
