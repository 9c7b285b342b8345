"""The audit of a service, put together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from grpc import aio

from chassis.audit.rpc import AuditRpc, Knowing
from chassis.audit.segments import Segments
from chassis.audit.writing import Audit, name_of_keys
from chassis.chains import SigningKeys
from chassis.keys import KeyRing
from chassis.settings import ServiceSettings
from engines.documents import Documents
from protos.common.v1 import audit_pb2
from protos.common.v1.audit_pb2_grpc import add_AuditServiceServicer_to_server

NAMES = [service.full_name for service in audit_pb2.DESCRIPTOR.services_by_name.values()]


@dataclass(frozen=True, slots=True)
class Audited:
    """`audit` is for the server, `register` adds the gRPC service that reads it."""

    audit: Audit
    _segments: Segments
    _keys: SigningKeys

    @classmethod
    def of(
        cls, service: str, settings: ServiceSettings, keys: KeyRing, documents: Documents, now: Callable[[], datetime]
    ) -> Self:
        """The audit of *service*, in its own store and signed with a key of its own."""
        segments, signing = Segments(service, documents), SigningKeys(keys, name_of_keys(service))
        retention = timedelta(days=settings.audit_retention_days)
        audit = Audit(service, segments, signing, now, window_s=settings.audit_window_s, retention=retention)
        return cls(audit, segments, signing)

    def register(self, server: aio.Server, knowing: Knowing) -> None:
        """*knowing* says what an authority may know of other authorities' reads."""
        add_AuditServiceServicer_to_server(AuditRpc(self.audit, self._segments, self._keys, knowing), server)
