"""The chain of hashes behind a receipt. Pure; docs/receipts.md says byte for byte what is hashed, and a change here is a new format.

What is hashed is what `chassis.chains` encodes. What a reader may not know stays closed behind its hash, and a salt keeps it from
being guessed.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis import chains
from chassis.chains import encoded
from vocabulary.values import Value

FORMAT = "imi-receipt-1"
LEFT, RIGHT = "left", "right"
SALT_BYTES = 16
# So many hashes stand in the row of an entry's deliveries, the next more if these are too few. The last has room for any entry.
ROWS = (64, 1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An inbox that an entry reached: whose, and of which country that authority is."""

    authority: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One step of an alert, or those whom it reached later. Times are as `instant` writes them.

    `content` is the commitment to what the alert said at that time; empty before the broadcast, and for what was erased before.
    """

    sequence: int
    event: str
    revision: int
    what: str
    authority: str
    country: str
    at: str
    recorded: str
    content: str
    deliveries: tuple[Delivery, ...]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the salts of one alert are made of. Without `content` nobody can ever tell again what a commitment was to."""

    entries: str
    content: str

    def entry_salt(self, sequence: int) -> str:
        return _salt(self.entries, "entry", str(sequence))

    def delivery_salt(self, sequence: int, authority: str) -> str:
        return _salt(self.entries, "delivery", str(sequence), authority)

    def nobody(self, sequence: int, number: int) -> str:
        """What looks like the hash of a delivery and is that of none."""
        return _code(self.entries, "nobody", str(sequence), str(number)).hex()

    def content_salt(self, version: int) -> str:
        return _salt(self.content, "content", str(version)) if self.content else ""


def digest(kind: str, *texts: str) -> str:
    """The SHA-256 of *texts* as a thing of this *kind*, in hexadecimal."""
    return chains.digest(f"{FORMAT}/{kind}", *texts)


def start(alert_id: str) -> str:
    """What the first link of an alert's chain stands on."""
    return digest("alert", alert_id)


def link(sequence: int, previous: str, entry: str) -> str:
    """The hash of the link with an entry of this hash, on the link before it."""
    return digest("link", str(sequence), previous, entry)


def entry_hash(entry: Entry, salt: str, deliveries: str) -> str:
    """The hash of *entry*, whose deliveries have the root *deliveries*."""
    return digest(
        "entry",
        salt,
        entry.what,
        entry.authority,
        entry.country,
        entry.at,
        entry.recorded,
        entry.event,
        str(entry.revision),
        entry.content,
        deliveries,
    )


def delivery_hash(delivery: Delivery, salt: str) -> str:
    return digest("delivery", salt, delivery.authority, delivery.country)


def closed(entry: Entry, secrets: Secrets) -> str:
    """The hash behind which all of *entry* can stay."""
    return entry_hash(entry, secrets.entry_salt(entry.sequence), root(leaves(entry, secrets)))


def leaves(entry: Entry, secrets: Secrets) -> list[str]:
    """The hashes of the entry's deliveries among others that stand for nobody, sorted; none for none.

    So neither the place of a delivery nor the length of its path says how many others there are.
    """
    if not entry.deliveries:
        return []
    hashes = [delivery_hash(one, secrets.delivery_salt(entry.sequence, one.authority)) for one in entry.deliveries]
    size = next(size for size in ROWS if size >= len(hashes))
    hashes += [secrets.nobody(entry.sequence, number) for number in range(len(hashes), size)]
    return sorted(hashes)


def root(hashes: Sequence[str]) -> str:
    """The one hash of many; empty for none."""
    return levels(hashes)[-1][0] if hashes else ""


def levels(hashes: Sequence[str]) -> list[list[str]]:
    """*hashes*, and what they become up to the root: two at a time one, and one that has no partner goes up as it is."""
    found = [list(hashes)]
    while len(found[-1]) > 1:
        below = found[-1]
        found.append([_joined(below[at : at + 2]) for at in range(0, len(below), 2)])
    return found


def path(tree: Sequence[Sequence[str]], index: int) -> list[tuple[str, str]]:
    """From the hash at *index* of the lowest level of *tree* up to the root: the side on which another stands, and that one's hash."""
    found = []
    for level in tree:
        partner = index ^ 1
        if partner < len(level):
            found.append((LEFT if partner < index else RIGHT, level[partner]))
        index //= 2
    return found


def commitment(type_id: str, values: Mapping[str, Value], salt: str) -> str:
    """The hash of what an alert says, which says nothing to whoever has not its *salt*; empty without one."""
    return digest("content", salt, type_id, *_flat(spelled(values))) if salt else ""


def spelled(values: Mapping[str, Value]) -> list[tuple[str, str, list[str]]]:
    """*values* by the codes of their fields: each with its kind and its parts as texts."""
    return [(code, *_parts(values[code])) for code in sorted(values)]


def _flat(values: Sequence[tuple[str, str, list[str]]]) -> list[str]:
    return [text for code, kind, parts in values for text in (code, kind, str(len(parts)), *parts)]


def _parts(value: Value) -> tuple[str, list[str]]:
    if value.date is not None:
        return "date", [value.date.isoformat()]
    if value.number is not None:
        return "number", [f"{value.number:f}"]
    if value.money is not None:
        return "money", [f"{value.money.amount:f}", value.money.currency]
    if value.text is not None:
        return "text", [value.text.text, value.text.language, value.text.data_class.value]
    if value.link is not None:
        return "link", [value.link]
    kind = next(name for name in ("codes", "files", "references") if getattr(value, name) is not None)
    return kind, list(getattr(value, kind))


def _joined(pair: Sequence[str]) -> str:
    return digest("node", *pair) if len(pair) == 2 else pair[0]


def _salt(secret: str, *what: str) -> str:
    return _code(secret, *what)[:SALT_BYTES].hex()


def _code(secret: str, *what: str) -> bytes:
    return hmac.digest(bytes.fromhex(secret), encoded(f"{FORMAT}/salt", *what), "sha256")
