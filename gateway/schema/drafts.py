"""What clients write of an authority, or in many languages, and how it becomes a message."""

import strawberry

from gateway.enums import AuthorityLevel, Language, LegislativeRole, WorkflowRole
from protos.common.v1 import common_pb2
from protos.directory.v1 import directory_pb2
from protos.directory.v1 import registration_pb2 as pb
from vocabulary.refusals import Invalid


@strawberry.input
class LocalizedTextInput:
    language: Language
    text: str


def localized_text(given: list[LocalizedTextInput] | None, at: str) -> common_pb2.LocalizedText | None:
    """*given*, which stands at *at*; raises Invalid if a language is there twice: one of the two would be lost."""
    if given is None:
        return None
    texts: dict[str, str] = {}
    for one in given:
        code = str(one.language.value)
        if code in texts:
            raise Invalid("there is a text in this language already", field=f"{at}.{code}", reason="REPEATED")
        texts[code] = one.text
    return common_pb2.LocalizedText(texts=texts)


@strawberry.input
class ChoiceInput:
    code: str
    label: list[LocalizedTextInput]


def choices(given: list[ChoiceInput], at: str) -> list[common_pb2.Choice]:
    """*given*, which stand at *at*."""
    return [
        common_pb2.Choice(code=one.code, label=localized_text(one.label, f"{at}[{index}].label"))
        for index, one in enumerate(given)
    ]


@strawberry.input
class ContactInput:
    email: str = ""
    phone: str = ""
    website: str = ""
    town: str = ""


def contact(given: ContactInput | None) -> directory_pb2.Contact | None:
    if given is None:
        return None
    return directory_pb2.Contact(email=given.email, phone=given.phone, website=given.website, town=given.town)


@strawberry.input
class ModuleAccessInput:
    module: str
    legislative_role: LegislativeRole
    workflow_roles: list[WorkflowRole]


@strawberry.input
class AuthorityInput:
    country: str
    level: AuthorityLevel
    region: str | None = None
    official_name: list[LocalizedTextInput]
    informal_name: list[LocalizedTextInput] = strawberry.field(default_factory=list)
    description: list[LocalizedTextInput] = strawberry.field(default_factory=list)
    languages: list[Language]
    contact: ContactInput = strawberry.field(default_factory=ContactInput)
    concepts: list[strawberry.ID] = strawberry.field(default_factory=list)
    access: list[ModuleAccessInput] = strawberry.field(default_factory=list)


def draft(given: AuthorityInput) -> pb.AuthorityDraft:
    return pb.AuthorityDraft(
        country_code=given.country,
        level=given.level.value,
        region_code=given.region or "",
        official_name=localized_text(given.official_name, "authority.officialName"),
        informal_name=localized_text(given.informal_name, "authority.informalName"),
        description=localized_text(given.description, "authority.description"),
        languages=codes(given.languages),
        contact=contact(given.contact),
        concept_ids=given.concepts,
        access=[
            directory_pb2.ModuleAccess(
                module=access.module,
                legislative_role=access.legislative_role.value,
                workflow_roles=[role.value for role in access.workflow_roles],
            )
            for access in given.access
        ],
    )


def codes(given: list[Language] | None) -> list[str]:
    return [language.value for language in given or ()]
