"""The ASGI application behind ``/graphql`` for HTTP; what it refuses it refuses before it reads more than it has to."""

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from strawberry.http.ides import get_graphql_ide_html
from strawberry.schema import Schema
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from gateway.admitting import Admitting
from gateway.context import Context
from gateway.errors import unfit
from gateway.kept.answers import Answer
from gateway.limits.checking import COST
from gateway.operations import noted
from gateway.serving.answering import answered, body_of, content_of, given, refused
from gateway.serving.asking import Asked, asked_by_get, asked_by_post
from gateway.serving.documents import Documents
from gateway.serving.negotiation import EVENTS, JSON, chosen, wants_page
from gateway.serving.refusals import MethodNotAllowed, NotAcceptable
from gateway.streams.events import ENDS, EventStream
from gateway.streams.following import Offer
from gateway.streams.framing import Events, as_json
from gateway.streams.hub import Streams
from gateway.training import marked
from vocabulary.refusals import Invalid, NotFound, Refusal

STREAM_HEADERS = {"content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Answers operations over HTTP.

    Without *streams*, every stream is read and executed by itself. *explorer* shows browsers a page to try queries on.
    """

    schema: Schema
    admitting: Admitting
    documents: Documents
    streams: Streams | None
    explorer: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        accepted = ", ".join(request.headers.getlist("accept"))
        kind = chosen(accepted)
        try:
            response = await self._answer(request, accepted, kind)
        except Refusal as refusal:
            response = refused(kind or JSON, refusal)
        await response(scope, receive, send)

    async def _answer(self, request: Request, accepted: str, kind: str | None) -> Response:
        if request.method not in ("GET", "POST"):
            raise MethodNotAllowed("send operations by POST, or by GET with a document's id")
        if request.method == "GET" and wants_page(accepted):
            if not self.explorer:
                raise NotFound("there is no page here")
            return HTMLResponse(get_graphql_ide_html(graphql_ide="graphiql"))
        if kind is None:
            raise NotAcceptable("answers are application/json, application/graphql-response+json or text/event-stream")
        context = await self.admitting.request(request)
        if request.method == "GET":
            asked = asked_by_get(request)
            if asked.query is not None:
                # An address stands in logs and histories.
                raise Invalid("a document itself goes by POST; GET takes its id", field="query", reason="GET")
        else:
            asked = await asked_by_post(request, context.policy.budgets.body(context.sign_in))
        query = self.documents.text(asked.query, asked.document_id, asked.extensions, keeps=context.person is not None)
        if kind == EVENTS:
            return self._stream(request, context, query, asked)
        if (known := _kept(context, query, asked)) is not None:
            return given(request, kind, known.content, known.tag)
        result = await self._result(request, context, query, asked)
        content = content_of(result, training=context.training)
        if context.kept is not None and context.asking is not None and not result.errors:
            context.kept.keep(context.asking, self.schema._schema, content)
        return answered(request, kind, result, content)

    async def _result(self, request: Request, context: Context, query: str | None, asked: Asked) -> ExecutionResult:
        try:
            return await self.schema.execute(
                query,
                variable_values=cast("dict[str, Any] | None", asked.variables),
                context_value=context,
                operation_name=asked.operation_name,
                allowed_operation_types=_allowed(request),
            )
        except Exception as error:
            if refusal := unfit(error):
                raise refusal from error
            raise

    def _stream(self, request: Request, context: Context, query: str | None, asked: Asked) -> Response:
        request.scope.setdefault(ENDS, []).append(context.policy.connections.open(context.address))
        offer = context.offer = Offer() if self.streams is not None else None

        async def texts() -> AsyncIterator[str]:
            writing = Events()
            results = await self.schema.stream(
                query,
                variable_values=cast("dict[str, Any] | None", asked.variables),
                context_value=context,
                operation_name=asked.operation_name,
                allowed_operation_types={*_allowed(request), OperationType.SUBSCRIPTION},
            )
            async with aclosing(cast("Any", results)) as found:
                async for result in found:
                    yield writing.next(as_json(marked(body_of(result), context.training))).decode()
            if offer is None or offer.wanted is None:
                yield writing.complete().decode()

        if offer is None or self.streams is None:
            return StreamingResponse(texts(), headers=STREAM_HEADERS)
        return EventStream(texts, STREAM_HEADERS, offer, self.streams)


def _kept(context: Context, query: str | None, asked: Asked) -> Answer | None:
    """The answer, if it is kept; if it is not, *context* says what is asked, so that it may be."""
    if context.kept is None:
        return None
    began, signed_in = time.perf_counter(), context.person is not None
    asking = context.kept.asking(query, asked.operation_name, asked.variables, context.language, signed_in=signed_in)
    if asking is None:
        return None
    found = context.kept.find(asking, context.policy.budgets.of(context.sign_in))
    if found is None:
        context.asking = asking
        return None
    COST.labels("query").observe(found.cost)
    noted("query", found.operation_name, "OK", time.perf_counter() - began, known=signed_in)
    return found


def _allowed(request: Request) -> set[OperationType]:
    """What may be asked by the method of *request*: a GET changes nothing."""
    return {OperationType.QUERY} if request.method == "GET" else {OperationType.QUERY, OperationType.MUTATION}
