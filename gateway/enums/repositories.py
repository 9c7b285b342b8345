"""Enums of the repositories service's messages."""

from enum import Enum

import strawberry

from protos.repositories.v1 import repositories_pb2 as repositories


@strawberry.enum(description="Where an entry stands.")
class EntryStatus(Enum):
    DRAFT = repositories.ENTRY_STATUS_DRAFT
    PUBLISHED = repositories.ENTRY_STATUS_PUBLISHED
    WITHDRAWN = repositories.ENTRY_STATUS_WITHDRAWN


@strawberry.enum(description="Who may read the published entries of a repository.")
class Visibility(Enum):
    PUBLIC = repositories.VISIBILITY_PUBLIC
    ALL_IMI = repositories.VISIBILITY_ALL_IMI
    MODULE = repositories.VISIBILITY_MODULE
    COUNTRY = repositories.VISIBILITY_COUNTRY
    ROLE = repositories.VISIBILITY_ROLE
    EXPLICIT = repositories.VISIBILITY_EXPLICIT
