"""What a system may refuse: one class for what needs another answer than reading the message, with the codes of the system.

Refused
├── CursorExpired    what follows the cursor is no longer kept
└── SignInRefused    the token is not accepted, or not any more
"""

from typing import Self

import grpc
from google.protobuf.message import DecodeError
from grpc import aio

from imi_client import status_pb2

_DETAILS = "grpc-status-details-bin"
# Whatever else a call ends with may pass: a service that is away, restarts or has a fault of its own.
_LASTING = frozenset(
    {
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)


class Refused(Exception):
    """The system does not do it; *status* is gRPC's, *reason* a code such as ``ALREADY_ACKNOWLEDGED``, *field* what is at fault."""

    def __init__(self, message: str, status: grpc.StatusCode, reason: str = "", field: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.field = field

    @property
    def lasts(self) -> bool:
        """Whether trying again would change nothing."""
        return self.status in _LASTING

    @classmethod
    def of(cls, error: aio.AioRpcError) -> Self:
        """What *error* says."""
        return cls(error.details() or error.code().name, error.code(), *_reason_and_field(error))


class CursorExpired(Refused):
    """What follows the cursor is no longer kept: forget it, and begin with the first entry that is (`Start.BEGINNING`)."""


class SignInRefused(Refused):
    """The token is not valid, has expired, or is of somebody the system does not know."""


def refusal(error: aio.AioRpcError) -> Refused:
    """*error* as the class that says what can be done about it."""
    match error.code():
        case grpc.StatusCode.OUT_OF_RANGE:
            return CursorExpired.of(error)
        case grpc.StatusCode.UNAUTHENTICATED:
            return SignInRefused.of(error)
    return Refused.of(error)


def _reason_and_field(error: aio.AioRpcError) -> tuple[str, str]:
    reason, field = "", ""
    for name, value in error.trailing_metadata() or ():
        if name != _DETAILS or not isinstance(value, bytes):
            continue
        try:
            details = status_pb2.Status.FromString(value).details
            for detail in details:
                kind = detail.TypeName()
                if kind == "google.rpc.ErrorInfo":
                    reason = status_pb2.ErrorInfo.FromString(detail.value).reason
                elif kind == "google.rpc.BadRequest":
                    violations = status_pb2.BadRequest.FromString(detail.value).field_violations
                    field = violations[0].field if violations else ""
        except DecodeError:
            continue  # whoever stands in between may say what it likes; the code counts
    return reason, field
