"""A report as a PDF (ISO 32000): A4 pages, its fonts inside it, the same bytes for the same report."""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

import fontpkg
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

from services.requests.report.document import Block, Document, Fact, Gist, Heading, Note, Quote, Subheading
from vocabulary.refusals import Invalid

FONT = "Noto Sans"
LINE_MM = 5.0
INDENT_MM = 6.0
MARGIN_MM = 18.0
# About 200 pages. A case has texts of 4,000 characters each; what is hostile in them makes no report endless.
CHARACTERS_LIMIT = 600_000
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
GREY, BLACK = 90, 0
# Stands for the number of pages until it is known. No text has it, for nothing invisible gets in.
_PAGES = "\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NON-JOINER}" * 3

_MANY_LINES = re.compile(r"\n{3,}")
# No language puts more on a letter; they take no width, so that a line of nothing else would never end.
_MARKS = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MANY_MARKS = re.compile(rf"({_MARKS}{{3}}){_MARKS}+")
# What a reader would not see, but which moves or hides what they do: controls, direction marks, hyphens to be.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


class _Pages(FPDF):
    """Pages with the report's foot below each of them."""

    def __init__(self, foot: str) -> None:
        super().__init__(format="A4")
        self._foot = foot
        self.alias_nb_pages(_PAGES)

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font(FONT, size=8)
        self.set_text_color(GREY)
        foot = self._foot.replace("{page}", str(self.page_no())).replace("{pages}", _PAGES)
        self.cell(0, LINE_MM, foot, align="C")
        self.set_text_color(BLACK)


def render(document: Document) -> bytes:
    """*document* as a PDF; raises Invalid if it is too long for one."""
    length = sum(len(getattr(block, name)) for block in document.blocks for name in block.__slots__)
    if length > CHARACTERS_LIMIT:
        raise Invalid(
            f"the report would have {length} characters; {CHARACTERS_LIMIT} fit", field="id", reason="REPORT_TOO_LARGE"
        )
    pages = _Pages(shown(document.foot))
    pages.set_creation_date(document.at)
    pages.set_title(document.title)
    pages.set_lang(document.language)
    pages.set_producer("IMI")
    pages.set_margin(MARGIN_MM)
    pages.set_auto_page_break(auto=True, margin=MARGIN_MM + 4)
    pages.add_font(FONT, fname=_font())
    try:
        pages.add_page()
        _written(pages, document.title, size=16, strong=True)
        for block in document.blocks:
            _put(pages, block)
        return bytes(pages.output())
    finally:
        for font in pages.fonts.values():
            if isinstance(font, TTFFont):
                font.close()


def shown(text: str) -> str:
    """*text* as pages can show it: what is invisible is left out, what the font does not have is marked as missing."""
    text = (
        _MANY_MARKS.sub(r"\1", unicodedata.normalize("NFC", text))
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\t", "    ")
    )
    has = _characters()
    kept = (
        one if one == "\n" or ord(one) in has else REPLACEMENT
        for one in text
        if one == "\n" or unicodedata.category(one) not in _INVISIBLE
    )
    return _MANY_LINES.sub("\n\n", "".join(kept))


def _put(pages: FPDF, block: Block) -> None:
    match block:
        case Heading(text):
            _keep_together(pages, 5)
            pages.ln(LINE_MM)
            _written(pages, text, size=13, strong=True)
        case Subheading(text):
            _keep_together(pages, 3)
            pages.ln(LINE_MM / 2)
            _written(pages, text, strong=True)
        case Fact(label, text):
            _written(pages, f"{label}: {text}" if label else text)
        case Quote(label, text, note):
            _written(pages, f"{label} ({note}):")
            _written(pages, text, indent=INDENT_MM)
        case Gist(mark, text, notice):
            _written(pages, mark, indent=INDENT_MM, strong=True, grey=True)
            _written(pages, text, indent=INDENT_MM, grey=True)
            _written(pages, notice, size=8, indent=INDENT_MM, grey=True)
        case Note(text):
            _written(pages, text, size=9, grey=True)


def _keep_together(pages: FPDF, lines: int) -> None:
    """Begin a new page unless so many more lines fit: what is headed follows its heading."""
    if pages.will_page_break(LINE_MM * lines):
        pages.add_page()


def _written(
    pages: FPDF, text: str, *, size: float = 10, indent: float = 0, strong: bool = False, grey: bool = False
) -> None:
    pages.set_font(FONT, size=size)
    colour = GREY if grey else BLACK
    pages.set_text_color(colour)
    pages.set_x(MARGIN_MM + indent)
    height = LINE_MM * max(1.0, size / 10)
    # The font has one weight: what is strong is drawn with an outline.
    with pages.local_context(text_mode="FILL_STROKE" if strong else "FILL", line_width=size * 0.009, draw_color=colour):
        pages.multi_cell(0, height, shown(text) or " ", align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _font() -> Path:
    return Path(fontpkg.path(FONT))


@lru_cache(1)
def _characters() -> frozenset[int]:
    """The characters that the font has."""
    with TTFont(_font(), lazy=True) as font:
        return frozenset(font.getBestCmap())
