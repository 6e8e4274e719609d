"""What changes profiles: recording what shops tell, keeping summaries, closing reviews."""

from services.profiles.commands.orders import close_order_review
from services.profiles.commands.recording import (
    CONFLICTS,
    Finish,
    IdentityClient,
    IdentityUnavailable,
    Quota,
    RecordHandler,
    open_record_handler,
)
from services.profiles.commands.summaries import refresh_summaries

__all__ = [
    "CONFLICTS",
    "Finish",
    "IdentityClient",
    "IdentityUnavailable",
    "Quota",
    "RecordHandler",
    "close_order_review",
    "open_record_handler",
    "refresh_summaries",
]
