"""Exchanges as they may go, a step after another at random: what holds for each reader holds after every one of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.requests.domain import allocation, dates, drafting, forwarding, referral, replying
from services.requests.domain.exchange import Coordinators, Partner, Settings, Verdict
from services.requests.domain.lifecycle import OPEN, TRANSITIONS, Action, Status
from services.requests.domain.questions import Answer, Asked, open_questions
from services.requests.domain.requests import OWN_STEPS, Actor, Handling, Request, let_go
from services.requests.domain.silence import BY_ITSELF
from services.requests.domain.tasks import turns
from services.requests.domain.views import Reader, View, revision_for, seen, view
from tests.requests.exchanges import ITALY, NOW, QUESTIONS, a_stored_draft, a_stored_request
from vocabulary.files import File
from vocabulary.refusals import Refusal
from vocabulary.roles import LegislativeRole, UserRole
from vocabulary.values import FreeText, Value, ValueType

RESPONDERS = [f"aut_{number}" for number in range(4)]
ITALIAN, HUNGARIAN = "aut_italian", "aut_hungarian"
CHOOSABLE = [code for code, one in QUESTIONS.questions.items() if one.can_be_chosen]
# What is said of a case only once somebody has taken it on; all else may be read before.
LATE = "SAID-LATE"
STEPS = 40
SELDOM = {Action.FORWARD, Action.ASSIGN}
# What ends it, leads nowhere, or only time does.
NONE = {
    Action.EDIT, Action.DELETE, Action.WITHDRAW, Action.CLOSE, Action.ACCEPT_REFUSAL, Action.DECIDE_SATISFACTORY,
    Action.ACCEPT_PROPOSED_DATE, Action.REFUSE_PROPOSED_DATE, *BY_ITSELF,
}  # fmt: skip


def said(words: str = LATE) -> FreeText:
    return FreeText(text=words, language="hu")


def a_file(name: str) -> File:
    return File(id=f"fil_{name}", name=name, media_type="application/pdf", size_bytes=1, sha256="0")


@dataclass(frozen=True)
class Given:
    """What a former responder saw right after it gave the request away."""

    shown: Request
    revision: int


class Walk:
    """A request and what was seen of it, on a way that *random* decides."""

    def __init__(self, random: Random) -> None:
        asked = [Asked(code=code) for code in random.sample(CHOOSABLE, random.randint(2, len(CHOOSABLE)))]
        asked[0] = replace(asked[0], files=(a_file("ASKED"),)) if asked[0].code == "PQ1" else asked[0]
        draft = a_stored_draft(responder_id=RESPONDERS[0], questions=tuple(asked), files=(a_file(LATE),))
        self.request = a_stored_request(Status.DRAFT, draft=draft, coordinators=Coordinators())
        self.revision = 1
        self._random = random
        self._now = NOW
        self._gave: dict[str, Given] = {}

    def step(self) -> None:
        """Take a step that is possible, if the one that comes to mind is; and look at it with everybody's eyes."""
        self._now += timedelta(hours=self._random.randint(1, 48))
        possible = [one for one in TRANSITIONS[self.request.status] if one not in NONE]
        action = self._random.choice(
            [one for one in possible if one not in SELDOM or self._random.random() < 0.3] or possible
        )
        before = self.request
        try:
            self.request = self._after(action)
        except Refusal:
            return
        self.revision += 1
        self._check_responder()
        self._check_requester(before, action)
        self._check_those_before(before, action)
        assert self.request.status not in OPEN or turns(self.request)
        held = {file.id for file in (*self.request.files, *self.request.moved_files)}
        assert not held & {file.id for file in let_go(before, self.request)}

    def _check_responder(self) -> None:
        by = reader(self.request.draft.responder_id)
        how = view(self.request, by)
        if how is not None and not self.request.accepted:
            assert how is View.WITHOUT_SUBJECT
            shown = seen(self.request, how, by)
            assert LATE not in repr(
                replace(shown, children=tuple(replace(one, questions=()) for one in shown.children))
            )

    def _check_requester(self, before: Request, action: Action) -> None:
        had, has = (seen(one, View.FULL, reader(one.requester_id)) for one in (before, self.request))
        if action in OWN_STEPS and self.request.history[-1].authority_id != before.requester_id:
            assert plain(had) == plain(has)
            assert revision_for(before, self.revision - 1, before.requester_id) == revision_for(
                self.request, self.revision, before.requester_id
            )
        left = {answer.code: answer for answer in has.answers}
        its = open_questions(QUESTIONS, self.request.asked, left, self.request.circumstances)
        assert set(left) <= set(its)
        assert {answer.code for answer in had.answers} - set(left) <= set(QUESTIONS.questions) - set(its)
        if action not in (Action.RELEASE, Action.ANSWER, Action.APPROVE, Action.GIVE_MORE_INFORMATION):
            assert had.answers == has.answers

    def _check_those_before(self, before: Request, action: Action) -> None:
        if action is Action.FORWARD:
            self._gave[before.draft.responder_id] = self._seen_by(before.draft.responder_id)
        for authority_id, then in self._gave.items():
            assert self._seen_by(authority_id) == then

    def _seen_by(self, authority_id: str) -> Given:
        """Its status is all that somebody who gave it away may see change."""
        by = reader(authority_id)
        assert view(self.request, by) is View.WITHOUT_ANSWERS
        shown = plain(
            replace(seen(self.request, View.WITHOUT_ANSWERS, by), status=Status.SENT, accepted=False, passed=())
        )
        questions = tuple(sorted(shown.draft.questions, key=lambda one: one.code))
        shown = replace(shown, draft=replace(shown.draft, questions=questions))
        return Given(shown, revision_for(self.request, self.revision, authority_id, View.WITHOUT_ANSWERS))

    def _after(self, action: Action) -> Request:
        request, random = self.request, self._random
        ours, theirs = self._actor(request.requester_id), self._actor(request.draft.responder_id)
        pending = request.status is Status.PENDING_SEND_APPROVAL
        coordinator = self._actor(ITALIAN if pending else HUNGARIAN, UserRole.COORDINATOR)
        settled = Settings(approval_coordinator=ITALIAN, approve_outgoing=random.random() < 0.3)
        replying_settled = Settings(approval_coordinator=HUNGARIAN, approve_reply=random.random() < 0.3)
        to = Partner(id=random.choice(RESPONDERS), country="HU")
        match action:
            case Action.SEND:
                return drafting.send(request, settled, to, ours)
            case Action.APPROVE:
                return drafting.approve(request, coordinator)
            case Action.RETURN:
                return drafting.return_(request, said(), coordinator)
            case Action.ACCEPT:
                return dates.accept(request, None, theirs)
            case Action.FORWARD:
                return forwarding.forward(request, to, said("why"), theirs)
            case Action.SPLIT:
                some = random.sample(request.asked, random.randint(1, len(request.asked)))
                ids = (f"req_{self.revision}", "RQ-2")
                return forwarding.split("req_1", request, QUESTIONS, some, to, ids, said(), theirs)
            case Action.ASSIGN:
                who = random.choice([request.requester_id, request.draft.responder_id])
                return allocation.assign(request, ["usr_1"], self._actor(who, UserRole.ALLOCATOR))
            case Action.SAVE:
                return replying.save(request, QUESTIONS, self._answers(3), [], theirs)
            case Action.RELEASE:
                given = self._answers(3)
                codes = [random.choice([*(one.code for one in (*request.answers, *given)), "PQ1"])]
                return replying.release(request, QUESTIONS, given, codes, replying_settled, theirs)
            case Action.ANSWER:
                return replying.answer(request, QUESTIONS, self._whole(), replying_settled, theirs)
            case Action.REQUEST_MORE_INFORMATION:
                new = [Asked(code=code) for code in CHOOSABLE if code not in request.asked][: random.randint(0, 1)]
                return replying.request_more(request, QUESTIONS, new, said(), ours)
            case Action.GIVE_MORE_INFORMATION:
                return replying.give_more(request, QUESTIONS, self._whole(), said(), theirs)
            case Action.REFUSE_MORE_INFORMATION:
                return replying.refuse_more(request, said(), theirs)
            case Action.REFER:
                return referral.refer(request, ITALIAN, HUNGARIAN, said(), ours)
            case Action.GIVE_OPINION:
                return referral.give_opinion(request, said(), coordinator)
            case Action.DECIDE_MUST_IMPROVE:
                return referral.decide(request, Verdict.MUST_IMPROVE, said(), coordinator)
        raise AssertionError(action)

    def _answers(self, most: int) -> list[Answer]:
        codes = self._random.sample(list(QUESTIONS.questions), self._random.randint(0, most))
        return [self._answer(code) for code in codes]

    def _whole(self) -> Sequence[Answer]:
        """Answers to whatever is open and has none, the follow-ups too; now and then another one as well."""
        answers = {one.code: one for one in self.request.answers}
        for _ in range(2):
            for code in open_questions(QUESTIONS, self.request.asked, answers, self.request.circumstances):
                answers.setdefault(code, self._answer(code))
        now_open = open_questions(QUESTIONS, self.request.asked, answers, self.request.circumstances)
        return [answers[code] for code in now_open if code not in self.request.frozen]

    def _answer(self, code: str) -> Answer:
        question = QUESTIONS.questions[code]
        files = (a_file(f"{LATE}{self.revision}{code}"),) if question.attachments else ()
        if question.field.choices:
            value = Value(codes=(self._random.choice(question.field.choices).code,))
        else:
            value = {
                ValueType.TEXT: Value(text=said()),
                ValueType.NUMBER: Value(number=Decimal(self._random.randint(0, 10))),
                ValueType.DATE: Value(date=date(2020, 1, 1)),
                ValueType.DOCUMENT: Value(files=("fil_1",)),
            }[question.field.type]
        return Answer(code=code, value=value, files=files)

    def _actor(self, authority_id: str, role: UserRole = UserRole.REQUEST_HANDLER) -> Actor:
        return Actor(
            user_id="usr_1", authority_id=authority_id, country="", roles=frozenset({role}), takes_part=True, now=self._now
        )  # fmt: skip


def reader(authority_id: str) -> Reader:
    country = ITALY.country if authority_id == ITALY.authority_id else "HU"
    role = LegislativeRole.COMPETENT_AUTHORITY
    roles = frozenset({UserRole.REQUEST_HANDLER})
    return Reader(authority_id=authority_id, country=country, roles=roles, legislative_role=role, user_id="usr_1")


def plain(request: Request) -> Request:
    """*request* without what is told to nobody as it is."""
    nothing = Handling()
    return replace(
        request, requester_handling=nothing, responder_handling=nothing, coordinators=Coordinators(), passed=()
    )


@given(st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_on_no_way_does_anybody_see_what_is_not_theirs_or_lose_what_is(random: Random) -> None:
    """Who has not accepted reads nothing that was said to others; the requester observes nothing that is only saved, and keeps the
    answers that it has until there are better ones; who gave the request away sees the same for ever, but where it stands.
    """
    walk = Walk(random)
    for _ in range(STEPS):
        walk.step()
