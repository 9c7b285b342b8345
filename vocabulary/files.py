"""What is said of an uploaded file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that was uploaded; the language is empty unless it was declared."""

    id: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    language: str = ""
