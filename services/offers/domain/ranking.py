"""Rankings: which of a slot's eligible offers go first, if not those of the highest priority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from typing import TypeAlias

from rules import Formula, Reads, Situation
from services.offers.domain.bandit import Beta, best_probabilities, inverse_gap_probabilities
from services.offers.domain.cells import Cells

METHODS = ("thompson", "igw")
SUCCESSES = ("converted", "clicked")


@dataclass(frozen=True, slots=True)
class FormulaRanking:
    """By the value of a formula, the largest first; `formulas` has it for each offer, by id."""

    text: str
    formulas: Mapping[str, Formula[Situation]] = field(repr=False, compare=False)

    @property
    def reads(self) -> Reads:
        """What it reads of a shopper."""
        return reduce(Reads.__or__, (each.reads for each in self.formulas.values()), Reads())

    def value(self, offer_id: str, situation: Situation, now: int) -> int | Fraction | None:
        """The value for an offer; None if a part of it is missing, which goes last."""
        return self.formulas[offer_id].value(situation, now)

    def show(self, offer_id: str, situation: Situation, now: int) -> str:
        """The value for an offer as people read it."""
        value = self.value(offer_id, situation, now)
        if value is None:
            return "no value"
        whole = value.numerator if value.denominator == 1 else value
        return self.formulas[offer_id].term.show(situation, whole, now)


@dataclass(frozen=True, slots=True)
class BanditRanking:
    """By chance: what has succeeded more often is shown more often.

    `success` is what counts, clicked or converted. With a `floor`, nothing is shown where no offer
    reaches that rate. What coarser cells say counts as much as `weight` outcomes. By igw a larger
    `exploitation` shows the best more often. In the share `explore` of decisions all are alike.
    """

    method: str
    success: str = "converted"
    floor: float | None = None
    weight: float = 40.0
    exploitation: float = 3.0
    explore: float = 0.0
    cells: Cells = field(default_factory=Cells)

    def probabilities(self, arms: Sequence[Beta], above: Sequence[Beta]) -> Sequence[float]:
        """The probability of each arm, and last that of showing nothing if there is a floor.

        `above` are those that are shown already. What is known is taken to three digits, so that
        nothing has to be computed again for an outcome that hardly counts.
        """
        if self.method == "thompson":
            chances = best_probabilities(_rounded(arms), self.floor, _rounded(above))
        else:
            chances = inverse_gap_probabilities(arms, self.exploitation, self.floor)
        even = self.explore / len(chances)
        return [chance * (1 - self.explore) + even for chance in chances]


Ranking: TypeAlias = FormulaRanking | BanditRanking


def _rounded(arms: Sequence[Beta]) -> tuple[Beta, ...]:
    return tuple(Beta(*(float(f"{each:.3g}") for each in arm)) for arm in arms)
