"""A text as sentences, for engines that want one at a time, and as pieces that are short enough.

Put together again they are the text, character by character. Where a sentence ends is not always to be told: then it goes on, because
two sentences at once can be translated, and half of one cannot.
"""

import re
from collections.abc import Iterator

from services.translation.domain.abbreviations import ABBREVIATIONS

# A sentence that is longer ends at a semicolon or colon, where it has one.
LONG = 400
# Of a Greek sentence, the question mark looks like a semicolon.
_ENDS = {"el": ".!?;…"}
_USUAL_ENDS = ".!?…"
# So much of what stands before a space tells whether a sentence ends there.
TELLING = 64
# Where an ordinal has a point behind it, as in `3. května`.
_ORDINALS = frozenset({"cs", "da", "de", "et", "fi", "hr", "hu", "is", "lv", "nb", "pl", "sk", "sl"})
_CLOSING = "\"'»”’)]⟧"
_BREAK = re.compile(r"\n+\s*|\s+")
_LAST_WORD = re.compile(r"[^\W_]+$")


def sentences(text: str, language: str) -> list[str]:
    """*text*, cut behind each sentence and the space that follows it."""
    pieces: list[str] = []
    start = 0
    for end in _boundaries(text, language):
        pieces.append(text[start:end])
        start = end
    if start < len(text):
        pieces.append(text[start:])
    return [part for piece in pieces for part in (_halves(piece) if len(piece) > LONG else [piece])]


def pieces(text: str, language: str, characters_max: int) -> list[str]:
    """*text* in as few pieces of at most *characters_max* as whole sentences allow; one that is longer is cut between words."""
    if len(text) <= characters_max:
        return [text]
    found = [""]
    for sentence in sentences(text, language):
        for part in _short(sentence, characters_max):
            if len(found[-1]) + len(part) > characters_max:
                found.append("")
            found[-1] += part
    return [piece for piece in found if piece]


def core(piece: str) -> tuple[str, str, str]:
    """The space before a piece, what there is to translate, and the space behind it."""
    stripped = piece.strip()
    head = piece[: len(piece) - len(piece.lstrip())] if stripped else piece
    return head, stripped, piece[len(head) + len(stripped) :]


def _boundaries(text: str, language: str) -> Iterator[int]:
    for space in _BREAK.finditer(text):
        if space.end() == len(text) or space.start() == 0:
            continue
        if "\n" in space.group() or _is_end(_before(text, space.start()), text[space.end()], language):
            yield space.end()


def _before(text: str, end: int) -> str:
    return text[max(0, end - TELLING) : end]


def _is_end(before: str, following: str, language: str) -> bool:
    """Whether a sentence ends with *before*, if the next word begins with *following*."""
    said = before.rstrip(_CLOSING)
    if not said or said[-1] not in _ENDS.get(language, _USUAL_ENDS):
        return False
    if following.islower() or not (following.isalpha() or following.isdigit() or following in "\"'«„“‘([⟦<¿¡–—-"):
        return False
    return said[-1] != "." or not _is_abbreviated(said[:-1], language, following)


def _is_abbreviated(said: str, language: str, following: str) -> bool:
    """Whether the point behind *said* belongs to its last word."""
    match = _LAST_WORD.search(said)
    if match is None:
        return False
    word = match.group()
    if word.isdigit():
        # A year or an amount ends a sentence.
        return language in _ORDINALS and len(word) <= 2
    if len(word) == 1 or word.lower() in ABBREVIATIONS.get(language, frozenset()):
        return True
    return following.isdigit() and word.lower() in ABBREVIATIONS[""]


def _halves(sentence: str) -> list[str]:
    """A long *sentence*, cut behind semicolons and colons."""
    return [part for part in re.split(r"(?<=[;:]\s)", sentence) if part]


def _short(sentence: str, characters_max: int) -> Iterator[str]:
    while len(sentence) > characters_max:
        space = sentence.rfind(" ", 1, characters_max)
        # Inside of a mark (`<x id="0"/>`) there is one, too.
        while sentence.endswith("<x", 0, max(space, 0)):
            space = sentence.rfind(" ", 1, space)
        cut = space + 1 if space > 0 else characters_max
        yield sentence[:cut]
        sentence = sentence[cut:]
    if sentence:
        yield sentence
