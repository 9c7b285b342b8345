"""A running translation service, and people who call it."""

import tomllib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from chassis.caller import Caller, Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.settings import ServiceSettings
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub
from services.translation.wiring import translation
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

SENTENCES: dict[str, list[str]] = tomllib.loads((Path(__file__).parent / "sentences.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class System:
    """The service: where it keeps its data, and how to call it in somebody's name."""

    settings: ServiceSettings
    stub: TranslationServiceStub

    def as_person(self, caller: Caller) -> Peer:
        signer = Signer(KeyRing(self.settings.keys), "gateway")
        return Peer("translation", lambda: signer.for_person(caller))

    def as_service(self, name: str) -> Peer:
        return Peer("translation", Signer(KeyRing(self.settings.keys), name).for_service)

    @property
    def commission(self) -> Peer:
        return self.as_person(person("usr_commission", LegislativeRole.COMMISSION))

    @property
    def handler(self) -> Peer:
        return self.as_person(person("usr_handler", LegislativeRole.COMPETENT_AUTHORITY, UserRole.REQUEST_HANDLER))


def person(user_id: str, role: LegislativeRole, *user_roles: UserRole) -> Caller:
    """Somebody whose authority has *role* everywhere, and takes part in alerts of services."""
    return Caller(
        user_id=user_id,
        authority_id="aut_1",
        country="IT",
        language="it",
        user_roles={"*": frozenset(user_roles)},
        workflow_roles={"services/alerts": frozenset({WorkflowRole.ALERT_AUTHORITY})},
        legislative_roles={"*": role},
    )


@pytest.fixture(scope="session")
def sentences() -> dict[str, list[str]]:
    """Two sentences by language."""
    return SENTENCES


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    settings = ServiceSettings(data_dir=tmp_path_factory.mktemp("translation"), listen_address="127.0.0.1:0")
    async with translation(settings) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
        yield System(settings, TranslationServiceStub(channel))
