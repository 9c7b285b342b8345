"""Who a person is to the services: their roles and their authority's, as the directory says."""

import pytest

from chassis.sign_ins import caller_of
from protos.directory.v1 import directory_pb2 as pb
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

ROLES = {
    "services/requests": pb.LEGISLATIVE_ROLE_COMPETENT_AUTHORITY,
    "services/alerts": pb.LEGISLATIVE_ROLE_LIMIC,
    "services/repository": pb.LEGISLATIVE_ROLE_DIMIC,
    "firearms/requests": pb.LEGISLATIVE_ROLE_COMPETENT_AUTHORITY,
}


def found(modules: list[str]) -> pb.ResolveUserResponse:
    """Somebody at an authority with parts in *modules*, one of which it only asks for."""
    access = [
        pb.ModuleAccess(
            module=module, legislative_role=ROLES[module], workflow_roles=[pb.WORKFLOW_ROLE_REQUEST_PARTNER]
        )
        for module in modules
    ]
    asked = pb.ModuleAccess(module="e-commerce/requests", legislative_role=pb.LEGISLATIVE_ROLE_LIMIC)
    held = pb.RoleInModule(module="services/alerts", role=pb.USER_ROLE_COORDINATOR)
    return pb.ResolveUserResponse(
        user=pb.User(id="usr_1", language="de", roles=[held]),
        authority=pb.Authority(id="aut_1", country_code="DE", access=access, inactive_access=[asked]),
    )


@pytest.mark.parametrize("modules", [list(ROLES), list(reversed(ROLES))], ids=["one way", "the other way"])
def test_where_an_authority_has_several_roles_in_an_area_the_highest_counts(modules: list[str]) -> None:
    caller = caller_of(found(modules))
    assert caller.legislative_roles == {
        "services": LegislativeRole.LIMIC,
        "firearms": LegislativeRole.COMPETENT_AUTHORITY,
    }
    assert caller.user_roles == {"services/alerts": {UserRole.COORDINATOR}}


def test_what_an_authority_only_asks_for_gives_nothing() -> None:
    caller = caller_of(found(["firearms/requests"]))
    assert caller.workflow_roles == {"firearms/requests": {WorkflowRole.REQUEST_PARTNER}}
    assert set(caller.legislative_roles) == {"firearms"}
