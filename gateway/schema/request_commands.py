"""What clients can do to requests for information, from the first draft to the closure."""

import strawberry

from gateway.schema.request_conclusion import RequestConclusionMutations
from gateway.schema.request_drafts import RequestDraftMutations
from gateway.schema.request_handling import RequestHandlingMutations
from gateway.schema.request_replies import RequestReplyMutations


@strawberry.type
class RequestsMutations(
    RequestDraftMutations, RequestHandlingMutations, RequestReplyMutations, RequestConclusionMutations
):
    """Every command, one input each."""
