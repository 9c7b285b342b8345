"""Which media type an answer has: what the client takes, of what there is."""

RESULT = "application/graphql-response+json"
JSON = "application/json"
EVENTS = "text/event-stream"
PAGE = "text/html"
# Of the header, in characters: browsers send less than a fifth of it.
READ = 1_000
# What most clients say who want plain JSON.
_PLAIN = frozenset({JSON, "*/*", f"{JSON}, */*"})


def chosen(accept: str | None) -> str | None:
    """The media type that *accept* asks for; None if there is none that it takes.

    Without a wish, and for any wildcard, it is plain JSON, as clients expect that know no other (GraphQL over HTTP, 6.1).
    """
    if not accept or accept in _PLAIN or not accept.strip():
        return JSON
    best: tuple[float, str] | None = None
    for name, quality in _wishes(accept):
        offered = JSON if name in ("*/*", "application/*") else name
        if offered in (RESULT, JSON, EVENTS) and quality > 0 and (best is None or quality > best[0]):
            best = (quality, offered)
    return best and best[1]


def wants_page(accept: str | None) -> bool:
    """Whether a browser asks, for a page to look at."""
    return any(name == PAGE for name, _ in _wishes(accept or ""))


def _wishes(accept: str) -> list[tuple[str, float]]:
    wishes = []
    for one in accept[:READ].split(","):
        name, *parameters = (part.strip().lower() for part in one.split(";"))
        said = next((part.removeprefix("q=") for part in parameters if part.startswith("q=")), "1")
        try:
            quality = float(said)
        except ValueError:
            quality = 0.0
        wishes.append((name, quality if 0 <= quality <= 1 else 0.0))
    return wishes
