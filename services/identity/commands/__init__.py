"""What changes identity: resolving observations, repairing profiles, and the review list."""

from services.identity.commands.handlers import IdentityHandlers, open_handlers
from services.identity.commands.repairs import RepairHandler, take_back
from services.identity.commands.resolutions import ResolveHandler
from services.identity.commands.reviews import ReviewHandler, close_review

__all__ = [
    "IdentityHandlers",
    "RepairHandler",
    "ResolveHandler",
    "ReviewHandler",
    "close_review",
    "open_handlers",
    "take_back",
]
