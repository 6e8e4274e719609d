"""The base of every service: event log, publisher, subscriber. It knows nothing of customers.

The names below are pure, from `chassis.core`. What touches a database is in `chassis.database` and
`chassis.eventlog`; what touches nameko is in `chassis.runtime`.
"""

from chassis.core.clock import Clock, FixedClock, SystemClock, clock_from
from chassis.core.errors import Conflict, InvalidInput, NotFound, Refused, ServiceError, Unavailable
from chassis.core.event import Draft, Event, JointDraft, copy_id, new_id
from chassis.core.instants import DAY, HOUR, MINUTE, SECOND, format_instant, parse_instant
from chassis.core.upcasting import Upcasters

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "SECOND",
    "Clock",
    "Conflict",
    "Draft",
    "Event",
    "FixedClock",
    "InvalidInput",
    "JointDraft",
    "NotFound",
    "Refused",
    "ServiceError",
    "SystemClock",
    "Unavailable",
    "Upcasters",
    "clock_from",
    "copy_id",
    "format_instant",
    "new_id",
    "parse_instant",
]
