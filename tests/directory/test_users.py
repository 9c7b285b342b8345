"""People's roles fit what their authority does; one local data administrator is always left; in which languages to write."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.directory.domain.users import (
    ADMINISTRATOR,
    NAME_LIMIT,
    RoleInModule,
    check,
    fits,
    suggested,
    with_administrator,
    with_languages,
    without_administrator,
    without_user,
)
from tests.cells import cell
from tests.directory.bodies import ALERTS, a_user, an_access, an_authority
from vocabulary import languages
from vocabulary.refusals import Conflict, Invalid
from vocabulary.roles import COORDINATING, LegislativeRole, UserRole, WorkflowRole

FOR = {
    UserRole.REQUEST_HANDLER: {WorkflowRole.REQUEST_PARTNER},
    UserRole.SUPERVISOR: {WorkflowRole.REQUEST_PARTNER},
    UserRole.ALLOCATOR: {WorkflowRole.REQUEST_PARTNER},
    UserRole.ALERT_HANDLER: {WorkflowRole.ALERT_AUTHORITY, WorkflowRole.ALERT_COORDINATOR},
    UserRole.ALERT_DISSEMINATOR: {WorkflowRole.ALERT_COORDINATOR},
    UserRole.REPOSITORY_EDITOR: {WorkflowRole.REPOSITORY_EDITOR},
    UserRole.VIEWER: set(WorkflowRole),
    UserRole.TRANSLATOR: set(WorkflowRole),
}


def test_a_role_fits_what_the_authority_does_in_the_module() -> None:
    for module, role, does in product([ALERTS, "*", "firearms/alerts", ""], UserRole, WorkflowRole):
        with cell(module, role, does):
            authority = an_authority(access=(an_access(ALERTS, LegislativeRole.COMPETENT_AUTHORITY, does),))
            held = RoleInModule(module=module, role=role)
            if role is UserRole.LOCAL_DATA_ADMINISTRATOR:
                assert fits(held, authority) is (module == "")
            else:
                assert fits(held, authority) is (module in (ALERTS, "*") and does in FOR.get(role, set()))


@pytest.mark.parametrize("role", LegislativeRole)
def test_coordinators_are_at_coordinators(role: LegislativeRole) -> None:
    held = RoleInModule(module=ALERTS, role=UserRole.COORDINATOR)
    expected = role in COORDINATING or role is LegislativeRole.COMMISSION
    assert fits(held, an_authority(access=(an_access(ALERTS, role),))) is expected


def test_what_is_wrong_with_a_user_is_refused_by_name() -> None:
    authority, user = an_authority(), a_user("aut_1", "one")
    supervisor = RoleInModule(module=ALERTS, role=UserRole.SUPERVISOR)
    for changed, field, reason in (
        (replace(user, name=" "), "user.name", "NAME"),
        (replace(user, name="x" * (NAME_LIMIT + 1)), "user.name", "NAME"),
        (replace(user, roles=(*user.roles, supervisor)), "user.roles[1]", "ROLE_DOES_NOT_FIT"),
        (replace(user, language="tlh"), "user.language", "UNKNOWN_LANGUAGE"),
        (replace(user, languages=("it", "tlh")), "user.languages[1]", "UNKNOWN_LANGUAGE"),
    ):
        with pytest.raises(Invalid) as refused:
            check(changed, authority)
        assert (refused.value.field, refused.value.reason) == (field, reason)


def test_roles_are_held_once_and_that_of_the_administrator_is_kept_with_the_authority() -> None:
    user = a_user("aut_1", "one")
    found = check(replace(user, roles=(*user.roles, ADMINISTRATOR, *user.roles)), an_authority())
    assert found.roles == user.roles


def test_the_last_administrator_stays() -> None:
    two = with_administrator(with_administrator(an_authority(administrators=()), "usr_1"), "usr_2")
    assert with_administrator(two, "usr_2") is two
    one = without_administrator(two, "usr_1")
    assert one.administrators == ("usr_2",)
    for last in (without_administrator, without_user):
        with pytest.raises(Conflict) as refused:
            last(one, "usr_2")
        assert refused.value.reason == "LAST_ADMINISTRATOR"
    assert without_administrator(one, "usr_1").administrators == ("usr_2",)


def test_who_works_there_no_more_becomes_no_administrator() -> None:
    gone = without_user(replace(an_authority(), administrators=("usr_1", "usr_2")), "usr_1")
    assert (gone.administrators, gone.former_users) == (("usr_2",), ("usr_1",))
    assert without_user(gone, "usr_1") == gone
    with pytest.raises(Conflict) as refused:
        with_administrator(gone, "usr_1")
    assert refused.value.reason == "USER_NOT_ACTIVE"


steps = st.lists(st.tuples(st.sampled_from("+-x"), st.sampled_from(["usr_1", "usr_2", "usr_3"])), max_size=20)


@given(steps)
def test_whatever_is_done_one_is_left(done: list[tuple[str, str]]) -> None:
    authority = replace(an_authority(), administrators=("usr_1",))
    for what, who in done:
        change = {"+": with_administrator, "-": without_administrator, "x": without_user}[what]
        try:
            authority = change(authority, who)
        except Conflict:
            continue
        assert authority.administrators
        assert not set(authority.administrators) & set(authority.former_users)


codes = st.lists(st.sampled_from(languages.ALL), unique=True, max_size=6)


@given(codes, codes)
def test_one_writes_in_what_both_understand_in_the_readers_order_or_in_the_readers_first(
    target: list[str], writer: list[str]
) -> None:
    found = suggested(target, writer)
    shared = set(target) & set(writer)
    assert set(found) == (shared or set(target[:1]))
    assert [code for code in target if code in found] == list(found)


def test_languages_are_written_in_one_way_and_once() -> None:
    found = with_languages(a_user("aut_1", "one"), "no", ("IT", "it-CH", "nn"))
    assert (found.language, found.languages) == ("nb", ("it", "nb"))
