"""The handlers of one process."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.config.settings import Settings
from identifiers import load_types
from services.identity.commands.repairs import RepairHandler
from services.identity.commands.resolutions import ResolveHandler
from services.identity.commands.reviews import ReviewHandler
from services.identity.domain.observation import Observer
from services.identity.domain.state import IdentityPolicy


@dataclass(frozen=True, slots=True)
class IdentityHandlers:
    """What the calls of one process share."""

    observer: Observer
    resolver: ResolveHandler
    repairs: RepairHandler
    reviews: ReviewHandler


def open_handlers(settings: Settings) -> IdentityHandlers:
    """The handlers of one process; InvalidInput if the identifier types are configured wrongly."""
    policy = IdentityPolicy(load_types(settings.config_dir))
    return IdentityHandlers(
        observer=Observer(policy, settings.identifier_key),
        resolver=ResolveHandler(policy),
        repairs=RepairHandler(policy),
        reviews=ReviewHandler(),
    )
