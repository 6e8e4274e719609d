"""The services by name: their classes, migrations and read models; and the gateway's migrations.

Each module is imported when it is first asked for: a process of one service loads no other one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chassis.core.errors import InvalidInput
from chassis.database import migration
from contracts.topology import SERVICE_NAMES
from services import gateway, identity, offers, profiles, segments

if TYPE_CHECKING:
    from chassis.config.settings import Settings
    from chassis.eventlog.unit_of_work import UnitOfWorkRunner
    from chassis.projections.read_model import ReadModel
    from chassis.runtime.service import Service

MIGRATIONS = {
    "identity": identity.MIGRATIONS,
    "profiles": profiles.MIGRATIONS,
    "segments": segments.MIGRATIONS,
    "offers": offers.MIGRATIONS,
    "gateway": gateway.MIGRATIONS,
}


def service_class(name: str) -> type[Service]:
    """The class of the service `name`; InvalidInput names those that exist."""
    match name:
        case "identity":
            from services.identity.service import IdentityService

            return IdentityService
        case "profiles":
            from services.profiles.service import ProfilesService

            return ProfilesService
        case "segments":
            from services.segments.service import SegmentsService

            return SegmentsService
        case "offers":
            from services.offers.service import OffersService

            return OffersService
    raise _unknown(name, SERVICE_NAMES)


def read_model(name: str, settings: Settings, live: UnitOfWorkRunner) -> ReadModel:
    """The read model of the service `name`; InvalidInput names those that have one."""
    match name:
        case "profiles":
            from services.profiles import rebuild as profiles_rebuild

            return profiles_rebuild.read_model(settings, live)
        case "segments":
            from services.segments import rebuild as segments_rebuild

            return segments_rebuild.read_model(settings, live)
        case "offers":
            from services.offers import rebuild as offers_rebuild

            return offers_rebuild.read_model(settings, live)
    raise _unknown(name, ("profiles", "segments", "offers"))


def upgrade(service: str, owner_uri: str, user: str | None = None) -> None:
    """Bring the database of `service` up to its newest revision, as the owner of its tables.

    On PostgreSQL the service's own `user` is then granted what it needs.
    """
    migration.upgrade(MIGRATIONS[service], owner_uri, user)


def _unknown(name: str, names: tuple[str, ...]) -> InvalidInput:
    return InvalidInput(name, f"is not a service; there are {', '.join(names)}")
