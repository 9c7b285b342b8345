"""What can be downloaded of an alert: the reader's receipt, and a message of the Common Alerting Protocol.

What is in them, and for whom, is the alerts service's to decide.
"""

import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.attachments import HEADERS, rendered
from gateway.backends import Backends
from gateway.reports import switch
from protos.alerts.v1 import cap_pb2, receipts_pb2

KEY_SET = "application/jwk-set+json"


async def receipt(request: Request, backends: Backends) -> Response:
    """``GET /alerts/{id}/receipt?content=true``: the receipt as JSON, with what the alert says if that is asked for."""
    message = receipts_pb2.RenderReceiptRequest(
        id=request.path_params["id"], with_content=switch(request.query_params.get("content", ""), "content")
    )
    receipts = backends.receipts
    return await rendered(receipts.stream(receipts.stub.RenderReceipt, message), "application/json")


async def keys(_: Request, backends: Backends) -> Response:
    """``GET /receipts/keys``: the public keys that receipts are verified with, as a JSON Web Key Set."""
    receipts = backends.receipts
    answer = await receipts.call(receipts.stub.ListReceiptKeys, receipts_pb2.ListReceiptKeysRequest())
    body = {"keys": [json.loads(key.jwk) for key in answer.keys]}
    return JSONResponse(body, media_type=KEY_SET, headers=HEADERS)


async def cap(request: Request, backends: Backends) -> Response:
    """``GET /alerts/{id}/cap?language=hu&language=en&personalData=true``: the message as XML, with a block for each language."""
    asked = request.query_params
    message = cap_pb2.RenderCapRequest(
        id=request.path_params["id"],
        languages=asked.getlist("language"),
        with_personal_data=switch(asked.get("personalData", ""), "personalData"),
    )
    messages = backends.cap
    return await rendered(messages.stream(messages.stub.RenderCap, message), "application/cap+xml")
