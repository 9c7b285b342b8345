"""A request of which some questions go to another authority: one family for the requester, one child, whatever is interrupted."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from chassis.aggregates import Aggregates, Kept
from chassis.caller import Caller
from chassis.outbox import Outbox
from chassis.process import clock, working
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from engines.events import Event, open_events
from protos.requests.v1 import requests_pb2 as pb
from protos.requests.v1.events_pb2 import RequestChanged
from services.directory.training.authorities import national_id
from services.requests import storage, wire
from services.requests.domain.exchange import Partner
from services.requests.domain.forwarding import split
from services.requests.domain.lifecycle import Party, Status
from services.requests.domain.questions import Answer, Asked, QuestionSet
from services.requests.domain.requests import Actor, Request
from services.requests.reactions import split_off
from tests.builders import QUALIFICATIONS, a_handler, doctors
from tests.chassis.waiting import until
from tests.requests.exchanges import (
    CALLERS,
    GOOD_ANSWERS,
    HUNGARY,
    ITALY,
    NOW,
    QUESTIONS,
    Asking,
    a_draft,
    a_request,
    a_stored_draft,
    a_stored_request,
    codes,
    command,
    nurses,
    refused,
    text,
)
from vocabulary.refusals import Conflict, Invalid
from vocabulary.roles import UserRole
from vocabulary.values import Value

NURSES = a_handler("HU", authority=nurses("HU"))
MIDWIVES = a_handler("HU", authority=national_id("HU", QUALIFICATIONS, "midwife"))
THREE = [pb.AskedQuestionDraft(code=code, comment=text(f"su {code}")) for code in ("PQ1", "PQ3", "PQ6")]


async def divided(
    asking: Asking, request: pb.Request, *moved: str, by: Caller = HUNGARY, to: Caller = NURSES
) -> pb.Request:
    """The child that came of *request*, as its responder sees it."""
    parent = await asking.do(by, "SplitRequest", id=request.id, responder_id=to.authority_id, question_codes=moved)
    child: list[pb.Request] = []

    async def is_there() -> bool:
        found = await asking.read(to, parent.children[-1].id)
        child[:] = [found] if found else []
        return bool(child)

    await until(is_there)
    return child[0]


async def test_some_questions_become_a_request_of_their_own(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED, questions=THREE, desired_date="2999-01-01")
    child = await divided(asking, request, "PQ3", "PQ6")
    assert (child.status, child.view) == (pb.REQUEST_STATUS_SENT, pb.REQUEST_VIEW_WITHOUT_SUBJECT)
    assert [(one.code, one.comment.text) for one in child.questions] == [("PQ3", "su PQ3"), ("PQ6", "su PQ6")]
    assert (child.requester_id, child.responder_id) == (doctors("IT"), nurses("HU"))
    assert child.number not in ("", request.number)
    assert (child.justification, child.desired_date) == (request.justification, "2999-01-01")
    parent = await asking.read(HUNGARY, request.id)
    assert parent is not None
    assert [one.code for one in parent.questions] == ["PQ1"]
    assert parent.status == pb.REQUEST_STATUS_ACCEPTED
    (told,) = parent.children
    assert (told.id, told.number, told.responder_id) == (child.id, child.number, nurses("HU"))
    assert list(told.question_codes) == ["PQ3", "PQ6"]
    # Each is then answered for itself, and the requester waits since the same moment.
    accepted = await asking.do(NURSES, "AcceptRequest", id=child.id)
    assert accepted.subject.person.given_name == "Eszter"
    assert accepted.sent_at == parent.sent_at
    theirs = [GOOD_ANSWERS[1], pb.AnswerDraft(question_code="PQ6", value=codes("NONE"))]
    answered = await asking.do(NURSES, "AnswerRequest", id=child.id, answers=theirs)
    assert answered.status == pb.REQUEST_STATUS_ANSWERED
    ours = await asking.do(HUNGARY, "AnswerRequest", id=request.id, answers=GOOD_ANSWERS[:1])
    assert ours.status == pb.REQUEST_STATUS_ANSWERED


async def test_the_requester_sees_one_family_and_each_responder_its_own_part(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED, questions=THREE)
    child = await divided(asking, request, "PQ3", "PQ6")
    await asking.do(NURSES, "AcceptRequest", id=child.id)
    grandchild = await divided(asking, child, "PQ6", by=NURSES, to=MIDWIVES)
    assert child.family_id == grandchild.family_id == request.id
    assert (child.parent_id, grandchild.parent_id) == (request.id, child.id)

    async def family(caller: Caller) -> list[str]:
        found = (await asking(caller, "BatchGetFamilies", ids=[request.id, "req_nobody"])).families
        return [one.id for one in found[0].requests] if found else []

    assert await family(ITALY) == [request.id, child.id, grandchild.id]
    assert await family(HUNGARY) == [request.id]
    assert await family(NURSES) == [child.id]
    assert await family(MIDWIVES) == [grandchild.id]
    assert await family(a_handler("FR")) == []
    assert await asking.read(HUNGARY, child.id) is None
    assert await asking.read(NURSES, request.id) is None


async def test_a_child_does_not_come_back_to_who_split_it_off(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED, questions=THREE)
    child = await divided(asking, request, "PQ3")
    fields = {"id": child.id, "responder_id": doctors("HU"), "reason": text("vissza", "hu")}
    found = await refused(asking, NURSES, "ForwardRequest", Invalid, **fields)
    assert (found.field, found.reason) == ("responderId", "FORWARDING_LOOP")


async def test_saved_answers_to_what_is_moved_are_dropped_and_the_others_kept(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED, questions=THREE)
    await asking.do(HUNGARY, "SaveAnswers", id=request.id, answers=GOOD_ANSWERS)
    child = await divided(asking, request, "PQ3")
    parent = await asking.read(HUNGARY, request.id)
    assert parent is not None
    assert [one.question_code for one in parent.answers] == ["PQ1"]
    assert not child.answers


@pytest.mark.parametrize(
    ("moved", "field", "reason"),
    [
        ([], "questionCodes", "EMPTY"),
        (["PQ1", "PQ3", "PQ6"], "questionCodes", "ALL_QUESTIONS"),
        (["PQ1", "PQ1"], "questionCodes[1]", "REPEATED"),
        (["PQ7"], "questionCodes[0]", "UNKNOWN_QUESTION"),
        (["PQ3", "PQ3a"], "questionCodes[1]", "UNKNOWN_QUESTION"),
        (["PQ3", "PQ1"], "questionCodes[1]", "RELEASED"),
    ],
)
async def test_what_is_moved_is_some_of_what_was_asked_and_not_given(
    asking: Asking, moved: list[str], field: str, reason: str
) -> None:
    request = await a_request(asking, Status.ACCEPTED, questions=THREE)
    if reason == "RELEASED":
        fields = {"answers": GOOD_ANSWERS[:1], "question_codes": ["PQ1"]}
        await asking.do(HUNGARY, "ReleaseAnswers", id=request.id, **fields)
    fields = {"id": request.id, "responder_id": nurses("HU"), "question_codes": moved}
    found = await refused(asking, HUNGARY, "SplitRequest", Invalid, **fields)
    assert (found.field, found.reason) == (field, reason)


async def test_one_question_is_not_divided(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED, questions=THREE[:1])
    fields = {"id": request.id, "responder_id": nurses("HU"), "question_codes": ["PQ1"]}
    assert (await refused(asking, HUNGARY, "SplitRequest", Conflict, **fields)).reason == "ONE_QUESTION"


async def test_the_same_split_again_makes_no_second_child(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED, questions=THREE)
    key = command()
    fields = {"id": request.id, "responder_id": nurses("HU"), "question_codes": ["PQ3"]}
    both = await asyncio.gather(*(asking(HUNGARY, "SplitRequest", command=key, **fields) for _ in range(3)))
    assert both[0] == both[1] == both[2]
    again = await divided(asking, request, "PQ6")
    assert again.id != both[0].request.children[0].id
    family = (await asking(ITALY, "BatchGetFamilies", ids=[request.id])).families[0]
    assert len(family.requests) == 3


# The step from the parent to the child, alone: told twice, late, or by two replicas at once, it makes one child.


def a_parent() -> Request:
    caller = CALLERS[Party.RESPONDER]
    actor = Actor(
        user_id="usr_1", authority_id=caller.authority_id, country="HU", takes_part=True, now=NOW,
        roles=frozenset({UserRole.REQUEST_HANDLER}),
    )  # fmt: skip
    to = Partner(id=nurses("HU"), country="HU")
    return split("req_1", a_stored_request(Status.ACCEPTED), QUESTIONS, ["PQ3"], to, ("req_2", "RQ-2"), None, actor)


def an_event(number: int, message: RequestChanged) -> Event:
    return Event(
        id=f"evt_{number}", type=message.DESCRIPTOR.full_name, source="/imi/requests", subject=message.request_id,
        time=NOW, data=message.SerializeToString(),
    )  # fmt: skip


async def test_the_child_is_made_once_however_often_and_late_its_parents_event_comes(tmp_path: Path) -> None:
    settings = ServiceSettings(data_dir=tmp_path)
    parent = a_parent()
    told = wire.changed("req_1", 2, a_stored_request(Status.ACCEPTED), parent)
    async with (
        open_documents(settings.documents("requests"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        outbox = Outbox("requests", documents, events, clock)
        requests: Aggregates[Request] = storage.requests(documents, outbox)

        async def child() -> Kept[Request] | None:
            return await requests.get("req_2")

        async def is_there() -> bool:
            return await child() is not None

        # Nobody reacts yet: the service was killed right after the parent was written.
        await requests.load([("req_1", parent, [told])])
        assert not await is_there()
        replicas = [split_off(events, requests).run for _ in range(2)]
        async with working([outbox.relay, *replicas]):
            await until(is_there)
            first = await child()
            await events.publish("imi.requests.v1", [an_event(1, told), an_event(1, told), an_event(2, told)])
            other = wire.changed("req_none", 2, None, parent)
            await events.publish("imi.requests.v1", [an_event(3, other), an_event(4, told)])
            async with events.join("test", ["imi.requests.v1"]) as member:
                seen: list[RequestChanged] = []

                async def has_seen_all() -> bool:
                    for received in await member.poll():
                        seen.append(RequestChanged.FromString(received.event.data))
                        await member.commit(received)
                    return len(seen) >= 7

                await until(has_seen_all)
        assert await child() == first
        assert [one.request_id for one in seen].count("req_2") == 1
    assert first is not None
    assert first.state.draft.questions[0].code == "PQ3"
    assert (first.state.parent_id, first.state.family) == ("req_1", "req_1")
    assert first.state.passed == (doctors("HU"),)


async def test_a_draft_has_no_family(asking: Asking) -> None:
    draft = await asking.do(ITALY, "CreateRequest", draft=a_draft())
    assert (draft.family_id, draft.parent_id, list(draft.children)) == ("", "", [])
    assert not (await asking(ITALY, "BatchGetFamilies", ids=["", draft.id])).families


async def test_a_key_that_split_one_request_makes_another_child_of_another(asking: Asking) -> None:
    key = command()
    children: list[pb.SplitOff] = []
    for _ in range(2):
        request = await a_request(asking, Status.ACCEPTED, questions=THREE)
        fields = {"id": request.id, "responder_id": nurses("HU"), "question_codes": ["PQ3"]}
        children += (await asking.do(HUNGARY, "SplitRequest", command=key, **fields)).children
    assert children[0].id != children[1].id
    assert children[0].number != children[1].number


def dependent() -> tuple[QuestionSet, Actor]:
    """Questions of which PQ3 opens only after PQ1, and a responder."""
    actor = Actor(
        user_id="usr_1", authority_id=HUNGARY.authority_id, country="HU", takes_part=True, now=NOW,
        roles=frozenset({UserRole.REQUEST_HANDLER}),
    )  # fmt: skip
    group, *others = QUESTIONS.groups
    changed = tuple(replace(one, applies_if="PQ1 = GENUINE") if one.code == "PQ3" else one for one in group.questions)
    return replace(QUESTIONS, groups=(replace(group, questions=changed), *others)), actor


@pytest.mark.parametrize("moved", [["PQ1"], ["PQ3"], ["PQ1", "PQ6"], ["PQ3", "PQ6"]])
def test_a_question_goes_with_those_that_open_it(moved: list[str]) -> None:
    """Or nobody would ever be asked it: the reply to its part would be whole without it."""
    questions, actor = dependent()
    asked = tuple(Asked(code=code) for code in ("PQ1", "PQ3", "PQ6"))
    request = a_stored_request(Status.ACCEPTED, draft=a_stored_draft(questions=asked))
    to = Partner(id=nurses("HU"), country="HU")
    with pytest.raises(Invalid) as found:
        split("req_1", request, questions, moved, to, ("req_2", "RQ-2"), None, actor)
    assert (found.value.field, found.value.reason) == ("questionCodes", "NOT_APPLICABLE")
    assert split("req_1", request, questions, ["PQ1", "PQ3"], to, ("req_2", "RQ-2"), None, actor).asked == ["PQ6"]


def test_a_question_stays_if_a_released_answer_depends_on_it() -> None:
    questions, actor = dependent()
    asked = tuple(Asked(code=code) for code in ("PQ1", "PQ3", "PQ6"))
    answers = tuple(
        Answer(code=code, value=Value(codes=(given,))) for code, given in (("PQ1", "GENUINE"), ("PQ3", "YES"))
    )
    request = a_stored_request(
        Status.ACCEPTED, draft=a_stored_draft(questions=asked), answers=answers, released=answers[1:], frozen=("PQ3",)
    )
    to = Partner(id=nurses("HU"), country="HU")
    with pytest.raises(Invalid) as found:
        split("req_1", request, questions, ["PQ1"], to, ("req_2", "RQ-2"), None, actor)
    assert (found.value.field, found.value.reason) == ("questionCodes", "RELEASED")
    assert split("req_1", request, questions, ["PQ6"], to, ("req_2", "RQ-2"), None, actor).frozen == ("PQ3",)


async def test_of_a_reply_that_must_improve_no_question_is_moved_that_the_requester_has_the_answer_to(
    asking: Asking,
) -> None:
    """Or the better reply to the rest would take that answer away before anybody has given another."""
    request = await a_request(asking, Status.REFERRED)
    improve = {"verdict": pb.REFERRAL_VERDICT_MUST_IMPROVE, "reason": text("pontosabban", "hu")}
    await asking.do(CALLERS[Party.RESPONDER_REFERRAL], "DecideReferral", id=request.id, **improve)
    fields = {"id": request.id, "responder_id": nurses("HU"), "question_codes": ["PQ3"]}
    found = await refused(asking, HUNGARY, "SplitRequest", Invalid, **fields)
    assert (found.field, found.reason) == ("questionCodes[0]", "RELEASED")
