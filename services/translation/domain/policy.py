"""Which engine may see a text. Denied unless it was allowed: an engine with no declared maximum sees nothing.

The rule is asked twice, by whoever chooses an engine and by the engine's own adapter, so that a mistake in one of them sends nothing
out. Placeholders in the place of names do not lower a text's class.
"""

from vocabulary.values import DataClass

# From what everybody may know to what only an engine of the house may see.
_BY_SECRECY = (DataClass.PUBLIC, DataClass.INTERNAL, DataClass.PERSONAL, DataClass.SPECIAL_CATEGORY)


def may_see(maximum: DataClass | None, text: DataClass) -> bool:
    """Whether an engine that may see texts up to *maximum* may see one of class *text*."""
    return maximum is not None and _BY_SECRECY.index(text) <= _BY_SECRECY.index(maximum)


def lower(first: DataClass | None, second: DataClass | None) -> DataClass | None:
    """The narrower of two maxima; none allows nothing."""
    if first is None or second is None:
        return None
    return min(first, second, key=_BY_SECRECY.index)
