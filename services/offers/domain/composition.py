"""Composition: which offers may stand in one answer together."""

from __future__ import annotations

from services.offers.domain.catalogue import Offer


class Composition:
    """The offers of one answer so far, as its slots are filled one after the other.

    Of one group at most one offer is in an answer. Offers of two groups are in it together unless
    either of them does not stack with the other's group.
    """

    __slots__ = ("_grouped",)

    def __init__(self) -> None:
        self._grouped: list[Offer] = []

    def add(self, offer: Offer) -> None:
        """Put an offer in the answer."""
        if offer.group is not None:
            self._grouped.append(offer)

    def admits(self, offer: Offer) -> bool:
        """Whether the offer may join those that are in the answer."""
        return offer.group is None or self.obstacle(offer) is None

    def obstacle(self, offer: Offer) -> str | None:
        """Why the offer may not join them; None if it may."""
        if offer.group is None:
            return None
        for other in self._grouped:
            if other.group == offer.group:
                return f"{other.id}, of the same group {other.group}, is shown already"
            if not (_stacks(offer, other) and _stacks(other, offer)):
                return f"{other.id} is shown already, and they do not stack"
        return None


def _stacks(offer: Offer, other: Offer) -> bool:
    return offer.stacks_with is None or other.group in offer.stacks_with
