"""Several texts as one HTML document, for engines that take one text or one document at a time, and the texts out of its translation.

Each line that is not blank is a paragraph. Its id says which line of which text it is and how many there are, so that the translation
alone tells whether anything was lost. Space at the ends of a line is not kept: HTML knows none there.
"""

import re
from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser

from services.translation.providers.port import Outcome, Rejected, Rendered

TEXTS_LIMIT = 100
LINES_LIMIT = 10_000

# text, texts, line, lines of the text, paragraphs of the text
_PLACE = re.compile(r"t" + r"\.".join([r"([0-9]{1,5})"] * 5))


def document(texts: Sequence[str], language: str) -> str:
    """*texts*, which are in *language*, as one document."""
    paragraphs = []
    for number, text in enumerate(texts):
        lines = text.split("\n")
        # One that is blank altogether has a paragraph as well, or nothing would tell of it.
        told = [place for place, line in enumerate(lines) if line.strip()] or [0]
        for place in told:
            id_ = f"t{number}.{len(texts)}.{place}.{len(lines)}.{len(told)}"
            paragraphs.append(f'<p id="{id_}">{escape(lines[place].strip(), quote=False)}</p>')
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8"><title></title></head>\n'
        f"<body>\n{chr(10).join(paragraphs)}\n</body></html>\n"
    )


def texts_of(translated: str) -> list[Outcome]:
    """The texts of a *translated* document, in their order; raises Rejected if it cannot be told how many there were."""
    reader = _Reader()
    reader.feed(translated)
    reader.close()
    counts = {place[1] for place in reader.found}
    if len(counts) != 1 or not 0 < (count := counts.pop()) <= TEXTS_LIMIT:
        raise Rejected("the translated document does not say which texts it has")
    return [_text(number, reader.found) for number in range(count)]


def _text(number: int, found: dict[tuple[int, ...], str]) -> Outcome:
    own = {place[2:]: text for place, text in found.items() if place[0] == number}
    sizes = {place[1:] for place in own}
    if len(sizes) != 1:
        return Rejected("a text is missing in the translated document")
    lines, paragraphs = sizes.pop()
    whole = [""] * min(lines, LINES_LIMIT)
    if paragraphs != len(own) or any(place[0] >= len(whole) for place in own):
        return Rejected("a paragraph is missing in the translated document")
    for (place, *_), text in own.items():
        whole[place] = " ".join(text.split())
    return Rendered(text="\n".join(whole))


class _Reader(HTMLParser):
    """Collects the text of our paragraphs, whatever an engine has put around and into them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[tuple[int, ...], str] = {}
        self._place: tuple[int, ...] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.handle_data(" ")
        elif tag == "p":
            told = _PLACE.fullmatch(dict(attrs).get("id") or "")
            self._place = tuple(map(int, told.groups())) if told else None
            if self._place is not None:
                # What comes twice is not ours: then the last one counts, and no more than the last.
                self.found[self._place] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "p":
            self._place = None

    def handle_data(self, data: str) -> None:
        if self._place is not None:
            self.found[self._place] += data
