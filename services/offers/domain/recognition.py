"""Recognition: which profile the identifiers of a request lead to, and with which assurance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from identifiers import Accepted, Identifier
from rules import Summary, combine
from services.offers.domain.decision import Shopper

_STRENGTH = {"claimed": 1, "device": 2, "verified": 3}


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

    `assurance` is that with which identity linked the identifier. A device's is `device` in an
    account that was signed in on it, and `claimed` if a claim linked it. `degraded` is why a
    decision from these segments is degraded: `events_halted` or `events_lagging`.
    """

    profile_id: str
    is_account: bool
    assurance: str
    profile_segments: ProfileSegments | None = None
    degraded: str | None = None


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

    Without a match the shopper is unknown (`none`), or an account is merely claimed (`claimed`).
    """

    match: IdentifierMatch | None
    assurance: str


def recognise(
    accepted: Accepted, authenticated: bool, matches: Mapping[str, IdentifierMatch]
) -> Recognition:
    """Whose request it is, by the matches of its identifiers' keys.

    What the request proves comes first, then the strongest type. An account is reached by what the
    request proves and by a device on which it was signed in, never by a claim: anybody can type
    anybody's e-mail. A device does not reach it either if the request names another account.
    """
    identifiers = sorted(accepted.keys, key=lambda identifier: _rank(identifier, authenticated))
    claimed = False
    accounts: list[str | None] = []
    for identifier in identifiers:
        match = matches.get(identifier.key)
        if match is not None:
            is_claim = match.is_account and (
                _assurance(identifier, authenticated, match) == "claimed"
            )
            is_other = match.is_account and any(named != match.profile_id for named in accounts)
            if not is_claim and not is_other:
                return Recognition(match, _best(match, identifiers, authenticated, matches))
            claimed = claimed or is_claim
        if identifier.type.assurance == "verified":
            accounts.append(match.profile_id if match else None)
    return Recognition(None, "claimed" if claimed else "none")


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
        return replace(shopper, reasons=("segments_not_known_yet",))
    return with_segments(shopper, membership.segments, membership.version)


def _degraded(match: IdentifierMatch, streams: Sequence[StreamState]) -> tuple[str, ...]:
    """Why a decision is degraded whose data comes from these streams; each code once."""
    codes = {match.degraded, *(stream.degraded for stream in streams)}
    return tuple(sorted(code for code in codes if code is not None))


def with_segments(shopper: Shopper, segments: Iterable[str], version: int) -> Shopper:
    """The same shopper in these segments."""
    return replace(shopper, segments=frozenset(segments), segments_version=version)


def _rank(identifier: Identifier, authenticated: bool) -> tuple[bool, int, str]:
    proved = identifier.assured(authenticated) == "verified"
    return not proved, identifier.priority, identifier.key


def _assurance(identifier: Identifier, authenticated: bool, match: IdentifierMatch) -> str:
    linked_by_claim = match.is_account and match.assurance == "claimed"
    return "claimed" if linked_by_claim else identifier.assured(authenticated)


def _best(
    match: IdentifierMatch,
    identifiers: Sequence[Identifier],
    authenticated: bool,
    matches: Mapping[str, IdentifierMatch],
) -> str:
    """The strongest assurance of the identifiers that lead to the same profile."""
    assurances = (
        _assurance(identifier, authenticated, other)
        for identifier in identifiers
        if (other := matches.get(identifier.key)) and other.profile_id == match.profile_id
    )
    return max(assurances, key=_STRENGTH.__getitem__)
