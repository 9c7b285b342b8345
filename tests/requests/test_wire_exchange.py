"""What else belongs to a request goes over the wire the same: dates, children, what was asked later, opinions, the evaluation."""

from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.aggregates import Kept
from chassis.wire import PROOF_GROUND, datetime_of
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from protos.requests.v1.events_pb2 import RequestChanged
from services.requests import wire
from services.requests.domain.actions import Possibility
from services.requests.domain.exchange import (
    Child,
    Coordinators,
    Evaluation,
    FormerResponder,
    Grade,
    MoreInformation,
    Opinion,
    Verdict,
)
from services.requests.domain.hearing import concerned
from services.requests.domain.identity import Giveaway, Leak
from services.requests.domain.lifecycle import Action, Status
from services.requests.domain.questions import Asked
from services.requests.domain.requests import HistoryEntry, Request
from services.requests.domain.views import View
from tests.requests.exchanges import a_stored_request
from tests.requests.test_wire import days, history, text_back, texts, times, words
from vocabulary.proofs import Ground, Proof
from vocabulary.refusals import Conflict, Forbidden, Invalid

questions = st.lists(words, max_size=3).map(lambda codes: tuple(Asked(code=code) for code in codes))
children = st.builds(
    Child,
    id=words,
    number=words,
    responder_id=words,
    responder_country=st.just(""),
    allocation=st.just(False),
    questions=questions,
    passed=st.just(()),
    reason=st.none() | texts,
    at=times,
)
later = st.builds(
    MoreInformation,
    asked_at=times,
    questions=st.lists(words, max_size=3).map(tuple),
    text=st.none() | texts,
    settled_at=st.none() | times,
    given=st.none() | texts,
    refusal=st.none() | texts,
)
opinions = st.builds(
    Opinion, at=times, authority_id=words, text=st.none() | texts, verdict=st.none() | st.sampled_from(Verdict)
)
evaluations = st.builds(Evaluation, timeliness=st.sampled_from(Grade), effort=st.sampled_from(Grade))
proofs = st.builds(
    Proof,
    authority_id=words,
    country=st.sampled_from(["IT", "HU"]),
    user_id=st.just(""),
    ground=st.sampled_from(Ground),
    reason=st.none() | texts,
    at=times,
)
requests = st.builds(
    replace,
    st.just(a_stored_request(Status.ANSWERED)),
    sent_at=st.none() | times,
    proposed_date=st.none() | days,
    agreed_date=st.none() | days,
    parent_id=words | st.just(""),
    family=words | st.just(""),
    former=st.lists(st.builds(FormerResponder, authority_id=words, entries=st.just(1)), max_size=2).map(tuple),
    children=st.lists(children, max_size=2).map(tuple),
    more_information=st.lists(later, max_size=2).map(tuple),
    opinions=st.lists(opinions, max_size=2).map(tuple),
    evaluation=st.none() | evaluations,
    proofs=st.lists(proofs, max_size=2).map(tuple),
)


def child_back(message: pb.SplitOff) -> Child:
    return Child(
        id=message.id,
        number=message.number,
        responder_id=message.responder_id,
        responder_country="",
        allocation=False,
        questions=tuple(Asked(code=code) for code in message.question_codes),
        passed=(),
        reason=text_back(message.reason, message.HasField("reason")),
        at=datetime_of(message.at),
    )


def later_back(message: pb.MoreInformation) -> MoreInformation:
    return MoreInformation(
        asked_at=datetime_of(message.asked_at),
        questions=tuple(message.question_codes),
        text=text_back(message.text, message.HasField("text")),
        settled_at=datetime_of(message.settled_at) if message.HasField("settled_at") else None,
        given=text_back(message.given, message.HasField("given")),
        refusal=text_back(message.refusal, message.HasField("refusal")),
    )


def opinion_back(message: pb.Opinion) -> Opinion:
    return Opinion(
        at=datetime_of(message.at),
        authority_id=message.authority_id,
        text=text_back(message.text, message.HasField("text")),
        verdict=wire.VERDICT.from_wire(message.verdict, field="") if message.verdict else None,
    )


def proof_back(message: common_pb2.Proof) -> Proof:
    return Proof(
        authority_id=message.authority_id,
        country=message.country_code,
        user_id="",
        ground=PROOF_GROUND.from_wire(message.ground, field=""),
        reason=text_back(message.reason, message.HasField("reason")),
        at=datetime_of(message.at),
    )


def day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


@given(requests)
@settings(deadline=None)
def test_a_request_comes_back_with_all_that_was_added_to_it(request: Request) -> None:
    message = pb.Request.FromString(wire.request(Kept("req_1", 1, request), View.FULL).SerializeToString())
    assert (datetime_of(message.sent_at) if message.HasField("sent_at") else None) == request.sent_at
    assert (day(message.proposed_date), day(message.agreed_date)) == (request.proposed_date, request.agreed_date)
    assert (message.parent_id, message.family_id) == (request.parent_id, request.family)
    assert list(message.former_responder_ids) == [one.authority_id for one in request.former]
    assert tuple(map(child_back, message.children)) == request.children
    assert tuple(map(later_back, message.more_information)) == request.more_information
    assert tuple(map(opinion_back, message.opinions)) == request.opinions
    assert tuple(map(proof_back, message.proofs)) == request.proofs
    given_back = wire.evaluation_from(message.evaluation, at="") if message.HasField("evaluation") else None
    assert given_back == request.evaluation
    assert [one.released for one in message.answers] == [one.code in request.frozen for one in request.answers]


@given(history)
def test_what_is_told_of_a_step_are_ids_and_codes(entry: HistoryEntry) -> None:
    asked = Coordinators(sending_approval="aut_1", responder_referral="aut_2")
    before = a_stored_request(Status.SENT)
    former = (FormerResponder(authority_id=before.draft.responder_id, entries=1),)
    after = replace(before, coordinators=asked, former=former, history=(entry,))
    message = RequestChanged.FromString(wire.changed("req_1", 7, before, after).SerializeToString())
    assert (message.request_id, message.revision) == ("req_1", 7)
    assert list(message.concerned_ids) == ["aut_1", "aut_2", before.draft.responder_id]
    assert "Eszter" not in str(message)
    assert "usr_1" not in str(message)


def test_of_a_draft_that_came_back_only_its_author_hears() -> None:
    """Those who were asked about it, or brought in, do not even see it: an e-mail would send them to what is not there for them."""
    asked = Coordinators(sending_approval="aut_1", earlier=("aut_2",), involved=("aut_3",))
    waiting = a_stored_request(Status.PENDING_SEND_APPROVAL, coordinators=asked)
    assert concerned(waiting, waiting) == ("aut_1", "aut_2", "aut_3")
    assert concerned(waiting, replace(waiting, status=Status.DRAFT)) == ()


def test_a_possibility_says_the_refusal_that_the_command_would_meet() -> None:
    for refusal in (
        Forbidden("no"),
        Conflict("not now", reason="TRANSITION"),
        Invalid("no", field="x", reason="EMPTY"),
    ):
        message = wire.possibility(Possibility(Action.CLOSE, refusal))
        assert (message.possible, message.code, message.reason) == (False, refusal.code, refusal.reason)
        assert message.message == refusal.message
    assert wire.possibility(Possibility(Action.CLOSE)) == pb.PossibleAction(
        action=pb.REQUEST_ACTION_CLOSE, possible=True
    )


def test_a_warning_says_where_and_what() -> None:
    assert wire.warning(Giveaway("draft.justification", Leak.NUMBER)) == pb.DraftWarning(
        field="draft.justification", leak=pb.LEAK_NUMBER
    )
