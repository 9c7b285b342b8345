"""Translation engines: one port, and an adapter for each protocol that is spoken. The driver of one is imported where it is opened."""

from services.translation.providers.port import Provider
from services.translation.providers.settings import Kind, ProviderSettings


def open_provider(settings: ProviderSettings) -> Provider:
    """The adapter that *settings* ask for; raises FaultyProviders if they cannot be used. Nothing is called yet."""
    match settings.kind:
        case Kind.ETRANSLATION:
            from services.translation.providers.etranslation import ETranslation

            return ETranslation(settings)
        case Kind.LIBRETRANSLATE:
            from services.translation.providers.libretranslate import LibreTranslate

            return LibreTranslate(settings)
        case Kind.CTRANSLATE2:
            from services.translation.providers.ctranslate2 import CTranslate2

            return CTranslate2(settings)
        case Kind.APERTIUM:
            from services.translation.providers.apertium import Apertium

            return Apertium(settings)
