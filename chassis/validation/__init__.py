"""The marshmallow toolkit: strict schemas and fields whose errors name the path and the fix.

`load(schema, value, path)` gives the value as the schema reads it, or raises InvalidInput with the
path of the first wrong field and what to send instead. The field types are in `fields`.
"""

from chassis.validation.plain import (
    MAX_CALL_BYTES,
    MAX_CALL_EVENTS,
    MAX_DEPTH,
    MAX_EVENT_BYTES,
    check_plain,
)
from chassis.validation.schema import StrictSchema, first_error, load, load_checked

__all__ = [
    "MAX_CALL_BYTES",
    "MAX_CALL_EVENTS",
    "MAX_DEPTH",
    "MAX_EVENT_BYTES",
    "StrictSchema",
    "check_plain",
    "first_error",
    "load",
    "load_checked",
]
