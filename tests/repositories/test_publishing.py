"""What keeps a definition from being published, each fault by its name; and the Commission publishing one that has none."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chassis.caller import Caller
from chassis.wire import field_values
from protos.repositories.v1 import definitions_pb2, repositories_pb2
from services.repositories.domain.audiences import Audience, Visibility
from services.repositories.domain.definitions import Definition, FieldRule, Retention
from services.repositories.domain.publishing import (
    CIRCLES_LIMIT,
    FIELDS_LIMIT,
    MONTHS_LIMIT,
    NAMED_LIMIT,
    check_definition,
    check_next,
)
from services.repositories.search.layers import count, layers
from services.repositories.wire_definitions import repository
from tests.builders import QUALIFICATIONS, the_commission
from tests.cells import cell
from tests.repositories.conftest import Asking, a_person, an_editor, command
from tests.repositories.registers import refers, says, written
from tests.repositories.test_wire import written_as
from vocabulary import countries, languages
from vocabulary.forms import TEXT_LIMIT, TITLE_LIMIT
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal
from vocabulary.roles import UserRole
from vocabulary.values import Choice, DataClass, Field, FreeText, Value, ValueType

WORDS = dict.fromkeys(languages.OFFICIAL, "words")
MODULE, COUNTRY = Audience(visibility=Visibility.MODULE), Audience(visibility=Visibility.COUNTRY)


def field(code: str = "name", kind: ValueType = ValueType.TEXT, **changed: Any) -> Field:
    return Field(**{"code": code, "label": WORDS, "type": kind, **changed})


FIELDS = (field(mandatory=True), field("holder", ValueType.AUTHORITY), field("born", ValueType.DATE))


def a_definition(*fields: Field, **changed: Any) -> Definition:
    made: dict[str, Any] = {
        "code": "things",
        "version": 1,
        "title": WORDS,
        "description": WORDS,
        "legal_basis": WORDS,
        "area": QUALIFICATIONS,
        "fields": fields or FIELDS,
        **changed,
    }
    return Definition(**made)


def ruled(inner: Audience, outer: Audience = MODULE) -> Definition:
    return a_definition(audience=outer, rules={"name": FieldRule(audience=inner)})


def audience(visibility: Visibility, **named: Any) -> Definition:
    return a_definition(audience=Audience(visibility=visibility, **named))


def encircled(others: int) -> Definition:
    """With so many fields, each for other people, and one more for those of the first."""
    named = [*countries.ALL[:others], countries.ALL[0]]
    audiences = [Audience(visibility=Visibility.COUNTRY, countries=(country,)) for country in named]
    codes = [f"f{number}" for number in range(len(audiences))]
    rules = {code: FieldRule(audience=one) for code, one in zip(codes, audiences, strict=True)}
    return a_definition(*map(field, codes), rules=rules)


LACKING = {code: text for code, text in WORDS.items() if code != "mt"}
CHOICES = (Choice(code="A", label=WORDS), Choice(code="B", label=WORDS))
MANY = tuple(f"aut_{number}" for number in range(NAMED_LIMIT + 1))
FAULTS: list[tuple[Definition, str, str]] = [
    (a_definition(code="Things"), "code", "NOT_A_CODE"),
    (a_definition(version=0), "version", "OUT_OF_RANGE"),
    (a_definition(title=LACKING), "title.mt", "MISSING_LANGUAGE"),
    (a_definition(title={**WORDS, "ru": "x"}), "title.ru", "UNKNOWN_LANGUAGE"),
    (a_definition(title={**WORDS, "hu": "x" * (TITLE_LIMIT + 1)}), "title.hu", "TOO_LONG"),
    (a_definition(description=LACKING), "description.mt", "MISSING_LANGUAGE"),
    (a_definition(legal_basis={}), "legalBasis.bg", "MISSING_LANGUAGE"),
    (a_definition(*(field(f"f{n}") for n in range(FIELDS_LIMIT + 1))), "fields", "OUT_OF_RANGE"),
    (replace(a_definition(), fields=()), "fields", "OUT_OF_RANGE"),
    (a_definition(field("Name")), "fields[0].code", "NOT_A_CODE"),
    (a_definition(field("a=b")), "fields[0].code", "NOT_A_CODE"),
    (a_definition(field(), field()), "fields[1].code", "REPEATED"),
    (a_definition(field(label=LACKING)), "fields[0].label.mt", "MISSING_LANGUAGE"),
    (a_definition(field(help={"en": "x"})), "fields[0].help.bg", "MISSING_LANGUAGE"),
    (a_definition(field(label={**WORDS, "it": "x" * (TEXT_LIMIT + 1)})), "fields[0].label.it", "TOO_LONG"),
    (a_definition(field(kind=ValueType.SINGLE)), "fields[0].choices", "CHOICES"),
    (a_definition(field(choices=CHOICES)), "fields[0].choices", "CHOICES"),
    (
        a_definition(field(kind=ValueType.MULTI, choices=(*CHOICES, CHOICES[0]))),
        "fields[0].choices[2].code",
        "REPEATED",
    ),
    (
        a_definition(field(kind=ValueType.MULTI, choices=(Choice(code="A", label=LACKING),))),
        "fields[0].choices[0].label.mt",
        "MISSING_LANGUAGE",
    ),
    (a_definition(field(minimum=Decimal(1))), "fields[0].minimum", "WRONG_TYPE"),
    (
        a_definition(field(kind=ValueType.NUMBER, minimum=Decimal(2), maximum=Decimal(1))),
        "fields[0].maximum",
        "OUT_OF_RANGE",
    ),
    (a_definition(field(kind=ValueType.STATEMENT, mandatory=True)), "fields[0].mandatory", "WRONG_TYPE"),
    (a_definition(field(kind=ValueType.STATEMENT, searchable=True)), "fields[0].searchable", "WRONG_TYPE"),
    (a_definition(field(many=True)), "fields[0].many", "WRONG_TYPE"),
    (a_definition(area="Doctors"), "areaCode", "NOT_A_CODE"),
    (a_definition(area=""), "areaCode", "MISSING"),
    (a_definition(field("area", ValueType.AREA), area=""), "areaCode", "MISSING"),
    (a_definition(editor_roles=()), "editorRoles", "EMPTY"),
    (a_definition(editor_roles=(UserRole.ALERT_HANDLER,)), "editorRoles[0]", "UNKNOWN_VALUE"),
    (a_definition(retention=Retention(archived_after_months=0)), "retention.archivedAfterMonths", "OUT_OF_RANGE"),
    (
        a_definition(retention=Retention(erased_after_months=MONTHS_LIMIT + 1)),
        "retention.erasedAfterMonths",
        "OUT_OF_RANGE",
    ),
    (
        a_definition(retention=Retention(archived_after_months=7, erased_after_months=6)),
        "retention.erasedAfterMonths",
        "OUT_OF_ORDER",
    ),
    (a_definition(field(personal=True)), "retention.erasedAfterMonths", "PERSONAL_DATA"),
    (a_definition(rules={"born": FieldRule(translatable=True)}), "fields[2].translatable", "WRONG_TYPE"),
    (audience(Visibility.ALL_IMI, countries=("IT",)), "audience.countries", "OTHER_VISIBILITY"),
    (audience(Visibility.MODULE, roles=(UserRole.VIEWER,)), "audience.roles", "OTHER_VISIBILITY"),
    (audience(Visibility.COUNTRY, authorities=("aut_1",)), "audience.authorityIds", "OTHER_VISIBILITY"),
    (audience(Visibility.ROLE, authority_fields=("holder",)), "audience.authorityFields", "OTHER_VISIBILITY"),
    (audience(Visibility.COUNTRY, countries=("US",)), "audience.countries[0]", "UNKNOWN_COUNTRY"),
    (audience(Visibility.COUNTRY, countries=("IT", "IT")), "audience.countries[1]", "REPEATED"),
    (audience(Visibility.ROLE), "audience.roles", "EMPTY"),
    (audience(Visibility.ROLE, roles=(UserRole.ALLOCATOR,)), "audience.roles[0]", "UNKNOWN_VALUE"),
    (audience(Visibility.EXPLICIT), "audience.authorityIds", "EMPTY"),
    (audience(Visibility.EXPLICIT, authority_fields=("born",)), "audience.authorityFields[0]", "UNKNOWN_FIELD"),
    (audience(Visibility.EXPLICIT, authority_fields=("none",)), "audience.authorityFields[0]", "UNKNOWN_FIELD"),
    (audience(Visibility.EXPLICIT, authorities=MANY), "audience.authorityIds", "TOO_MANY"),
    (ruled(Audience(visibility=Visibility.PUBLIC)), "fields[0].audience", "WIDER_THAN_REPOSITORY"),
    (ruled(Audience(visibility=Visibility.ALL_IMI)), "fields[0].audience", "WIDER_THAN_REPOSITORY"),
    (ruled(replace(COUNTRY, countries=("HU",)), COUNTRY), "fields[0].audience", "WIDER_THAN_REPOSITORY"),
    (ruled(Audience(visibility=Visibility.ROLE)), "fields[0].audience.roles", "EMPTY"),
    (encircled(CIRCLES_LIMIT), f"fields[{CIRCLES_LIMIT - 1}].audience", "TOO_MANY"),
]


def test_each_fault_is_refused_by_its_name() -> None:
    for definition, where, reason in FAULTS:
        with cell(where, reason):
            with pytest.raises(Invalid) as refused:
                check_definition(definition, at="definition")
            assert (refused.value.field, refused.value.reason) == (f"definition.{where}", reason)


def test_what_has_no_fault_is_published() -> None:
    kept = Retention(archived_after_months=1, erased_after_months=1)
    for good in (
        a_definition(),
        a_definition(field("area", ValueType.AREA, mandatory=True), area=""),
        a_definition(field(personal=True, searchable=True), retention=kept),
        a_definition(field("holder", ValueType.AUTHORITY, many=True, searchable=True)),
        a_definition(rules={"name": FieldRule(translatable=True, audience=MODULE)}),
        ruled(COUNTRY),
        encircled(CIRCLES_LIMIT - 1),
        ruled(MODULE),
        ruled(replace(COUNTRY, countries=("HU",)), replace(COUNTRY, countries=("HU", "IT"))),
        audience(Visibility.EXPLICIT, authority_fields=("holder",)),
    ):
        check_definition(good, at="definition")


@pytest.mark.parametrize(
    ("new", "where", "reason"),
    [
        (a_definition(version=1), "version", "VERSION"),
        (a_definition(version=3), "version", "VERSION"),
        (a_definition(code="others", version=2), "version", "VERSION"),
        (a_definition(version=2, area="services"), "areaCode", "OTHER_AREA"),
        (a_definition(field(kind=ValueType.LINK), version=2), "fields[0].type", "OTHER_TYPE"),
    ],
)
def test_the_next_version_follows_the_last_and_leaves_what_was_written_readable(
    new: Definition, where: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        check_next(new, [a_definition()], at="definition")
    assert (refused.value.field, refused.value.reason) == (f"definition.{where}", reason)


def test_a_field_that_was_retired_does_not_come_back_as_something_else() -> None:
    second = a_definition(*FIELDS[:2], version=2).after(a_definition())
    with pytest.raises(Invalid) as refused:
        check_next(a_definition(*FIELDS[:2], field("born"), version=3), [second], at="definition")
    assert (refused.value.field, refused.value.reason) == ("definition.fields[2].type", "OTHER_TYPE")
    check_next(a_definition(version=3), [second], at="definition")


def test_every_field_of_the_newest_version_is_searched_whatever_there_was_before() -> None:
    """What an earlier version had of other readers gives way, and what could not be searched is not published."""
    earlier = encircled(CIRCLES_LIMIT - 1)
    new = a_definition(field(), field("other"), version=2, rules={"other": FieldRule(audience=MODULE)}).after(earlier)
    check_next(new, [earlier], at="definition")
    found = layers(new)
    assert (found["name"], found["other"]) == (0, 1)
    assert [one.code for one in new.retired if one.code not in found] == [f"f{CIRCLES_LIMIT - 2}"]
    assert count(new) == CIRCLES_LIMIT


def sent(definition: Definition) -> definitions_pb2.DefinitionDraft:
    return written_as(repository(definition, []))


async def publish(asking: Asking, definition: Definition, key: str = "") -> Any:
    return await send(asking, the_commission(), sent(definition), key)


async def send(asking: Asking, caller: Caller, draft: definitions_pb2.DefinitionDraft, key: str = "") -> Any:
    message = definitions_pb2.PublishDefinitionRequest(command=command(key), definition=draft)
    return await asking.peer(caller).call(asking.stub.PublishDefinition, message)


@pytest.mark.parametrize(
    "caller", [an_editor("IT"), a_person("IT", UserRole.COORDINATOR)], ids=["editor", "coordinator"]
)
async def test_only_the_commission_defines_repositories(asking: Asking, caller: Caller) -> None:
    with pytest.raises(Forbidden):
        await send(asking, caller, sent(a_definition()))


async def test_a_new_repository_is_used_at_once_and_its_next_version_leaves_entries_as_they_were(
    asking: Asking,
) -> None:
    """By configuration only: no code, no restart."""
    italy, hungary = an_editor("IT"), an_editor("HU")
    first = a_definition(code="seals", audience=MODULE)
    assert (await publish(asking, first, "seals one")).repository_id == "seals:1"
    assert (await publish(asking, first, "seals one")).repository_id == "seals:1"
    name, holder = written("Sigillo"), refers(italy.authority_id)
    values = field_values({"name": name, "holder": holder})
    made = await asking.do(italy, "CreateEntry", repository="seals", values=values)
    published = await asking.do(italy, "PublishEntry", id=made.id)
    seen = await asking.read(hungary, made.id)
    assert seen
    assert says(seen.published.values) == says(values)

    second = replace(first, version=2, fields=(FIELDS[0], field("note", mandatory=True)))
    await publish(asking, second)
    assert await asking.read(hungary, made.id) == seen
    old, new = (await asking(italy, "BatchGetRepositories", ids=["seals:1", "seals"], languages=["en"])).repositories
    assert [one.code for one in old.fields] == ["name", "holder", "born"]
    assert ([one.code for one in new.fields], new.schema_version) == (["name", "note"], 2)
    # What is written from now on is written for the new schema.
    with pytest.raises(Invalid) as refused:
        await asking.do(italy, "EditEntry", id=made.id, values=values)
    assert (refused.value.field, refused.value.reason) == ("values[1].code", "UNKNOWN_FIELD")
    await asking.do(italy, "EditEntry", id=made.id, values=field_values({"name": name, "note": written("nota")}))
    again = await asking.do(italy, "PublishEntry", id=made.id)
    assert (again.published.schema_version, again.earlier[0]) == (2, published.published)
    diff = await asking(hungary, "DiffEntry", id=made.id, **{"from": 1, "to": 2})
    assert [one.field_code for one in diff.differences] == ["note", "holder"]
    assert (diff.from_schema_version, diff.to_schema_version) == (1, 2)


def test_a_text_is_of_the_class_that_its_field_has_now_unless_its_writer_has_said_another() -> None:
    """Engines that may not see personal texts see none that were written when nobody knew that they would be."""
    first = a_definition(field(), audience=Audience(visibility=Visibility.PUBLIC))
    second = replace(first, version=2, audience=MODULE).after(first)
    third = replace(second, version=3, fields=(field(personal=True),), retention=Retention(erased_after_months=36))
    third = replace(third, version=3).after(second)
    public, internal, personal, special = DataClass
    for now, written_for, said, expected in (
        (second, 1, public, internal),
        (third, 1, public, personal),
        (third, 2, internal, personal),
        (third, 3, personal, personal),
        # Said by its writer: then, or since.
        (third, 1, internal, internal),
        (third, 2, public, public),
        (third, 3, public, public),
        (third, 1, special, special),
        (first, 1, public, public),
    ):
        with cell(now.version, written_for, said):
            text = FreeText(text="Uno", language="it", data_class=said)
            assert now.class_of("name", text, written_for) is expected


async def test_what_a_field_said_before_it_was_personal_is_personal_wherever_it_is_shown_or_said_again(
    asking: Asking,
) -> None:
    italy, hungary = an_editor("IT"), an_editor("HU")
    first = a_definition(field(), field("note"), field("born", ValueType.DATE), code="unforeseen")
    await publish(asking, first)
    named = Value(text=FreeText(text="Anna Rossi", language="it"))
    values = field_values({"name": named, "note": written("nota")})
    values[0].value.text.ClearField("data_class")
    made = await asking.do(italy, "CreateEntry", repository="unforeseen", values=values)
    published = await asking.do(italy, "PublishEntry", id=made.id)
    assert classes(published.published) == {"name": DataClass.INTERNAL, "note": DataClass.PUBLIC}

    private = (field(personal=True), *first.fields[1:])
    await publish(asking, replace(first, version=2, fields=private, retention=Retention(erased_after_months=36)))
    expected = {"name": DataClass.PERSONAL, "note": DataClass.PUBLIC}
    seen = await asking.read(hungary, made.id)
    assert seen
    assert classes(seen.published) == expected
    found = await asking(hungary, "SearchEntries", repository="unforeseen")
    assert all(classes(one.published) == expected for one in found.entries)
    born = field_values({"born": Value(date=date(1990, 1, 1))})
    edited = await asking.do(italy, "EditEntry", id=made.id, values=[*values, *born])
    assert classes(edited.draft) == expected
    again = await asking.do(italy, "PublishEntry", id=made.id)
    assert (classes(again.published), again.published.schema_version) == (expected, 2)
    back = await asking.do(italy, "RevertEntry", id=made.id, version=1)
    assert (classes(back.draft), back.draft.schema_version) == (expected, 2)


def classes(version: repositories_pb2.EntryVersion) -> dict[str, DataClass]:
    return {code: value.text.data_class for code, value in says(version.values).items() if value.text}


NOBODYS = definitions_pb2.Audience(visibility=definitions_pb2.VISIBILITY_EXPLICIT, authority_ids=["aut_nobody"])
UNFIT: list[tuple[Callable[[definitions_pb2.DefinitionDraft], object], type[Refusal], str, str]] = [
    (lambda draft: draft.title.texts.pop("mt"), Invalid, "definition.title.mt", "MISSING_LANGUAGE"),
    (lambda draft: setattr(draft, "area_code", "fishing"), Invalid, "definition.areaCode", "UNKNOWN_AREA"),
    (lambda draft: draft.audience.Clear(), Invalid, "definition.audience.visibility", "UNKNOWN_VALUE"),
    (
        lambda draft: draft.audience.CopyFrom(NOBODYS),
        Invalid,
        "definition.audience.authorityIds[0]",
        "UNKNOWN_AUTHORITY",
    ),
    (
        lambda draft: draft.fields[0].audience.CopyFrom(NOBODYS),
        Invalid,
        "definition.fields[0].audience.authorityIds[0]",
        "UNKNOWN_AUTHORITY",
    ),
    (
        lambda draft: draft.editor_roles.append(99),  # type: ignore[arg-type]
        Invalid,
        "definition.editorRoles[1]",
        "UNKNOWN_VALUE",
    ),
    (
        lambda draft: draft.editor_roles.extend([draft.editor_roles[0]] * 1_001),
        Invalid,
        "definition.editorRoles",
        "TOO_MANY",
    ),
    (
        lambda draft: draft.audience.roles.extend([draft.editor_roles[0]] * 1_001),
        Invalid,
        "definition.audience.roles",
        "TOO_MANY",
    ),
    (lambda draft: draft.fields.extend([draft.fields[0]] * 1_001), Invalid, "definition.fields", "TOO_MANY"),
    (lambda draft: setattr(draft.fields[0], "type", 0), Invalid, "definition.fields[0].type", "UNKNOWN_VALUE"),
    (
        lambda draft: setattr(draft.fields[0], "choice_list", "colours"),
        Invalid,
        "definition.fields[0].choiceList",
        "UNKNOWN_LIST",
    ),
    (
        lambda draft: setattr(draft.fields[0], "minimum", "x"),
        Invalid,
        "definition.fields[0].minimum",
        "NOT_A_NUMBER",
    ),
    (lambda draft: setattr(draft, "version", 2), Invalid, "definition.version", "VERSION"),
    (lambda draft: setattr(draft, "code", "registers"), Conflict, "", "ALREADY_EXISTS"),
]


async def test_a_fault_on_the_wire_is_refused_by_its_name_and_nothing_is_there(asking: Asking) -> None:
    for change, kind, where, reason in UNFIT:
        with cell(where, reason):
            draft = sent(a_definition(code="faulty"))
            change(draft)
            with pytest.raises(kind) as refused:
                await send(asking, the_commission(), draft)
            assert (refused.value.field, refused.value.reason) == (where, reason)
            assert not (await asking(an_editor("IT"), "BatchGetRepositories", ids=["faulty"])).repositories


async def test_a_definition_is_published_once(asking: Asking) -> None:
    await publish(asking, a_definition(code="once"))
    with pytest.raises(Conflict) as refused:
        await publish(asking, a_definition(code="once", description={**WORDS, "en": "others"}))
    assert refused.value.reason == "ALREADY_EXISTS"


async def test_narrower_readers_of_a_new_version_are_narrower_for_what_was_written_before(asking: Asking) -> None:
    fields = (*FIELDS, field("area", ValueType.AREA, mandatory=True))
    await publish(asking, a_definition(*fields, code="narrowed", area=""))
    values: dict[str, Value] = {"name": written("Uno"), "area": refers(QUALIFICATIONS)}
    italy = an_editor("IT")
    made = await asking.do(italy, "CreateEntry", repository="narrowed", values=field_values(values))
    await asking.do(italy, "PublishEntry", id=made.id)
    outsider = an_editor("HU", modules=("services/repository",))
    assert await asking.read(outsider, made.id)
    await publish(asking, a_definition(*fields, code="narrowed", version=2, area="", audience=MODULE))
    assert await asking.read(outsider, made.id) is None
    assert await asking.read(an_editor("HU"), made.id)
    with pytest.raises(NotFound):
        await asking(outsider, "ListEntryVersions", id=made.id)


async def test_whoever_has_not_signed_in_knows_public_repositories_and_their_public_fields(asking: Asking) -> None:
    listed = (await asking(None, "ListRepositories", languages=["en"])).repositories
    (requirements,) = (one for one in listed if one.code == "requirements")
    assert all(one.visibility == definitions_pb2.VISIBILITY_PUBLIC for one in listed)
    codes = [one.code for one in requirements.fields]
    assert "reasons" not in codes
    assert [one.field_code for one in requirements.field_rules] == codes
    assert not (await asking(None, "BatchGetRepositories", ids=["registers", "registers:1"])).repositories
    with pytest.raises(Invalid) as refused:
        await asking(None, "SearchEntries", repository="registers")
    assert "derogations" not in refused.value.message
    with pytest.raises(NotFound):
        await asking(None, "DiffEntry", id="ent_1")
    for method in ("CreateEntry", "ListOwnEntries", "ListPendingEntries", "BatchGetEntryActions"):
        with pytest.raises(Forbidden):
            await asking(None, method)
