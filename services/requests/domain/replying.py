"""The responder's answers: saved, released in part, sent as the reply; and what is asked and given after it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from services.requests.domain import questions as rules
from services.requests.domain.drafting import approver_of, released
from services.requests.domain.exchange import MoreInformation, Settings
from services.requests.domain.lifecycle import Action, Status
from services.requests.domain.parties import moved
from services.requests.domain.questions import Answer, Asked, QuestionSet
from services.requests.domain.requests import Actor, Request, recorded
from vocabulary.refusals import Conflict, Invalid
from vocabulary.values import FreeText, free_text


def save(
    request: Request, questions: QuestionSet, given: Sequence[Answer], removed: Sequence[str], actor: Actor
) -> Request:
    """Answers kept, and others taken out again; nothing of it is shown to the requester."""
    after = moved(request, Action.SAVE, actor)
    return recorded(_answered(after, questions, given, removed), Action.SAVE, request.status, actor)


def release(
    request: Request,
    questions: QuestionSet,
    given: Sequence[Answer],
    codes: Sequence[str],
    settings: Settings,
    actor: Actor,
) -> Request:
    """A part of the reply ahead of the rest: the requester has these answers, and they can no longer be changed."""
    after = moved(request, Action.RELEASE, actor)
    if settings.approve_reply:
        raise Conflict("a reply that needs approval is sent as a whole", reason="APPROVAL_NEEDED")
    after = _answered(after, questions, given)
    by_code = {answer.code: answer for answer in after.answers}
    if not codes:
        raise Invalid("say which answers are released", field="questionCodes", reason="EMPTY")
    for index, code in enumerate(codes):
        if code not in by_code:
            raise Invalid(f"{code!r} is not answered", field=f"questionCodes[{index}]", reason="UNANSWERED_QUESTIONS")
    frozen = set(after.frozen) | _with_roots(questions, codes)
    # Of a reply that must improve, the requester keeps what is not yet replaced.
    had = {answer.code: answer for answer in after.released}
    has = had | {code: answer for code, answer in by_code.items() if code in frozen}
    # What is not replaced goes if its question is closed by what is.
    left = frozen.union(rules.open_questions(questions, request.asked, by_code | has, request.circumstances))
    after = replace(
        after,
        frozen=tuple(code for code in by_code if code in frozen),
        released=tuple(has[code] for code in questions.questions if code in has and code in left),
    )
    return recorded(after, Action.RELEASE, request.status, actor)


def answer(
    request: Request, questions: QuestionSet, given: Sequence[Answer], settings: Settings, actor: Actor
) -> Request:
    """The reply goes to the requester, or before the approval coordinator; raises Invalid while an open question has no answer."""
    after = moved(request, Action.ANSWER, actor, approval=settings.approve_reply)
    after = _answered(after, questions, given)
    _check_all_answered(after, questions)
    if after.status is Status.PENDING_REPLY_APPROVAL:
        approver = approver_of(settings, request.draft.responder_id)
        asked = after.coordinators
        after = replace(after, coordinators=replace(asked, reply_approval=approver, earlier=asked.asked))
    else:
        after = released(after)
    return recorded(after, Action.ANSWER, request.status, actor)


def request_more(
    request: Request, questions: QuestionSet, asked: Sequence[Asked], text: FreeText | None, actor: Actor
) -> Request:
    """The reply leaves something open: further questions of the set, or words, or both."""
    after = moved(request, Action.REQUEST_MORE_INFORMATION, actor)
    if not asked and text is None:
        raise Invalid("ask a question, or say what is missing", field="text", reason="MISSING_FIELD")
    new = rules.check_asked(questions, asked, at="questions")
    rules.check_applies(questions, new, request.circumstances, at="questions", beside=request.asked)
    if request.draft.urgent:
        rules.check_urgent(questions, [one.code for one in new], at="questions")
    before = set(request.asked)
    for index, one in enumerate(new):
        if one.code in before:
            raise Invalid(f"{one.code} is asked already", field=f"questions[{index}].code", reason="REPEATED")
    more = MoreInformation(
        asked_at=actor.now,
        questions=tuple(one.code for one in new),
        text=None if text is None else free_text(text, at="text"),
    )
    after = replace(
        after,
        draft=replace(after.draft, questions=(*after.draft.questions, *new)),
        more_information=(*after.more_information, more),
    )
    return recorded(after, Action.REQUEST_MORE_INFORMATION, request.status, actor)


def give_more(
    request: Request, questions: QuestionSet, given: Sequence[Answer], text: FreeText | None, actor: Actor
) -> Request:
    """What was asked after the reply, in answers or words; raises Invalid while an open question has no answer."""
    after = moved(request, Action.GIVE_MORE_INFORMATION, actor)
    if not given and text is None:
        raise Invalid("answer, or say it in words", field="text", reason="MISSING_FIELD")
    after = _answered(after, questions, given)
    _check_all_answered(after, questions)
    checked = None if text is None else free_text(text, at="text")
    after = _settled(released(after), actor, given=checked)
    return recorded(after, Action.GIVE_MORE_INFORMATION, request.status, actor)


def refuse_more(request: Request, reason: FreeText | None, actor: Actor) -> Request:
    """What was asked after the reply is not given."""
    checked = None if reason is None else free_text(reason, at="reason")
    after = moved(request, Action.REFUSE_MORE_INFORMATION, actor, checked)
    after = _settled(after, actor, refusal=checked)
    return recorded(after, Action.REFUSE_MORE_INFORMATION, request.status, actor, checked)


def _settled(request: Request, actor: Actor, given: FreeText | None = None, refusal: FreeText | None = None) -> Request:
    *earlier, last = request.more_information
    settled = replace(last, settled_at=actor.now, given=given, refusal=refusal)
    return replace(request, more_information=(*earlier, settled))


def _answered(
    request: Request, questions: QuestionSet, given: Sequence[Answer], removed: Sequence[str] = ()
) -> Request:
    frozen = set(request.frozen)
    _check_free(frozen, (one.code for one in given), "answers[{}].questionCode")
    _check_free(frozen, removed, "removedQuestionCodes[{}]")
    saved = {one.code: one for one in request.answers}
    for index, code in enumerate(removed):
        if saved.pop(code, None) is None:
            raise Invalid(f"{code!r} is not answered", field=f"removedQuestionCodes[{index}]", reason="NOT_ANSWERED")
    merged = rules.merged(questions, request.asked, saved, given, at="answers", circumstances=request.circumstances)
    if closed := [code for code in request.frozen if code not in merged]:
        raise Invalid(
            f"the requester has the answer to {closed[0]}; this would close its question",
            field="answers",
            reason="RELEASED",
        )
    return replace(request, answers=tuple(merged.values()))


def _check_free(frozen: Collection[str], codes: Iterable[str], where: str) -> None:
    for index, code in enumerate(codes):
        if code in frozen:
            raise Invalid(
                f"the requester has the answer to {code}; it can no longer be changed",
                field=where.format(index),
                reason="RELEASED",
            )


def _check_all_answered(request: Request, questions: QuestionSet) -> None:
    answers = {one.code: one for one in request.answers}
    left = rules.unanswered(questions, request.asked, answers, request.circumstances)
    if left:
        raise Invalid(
            f"these questions are not answered: {', '.join(left)}", field="answers", reason="UNANSWERED_QUESTIONS"
        )


def _with_roots(questions: QuestionSet, codes: Sequence[str]) -> set[str]:
    """*codes* and what they follow: an answer makes no sense without the one that led to it."""
    known = questions.questions
    found: set[str] = set()
    for code in codes:
        at = code
        while at and at not in found:
            found.add(at)
            at = known[at].follows
    return found
