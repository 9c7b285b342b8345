"""A request that goes on to another authority, whole or in part.

It stays in the country that was asked, and never comes back to an authority that had it before. What the requester wished for, and
since when it waits, stays as it is: forwarding starts no clock anew. The new responder sees the subject only once it has accepted; the
former one keeps the history up to that moment and the answers it had released, and sees nothing that comes later.
"""

from collections.abc import Sequence
from dataclasses import replace

from services.requests.domain.exchange import Child, FormerResponder, Partner
from services.requests.domain.lifecycle import Action, Status
from services.requests.domain.parties import moved
from services.requests.domain.questions import Asked, QuestionSet, merged, never_open
from services.requests.domain.requests import Actor, Handling, HistoryEntry, Request, recorded
from vocabulary.refusals import Conflict, Invalid
from vocabulary.values import FreeText, free_text


def forward(request: Request, to: Partner, reason: FreeText | None, actor: Actor) -> Request:
    """The whole request to another responder, with a reason that everybody reads."""
    checked = None if reason is None else free_text(reason, at="reason")
    after = moved(request, Action.FORWARD, actor, checked)
    _check_target(request, to)
    before = request.draft.responder_id
    former = FormerResponder(authority_id=before, answers=request.released, entries=len(request.history) + 1)
    after = replace(
        after,
        draft=replace(after.draft, responder_id=to.id, responder_country=to.country),
        # What was saved and never given stays with whoever saved it: with nobody.
        answers=request.released,
        accepted=False,
        proposed_date=None,
        agreed_date=None,
        responder_handling=Handling(allocation=to.settings.allocation, own_steps=request.responder_handling.own_steps),
        former=(*request.former, former),
        passed=(*request.passed, before),
    )
    return recorded(after, Action.FORWARD, request.status, actor, checked)


def split(
    id_: str,
    request: Request,
    questions: QuestionSet,
    codes: Sequence[str],
    to: Partner,
    child: tuple[str, str],
    reason: FreeText | None,
    actor: Actor,
) -> Request:
    """Some of the questions, not all, become a request of their own to another responder; *child* is its id and number."""
    checked = None if reason is None else free_text(reason, at="reason")
    after = moved(request, Action.SPLIT, actor, checked)
    check_divisible(request)
    _check_target(request, to)
    _check_part(request, codes)
    chosen = set(codes)
    record = Child(
        id=child[0],
        number=child[1],
        responder_id=to.id,
        responder_country=to.country,
        allocation=to.settings.allocation,
        questions=tuple(one for one in request.draft.questions if one.code in chosen),
        reason=checked,
        passed=(*request.passed, request.draft.responder_id),
        at=actor.now,
    )
    kept = tuple(one for one in request.draft.questions if one.code not in chosen)
    saved = {answer.code: answer for answer in request.answers}
    left = merged(questions, [one.code for one in kept], saved, [], at="answers", circumstances=request.circumstances)
    if closed := [code for code in request.frozen if code not in left]:
        raise Invalid(
            f"the requester has the answer to {closed[0]}, whose question depends on what would be moved",
            field="questionCodes",
            reason="RELEASED",
        )
    _check_parts(request, questions, record.questions, kept)
    after = replace(
        after,
        draft=replace(after.draft, questions=kept),
        answers=tuple(left.values()),
        family=request.family or id_,
        children=(*request.children, record),
    )
    return recorded(after, Action.SPLIT, request.status, actor, checked)


def born(parent_id: str, parent: Request, child: Child) -> Request:
    """The request that *child* records in its *parent*: the same each time."""
    step = next(entry for entry in parent.history if entry.action is Action.SPLIT and entry.at == child.at)
    entry = HistoryEntry(
        at=child.at,
        authority_id=step.authority_id,
        user_id=step.user_id,
        action=Action.SPLIT,
        before=Status.ACCEPTED,
        after=Status.SENT,
        reason=child.reason,
    )
    return Request(
        number=child.number,
        status=Status.SENT,
        requester_id=parent.requester_id,
        requester_country=parent.requester_country,
        area=parent.area,
        question_set_id=parent.question_set_id,
        draft=replace(
            parent.draft,
            responder_id=child.responder_id,
            responder_country=child.responder_country,
            questions=child.questions,
        ),
        sent_at=parent.sent_at,
        legal_deadline=parent.legal_deadline,
        requester_handling=replace(parent.requester_handling, own_steps=0),
        responder_handling=Handling(allocation=child.allocation),
        passed=child.passed,
        parent_id=parent_id,
        family=parent.family,
        history=(entry,),
        created_at=child.at,
        changed_at=child.at,
    )


def check_divisible(request: Request) -> None:
    """Raises Conflict unless there is something to divide."""
    if len(request.draft.questions) < 2:
        raise Conflict("a request of one question cannot be split; forward it", reason="ONE_QUESTION")


def _check_target(request: Request, to: Partner) -> None:
    if to.id == request.draft.responder_id:
        raise Invalid("this authority has the request already", field="responderId", reason="SAME_RESPONDER")
    if to.id in request.passed:
        raise Invalid("this authority has had the request before", field="responderId", reason="FORWARDING_LOOP")
    if to.id == request.requester_id:
        raise Invalid("an authority does not ask itself", field="responderId", reason="OWN_AUTHORITY")
    if to.country != request.draft.responder_country:
        raise Invalid("a request stays in the country that was asked", field="responderId", reason="OTHER_COUNTRY")


def _check_parts(request: Request, questions: QuestionSet, *parts: Sequence[Asked]) -> None:
    """Raises Invalid if a question is parted from one that opens it: then nobody would ever be asked it."""
    before = never_open(questions, request.asked, request.circumstances)
    for part in parts:
        alone = never_open(questions, [one.code for one in part], request.circumstances)
        if parted := [code for code in alone if code not in before]:
            raise Invalid(
                f"{parted[0]} goes with what opens it: it does only while {alone[parted[0]]}",
                field="questionCodes",
                reason="NOT_APPLICABLE",
            )


def _check_part(request: Request, codes: Sequence[str]) -> None:
    if not codes:
        raise Invalid("say which questions are moved", field="questionCodes", reason="EMPTY")
    asked, seen = set(request.asked), set[str]()
    # Of a reply that must improve, too: it stays the requester's until there is a better one.
    given = {*request.frozen, *(answer.code for answer in request.released)}
    for index, code in enumerate(codes):
        where = f"questionCodes[{index}]"
        if code not in asked:
            raise Invalid(f"{code!r} is not asked", field=where, reason="UNKNOWN_QUESTION")
        if code in seen:
            raise Invalid(f"{code} is named twice", field=where, reason="REPEATED")
        if code in given:
            raise Invalid(f"the requester has the answer to {code}", field=where, reason="RELEASED")
        seen.add(code)
    if seen == asked:
        raise Invalid("leave a question, or forward the request", field="questionCodes", reason="ALL_QUESTIONS")
