"""Events of a call once they have been checked: those that are right, and those that are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.core.field_message import FieldMessage


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """A checked event; `time` is in microseconds, and corrected where `sent_at` allows it.

    `original_time` is the time as it was sent, where the correction has changed it. `proven` names
    the types of contacts that the event proves; None: as `identity.yaml` says of its type.
    `arrival` is when it was received by the machine's clock, in microseconds, and its place in the
    call. `warnings` have paths from the event on.
    """

    id: str
    type: str
    time: int
    original_time: str | None
    identifiers: Mapping[str, str]
    authenticated: bool
    context: Mapping[str, Any] | None
    data: Mapping[str, Any]
    origin: str = "server"
    proven: tuple[str, ...] | None = None
    sent_at: int | None = None
    arrival: tuple[int, int] | None = None
    warnings: tuple[FieldMessage, ...] = ()


@dataclass(frozen=True, slots=True)
class RejectedEvent:
    """What is wrong with an event, and what else was odd about it."""

    errors: Sequence[FieldMessage]
    warnings: Sequence[FieldMessage] = ()

    @property
    def subject(self) -> str:
        """The path of the first wrong field."""
        return self.errors[0].field

    @property
    def message(self) -> str:
        """What to send instead."""
        return self.errors[0].message


@dataclass(frozen=True, slots=True)
class CheckedEvents:
    """The events of a call by their places in it: the valid ones, and the errors of the others."""

    valid: Mapping[int, IncomingEvent]
    errors: Mapping[int, RejectedEvent]
