"""What is written down of reads of entries, and what an authority may know of those of others (IMI Regulation, Articles 18 and 21).

What anybody may read without signing in is no secret, and who reads it is nobody's business. All else is written down; its owner may
know from which countries it was read.
"""

from services.repositories.domain.audiences import Visibility
from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Entry
from vocabulary.audit import Known, Part


def parts(entry: Entry, definition: Definition) -> tuple[Part, ...]:
    """What a reader is given who is shown *entry*, cut down to what they see; nothing of what everybody sees."""
    versions = (*entry.versions, *entry.earlier)
    shown = {code for version in versions for code in version.values}
    if shown & definition.personal:
        return (Part.CONTENT, Part.PERSONAL_DATA)
    is_open = entry.draft is None and all(_is_public(definition, code) for code in shown)
    return () if is_open else (Part.CONTENT,)


def known(entry: Entry, authority_id: str) -> Known:
    """What *authority_id* may know of the reads of *entry* by others."""
    return Known.COUNTRIES if entry.owner_id == authority_id else Known.NOTHING


def _is_public(definition: Definition, code: str) -> bool:
    audience = definition.rule(code).audience or definition.audience
    return definition.visibility is Visibility.PUBLIC and audience.visibility is Visibility.PUBLIC
