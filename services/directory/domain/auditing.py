"""What an authority may know of others' reads of its people and of its record (IMI Regulation, Articles 18 and 21).

Who knows the people of an authority are those above it (`users.knows`): by which authority they were read is theirs to know, and
never by which official.
"""

from vocabulary.audit import Known


def known(belongs_to: str, authority_id: str) -> Known:
    """What *authority_id* may know of reads of what belongs to the authority *belongs_to*: a person, or its record."""
    return Known.AUTHORITIES if authority_id == belongs_to else Known.NOTHING
