"""What answers the calls that a service has no capacity for."""

from __future__ import annotations

from typing import Any, Protocol, cast

import structlog

from chassis.core.errors import Failure, ServiceError
from chassis.runtime.shared import SharedResources

_log = structlog.get_logger("overflow")


class Overflow(Protocol):
    """A resource of the service that answers calls above the capacity.

    It must cost far less than half of the call: else a process that is asked for twice what it can
    do has no time left to do any of it.
    """

    def has_room(self) -> bool:
        """Whether one more call may be begun now."""
        ...

    def answer_at_once(self, argument: Any, now: int) -> Any:
        """The response at `now` (µs) to a call that is not begun, without waiting for anything."""
        ...


def find_overflow(container: Any, name: str | None) -> Overflow | None:
    """The resource of that name; None without a name."""
    if name is None:
        return None
    (provider,) = (each for each in container.dependencies if each.attr_name == name)
    return cast("Overflow", provider.get_dependency(None))


def answer_at_once(overflow: Overflow, argument: Any, shared: SharedResources, service: str) -> Any:
    """The response to a call above the capacity; a ServiceError, whatever went wrong."""
    try:
        return overflow.answer_at_once(argument, shared.unit_of_work_runner().clock.now())
    except ServiceError:
        raise
    except Exception as error:  # noqa: BLE001 - the caller gets an answer, whatever it was
        kind = type(error).__name__  # what it says may quote what a caller sent
        _log.error("overflow_failed", service=service, error=kind)
        raise Failure(service, f"failed above its capacity ({kind})") from None
