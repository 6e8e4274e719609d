"""Recognition: which profile the identifiers of a request lead to, and how surely."""

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
    """What segments has said of a profile, up to `version` of its stream in segments' log.

    `segments` maps each to the instant of its entry (µs); `as_of` is what segments held of the
    profile's streams when it last said something.
    """

    version: int = 0
    segments: dict[str, int] = field(default_factory=dict)
    as_of: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IdentifierMatch:
    """Where an identifier leads: a profile, whether it is an account's, and its segments.

    `tie` is the assurance with which identity put the identifier there. A device's is `device` in
    an account that was signed in on it, and `claimed` if a claim brought it.
    """

    profile_id: str
    verified: bool
    tie: str
    membership: ProfileSegments | None = None


@dataclass(frozen=True, slots=True)
class StreamState:
    """What is held of a stream: its version, and the state of its summary if it has one."""

    stream: str
    version: int
    summary: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Recognition:
    """The profile that a request's identifiers lead to, and with which assurance.

    Without a lead nobody is known (`none`), or an account is merely claimed (`claimed`).
    """

    lead: IdentifierMatch | None
    assurance: str


def recognise(
    accepted: Accepted, authenticated: bool, leads: Mapping[str, IdentifierMatch]
) -> Recognition:
    """Whose request it is.

    What the request proves comes first, then the strongest type. An account is reached by what the
    request proves and by a device on which it was signed in, never by a claim: anybody can type
    anybody's e-mail. Neither is it reached by a device if the request names another account.
    """
    told = sorted(accepted.keys, key=lambda identifier: _rank(identifier, authenticated))
    claimed = False
    accounts: list[str | None] = []
    for identifier in told:
        lead = leads.get(identifier.key)
        if lead is not None:
            is_claim = lead.verified and _assurance(identifier, authenticated, lead) == "claimed"
            another = lead.verified and any(named != lead.profile_id for named in accounts)
            if not is_claim and not another:
                return Recognition(lead, _best(lead, told, authenticated, leads))
            claimed = claimed or is_claim
        if identifier.type.assurance == "verified":
            accounts.append(lead.profile_id if lead else None)
    return Recognition(None, "claimed" if claimed else "none")


def shopper_of(
    recognition: Recognition, held: Sequence[StreamState], accepted: Accepted
) -> Shopper:
    """The shopper as rules and content see them, from what is `held` of the profile's streams."""
    ignored = tuple((unused.type, unused.reason) for unused in accepted.ignored)
    lead = recognition.lead
    if lead is None:
        reason = "unknown_shopper" if recognition.assurance == "none" else "claimed_account"
        return Shopper(assurance=recognition.assurance, reasons=(reason,), ignored=ignored)
    summary = combine(Summary.load(part.summary) for part in held if part.summary is not None)
    shopper = Shopper(
        profile_id=lead.profile_id,
        assurance=recognition.assurance,
        traits=summary.traits(),
        consent=summary.consents(),
        points=summary.points,
        streams={part.stream: part.version for part in held},
        ignored=ignored,
    )
    if lead.membership is None:
        return replace(shopper, reasons=("segments_not_known_yet",))
    return with_segments(shopper, lead.membership.segments, lead.membership.version)


def with_segments(shopper: Shopper, segments: Iterable[str], version: int) -> Shopper:
    """The same shopper in these segments."""
    return replace(shopper, segments=frozenset(segments), segments_version=version)


def _rank(identifier: Identifier, authenticated: bool) -> tuple[bool, int, str]:
    proved = identifier.assured(authenticated) == "verified"
    return not proved, identifier.priority, identifier.key


def _assurance(identifier: Identifier, authenticated: bool, lead: IdentifierMatch) -> str:
    brought_by_a_claim = lead.verified and lead.tie == "claimed"
    return "claimed" if brought_by_a_claim else identifier.assured(authenticated)


def _best(
    lead: IdentifierMatch,
    told: Sequence[Identifier],
    authenticated: bool,
    leads: Mapping[str, IdentifierMatch],
) -> str:
    """The surest way in which the identifiers lead to the profile."""
    ways = (
        _assurance(identifier, authenticated, other)
        for identifier in told
        if (other := leads.get(identifier.key)) and other.profile_id == lead.profile_id
    )
    return max(ways, key=_STRENGTH.__getitem__)
