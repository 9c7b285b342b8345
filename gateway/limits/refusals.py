"""How a client learns that it asked too much: a code, the number it is at and the number it may be at."""

from collections.abc import Mapping
from typing import ClassVar

from vocabulary.refusals import Refusal


class Limited(Refusal):
    """More than is allowed; *numbers* say how much more, and are told to the client beside the code."""

    numbers: Mapping[str, int]

    def __init__(self, message: str, *, reason: str = "", **numbers: int) -> None:
        super().__init__(message, reason=reason)
        self.numbers = numbers


class CostExceeded(Limited):
    """One operation asks for more than whoever sends it may. It would be refused again: it must be made smaller."""

    code: ClassVar[str] = "COST_EXCEEDED"
    default_reason: ClassVar[str] = "COST"


class RateLimited(Limited):
    """Too many in a short time. `retryAfter`, in seconds, says when the same is answered again."""

    code: ClassVar[str] = "RATE_LIMITED"
    default_reason: ClassVar[str] = "RATE"


class TooLarge(Limited):
    """A body is larger than whoever sends it may send."""

    code: ClassVar[str] = "TOO_LARGE"
    default_reason: ClassVar[str] = "BODY"
