"""What every part has: languages, kinds of values, what is said of texts and files."""

from enum import Enum

import strawberry

from protos.common.v1 import common_pb2 as common
from protos.requests.v1 import requests_pb2 as requests


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


@strawberry.enum(description="What allows to read what is blocked (Regulation (EU) No 1024/2012, Article 14(3)).")
class ProofGround(Enum):
    CONSENT = common.PROOF_GROUND_CONSENT
    PUBLIC_INTEREST = common.PROOF_GROUND_PUBLIC_INTEREST


@strawberry.enum(description="What the scanner for malware said of a file.")
class ScanState(Enum):
    CLEAN = requests.SCAN_STATE_CLEAN
    INFECTED = requests.SCAN_STATE_INFECTED
    NOT_SCANNED = requests.SCAN_STATE_NOT_SCANNED
