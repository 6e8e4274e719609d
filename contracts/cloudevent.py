"""The form of every event on the wire: CloudEvents 1.0, as `chassis.core.event` writes it."""

from __future__ import annotations

from chassis.validation.fields import Boolean, Choice, Instant, Integer, JsonObject, Name, Text
from chassis.validation.schema import StrictSchema

MAX_VERSION = 2**31 - 1


class CloudEvent(StrictSchema):
    """An event of a service's log.

    `subject` is its stream and `sequence` its version there, counted from 1. `time` is when it
    happened and `recordedtime` when it was recorded. `schemaversion` is the version of `data`.
    `joint`: a copy of one fact that was told to several streams, which `data.streams` lists.
    """

    specversion = Choice("1.0", required=True)
    id = Text(required=True)
    source = Text(required=True)
    type = Name(required=True)
    subject = Text(required=True)
    time = Instant(required=True)
    datacontenttype = Choice("application/json", required=True)
    sequence = Integer(least=1, most=MAX_VERSION, required=True)
    recordedtime = Instant(required=True)
    schemaversion = Integer(least=1, required=True)
    data = JsonObject(required=True)
    profileid = Text()
    correlationid = Text()
    causationid = Text()
    joint = Boolean()
