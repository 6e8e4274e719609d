"""What identity is asked and what it answers."""

from __future__ import annotations

from typing import Any

from contracts.fields import Choice, Each, Flag, Identifiers, Instant, Name, Part, Text, Whole
from contracts.plain import MAX_CALL_BYTES, MAX_CALL_EVENTS
from contracts.profiles import FieldError, IgnoredIdentifier
from contracts.schema import Contract, load

ASSURANCES = ("verified", "device", "claimed")


class ObservationContract(Contract):
    """What one event shows: its identifiers as plain text, and whether they are authenticated."""

    event_id = Text(longest=100, required=True)
    type = Name(required=True)
    time = Instant(required=True)
    identifiers = Identifiers(required=True)
    authenticated = Flag(required=True)


class Observations(Contract):
    """The argument of `identity.resolve`."""

    observations = Each(Part(ObservationContract()), most=MAX_CALL_EVENTS, required=True)


class LookupContract(Contract):
    """The arguments of `identity.lookup`."""

    identifiers = Identifiers(required=True)
    authenticated = Flag(load_default=False)


class DescribeContract(Contract):
    """The argument of `identity.describe`."""

    profile_id = Text(longest=64, required=True)


class ResolutionContract(Contract):
    """Where an event goes and whose it is; or `error`, where no identifier can be used."""

    event_id = Text(required=True)
    stream_id = Text()
    profile_id = Text()
    epoch = Whole(least=1)
    assurance = Choice(*ASSURANCES)
    ignored_identifiers = Each(Part(IgnoredIdentifier()), required=True)
    error = Part(FieldError())


class Found(Contract):
    """The answer of `identity.lookup`.

    `profile_id` is null for somebody whom nobody knows, and for an account that is merely claimed:
    then `assurance` is `claimed`, else null.
    """

    profile_id = Text(required=True, allow_none=True)
    stream_id = Text(required=True, allow_none=True)
    assurance = Choice(*ASSURANCES, required=True, allow_none=True)
    ignored_identifiers = Each(Part(IgnoredIdentifier()), required=True)


class TenureContract(Contract):
    """An identifier in one of its tenures."""

    key = Text(required=True)
    type = Name(required=True)
    tenure = Whole(least=1, required=True)
    assurance = Choice(*ASSURANCES, required=True)


class StreamContract(Contract):
    """A stream of a profile. Null: since ever, until now."""

    stream = Text(required=True)
    epoch = Whole(least=1, required=True)
    identifiers = Each(Part(TenureContract()), required=True)
    opened_at = Instant(required=True, allow_none=True)
    closed_at = Instant(required=True, allow_none=True)


class Description(Contract):
    """The answer of `identity.describe`: what a profile is made of."""

    profile_id = Text(required=True)
    requested = Text(required=True)
    streams = Each(Part(StreamContract()), most=1_000_000, required=True)
    merged_profiles = Each(Text(), most=1_000_000, required=True)


_OBSERVATIONS = Observations()
LOOKUP = LookupContract()
DESCRIBE = DescribeContract()


def read_observations(value: object) -> list[dict[str, Any]]:
    """The checked observations of a call; InvalidInput names the first wrong field by its path."""
    loaded = load(_OBSERVATIONS, {"observations": value}, max_bytes=MAX_CALL_BYTES)
    observations: list[dict[str, Any]] = loaded["observations"]
    return observations
