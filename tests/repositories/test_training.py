"""The entries of a training system: what they refer to is there, they can be published, and each repository has some."""

from datetime import date

from services.directory.reference import Reference
from services.directory.training.authorities import authorities
from services.repositories.catalogue import definitions
from services.repositories.domain.lifecycle import Status
from services.repositories.training import invented
from tests.repositories.registers import NOW
from vocabulary.values import ValueType

KNOWN = {one.code: one for one in definitions().values()}
MADE = dict(invented(KNOWN, NOW))


def test_every_repository_that_is_shipped_has_some_of_several_countries() -> None:
    found: dict[str, set[str]] = {}
    for entry in MADE.values():
        found.setdefault(entry.repository, set()).add(entry.country)
    assert found.keys() == KNOWN.keys()
    assert all(len(countries) > 1 for countries in found.values())
    assert {entry.status for entry in MADE.values()} == {Status.PUBLISHED}
    assert dict(invented(KNOWN, NOW)) == MADE


def test_what_they_refer_to_is_among_the_training_data() -> None:
    reference = Reference.load()
    there = authorities(reference)
    known = {
        ValueType.AUTHORITY: there.keys(),
        ValueType.AREA: reference.areas.keys(),
        ValueType.CONCEPT: reference.concepts.keys(),
    }
    for entry in MADE.values():
        version = entry.published
        assert version
        definition = KNOWN[entry.repository]
        definition.check(version.values, complete=True)
        assert there[entry.owner_id].country == entry.country
        assert all(one.authority_id in there for one in entry.history)
        for field in definition.fields:
            if field.type in known and field.code in version.values:
                assert set(version.values[field.code].references or ()) <= set(known[field.type])
        for value in version.values.values():
            assert value.link is None or ".example" in value.link
            assert value.date is None or value.date < date(2027, 1, 1)
