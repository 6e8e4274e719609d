"""What every service stands on: event log, publisher, subscriber. It knows nothing of customers.

The names below are pure. What touches a database is in `chassis.database`, `chassis.log` and
`chassis.work`; what touches nameko is in `chassis.service`.
"""

from chassis.clock import Clock, FixedClock, SystemClock, clock_from
from chassis.errors import Conflict, InvalidInput, NotFound, Refused, ServiceError, Unavailable
from chassis.event import Draft, Event, JointDraft, copy_id, new_id
from chassis.instants import DAY, HOUR, MINUTE, SECOND, format_instant, parse_instant

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
    "clock_from",
    "copy_id",
    "format_instant",
    "new_id",
    "parse_instant",
]
