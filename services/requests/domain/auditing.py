"""What an authority may know of other authorities' reads of a request (IMI Regulation, Articles 18 and 21; access matrix).

The two authorities of a case know each other, and so each may know that the other has read it, or one of the coordinators has. Nobody
is told by which official: those are for their own authority to answer for. Whoever gave it away knows nothing of what came after.
"""

from services.requests.domain.lifecycle import UNSENT, Side, Status
from services.requests.domain.requests import Request
from services.requests.domain.views import View
from vocabulary.audit import Known, Part


def parts(request: Request, how: View) -> tuple[Part, ...]:
    """What a reader is given who is shown *request* as *how* says. What is blocked has no personal data to show."""
    personal = how is View.FULL and request.status is not Status.BLOCKED
    return (Part.CONTENT, Part.PERSONAL_DATA) if personal else (Part.CONTENT,)


def parts_of_proof(how: View) -> tuple[Part, ...]:
    """What a reader is given who proves a blocked request, whose content is shown as *how* says."""
    return (Part.CONTENT, Part.PERSONAL_DATA, Part.PROOF) if how is View.FULL else (Part.CONTENT, Part.PROOF)


def known(request: Request, authority_id: str) -> Known:
    """What *authority_id* may know of the reads of *request* by others. Of what is erased, too: that it was read stays true."""
    side = request.side(authority_id)
    if side is Side.REQUESTER or (side is Side.RESPONDER and request.status not in UNSENT):
        return Known.AUTHORITIES
    return Known.NOTHING
