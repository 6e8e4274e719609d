"""What an entry of the inventory says of a call or an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields

from contracts.export.conversion import Use

EVERY = "every"
"""The service of a call that all of them answer."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of `service`: one of SERVICE_NAMES, or EVERY.

    `otherwise`: other arguments of the same names that are accepted as well.
    """

    service: str
    method: str
    summary: str
    arguments: Schema
    result: Schema | fields.Field[Any]
    otherwise: Schema | None = None


@dataclass(frozen=True, slots=True)
class EventKind:
    """A type of event that `source` publishes, and the schema of its data at its present version.

    `joint`: each is a copy of one fact that is recorded in several streams.
    """

    source: str
    type: str
    data: Schema
    summary: str
    version: int = 1
    use: Use = "emitted"
    joint: bool = False
