"""Enums of the requests service's messages."""

from enum import Enum

import strawberry

from protos.requests.v1 import requests_pb2 as requests
from protos.requests.v1 import routing_pb2 as routing


@strawberry.enum(description="Where a request stands.")
class RequestStatus(Enum):
    DRAFT = requests.REQUEST_STATUS_DRAFT
    PENDING_SEND_APPROVAL = requests.REQUEST_STATUS_PENDING_SEND_APPROVAL
    SENT = requests.REQUEST_STATUS_SENT
    ACCEPTED = requests.REQUEST_STATUS_ACCEPTED
    PENDING_REPLY_APPROVAL = requests.REQUEST_STATUS_PENDING_REPLY_APPROVAL
    ANSWERED = requests.REQUEST_STATUS_ANSWERED
    MORE_INFO_REQUESTED = requests.REQUEST_STATUS_MORE_INFO_REQUESTED
    MORE_INFO_REFUSED = requests.REQUEST_STATUS_MORE_INFO_REFUSED
    REFERRED = requests.REQUEST_STATUS_REFERRED
    ANSWERED_FINAL = requests.REQUEST_STATUS_ANSWERED_FINAL
    CLOSED = requests.REQUEST_STATUS_CLOSED
    WITHDRAWN = requests.REQUEST_STATUS_WITHDRAWN
    DELETED = requests.REQUEST_STATUS_DELETED
    BLOCKED = requests.REQUEST_STATUS_BLOCKED


@strawberry.enum(description="What is done to a request.")
class RequestAction(Enum):
    CREATE = requests.REQUEST_ACTION_CREATE
    EDIT = requests.REQUEST_ACTION_EDIT
    DELETE = requests.REQUEST_ACTION_DELETE
    SEND = requests.REQUEST_ACTION_SEND
    APPROVE = requests.REQUEST_ACTION_APPROVE
    RETURN = requests.REQUEST_ACTION_RETURN
    ACCEPT = requests.REQUEST_ACTION_ACCEPT
    ACCEPT_PROPOSED_DATE = requests.REQUEST_ACTION_ACCEPT_PROPOSED_DATE
    REFUSE_PROPOSED_DATE = requests.REQUEST_ACTION_REFUSE_PROPOSED_DATE
    FORWARD = requests.REQUEST_ACTION_FORWARD
    SPLIT = requests.REQUEST_ACTION_SPLIT
    ASSIGN = requests.REQUEST_ACTION_ASSIGN
    SAVE = requests.REQUEST_ACTION_SAVE
    RELEASE = requests.REQUEST_ACTION_RELEASE
    ANSWER = requests.REQUEST_ACTION_ANSWER
    REQUEST_MORE_INFORMATION = requests.REQUEST_ACTION_REQUEST_MORE_INFORMATION
    GIVE_MORE_INFORMATION = requests.REQUEST_ACTION_GIVE_MORE_INFORMATION
    REFUSE_MORE_INFORMATION = requests.REQUEST_ACTION_REFUSE_MORE_INFORMATION
    ACCEPT_REFUSAL = requests.REQUEST_ACTION_ACCEPT_REFUSAL
    REFER = requests.REQUEST_ACTION_REFER
    GIVE_OPINION = requests.REQUEST_ACTION_GIVE_OPINION
    DECIDE_SATISFACTORY = requests.REQUEST_ACTION_DECIDE_SATISFACTORY
    DECIDE_MUST_IMPROVE = requests.REQUEST_ACTION_DECIDE_MUST_IMPROVE
    CLOSE = requests.REQUEST_ACTION_CLOSE
    WITHDRAW = requests.REQUEST_ACTION_WITHDRAW
    REMIND = requests.REQUEST_ACTION_REMIND
    INVOLVE_COORDINATORS = requests.REQUEST_ACTION_INVOLVE_COORDINATORS
    BLOCK = requests.REQUEST_ACTION_BLOCK
    PROVE = requests.REQUEST_ACTION_PROVE
    ERASE = requests.REQUEST_ACTION_ERASE


@strawberry.enum(description="Why a request is on somebody's list of things to do.")
class RequestTask(Enum):
    CORRECT_DRAFT = requests.REQUEST_TASK_CORRECT_DRAFT
    APPROVE_SENDING = requests.REQUEST_TASK_APPROVE_SENDING
    ACCEPT = requests.REQUEST_TASK_ACCEPT
    ASSIGN = requests.REQUEST_TASK_ASSIGN
    DECIDE_ON_DATE = requests.REQUEST_TASK_DECIDE_ON_DATE
    ANSWER = requests.REQUEST_TASK_ANSWER
    APPROVE_REPLY = requests.REQUEST_TASK_APPROVE_REPLY
    EVALUATE_REPLY = requests.REQUEST_TASK_EVALUATE_REPLY
    GIVE_MORE_INFORMATION = requests.REQUEST_TASK_GIVE_MORE_INFORMATION
    DECIDE_ON_REFUSAL = requests.REQUEST_TASK_DECIDE_ON_REFUSAL
    GIVE_OPINION = requests.REQUEST_TASK_GIVE_OPINION
    DECIDE_REFERRAL = requests.REQUEST_TASK_DECIDE_REFERRAL
    CLOSE = requests.REQUEST_TASK_CLOSE


@strawberry.enum(description="How much of a request the reader sees.")
class RequestView(Enum):
    FULL = requests.REQUEST_VIEW_FULL
    WITHOUT_SUBJECT = requests.REQUEST_VIEW_WITHOUT_SUBJECT
    WITHOUT_PERSONAL_DATA = requests.REQUEST_VIEW_WITHOUT_PERSONAL_DATA
    WITHOUT_ANSWERS = requests.REQUEST_VIEW_WITHOUT_ANSWERS


@strawberry.enum(description="What of the subject a text gives away.")
class Leak(Enum):
    NAME = requests.LEAK_NAME
    BIRTH_DATE = requests.LEAK_BIRTH_DATE
    NUMBER = requests.LEAK_NUMBER


@strawberry.enum(description="Why an authority is suggested as a recipient.")
class RoutingReason(Enum):
    CONCEPT = routing.ROUTING_REASON_CONCEPT
    BROADER_CONCEPT = routing.ROUTING_REASON_BROADER_CONCEPT
    NARROWER_CONCEPT = routing.ROUTING_REASON_NARROWER_CONCEPT
    COORDINATOR_OF_AREA = routing.ROUTING_REASON_COORDINATOR_OF_AREA
    LEVEL = routing.ROUTING_REASON_LEVEL
    REGION = routing.ROUTING_REASON_REGION
    SHARED_LANGUAGE = routing.ROUTING_REASON_SHARED_LANGUAGE
    WORKLOAD = routing.ROUTING_REASON_WORKLOAD
    ANSWERED_BEFORE = routing.ROUTING_REASON_ANSWERED_BEFORE


@strawberry.enum(description="How a referral is decided.")
class ReferralVerdict(Enum):
    SATISFACTORY = requests.REFERRAL_VERDICT_SATISFACTORY
    MUST_IMPROVE = requests.REFERRAL_VERDICT_MUST_IMPROVE


@strawberry.enum(description="How good something was.")
class Grade(Enum):
    VERY_GOOD = requests.GRADE_VERY_GOOD
    GOOD = requests.GRADE_GOOD
    FAIR = requests.GRADE_FAIR
    POOR = requests.GRADE_POOR


@strawberry.enum(
    description="CHANGED: the last changed first. DUE: what is due first first, and last what is not awaited by a day."
)
class RequestSort(Enum):
    CHANGED = requests.REQUEST_SORT_CHANGED
    DUE = requests.REQUEST_SORT_DUE


@strawberry.enum(description="Which of the lists of requests.")
class RequestList(Enum):
    ACTION_REQUIRED = requests.REQUEST_LIST_ACTION_REQUIRED
    DRAFTS = requests.REQUEST_LIST_DRAFTS
    SENT = requests.REQUEST_LIST_SENT
    RECEIVED = requests.REQUEST_LIST_RECEIVED
    OVERDUE = requests.REQUEST_LIST_OVERDUE
    COORDINATED = requests.REQUEST_LIST_COORDINATED
