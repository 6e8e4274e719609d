"""Requests and responses of identity."""

from __future__ import annotations

from typing import Any

from chassis.validation.fields import Boolean, Choice, Instant, Integer, ListOf, Name, Nested, Text
from chassis.validation.plain import MAX_CALL_BYTES, MAX_CALL_EVENTS
from chassis.validation.schema import StrictSchema, load
from contracts.common import IgnoredIdentifierSchema
from contracts.event_schema import ORIGINS
from contracts.fields import MAX_IDENTIFIERS, Identifiers
from contracts.profiles import FieldErrorSchema

ASSURANCES = ("verified", "device", "claimed")


MAX_KEYS = 1_000


class ObservationSchema(StrictSchema):
    """What one event shows: its identifiers as plain text, and whether they are authenticated.

    `origin` is the entry that it came in by. `proven` names the types of contacts that the event
    proves to be its account's, in place of what `identity.yaml` says of its type.
    """

    event_id = Text(longest=100, required=True)
    type = Name(required=True)
    time = Instant(required=True)
    identifiers = Identifiers(required=True)
    authenticated = Boolean(required=True)
    origin = Choice(*ORIGINS, load_default="server")
    proven = ListOf(Name(), most=MAX_IDENTIFIERS, allow_none=True, load_default=None)


class ResolveRequest(StrictSchema):
    """The argument of `identity.resolve`."""

    observations = ListOf(Nested(ObservationSchema()), most=MAX_CALL_EVENTS, required=True)


class LookupRequest(StrictSchema):
    """The arguments of `identity.lookup`."""

    identifiers = Identifiers(required=True)
    authenticated = Boolean(load_default=False)


class HoldersRequest(StrictSchema):
    """The argument of `identity.holders`: keys of addresses."""

    keys = ListOf(Text(longest=200), most=MAX_KEYS, required=True)


class DescribeRequest(StrictSchema):
    """The argument of `identity.describe`."""

    profile_id = Text(longest=64, required=True)


class OriginStreamSchema(StrictSchema):
    """The tenure of a device in which an order was told that goes to a stream of its own."""

    stream_id = Text(required=True)
    profile_id = Text(required=True)
    epoch = Integer(least=1, required=True)


class ResolutionSchema(StrictSchema):
    """Where an event goes and whose it is; or `error`, where no identifier can be used.

    An order with an address goes to a stream of device and address; `came_from` is the device's.
    """

    event_id = Text(required=True)
    stream_id = Text()
    profile_id = Text()
    epoch = Integer(least=1)
    assurance = Choice(*ASSURANCES)
    came_from = Nested(OriginStreamSchema())
    ignored_identifiers = ListOf(Nested(IgnoredIdentifierSchema()), required=True)
    error = Nested(FieldErrorSchema())


class LookupResponse(StrictSchema):
    """The answer of `identity.lookup`.

    `profile_id` is null for somebody whom nobody knows. Then `assurance` is `claimed` if there was
    an address, or a name that is not authenticated, whether they are known or not; else null.
    """

    profile_id = Text(required=True, allow_none=True)
    stream_id = Text(required=True, allow_none=True)
    assurance = Choice(*ASSURANCES, required=True, allow_none=True)
    ignored_identifiers = ListOf(Nested(IgnoredIdentifierSchema()), required=True)


class TenureSchema(StrictSchema):
    """An identifier in one of its tenures."""

    key = Text(required=True)
    type = Name(required=True)
    tenure = Integer(least=1, required=True)
    assurance = Choice(*ASSURANCES, required=True)


class StreamSchema(StrictSchema):
    """A stream of a profile. Null: since ever, until now."""

    stream = Text(required=True)
    epoch = Integer(least=1, required=True)
    identifiers = ListOf(Nested(TenureSchema()), required=True)
    opened_at = Instant(required=True, allow_none=True)
    closed_at = Instant(required=True, allow_none=True)


class DescribeResponse(StrictSchema):
    """The answer of `identity.describe`: what a profile is made of."""

    profile_id = Text(required=True)
    requested = Text(required=True)
    streams = ListOf(Nested(StreamSchema()), most=1_000_000, required=True)
    merged_profiles = ListOf(Text(), most=1_000_000, required=True)


class HolderSchema(StrictSchema):
    """The account that holds an address: a stream of its name, and its profile."""

    key = Text(required=True)
    stream_id = Text(required=True)
    profile_id = Text(required=True)


class HoldersResponse(StrictSchema):
    """The answer of `identity.holders`: of the keys that somebody holds, sorted by key."""

    holders = ListOf(Nested(HolderSchema()), most=MAX_KEYS, required=True)


_OBSERVATIONS = ResolveRequest()
LOOKUP_REQUEST = LookupRequest()
HOLDERS_REQUEST = HoldersRequest()
DESCRIBE_REQUEST = DescribeRequest()


def read_observations(value: object) -> list[dict[str, Any]]:
    """The checked observations of a call; InvalidInput names the first wrong field by its path."""
    loaded = load(_OBSERVATIONS, {"observations": value}, max_bytes=MAX_CALL_BYTES)
    observations: list[dict[str, Any]] = loaded["observations"]
    return observations
