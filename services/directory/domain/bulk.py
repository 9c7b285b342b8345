"""Imports: whose they are, which authority a row is about, and what of an authority a file may change.

A file says what an authority is: its names, place, contact, languages and keywords. Who may take part in what is decided by
registering, granting and suspending, one authority at a time, and never by a file.
"""

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import replace

from services.directory.domain import authorities, coordination
from services.directory.domain.authorities import Authority, ModuleAccess
from services.directory.domain.coordination import Person, looks_after
from services.directory.domain.granting import LINKS
from vocabulary import ids
from vocabulary.participants import Status
from vocabulary.refusals import Conflict, Forbidden, Invalid
from vocabulary.roles import LegislativeRole, WorkflowRole

EXTERNAL_ID_LIMIT = 100


def importer(by: Person) -> Authority:
    """The National IMI Coordinator for which *by* acts; raises Forbidden for anybody else."""
    own = by.acts_for
    posts = [access for access in own.access if access.legislative_role is LegislativeRole.NIMIC] if own else []
    if own is None or not any(by.acts_in(access.area) for access in posts):
        raise Forbidden(
            "only a coordinator at the National IMI Coordinator of a country imports and exports its authorities"
        )
    return own


def authority_id(country: str, external_id: str) -> str:
    """The id of the authority that *country* calls *external_id*: its own key, or the directory's id of one it did not import.

    The same key is the same authority for ever, so that an import which is repeated makes nothing twice.
    """
    if ids.prefix(external_id) == ids.AUTHORITY:
        return external_id
    return ids.derived(ids.AUTHORITY, "import", country, external_id)


def external_id(text: str) -> str:
    """*text* as a country's key of an authority; raises Invalid for what is none."""
    key = unicodedata.normalize("NFC", text.strip())
    if not key:
        raise Invalid("say which authority this is: give it a key of your own", field="externalId", reason="EMPTY")
    if len(key) > EXTERNAL_ID_LIMIT or not key.isprintable():
        raise Invalid(
            f"a key has at most {EXTERNAL_ID_LIMIT} printable characters", field="externalId", reason="EXTERNAL_ID"
        )
    return key


def check_new(new: Authority) -> None:
    """Raises what keeps *new* out of an import, though it might be registered otherwise."""
    if ids.prefix(new.external_id) == ids.AUTHORITY:
        raise Invalid(
            "your country has no authority with this id of the directory",
            field="externalId",
            reason="UNKNOWN_AUTHORITY",
        )
    for index, access in enumerate(new.access):
        if access.legislative_role is LegislativeRole.NIMIC:
            raise Forbidden("only the Commission registers a National IMI Coordinator", field=f"access[{index}]")


def own(found: Authority | None, country: str) -> Authority | None:
    """*found*, if it is one of *country*: those of others are not there for its import."""
    return found if found is not None and found.country == country else None


def edited(before: Authority, said: Authority) -> Authority:
    """*before* as *said* describes it; raises for what an import does not change."""
    if coordination.is_to_be_nimic(before):
        raise Forbidden("a National IMI Coordinator is not changed by an import", field="externalId")
    if said.country != before.country:
        raise Forbidden("a coordinator registers authorities of its own country", field="country")
    _check_access(before, said)
    after = replace(
        before,
        level=said.level,
        region=said.region,
        official_name=said.official_name,
        informal_name=said.informal_name,
        description=said.description,
        languages=said.languages,
        contact=said.contact,
        concepts=said.concepts,
    )
    return before if after == before else authorities.check(after, at="")


def check_coordinators(after: Authority, territories: Collection[str], linked: Mapping[str, Authority]) -> None:
    """Raises Conflict if a coordinator of a part of *after*, by id in *linked*, does not stand above it where it is to lie."""
    for access in after.access:
        for name in LINKS:
            id_ = getattr(access, name)
            coordinator = linked.get(id_)
            covers = coordinator and looks_after(coordinator, access.area, access.legislative_role, territories)
            if id_ and not covers:
                raise Conflict(
                    f"{id_}, a coordinator of its part in {access.module}, is none there; have the part changed first",
                    field="region",
                    reason="UNKNOWN_COORDINATOR",
                )


def check_status(status: Status, said: str) -> None:
    """Raises Conflict if a file says another status than the authority has, or will have."""
    if said and said.upper() != status:
        raise Conflict(f"the authority is {status}; an import does not change that", field="status", reason="STATUS")


def _check_access(before: Authority, said: Authority) -> None:
    now, wanted = _parts(before), _parts(said)
    for module in {**now, **wanted}:
        if now.get(module) != wanted.get(module):
            raise Conflict(
                f"the part in {module} of a registered authority is granted, changed and withdrawn by its access coordinator; "
                "leave the cell as it is, or the column out",
                field=f"modules.{module}",
                reason="ACCESS",
            )


def _parts(authority: Authority) -> dict[str, tuple[LegislativeRole, frozenset[WorkflowRole]]]:
    return {access.module: _part(access) for access in authority.access}


def _part(access: ModuleAccess) -> tuple[LegislativeRole, frozenset[WorkflowRole]]:
    return access.legislative_role, frozenset(access.workflow_roles)
