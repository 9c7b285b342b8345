"""A refusal crosses gRPC unchanged, whatever the shape of the call; a fault in our code crosses as nothing but a fault."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc import aio
from grpc_status import rpc_status

from chassis.caller import METADATA_KEY, Signer
from chassis.calls import InternalError
from chassis.refusals import STATUS
from protos.requests.v1 import requests_pb2 as pb
from tests.chassis.conftest import ANNA, ASK, CHUNK, WATCH, Running
from vocabulary import refusals
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal, Unavailable

KINDS = [kind for kind in vars(refusals).values() if isinstance(kind, type) and issubclass(kind, Refusal)]
CLASSES = [kind for kind in KINDS if kind is not Refusal]


def always(error: Exception) -> tuple[Any, Any, Any]:
    """Behaviours of each shape that raise *error*."""

    async def single(_: object) -> Any:
        raise error

    async def streaming(_: object) -> AsyncIterator[pb.WatchChangesResponse]:
        yield pb.WatchChangesResponse(cursor="1")
        raise error

    async def uploading(requests: AsyncIterator[pb.UploadFileRequest]) -> Any:
        await anext(requests)
        raise error

    return single, streaming, uploading


async def single(service: Running) -> None:
    await service.ask()


async def streaming(service: Running) -> None:
    messages = service.as_person().stream(service.stub.WatchChanges, WATCH)
    assert (await anext(messages)).cursor == "1"
    await anext(messages)


async def uploading(service: Running) -> None:
    async def many() -> AsyncIterator[pb.UploadFileRequest]:
        for _ in range(200):
            yield CHUNK

    await service.as_person().upload(service.stub.UploadFile, many())


SHAPES = [single, streaming, uploading]


async def raised(service: Running, error: Exception, call: Callable[[Running], Awaitable[None]]) -> Exception:
    service.told.single, service.told.streaming, service.told.uploading = always(error)
    with pytest.raises(Exception) as found:  # noqa: PT011
        await call(service)
    return found.value


def test_every_class_of_refusal_has_a_status_of_its_own() -> None:
    assert set(STATUS) == set(CLASSES)
    assert len(set(STATUS.values())) == len(STATUS)


@pytest.mark.parametrize("call", SHAPES)
@pytest.mark.parametrize("kind", CLASSES)
async def test_a_refusal_arrives_as_it_was_raised(
    service: Running, kind: type[Refusal], call: Callable[[Running], Awaitable[None]]
) -> None:
    for sent in (kind("plain"), kind("nem – όχι", field="answers[2].value.date", reason="EXACT_RULE")):
        found = await raised(service, sent, call)
        assert isinstance(found, Refusal)
        assert type(found) is kind
        assert (found.message, found.field, found.reason) == (sent.message, sent.field, sent.reason)


@pytest.mark.parametrize("call", SHAPES)
async def test_an_overlong_refusal_loses_words_and_keeps_its_class(
    service: Running, call: Callable[[Running], Awaitable[None]]
) -> None:
    """Refusals name what was given, which may be as long as a message; what gRPC carries beside an answer is short."""
    found = await raised(service, Invalid("é" * 1_000_000, field="f" * 1_000_000, reason="RULE"), call)
    assert isinstance(found, Invalid)
    assert found.reason == "RULE"
    assert found.message.startswith("ééé")
    assert found.field.startswith("fff")


@pytest.mark.parametrize("call", SHAPES)
async def test_of_a_fault_nothing_is_told_but_that_it_is_ours(
    service: Running, call: Callable[[Running], Awaitable[None]]
) -> None:
    found = await raised(service, RuntimeError("Mario Rossi"), call)
    assert isinstance(found, InternalError)
    error = found.__cause__
    assert isinstance(error, aio.AioRpcError)
    assert error.code() is grpc.StatusCode.INTERNAL
    everything = f"{found} {error} {error.details()} {error.debug_error_string()} {error.trailing_metadata()}"
    assert "Mario" not in everything
    assert "RuntimeError" not in everything


async def test_clients_of_any_kind_find_code_reason_and_field_in_the_standard_details(service: Running) -> None:
    service.told.single, _, _ = always(Conflict("no", field="id", reason="TRANSITION"))
    token = Signer(service.keys, "gateway").for_person(ANNA)
    with pytest.raises(aio.AioRpcError) as found:
        await service.stub.ListQuestionSets(ASK, metadata=((METADATA_KEY, token),))
    status = rpc_status.from_call(found.value)  # type: ignore[arg-type]
    assert status is not None
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    assert [status.details[0].Unpack(info), status.details[1].Unpack(bad)] == [True, True]
    assert (info.domain, info.reason, dict(info.metadata)) == ("imi", "TRANSITION", {"code": "CONFLICT"})
    assert [(one.field, one.description) for one in bad.field_violations] == [("id", "no")]
    assert (status.code, status.message) == (grpc.StatusCode.FAILED_PRECONDITION.value[0], "no")


async def test_a_service_that_passes_on_a_refusal_changes_nothing(service: Running) -> None:
    """The second of two hops refuses; the first does not catch it."""
    asked: list[int] = []

    async def first_passes_on(_: object) -> pb.ListQuestionSetsResponse:
        asked.append(1)
        if len(asked) == 1:
            return await service.ask()
        raise Forbidden("not yours", field="id", reason="OTHER_COUNTRY")

    service.told.single = first_passes_on
    with pytest.raises(Forbidden) as found:
        await service.ask()
    assert (found.value.message, found.value.field, found.value.reason) == ("not yours", "id", "OTHER_COUNTRY")
    assert len(asked) == 2


async def test_a_status_from_outside_our_services_is_said_in_our_words(service: Running) -> None:
    """What a proxy or the library itself answers has no details of ours."""

    async def with_code(code: grpc.StatusCode) -> Exception:
        async def abort(context: Any) -> pb.ListQuestionSetsResponse:
            await context.abort(code, "text of a library")
            raise AssertionError("abort returned")

        service.told.single = abort
        with pytest.raises(Exception) as found:  # noqa: PT011
            await service.ask()
        assert "library" not in str(found.value)
        return found.value

    expected: dict[grpc.StatusCode, tuple[type[Refusal], str]] = {
        grpc.StatusCode.UNAVAILABLE: (Unavailable, "SERVICE_UNAVAILABLE"),
        grpc.StatusCode.CANCELLED: (Unavailable, "SERVICE_UNAVAILABLE"),
        grpc.StatusCode.DEADLINE_EXCEEDED: (Unavailable, "DEADLINE_EXCEEDED"),
        grpc.StatusCode.UNIMPLEMENTED: (Unavailable, "UNIMPLEMENTED"),
        grpc.StatusCode.RESOURCE_EXHAUSTED: (Invalid, "TOO_LARGE"),
    }
    for code, (kind, reason) in expected.items():
        found = await with_code(code)
        assert isinstance(found, kind)
        assert found.reason == reason
    for code in (grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS, grpc.StatusCode.NOT_FOUND):
        found = await with_code(code)
        assert isinstance(found, InternalError)
        assert not isinstance(found, NotFound)
