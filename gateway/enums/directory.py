"""Enums of the directory's messages."""

from enum import Enum

import strawberry

from protos.directory.v1 import directory_pb2 as directory
from protos.directory.v1 import guidance_pb2 as guidance
from protos.directory.v1 import registration_pb2 as registration
from protos.directory.v1 import search_pb2 as search


@strawberry.enum(description="A part of the system that can be used alone.")
class BuildingBlock(Enum):
    DIRECTORY = guidance.BUILDING_BLOCK_DIRECTORY
    REQUESTS = guidance.BUILDING_BLOCK_REQUESTS
    ALERTS = guidance.BUILDING_BLOCK_ALERTS
    TRANSLATION = guidance.BUILDING_BLOCK_TRANSLATION
    REPOSITORIES = guidance.BUILDING_BLOCK_REPOSITORIES


@strawberry.enum(description="How far an authority's competence reaches.")
class AuthorityLevel(Enum):
    NATIONAL = directory.AUTHORITY_LEVEL_NATIONAL
    REGIONAL = directory.AUTHORITY_LEVEL_REGIONAL
    LOCAL = directory.AUTHORITY_LEVEL_LOCAL
    UNION = directory.AUTHORITY_LEVEL_UNION


@strawberry.enum(description="How an authority stands to a place that was asked for.")
class PlaceRelation(Enum):
    SITS_THERE = search.PLACE_RELATION_SITS_THERE
    SERVES_IT = search.PLACE_RELATION_SERVES_IT


@strawberry.enum(description="Where an authority stands in its registration.")
class AuthorityStatus(Enum):
    INVITED = directory.AUTHORITY_STATUS_INVITED
    REQUESTED = directory.AUTHORITY_STATUS_REQUESTED
    ACTIVE = directory.AUTHORITY_STATUS_ACTIVE
    REJECTED = directory.AUTHORITY_STATUS_REJECTED
    SUSPENDED = directory.AUTHORITY_STATUS_SUSPENDED
    DEREGISTERED = directory.AUTHORITY_STATUS_DEREGISTERED


@strawberry.enum(description="What an authority is in one area of legislation.")
class LegislativeRole(Enum):
    COMPETENT_AUTHORITY = directory.LEGISLATIVE_ROLE_COMPETENT_AUTHORITY
    DIMIC = directory.LEGISLATIVE_ROLE_DIMIC
    LIMIC = directory.LEGISLATIVE_ROLE_LIMIC
    SDIMIC = directory.LEGISLATIVE_ROLE_SDIMIC
    NIMIC = directory.LEGISLATIVE_ROLE_NIMIC
    COMMISSION = directory.LEGISLATIVE_ROLE_COMMISSION


@strawberry.enum(description="What an authority does in one module.")
class WorkflowRole(Enum):
    REQUEST_PARTNER = directory.WORKFLOW_ROLE_REQUEST_PARTNER
    ALERT_AUTHORITY = directory.WORKFLOW_ROLE_ALERT_AUTHORITY
    ALERT_COORDINATOR = directory.WORKFLOW_ROLE_ALERT_COORDINATOR
    REPOSITORY_READER = directory.WORKFLOW_ROLE_REPOSITORY_READER
    REPOSITORY_EDITOR = directory.WORKFLOW_ROLE_REPOSITORY_EDITOR


@strawberry.enum(description="What a person may do in one module, or in their authority.")
class UserRole(Enum):
    VIEWER = directory.USER_ROLE_VIEWER
    REQUEST_HANDLER = directory.USER_ROLE_REQUEST_HANDLER
    SUPERVISOR = directory.USER_ROLE_SUPERVISOR
    ALLOCATOR = directory.USER_ROLE_ALLOCATOR
    ALERT_HANDLER = directory.USER_ROLE_ALERT_HANDLER
    ALERT_DISSEMINATOR = directory.USER_ROLE_ALERT_DISSEMINATOR
    REPOSITORY_EDITOR = directory.USER_ROLE_REPOSITORY_EDITOR
    TRANSLATOR = directory.USER_ROLE_TRANSLATOR
    COORDINATOR = directory.USER_ROLE_COORDINATOR
    LOCAL_DATA_ADMINISTRATOR = directory.USER_ROLE_LOCAL_DATA_ADMINISTRATOR


@strawberry.enum(description="Where an authority's part in a module stands.")
class AccessStatus(Enum):
    REQUESTED = directory.ACCESS_STATUS_REQUESTED
    ACTIVE = directory.ACCESS_STATUS_ACTIVE
    REFUSED = directory.ACCESS_STATUS_REFUSED
    WITHDRAWN = directory.ACCESS_STATUS_WITHDRAWN


@strawberry.enum(description="Which of the lists of those who coordinate.")
class CoordinationList(Enum):
    INVITED = registration.COORDINATION_LIST_INVITED
    REQUESTED = registration.COORDINATION_LIST_REQUESTED
    ACCESS_REQUESTED = registration.COORDINATION_LIST_ACCESS_REQUESTED
    ACTIVE = registration.COORDINATION_LIST_ACTIVE
    SUSPENDED = registration.COORDINATION_LIST_SUSPENDED
    REJECTED = registration.COORDINATION_LIST_REJECTED
    DEREGISTERED = registration.COORDINATION_LIST_DEREGISTERED


@strawberry.enum(description="What can be done to an authority, its access and its people.")
class DirectoryCommand(Enum):
    INVITE = directory.DIRECTORY_COMMAND_INVITE
    RENEW_INVITATION = directory.DIRECTORY_COMMAND_RENEW_INVITATION
    WITHDRAW_INVITATION = directory.DIRECTORY_COMMAND_WITHDRAW_INVITATION
    REGISTER_BY_INVITATION = directory.DIRECTORY_COMMAND_REGISTER_BY_INVITATION
    REGISTER = directory.DIRECTORY_COMMAND_REGISTER
    VALIDATE = directory.DIRECTORY_COMMAND_VALIDATE
    REJECT = directory.DIRECTORY_COMMAND_REJECT
    EDIT = directory.DIRECTORY_COMMAND_EDIT
    SUSPEND = directory.DIRECTORY_COMMAND_SUSPEND
    REINSTATE = directory.DIRECTORY_COMMAND_REINSTATE
    DEREGISTER = directory.DIRECTORY_COMMAND_DEREGISTER
    REQUEST_ACCESS = directory.DIRECTORY_COMMAND_REQUEST_ACCESS
    GRANT_ACCESS = directory.DIRECTORY_COMMAND_GRANT_ACCESS
    REFUSE_ACCESS = directory.DIRECTORY_COMMAND_REFUSE_ACCESS
    CHANGE_ACCESS = directory.DIRECTORY_COMMAND_CHANGE_ACCESS
    WITHDRAW_ACCESS = directory.DIRECTORY_COMMAND_WITHDRAW_ACCESS
    ADD_USER = directory.DIRECTORY_COMMAND_ADD_USER
    EDIT_USER = directory.DIRECTORY_COMMAND_EDIT_USER
    DEACTIVATE_USER = directory.DIRECTORY_COMMAND_DEACTIVATE_USER
    SET_LANGUAGES = directory.DIRECTORY_COMMAND_SET_LANGUAGES
