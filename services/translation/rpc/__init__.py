"""The translation RPCs. Each one reads, decides, writes, answers; the rules are in domain/."""

from services.translation.rpc.operating import Operating
from services.translation.rpc.reviewing import Reviewing
from services.translation.rpc.translating import Translating


class TranslationRpc(Translating, Reviewing, Operating):
    """Whoever is signed in may ask, a person or a service; translators and the Commission review."""
