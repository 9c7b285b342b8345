"""Ids and numbers.

An id is a type prefix and 26 characters of Crockford base32, such as ``req_5Z2J7QX8M4T1K9V3B6N0C2D4F8``: unique over the whole
system, and the prefix says what it is an id of. An id is derived from who asks and their idempotency key, so that the same
command sent twice speaks of the same thing without anything being remembered.
"""

import hashlib
from typing import Final

AUTHORITY: Final = "aut"
USER: Final = "usr"
REQUEST: Final = "req"
ALERT: Final = "alt"
ENTRY: Final = "ent"
FILE: Final = "fil"
ENTRY_FILE: Final = "efl"
MEMORY: Final = "mem"
TRANSLATION: Final = "trl"
REPORT: Final = "rep"
INFORMATION: Final = "inf"
COMMENT: Final = "com"
FILTER: Final = "flt"
WEBHOOK: Final = "whk"
MESSAGE: Final = "msg"
FEEDBACK: Final = "fbk"

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def _base32(digest: bytes, length: int) -> str:
    number = int.from_bytes(digest)
    return "".join(_ALPHABET[(number >> (5 * place)) & 31] for place in range(length))


def derived(prefix: str, *parts: str) -> str:
    """The id of the thing that *parts* determine, for example the caller and their idempotency key."""
    return f"{prefix}_{_base32(hashlib.sha256(chr(31).join(parts).encode()).digest(), 26)}"


def number(prefix: str, year: int, id_: str) -> str:
    """What people call the thing with this id, such as ``RQ-2026-7K3QXD4M``. Not secret, not a key."""
    return f"{prefix}-{year}-{_base32(hashlib.sha256(id_.encode()).digest(), 8)}"


def prefix(id_: str) -> str:
    """What *id_* is an id of; the empty string if it is not an id."""
    head, separator, tail = id_.partition("_")
    return head if separator and tail else ""
