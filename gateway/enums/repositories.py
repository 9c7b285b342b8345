"""Enums of the repositories service's messages."""

from enum import Enum

import strawberry

from protos.repositories.v1 import definitions_pb2 as definitions
from protos.repositories.v1 import repositories_pb2 as repositories


@strawberry.enum(description="Where an entry stands.")
class EntryStatus(Enum):
    DRAFT = repositories.ENTRY_STATUS_DRAFT
    PENDING_APPROVAL = repositories.ENTRY_STATUS_PENDING_APPROVAL
    PUBLISHED = repositories.ENTRY_STATUS_PUBLISHED
    UPDATE_PENDING = repositories.ENTRY_STATUS_UPDATE_PENDING
    WITHDRAWN = repositories.ENTRY_STATUS_WITHDRAWN
    EXPIRED = repositories.ENTRY_STATUS_EXPIRED
    ARCHIVED = repositories.ENTRY_STATUS_ARCHIVED
    DELETED = repositories.ENTRY_STATUS_DELETED


@strawberry.enum(description="What can be done to an entry.")
class EntryAction(Enum):
    CREATE = repositories.ENTRY_ACTION_CREATE
    EDIT = repositories.ENTRY_ACTION_EDIT
    REVERT = repositories.ENTRY_ACTION_REVERT
    DELETE_DRAFT = repositories.ENTRY_ACTION_DELETE_DRAFT
    SUBMIT = repositories.ENTRY_ACTION_SUBMIT
    RETURN = repositories.ENTRY_ACTION_RETURN
    APPROVE = repositories.ENTRY_ACTION_APPROVE
    PUBLISH = repositories.ENTRY_ACTION_PUBLISH
    WITHDRAW = repositories.ENTRY_ACTION_WITHDRAW
    EXPIRE = repositories.ENTRY_ACTION_EXPIRE
    ARCHIVE = repositories.ENTRY_ACTION_ARCHIVE
    ERASE = repositories.ENTRY_ACTION_ERASE


@strawberry.enum(description="What a change is to its reader.")
class EntryChangeKind(Enum):
    ADDED = repositories.ENTRY_CHANGE_KIND_ADDED
    UPDATED = repositories.ENTRY_CHANGE_KIND_UPDATED
    REMOVED = repositories.ENTRY_CHANGE_KIND_REMOVED


@strawberry.enum(description="By what entries are sorted.")
class EntryOrder(Enum):
    CHANGED = repositories.ENTRY_ORDER_CHANGED
    COUNTRY = repositories.ENTRY_ORDER_COUNTRY
    VALID_TO = repositories.ENTRY_ORDER_VALID_TO
    FIELD = repositories.ENTRY_ORDER_FIELD


@strawberry.enum(description="How the address in a field answered when it was last looked at.")
class LinkState(Enum):
    NOT_CHECKED = repositories.LINK_STATE_NOT_CHECKED
    REACHABLE = repositories.LINK_STATE_REACHABLE
    REFUSED = repositories.LINK_STATE_REFUSED
    UNREACHABLE = repositories.LINK_STATE_UNREACHABLE
    NOT_ALLOWED = repositories.LINK_STATE_NOT_ALLOWED


@strawberry.enum(description="Who may read what is published, the widest first.")
class Visibility(Enum):
    PUBLIC = definitions.VISIBILITY_PUBLIC
    ALL_IMI = definitions.VISIBILITY_ALL_IMI
    MODULE = definitions.VISIBILITY_MODULE
    COUNTRY = definitions.VISIBILITY_COUNTRY
    ROLE = definitions.VISIBILITY_ROLE
    EXPLICIT = definitions.VISIBILITY_EXPLICIT


@strawberry.enum(description="What people do in a repository's module.")
class RepositoryRole(Enum):
    VIEWER = definitions.REPOSITORY_ROLE_VIEWER
    SUPERVISOR = definitions.REPOSITORY_ROLE_SUPERVISOR
    REPOSITORY_EDITOR = definitions.REPOSITORY_ROLE_REPOSITORY_EDITOR
    COORDINATOR = definitions.REPOSITORY_ROLE_COORDINATOR
