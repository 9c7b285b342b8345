"""How tests ask for translations."""

from dataclasses import replace
from itertools import count

from chassis.caller import Caller
from chassis.calls import Peer
from protos.common.v1 import common_pb2
from protos.translation.v1 import translation_pb2 as pb
from tests.translation.conftest import System, person
from vocabulary.roles import LegislativeRole, UserRole

PUBLIC, INTERNAL = common_pb2.DATA_CLASS_PUBLIC, common_pb2.DATA_CLASS_INTERNAL
PERSONAL, SPECIAL = common_pb2.DATA_CLASS_PERSONAL, common_pb2.DATA_CLASS_SPECIAL_CATEGORY
TRANSLATED, PENDING = pb.TRANSLATION_STATUS_TRANSLATED, pb.TRANSLATION_STATUS_PENDING
UNAVAILABLE, IDENTITY = pb.TRANSLATION_STATUS_UNAVAILABLE, pb.TRANSLATION_STATUS_IDENTITY
_fresh = count(1)


def fresh(text: str = "Il titolo è stato rilasciato dal registro") -> str:
    """A text that no other test asks about."""
    return f"{text} {next(_fresh)}."


def segment(
    text: str, data_class: int = 0, *, source: str = "it", target: str = "hu", source_id: str = "", area: str = ""
) -> pb.Segment:
    written = common_pb2.FreeText(text=text, language=source, data_class=data_class)  # type: ignore[arg-type]
    return pb.Segment(text=written, target_language=target, source_id=source_id, area_code=area)


async def ask(system: System, *segments: pb.Segment, peer: Peer | None = None) -> list[pb.Translation]:
    request = pb.TranslateRequest(segments=segments, languages=["hu"])
    return list((await (peer or system.handler).call(system.stub.Translate, request)).translations)


async def get(system: System, *job_ids: str, peer: Peer | None = None) -> list[pb.Translation]:
    request = pb.GetTranslationsRequest(job_ids=job_ids, languages=["hu"])
    return list((await (peer or system.handler).call(system.stub.GetTranslations, request)).translations)


async def watched(system: System, *job_ids: str) -> list[pb.Translation]:
    """What becomes of the jobs, once all have ended."""
    request = pb.WatchTranslationsRequest(job_ids=job_ids, languages=["hu"])
    messages = system.handler.stream(system.stub.WatchTranslations, request)
    return [one.translation async for one in messages if one.HasField("translation")]


def person_of(authority: str) -> Caller:
    """A handler of another authority."""
    return replace(
        person("usr_2", LegislativeRole.COMPETENT_AUTHORITY, UserRole.REQUEST_HANDLER), authority_id=authority
    )
