"""What each command makes of a request, whoever gives it and in whatever order."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.requests.domain import allocation, closing, dates, drafting, forwarding, referral, replying, retention
from services.requests.domain.actions import possibilities
from services.requests.domain.exchange import Evaluation, FormerResponder, Grade, Partner, Settings, Verdict
from services.requests.domain.lifecycle import (
    ASSIGNERS,
    EVER,
    TRANSITIONS,
    WRITERS,
    Action,
    Party,
    Row,
    Side,
    Status,
)
from services.requests.domain.parties import STEPS_LIMIT, parties
from services.requests.domain.questions import Answer, Asked, Group, Question, merged
from services.requests.domain.referral import OPINIONS_LIMIT
from services.requests.domain.requests import Actor, Draft, Request, Subject
from services.requests.domain.silence import BY_ITSELF
from tests.builders import QUALIFICATIONS, REQUESTS, doctors
from tests.cells import cell
from tests.requests.exchanges import CALLERS, NOW, QUESTIONS, a_stored_draft, a_stored_request, nurses
from vocabulary.files import File
from vocabulary.proofs import Ground
from vocabulary.refusals import Conflict, Forbidden, Invalid, Refusal
from vocabulary.roles import UserRole
from vocabulary.values import Choice, Field, FreeText, Money, Value, ValueType

ANSWERS = [Answer(code="PQ1", value=Value(codes=("GENUINE",))), Answer(code="PQ3", value=Value(codes=("YES",)))]
REASON = FreeText(text="non serve più", language="it")
NURSES = Partner(id=nurses("HU"), country="HU")
DOCTORS = Partner(id=doctors("HU"), country="HU")


def an_actor(party: Party | None = Party.REQUESTER, **changed: Any) -> Actor:
    """Somebody who is *party* to a stored request; None: a handler of a third country."""
    fields: dict[str, Any] = {"user_id": "usr_1", "takes_part": True, "now": NOW}
    if party is None:
        fields |= {"authority_id": "aut_fr", "country": "FR", "roles": frozenset({UserRole.REQUEST_HANDLER})}
    else:
        caller = CALLERS[party]
        fields |= {
            "authority_id": caller.authority_id,
            "country": caller.country,
            "roles": caller.user_roles[REQUESTS],
            "legislative_role": caller.legislative_roles[QUALIFICATIONS],
        }
    return Actor(**{**fields, **changed})


def do(request: Request, action: Action, actor: Actor) -> Request:
    """*request* after the command of *action*, with valid content."""
    settled = Settings()
    match action:
        case Action.CREATE:
            return drafting.create("RQ-1", QUESTIONS, request.draft, settled, actor)
        case Action.EDIT:
            return drafting.edit(request, QUESTIONS, request.draft, actor)
        case Action.DELETE:
            return drafting.delete(request, actor)
        case Action.SEND:
            return drafting.send(request, settled, DOCTORS, actor)
        case Action.APPROVE:
            return drafting.approve(request, actor)
        case Action.RETURN:
            return drafting.return_(request, REASON, actor)
        case Action.ACCEPT:
            return dates.accept(request, NOW.date(), actor)
        case Action.ACCEPT_PROPOSED_DATE:
            return dates.accept_proposed(request, actor)
        case Action.REFUSE_PROPOSED_DATE:
            return dates.refuse_proposed(request, REASON, actor)
        case Action.FORWARD:
            return forwarding.forward(request, NURSES, REASON, actor)
        case Action.SPLIT:
            ids = (f"req_child{len(request.children)}", "RQ-2")
            return forwarding.split("req_1", request, QUESTIONS, ["PQ3"], NURSES, ids, None, actor)
        case Action.ASSIGN:
            return allocation.assign(request, ["usr_1"], actor)
        case Action.SAVE:
            return replying.save(request, QUESTIONS, ANSWERS[:1], [], actor)
        case Action.RELEASE:
            return replying.release(request, QUESTIONS, ANSWERS[:1], ["PQ1"], settled, actor)
        case _:
            return _after_the_reply(request, action, actor)


def _after_the_reply(request: Request, action: Action, actor: Actor) -> Request:
    match action:
        case Action.ANSWER:
            given = [one for one in ANSWERS if one.code in request.asked and one.code not in request.frozen]
            return replying.answer(request, QUESTIONS, given, Settings(), actor)
        case Action.REQUEST_MORE_INFORMATION:
            return replying.request_more(request, QUESTIONS, [], REASON, actor)
        case Action.GIVE_MORE_INFORMATION:
            return replying.give_more(request, QUESTIONS, [], REASON, actor)
        case Action.REFUSE_MORE_INFORMATION:
            return replying.refuse_more(request, REASON, actor)
        case Action.ACCEPT_REFUSAL:
            return closing.accept_refusal(request, None, actor)
        case Action.REFER:
            return referral.refer(request, request.coordinators.requester_referral, LIMIC_OF_HUNGARY, REASON, actor)
        case Action.GIVE_OPINION:
            return referral.give_opinion(request, REASON, actor)
        case Action.DECIDE_SATISFACTORY:
            return referral.decide(request, Verdict.SATISFACTORY, None, actor)
        case Action.DECIDE_MUST_IMPROVE:
            return referral.decide(request, Verdict.MUST_IMPROVE, REASON, actor)
        case Action.CLOSE:
            return closing.close(request, Evaluation(timeliness=Grade.GOOD, effort=Grade.FAIR), actor)
        case Action.WITHDRAW:
            return closing.withdraw(request, REASON, actor)
        case Action.PROVE:
            return retention.prove(request, Ground.CONSENT, REASON, actor)
    raise AssertionError(action)


LIMIC_OF_HUNGARY = CALLERS[Party.RESPONDER_REFERRAL].authority_id
# What the system does by itself is no command: test_silence.py.
LATER = [action for action in Action if action not in (Action.CREATE, *BY_ITSELF)]
CELLS = [
    (status, action, party)
    for status, rows in TRANSITIONS.items()
    if status
    for action, row in rows.items()
    for party in sorted(row.parties)
    if action in LATER
]


def test_what_the_table_allows_is_done_and_recorded() -> None:
    for status, action, party in CELLS:
        with cell(status, action, party):
            before, actor = a_stored_request(status), an_actor(party)
            after = do(before, action, actor)
            assert after.status is TRANSITIONS[status][action].next
            assert after.history[:-1] == before.history
            last = after.history[-1]
            assert (last.action, last.before, last.after) == (action, status, after.status)
            assert (last.at, last.authority_id, last.user_id) == (NOW, actor.authority_id, "usr_1")


@pytest.mark.parametrize("status", Status)
def test_every_other_cell_is_refused(status: Status) -> None:
    for action in LATER:
        with cell(action):
            request = a_stored_request(status)
            row = TRANSITIONS[status].get(action)
            for party in [*CALLERS, None]:
                actor = an_actor(party)
                held = parties(request, actor)
                if row is None or not row.parties & held:
                    with pytest.raises(Forbidden if not EVER[action] & held or row else Conflict):
                        do(request, action, actor)


def test_an_authority_that_takes_no_part_does_nothing() -> None:
    for status, action, party in CELLS:
        with cell(status, action, party), pytest.raises(Forbidden):
            do(a_stored_request(status), action, an_actor(party, takes_part=False))


@pytest.mark.parametrize("role", UserRole)
def test_only_writers_write_and_only_coordinators_coordinate(role: UserRole) -> None:
    for status, action, party in CELLS:
        actor = an_actor(party, roles=frozenset({role}))
        row = TRANSITIONS[status][action]
        if parties(a_stored_request(status), actor) & row.parties:
            do(a_stored_request(status), action, actor)
            coordinating = party not in (Party.REQUESTER, Party.RESPONDER, *BOTH_ASSIGN)
            expected = {UserRole.COORDINATOR} if coordinating else ASSIGNERS if party in BOTH_ASSIGN else WRITERS
            assert role in expected, (status, action, party)
        else:
            with pytest.raises(Forbidden):
                do(a_stored_request(status), action, actor)


BOTH_ASSIGN = (Party.REQUESTER_ALLOCATOR, Party.RESPONDER_ALLOCATOR)
steps = st.lists(st.tuples(st.sampled_from(LATER), st.sampled_from([*CALLERS, None]), st.booleans()), max_size=40)


@given(steps)
@settings(deadline=None)
def test_however_a_request_is_dealt_with_it_keeps_to_the_table_and_its_history_only_grows(
    attempts: list[tuple[Action, Party | None, bool]],
) -> None:
    request = do(a_stored_request(Status.DRAFT), Action.CREATE, an_actor())
    request = replace(request, coordinators=a_stored_request(Status.DRAFT).coordinators)
    for number, (action, party, at_random) in enumerate(attempts, 1):
        # Mostly something that is possible, or most sequences would never leave the draft.
        rows: dict[Action, Row] = {known: one for known, one in TRANSITIONS[request.status].items() if known in LATER}
        if rows and not at_random:
            possible = sorted(set(rows) & set(LATER))
            action = possible[number % len(possible)]
            party = min(rows[action].parties)
        now = NOW + timedelta(minutes=number)
        actor = an_actor(party, now=now)
        if party is Party.RESPONDER and request.former:
            actor = replace(actor, authority_id=request.draft.responder_id)
        row = rows.get(action)
        before = request
        try:
            request = do(request, action, actor)
        except Refusal:
            continue
        assert row is not None
        assert request.status in (row.next, row.approval)
        assert row.parties & parties(before, actor)
        assert request.history[:-1] == before.history
        last = request.history[-1]
        assert (last.action, last.before, last.after) == (action, before.status, request.status)
        assert (last.at, last.authority_id, last.user_id) == (now, actor.authority_id, actor.user_id)
        assert (request.changed_at == now) is (action not in (Action.SAVE, Action.ASSIGN))
        assert (request.number, request.requester_id, request.created_at) == ("RQ-1", doctors("IT"), NOW)
        assert request.opinions[: len(before.opinions)] == before.opinions
        # What the requester has been given it keeps, until it is given something better.
        assert {one.code for one in before.released} <= {one.code for one in request.released}
        assert request.sent_at is None or before.sent_at in (None, request.sent_at)


def test_a_new_request_is_its_authoritys_draft() -> None:
    draft = a_stored_draft()
    request = drafting.create("RQ-2026-1", QUESTIONS, draft, Settings(), an_actor())
    assert (request.status, request.accepted, request.answers) == (Status.DRAFT, False, ())
    assert (request.requester_id, request.requester_country) == (doctors("IT"), "IT")
    assert (request.area, request.question_set_id, request.draft) == (QUESTIONS.area, QUESTIONS.id, draft)
    assert request.created_at == request.changed_at == NOW
    assert request.requester_handling.user_ids == ("usr_1",)
    assert [(entry.action, entry.before, entry.after) for entry in request.history] == [
        (Action.CREATE, Status.DRAFT, Status.DRAFT)
    ]


def test_of_a_deleted_draft_nothing_is_left_but_that_there_was_one() -> None:
    deleted = drafting.delete(a_stored_request(Status.DRAFT), an_actor())
    assert (deleted.status, deleted.draft, deleted.files) == (Status.DELETED, Draft(), ())
    assert [entry.action for entry in deleted.history] == [Action.DELETE]


def test_withdrawn_is_accepted_or_not_as_it_was_before() -> None:
    for status in (Status.SENT, Status.ACCEPTED):
        withdrawn = closing.withdraw(a_stored_request(status), REASON, an_actor())
        assert withdrawn.accepted is (status is Status.ACCEPTED)
        assert withdrawn.history[-1].reason == REASON


def test_a_reason_is_needed_once_it_was_accepted() -> None:
    assert closing.withdraw(a_stored_request(Status.SENT), None, an_actor()).history[-1].reason is None
    with pytest.raises(Invalid) as found:
        closing.withdraw(a_stored_request(Status.ACCEPTED), None, an_actor())
    assert (found.value.field, found.value.reason) == ("reason", "MISSING_FIELD")


@pytest.mark.parametrize(("born", "refused"), [(NOW.date(), False), (NOW.date() + timedelta(days=1), True)])
def test_nobody_is_born_tomorrow(born: date, refused: bool) -> None:
    subject = Subject(kind="person", given_name="Eszter", family_name="Mintás", birth_date=born)
    draft = a_stored_draft(subject=subject)
    if refused:
        with pytest.raises(Invalid) as found:
            drafting.create("RQ-1", QUESTIONS, draft, Settings(), an_actor())
        assert (found.value.field, found.value.reason) == ("draft.subject.person.birthDate", "FUTURE_DATE")
    else:
        assert drafting.create("RQ-1", QUESTIONS, draft, Settings(), an_actor()).draft.subject == subject


def test_an_edit_replaces_the_whole_draft() -> None:
    request = a_stored_request(Status.DRAFT, draft=a_stored_draft(desired_date=NOW.date()))
    assert drafting.edit(request, QUESTIONS, Draft(), an_actor()).draft == Draft()


def test_an_edit_may_take_another_version_of_the_questions_but_not_those_of_another_area() -> None:
    request = a_stored_request(Status.DRAFT)
    newer = replace(QUESTIONS, version=2)
    assert drafting.edit(request, newer, request.draft, an_actor()).question_set_id == newer.id
    elsewhere = replace(QUESTIONS, area="services")
    with pytest.raises(Invalid) as found:
        drafting.edit(request, elsewhere, request.draft, an_actor())
    assert (found.value.field, found.value.reason) == ("draft.questionSetId", "OTHER_AREA")


def test_a_refused_reply_keeps_what_was_saved() -> None:
    responder = an_actor(Party.RESPONDER)
    saved = replying.save(a_stored_request(Status.ACCEPTED), QUESTIONS, ANSWERS[:1], [], responder)
    with pytest.raises(Invalid) as found:
        replying.answer(saved, QUESTIONS, [], Settings(), responder)
    assert (found.value.field, found.value.reason) == ("answers", "UNANSWERED_QUESTIONS")
    assert saved.answers == tuple(ANSWERS[:1])
    replied = replying.answer(saved, QUESTIONS, ANSWERS[1:], Settings(), responder)
    assert replied.answers == replied.released == tuple(ANSWERS)


def test_a_draft_without_responder_is_on_nobody_elses_side() -> None:
    request = a_stored_request(Status.DRAFT, draft=Draft())
    assert request.side(doctors("IT")) is Side.REQUESTER
    assert request.side("") is None
    assert request.side(doctors("HU")) is None


def test_every_attached_file_is_among_the_files_of_a_request() -> None:
    one, two, three, four = [
        File(id=f"fil_{n}", name="a", media_type="text/plain", size_bytes=1, sha256="0") for n in range(4)
    ]
    draft = a_stored_draft(files=(one,), questions=(Asked(code="PQ1", files=(two,)),))
    answer = Answer(code="PQ1", value=Value(codes=("GENUINE",)), files=(three,))
    former = FormerResponder(authority_id="aut_1", answers=(replace(answer, files=(four,)),), entries=1)
    request = a_stored_request(Status.ACCEPTED, draft=draft, answers=(answer,), released=(answer,), former=(former,))
    assert request.files == (one, two, three, four)


# One question of every type there is, shipped or not.
EVERY = replace(
    QUESTIONS,
    groups=(
        Group(
            code="ALL",
            title={"en": "All"},
            questions=tuple(
                Question(
                    field=Field(
                        code=kind,
                        label={"en": kind},
                        type=kind,
                        choices=(Choice(code="YES", label={"en": "Yes"}), Choice(code="NO", label={"en": "No"})),
                    )
                )
                for kind in ValueType
            ),
        ),
    ),
)
TAKES = {
    **dict.fromkeys(("YES_NO", "YES_NO_UNKNOWN", "SINGLE", "MULTI"), "codes"),
    **dict.fromkeys(("AUTHORITY", "COUNTRY", "AREA", "CONCEPT", "LANGUAGE"), "references"),
    "DATE": "date", "NUMBER": "number", "MONEY": "money", "TEXT": "text", "DOCUMENT": "files", "LINK": "link",
}  # fmt: skip
OF_EACH_KIND = {
    "codes": Value(codes=("YES",)),
    "references": Value(references=("EL",)),
    "date": Value(date=NOW.date()),
    "number": Value(number=Decimal(3)),
    "money": Value(money=Money(amount=Decimal(5), currency="EUR")),
    "text": Value(text=REASON),
    "files": Value(files=("fil_1",)),
    "link": Value(link="https://a.example"),
    "nothing": Value(),
}


@pytest.mark.parametrize("given_as", OF_EACH_KIND)
def test_a_question_of_each_type_takes_its_own_kind_of_answer_and_no_other(given_as: str) -> None:
    for kind in ValueType:
        with cell(kind):
            value = OF_EACH_KIND[given_as]
            if value.references and kind is ValueType.LANGUAGE:
                value = Value(references=("el",))
            answer = Answer(code=kind, value=value)
            if TAKES.get(kind) == given_as:
                assert merged(EVERY, [kind], {}, [answer], at="answers")[kind].value == answer.value
            else:
                with pytest.raises(Invalid) as found:
                    merged(EVERY, [kind], {}, [answer], at="answers")
                assert (found.value.field, found.value.reason) == ("answers[0].value", "WRONG_TYPE")


def test_no_authority_fills_a_request_with_steps_that_lead_nowhere_and_all_can_still_go_on() -> None:
    """A store takes only so much in one document: what could not be written any more could not be ended either, nor erased."""
    responder = an_actor(Party.RESPONDER)
    saved = do(a_stored_request(Status.ACCEPTED), Action.SAVE, responder)
    full = replace(saved, history=saved.history * STEPS_LIMIT)
    assert do(replace(full, history=full.history[1:]), Action.SAVE, responder).status is Status.ACCEPTED
    for action, party in ((Action.SAVE, Party.RESPONDER), (Action.ASSIGN, Party.RESPONDER_ALLOCATOR)):
        with cell(action), pytest.raises(Conflict) as found:
            do(full, action, an_actor(party))
        assert found.value.reason == "TOO_MANY"
    refusals = {one.action: one.refusal for one in possibilities(full, responder)}
    assert refusals[Action.SAVE] is not None
    assert refusals[Action.ANSWER] is None
    # It keeps nobody else from anything, nor itself from going on.
    for action, party in (
        (Action.ASSIGN, Party.REQUESTER_ALLOCATOR),
        (Action.ANSWER, Party.RESPONDER),
        (Action.FORWARD, Party.RESPONDER),
        (Action.WITHDRAW, Party.REQUESTER),
    ):
        with cell(action):
            assert do(full, action, an_actor(party)).history[-1].action is action


def test_a_coordinator_gives_so_many_opinions_and_then_decides() -> None:
    coordinator = an_actor(Party.RESPONDER_REFERRAL)
    given = do(a_stored_request(Status.REFERRED), Action.GIVE_OPINION, coordinator)
    full = replace(given, opinions=given.opinions * OPINIONS_LIMIT)
    with pytest.raises(Conflict) as found:
        do(full, Action.GIVE_OPINION, coordinator)
    assert found.value.reason == "TOO_MANY"
    assert len(do(full, Action.GIVE_OPINION, an_actor(Party.REQUESTER_REFERRAL)).opinions) == OPINIONS_LIMIT + 1
    assert do(full, Action.DECIDE_SATISFACTORY, coordinator).status is Status.ANSWERED_FINAL
