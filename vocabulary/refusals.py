"""Why a command or a read is refused: one family, which crosses every wire unchanged.

    Refusal
    ├── Unauthenticated   nobody, or not who they say
    ├── Forbidden         somebody, who may not
    ├── NotFound          not there, or not for this reader to know of
    ├── Invalid           one input is at fault
    ├── Conflict          right in itself, but not in the state things are in
    │   └── Stale         somebody else changed it in between
    ├── CursorExpired     the stream no longer keeps what follows the cursor
    └── Unavailable       a part needed for the answer is away; the same call may succeed later

``code`` is the class of refusal and ``reason`` the exact rule, both stable and in UPPER_CASE, for programs. The message is
for people: it says what is wrong and what to do next, and holds no personal data. ``field`` names the input at fault as the
caller wrote it, for example ``answers[2].value.date``.
"""

from typing import ClassVar


class Refusal(Exception):
    """A rule said no. Nothing was written."""

    code: ClassVar[str]
    default_reason: ClassVar[str]

    def __init__(self, message: str, *, field: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.reason = reason or self.default_reason


class Unauthenticated(Refusal):
    code = default_reason = "UNAUTHENTICATED"


class Forbidden(Refusal):
    code = default_reason = "FORBIDDEN"


class NotFound(Refusal):
    code = default_reason = "NOT_FOUND"


class Invalid(Refusal):
    code = default_reason = "INVALID"


class Conflict(Refusal):
    code = default_reason = "CONFLICT"


class Stale(Conflict):
    default_reason = "STALE_REVISION"


class CursorExpired(Refusal):
    code = default_reason = "CURSOR_EXPIRED"


class Unavailable(Refusal):
    code = default_reason = "UNAVAILABLE"
