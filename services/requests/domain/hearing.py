"""Who hears that a request has changed."""

from services.requests.domain.lifecycle import Status
from services.requests.domain.requests import Request


def concerned(before: Request | None, after: Request) -> tuple[str, ...]:
    """Who hears of the step from *before* to *after* beside the two authorities: its coordinators, and whoever gave it away.

    What has gone back to its author is nobody else's: who was asked about it, or brought in, does not even see it any more.
    """
    if after.status is Status.DRAFT:
        return ()
    found = dict.fromkeys(after.coordinators.all)
    if before is not None and before.former != after.former:
        found[before.draft.responder_id] = None
    return tuple(found)
