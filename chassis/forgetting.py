"""What was made elsewhere of the texts of a thing goes with them: the translation service is told when the thing says nothing more."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from google.protobuf.message import Message

from chassis.calls import Peer
from chassis.outbox import topic
from chassis.reactions import Reactions
from engines.events import Event, Events
from protos.common.v1 import common_pb2
from protos.translation.v1 import translation_pb2 as pb
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub

Told = TypeVar("Told", bound=Message)


def forget_translations(
    events: Events,
    service: str,
    peer: Peer,
    translation: TranslationServiceStub,
    told: type[Told],
    silent: Callable[[Told], str],
) -> Reactions:
    """Have all forgotten that came of the texts of what *silent* gives the id of; empty: of nothing. *told* are events of *service*.

    Doing it again has no effect. It is a group of its own: while the translation service is away, this waits and nothing else does.
    """

    async def changed(seen: Sequence[Event]) -> None:
        found = [(event.id, id_) for event in seen if (id_ := silent(told.FromString(event.data)))]
        if found:
            command = common_pb2.Command(idempotency_key=found[0][0])
            ids = list(dict.fromkeys(id_ for _, id_ in found))
            await peer.call(translation.ForgetTexts, pb.ForgetTextsRequest(command=command, source_ids=ids))

    return Reactions(events, f"{service}-translations", [topic(service)], {told.DESCRIPTOR.full_name: changed})
