"""What every answer tells browsers: nothing of it is to be guessed, framed, or told on; and whether all this is for training."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.training import marking

# A page to try queries on loads its scripts from elsewhere; it is for development, and says so by being HTML.
_POLICY = b"default-src 'none'; frame-ancestors 'none'"
_POLICY_OF_PAGES = b"frame-ancestors 'none'"
_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-site"),
]
_MOSTLY = [*_ALWAYS, (b"content-security-policy", _POLICY)]


class SecurityHeaders:
    """Adds them to every answer over HTTP that does not say otherwise."""

    def __init__(self, inner: ASGIApp, *, training: bool = False) -> None:
        self._inner = inner
        self._training = training

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with(message.get("headers", []))
            await send(message)

        await self._inner(scope, receive, marking(sending) if self._training else sending)


def _with(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    said = {name.lower(): value for name, value in headers}
    page = said.get(b"content-type", b"").startswith(b"text/html")
    wanted = [*_ALWAYS, (b"content-security-policy", _POLICY_OF_PAGES)] if page else _MOSTLY
    return [*headers, *((name, value) for name, value in wanted if name not in said)]
