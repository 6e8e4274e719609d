"""The parameters of the models. Times are in weeks, amounts in minor units of their currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from chassis.core.instants import DAY


class Dropout(Enum):
    """When a customer may drop out for good: what the two models differ in."""

    AFTER_EVERY_ORDER = "mbg_nbd"
    AFTER_REPEATS = "bg_nbd"


@dataclass(frozen=True, slots=True)
class BuyingModel:
    """How often customers buy, and when they stop: MBG/NBD or BG/NBD.

    While a customer is alive, orders come at random at a rate λ; rates differ by a gamma
    distribution of shape `r` and rate `alpha` (weeks). After an order the customer drops out with a
    probability p; these differ by a beta distribution of `a` and `b`. In the BG/NBD the first order
    is followed by no dropout, so that who never came back is alive for certain; in the MBG/NBD it
    is followed by one as every order is.
    """

    dropout: Dropout
    r: float
    alpha: float
    a: float
    b: float

    def survivals(self, repeats: int) -> int:
        """After how many orders a living customer with that many repeats did not drop out."""
        return repeats + (self.dropout is Dropout.AFTER_EVERY_ORDER)


@dataclass(frozen=True, slots=True)
class SpendModel:
    """What customers spend on an order day in one currency: Gamma-Gamma.

    Amounts of a customer follow a gamma distribution of shape `p` whose rate differs between
    customers by a gamma distribution of shape `q` and rate `gamma` (minor units). `q` exceeds 1.
    """

    p: float
    q: float
    gamma: float

    @property
    def mean(self) -> float:
        """What an average customer spends on an order day."""
        return self.p * self.gamma / (self.q - 1)

    def expected(self, days: int, mean: float) -> float:
        """What somebody spends on a coming order day who spent `mean` on each of `days` so far.

        Formula (5) of Fader & Hardie (2013): a weighted mean of their own average and everybody's.
        """
        return self.p * (self.gamma + days * mean) / (self.p * days + self.q - 1)


@dataclass(frozen=True, slots=True)
class ValueModel:
    """All that values are computed with.

    `horizon` (µs) is how far CLV looks ahead, and `currency` that of the shop, in which rules read
    it; None if nothing is known of what is spent. Spend in other currencies is in `spend` too.
    """

    buying: BuyingModel
    spend: Mapping[str, SpendModel] = field(default_factory=dict)
    horizon: int = 364 * DAY
    currency: str | None = None
