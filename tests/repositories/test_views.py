"""Who sees what: every kind of audience, for an entry and for its fields, and everybody who may look."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.repositories.domain.audiences import ANONYMOUS, ROLES, WIDTH, Audience, Visibility, held, is_wider
from services.repositories.domain.changes import Change, Kind, change
from services.repositories.domain.definitions import Definition, FieldRule
from services.repositories.domain.differences import differences
from services.repositories.domain.entries import Actor, Entry, Version, sides
from services.repositories.domain.lifecycle import VIEWS, Side, Status, View
from services.repositories.domain.views import cut, reads_field, revision_seen, seen, view
from tests.cells import cell
from tests.repositories.registers import NOW
from vocabulary.files import File
from vocabulary.roles import UserRole
from vocabulary.values import Field, Value, ValueType

AREA, ELSEWHERE = "services", "firearms"
OWNER, NAMED, OTHER = "aut_owner", "aut_named", "aut_other"


def a_reader(
    authority: str = OTHER,
    country: str = "HU",
    role: UserRole | None = UserRole.VIEWER,
    area: str = AREA,
    *,
    is_commission: bool = False,
) -> Actor:
    roles = [(area, role)] if role else []
    keys = held(authority, country, roles, is_commission=is_commission)
    return Actor(authority_id=authority, country=country, keys=keys, now=NOW)


# Everybody who may look.
READERS: dict[str, Actor] = {
    "anonymous": Actor(authority_id="", country="", keys=ANONYMOUS, now=NOW),
    "person": a_reader(role=None),
    "in another module": a_reader(area=ELSEWHERE),
    "in the module": a_reader(),
    "supervisor": a_reader(role=UserRole.SUPERVISOR),
    "coordinator": a_reader(role=UserRole.COORDINATOR),
    "compatriot": a_reader(country="IT"),
    "compatriot in another module": a_reader(country="IT", area=ELSEWHERE),
    "French": a_reader(country="FR"),
    "named": a_reader(NAMED),
    "named, in another module": a_reader(NAMED, area=ELSEWHERE),
    "named, without a role": a_reader(NAMED, role=None),
    "colleague": a_reader(OWNER, "IT"),
    "colleague without a role": a_reader(OWNER, "IT", role=None),
    "colleague in another module": a_reader(OWNER, "IT", area=ELSEWHERE),
    "owner": replace(a_reader(OWNER, "IT", UserRole.REPOSITORY_EDITOR), areas=frozenset({AREA})),
    "Commission": a_reader("aut_commission", "EU", role=None, is_commission=True),
}
OWN = {"colleague", "owner"}
IN_MODULE = {"in the module", "supervisor", "coordinator", "compatriot", "French", "named", *OWN}
PEOPLE = {name for name in READERS if name not in ("anonymous", "Commission")}

# Who reads what is for whom, written down a second time: of what is not personal; and of that, what is.
AUDIENCES: dict[str, tuple[Audience, set[str], set[str]]] = {
    "PUBLIC": (Audience(visibility=Visibility.PUBLIC), set(READERS), set(READERS)),
    "ALL_IMI": (Audience(visibility=Visibility.ALL_IMI), {*PEOPLE, "Commission"}, PEOPLE),
    "MODULE": (Audience(visibility=Visibility.MODULE), {*IN_MODULE, "Commission"}, IN_MODULE),
    "COUNTRY": (Audience(visibility=Visibility.COUNTRY), {"compatriot", *OWN}, {"compatriot", *OWN}),
    "COUNTRY FR": (Audience(visibility=Visibility.COUNTRY, countries=("FR",)), {"French", *OWN}, {"French", *OWN}),
    "ROLE": (
        Audience(visibility=Visibility.ROLE, roles=(UserRole.SUPERVISOR, UserRole.COORDINATOR)),
        {"supervisor", "coordinator", *OWN},
        {"supervisor", "coordinator", *OWN},
    ),
    "EXPLICIT": (
        Audience(visibility=Visibility.EXPLICIT, authorities=(NAMED,)),
        {"named", *OWN},
        {"named", *OWN},
    ),
    "EXPLICIT by a field": (
        Audience(visibility=Visibility.EXPLICIT, authority_fields=("host",)),
        {"named", *OWN},
        {"named", *OWN},
    ),
}


def a_field(code: str, kind: ValueType = ValueType.DATE, *, personal: bool = False) -> Field:
    return Field(code=code, label={"en": code}, type=kind, personal=personal)


FIELDS = (
    a_field("plain", ValueType.NUMBER),
    a_field("private", ValueType.LINK, personal=True),
    a_field("host", ValueType.AUTHORITY),
)
VALUES = {
    "plain": Value(files=("fil_plain",)),
    "private": Value(link="https://a.example"),
    "host": Value(references=(NAMED,)),
}


def a_definition(audience: Audience, **rules: Audience) -> Definition:
    return Definition(
        code="things",
        version=1,
        title={},
        description={},
        area=AREA,
        audience=audience,
        fields=FIELDS,
        rules={code: FieldRule(audience=one) for code, one in rules.items()},
    )


def a_version(number: int = 1, **values: Value) -> Version:
    return Version(
        number=number,
        schema_version=1,
        values={**VALUES, **values},
        at=NOW,
        files=(File(id="fil_plain", name="a", media_type="b", size_bytes=1, sha256="c"),),
    )


def an_entry(status: Status = Status.PUBLISHED, **changed: object) -> Entry:
    versions: dict[Status, dict[str, Version | tuple[Version, ...]]] = {
        Status.DRAFT: {"draft": a_version()},
        Status.PENDING_APPROVAL: {"draft": a_version()},
        Status.PUBLISHED: {"published": a_version()},
        Status.UPDATE_PENDING: {"published": a_version(), "draft": a_version(2)},
        Status.DELETED: {},
    }
    fields = {
        "repository": "things",
        "owner_id": OWNER,
        "country": "IT",
        "created_at": NOW,
        "changed_at": NOW,
        **versions.get(status, {"earlier": (a_version(),)}),
        **changed,
    }
    return Entry(status=status, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(AUDIENCES))
def test_an_entry_is_seen_by_its_audience_and_nobody_else(name: str) -> None:
    """Of every status; of an entry that is not in force, its owner's people alone."""
    audience, readers, _ = AUDIENCES[name]
    definition = a_definition(audience)
    for status, (who, reader) in product(Status, READERS.items()):
        with cell(status, who):
            entry = an_entry(status)
            (side,) = sides(entry, definition, reader)
            expected = VIEWS[status].get(side)
            if expected is View.PUBLISHED and who not in readers:
                expected = None
            assert view(entry, definition, reader) is expected
            assert (seen(entry, definition, reader) is None) is (expected is None)


@pytest.mark.parametrize("name", sorted(AUDIENCES))
def test_a_field_is_read_by_those_of_the_readers_of_its_entry_that_it_is_for(name: str) -> None:
    audience, readers, readers_of_personal = AUDIENCES[name]
    for around, (outer, openers, _) in AUDIENCES.items():
        if is_wider(audience, outer):
            continue
        definition = a_definition(outer, plain=audience, private=audience)
        for who, reader in READERS.items():
            with cell(around, who):
                found = seen(an_entry(), definition, reader)
                if who not in openers:
                    assert found is None
                    continue
                assert found
                assert found.published
                shown = found.published.values
                assert ("plain" in shown) is (who in readers or who == "owner")
                assert ("private" in shown) is (who in readers_of_personal or who == "owner")
                assert "host" in shown
                # A file is where its field is.
                assert bool(found.published.files) is ("plain" in shown)


def test_without_an_audience_of_its_own_a_field_is_for_all_readers_and_personal_data_not_for_the_commission() -> None:
    for name, (audience, readers, readers_of_personal) in AUDIENCES.items():
        definition = a_definition(audience)
        for who, reader in READERS.items():
            with cell(name, who):
                entry = an_entry()
                assert reads_field(entry, definition, a_version(), "plain", reader) is (who in readers)
                assert reads_field(entry, definition, a_version(), "private", reader) is (who in readers_of_personal)
                assert not reads_field(entry, definition, a_version(), "unheard-of", reader)


def test_readers_see_nothing_of_what_is_in_preparation_nor_that_anything_is() -> None:
    """Whatever its owner prepares, what a reader is shown is the same, byte for byte."""
    definition = a_definition(Audience(visibility=Visibility.ALL_IMI))
    late = NOW.replace(hour=20)
    quiet = an_entry(published=a_version(2), earlier=(a_version(1),))
    busy = replace(
        quiet,
        draft=a_version(3),
        changed_at=late,
        created_at=NOW.replace(hour=1),
        return_reason="no",
        status=Status.UPDATE_PENDING,
    )
    for who in ("person", "Commission", "colleague", "compatriot"):
        with cell(who):
            reader = READERS[who]
            assert seen(busy, definition, reader) == seen(quiet, definition, reader)
            assert revision_seen(busy, definition, reader, 9) == revision_seen(quiet, definition, reader, 4) == 2
    assert seen(busy, definition, READERS["owner"]) == busy
    assert revision_seen(busy, definition, READERS["owner"], 9) == 9


def test_an_approver_sees_what_waits_and_not_why_it_was_sent_back_before() -> None:
    definition = replace(a_definition(Audience(visibility=Visibility.EXPLICIT, authorities=(NAMED,))), approval=True)
    approver = replace(a_reader("aut_coordinator", "IT", UserRole.COORDINATOR), approves=frozenset({AREA}))
    waiting = an_entry(Status.PENDING_APPROVAL, return_reason="no")
    found = seen(waiting, definition, approver)
    assert found
    assert (found.draft, found.return_reason) == (waiting.draft, "")
    update = an_entry(Status.UPDATE_PENDING, published=a_version(2), draft=a_version(3), earlier=(a_version(1),))
    found = seen(update, definition, approver)
    assert found
    assert (found.published, found.draft, found.earlier) == (update.published, update.draft, ())
    assert sides(waiting, definition, approver) == {Side.READER, Side.APPROVER}
    for other in (replace(approver, country="HU"), replace(approver, approves=frozenset({ELSEWHERE}))):
        assert seen(waiting, definition, other) is None
    assert seen(an_entry(Status.PUBLISHED, draft=a_version(2)), definition, approver) is None


def test_personal_data_that_were_replaced_are_for_the_owners_people() -> None:
    definition = a_definition(Audience(visibility=Visibility.ALL_IMI))
    entry = an_entry(published=a_version(2), earlier=(a_version(1),))
    for who, expected in {"person": False, "colleague": True, "owner": True}.items():
        found = seen(entry, definition, READERS[who])
        assert found
        assert found.published
        assert "private" in found.published.values
        assert ("private" in found.earlier[0].values) is expected
    assert "private" not in cut(entry, definition, entry.earlier[0], READERS["compatriot"]).values


def test_who_reads_an_earlier_version_is_said_by_that_version() -> None:
    """A host that an entry no more names keeps neither the new version nor the old one."""
    definition = a_definition(Audience(visibility=Visibility.EXPLICIT, authority_fields=("host",)))
    moved = an_entry(published=a_version(2, host=Value(references=(OTHER,))), earlier=(a_version(1),))
    assert seen(moved, definition, READERS["named"]) is None
    found = seen(moved, definition, READERS["in the module"])
    assert found
    assert found.earlier == ()
    before = replace(a_version(1), at=NOW - timedelta(days=30))
    found = seen(replace(moved, earlier=(before,), created_at=before.at), definition, READERS["in the module"])
    assert found
    # Nor when there was the first one.
    assert found.created_at == NOW


def test_a_field_that_a_newer_schema_has_no_more_is_shown_as_it_was() -> None:
    old = a_definition(Audience(visibility=Visibility.ALL_IMI), plain=Audience(visibility=Visibility.MODULE))
    new = replace(old, version=2, fields=FIELDS[1:], rules={}).after(old)
    for who, expected in {"person": False, "in the module": True, "Commission": True}.items():
        with cell(who):
            assert reads_field(an_entry(), new, a_version(), "plain", READERS[who]) is expected
    newest = replace(old, version=3, fields=FIELDS[2:], rules={}).after(new)
    assert [one.code for one in newest.retired] == ["private", "plain"]
    assert newest.rule("plain").audience == Audience(visibility=Visibility.MODULE)
    assert newest.personal == {"private"}
    # It comes back: its audience is that of today.
    again = replace(old, version=4, rules={}).after(newest)
    assert (again.retired, again.rule("plain").audience) == ((), None)


def test_what_a_field_said_that_is_gone_is_for_no_more_people_than_it_was_written_for() -> None:
    """Whoever makes a repository public leaves out what is not: nobody has said that everybody may read that."""
    old = a_definition(Audience(visibility=Visibility.MODULE))
    public = replace(old, version=2, audience=Audience(visibility=Visibility.PUBLIC), fields=FIELDS[2:]).after(old)
    later = replace(public, version=3, retired=()).after(public)
    for definition, who in product((public, later), ("anonymous", "person", "in the module")):
        with cell(definition.version, who):
            found = seen(an_entry(), definition, READERS[who])
            assert found
            assert found.published
            assert set(found.published.values) == ({*VALUES} if who == "in the module" else {"host"})
            assert bool(found.published.files) is (who == "in the module")


def test_an_entry_stays_in_its_area_when_a_newer_schema_says_areas_elsewhere() -> None:
    """Or its readers would lose it, and editors of every other area get all of it."""
    area = a_field("area", ValueType.AREA)
    old = replace(a_definition(Audience(visibility=Visibility.MODULE)), area="", fields=(*FIELDS, area))
    new = replace(old, version=2, fields=(*FIELDS, replace(area, code="subject"))).after(old)
    entry = an_entry(published=a_version(area=Value(references=(AREA,))))
    elsewhere = replace(READERS["colleague in another module"], areas=frozenset({ELSEWHERE}))
    for definition in (old, new):
        with cell(definition.version):
            assert view(entry, definition, READERS["in the module"]) is View.PUBLISHED
            assert view(entry, definition, READERS["owner"]) is View.WHOLE
            assert view(entry, definition, elsewhere) is None


def test_what_differs_is_told_of_what_is_read_and_of_nothing_else() -> None:
    definition = a_definition(Audience(visibility=Visibility.ALL_IMI), plain=Audience(visibility=Visibility.MODULE))
    entry = an_entry(published=a_version(2, plain=Value(number=None, codes=("A",))), earlier=(a_version(1),))
    for who, expected in {"person": [], "in the module": ["plain"], "owner": ["plain"]}.items():
        found = seen(entry, definition, READERS[who])
        assert found
        assert found.published
        told = differences(definition, found.earlier[0].values, found.published.values)
        private = ["private"] if who != "owner" else []
        assert [one.code for one in told] == [*expected, *private]


def test_a_change_is_what_it_is_to_its_reader() -> None:
    definition = a_definition(Audience(visibility=Visibility.EXPLICIT, authority_fields=("host",)))
    moved = an_entry(published=a_version(2, host=Value(references=(OTHER,))), earlier=(a_version(1),))
    gone = an_entry(Status.WITHDRAWN, earlier=(moved.published, *moved.earlier))
    named, other, nobody = READERS["named"], READERS["in the module"], READERS["person"]
    for entry in (moved, gone):
        assert change(entry, definition, 0, 1, named) == Change(Kind.ADDED, 1)
        assert change(entry, definition, 1, 2, named) == Change(Kind.REMOVED, 0)
        assert change(entry, definition, 1, 2, other) == Change(Kind.ADDED, 2)
        assert change(entry, definition, 2, 0, other) == Change(Kind.REMOVED, 0)
        assert change(entry, definition, 2, 0, named) is None
        assert change(entry, definition, 0, 1, nobody) is None
    twice = an_entry(published=a_version(2), earlier=(a_version(1),))
    assert change(twice, definition, 1, 2, named) == Change(Kind.UPDATED, 2)
    assert change(an_entry(Status.DELETED), definition, 1, 2, named) is None


audiences = st.builds(
    Audience,
    visibility=st.sampled_from(Visibility),
    countries=st.lists(st.sampled_from(["IT", "HU", "FR"]), unique=True).map(tuple),
    roles=st.lists(st.sampled_from(ROLES), unique=True).map(tuple),
    authorities=st.lists(st.sampled_from([NAMED, OTHER]), unique=True).map(tuple),
    authority_fields=st.sampled_from([(), ("host",)]),
)


@given(audiences, audiences)
def test_an_audience_that_is_not_wider_lets_nobody_in_whom_the_other_keeps_out(
    inner: Audience, outer: Audience
) -> None:
    """Whatever is checked when a definition is published: a reader of a field has a key to its entry besides."""
    assert not is_wider(inner, inner)
    if is_wider(inner, outer):
        return
    assert WIDTH[inner.visibility] >= WIDTH[outer.visibility]
    definition = a_definition(outer, plain=inner)
    for reader in READERS.values():
        found = seen(an_entry(), definition, reader)
        if found and found.published and "plain" in found.published.values and not reader.areas:
            entry, version = an_entry(), a_version()
            assert reader.keys & definition.readers(version.values, entry.owner_id, entry.country)
            assert reader.keys & definition.field_readers("plain", version.values, entry.owner_id, entry.country)


@given(audiences, audiences, st.none() | audiences)
def test_whatever_a_newer_schema_says_a_field_that_it_has_no_more_is_read_by_nobody_else(
    before: Audience, now: Audience, own: Audience | None
) -> None:
    old = a_definition(before, **({"plain": own} if own else {}))
    new = replace(old, version=2, audience=now, fields=FIELDS[1:], rules={}).after(old)
    entry, version = an_entry(), a_version()
    for reader in READERS.values():
        read = [reads_field(entry, one, version, "plain", reader) for one in (old, new)]
        assert read[0] is read[1]
