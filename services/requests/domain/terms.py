"""How long a request may take: whether it may be urgent, and the last day that the law leaves, which is fixed when it is sent."""

from dataclasses import replace

from services.requests.domain.deadlines import Limits, Place, check_urgency, legal_deadline
from services.requests.domain.exchange import Partner
from services.requests.domain.requests import Request


def checked(request: Request, limits: Limits) -> Request:
    """A draft with its urgency as the area's act takes it; raises Invalid where it does not."""
    draft = request.draft
    reason = check_urgency(limits, urgent=draft.urgent, reason=draft.urgent_reason, at="draft", complete=False)
    return replace(request, draft=replace(draft, urgent_reason=reason))


def started(request: Request, limits: Limits, responder: Partner | None) -> Request:
    """*request* after a step that may have sent it: then the law's time has begun, and nothing later changes its last day.

    Raises Invalid for a request that is urgent without a reason, or where the act has come to know no urgency.
    """
    draft = request.draft
    check_urgency(limits, urgent=draft.urgent, reason=draft.urgent_reason, at="draft", complete=True)
    if request.sent_at is None or responder is None:
        return request
    place = Place(responder.country, responder.region)
    last = legal_deadline(limits, request.sent_at, place, urgent=draft.urgent, central=responder.central)
    return replace(request, legal_deadline=last)
