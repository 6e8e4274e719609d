"""Draws: which offers a bandit shows in a slot, drawn by chance or taken from the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Protocol

from services.offers.domain.bandit import Beta, draw
from services.offers.domain.catalogue import Offer, Slot
from services.offers.domain.ranking import BanditRanking
from services.offers.domain.statistics import Statistics

_DIGITS = 6


class Pick(NamedTuple):
    """An offer that was drawn, None for nothing, and how probable that was, given those before."""

    offer_id: str | None
    propensity: float


@dataclass(slots=True)
class SlotDraw:
    """What was drawn in a slot for a request of `cell` among `candidates`, in the order drawn."""

    cell: str
    candidates: tuple[str, ...]
    picks: list[Pick] = field(default_factory=list)

    def to_log(self) -> dict[str, Any]:
        """Plain JSON as `contracts.decisions.SlotDrawSchema`."""
        return {
            "cell": self.cell,
            "candidates": list(self.candidates),
            "picks": [pick._asdict() for pick in self.picks],
        }


class Draws(Protocol):
    """Says which offer a slot's bandit shows next."""

    def pick(
        self,
        slot: Slot,
        ranking: BanditRanking,
        candidates: Sequence[Offer],
        above: Sequence[Offer],
    ) -> Offer | None:
        """One of `candidates`, by falling priority and at least one, or None to show no more.

        `above` are those that the slot shows already.
        """
        ...

    def to_log(self) -> dict[str, Any]:
        """What was drawn by slot, as plain JSON."""
        ...


class ChanceDraws:
    """Draws by what is known of the offers' rates, with `chance()`, uniform on [0, 1)."""

    def __init__(
        self,
        placement: str,
        context: Mapping[str, Any],
        statistics: Statistics,
        chance: Callable[[], float],
    ) -> None:
        self._drawn: dict[str, SlotDraw] = {}
        self._placement = placement
        self._context = context
        self._statistics = statistics
        self._chance = chance

    def pick(
        self,
        slot: Slot,
        ranking: BanditRanking,
        candidates: Sequence[Offer],
        above: Sequence[Offer],
    ) -> Offer | None:
        """See `Draws`."""
        name = f"{self._placement}.{slot.name}"
        drawn = self._drawn.get(slot.name)
        if drawn is None:
            cell = ranking.cells.of(self._context, partial(self._statistics.keeps, name))
            drawn = SlotDraw(cell, tuple(offer.id for offer in candidates))
            self._drawn[slot.name] = drawn

        def rates(offers: Sequence[Offer]) -> list[Beta]:
            known, success, weight = self._statistics, ranking.success, ranking.weight
            return [known.rate(name, each.id, drawn.cell, success, weight) for each in offers]

        chances = ranking.probabilities(rates(candidates), rates(above))
        place = draw(chances, self._chance())
        offer = candidates[place] if place < len(candidates) else None
        # To so many digits that count: nothing that was drawn has a propensity of 0.
        propensity = float(f"{chances[place]:.{_DIGITS}g}")
        drawn.picks.append(Pick(offer.id if offer else None, propensity))
        return offer

    def to_log(self) -> dict[str, Any]:
        """See `Draws`."""
        return {slot: drawn.to_log() for slot, drawn in self._drawn.items()}


class LoggedDraws:
    """What was drawn, from the log entry of a decision.

    Another catalogue may have other candidates: what was drawn and is none of them is passed over,
    and of a slot that the log does not have the candidate of the highest priority is taken.
    """

    def __init__(self, rankings: Mapping[str, Any]) -> None:
        self.rankings = rankings
        self._places: dict[str, int] = {}

    def pick(
        self,
        slot: Slot,
        ranking: BanditRanking,
        candidates: Sequence[Offer],
        above: Sequence[Offer],
    ) -> Offer | None:
        """See `Draws`."""
        del ranking, above
        logged = self.rankings.get(slot.name)
        if logged is None:
            return candidates[0]
        by_id = {offer.id: offer for offer in candidates}
        for place in range(self._places.get(slot.name, 0), len(logged["picks"])):
            self._places[slot.name] = place + 1
            offer_id = logged["picks"][place]["offer_id"]
            if offer_id is None:
                return None
            if offer_id in by_id:
                return by_id[offer_id]
        return None

    def to_log(self) -> dict[str, Any]:
        """See `Draws`."""
        return dict(self.rankings)


def by_priority() -> LoggedDraws:
    """The draws of a decision that no bandit has a part in."""
    return LoggedDraws({})
