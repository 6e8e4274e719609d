"""Bandits: with which probability each of some arms is shown, given what is known of their rates.

An arm is worth its rate of success, of which a Beta distribution says what is known. Both methods
give probabilities: whoever chooses draws an arm by them, so the propensity in the log is the one
that it was drawn by, whatever the error of its computation.

- Thompson sampling (Thompson 1933, On the likelihood that one unknown probability exceeds another
  in view of the evidence of two samples, Biometrika 25): an arm is shown as probably as it is the
  best.
- Inverse-gap weighting (Abe & Long 1999, Associative reinforcement learning using linear
  probabilistic concepts; Foster & Rakhlin 2020, Beyond UCB: optimal and efficient contextual
  bandits with regression oracles, where it is SquareCB): the farther an arm's mean is from the best
  one, the less often it is shown. Its probabilities have a closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from math import exp, lgamma, log, log1p, prod, sqrt
from typing import NamedTuple

# The grid of the quadrature: points around each distribution, standard deviations to either side of
# it, and points in all.
_POINTS = (17, 33)
_POINTS_TOGETHER = 160
_WIDTH = 5.0
_MOST_POINTS = 320
_KEPT = 4096


class Beta(NamedTuple):
    """What is known of a rate: a Beta distribution with these two parameters, both positive."""

    successes: float
    failures: float

    @property
    def mean(self) -> float:
        """The expected rate."""
        return self.successes / (self.successes + self.failures)


@lru_cache(_KEPT)
def best_probabilities(
    arms: tuple[Beta, ...], floor: float | None = None, above: tuple[Beta, ...] = ()
) -> tuple[float, ...]:
    """For each arm the probability that its rate is the best; they sum to 1.

    With a `floor`, a rate between 0 and 1, there is one more, the last: that no rate reaches it.
    `above` are the arms that are shown already, best first: the probabilities are then of which is
    best below these, given that they are the best ones in that order. Drawn one after the other,
    arms thus stand in the order of one sample of all their rates.

    P(a is best) is the integral of the density of a times the distribution functions of all others
    and the chance that those above are above. It is taken by the trapezoidal rule over the logits
    of the rates, where each density is smooth with exponential tails, on a grid that is as fine as
    each rate is known well. The error is below 0.01.
    """
    if len(arms) == 1 and floor is None:
        return (1.0,)
    grid = _grid((*arms, *above), floor)
    curves = [_Curve(arm, grid) for arm in arms]
    ceiling = [1.0] * len(grid)
    for arm in above:
        ceiling = _Curve(arm, grid).mass_above(ceiling)
    joint = [
        limit * prod(each)
        for limit, *each in zip(ceiling, *(curve.below for curve in curves), strict=True)
    ]
    start = 0 if floor is None else grid.index(_logit(floor))
    chances = [curve.integral(joint, start) for curve in curves]
    if floor is not None:
        chances.append(joint[start])
    total = sum(chances)
    if total <= 0:  # those above are so low that the grid shows nothing below them
        return (1 / len(chances),) * len(chances)
    return tuple(chance / total for chance in chances)


def inverse_gap_probabilities(
    arms: Sequence[Beta], exploitation: float, floor: float | None = None
) -> tuple[float, ...]:
    """The probability of each of K arms: 1 / (K + g × its gap to the best mean); they sum to 1.

    The best, of several the first, has the rest. With a `floor` there is one more arm, the last,
    whose mean that is. The factor g is `exploitation` × √(K n / (m (1 - m))), where n outcomes are
    known of the arms and m is the best mean: the gap counts in standard deviations of an outcome,
    and the more is known, the rarer are the others.
    """
    means = [arm.mean for arm in arms] + ([] if floor is None else [floor])
    count, best = len(means), max(range(len(means)), key=means.__getitem__)
    known, mean = sum(map(sum, arms)), means[best]
    sharpness = exploitation * sqrt(count * known / (mean * (1 - mean)))
    chances = [1 / (count + sharpness * (mean - other)) for other in means]
    chances[best] += 1 - sum(chances)
    return tuple(chances)


def draw(probabilities: Sequence[float], chance: float) -> int:
    """The place that `chance`, uniform on [0, 1), draws by these probabilities."""
    last = 0
    for place, probability in enumerate(probabilities):
        if probability > 0:
            last = place
            chance -= probability
            if chance < 0:
                break
    return last


class _Curve:
    """A distribution on a grid of logits: its density there, and the mass below each point."""

    __slots__ = ("_arm", "_density", "_widths", "below")

    def __init__(self, arm: Beta, grid: Sequence[float]) -> None:
        self._arm = arm
        self._widths = [after - before for before, after in pairwise(grid)]
        density = _logit_density(arm, grid)
        steps = _steps(self._widths, density)
        # Beyond the grid the density falls off as exp(successes t) and exp(-failures t).
        below = list(accumulate(steps, initial=density[0] / arm.successes))
        total = below[-1] + density[-1] / arm.failures
        self.below = [mass / total for mass in below]
        self._density = [each / total for each in density]

    def integral(self, joint: Sequence[float], start: int) -> float:
        """The integral from `start` on of the density times `joint` without its own factor."""
        values = [
            density * together / mass if mass > 0 else 0.0
            for density, together, mass in zip(
                self._density[start:], joint[start:], self.below[start:], strict=True
            )
        ]
        inside = sum(_steps(self._widths[start:], values))
        return inside + values[-1] / self._arm.failures

    def mass_above(self, limit: Sequence[float]) -> list[float]:
        """For each point the mass above it, weighted by `limit`."""
        values = [density * each for density, each in zip(self._density, limit, strict=True)]
        steps = _steps(self._widths, values)
        beyond = values[-1] / self._arm.failures
        return list(accumulate(reversed(steps), initial=beyond))[::-1]


def _steps(widths: Sequence[float], values: Sequence[float]) -> list[float]:
    """The trapezoids between the points."""
    return [
        width * (left + right) / 2
        for width, left, right in zip(widths, values, values[1:], strict=False)
    ]


def _grid(arms: Sequence[Beta], floor: float | None) -> list[float]:
    """Logits around each of the distributions, ascending; that of the floor is one of them."""
    fewest, most = _POINTS
    points = max(fewest, min(most, _POINTS_TOGETHER // len(arms)))
    offsets = [_WIDTH * (2 * place / (points - 1) - 1) for place in range(points)]
    found: set[float] = set()
    for arm in arms:
        middle = log(arm.successes / arm.failures)
        deviation = sqrt(1 / arm.successes + 1 / arm.failures)
        found.update(middle + deviation * offset for offset in offsets)
    grid = sorted(found)
    if len(grid) > _MOST_POINTS:
        every = len(grid) / _MOST_POINTS
        grid = [*(grid[int(place * every)] for place in range(_MOST_POINTS)), grid[-1]]
    return grid if floor is None else sorted({*grid, _logit(floor)})


def _logit_density(arm: Beta, grid: Sequence[float]) -> list[float]:
    """The density of the logit of the rate: that of the rate times rate (1 - rate)."""
    a, b = arm
    scale = lgamma(a + b) - lgamma(a) - lgamma(b)
    return [
        exp(scale - a * log1p(exp(-at)) - b * (at + log1p(exp(-at))))
        if at > 0
        else exp(scale + a * (at - log1p(exp(at))) - b * log1p(exp(at)))
        for at in grid
    ]


def _logit(rate: float) -> float:
    return log(rate / (1 - rate))
