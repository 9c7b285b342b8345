"""The rule that says who is likely to be competent: what counts, how much, in which order, and who is never suggested."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.requests.domain.parties import check_asker, check_country
from services.requests.domain.requests import Actor
from services.requests.domain.routing import (
    POINTS,
    TO_COME,
    Known,
    Reason,
    Suggestion,
    Wanted,
    contenders,
    experienced,
    likely,
    ranked,
)
from tests.builders import REQUESTS
from tests.requests.exchanges import NOW
from vocabulary.participants import Level, Part, Participant, Status
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

CA, LIMIC, NIMIC = LegislativeRole.COMPETENT_AUTHORITY, LegislativeRole.LIMIC, LegislativeRole.NIMIC
PARTNER = WorkflowRole.REQUEST_PARTNER
# doctor > surgeon > heart surgeon; HU-A holds HU-A1.
KNOWN = Known(
    broader={"doctor": (), "surgeon": ("doctor",), "heart": ("surgeon", "doctor"), "nurse": ()},
    territories={"HU-A": ("HU",), "HU-A1": ("HU-A", "HU"), "HU-B": ("HU",)},
)
WANTED = Wanted(module=REQUESTS, country="HU", asker_id="aut_it", languages=("it", "en"))


def an_authority(
    id_: str = "aut_hu", role: LegislativeRole = CA, module: str = REQUESTS, **changed: object
) -> Participant:
    """A national authority in Hungary that takes part, and has no keywords and no languages."""
    fields: dict[str, object] = {
        "revision": 1,
        "country": "HU",
        "level": Level.NATIONAL,
        "status": Status.ACTIVE,
        "parts": (Part(module=module, legislative_role=role, workflow_roles=(PARTNER,)),),
    }
    return Participant(id=id_, **{**fields, **changed})  # type: ignore[arg-type]


def in_region(id_: str, region: str) -> Participant:
    return an_authority(id_, region=region, level=Level.REGIONAL)


def reasons(suggestion: Suggestion) -> dict[Reason, int]:
    return {one.reason: one.points for one in suggestion.reasons}


def only(wanted: Wanted, participant: Participant) -> dict[Reason, int]:
    """The reasons for the one that is suggested."""
    (suggestion,), _ = likely(wanted, [participant], KNOWN)
    return reasons(suggestion)


@pytest.mark.parametrize(
    ("concepts", "own", "expected"),
    [
        (["doctor"], ["doctor", "nurse"], {Reason.CONCEPT: 50}),
        (["heart"], ["doctor"], {Reason.BROADER_CONCEPT: 35}),
        (["doctor"], ["heart"], {Reason.NARROWER_CONCEPT: 25}),
        # Each counts in the best way only, and as the part of what is asked about that it is.
        (["surgeon"], ["surgeon", "doctor", "heart"], {Reason.CONCEPT: 50}),
        (["nurse", "surgeon"], ["nurse"], {Reason.CONCEPT: 25}),
        (["nurse", "surgeon"], ["nurse", "doctor"], {Reason.CONCEPT: 25, Reason.BROADER_CONCEPT: 17}),
        (["nurse", "nurse"], ["nurse"], {Reason.CONCEPT: 50}),
    ],
)
def test_a_concept_counts_as_it_is_or_as_a_broader_or_narrower_one(
    concepts: list[str], own: list[str], expected: dict[Reason, int]
) -> None:
    found = only(replace(WANTED, concepts=tuple(concepts)), an_authority(concepts=tuple(own)))
    assert found == {**expected, Reason.LEVEL: 15}


def test_who_is_competent_for_nothing_that_is_named_is_not_suggested_while_somebody_is() -> None:
    there = [an_authority("aut_nurses", concepts=("nurse",)), an_authority("aut_doctors", concepts=("doctor",))]
    found, instead = likely(replace(WANTED, concepts=("doctor",)), [*there, an_authority("aut_limic", LIMIC)], KNOWN)
    assert ([one.authority_id for one in found], instead) == (["aut_doctors"], False)


def test_where_nobody_is_competent_the_coordinators_are_asked_instead_the_one_of_the_area_first() -> None:
    roles = [NIMIC, LegislativeRole.SDIMIC, LegislativeRole.DIMIC, LIMIC, CA, LegislativeRole.COMMISSION]
    there = [an_authority(f"aut_{role}", role, concepts=("nurse",)) for role in roles]
    found, instead = likely(replace(WANTED, concepts=("doctor",)), there, KNOWN)
    assert instead
    assert [one.authority_id for one in found] == ["aut_LIMIC", "aut_DIMIC", "aut_SDIMIC", "aut_NIMIC"]
    assert all(Reason.COORDINATOR_OF_AREA in reasons(one) and Reason.CONCEPT not in reasons(one) for one in found)


def test_without_a_concept_everybody_is_there_and_the_coordinator_leads() -> None:
    there = [an_authority("aut_a", concepts=("nurse",)), an_authority("aut_limic", LIMIC), an_authority("aut_b")]
    found, instead = likely(WANTED, there, KNOWN)
    assert ([one.authority_id for one in found], instead) == (["aut_limic", "aut_a", "aut_b"], False)


def test_the_keywords_of_a_coordinator_count_half() -> None:
    wanted = replace(WANTED, concepts=("doctor",))
    assert only(wanted, an_authority(role=LIMIC, concepts=("doctor",))) == {Reason.CONCEPT: 25, Reason.LEVEL: 15}


@pytest.mark.parametrize(
    ("own", "points", "common"),
    [(("hu", "en", "it"), 15, ("it", "en")), (("en", "hu"), 8, ("en",)), (("hu",), 0, ()), ((), 0, ())],
)
def test_the_own_language_counts_more_than_another_that_both_have(
    own: tuple[str, ...], points: int, common: tuple[str, ...]
) -> None:
    (suggestion,), _ = likely(WANTED, [an_authority(languages=own)], KNOWN)
    shared = [one for one in suggestion.reasons if one.reason is Reason.SHARED_LANGUAGE]
    assert [(one.points, one.languages) for one in shared] == ([(points, common)] if points else [])


def test_whoever_writes_in_no_known_language_shares_none() -> None:
    assert only(replace(WANTED, languages=()), an_authority(languages=("hu",))) == {Reason.LEVEL: 15}


def test_a_region_leaves_those_that_serve_it_the_nearest_first() -> None:
    there = [
        an_authority("aut_whole"),
        in_region("aut_there", "HU-A1"),
        in_region("aut_wider", "HU-A"),
        in_region("aut_elsewhere", "HU-B"),
        in_region("aut_unknown", "HU-X"),
    ]
    found, _ = likely(replace(WANTED, region="HU-A1"), there, KNOWN)
    assert [(one.authority_id, reasons(one)) for one in found] == [
        ("aut_there", {Reason.REGION: 15}),
        ("aut_wider", {Reason.REGION: 10}),
        ("aut_whole", {Reason.REGION: 5}),
    ]
    found, _ = likely(replace(WANTED, region="HU-A"), there, KNOWN)
    assert [one.authority_id for one in found] == ["aut_wider", "aut_there", "aut_whole"]


@pytest.mark.parametrize(
    "changed",
    [
        {"status": Status.SUSPENDED},
        {"status": None},
        {"gone": True},
        {"country": "SK"},
        {"parts": ()},
        {"parts": (Part(module="services/requests", legislative_role=CA, workflow_roles=(PARTNER,)),)},
        {"parts": (Part(module=REQUESTS, legislative_role=CA, workflow_roles=()),)},
        {"id": "aut_it"},
    ],
)
@pytest.mark.parametrize("concepts", [(), ("doctor",), ("nurse",)])
def test_who_cannot_be_asked_is_never_suggested(changed: dict[str, object], concepts: tuple[str, ...]) -> None:
    wanted = replace(WANTED, concepts=concepts)
    for role in (CA, LIMIC):
        one = replace(an_authority(role=role, concepts=("doctor",)), **changed)  # type: ignore[arg-type]
        assert likely(wanted, [one], KNOWN)[0] == []


def test_less_work_and_replies_given_before_count() -> None:
    plain = Suggestion(authority_id="aut_hu")
    assert [new_to_us(plain, number).score for number in (0, 10, 30, 90, 100)] == [10, 5, 2, 1, 0]
    assert new_to_us(plain, 7).open_requests == 7
    for answered, to_these, points in ((True, True, 10), (True, False, 5), (False, False, 0)):
        found = reasons(experienced(plain, 100, answered=answered, to_these=to_these))
        assert found.get(Reason.ANSWERED_BEFORE, 0) == points


def new_to_us(suggestion: Suggestion, open_requests: int) -> Suggestion:
    """*suggestion* of an authority that has answered nothing yet."""
    return experienced(suggestion, open_requests, answered=False, to_these=False)


@pytest.mark.parametrize(
    ("roles", "takes_part"),
    [({UserRole.VIEWER}, True), ({UserRole.ALLOCATOR}, True), (set(), True), ({UserRole.REQUEST_HANDLER}, False)],
)
def test_only_who_may_begin_a_request_may_ask_whom_to_send_it_to(roles: set[UserRole], takes_part: bool) -> None:
    with pytest.raises(Forbidden):
        check_asker(an_actor(roles, takes_part), "professional-qualifications")


@pytest.mark.parametrize("role", [UserRole.REQUEST_HANDLER, UserRole.SUPERVISOR, UserRole.COORDINATOR])
def test_writers_may_ask(role: UserRole) -> None:
    check_asker(an_actor({role}), "professional-qualifications")


def test_the_own_country_is_for_areas_of_national_use() -> None:
    actor = an_actor({UserRole.REQUEST_HANDLER})
    check_country("HU", actor, field="country", national_use=False)
    check_country("IT", actor, field="country", national_use=True)
    with pytest.raises(Invalid) as found:
        check_country("IT", actor, field="country", national_use=False)
    assert (found.value.field, found.value.reason) == ("country", "OWN_COUNTRY")


def an_actor(roles: set[UserRole], takes_part: bool = True) -> Actor:
    return Actor(
        user_id="usr", authority_id="aut_it", country="IT", roles=frozenset(roles), takes_part=takes_part, now=NOW
    )


CONCEPTS = st.lists(st.sampled_from(sorted(KNOWN.broader)), max_size=3).map(tuple)
LANGUAGES = st.lists(st.sampled_from(["it", "en", "hu"]), unique=True, max_size=3).map(tuple)
REGIONS = st.sampled_from(["", *KNOWN.territories])
WISHES = st.builds(
    lambda concepts, region, languages: replace(WANTED, concepts=concepts, region=region, languages=languages),
    CONCEPTS,
    REGIONS,
    LANGUAGES,
)
PARTICIPANTS = st.lists(
    st.builds(
        lambda number, role, status, country, **more: an_authority(
            f"aut_{number}", role, status=status, country=country, **more
        ),
        st.integers(0, 30),
        st.sampled_from(LegislativeRole),
        st.sampled_from([Status.ACTIVE, Status.ACTIVE, Status.SUSPENDED]),
        st.sampled_from(["HU", "HU", "IT"]),
        concepts=CONCEPTS,
        languages=LANGUAGES,
        region=REGIONS,
        level=st.sampled_from(Level),
    ),
    unique_by=lambda one: one.id,
    max_size=8,
)
# Whether it has answered us, and to the same questions.
REPLIES = st.sampled_from([(False, False), (True, False), (True, True)])


@given(WISHES, PARTICIPANTS, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_of_what_is_known(
    wanted: Wanted, there: list[Participant], shuffling: random.Random
) -> None:
    expected = likely(wanted, there, KNOWN)
    shuffled = list(there)
    shuffling.shuffle(shuffled)
    assert likely(wanted, shuffled, KNOWN) == expected
    assert expected[0] == ranked(reversed(expected[0]))


@given(WISHES, PARTICIPANTS, st.integers(0, 100), REPLIES)
def test_a_score_is_the_sum_of_its_reasons_each_within_its_limit_and_none_too_many(
    wanted: Wanted, there: list[Participant], open_requests: int, replies: tuple[bool, bool]
) -> None:
    for found in likely(wanted, there, KNOWN)[0]:
        one = experienced(found, open_requests, answered=replies[0], to_these=replies[1])
        assert one.score == sum(reason.points for reason in one.reasons) <= 100
        assert all(0 < reason.points <= POINTS[reason.reason] for reason in one.reasons)
        assert len({reason.reason for reason in one.reasons}) == len(one.reasons)
        assert [reason.points for reason in one.reasons] == sorted((r.points for r in one.reasons), reverse=True)
        assert 0 <= one.score - found.score <= TO_COME
        for reason in one.reasons:
            without = replace(one, reasons=tuple(other for other in one.reasons if other != reason))
            assert without.score < one.score


@given(WISHES, PARTICIPANTS)
def test_everybody_suggested_takes_part_there_and_is_competent_or_stands_in(
    wanted: Wanted, there: list[Participant]
) -> None:
    by_id = {one.id: one for one in there}
    found, instead = likely(wanted, there, KNOWN)
    for suggestion in found:
        one = by_id[suggestion.authority_id]
        assert one.is_active
        assert one.country == wanted.country
        kinds = (
            {Reason.COORDINATOR_OF_AREA}
            if instead
            else {Reason.CONCEPT, Reason.BROADER_CONCEPT, Reason.NARROWER_CONCEPT}
        )
        assert not wanted.concepts or kinds & reasons(suggestion).keys()


@given(WISHES, PARTICIPANTS, st.sampled_from(["it", "en", "hu"]))
def test_another_language_never_lowers_the_score(wanted: Wanted, there: list[Participant], language: str) -> None:
    before = {one.authority_id: one.score for one in likely(wanted, there, KNOWN)[0]}
    more = [replace(one, languages=tuple(dict.fromkeys((*one.languages, language)))) for one in there]
    after = {one.authority_id: one.score for one in likely(wanted, more, KNOWN)[0]}
    assert after.keys() == before.keys()
    assert all(after[id_] >= before[id_] for id_ in before)


@given(st.integers(0, 100), st.integers(0, 100))
def test_more_work_never_raises_the_score(some: int, more: int) -> None:
    plain = Suggestion(authority_id="aut_hu")
    assert new_to_us(plain, some).score >= new_to_us(plain, some + more).score


@given(WISHES, PARTICIPANTS, st.integers(1, 5), st.data())
def test_whoever_can_still_come_among_the_first_is_looked_at(
    wanted: Wanted, there: list[Participant], first: int, data: st.DataObject
) -> None:
    found, _ = likely(wanted, there, KNOWN)
    work = {one.authority_id: data.draw(st.sampled_from([0, 5, 100])) for one in found}
    replies = {one.authority_id: data.draw(REPLIES) for one in found}

    def told(some: list[Suggestion]) -> list[Suggestion]:
        return ranked(
            experienced(one, work[one.authority_id], answered=answered, to_these=to_these)
            for one in some
            for answered, to_these in [replies[one.authority_id]]
        )

    assert told(contenders(found, first, 100))[:first] == told(found)[:first]
    assert len(contenders(found, first, 1)) <= max(first, 1)
