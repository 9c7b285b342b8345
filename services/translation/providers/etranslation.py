"""eTranslation, the European Commission's engine: HTTP Digest, always asynchronous, results by callback.

It answers a request with a bare number: above zero the request's, below zero the code of a mistake, both with status 200. There is no
way to ask how far it is, so what it never calls back about is the service's to send again or give up. Its callbacks are not signed:
what makes them believable is the secret part of their address, which only it was told.

One text goes as a text; several, or one that is too long for that, as one HTML document (`documents`).
"""

import base64
import binascii
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import httpx

from services.translation.domain.pairs import Pair
from services.translation.providers.documents import document, texts_of
from services.translation.providers.port import (
    Accepted,
    Batch,
    Callback,
    Capability,
    Delivery,
    Outcome,
    Provider,
    ProviderError,
    Rejected,
    Rendered,
    Retryable,
    Spent,
    Unsupported,
)
from services.translation.providers.settings import FaultyProviders, ProviderSettings
from services.translation.providers.web import Answer, Web
from vocabulary import languages
from vocabulary.values import DataClass

TEXT_LIMIT = 5_000
DOMAIN = "GEN"
EMPTY_TEXT = (-20030, -20031)

_DATA = Path(__file__).with_suffix(".toml")
_NUMBER = re.compile(rb"-?[0-9]{1,18}")


class ETranslation(Provider):
    """See `port.Provider`."""

    asynchronous: ClassVar[bool] = True
    # Outside the house, if within the Union's own institutions.
    ceiling: ClassVar[DataClass] = DataClass.PERSONAL

    def __init__(self, settings: ProviderSettings) -> None:
        super().__init__(settings)
        missing = [name for name in ("user", "secret", "callback_url") if not getattr(settings, name)]
        if missing:
            raise FaultyProviders(f"{settings.name}: eTranslation needs {', '.join(missing)}")
        self._web = Web(settings, httpx.DigestAuth(settings.user, settings.reveal()))
        self._domain = settings.domain or DOMAIN

    async def capabilities(self) -> Mapping[Pair, Capability]:
        answer = await self._web.get("get-domains")
        if answer.status == httpx.codes.NOT_FOUND:
            # An interface that does not list its domains: all languages that it is known for.
            pairs = [Pair(source, target) for source in languages.ALL for target in languages.ALL]
        elif not answer.is_ok:
            raise answer.error()
        else:
            pairs = _pairs(answer, self._domain)
        described = ((pair, self.described(pair, characters_max=TEXT_LIMIT)) for pair in pairs)
        return {pair: capability for pair, capability in described if capability}

    async def send(self, batch: Batch) -> Accepted:
        if not batch.token:
            raise Rejected(f"{self.name} calls back, and there is no token for that")
        number = await self._number(self._request(batch))
        if number > 0:
            return Accepted(str(number))
        raise _error(number, self.name)

    async def healthy(self) -> bool:
        """Asked to translate nothing: only where it lets us in does it say that there is nothing to translate."""
        nothing = {**self._header("en", "fr"), "textToTranslate": "", **self._callbacks("nothing")}
        try:
            return await self._number(nothing) in EMPTY_TEXT
        except ProviderError:
            return False

    def delivery(self, callback: Callback) -> Delivery:
        fields = {name.replace("_", "-"): value for name, value in callback.fields.items()}
        reference = fields.get("request-id", "")
        if not (reference.isascii() and reference.isdigit() and len(reference) <= 18):
            raise Rejected(f"a callback to {self.name} names no request")
        said = fields.get("target-language", "")
        target = languages.normalise(said) or ""
        if callback.is_error:
            code = fields.get("error-code", "").strip()
            number = int(code) if _NUMBER.fullmatch(code.encode()) else 0
            return Delivery(reference=reference, target=target, outcomes=_error(number, self.name))
        if not target:
            raise Rejected(f"a callback to {self.name} names no language of ours")
        return Delivery(reference=reference, target=target, outcomes=_outcomes(fields, callback.body, self.name))

    async def close(self) -> None:
        await self._web.close()

    async def _number(self, request: Mapping[str, Any]) -> int:
        answer = await self._web.post("translate", json=request)
        body = answer.body.strip()
        # Whatever the status: the sign says what it is.
        if _NUMBER.fullmatch(body) and (answer.is_ok or body.startswith(b"-")):
            return int(body)
        if not answer.is_ok:
            raise answer.error()
        raise Rejected(f"{answer.what} answered with something that is no number")

    def _request(self, batch: Batch) -> dict[str, Any]:
        callback = self._callbacks(batch.token)
        request = self._header(batch.pair.source, batch.pair.target)
        if len(batch.texts) == 1 and len(batch.texts[0]) <= TEXT_LIMIT:
            return {**request, "textToTranslate": batch.texts[0], **callback}
        content = base64.b64encode(document(batch.texts, batch.pair.source).encode()).decode()
        return {
            **request,
            "documentToTranslateBase64": {"content": content, "format": "html", "fileName": "texts.html"},
            "destinations": {"httpDestinations": [callback["requesterCallback"]]},
            "errorCallback": callback["errorCallback"],
        }

    def _header(self, source: str, target: str) -> dict[str, Any]:
        return {
            # Never a person: who wrote or reads a text is none of its business.
            "callerInformation": {"application": self.settings.user, "username": self.settings.user},
            "sourceLanguage": source.upper(),
            "targetLanguages": [target.upper()],
            "domain": self._domain,
        }

    def _callbacks(self, token: str) -> dict[str, str]:
        address = f"{self.settings.callback_url}/{token}"
        return {"requesterCallback": address, "errorCallback": f"{address}/error"}


def _pairs(answer: Answer, domain: str) -> list[Pair]:
    match answer.json():
        case {**domains} if isinstance(named := domains.get(domain), dict):
            listed = named.get("languagePairs")
            if isinstance(listed, list):
                return [pair for one in listed if (pair := _pair(str(one)))]
    raise Rejected(f"{answer.what} has no domain {domain}")


def _pair(written: str) -> Pair | None:
    """The pair that is written EN-FR or EN_FR; none if one of them is no language of ours."""
    source, _, target = written.replace("_", "-").partition("-")
    ours = languages.normalise(source), languages.normalise(target)
    return Pair(ours[0], ours[1]) if ours[0] and ours[1] else None


def _outcomes(fields: Mapping[str, str], body: bytes, name: str) -> Sequence[Outcome] | ProviderError:
    if "translated-text" in fields:
        return [Rendered(text=fields["translated-text"])]
    try:
        return texts_of(base64.b64decode(body, validate=True).decode())
    except (binascii.Error, UnicodeDecodeError):
        return Rejected(f"a callback to {name} brought no document")
    except Rejected as error:
        return error


def _error(code: int, name: str) -> ProviderError:
    """What *code* means; 0 stands for one that it did not say."""
    said = f"{name} said {code}" if code else f"{name} said no more than that it failed"
    match _kinds().get(code):
        case "retryable":
            return Retryable(said)
        case "quota":
            return Spent(said)
        case "unsupported":
            return Unsupported(said)
        case _:
            return Rejected(said)


@lru_cache(1)
def _kinds() -> dict[int, str]:
    written = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    return {int(code): kind for code, kind in written["codes"].items()}
