"""Recognition: which profile the identifiers of a request lead to, and how surely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from identifiers import Accepted, Identifier
from rules import Summary, combine
from services.offers.decision import Shopper

_STRENGTH = {"claimed": 1, "device": 2, "verified": 3}


@dataclass(slots=True)
class Membership:
    """What segments has said of a profile, up to `version` of its stream in segments' log.

    `segments` maps each to the instant of its entry (µs); `as_of` is what segments held of the
    profile's streams when it last said something.
    """

    version: int = 0
    segments: dict[str, int] = field(default_factory=dict)
    as_of: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lead:
    """Where an identifier leads: a profile, whether it was ever verified, and its segments."""

    profile_id: str
    verified: bool
    membership: Membership | None


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of a stream: its version, and the state of its summary if it has one."""

    stream: str
    version: int
    summary: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Recognition:
    """The profile that a request's identifiers lead to, and the assurance of it."""

    lead: Lead
    assurance: str

    @property
    def only_claimed(self) -> bool:
        """Whether somebody's verified profile is reached by what anybody could have typed."""
        return self.assurance == "claimed" and self.lead.verified


def recognise(
    accepted: Accepted, authenticated: bool, leads: Mapping[str, Lead]
) -> Recognition | None:
    """Whose request it is; None if nobody knows.

    What the request proves comes first, then the strongest type. An account that is new is never
    taken for another one that used the same device, and a claim to somebody's verified profile
    comes last.
    """
    told = sorted(accepted.keys, key=lambda identifier: _rank(identifier, authenticated))
    known = [identifier for identifier in told if identifier.key in leads]
    if told and told[0] not in known and told[0].assured(authenticated) == "verified":
        known = [identifier for identifier in known if not leads[identifier.key].verified]
    reached = [
        Recognition(leads[identifier.key], _best(identifier, known, authenticated, leads))
        for identifier in known
    ]
    reached.sort(key=lambda recognition: recognition.only_claimed)
    return reached[0] if reached else None


def shopper_of(
    recognition: Recognition | None, held: Sequence[Held], accepted: Accepted
) -> Shopper:
    """The shopper as rules and content see them.

    Traits, consent and points of a verified profile are withheld from who only claims to be it.
    """
    ignored = tuple((unused.type, unused.reason) for unused in accepted.ignored)
    if recognition is None:
        return Shopper(reasons=("unknown_shopper",), ignored=ignored)
    membership = recognition.lead.membership
    summary = Summary()
    reasons = []
    if membership is None:
        reasons.append("segments_not_known_yet")
    if recognition.only_claimed:
        reasons.append("claimed_identifiers_only")
    else:
        summary = combine(
            Summary.load(stream.summary) for stream in held if stream.summary is not None
        )
    shopper = Shopper(
        profile_id=recognition.lead.profile_id,
        assurance=recognition.assurance,
        traits=summary.traits(),
        consent=summary.consents(),
        points=summary.points,
        streams={stream.stream: stream.version for stream in held},
        reasons=tuple(reasons),
        ignored=ignored,
    )
    if membership is None:
        return shopper
    return with_segments(shopper, membership.segments, membership.version)


def with_segments(shopper: Shopper, segments: Iterable[str], version: int) -> Shopper:
    """The same shopper in these segments."""
    return replace(shopper, segments=frozenset(segments), segments_version=version)


def _rank(identifier: Identifier, authenticated: bool) -> tuple[bool, int, str]:
    proved = identifier.assured(authenticated) == "verified"
    return not proved, identifier.priority, identifier.key


def _best(
    identifier: Identifier,
    known: Sequence[Identifier],
    authenticated: bool,
    leads: Mapping[str, Lead],
) -> str:
    profile_id = leads[identifier.key].profile_id
    return max(
        (
            other.assured(authenticated)
            for other in known
            if leads[other.key].profile_id == profile_id
        ),
        key=_STRENGTH.__getitem__,
    )
