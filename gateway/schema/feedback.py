"""What people say of the system to those who run it in their country."""

import datetime as dt
from typing import cast

import strawberry

from gateway.batches import AUTHORITIES, USERS
from gateway.enums import Language
from gateway.readings import given, link, moment, speak
from gateway.schema.common import (
    Command,
    Connection,
    FreeText,
    FreeTextInput,
    GatewayInfo,
    command,
    connection,
    free_text,
    page,
)
from gateway.schema.directory import Authority, User
from protos.directory.v1 import feedback_pb2 as pb


@strawberry.type(description="What somebody says of the system.")
class Feedback:
    id: strawberry.ID
    at: dt.datetime | None = moment("at")
    author: User | None = link(USERS, "author_id", "Known to their own authority only.")
    authority: Authority | None = link(AUTHORITIES, "authority_id", "For which they work.")
    addressee: Authority | None = link(
        AUTHORITIES, "addressee_id", "The National IMI Coordinator of their country; of that one, the Commission."
    )
    about: str | None = given("about", "The action, or the action and field, that it is about.")
    text: FreeText


@strawberry.input
class SendFeedbackInput(Command):
    text: FreeTextInput
    about: str = strawberry.field(
        default="", description="An action, or an action and a field, such as `createRequest.draft`."
    )


@strawberry.type
class SendFeedbackPayload:
    feedback: Feedback


@strawberry.type
class FeedbackQueries:
    @strawberry.field(
        description="What has come to the viewer's authority, the newest first. For its coordinators and local data administrators."
    )
    async def feedback(
        self, info: GatewayInfo, first: int | None = None, after: str | None = None, language: Language | None = None
    ) -> Connection[Feedback]:
        speak(info, language)
        backend = info.context.backends.feedback
        response = await backend.call(backend.stub.ListFeedback, pb.ListFeedbackRequest(page=page(first, after)))
        return cast("Connection[Feedback]", connection(response.feedback, response.page_info, after))


@strawberry.type
class FeedbackMutations:
    @strawberry.mutation(description="Says something of the system to the National IMI Coordinator of one's country.")
    async def send_feedback(self, info: GatewayInfo, input: SendFeedbackInput) -> SendFeedbackPayload:
        backend = info.context.backends.feedback
        request = pb.SendFeedbackRequest(command=command(input), text=free_text(input.text), about=input.about)
        return cast("SendFeedbackPayload", await backend.call(backend.stub.SendFeedback, request))
