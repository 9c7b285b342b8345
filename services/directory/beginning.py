"""The beginning of a directory: the Commission, and the first person there, who registers the national coordinators.

Nobody registers the Commission, and nobody signs in before somebody is registered. So whoever runs the system does this, once, with
``python -m services.directory begin``.
"""

import json
from pathlib import Path

import structlog

from chassis.outbox import Outbox
from chassis.process import clock
from chassis.settings import CannotStart
from engines.documents import open_documents
from engines.events import open_events
from protos.directory.v1.events_pb2 import AuthorityChanged, UserChanged
from services.directory import storage
from services.directory.desks import Desks
from services.directory.domain import users
from services.directory.domain.authorities import Authority, ModuleAccess
from services.directory.domain.users import RoleInModule, User
from services.directory.settings import DirectorySettings
from vocabulary import countries, ids
from vocabulary.participants import Level
from vocabulary.refusals import Invalid
from vocabulary.roles import LegislativeRole, UserRole

NAME = "directory"
COMMISSION_ID = ids.derived(ids.AUTHORITY, "begin", countries.UNION)
FIRST_ID = ids.derived(ids.USER, "begin", countries.UNION)
NAMES = Path(__file__).parent / "data/commission.json"

log = structlog.get_logger(__name__)


async def begin(settings: DirectorySettings) -> None:
    """Store the Commission, which `FIRST_SIGNIN` administers and coordinates for, unless it is there. Safe to repeat.

    Raises CannotStart for a sign-in that is none, or that another beginning had which was ended halfway.
    """
    signin = _signin(settings.first_signin)
    async with (
        open_documents(settings.documents(NAME), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        outbox = Outbox(NAME, documents, events, clock)
        authorities, people = storage.authorities(documents, outbox), storage.users(documents, outbox)
        if await Desks(authorities).commission() is not None:
            log.info("begun_already")
            return
        # Before the authority: one that nobody can sign in for would be nobody's.
        told = UserChanged(user_id=FIRST_ID, authority_id=COMMISSION_ID)
        await people.load([(FIRST_ID, _first(signin), [told])])
        there = await people.get(FIRST_ID)
        if there is None or there.state.signin != signin:
            raise CannotStart("FIRST_SIGNIN is somebody else's, or is not the one that this was begun with")
        changed = AuthorityChanged(authority_id=COMMISSION_ID, revision=1, country_code=countries.UNION)
        await authorities.load([(COMMISSION_ID, _commission(), [changed])])
        log.info("begun", authority=COMMISSION_ID)


def _signin(given: str) -> str:
    issuer, _, subject = given.strip().partition(" ")
    try:
        return users.check_signin(issuer, subject.strip())
    except Invalid as unfit:
        raise CannotStart(
            "FIRST_SIGNIN names who is to sign in for the Commission: the issuer and the subject of their sign-in, "
            "such as FIRST_SIGNIN='https://login.example/realms/imi 248289761001'"
        ) from unfit


def _commission() -> Authority:
    return Authority(
        country=countries.UNION,
        level=Level.UNION,
        official_name=json.loads(NAMES.read_text(encoding="utf-8")),
        languages=("en", "fr", "de"),
        access=(ModuleAccess(module="*", legislative_role=LegislativeRole.COMMISSION, workflow_roles=()),),
        administrators=(FIRST_ID,),
    )


def _first(signin: str) -> User:
    """They give themselves their own name, and others theirs."""
    return User(
        authority_id=COMMISSION_ID,
        name="First administrator",
        language="en",
        signin=signin,
        roles=(RoleInModule(module="*", role=UserRole.COORDINATOR),),
    )
