"""Who is warned: in each country as many alert coordinators as are wanted, and their people."""

from functools import cached_property

from chassis.caller import Caller
from chassis.outbox import Outbox
from chassis.process import clock
from engines.documents import open_documents
from engines.events import open_events
from services.directory import storage
from services.directory.domain.authorities import Authority, ModuleAccess
from services.directory.settings import DirectorySettings
from vocabulary import countries, languages
from vocabulary.participants import Level
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

MODULE = "services/alerts"
LOADED_AT_ONCE = 500
COUNTRY = "IT"


def _access(legislative: LegislativeRole, workflow: WorkflowRole) -> tuple[ModuleAccess, ...]:
    return (ModuleAccess(module=MODULE, legislative_role=legislative, workflow_roles=(workflow,)),)


def _authority(country: str, name: str, access: tuple[ModuleAccess, ...]) -> Authority:
    """Named in every language, as authorities are."""
    return Authority(
        country=country,
        level=Level.NATIONAL,
        official_name={countries.LANGUAGES[country][0]: name},
        informal_name={code: f"{name} ({code}, {country})" for code in languages.ALL},
        languages=("en",),
        access=access,
    )


def _someone(id_: str, country: str, role: UserRole, workflow: WorkflowRole) -> Caller:
    return Caller(
        user_id=f"usr_{id_}",
        authority_id=id_,
        country=country,
        language="en",
        user_roles={MODULE: frozenset({role})},
        workflow_roles={MODULE: frozenset({workflow})},
        legislative_roles={"services": LegislativeRole.DIMIC},
    )


def coordinator(id_: str, country: str) -> Caller:
    """A person at an alert coordinator."""
    return _someone(id_, country, UserRole.COORDINATOR, WorkflowRole.ALERT_COORDINATOR)


AUTHOR = _someone("aut_author", COUNTRY, UserRole.ALERT_HANDLER, WorkflowRole.ALERT_AUTHORITY)
SENDER = coordinator("aut_it_sender", COUNTRY)


class Audience:
    """*each* alert coordinators in every country; the author and the sender in Italy."""

    def __init__(self, each: int) -> None:
        self.by_country = {
            country: [f"aut_{country.lower()}_{number:04}" for number in range(each)]
            for country in countries.ALL
            if country != COUNTRY
        }

    @cached_property
    def abroad(self) -> list[str]:
        """Everybody outside Italy, country by country."""
        return [id_ for ids in self.by_country.values() for id_ in ids]

    @cached_property
    def authorities(self) -> dict[str, Authority]:
        coordinates = _access(LegislativeRole.DIMIC, WorkflowRole.ALERT_COORDINATOR)
        writes = _access(LegislativeRole.COMPETENT_AUTHORITY, WorkflowRole.ALERT_AUTHORITY)
        return {
            AUTHOR.authority_id: _authority(COUNTRY, "Autorità", writes),
            SENDER.authority_id: _authority(COUNTRY, "Coordinatore", coordinates),
            **{
                id_: _authority(country, f"Coordinator {id_}", coordinates)
                for country, ids in self.by_country.items()
                for id_ in ids
            },
        }


async def load(settings: DirectorySettings, audience: Audience) -> None:
    """Write *audience* into the store of a directory that does not run."""
    everybody = [(id_, one, ()) for id_, one in audience.authorities.items()]
    async with (
        open_documents(settings.documents("directory"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        authorities = storage.authorities(documents, Outbox("directory", documents, events, clock))
        for start in range(0, len(everybody), LOADED_AT_ONCE):
            await authorities.load(everybody[start : start + LOADED_AT_ONCE])
