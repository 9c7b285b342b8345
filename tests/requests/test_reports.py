"""Who gets which report on a case: what they may see of it, no more than they ask for, in the language they name."""

import asyncio
import hashlib
from typing import Any

import pytest
from structlog.testing import capture_logs

from chassis import catalogues
from chassis.caller import Caller, Signer
from chassis.calls import Peer, budget, open_channel
from chassis.keys import KeyRing
from protos.common.v1 import common_pb2
from protos.requests.v1 import reports_pb2 as pb
from protos.requests.v1 import requests_pb2
from protos.translation.v1 import translation_pb2
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub
from services.requests.domain.lifecycle import Status
from services.requests.report.translations import ASKED_AT_ONCE, Translator
from services.translation import notices
from services.translation.wiring import translation
from tests.builders import QUALIFICATIONS, a_coordinator, a_handler
from tests.requests.exchanges import (
    HUNGARY,
    ITALY,
    LIMIC,
    Asking,
    a_draft,
    a_request,
    an_upload,
    codes,
    command,
    running,
    text,
)
from tests.requests.test_report import printed
from tests.translation.conftest import person
from vocabulary.refusals import Forbidden, Invalid, NotFound
from vocabulary.roles import LegislativeRole
from vocabulary.values import FreeText

FRANCE = a_handler("FR")
COORDINATOR = a_coordinator("HU", LIMIC)
COMMISSION = person("usr_commission", LegislativeRole.COMMISSION)
NAMES = ("Eszter", "Mintás")
NOTICE = catalogues.load(notices.CATALOGUE)["notice"]["label"]


async def report(
    asking: Asking, caller: Caller, id_: str, language: str = "en", *, personal: bool = True, translations: bool = False
) -> tuple[pb.ReportHeader, bytes]:
    message = pb.RenderReportRequest(
        id=id_, language=language, with_personal_data=personal, with_translations=translations
    )
    parts = [part async for part in asking.peer(caller).stream(asking.reports.RenderReport, message)]
    assert all(part.HasField("chunk") and len(part.chunk) <= 64 * 1024 for part in parts[1:])
    return parts[0].header, b"".join(part.chunk for part in parts[1:])


async def words(asking: Asking, caller: Caller, id_: str, language: str = "en", *, personal: bool = True) -> str:
    return printed((await report(asking, caller, id_, language, personal=personal))[1])


async def test_a_report_is_what_its_header_says_and_the_same_each_time(asking: Asking) -> None:
    request = await a_request(asking, Status.ANSWERED)
    header, content = await report(asking, ITALY, request.id, "el")
    assert header == pb.ReportHeader(
        file_name=f"{request.number}-el.pdf",
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    assert await report(asking, ITALY, request.id, "el-GR") == (header, content)
    text = printed(content)
    assert f"Έκθεση για το αίτημα {request.number}" in text
    assert "Απάντηση: Γνήσιο" in text
    assert "(γλώσσα πρωτοτύπου: Ιταλικά): Verifica del titolo" in text


async def test_the_responder_learns_whom_it_is_about_when_it_has_accepted(asking: Asking) -> None:
    request = await a_request(asking, Status.SENT)
    before = await words(asking, HUNGARY, request.id)
    assert [name for name in NAMES if name in before] == []
    await asking.do(HUNGARY, "AcceptRequest", id=request.id)
    after = await words(asking, HUNGARY, request.id)
    assert [name for name in NAMES if name not in after] == []


async def test_a_coordinator_gets_no_personal_data_however_it_is_asked(asking: Asking) -> None:
    request = await a_request(asking, Status.ANSWERED)
    seen = await words(asking, COORDINATOR, request.id)
    assert "This report contains no personal data." in seen
    for hidden in (*NAMES, "Verifica del titolo"):
        assert hidden not in seen
    assert "Request sent" in seen


async def test_without_personal_data_the_parties_get_none_either(asking: Asking) -> None:
    diploma = await an_upload(asking, ITALY, name="diploma-mintas.pdf")
    request = await a_request(asking, Status.ANSWERED, file_ids=[diploma.id])
    for caller in (ITALY, HUNGARY):
        full = await words(asking, caller, request.id)
        assert "diploma-mintas.pdf" in full
        reduced = await words(asking, caller, request.id, personal=False)
        for hidden in (*NAMES, "Verifica del titolo", "diploma-mintas"):
            assert hidden not in reduced
        assert diploma.sha256 in reduced.replace(" ", "")


async def test_what_is_only_saved_is_the_responders_own(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    answer = requests_pb2.AnswerDraft(question_code="PQ1", value=codes("NOT_GENUINE"), comment=text("MENTETT", "hu"))
    await asking.do(HUNGARY, "SaveAnswers", id=request.id, answers=[answer])
    assert "MENTETT" in await words(asking, HUNGARY, request.id)
    assert "MENTETT" not in await words(asking, ITALY, request.id)


@pytest.mark.parametrize("caller", [FRANCE, a_coordinator("FR", LIMIC)], ids=["handler", "coordinator"])
async def test_for_a_stranger_there_is_no_such_request(asking: Asking, caller: Caller) -> None:
    request = await a_request(asking, Status.ANSWERED)
    found = []
    for id_ in (request.id, "req_nobody"):
        with pytest.raises(NotFound) as refused:
            await report(asking, caller, id_)
        found.append((refused.value.message.replace(id_, "…"), refused.value.field, refused.value.reason))
    assert found[0] == found[1] == ("there is no request '…'", "id", "NOT_FOUND")


async def test_a_draft_is_its_authors_own(asking: Asking) -> None:
    request = await a_request(asking, Status.DRAFT)
    assert "Draft" in await words(asking, ITALY, request.id)
    with pytest.raises(NotFound):
        await report(asking, HUNGARY, request.id)


@pytest.mark.parametrize("language", ["", "tlh", "../../etc", "e" * 10_000])
async def test_a_language_that_is_none_is_refused(asking: Asking, language: str) -> None:
    request = await a_request(asking, Status.SENT)
    with pytest.raises(Invalid) as refused:
        await report(asking, ITALY, request.id, language)
    assert (refused.value.field, refused.value.reason) == ("language", "UNKNOWN_LANGUAGE")


async def test_a_service_gets_no_report(asking: Asking) -> None:
    request = await a_request(asking, Status.SENT)
    with pytest.raises(Forbidden):
        await report(asking, Caller(service="alerts"), request.id)


async def test_with_the_translation_service_away_the_originals_stand_alone(asking: Asking) -> None:
    request = await a_request(asking, Status.SENT)
    alone = await report(asking, ITALY, request.id, "el")
    assert await report(asking, ITALY, request.id, "el", translations=True) == alone


async def test_a_translation_that_there_is_stands_beside_the_original(asking: Asking) -> None:
    """Here one from the memory, which is marked all the same: the original prevails."""
    words = "Verifica dell'iscrizione all'albo dei medici"
    source = common_pb2.FreeText(text=words, language="it", data_class=common_pb2.DATA_CLASS_PUBLIC)
    target = common_pb2.FreeText(
        text="Az orvosi névjegyzékbe való felvétel ellenőrzése",
        language="hu",
        data_class=common_pb2.DATA_CLASS_PUBLIC,
    )
    settings = asking.settings
    async with (
        translation(settings) as server,
        open_channel(address := f"127.0.0.1:{server.port}") as channel,
        running(settings.model_copy(update={"translation_address": address})) as translating,
    ):
        signer = Signer(KeyRing(settings.keys), "gateway")
        commission = Peer("translation", lambda: signer.for_person(COMMISSION))
        stub = TranslationServiceStub(channel)
        await commission.call(
            stub.ApproveTranslation,
            translation_pb2.ApproveTranslationRequest(command=command(), source=source, target=target),
        )
        request = await a_request(translating, Status.SENT, justification=source)
        found = printed((await report(translating, ITALY, request.id, "hu", translations=True))[1])
        assert f"(eredeti nyelv: olasz): {words} Gépi fordítás (magyar) {target.text}" in found
        assert NOTICE["hu"] in found
        assert "Gépi fordítás" not in printed((await report(translating, ITALY, request.id, "hu"))[1])


class Timing(Peer):
    """Calls the translation service, and remembers how long each answer was waited for at most."""

    def __init__(self, asking: Asking) -> None:
        super().__init__("translation", Signer(KeyRing(asking.settings.keys), "requests").for_service)
        self.left: list[float] = []

    async def call(self, method: Any, request: Any) -> Any:
        self.left.append(budget())
        await asyncio.sleep(0.02)
        return await super().call(method, request)


async def test_a_report_waits_for_all_its_translations_together_and_not_for_each_part_of_them(asking: Asking) -> None:
    texts = [FreeText(text=f"Verifica numero {number}", language="it") for number in range(2 * ASKED_AT_ONCE + 1)]
    async with translation(asking.settings) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
        peer = Timing(asking)
        stub = TranslationServiceStub(channel)
        await Translator(peer, stub).of(texts, "hu", request_id="req_1", area=QUALIFICATIONS)
    assert len(peer.left) == 3
    assert peer.left[0] - peer.left[1] > 0.01
    assert peer.left[1] - peer.left[2] > 0.01


async def test_a_hostile_case_makes_a_report_all_the_same(asking: Asking) -> None:
    hostile = "<script>\u202e{number}{nb}%s\\" + "W" * 3_000
    draft = a_draft(justification=text(hostile, "it"))
    request = await asking.do(ITALY, "CreateRequest", draft=draft)
    assert "<script>{number}{nb}%s\\WWW" in await words(asking, ITALY, request.id)


async def test_the_log_says_who_had_a_report_on_which_case_and_nothing_of_it(asking: Asking) -> None:
    request = await a_request(asking, Status.ANSWERED)
    with capture_logs() as lines:
        header, _ = await report(asking, HUNGARY, request.id, "hu")
    (line,) = [line for line in lines if line["event"] == "report_rendered"]
    assert line == {
        "event": "report_rendered",
        "log_level": "info",
        "request": request.id,
        "user": HUNGARY.user_id,
        "authority": HUNGARY.authority_id,
        "language": "hu",
        "personal": True,
        "sha256": header.sha256,
    }
