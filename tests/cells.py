"""Tables of rules are tested cell by cell in one test for a table or a row: a test for each cell costs more than what it tries."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cell(*words: object) -> Iterator[None]:
    """What goes wrong inside is told with the name of the cell."""
    try:
        yield
    except BaseException as failed:  # `pytest.raises` that saw nothing raised is no Exception
        failed.add_note(f"in the cell {', '.join(str(word) or repr(word) for word in words)}")
        raise
