"""Recognition: which profile the identifiers of a request lead to, and with which assurance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from identifiers import Accepted, Identifier
from rules import Summary, combine
from services.offers.domain.caps import Holder
from services.offers.domain.ledger import Balance
from services.offers.domain.shopper import Shopper

_NO_SEGMENTS = "segments_not_known_yet"


@dataclass(slots=True)
class ProfileSegments:
    """The segments of a profile, up to `version` of its stream in segments' log.

    `segments` maps each to the instant of its entry (µs); `as_of` has the versions of the profile's
    streams that segments had applied when it published the last of these events.
    """

    version: int = 0
    segments: dict[str, int] = field(default_factory=dict)
    as_of: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IdentifierMatch:
    """The profile that an identifier leads to, whether it is an account, and its segments.

    `assurance` is that with which identity linked the identifier. `degraded` is why a
    decision from these segments is degraded: `events_halted` or `events_lagging`. `stream` is that
    which the identifier leads to.
    """

    profile_id: str
    is_account: bool
    assurance: str
    profile_segments: ProfileSegments | None = None
    degraded: str | None = None
    stream: str | None = None


@dataclass(frozen=True, slots=True)
class StreamState:
    """A stream of a profile: its applied version, and its summary as stored, if it has one.

    `degraded` is why a decision from this stream is degraded, as in `IdentifierMatch`.
    """

    stream: str
    version: int
    summary: dict[str, Any] | None
    degraded: str | None = None


@dataclass(frozen=True, slots=True)
class Recognition:
    """The match that decides whose request it is, and the assurance of the recognition.

    Without a match the shopper is unknown: `claimed` if the request has an address or a name that
    nothing proves, else `none`.
    """

    match: IdentifierMatch | None
    assurance: str


def leading_keys(accepted: Accepted) -> list[str]:
    """The keys that may lead to a profile: an address never does."""
    return [each.key for each in accepted.keys if each.type.assurance != "claimed"]


def recognise(
    accepted: Accepted, authenticated: bool, matches: Mapping[str, IdentifierMatch]
) -> Recognition:
    """Whose request it is, by the matches of its identifiers' keys.

    The name of an account leads to it if the request proves it, and a device to whom it belongs
    now, unless the request names another account than the device's. Anybody can type an address or
    a name: whoever does gets the same answer, whether it is known or not.
    """
    claimed = any(_claims(each, authenticated) for each in accepted.keys)
    nobody = Recognition(None, "claimed" if claimed else "none")
    named: list[str | None] = []
    for identifier in accepted.keys:
        if identifier.type.assurance == "verified":
            match = matches.get(identifier.key)
            if match is not None and match.assurance == "verified" and authenticated:
                return Recognition(match, "verified")
            named.append(match.profile_id if match else None)
    for identifier in accepted.keys:
        match = matches.get(identifier.key)
        if identifier.type.assurance != "device" or match is None or match.assurance == "claimed":
            continue
        if not match.is_account or all(name == match.profile_id for name in named):
            return Recognition(match, "device")
    return nobody


def _claims(identifier: Identifier, authenticated: bool) -> bool:
    """Whether it says who somebody is without proof: an address, or a name that is not proven."""
    is_name = identifier.type.assurance == "verified"
    return identifier.type.assurance == "claimed" or (is_name and not authenticated)


def shopper_of(
    recognition: Recognition, streams: Sequence[StreamState], accepted: Accepted, now: int
) -> Shopper:
    """The shopper as rules and content see them, from the `streams` of the profile at `now`."""
    ignored = tuple((unused.type, unused.reason) for unused in accepted.ignored)
    match = recognition.match
    if match is None:
        reason = "unknown_shopper" if recognition.assurance == "none" else "claimed_account"
        return Shopper(assurance=recognition.assurance, reasons=(reason,), ignored=ignored)
    summary = combine(
        Summary.load(stream.summary) for stream in streams if stream.summary is not None
    )
    shopper = Shopper(
        profile_id=match.profile_id,
        assurance=recognition.assurance,
        traits=summary.traits(now),
        consent=summary.consents(now),
        points=summary.points(now),
        streams={stream.stream: stream.version for stream in streams},
        ignored=ignored,
        degraded=_degraded(match, streams),
    )
    membership = match.profile_segments
    if membership is None:
        return replace(shopper, reasons=(_NO_SEGMENTS,))
    return with_segments(shopper, membership.segments, membership.version)


def holder_of(
    accepted: Accepted,
    authenticated: bool,
    matches: Mapping[str, IdentifierMatch],
    streams: Mapping[str, Sequence[StreamState]],
) -> Holder:
    """By whom a grant counts that is made for such a request, by the matches of its keys.

    `streams` are those of each profile that they lead to. What nothing proves makes nobody another
    shopper: a device counts by whom it belongs to, whatever name is typed beside it.
    """
    proven = [each for each in accepted.keys if not _claims(each, authenticated)]
    match = recognise(replace(accepted, keys=tuple(proven)), authenticated, matches).match
    of_profile = streams[match.profile_id] if match else ()
    names = frozenset(each.key for each in proven)
    contacts = (each.contact for each in accepted.keys if each.type.assurance == "claimed")
    return Holder(
        profile_id=match.profile_id if match else None,
        stream=match.stream if match else None,
        streams=frozenset(state.stream for state in of_profile),
        names=names,
        contacts=frozenset(contacts),
        known_names=frozenset() if match else names.intersection(matches),
    )


def _degraded(match: IdentifierMatch, streams: Sequence[StreamState]) -> tuple[str, ...]:
    """Why a decision is degraded whose data comes from these streams; each code once."""
    codes = {match.degraded, *(stream.degraded for stream in streams)}
    return tuple(sorted(code for code in codes if code is not None))


def with_balance(shopper: Shopper, balance: Balance) -> Shopper:
    """The same shopper with the points that are hers by the ledger."""
    return replace(shopper, points=balance.available, points_pending=balance.pending)


def with_segments(shopper: Shopper, segments: Iterable[str], version: int) -> Shopper:
    """The same shopper in these segments, which are known then."""
    return replace(
        shopper,
        segments=frozenset(segments),
        segments_version=version,
        reasons=tuple(reason for reason in shopper.reasons if reason != _NO_SEGMENTS),
    )
