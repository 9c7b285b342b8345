"""A reader's copy of a chain: what it may know in clear, the rest as hashes, and the whole of it signed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chassis.chains import encoded
from services.alerts.receipts import chain
from services.alerts.receipts.chain import FORMAT, Delivery, Entry, Secrets, digest
from services.alerts.receipts.keys import ReceiptKeys
from vocabulary.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Whose copy of which alert's chain this is, and what of it is open."""

    alert_id: str
    number: str
    reader: str
    is_open: Callable[[Entry], bool]
    knows_of: Callable[[Delivery], bool]

    def of_own_deliveries(self) -> "Copy":
        """This copy with no deliveries but those to the reader's own authority."""
        return replace(self, knows_of=lambda delivery: delivery.authority == self.reader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the alert says, for a reader who may have all of it, to be held against the commitment of an entry."""

    sequence: int
    type_id: str
    salt: str
    values: dict[str, Value]


def shown(entries: Sequence[Entry], copy: Copy, secrets: Secrets) -> list[dict[str, Any]]:
    """A part of the chain as the reader is given it."""
    return [_entry(entry, copy, secrets) for entry in entries]


def written(
    copy: Copy, entries: Sequence[dict[str, Any]], head: str, content: Content | None, keys: ReceiptKeys, signed_at: str
) -> dict[str, Any]:
    """The file that the reader is given, as JSON: all *entries* as they are `shown`, whose last link has the hash *head*."""
    opened = _content(content) if content else None
    signed = {
        "length": len(entries),
        "hash": head,
        "copy": digest("copy", *copy_texts(entries, opened)),
        "reader": copy.reader,
        "signedAt": signed_at,
        "key": keys.id,
    }
    alert = {"id": copy.alert_id, "number": copy.number}
    signature = keys.signature(statement(alert, signed))
    return {
        "format": FORMAT,
        "alert": alert,
        "entries": entries,
        **({"content": opened} if opened else {}),
        "head": {**signed, "signature": signature},
    }


def statement(alert: dict[str, Any], head: dict[str, Any]) -> bytes:
    """What is signed."""
    names = ("hash", "copy", "reader", "signedAt", "key")
    texts = [alert["id"], alert["number"], str(head["length"]), *(head[name] for name in names)]
    return encoded(f"{FORMAT}/head", *texts)


def copy_texts(entries: Sequence[dict[str, Any]], content: dict[str, Any] | None) -> Iterator[str]:
    """Everything that a copy shows, in order: whoever takes something out of it, or closes it, changes this."""
    for entry in entries:
        if "hash" in entry:
            yield from ("closed", entry["hash"])
            continue
        yield "open"
        yield from (str(entry[name]) for name in _OPEN)
        yield str(len(entry["deliveries"]))
        for delivery in entry["deliveries"]:
            yield from (delivery["authority"], delivery["country"], delivery["salt"], str(len(delivery["path"])))
            for step in delivery["path"]:
                yield from (step["side"], step["hash"])
    if content:
        yield from ("content", str(content["sequence"]), content["salt"], content["type"])
        for value in content["values"]:
            yield from (value["field"], value["kind"], str(len(value["parts"])), *value["parts"])


_OPEN = (
    "salt", "what", "authority", "country", "at", "recorded", "event", "revision", "content", "deliveriesRoot",
)  # fmt: skip


def _entry(entry: Entry, copy: Copy, secrets: Secrets) -> dict[str, Any]:
    place = {"sequence": entry.sequence, "previous": entry.previous}
    if not copy.is_open(entry):
        return {**place, "hash": chain.closed(entry, secrets)}
    tree = chain.levels(chain.leaves(entry, secrets))
    places = {hash_: index for index, hash_ in enumerate(tree[0])}

    def delivered(one: Delivery) -> dict[str, Any]:
        salt = secrets.delivery_salt(entry.sequence, one.authority)
        path = chain.path(tree, places[chain.delivery_hash(one, salt)])
        steps = [{"side": side, "hash": hash_} for side, hash_ in path]
        return {"authority": one.authority, "country": one.country, "salt": salt, "path": steps}

    return {
        **place,
        "what": entry.what,
        "authority": entry.authority,
        "country": entry.country,
        "at": entry.at,
        "recorded": entry.recorded,
        "event": entry.event,
        "revision": entry.revision,
        "content": entry.content,
        "salt": secrets.entry_salt(entry.sequence),
        "deliveriesRoot": tree[-1][0] if entry.deliveries else "",
        "deliveries": [delivered(one) for one in entry.deliveries if copy.knows_of(one)],
    }


def _content(content: Content) -> dict[str, Any]:
    return {
        "sequence": content.sequence,
        "salt": content.salt,
        "type": content.type_id,
        "values": [
            {"field": field, "kind": kind, "parts": parts} for field, kind, parts in chain.spelled(content.values)
        ],
    }
