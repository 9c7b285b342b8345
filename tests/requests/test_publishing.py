"""The Commission publishes question sets while the system runs: in every replica, for ever, or not at all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from chassis.caller import Caller
from chassis.settings import ServiceSettings
from protos.common.v1 import common_pb2
from protos.requests.v1 import publishing_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests import storage
from services.requests.domain.lifecycle import Status
from tests.builders import a_coordinator, a_handler, the_commission
from tests.chassis.waiting import until
from tests.requests.exchanges import (
    FREE_PORT,
    HUNGARY,
    ITALY,
    SET,
    Asking,
    a_draft,
    a_request,
    codes,
    command,
    running,
)
from vocabulary import languages
from vocabulary.refusals import Conflict, Forbidden, Invalid, Refusal
from vocabulary.roles import LegislativeRole, UserRole

COMMISSION = the_commission()


def words(text: str, *, without: str = "") -> common_pb2.LocalizedText:
    return common_pb2.LocalizedText(texts={one: f"{text} ({one})" for one in languages.OFFICIAL if one != without})


def a_question(code: str, **changed: Any) -> publishing_pb2.QuestionDraft:
    fields: dict[str, Any] = {
        "code": code,
        "text": words(code),
        "type": common_pb2.VALUE_TYPE_SINGLE,
        "choice_list": "establishment",
    }
    return publishing_pb2.QuestionDraft(**{**fields, **changed})


def a_set(code: str, version: int = 1, **changed: Any) -> publishing_pb2.QuestionSetDraft:
    """A set of two questions on qualifications: the second opens under a condition."""
    second = a_question(
        "X2", type=common_pb2.VALUE_TYPE_TEXT, choice_list="", applies_if="X1 = SUSPENDED", mandatory=False
    )
    questions = [a_question("X1", help=words("what is meant")), second]
    fields: dict[str, Any] = {
        "code": code,
        "version": version,
        "area_code": "professional-qualifications",
        "title": words("title"),
        "groups": [publishing_pb2.QuestionGroupDraft(code="G", title=words("group"), questions=questions)],
    }
    return publishing_pb2.QuestionSetDraft(**{**fields, **changed})


def with_question(code: str, **changed: Any) -> publishing_pb2.QuestionSetDraft:
    group = publishing_pb2.QuestionGroupDraft(code="G", title=words("group"), questions=[a_question("X1", **changed)])
    return a_set(code, groups=[group])


async def publish(
    asking: Asking, questions: publishing_pb2.QuestionSetDraft, caller: Caller = COMMISSION, key: str = ""
) -> str:
    message = publishing_pb2.PublishQuestionSetRequest(command=command(key), question_set=questions)
    response = await asking.peer(caller).call(asking.stub.PublishQuestionSet, message)
    return str(response.question_set_id)


async def listed(asking: Asking) -> list[str]:
    found = (
        await asking(ITALY, "ListQuestionSets", area="professional-qualifications", languages=["it"])
    ).question_sets
    return [one.id for one in found]


async def is_listed(asking: Asking, id_: str) -> bool:
    return id_ in await listed(asking)


async def refused(
    asking: Asking, kind: type[Refusal], questions: publishing_pb2.QuestionSetDraft, caller: Caller = COMMISSION
) -> Refusal:
    """How publishing is refused, having kept nothing and shown nobody anything."""
    id_ = f"{questions.code}:{questions.version}"
    before = (await asking.documents.get(storage.QUESTION_SETS, id_), await listed(asking))
    with pytest.raises(kind) as found:
        await publish(asking, questions, caller)
    assert (await asking.documents.get(storage.QUESTION_SETS, id_), await listed(asking)) == before
    return found.value


@pytest.fixture(scope="module")
async def asking(asking: Asking, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """A service of these tests' own: what they publish stays."""
    data = tmp_path_factory.mktemp("publishing")
    own = {
        "listen_address": FREE_PORT,
        "documents_url": f"sqlite:///{data}/documents.db",
        "events_url": f"sqlite:///{data}/events.db",
    }
    async with running(asking.settings.model_copy(update=own)) as publishing:
        yield publishing


@pytest.fixture
async def replica(asking: Asking) -> AsyncIterator[Asking]:
    """A second process of the service, over the same store and log."""
    settings: ServiceSettings = asking.settings.model_copy(update={"listen_address": FREE_PORT})
    async with running(settings) as other:
        yield other


async def test_a_published_set_is_listed_beside_the_shipped_ones_and_read_in_each_language(asking: Asking) -> None:
    id_ = await publish(asking, a_set("listed"))
    assert id_ == "listed:1"
    assert {SET, id_} <= set(await listed(asking))
    response = await asking(HUNGARY, "BatchGetQuestionSets", ids=[id_, SET], languages=["hu"])
    first = response.question_sets[0]
    assert (first.id, dict(first.title.texts)) == (id_, {"hu": "title (hu)"})
    asked = {one.field.code: one for one in first.groups[0].questions}
    assert asked["X1"].field.help.texts["hu"] == "what is meant (hu)"
    assert [one.code for one in asked["X1"].field.choices][-1] == "SUSPENDED"
    assert asked["X1"].field.choices[0].label.texts["hu"] == "Letelepedett"
    assert (asked["X1"].field.mandatory, asked["X2"].field.mandatory) == (True, False)
    assert (asked["X2"].applies_if, asked["X2"].allows_free_text) == ("X1 = SUSPENDED", True)


async def test_a_request_is_made_from_a_published_set_and_answered_by_its_rules(asking: Asking) -> None:
    id_ = await publish(asking, a_set("used"))
    chosen = [pb.AskedQuestionDraft(code="X1"), pb.AskedQuestionDraft(code="X2")]
    request = await a_request(asking, Status.ACCEPTED, question_set_id=id_, questions=chosen)
    text = common_pb2.Value(text=common_pb2.FreeText(text="július", language="hu"))
    hidden = [
        pb.AnswerDraft(question_code="X1", value=codes("CEASED")),
        pb.AnswerDraft(question_code="X2", value=text),
    ]
    with pytest.raises(Invalid) as found:
        await asking.do(HUNGARY, "AnswerRequest", id=request.id, answers=hidden)
    assert (found.value.field, found.value.reason) == ("answers[1].questionCode", "HIDDEN_QUESTION")
    hidden[0] = pb.AnswerDraft(question_code="X1", value=codes("SUSPENDED"))
    answered = await asking.do(HUNGARY, "AnswerRequest", id=request.id, answers=hidden)
    assert [one.question_code for one in answered.answers] == ["X1", "X2"]


async def test_a_question_that_cannot_open_in_a_request_is_not_asked_in_it(asking: Asking) -> None:
    id_ = await publish(asking, with_question("french", applies_if="responder.country = FR or subject.kind = COMPANY"))
    asked = [pb.AskedQuestionDraft(code="X1")]
    # To whom, and about what, is still open.
    await asking.do(ITALY, "CreateRequest", draft=pb.RequestDraft(question_set_id=id_, questions=asked))
    with pytest.raises(Invalid) as found:
        await asking.do(ITALY, "CreateRequest", draft=a_draft(question_set_id=id_, questions=asked))
    assert (found.value.field, found.value.reason) == ("draft.questions[0].code", "NOT_APPLICABLE")
    company = pb.Subject(company=pb.Company(name="Minta Kft."))
    made = await asking.do(ITALY, "CreateRequest", draft=a_draft(question_set_id=id_, questions=asked, subject=company))
    assert [one.code for one in made.questions] == ["X1"]


async def test_a_request_stays_with_its_version_when_the_next_is_published(asking: Asking) -> None:
    first = await publish(asking, a_set("pinned"))
    asked = [pb.AskedQuestionDraft(code="X1"), pb.AskedQuestionDraft(code="X2")]
    request = await asking.do(ITALY, "CreateRequest", draft=a_draft(question_set_id=first, questions=asked))
    second = await publish(asking, a_set_two("pinned"))
    assert (first, second) == ("pinned:1", "pinned:2")
    read = await asking.read(ITALY, request.id)
    assert read is not None
    assert read.question_set_id == first
    assert [id_ for id_ in await listed(asking) if id_.startswith("pinned")] == [first, second]


def a_set_two(code: str) -> publishing_pb2.QuestionSetDraft:
    """The second version of a set, with one question."""
    questions = with_question(code)
    questions.version = 2
    return questions


async def test_the_same_command_again_gives_the_first_answer(asking: Asking) -> None:
    assert await publish(asking, a_set("again"), key="once") == await publish(asking, a_set("again"), key="once")
    found = await refused(asking, Conflict, with_question("again"))
    assert found.reason == "ALREADY_EXISTS"


async def test_of_two_that_publish_the_same_version_one_wins(asking: Asking, replica: Asking) -> None:
    results = await asyncio.gather(
        publish(asking, a_set("raced")), publish(replica, with_question("raced")), return_exceptions=True
    )
    assert [type(one) for one in results if not isinstance(one, str)] == [Conflict]
    assert [one for one in results if isinstance(one, str)] == ["raced:1"]
    for one in (asking, replica):
        seen = (await one(ITALY, "BatchGetQuestionSets", ids=["raced:1"], languages=["en"])).question_sets
        won = 2 if isinstance(results[0], str) else 1
        assert [len(found.groups[0].questions) for found in seen] == [won]


async def test_another_replica_knows_a_set_as_soon_as_it_is_published(asking: Asking, replica: Asking) -> None:
    await listed(replica)
    id_ = await publish(asking, a_set("replicated"))
    request = await asking.do(
        ITALY, "CreateRequest", draft=a_draft(question_set_id=id_, questions=[pb.AskedQuestionDraft(code="X1")])
    )
    sent = await replica.do(ITALY, "SendRequest", id=request.id)
    assert sent.question_set_id == id_
    other = await publish(asking, a_set("told"))
    await until(lambda: is_listed(replica, other))
    assert (await publish(replica, a_set_two("told"))) == "told:2"


async def test_a_restart_forgets_nothing(asking: Asking) -> None:
    id_ = await publish(asking, a_set("kept"))
    async with running(asking.settings.model_copy(update={"listen_address": FREE_PORT})) as again:
        await until(lambda: is_listed(again, id_))


@pytest.mark.parametrize(
    "caller",
    [
        ITALY,
        a_handler("IT", *UserRole),
        a_coordinator("IT", LegislativeRole.LIMIC),
        a_coordinator("IT", LegislativeRole.NIMIC),
    ],
    ids=["handler", "every role", "LIMIC", "NIMIC"],
)
async def test_only_the_commission_publishes(asking: Asking, caller: Caller) -> None:
    await refused(asking, Forbidden, a_set("forbidden"), caller)


@pytest.mark.parametrize("language", languages.OFFICIAL)
async def test_a_set_that_lacks_a_language_is_refused_and_the_language_named(asking: Asking, language: str) -> None:
    found = await refused(asking, Invalid, with_question("lacking", help=words("what is meant", without=language)))
    where = f"questionSet.groups[0].questions[0].help.{language}"
    assert (found.field, found.reason) == (where, "MISSING_LANGUAGE")
    assert found.message.endswith(f": {language}")


def in_unknown_language(questions: publishing_pb2.QuestionSetDraft) -> publishing_pb2.QuestionSetDraft:
    questions.title.texts["tlh"] = "x"
    return questions


QUESTION = "questionSet.groups[0].questions[0]"
NUMBER = {"type": common_pb2.VALUE_TYPE_NUMBER, "choice_list": ""}


@pytest.mark.parametrize(
    ("questions", "field", "reason"),
    [
        (lambda: a_set("Bad code"), "questionSet.code", "NOT_A_CODE"),
        (lambda: a_set("unfit", version=0), "questionSet.version", "OUT_OF_RANGE"),
        (lambda: a_set("unfit", version=2), "questionSet.version", "VERSION"),
        (lambda: a_set("unfit", area_code="astrology"), "questionSet.areaCode", "UNKNOWN_AREA"),
        (lambda: a_set("professional-qualifications", 2, area_code="services"), "questionSet.areaCode", "OTHER_AREA"),
        (lambda: a_set("unfit", groups=[]), "questionSet.groups", "OUT_OF_RANGE"),
        (
            lambda: a_set("unfit", groups=[publishing_pb2.QuestionGroupDraft()] * 1_001),
            "questionSet.groups",
            "TOO_MANY",
        ),
        (lambda: in_unknown_language(a_set("unfit")), "questionSet.title.tlh", "UNKNOWN_LANGUAGE"),
        (lambda: a_set("unfit", title=words("x" * 600)), "questionSet.title.bg", "TOO_LONG"),
        (lambda: with_question("unfit", type=99), f"{QUESTION}.type", "UNKNOWN_VALUE"),
        (
            lambda: with_question("unfit", type=common_pb2.VALUE_TYPE_LINK, choice_list=""),
            f"{QUESTION}.type",
            "WRONG_TYPE",
        ),
        (lambda: with_question("unfit", choice_list="no-such"), f"{QUESTION}.choiceList", "UNKNOWN_LIST"),
        (
            lambda: with_question("unfit", type=common_pb2.VALUE_TYPE_YES_NO),
            f"{QUESTION}.choiceList",
            "UNKNOWN_LIST",
        ),
        (
            lambda: with_question("unfit", choices=[common_pb2.Choice(code="A", label=words("a"))]),
            f"{QUESTION}.choices",
            "CONTRADICTION",
        ),
        (lambda: with_question("unfit", choice_list=""), f"{QUESTION}.choices", "CHOICES"),
        (lambda: with_question("unfit", **NUMBER, minimum="many"), f"{QUESTION}.minimum", "NOT_A_NUMBER"),
        (lambda: with_question("unfit", **NUMBER, minimum="3", maximum="2"), f"{QUESTION}.maximum", "OUT_OF_RANGE"),
        (lambda: with_question("unfit", applies_if="X9 answered"), f"{QUESTION}.appliesIf", "UNKNOWN_QUESTION"),
        (lambda: with_question("unfit", applies_if="urgent and not urgent"), f"{QUESTION}.appliesIf", "UNREACHABLE"),
        (lambda: with_question("unfit", applies_if="X1 ="), f"{QUESTION}.appliesIf", "CONDITION_SYNTAX"),
        (lambda: with_question("unfit", follows="X9"), f"{QUESTION}.follows", "UNKNOWN_QUESTION"),
    ],
)
async def test_a_set_that_cannot_be_used_is_refused_by_what_is_wrong(
    asking: Asking, questions: Callable[[], publishing_pb2.QuestionSetDraft], field: str, reason: str
) -> None:
    found = await refused(asking, Invalid, questions())
    assert (found.field, found.reason) == (field, reason)


async def test_a_shipped_set_is_not_published_again_but_can_have_a_next_version(asking: Asking) -> None:
    found = await refused(asking, Conflict, a_set("professional-qualifications"))
    assert found.reason == "ALREADY_EXISTS"
    assert await publish(asking, a_set("professional-qualifications", 2)) == "professional-qualifications:2"
    assert (await asking(ITALY, "BatchGetQuestionSets", ids=[SET], languages=["en"])).question_sets[0].version == 1


async def test_a_question_of_yes_or_no_brings_its_choices(asking: Asking) -> None:
    id_ = await publish(asking, with_question("yes-or-no", type=common_pb2.VALUE_TYPE_YES_NO_UNKNOWN, choice_list=""))
    (found,) = (await asking(ITALY, "BatchGetQuestionSets", ids=[id_], languages=["it"])).question_sets
    assert [one.code for one in found.groups[0].questions[0].field.choices] == ["YES", "NO", "NOT_KNOWN"]


async def test_a_command_without_a_key_is_refused(asking: Asking) -> None:
    message = publishing_pb2.PublishQuestionSetRequest(question_set=a_set("keyless"))
    with pytest.raises(Invalid) as found:
        await asking.peer(COMMISSION).call(asking.stub.PublishQuestionSet, message)
    assert found.value.field == "idempotencyKey"
