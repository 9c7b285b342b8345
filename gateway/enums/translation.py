"""Enums of the translation service's messages."""

from enum import Enum

import strawberry

from protos.translation.v1 import translation_pb2 as translation


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
    ENGINE_FAILED = translation.UNAVAILABLE_REASON_ENGINE_FAILED
    AS_WRITTEN = translation.UNAVAILABLE_REASON_AS_WRITTEN


@strawberry.enum(description="How far a translation can be trusted, best first.")
class QualityTier(Enum):
    HUMAN_REVIEWED = translation.QUALITY_TIER_HUMAN_REVIEWED
    MEMORY_EXACT = translation.QUALITY_TIER_MEMORY_EXACT
    NEURAL = translation.QUALITY_TIER_NEURAL
    RULE_BASED = translation.QUALITY_TIER_RULE_BASED
    PIVOT = translation.QUALITY_TIER_PIVOT
