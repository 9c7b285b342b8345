"""The enums of the schema, valued by the wire: a message's number or code is the enum's value, so nothing is converted."""

from enum import Enum

import strawberry

from protos.alerts.v1 import alerts_pb2 as alerts
from protos.common.v1 import common_pb2 as common
from protos.directory.v1 import directory_pb2 as directory
from protos.directory.v1 import search_pb2 as search
from protos.repositories.v1 import repositories_pb2 as repositories
from protos.requests.v1 import requests_pb2 as requests
from protos.translation.v1 import translation_pb2 as translation


@strawberry.enum(description="The 24 official languages of the Union, Icelandic (IS) and Norwegian Bokmål (NB).")
class Language(Enum):
    BG = "bg"
    CS = "cs"
    DA = "da"
    DE = "de"
    EL = "el"
    EN = "en"
    ES = "es"
    ET = "et"
    FI = "fi"
    FR = "fr"
    GA = "ga"
    HR = "hr"
    HU = "hu"
    IT = "it"
    LT = "lt"
    LV = "lv"
    MT = "mt"
    NL = "nl"
    PL = "pl"
    PT = "pt"
    RO = "ro"
    SK = "sk"
    SL = "sl"
    SV = "sv"
    IS = "is"
    NB = "nb"


@strawberry.enum(description="Which translation engines may see a text.")
class DataClass(Enum):
    PUBLIC = common.DATA_CLASS_PUBLIC
    INTERNAL = common.DATA_CLASS_INTERNAL
    PERSONAL = common.DATA_CLASS_PERSONAL
    SPECIAL_CATEGORY = common.DATA_CLASS_SPECIAL_CATEGORY


@strawberry.enum(description="What a question or a field of a form takes.")
class ValueType(Enum):
    YES_NO = common.VALUE_TYPE_YES_NO
    YES_NO_UNKNOWN = common.VALUE_TYPE_YES_NO_UNKNOWN
    SINGLE = common.VALUE_TYPE_SINGLE
    MULTI = common.VALUE_TYPE_MULTI
    DATE = common.VALUE_TYPE_DATE
    NUMBER = common.VALUE_TYPE_NUMBER
    MONEY = common.VALUE_TYPE_MONEY
    TEXT = common.VALUE_TYPE_TEXT
    DOCUMENT = common.VALUE_TYPE_DOCUMENT
    STATEMENT = common.VALUE_TYPE_STATEMENT
    LINK = common.VALUE_TYPE_LINK
    AUTHORITY = common.VALUE_TYPE_AUTHORITY
    COUNTRY = common.VALUE_TYPE_COUNTRY
    AREA = common.VALUE_TYPE_AREA
    CONCEPT = common.VALUE_TYPE_CONCEPT
    LANGUAGE = common.VALUE_TYPE_LANGUAGE


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
    COORDINATOR = directory.USER_ROLE_COORDINATOR
    LOCAL_DATA_ADMINISTRATOR = directory.USER_ROLE_LOCAL_DATA_ADMINISTRATOR


@strawberry.enum(description="Where a request stands.")
class RequestStatus(Enum):
    DRAFT = requests.REQUEST_STATUS_DRAFT
    SENT = requests.REQUEST_STATUS_SENT
    ACCEPTED = requests.REQUEST_STATUS_ACCEPTED
    ANSWERED = requests.REQUEST_STATUS_ANSWERED
    CLOSED = requests.REQUEST_STATUS_CLOSED
    WITHDRAWN = requests.REQUEST_STATUS_WITHDRAWN


@strawberry.enum(description="What was done to a request.")
class RequestAction(Enum):
    CREATE = requests.REQUEST_ACTION_CREATE
    EDIT = requests.REQUEST_ACTION_EDIT
    SEND = requests.REQUEST_ACTION_SEND
    ACCEPT = requests.REQUEST_ACTION_ACCEPT
    SAVE = requests.REQUEST_ACTION_SAVE
    ANSWER = requests.REQUEST_ACTION_ANSWER
    CLOSE = requests.REQUEST_ACTION_CLOSE
    WITHDRAW = requests.REQUEST_ACTION_WITHDRAW


@strawberry.enum(description="How much of a request the reader sees.")
class RequestView(Enum):
    FULL = requests.REQUEST_VIEW_FULL
    WITHOUT_SUBJECT = requests.REQUEST_VIEW_WITHOUT_SUBJECT
    WITHOUT_PERSONAL_DATA = requests.REQUEST_VIEW_WITHOUT_PERSONAL_DATA


@strawberry.enum(description="Which of the lists of requests.")
class RequestList(Enum):
    ACTION_REQUIRED = requests.REQUEST_LIST_ACTION_REQUIRED
    DRAFTS = requests.REQUEST_LIST_DRAFTS
    SENT = requests.REQUEST_LIST_SENT
    RECEIVED = requests.REQUEST_LIST_RECEIVED
    OVERDUE = requests.REQUEST_LIST_OVERDUE
    COORDINATED = requests.REQUEST_LIST_COORDINATED


@strawberry.enum(description="Where an alert stands.")
class AlertStatus(Enum):
    DRAFT = alerts.ALERT_STATUS_DRAFT
    SUBMITTED = alerts.ALERT_STATUS_SUBMITTED
    BROADCAST = alerts.ALERT_STATUS_BROADCAST


@strawberry.enum(description="What was done to an alert.")
class AlertAction(Enum):
    CREATE = alerts.ALERT_ACTION_CREATE
    EDIT = alerts.ALERT_ACTION_EDIT
    SUBMIT = alerts.ALERT_ACTION_SUBMIT
    RETURN = alerts.ALERT_ACTION_RETURN
    BROADCAST = alerts.ALERT_ACTION_BROADCAST
    ACKNOWLEDGE = alerts.ALERT_ACTION_ACKNOWLEDGE
    DISSEMINATE = alerts.ALERT_ACTION_DISSEMINATE
    ADD_INFORMATION = alerts.ALERT_ACTION_ADD_INFORMATION
    APPROVE_INFORMATION = alerts.ALERT_ACTION_APPROVE_INFORMATION


@strawberry.enum(description="How much of an alert the reader sees.")
class AlertView(Enum):
    FULL = alerts.ALERT_VIEW_FULL
    WITHOUT_PERSONAL_DATA = alerts.ALERT_VIEW_WITHOUT_PERSONAL_DATA


@strawberry.enum(description="Whether added information is shared with all recipients.")
class InformationStatus(Enum):
    PROPOSED = alerts.INFORMATION_STATUS_PROPOSED
    SHARED = alerts.INFORMATION_STATUS_SHARED


@strawberry.enum(description="What an inbox entry tells.")
class InboxEntryKind(Enum):
    BROADCAST = alerts.INBOX_ENTRY_KIND_BROADCAST
    DISSEMINATED = alerts.INBOX_ENTRY_KIND_DISSEMINATED
    INFORMATION = alerts.INBOX_ENTRY_KIND_INFORMATION
    SUBMITTED = alerts.INBOX_ENTRY_KIND_SUBMITTED
    RETURNED = alerts.INBOX_ENTRY_KIND_RETURNED
    INFORMATION_PROPOSED = alerts.INBOX_ENTRY_KIND_INFORMATION_PROPOSED


@strawberry.enum(description="Whether there is a translation.")
class TranslationStatus(Enum):
    TRANSLATED = translation.TRANSLATION_STATUS_TRANSLATED
    IDENTITY = translation.TRANSLATION_STATUS_IDENTITY
    PENDING = translation.TRANSLATION_STATUS_PENDING
    UNAVAILABLE = translation.TRANSLATION_STATUS_UNAVAILABLE


@strawberry.enum(description="Why there is no translation.")
class UnavailableReason(Enum):
    NO_ENGINE = translation.UNAVAILABLE_REASON_NO_ENGINE
    PAIR_UNSUPPORTED = translation.UNAVAILABLE_REASON_PAIR_UNSUPPORTED
    POLICY_BLOCKED = translation.UNAVAILABLE_REASON_POLICY_BLOCKED
    UNDETERMINED_LANGUAGE = translation.UNAVAILABLE_REASON_UNDETERMINED_LANGUAGE
    QUOTA = translation.UNAVAILABLE_REASON_QUOTA
    TIMEOUT = translation.UNAVAILABLE_REASON_TIMEOUT
    VALIDATION_FAILED = translation.UNAVAILABLE_REASON_VALIDATION_FAILED


@strawberry.enum(description="How far a translation can be trusted, best first.")
class QualityTier(Enum):
    HUMAN_REVIEWED = translation.QUALITY_TIER_HUMAN_REVIEWED
    MEMORY_EXACT = translation.QUALITY_TIER_MEMORY_EXACT
    NEURAL = translation.QUALITY_TIER_NEURAL
    RULE_BASED = translation.QUALITY_TIER_RULE_BASED
    PIVOT = translation.QUALITY_TIER_PIVOT


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
