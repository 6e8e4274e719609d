"""What changes the gateway's database: for requests, and for the operator's `cdp keys`."""

from services.gateway.commands.keys import (
    NewKey,
    add_secret,
    check_source,
    create_key,
    revoke_key,
    rotate_key,
)
from services.gateway.commands.own_calls import SEAL_PURPOSE, OwnCalls

__all__ = [
    "SEAL_PURPOSE",
    "NewKey",
    "OwnCalls",
    "add_secret",
    "check_source",
    "create_key",
    "revoke_key",
    "rotate_key",
]
