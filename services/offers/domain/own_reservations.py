"""What decisions have reserved for a shopper: a page that is loaded again shows it again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from services.offers.domain.caps import decision_key
from services.offers.domain.decision import Reservation


class DecisionGrant(NamedTuple):
    """A grant that the decision `decision_id` has reserved, until `expires_at` (µs)."""

    grant_id: str
    cap_id: str
    decision_id: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class OwnReservations:
    """What decisions have reserved for one shopper, and what still counts against caps.

    `standing` has the reservations by offer, `overdue` by offer the ids of those grants that count
    a little longer than they stand.
    """

    standing: Mapping[str, Reservation] = field(default_factory=dict)
    overdue: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, grants: Iterable[DecisionGrant], now: int) -> OwnReservations:
        """What a shopper's grants are at `now` (µs).

        Of several of one offer, as after a merge, that one stands which stands longest.
        """
        standing: dict[str, Reservation] = {}
        overdue: dict[str, tuple[str, ...]] = {}
        for grant in sorted(grants, key=lambda each: (each.expires_at, each.grant_id)):
            if grant.expires_at > now:
                key = decision_key(grant.decision_id, grant.cap_id)
                standing[grant.cap_id] = Reservation(key, grant.expires_at)
            else:
                overdue[grant.cap_id] = (*overdue.get(grant.cap_id, ()), grant.grant_id)
        return cls(standing, overdue)

    def remaining_obstacles(self, capped: Mapping[str, str]) -> dict[str, str]:
        """The obstacles by offer without those of offers of which the shopper has her part."""
        own = self.standing.keys() | self.overdue.keys()
        return {offer: why for offer, why in capped.items() if offer not in own}
