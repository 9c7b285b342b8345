"""An authority as one person sees it, and what they may do with it now."""

from collections.abc import Collection

from chassis.aggregates import Kept
from chassis.audit import noting
from protos.directory.v1 import directory_pb2 as pb
from services.directory import wire, wire_inside
from services.directory.domain import coordination, registration
from services.directory.domain.authorities import Authority
from services.directory.domain.coordination import Person
from services.directory.domain.history import Command
from services.directory.domain.registration import Actor
from services.directory.domain.views import View, sees_history, view
from services.directory.reference import Reference
from vocabulary.audit import Kind, Part


class Showing:
    """Shows authorities by the rules of `domain/views.py`."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference

    def territories(self, authority: Authority) -> Collection[str]:
        return self._reference.territories(authority.country, authority.region)

    def actors(self, by: Person, kept: Kept[Authority], of_module: str = "") -> frozenset[Actor]:
        """What *by* is to the authority; as access coordinator, of *of_module*, or of any of its modules."""
        return coordination.actors(by, kept.id, kept.state, self.territories(kept.state), of_module)

    def view(self, by: Person, kept: Kept[Authority]) -> View:
        return view(by, kept.id, kept.state, self.actors(by, kept))

    def shown(self, by: Person, kept: Kept[Authority], wanted: Collection[str]) -> pb.Authority | None:
        """What *by* sees; None for what they may not know of."""
        of = self.actors(by, kept)
        match view(by, kept.id, kept.state, of):
            case View.INSIDE:
                return self._inside(by, kept, of, wanted)
            case View.PUBLIC:
                return wire.authority(kept, wanted)
            case View.NAME:
                return wire.authority_name(kept, wanted)
            case View.NOTHING:
                return None

    def _inside(self, by: Person, kept: Kept[Authority], of: frozenset[Actor], wanted: Collection[str]) -> pb.Authority:
        found = wire_inside.authority(kept, wanted)
        if not sees_history(of):
            # Who was invited and who has applied are persons: for those who deal with them.
            found.ClearField("invitation")
            found.ClearField("applicant")
        elif found.HasField("invitation") or found.HasField("applicant"):
            noting.shown(Kind.AUTHORITY, kept.id, kept.revision, Part.CONTENT, Part.PERSONAL_DATA)
        possible = registration.permitted(kept.state.status, of)
        withheld = registration.OF_PART
        if not coordination.gives_all(by, of, kept.state.inactive_access, self.territories(kept.state)):
            withheld |= {Command.VALIDATE}
        found.actions.extend(wire_inside.COMMAND.to_wire(one) for one in possible if one not in withheld)
        for part, access in zip(
            [*found.access, *found.inactive_access], [*kept.state.access, *kept.state.inactive_access], strict=True
        ):
            there = registration.permitted(kept.state.status, self.actors(by, kept, access.module))
            part.actions.extend(
                wire_inside.COMMAND.to_wire(one) for one in registration.ACCESS[access.status] if one in there
            )
        return found

    def answered(self, by: Person, kept: Kept[Authority]) -> pb.Authority:
        """The answer to a command of *by*, in every language: at least what everybody is shown of it."""
        return self.shown(by, kept, ()) or wire.authority_name(kept, ())
