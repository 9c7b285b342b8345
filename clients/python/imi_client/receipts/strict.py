"""Reading JSON of which every part is known: what is missing, of another kind, or not known at all is refused by its place."""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from typing import Any

HASH = re.compile(r"[0-9a-f]{64}")
SALT = re.compile(r"[0-9a-f]{32}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


class NotVerified(Exception):
    """The receipt does not hold; *where* is the place in it that does not."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where
        self.message = message


def parsed(text: str | bytes, where: str) -> Any:
    def once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise NotVerified(where, "a name stands twice in one object")
        return dict(pairs)

    try:
        return json.loads(text if isinstance(text, str) else text.decode(), object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise NotVerified(where, "this is not JSON in UTF-8") from None


def object_of(given: Any, where: str, names: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise NotVerified(where, "an object should stand here")
    for name in names:
        if name not in given:
            raise NotVerified(f"{where}.{name}", "this is missing")
    for name in given:
        if name not in names and name not in optional:
            raise NotVerified(f"{where}.{name}", "nothing is known of this")
    return given


def list_of(given: Any, where: str) -> list[Any]:
    if not isinstance(given, list):
        raise NotVerified(where, "a list should stand here")
    return given


def text_of(given: Any, where: str) -> str:
    if not isinstance(given, str) or any("\ud800" <= one <= "\udfff" for one in given):
        raise NotVerified(where, "a text should stand here")
    return given


def number_of(given: Any, where: str, *, least: int) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or given < least:
        raise NotVerified(where, f"a whole number of at least {least} should stand here")
    return given


def matching(pattern: "re.Pattern[str]", given: Any, where: str, what: str) -> str:
    if not pattern.fullmatch(text_of(given, where)):
        raise NotVerified(where, f"{what} should stand here")
    return str(given)


def hash_of(given: Any, where: str) -> str:
    return matching(HASH, given, where, "a hash of 64 hexadecimal digits")


def base64_of(given: Any, where: str) -> bytes:
    """The bytes that base64url without padding writes; raises NotVerified for a second way to write the same bytes."""
    text = text_of(given, where)
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if base64.urlsafe_b64encode(decoded).decode().rstrip("=") != text:
        raise NotVerified(where, "this is not base64url without padding")
    return decoded


def salt_of(given: Any, where: str) -> str:
    return matching(SALT, given, where, "a salt of 32 hexadecimal digits")


def instant_of(given: Any, where: str) -> str:
    return matching(INSTANT, given, where, "a time in UTC with six decimals")
