"""What has to be true of a receipt. docs/receipts.md of the system says what is hashed and signed, byte for byte."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from imi_client.receipts.strict import (
    NotVerified,
    base64_of,
    hash_of,
    instant_of,
    list_of,
    number_of,
    object_of,
    parsed,
    salt_of,
    text_of,
)

FORMAT = "imi-receipt-1"
_SIDES = ("left", "right")


# A field, the kind of its value, and the parts of the value.
Value = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """An inbox that the step reached."""

    authority: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step that the receipt shows in clear. Times are UTC; `content` is the commitment to what the alert said."""

    sequence: int
    what: str
    authority: str
    country: str
    at: str
    recorded: str
    event: str
    revision: int
    content: str
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt that holds. `links` are the hashes of the whole chain, `values` what the alert said, if the receipt shows it."""

    alert_id: str
    number: str
    reader: str
    signed_at: str
    key: str
    steps: tuple[Step, ...]
    links: tuple[str, ...]
    type_id: str
    values: tuple[Value, ...]


def verify(receipt: str | bytes, keys: str | bytes) -> Receipt:
    """The receipt in the JSON text *receipt*, verified against the published *keys* (a JSON Web Key Set); raises NotVerified."""
    whole = object_of(parsed(receipt, "receipt"), "receipt", ["format", "alert", "entries", "head"], ["content"])
    if whole["format"] != FORMAT:
        raise NotVerified("format", f"this is not a receipt of the format {FORMAT}")
    alert = object_of(whole["alert"], "alert", ["id", "number"])
    alert_id, number = text_of(alert["id"], "alert.id"), text_of(alert["number"], "alert.number")
    links, texts, steps = _chain(alert_id, list_of(whole["entries"], "entries"))
    type_id: str = ""
    values: tuple[Value, ...] = ()
    if "content" in whole:
        type_id, values, more = _content(whole["content"], steps)
        texts += more
    head = object_of(whole["head"], "head", ["length", "hash", "copy", "reader", "signedAt", "key", "signature"])
    if number_of(head["length"], "head.length", least=0) != len(steps):
        raise NotVerified("head.length", "there are more or fewer entries than were signed")
    if hash_of(head["hash"], "head.hash") != links[-1]:
        raise NotVerified("head.hash", "this is not the hash of the last link")
    if hash_of(head["copy"], "head.copy") != _digest("copy", *texts):
        raise NotVerified("head.copy", "something is not as it was signed")
    reader = text_of(head["reader"], "head.reader")
    signed_at = instant_of(head["signedAt"], "head.signedAt")
    key = text_of(head["key"], "head.key")
    signed = _encoded(
        f"{FORMAT}/head", alert_id, number, str(len(steps)), head["hash"], head["copy"], reader, signed_at, key
    )
    _verify_signature(base64_of(head["signature"], "head.signature"), signed, _public_key(keys, key))
    shown = tuple(step for step in steps if step is not None)
    return Receipt(
        alert_id=alert_id,
        number=number,
        reader=reader,
        signed_at=signed_at,
        key=key,
        steps=shown,
        links=tuple(links[1:]),
        type_id=type_id,
        values=values,
    )


def require_continuation(earlier: Receipt, later: Receipt) -> None:
    """Raises NotVerified unless *later* is the same chain as *earlier*, or goes on from it: nothing was rewritten in between."""
    if later.alert_id != earlier.alert_id:
        raise NotVerified("alert.id", "the earlier receipt is about another alert")
    if later.links[: len(earlier.links)] != earlier.links:
        raise NotVerified("entries", "the chain of the earlier receipt is not how this one begins")


def _chain(alert_id: str, entries: Sequence[Any]) -> tuple[list[str], list[str], list[Step | None]]:
    """The hashes of the links, behind what the first stands on; every text that is shown; the steps, None for closed ones."""
    links, texts, steps = [_digest("alert", alert_id)], [], []
    for index, entry in enumerate(entries):
        where = f"entries[{index}]"
        step, hash_, shown = _entry(entry, where, index + 1)
        if hash_of(entry["previous"], f"{where}.previous") != links[-1]:
            raise NotVerified(f"{where}.previous", "this is not the hash of the link before")
        links.append(_digest("link", str(index + 1), links[-1], hash_))
        texts += shown
        steps.append(step)
    return links, texts, steps


_SHOWN = ("salt", "what", "authority", "country", "at", "recorded", "event", "revision", "content", "deliveriesRoot")


def _entry(given: Any, where: str, sequence: int) -> tuple[Step | None, str, list[str]]:
    """The step, its hash, and the texts that it shows."""
    if isinstance(given, dict) and "hash" in given:
        closed = object_of(given, where, ["sequence", "previous", "hash"])
        _sequence(closed, where, sequence)
        hash_ = hash_of(closed["hash"], f"{where}.hash")
        return None, hash_, ["closed", hash_]
    entry = object_of(given, where, ["sequence", "previous", *_SHOWN, "deliveries"])
    _sequence(entry, where, sequence)
    salt_of(entry["salt"], f"{where}.salt")
    revision = number_of(entry["revision"], f"{where}.revision", least=1)
    for name in ("at", "recorded"):
        instant_of(entry[name], f"{where}.{name}")
    for name in ("content", "deliveriesRoot"):
        if entry[name] != "":
            hash_of(entry[name], f"{where}.{name}")
    fields = {name: str(revision) if name == "revision" else text_of(entry[name], f"{where}.{name}") for name in _SHOWN}
    hashed = ("salt", "what", "authority", "country", "at", "recorded", "event", "revision", "content")
    hash_ = _digest("entry", *(fields[name] for name in hashed), fields["deliveriesRoot"])
    deliveries, texts = _deliveries(entry["deliveries"], f"{where}.deliveries", fields["deliveriesRoot"])
    step = Step(
        sequence=sequence,
        revision=revision,
        deliveries=deliveries,
        **{name: fields[name] for name in ("what", "authority", "country", "at", "recorded", "event", "content")},
    )
    return step, hash_, ["open", *fields.values(), *texts]


def _sequence(entry: Mapping[str, Any], where: str, sequence: int) -> None:
    if number_of(entry["sequence"], f"{where}.sequence", least=1) != sequence:
        raise NotVerified(f"{where}.sequence", f"entry {sequence} should stand here")


def _deliveries(given: Any, where: str, root: str) -> tuple[tuple[Delivery, ...], list[str]]:
    found: list[Delivery] = []
    listed = list_of(given, where)
    texts = [str(len(listed))]
    for index, one in enumerate(listed):
        at = f"{where}[{index}]"
        delivery = object_of(one, at, ["authority", "country", "salt", "path"])
        authority = text_of(delivery["authority"], f"{at}.authority")
        country = text_of(delivery["country"], f"{at}.country")
        salt = salt_of(delivery["salt"], f"{at}.salt")
        steps = list_of(delivery["path"], f"{at}.path")
        texts += [authority, country, salt, str(len(steps))]
        hash_ = _digest("delivery", salt, authority, country)
        for number, each in enumerate(steps):
            place = f"{at}.path[{number}]"
            step = object_of(each, place, ["side", "hash"])
            other = hash_of(step["hash"], f"{place}.hash")
            if step["side"] not in _SIDES:
                raise NotVerified(f"{place}.side", "this must be left or right")
            hash_ = _digest("node", *((other, hash_) if step["side"] == "left" else (hash_, other)))
            texts += [step["side"], other]
        if hash_ != root:
            raise NotVerified(at, "this delivery is not among those of the entry")
        found.append(Delivery(authority, country))
    return tuple(found), texts


def _content(given: Any, steps: Sequence[Step | None]) -> tuple[str, tuple[Value, ...], list[str]]:
    """The type and the values that the receipt shows, which must be what their entry is committed to; and their texts."""
    content = object_of(given, "content", ["sequence", "salt", "type", "values"])
    sequence = number_of(content["sequence"], "content.sequence", least=1)
    step = steps[sequence - 1] if sequence <= len(steps) else None
    if step is None:
        raise NotVerified("content.sequence", "the receipt shows no such entry")
    salt = salt_of(content["salt"], "content.salt")
    type_id = text_of(content["type"], "content.type")
    values, texts = [], []
    for index, one in enumerate(list_of(content["values"], "content.values")):
        where = f"content.values[{index}]"
        value = object_of(one, where, ["field", "kind", "parts"])
        field, kind = text_of(value["field"], f"{where}.field"), text_of(value["kind"], f"{where}.kind")
        parts = [
            text_of(part, f"{where}.parts[{n}]") for n, part in enumerate(list_of(value["parts"], f"{where}.parts"))
        ]
        values.append((field, kind, tuple(parts)))
        texts += [field, kind, str(len(parts)), *parts]
    if _digest("content", salt, type_id, *texts) != step.content:
        raise NotVerified("content", f"this is not what the alert said at entry {sequence}")
    return type_id, tuple(values), ["content", str(sequence), salt, type_id, *texts]


def _encoded(*texts: str) -> bytes:
    parts = [text.encode() for text in texts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _digest(kind: str, *texts: str) -> str:
    return hashlib.sha256(_encoded(f"{FORMAT}/{kind}", *texts)).hexdigest()


def _public_key(keys: str | bytes, key_id: str) -> bytes:
    """The 32 bytes of the Ed25519 key with this id."""
    published = list_of(object_of(parsed(keys, "keys"), "keys", ["keys"])["keys"], "keys.keys")
    for index, key in enumerate(published):
        if isinstance(key, dict) and key.get("kid") == key_id:
            if (key.get("kty"), key.get("crv")) != ("OKP", "Ed25519"):
                raise NotVerified(f"keys.keys[{index}]", "this is not an Ed25519 key")
            return base64_of(key.get("x"), f"keys.keys[{index}].x")
    raise NotVerified("head.key", "none of the published keys has this id")


def _verify_signature(signature: bytes, signed: bytes, key: bytes) -> None:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        raise SystemExit("Signatures are verified with the cryptography package: pip install cryptography") from None
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        raise NotVerified("head.signature", "the signature does not hold") from None
