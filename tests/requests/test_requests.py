"""What each command makes of a request, whoever gives it and in whatever order."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.requests.domain import requests as rules
from services.requests.domain.lifecycle import OPEN, TRANSITIONS, TURN, Action, Side, Status
from services.requests.domain.questions import Answer, Asked, File, Group, Question, merged
from services.requests.domain.requests import Actor, Draft, Request, Subject
from tests.builders import doctors
from tests.requests.exchanges import NOW, QUESTIONS, a_stored_draft, a_stored_request
from vocabulary.refusals import Conflict, Forbidden, Invalid, Refusal
from vocabulary.roles import UserRole
from vocabulary.values import Choice, Field, FreeText, Money, Value, ValueType

ANSWERS = [Answer(code="PQ1", value=Value(codes=("GENUINE",))), Answer(code="PQ3", value=Value(codes=("YES",)))]
REASON = FreeText(text="non serve più", language="it")


def an_actor(side: Side | None = Side.REQUESTER, **changed: Any) -> Actor:
    who = {Side.REQUESTER: (doctors("IT"), "IT"), Side.RESPONDER: (doctors("HU"), "HU"), None: ("aut_fr", "FR")}
    authority_id, country = who[side]
    fields: dict[str, Any] = {
        "user_id": "usr_1",
        "authority_id": authority_id,
        "country": country,
        "roles": frozenset({UserRole.REQUEST_HANDLER}),
        "takes_part": True,
        "now": NOW,
    }
    return Actor(**{**fields, **changed})


def do(request: Request, action: Action, actor: Actor) -> Request:
    """*request* after the command of *action*, with valid content."""
    match action:
        case Action.CREATE:
            return rules.create("RQ-1", QUESTIONS, request.draft, actor)
        case Action.EDIT:
            return rules.edit(request, QUESTIONS, request.draft, actor)
        case Action.SEND:
            return rules.send(request, actor)
        case Action.ACCEPT:
            return rules.accept(request, actor)
        case Action.SAVE:
            return rules.save(request, QUESTIONS, ANSWERS[:1], actor)
        case Action.ANSWER:
            return rules.answer(request, QUESTIONS, ANSWERS, actor)
        case Action.CLOSE:
            return rules.close(request, actor)
        case Action.WITHDRAW:
            return rules.withdraw(request, REASON, actor)


LATER = [action for action in Action if action is not Action.CREATE]
steps = st.lists(
    st.tuples(st.sampled_from(LATER), st.sampled_from([*Side, None]), st.sampled_from([*UserRole]), st.booleans()),
    max_size=30,
)


@given(steps)
@settings(deadline=None)
def test_however_a_request_is_dealt_with_it_keeps_to_the_table_and_its_history_only_grows(
    attempts: list[tuple[Action, Side | None, UserRole, bool]],
) -> None:
    request = do(a_stored_request(Status.DRAFT), Action.CREATE, an_actor())
    for number, (action, side, role, takes_part) in enumerate(attempts, 1):
        # Mostly somebody who may, or most sequences would never leave the draft.
        roles = frozenset({role, UserRole.REQUEST_HANDLER} if number % 3 else {role})
        now = NOW + timedelta(minutes=number)
        actor = an_actor(side, roles=roles, takes_part=takes_part or number % 3 > 0, now=now)
        row = TRANSITIONS[request.status].get(action)
        before = request
        try:
            request = do(request, action, actor)
        except Refusal:
            continue
        assert row is not None
        assert (row.side, row.next) == (side, request.status)
        assert actor.takes_part
        assert request.history[:-1] == before.history
        last = request.history[-1]
        assert (last.action, last.before, last.after) == (action, before.status, request.status)
        assert (last.at, last.authority_id, last.user_id) == (now, actor.authority_id, actor.user_id)
        assert request.changed_at == now
        assert request.accepted or not before.accepted
        assert request.accepted is any(entry.action is Action.ACCEPT for entry in request.history)
        assert (request.number, request.requester_id, request.created_at) == ("RQ-1", doctors("IT"), NOW)


@given(st.lists(st.sampled_from(LATER), max_size=12))
def test_what_the_table_allows_to_the_right_side_is_done(actions: list[Action]) -> None:
    request = do(a_stored_request(Status.DRAFT), Action.CREATE, an_actor())
    for action in actions:
        row = TRANSITIONS[request.status].get(action)
        if row is None:
            for side in Side:
                with pytest.raises(Conflict):
                    do(request, action, an_actor(side))
        else:
            request = do(request, action, an_actor(row.side))
            assert request.status is row.next


def test_a_new_request_is_its_authoritys_draft() -> None:
    draft = a_stored_draft()
    request = rules.create("RQ-2026-1", QUESTIONS, draft, an_actor())
    assert (request.status, request.accepted, request.answers) == (Status.DRAFT, False, ())
    assert (request.requester_id, request.requester_country) == (doctors("IT"), "IT")
    assert (request.area, request.question_set_id, request.draft) == (QUESTIONS.area, QUESTIONS.id, draft)
    assert request.created_at == request.changed_at == NOW
    assert [(entry.action, entry.before, entry.after) for entry in request.history] == [
        (Action.CREATE, Status.DRAFT, Status.DRAFT)
    ]


@pytest.mark.parametrize("action", Action)
def test_an_authority_that_takes_no_part_does_nothing(action: Action) -> None:
    status = next((status for status, rows in TRANSITIONS.items() if action in rows), Status.DRAFT)
    side = TRANSITIONS[status][action].side if action in TRANSITIONS[status] else Side.REQUESTER
    request = a_stored_request(status)
    assert do(request, action, an_actor(side))
    with pytest.raises(Forbidden):
        do(request, action, an_actor(side, takes_part=False))


@pytest.mark.parametrize("action", [Action.ACCEPT, Action.SAVE, Action.ANSWER, Action.CLOSE])
def test_accepted_stays_true(action: Action) -> None:
    status = next(status for status, rows in TRANSITIONS.items() if action in rows)
    assert do(a_stored_request(status), action, an_actor(TRANSITIONS[status][action].side)).accepted


def test_withdrawn_is_accepted_or_not_as_it_was_before() -> None:
    for status in (Status.SENT, Status.ACCEPTED):
        withdrawn = rules.withdraw(a_stored_request(status), REASON, an_actor())
        assert withdrawn.accepted is (status is Status.ACCEPTED)
        assert withdrawn.history[-1].reason == REASON


def test_a_reason_is_needed_once_it_was_accepted() -> None:
    assert rules.withdraw(a_stored_request(Status.SENT), None, an_actor()).history[-1].reason is None
    with pytest.raises(Invalid) as found:
        rules.withdraw(a_stored_request(Status.ACCEPTED), None, an_actor())
    assert (found.value.field, found.value.reason) == ("reason", "MISSING_FIELD")


@pytest.mark.parametrize(("days", "refused"), [(-1, True), (0, False), (1, False)])
def test_the_wished_date_is_today_or_later(days: int, refused: bool) -> None:
    wished = NOW.date() + timedelta(days=days)
    request = a_stored_request(Status.DRAFT, draft=a_stored_draft(desired_date=wished))
    if refused:
        with pytest.raises(Invalid) as found:
            rules.send(request, an_actor())
        assert (found.value.field, found.value.reason) == ("draft.desiredDate", "PAST_DATE")
    else:
        assert rules.send(request, an_actor()).status is Status.SENT


@pytest.mark.parametrize(("born", "refused"), [(NOW.date(), False), (NOW.date() + timedelta(days=1), True)])
def test_nobody_is_born_tomorrow(born: date, refused: bool) -> None:
    subject = Subject(kind="person", given_name="Eszter", family_name="Mintás", birth_date=born)
    draft = a_stored_draft(subject=subject)
    if refused:
        with pytest.raises(Invalid) as found:
            rules.create("RQ-1", QUESTIONS, draft, an_actor())
        assert (found.value.field, found.value.reason) == ("draft.subject.person.birthDate", "FUTURE_DATE")
    else:
        assert rules.create("RQ-1", QUESTIONS, draft, an_actor()).draft.subject == subject


def test_an_edit_replaces_the_whole_draft() -> None:
    request = a_stored_request(Status.DRAFT, draft=a_stored_draft(desired_date=NOW.date()))
    assert rules.edit(request, QUESTIONS, Draft(), an_actor()).draft == Draft()


def test_an_edit_may_take_another_version_of_the_questions_but_not_those_of_another_area() -> None:
    request = a_stored_request(Status.DRAFT)
    newer = replace(QUESTIONS, version=2)
    assert rules.edit(request, newer, request.draft, an_actor()).question_set_id == newer.id
    elsewhere = replace(QUESTIONS, area="services")
    with pytest.raises(Invalid) as found:
        rules.edit(request, elsewhere, request.draft, an_actor())
    assert (found.value.field, found.value.reason) == ("draft.questionSetId", "OTHER_AREA")


def test_a_refused_reply_keeps_what_was_saved() -> None:
    saved = rules.save(a_stored_request(Status.ACCEPTED), QUESTIONS, ANSWERS[:1], an_actor(Side.RESPONDER))
    with pytest.raises(Invalid) as found:
        rules.answer(saved, QUESTIONS, [], an_actor(Side.RESPONDER))
    assert (found.value.field, found.value.reason) == ("answers", "UNANSWERED_QUESTIONS")
    assert saved.answers == tuple(ANSWERS[:1])
    assert rules.answer(saved, QUESTIONS, ANSWERS[1:], an_actor(Side.RESPONDER)).answers == tuple(ANSWERS)


@pytest.mark.parametrize("status", Status)
def test_it_is_the_turn_of_one_side_as_long_as_something_is_to_be_done(status: Status) -> None:
    request = a_stored_request(status)
    turns = {Status.SENT: doctors("HU"), Status.ACCEPTED: doctors("HU"), Status.ANSWERED: doctors("IT")}
    assert request.turn == turns.get(status, "")
    assert request.is_open is (status in (Status.SENT, Status.ACCEPTED))
    assert (status in OPEN) <= (status in TURN)


def test_a_draft_without_responder_is_on_nobody_elses_side() -> None:
    request = a_stored_request(Status.DRAFT, draft=Draft())
    assert request.side(doctors("IT")) is Side.REQUESTER
    assert request.side("") is None
    assert request.side(doctors("HU")) is None


def test_every_attached_file_is_among_the_files_of_a_request() -> None:
    one, two, three = [
        File(id=f"fil_{n}", name="a", media_type="text/plain", size_bytes=1, sha256="0") for n in range(3)
    ]
    draft = a_stored_draft(files=(one,), questions=(Asked(code="PQ1", files=(two,)),))
    answer = Answer(code="PQ1", value=Value(codes=("GENUINE",)), files=(three,))
    assert a_stored_request(Status.ACCEPTED, draft=draft, answers=(answer,)).files == (one, two, three)


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


@pytest.mark.parametrize("kind", ValueType)
@pytest.mark.parametrize("given_as", OF_EACH_KIND)
def test_a_question_of_each_type_takes_its_own_kind_of_answer_and_no_other(kind: ValueType, given_as: str) -> None:
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
