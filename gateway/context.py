"""What every resolver can reach: who asks, in which language, and the services in their name. One per operation."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any

from graphql import ArgumentNode, DocumentNode, EnumValueNode, VariableDefinitionNode, VariableNode, Visitor, visit
from strawberry.dataloader import DataLoader
from strawberry.types.execution import ExecutionContext

from chassis import calls
from chassis.bearers import LEEWAY_S
from gateway import batches
from gateway.accepted import preferred
from gateway.backends import Backends, Calls, Stubs
from gateway.batches import BatchRead
from gateway.kept.answers import Asking, Kept
from gateway.limits.known import is_remembered
from gateway.limits.policy import Policy
from gateway.loading import Loader
from gateway.people import Person, SignIn
from gateway.public import for_nobody
from gateway.streams.following import Offer
from gateway.streams.sources import access_changed
from gateway.texts.gathering import Texts
from vocabulary import languages
from vocabulary.refusals import Unauthenticated, Unavailable

LANGUAGE_ARGUMENT = "language"
# As many as the parser has: that one gives equal texts the same document.
DOCUMENTS_REMEMBERED = 128
# What goes on waits no longer for the directory, which has mostly said already what it is asked.
ASKED_AGAIN_WITHIN_S = 1.0


class Context:
    """Of a connection first, then, through `for_operation`, of each operation on it."""

    def __init__(
        self, stubs: Stubs, sign_in: SignIn | None, accept_language: str, policy: Policy | None = None
    ) -> None:
        self.sign_in = sign_in
        self.policy = policy or Policy()
        self.accept_language = accept_language
        # The bearer token in the connection's headers.
        self.bearer = ""
        # Where the connection comes from.
        self.address = ""
        # Made by a transport that delivers streams itself.
        self.offer: Offer | None = None
        # The answers that everybody gets alike, if any are kept; and this one, where it may become one of them.
        self.kept: Kept | None = None
        self.asking: Asking | None = None
        # What has become of a sign-in since; None where nobody can say.
        self.again: Callable[[SignIn], Awaitable[SignIn]] | None = None
        # Root field → the language its `language` argument asked for.
        self.spoken: dict[str | int, str] = {}
        self._stubs = stubs
        self._execution: ExecutionContext | None = None
        self._loaders: dict[object, DataLoader[Any, Any]] = {}
        self._batches: dict[BatchRead, Loader] = {}
        self._languages: list[str] = []

    @cached_property
    def calls(self) -> Calls:
        """The calls that are made for this operation."""
        return Calls(self._forget_read)

    @cached_property
    def texts(self) -> Texts:
        """The translations of what it shows."""
        return Texts(self, self._stubs.asking)

    @cached_property
    def backends(self) -> Backends:
        """The services, in the name of whoever asks; to nobody in particular, what is public."""
        if self.person is None:
            return for_nobody(self._stubs, self._token, self._stubs.own, self.calls)
        return Backends(self._stubs, self._token, self.calls)

    @property
    def parts(self) -> frozenset[str]:
        """The services that there are."""
        return frozenset(self._stubs.channels)

    @property
    def training(self) -> bool:
        """Whether this is a training system."""
        return self._stubs.training

    @property
    def execution(self) -> ExecutionContext:
        """The operation, parsed, with its variables."""
        assert self._execution is not None
        return self._execution

    def for_operation(self, execution: ExecutionContext) -> "Context":
        """A fresh context for one operation: nothing one operation has read answers another."""
        fresh = Context(self._stubs, self.sign_in, self.accept_language, self.policy)
        fresh._execution = execution
        fresh.offer = self.offer
        fresh.kept = self.kept
        fresh.again = self.again
        fresh.asking = self.asking
        return fresh

    def offering(self, offer: Offer | None) -> "Context":
        """The same connection, for one operation whose stream, if it is one, goes to *offer*."""
        fresh = Context(self._stubs, self.sign_in, self.accept_language, self.policy)
        fresh.address = self.address
        fresh.kept = self.kept
        fresh.again = self.again
        fresh.offer = offer
        return fresh

    def for_items(self) -> "Context":
        """A fresh context for items of the stream that this operation follows: others may be executed at the same time."""
        fresh = self.for_operation(self.execution)
        fresh.spoken = self.spoken
        return fresh

    def begin_event(self) -> None:
        """Forget what was read for the event before: a subscription lives long, and things change."""
        self._forget_read()
        self.__dict__.pop("texts", None)
        self.calls.answers.clear()

    def end(self) -> None:
        """Let go of all that was read, when there is the answer: what leads back here would keep it until garbage is looked for."""
        self._execution = None
        self._forget_read()
        for name in ("backends", "texts", "calls"):
            self.__dict__.pop(name, None)

    @property
    def person(self) -> Person | None:
        """Who asks, if it is a person of the directory."""
        return self.sign_in.person if self.sign_in else None

    @property
    def verified(self) -> SignIn:
        """The sign-in of whoever asks, a stranger's too; raises Unauthenticated for nobody, and for a token that has run out."""
        if self.sign_in is None:
            raise Unauthenticated("sign in first: send an Authorization header with a bearer token")
        # A WebSocket outlives the token it was opened with.
        if self.sign_in.bearer.expires_at + LEEWAY_S < time.time():
            raise Unauthenticated("the bearer token has expired; sign in again", reason="TOKEN_EXPIRED")
        return self.sign_in

    @property
    def signed_in(self) -> Person:
        """The person who asks; raises Unauthenticated for a stranger besides."""
        return self.verified.require_person()

    async def still_signed_in(self) -> None:
        """For what goes on: raises Unauthenticated if who asks may not see the same as when they asked."""
        if self.again is None or self.sign_in is None:
            return
        try:
            with calls.at_most(ASKED_AGAIN_WITHIN_S):
                has_changed = await self.again(self.sign_in) is not self.sign_in
        except Unavailable:
            return  # it is asked another time
        if has_changed:
            raise access_changed()

    @property
    def language(self) -> str:
        """The reader's language: their own setting, else ``Accept-Language``, else English."""
        if self.person is not None and self.person.user.language:
            return self.person.user.language
        return preferred(self.accept_language)

    @property
    def languages(self) -> list[str]:
        """Every language this operation can show something in: the reader's, and those its arguments name."""
        if not self._languages:
            self._languages = sorted({self.language, *self._named()})
        return self._languages

    def load(self, batch: BatchRead, id_: str) -> Any:
        """Awaits the message with this id, together with all others asked for at the same moment."""
        return self.batch(batch).load(id_)

    def batch(self, batch: BatchRead) -> Loader:
        """The loader of *batch* in this operation."""
        loader = self._batches.get(batch)
        if loader is None:
            loader = self._batches[batch] = batches.loader(self, batch)
        return loader

    def loader(self, key: object, make: Callable[[], DataLoader[Any, Any]]) -> DataLoader[Any, Any]:
        """The loader that goes by *key* in this operation."""
        if key not in self._loaders:
            self._loaders[key] = make()
        return self._loaders[key]

    def _forget_read(self) -> None:
        """Read again what is asked for from now on, as after a command."""
        self._loaders = {}
        self._batches = {}

    def _token(self) -> str:
        return self.signed_in.token()

    def _named(self) -> set[str]:
        if self._execution is None or self._execution.graphql_document is None:
            return set()
        said, defaults = _language_arguments(self._execution.graphql_document)
        variables = {**defaults, **(self._execution.variables or {})}
        found = [variables.get(one.name.value) if isinstance(one, VariableNode) else one.value for one in said]
        return {code for one in found if isinstance(one, str) and (code := languages.normalise(one))}


_Said = tuple[list[EnumValueNode | VariableNode], dict[str, Any]]
# Document, by its identity → what it says; with the document, so that no other has its identity.
_said: OrderedDict[int, tuple[DocumentNode, _Said]] = OrderedDict()


def _language_arguments(document: DocumentNode) -> _Said:
    """What the `language` arguments of *document* say, and what its variables are if they are not given."""
    known = _said.get(id(document))
    if known is not None:
        return known[1]
    collector = _LanguageArguments()
    visit(document, collector)
    found = (collector.said, collector.defaults)
    if is_remembered(document):
        _said[id(document)] = (document, found)
        if len(_said) > DOCUMENTS_REMEMBERED:
            _said.popitem(last=False)
    return found


class _LanguageArguments(Visitor):
    """Collects what the `language` arguments of a document say, and what its variables are if they are not given."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[EnumValueNode | VariableNode] = []
        self.defaults: dict[str, Any] = {}

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        if node.name.value == LANGUAGE_ARGUMENT and isinstance(node.value, EnumValueNode | VariableNode):
            self.said.append(node.value)

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> None:
        if isinstance(node.default_value, EnumValueNode):
            self.defaults[node.variable.name.value] = node.default_value.value
