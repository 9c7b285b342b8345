"""Mutual TLS: who shows no certificate of the system's authority, or none of the names that may call, is not answered."""

import datetime as dt
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis.caller import Signer, Verifier
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.security import Security
from chassis.server import serving
from chassis.settings import ServiceSettings
from protos.requests.v1.requests_pb2_grpc import RequestsServiceStub, add_RequestsServiceServicer_to_server
from tests.chassis.conftest import ANNA, ANSWER, ASK, NAME, Told
from vocabulary.refusals import Unauthenticated, Unavailable

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


# From 3.13 on, Python asks for all that RFC 5280 has in a certificate.
FOR_CERTIFICATES = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


class Authority:
    """An authority that issues certificates into a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, folder.name)])
        certificate = (
            self._building(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(FOR_CERTIFICATES, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.certificate = self._written("authority", certificate.public_bytes(serialization.Encoding.PEM))

    def issued(self, name: str, peers: str = "") -> Security:
        """What a process with a certificate for *name* has."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        certificate = (
            self._building(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        settings = ServiceSettings(
            tls_certificate=self._written(name, certificate.public_bytes(serialization.Encoding.PEM)),
            tls_key=self._written(f"{name}-key", private),
            tls_authority=self.certificate,
            tls_peers=peers,
        )
        security = Security.of(settings)
        assert security is not None
        return security

    def _building(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - DAY)
            .not_valid_after(NOW + DAY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )

    def _written(self, name: str, content: bytes) -> Path:
        path = self._folder / f"{name}.pem"
        path.write_bytes(content)
        return path


@dataclass(frozen=True)
class Guarded:
    """A service that asks its callers for certificates."""

    authority: Authority
    address: str
    health_address: str
    keys: KeyRing

    async def ask(self, security: Security | None) -> Any:
        async with open_channel(self.address, security) as channel:
            signer = Signer(self.keys, "gateway")
            peer = Peer("requests", lambda: signer.for_person(ANNA))
            return await peer.call(RequestsServiceStub(channel).ListQuestionSets, ASK)


@asynccontextmanager
async def guarded(folder: Path, health_port: int, peers: str = "") -> AsyncIterator[Guarded]:
    authority, keys = Authority(folder / "ours"), KeyRing(folder / "keys")
    told = Told()  # type: ignore[abstract]  # the rest answers UNIMPLEMENTED
    health_address = f"127.0.0.1:{health_port}"
    async with serving(
        lambda server: add_RequestsServiceServicer_to_server(told, server),
        [NAME],
        "127.0.0.1:0",
        Verifier(keys),
        security=authority.issued("requests", peers),
        health_address=health_address,
    ) as server:
        yield Guarded(authority, f"127.0.0.1:{server.port}", health_address, keys)


async def test_who_shows_a_certificate_of_the_authority_is_answered(tmp_path: Path, unused_tcp_port: int) -> None:
    async with guarded(tmp_path, unused_tcp_port) as service:
        assert await service.ask(service.authority.issued("gateway")) == ANSWER


async def test_who_shows_none_or_one_of_another_authority_is_not(tmp_path: Path, unused_tcp_port: int) -> None:
    async with guarded(tmp_path, unused_tcp_port) as service:
        foreign = Authority(tmp_path / "foreign").issued("gateway")
        trusting = Security(foreign.certificate, foreign.key, service.authority.certificate, frozenset())
        for security in (None, foreign, trusting):
            with pytest.raises(Unavailable):
                await service.ask(security)


async def test_only_the_names_that_may_call_are_answered(tmp_path: Path, unused_tcp_port: int) -> None:
    async with guarded(tmp_path, unused_tcp_port, peers="gateway alerts") as service:
        assert await service.ask(service.authority.issued("alerts")) == ANSWER
        with pytest.raises(Unauthenticated) as refused:
            await service.ask(service.authority.issued("translation"))
        assert refused.value.reason == "PEER"


async def test_a_service_of_another_name_is_not_trusted(tmp_path: Path, unused_tcp_port: int) -> None:
    """The client asks for the name it called; ours is the address."""
    async with (
        guarded(tmp_path, unused_tcp_port) as service,
        open_channel(service.address.replace("127.0.0.1", "localhost"), service.authority.issued("x")) as other,
    ):
        signer = Signer(service.keys, "gateway")
        with pytest.raises(Unavailable):
            await Peer("requests", lambda: signer.for_person(ANNA)).call(
                RequestsServiceStub(other).ListQuestionSets, ASK
            )


async def test_probes_are_answered_in_plain_text_and_only_they(tmp_path: Path, unused_tcp_port: int) -> None:
    async with guarded(tmp_path, unused_tcp_port) as service, open_channel(service.health_address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        signer = Signer(service.keys, "gateway")
        with pytest.raises(Unavailable) as refused:
            await Peer("requests", lambda: signer.for_person(ANNA)).call(
                RequestsServiceStub(channel).ListQuestionSets, ASK
            )
        assert refused.value.reason == "UNIMPLEMENTED"


async def test_renewed_certificates_need_no_restart(tmp_path: Path, unused_tcp_port: int) -> None:
    async with guarded(tmp_path, unused_tcp_port) as service:
        before = service.authority.issued("gateway")
        assert await service.ask(before) == ANSWER
        successor = Authority(tmp_path / "successor")
        successor.issued("requests")
        for path in (tmp_path / "successor").iterdir():
            (tmp_path / "ours" / path.name).write_bytes(path.read_bytes())
        assert await service.ask(successor.issued("gateway")) == ANSWER
        with pytest.raises(Unavailable):
            await service.ask(before)
