"""Enums of the audit of reads."""

from enum import Enum

import strawberry

from protos.common.v1 import audit_pb2 as audit


@strawberry.enum(description="What was read.")
class AuditedKind(Enum):
    REQUEST = audit.AUDITED_KIND_REQUEST
    ALERT = audit.AUDITED_KIND_ALERT
    ENTRY = audit.AUDITED_KIND_ENTRY
    REPOSITORY = audit.AUDITED_KIND_REPOSITORY
    PERSON = audit.AUDITED_KIND_PERSON
    AUTHORITY = audit.AUDITED_KIND_AUTHORITY
    FILE = audit.AUDITED_KIND_FILE
    AUDIT = audit.AUDITED_KIND_AUDIT


@strawberry.enum(description="How much of something was read, and in which form.")
class AuditedPart(Enum):
    CONTENT = audit.AUDITED_PART_CONTENT
    PERSONAL_DATA = audit.AUDITED_PART_PERSONAL_DATA
    LISTED = audit.AUDITED_PART_LISTED
    FILE = audit.AUDITED_PART_FILE
    REPORT = audit.AUDITED_PART_REPORT
    PROOF = audit.AUDITED_PART_PROOF
    EXPORT = audit.AUDITED_PART_EXPORT
    WITHHELD = audit.AUDITED_PART_WITHHELD
