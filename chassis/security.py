"""Mutual TLS between the parts: each shows a certificate of the system's own authority, and may be asked for its name.

Without a certificate the parts talk in plain text, which is for one machine only. A server reads its certificate anew for every
connection, so that a renewed one needs no restart.
"""

from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc import aio

from chassis.settings import CannotStart, ProcessSettings
from vocabulary.refusals import Unauthenticated


@dataclass(frozen=True, slots=True)
class Security:
    """Where a process's certificate, its key and the authority's certificate are (PEM), and which peers may call it."""

    certificate: Path
    key: Path
    authority: Path
    peers: frozenset[str]

    @classmethod
    def of(cls, settings: ProcessSettings) -> "Security | None":
        """What *settings* ask for; None for plain text."""
        if settings.tls_certificate is None or settings.tls_key is None or settings.tls_authority is None:
            return None
        peers = frozenset(settings.tls_peers.split())
        return cls(settings.tls_certificate, settings.tls_key, settings.tls_authority, peers)

    def for_server(self) -> grpc.ServerCredentials:
        """Credentials of a server that refuses whoever shows no certificate of the authority."""
        return grpc.dynamic_ssl_server_credentials(
            self._configuration(), self._configuration, require_client_authentication=True
        )

    def for_client(self) -> grpc.ChannelCredentials:
        """Credentials of a client, which trusts the authority and shows its own certificate."""
        return grpc.ssl_channel_credentials(_content(self.authority), _content(self.key), _content(self.certificate))

    def require_peer(self, names: "frozenset[str]") -> None:
        """Raises Unauthenticated unless a certificate with these *names* (subject alternative names) may call."""
        if self.peers and not self.peers & names:
            raise Unauthenticated("this peer's certificate has none of the names that may call", reason="PEER")

    def _configuration(self) -> "grpc.ServerCertificateConfiguration":
        pair = [(_content(self.key), _content(self.certificate))]
        return grpc.ssl_server_certificate_configuration(pair, _content(self.authority))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CannotStart(
            f"{path} cannot be read ({error.strerror}): see TLS_CERTIFICATE, TLS_KEY and TLS_AUTHORITY."
        ) from error


def peer_names(context: "aio.ServicerContext[object, object]") -> frozenset[str]:
    """The subject alternative names that the caller's certificate shows."""
    shown = context.auth_context().get("x509_subject_alternative_name", ())
    return frozenset(name.decode() for name in shown)
