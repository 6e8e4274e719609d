"""What services say to each other: the schemas of RPC and events, and errors that name the field.

`load(schema, value, path)` gives the value as the schema reads it, or raises InvalidInput with the
path of the first wrong field and what to send instead. The field types are in `contracts.fields`.
"""

from contracts.plain import (
    MAX_CALL_BYTES,
    MAX_CALL_EVENTS,
    MAX_DEPTH,
    MAX_EVENT_BYTES,
    check_plain,
)
from contracts.schema import Contract, first_error, load, load_checked

__all__ = [
    "MAX_CALL_BYTES",
    "MAX_CALL_EVENTS",
    "MAX_DEPTH",
    "MAX_EVENT_BYTES",
    "Contract",
    "check_plain",
    "first_error",
    "load",
    "load_checked",
]
