"""Receipts made without a service: a ledger in a store of its own, and a reader's copy of a chain."""

import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from chassis.chains import instant
from chassis.keys import KeyRing
from engines.documents import open_documents
from services.alerts.receipts import chain, document
from services.alerts.receipts.chain import Delivery, Entry, Secrets
from services.alerts.receipts.document import Content, Copy
from services.alerts.receipts.keys import ReceiptKeys
from services.alerts.receipts.ledger import RECEIPTS, SECRETS, Happened, Ledger
from vocabulary.values import FreeText, Money, Value

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
ALERT_ID = "alt_1"
TYPE_ID = "services:1"
VALUES = {
    "subject": Value(text=FreeText(text="Ponteggio\nsenza parapetti – «Δ»", language="it")),
    "danger": Value(codes=("SAFETY", "HEALTH")),
    "since": Value(date=NOW.date()),
    "damage": Value(money=Money(amount=Decimal("12.50"), currency="EUR")),
    "establishment": Value(references=("RO",)),
}


def counted() -> Callable[[int], bytes]:
    """Random bytes that are none: each time others, and the same in every run."""
    numbers = itertools.count(1)
    return lambda size: next(numbers).to_bytes(size)


@asynccontextmanager
async def a_ledger(folder: Path) -> AsyncIterator[Ledger]:
    async with open_documents(f"sqlite:///{folder}/documents.db", [RECEIPTS, SECRETS]) as documents:
        yield Ledger(documents, counted(), lambda: NOW)


def happened(number: int, what: str = "BROADCAST", *reached: str, alert_id: str = ALERT_ID, **changed: Any) -> Happened:
    """The step of this *number*, which *reached* authorities such as ``HU/aut_hu_labour``."""
    fields: dict[str, Any] = {
        "alert_id": alert_id,
        "type_id": TYPE_ID,
        "event": f"evt_{number}",
        "revision": number,
        "what": what,
        "authority": "aut_it_coordinator",
        "country": "IT",
        "at": NOW + timedelta(seconds=number),
        "version": 1,
        "values": VALUES,
        "deliveries": tuple(a_delivery(one) for one in reached),
    }
    return Happened(**{**fields, **changed})


def a_delivery(written: str) -> Delivery:
    country, _, authority = written.partition("/")
    return Delivery(authority=authority, country=country)


def a_copy(
    entries: list[Entry],
    secrets: Secrets,
    keys: ReceiptKeys,
    *,
    alert_id: str = ALERT_ID,
    is_open: Callable[[Entry], bool] = lambda entry: True,
    knows_of: Callable[[Delivery], bool] = lambda delivery: True,
    content_of: int | None = None,
) -> dict[str, Any]:
    copy = Copy(alert_id=alert_id, number="AL-1", reader="aut_hu_labour", is_open=is_open, knows_of=knows_of)
    content = None
    if content_of is not None:
        content = Content(sequence=content_of, type_id=TYPE_ID, salt=secrets.content_salt(1), values=VALUES)
    head = entries[-1].hash if entries else chain.start(alert_id)
    return document.written(copy, document.shown(entries, copy, secrets), head, content, keys, instant(NOW))


async def the_chain(ledger: Ledger, alert_id: str = ALERT_ID) -> list[Entry]:
    return [entry async for entries in ledger.entries(alert_id) for entry in entries]


def published(keys: ReceiptKeys) -> str:
    return json.dumps({"keys": keys.published()})


def some_keys(folder: Path) -> ReceiptKeys:
    return ReceiptKeys(KeyRing(folder))
