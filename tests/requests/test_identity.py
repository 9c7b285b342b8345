"""What a requester writes before acceptance is searched for whom the request is about: a warning, never a refusal."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.requests.v1 import requests_pb2 as pb
from services.requests.domain.identity import Leak, warnings
from services.requests.domain.questions import Asked
from services.requests.domain.requests import COMPANY, DOCUMENT, PERSON, Draft, Subject
from tests.builders import a_handler
from tests.requests.exchanges import HUNGARY, ITALY, Asking, a_draft, text
from vocabulary.roles import UserRole
from vocabulary.values import FreeText

ESZTER = Subject(kind=PERSON, given_name="Eszter", family_name="Mintás-Kovács", birth_date=date(1988, 3, 4))
COMPANY_ = Subject(kind=COMPANY, name="Rossi & Figli S.r.l.", registration_number="RM-123 456")
DIPLOMA = Subject(kind=DOCUMENT, title="Laurea", reference="7/B-2010")


def words(said: str) -> FreeText:
    return FreeText(text=said, language="it")


def leaks(subject: Subject, said: str) -> list[Leak]:
    return [one.leak for one in warnings(Draft(subject=subject, justification=words(said)))]


@pytest.mark.parametrize(
    ("subject", "said", "found"),
    [
        (ESZTER, "Vorremmo verificare il titolo", []),
        (ESZTER, "La dott.ssa MINTÁS-KOVÁCS chiede", [Leak.NAME]),
        (ESZTER, "la dottoressa Mintas Kovacs", [Leak.NAME]),
        (ESZTER, "Eszter chiede di esercitare", []),
        (ESZTER, "si chiama Kovács", []),
        (ESZTER, "nata il 4.3.1988", [Leak.BIRTH_DATE]),
        (ESZTER, "nata il 04/03/1988", [Leak.BIRTH_DATE]),
        (ESZTER, "born 1988-03-04", [Leak.BIRTH_DATE]),
        (ESZTER, "19880304", [Leak.BIRTH_DATE]),
        (ESZTER, "nel 1988, dal 3 al 4", []),
        (ESZTER, "Mintás-Kovács (4.3.1988)", [Leak.NAME, Leak.BIRTH_DATE]),
        (COMPANY_, "l'impresa Rossi & figli srl", []),
        (COMPANY_, "l'impresa rossi figli s.r.l.", [Leak.NAME]),
        (COMPANY_, "iscritta con RM123456", [Leak.NUMBER]),
        (DIPLOMA, "la laurea n. 7/b 2010", [Leak.NAME, Leak.NUMBER]),
        (Subject(kind=PERSON, given_name="A", family_name="Li"), "gli li le", []),
    ],
)
def test_a_text_that_says_whom_it_is_about_is_noticed(subject: Subject, said: str, found: list[Leak]) -> None:
    assert leaks(subject, said) == found


def test_every_text_that_the_responder_reads_before_acceptance_is_searched() -> None:
    questions = (Asked(code="PQ1"), Asked(code="PQ3", comment=words("chi è Mintás-Kovács?")))
    draft = Draft(subject=ESZTER, justification=words("nata il 4.3.1988"), questions=questions)
    assert [(one.field, one.leak) for one in warnings(draft)] == [
        ("draft.justification", Leak.BIRTH_DATE),
        ("draft.questions[1].comment", Leak.NAME),
    ]


@given(st.text(), st.text(), st.text())
def test_whatever_is_written_nothing_worse_than_a_warning_comes_of_it(said: str, name: str, number: str) -> None:
    subject = Subject(kind=COMPANY, name=name, registration_number=number)
    assert set(leaks(subject, said)) <= set(Leak)


def test_without_a_subject_there_is_nothing_to_give_away() -> None:
    assert warnings(Draft(justification=words("Mintás-Kovács"))) == ()


async def test_the_writer_is_warned_at_each_step_and_nothing_is_refused(asking: Asking) -> None:
    told = [pb.DraftWarning(field="draft.justification", leak=pb.LEAK_NAME)]
    draft = a_draft(justification=text("Verifica del titolo di Mintás"))
    made = await asking.do(ITALY, "CreateRequest", draft=draft)
    edited = await asking.do(ITALY, "EditRequest", id=made.id, draft=draft)
    sent = await asking.do(ITALY, "SendRequest", id=made.id)
    assert list(made.warnings) == list(edited.warnings) == list(sent.warnings) == told
    assert sent.status == pb.REQUEST_STATUS_SENT
    for caller in (HUNGARY, a_handler("IT", UserRole.ALLOCATOR)):
        seen = await asking.read(caller, made.id)
        assert seen is not None
        assert not seen.warnings
    # There is nothing left to hide once the responder knows.
    await asking.do(HUNGARY, "AcceptRequest", id=made.id)
    known = await asking.read(ITALY, made.id)
    assert known is not None
    assert not known.warnings
    assert not (await asking.do(ITALY, "CreateRequest", draft=a_draft())).warnings
