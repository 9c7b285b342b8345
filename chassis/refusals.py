"""Refusals on the wire: one table maps each class to its gRPC status, with the reason and the field as details.

The details are `google.rpc.ErrorInfo` (code and reason) and `google.rpc.BadRequest` (the field), which clients in every language
know how to read.
"""

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc import aio
from grpc_status import rpc_status

from vocabulary.refusals import (
    Conflict,
    CursorExpired,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    Stale,
    Unauthenticated,
    Unavailable,
)

DOMAIN = "imi"
# Both are written twice into the metadata behind an answer, for all of which clients accept 8 KB and no more.
MESSAGE_BYTES_MAX = 800
FIELD_BYTES_MAX = 200

STATUS: dict[type[Refusal], grpc.StatusCode] = {
    Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    Forbidden: grpc.StatusCode.PERMISSION_DENIED,
    NotFound: grpc.StatusCode.NOT_FOUND,
    Invalid: grpc.StatusCode.INVALID_ARGUMENT,
    Conflict: grpc.StatusCode.FAILED_PRECONDITION,
    Stale: grpc.StatusCode.ABORTED,
    CursorExpired: grpc.StatusCode.OUT_OF_RANGE,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
}
_REFUSAL = {status: kind for kind, status in STATUS.items()}
_CODE = {status: status.value[0] for status in grpc.StatusCode}


def to_status(refusal: Refusal) -> status_pb2.Status:
    """*refusal* as a rich gRPC status. What it quotes of the caller's input may be long; then it ends early."""
    message = _shortened(refusal.message, MESSAGE_BYTES_MAX)
    details = [error_details_pb2.ErrorInfo(reason=refusal.reason, domain=DOMAIN, metadata={"code": refusal.code})]
    packed = [_packed(detail) for detail in details]
    if refusal.field:
        field = _shortened(refusal.field, FIELD_BYTES_MAX)
        violation = error_details_pb2.BadRequest.FieldViolation(field=field, description=message)
        packed.append(_packed(error_details_pb2.BadRequest(field_violations=[violation])))
    # A refusal may be of a kind that only one room knows; the nearest kind on the wire stands for it.
    status = next(STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS)
    return status_pb2.Status(code=_CODE[status], message=message, details=packed)


def internal() -> status_pb2.Status:
    """What a caller learns of a fault in our code: nothing but that it is ours."""
    return status_pb2.Status(code=code_pb2.INTERNAL, message="an internal error occurred; it has been logged")


def from_error(error: aio.AioRpcError, service: str) -> Refusal | None:
    """The refusal that *service* sent, or that its absence amounts to; None for an internal error."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    info, field = error_details_pb2.ErrorInfo(), ""
    for detail in status.details if status else ():
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            detail.Unpack(info)
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            bad = error_details_pb2.BadRequest()
            detail.Unpack(bad)
            field = bad.field_violations[0].field
    if info.domain == DOMAIN:
        return _REFUSAL[error.code()](error.details() or "", field=field, reason=info.reason)
    match error.code():
        case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.CANCELLED:
            return Unavailable(f"the {service} service is away; try again in a moment", reason="SERVICE_UNAVAILABLE")
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return Unavailable(f"the {service} service did not answer in time; try again", reason="DEADLINE_EXCEEDED")
        case grpc.StatusCode.UNIMPLEMENTED:
            return Unavailable(f"the {service} service does not offer this yet", reason="UNIMPLEMENTED")
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return Invalid("the message is too large", reason="TOO_LARGE")
    return None


def _shortened(text: str, bytes_max: int) -> str:
    encoded = text.encode()
    return text if len(encoded) <= bytes_max else encoded[:bytes_max].decode(errors="ignore") + "…"


def _packed(message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
