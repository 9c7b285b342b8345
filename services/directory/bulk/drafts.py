"""Rows ↔ authorities, by way of the draft that a registration takes: what it refuses is refused here, in the words of the file."""

from collections.abc import Mapping, Sequence
from typing import Any

from chassis import wire as shared
from chassis.tables.rows import Cell, Row
from protos.common.v1 import common_pb2
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1.registration_pb2 import AuthorityDraft
from services.directory import wire
from services.directory.bulk import columns
from services.directory.domain.authorities import Authority, ModuleAccess
from vocabulary.participants import Level
from vocabulary.refusals import Invalid
from vocabulary.roles import LegislativeRole, WorkflowRole

# As the law's own texts shorten it.
SHORT = {"CA": LegislativeRole.COMPETENT_AUTHORITY}


def cells(id_: str, authority: Authority) -> dict[str, Cell]:
    """All that a file says of *authority*; of one that no import registered, by the directory's own id."""
    contact = authority.contact
    return {
        columns.EXTERNAL_ID: authority.external_id or id_,
        columns.STATUS: authority.status,
        columns.COUNTRY: authority.country,
        columns.LEVEL: authority.level,
        columns.REGION: authority.region,
        **{name: getattr(contact, name) for name in columns.CONTACT},
        columns.LANGUAGES: authority.languages,
        columns.CONCEPTS: authority.concepts,
        **{columns.MODULES + one.module: (one.legislative_role, *one.workflow_roles) for one in authority.access},
        **{f"{name}.{language}": text for name in columns.TEXTS for language, text in getattr(authority, name).items()},
    }


def changed(before: Mapping[str, Cell], after: Mapping[str, Cell]) -> list[str]:
    """The columns in which two differ."""
    return [name for name in {**before, **after} if (before.get(name) or "") != (after.get(name) or "")]


def said(row: Row, before: Authority | None, country: str) -> Authority:
    """What *row* says of an authority: it is as *before* where the file has no column. Raises Invalid naming the column."""
    draft = _draft(before) if before is not None else AuthorityDraft(country_code=country)
    _lay_over(draft, row)
    try:
        return wire.authority_from(draft, at="authority")
    except Invalid as refusal:
        raise in_columns(refusal, [access.module for access in draft.access]) from refusal


def in_columns(refusal: Any, modules: Sequence[str]) -> Any:
    """*refusal*, whose field is named as the file does."""
    if not refusal.field:
        return refusal
    return type(refusal)(refusal.message, field=columns.column(refusal.field, modules), reason=refusal.reason)


def _draft(authority: Authority) -> AuthorityDraft:
    return AuthorityDraft(
        country_code=authority.country,
        level=wire.LEVEL.to_wire(authority.level),
        region_code=authority.region,
        official_name=shared.localized(authority.official_name, ()),
        informal_name=shared.localized(authority.informal_name, ()),
        description=shared.localized(authority.description, ()),
        languages=authority.languages,
        contact=wire.contact(authority.contact),
        concept_ids=authority.concepts,
        access=[wire.module_access(access) for access in authority.access],
    )


def _lay_over(draft: AuthorityDraft, row: Row) -> None:
    """Write the cells of *row* over *draft*; an empty cell empties what it is about."""
    access = {one.module: one for one in draft.access}
    for name, cell in row.cells.items():
        text, words = (cell, ()) if isinstance(cell, str) else ("", cell)
        head, _, inner = name.partition(".")
        if head in columns.TEXTS:
            _set_text(getattr(draft, head), inner, text)
        elif name.startswith(columns.MODULES):
            _set_access(access, inner, words, name)
        elif name in columns.CONTACT:
            setattr(draft.contact, name, text)
        elif name == columns.COUNTRY:
            draft.country_code = text.upper() or draft.country_code
        elif name == columns.LEVEL:
            draft.level = wire.LEVEL.to_wire(_word(Level, text, name))
        elif name == columns.REGION:
            draft.region_code = text.upper()
        elif name in (columns.LANGUAGES, columns.CONCEPTS):
            held = draft.languages if name == columns.LANGUAGES else draft.concept_ids
            del held[:]
            held.extend(words)
    del draft.access[:]
    draft.access.extend(access.values())


def _set_text(texts: common_pb2.LocalizedText, language: str, text: str) -> None:
    if text:
        texts.texts[language] = text
    else:
        texts.texts.pop(language, None)


def _set_access(access: dict[str, pb.ModuleAccess], module: str, words: tuple[str, ...], name: str) -> None:
    """The part in *module*: its legislative role, then what it does there; none, if there are no words."""
    if not words:
        access.pop(module, None)
        return
    role, *does = words
    legislative = SHORT.get(role.upper()) or _word(LegislativeRole, role, name)
    workflow = tuple(dict.fromkeys(_word(WorkflowRole, word, name) for word in does))
    access[module] = wire.module_access(
        ModuleAccess(module=module, legislative_role=legislative, workflow_roles=workflow)
    )


def _word(kind: Any, word: str, name: str) -> Any:
    """The member of *kind* that *word* names; raises Invalid naming the column."""
    if word.upper() not in kind.__members__:
        raise Invalid(f"{word!r} is not one of {', '.join(kind)}", field=name, reason="UNKNOWN_VALUE")
    return kind(word.upper())
