"""Reports of experiments: by how much each variant differs from the control, and how sure that is.

What is decided is decided by always-valid intervals: anybody may look at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite, sqrt
from typing import Any

from chassis.core.instants import DAY
from experimentation import (
    Effect,
    GuardVerdict,
    Interval,
    adjust,
    always_valid,
    days_left,
    detectable_difference,
    difference,
    guard_verdict,
    level_variance,
    relative_lift,
    sample_ratio_p_value,
)
from services.offers.domain.experiments import Experiment, Holdout
from services.offers.domain.exposures import ExposedCount, ExposedResponse
from services.offers.domain.tallies import (
    LESS_IS_BETTER,
    METRICS,
    VariantTally,
    main_currency,
    tallies_of,
)

LOOKED_BACK = 30 * DAY
"""How far before the first exposure what a shopper did is compared with (µs)."""

_SUSPICIOUS = 0.001
_LEVEL = 0.95
_WORTH_TELLING = 0.005
_MANY_CONFLICTS = 0.05


def experiment_report(
    trial: Experiment | Holdout,
    counts: Sequence[ExposedCount],
    responses: Sequence[ExposedResponse],
    now: int,
) -> dict[str, Any]:
    """The report of an experiment or a holdout: see `contracts.experiments`; instants are in µs.

    `responses` are sorted by shopper, from `LOOKED_BACK` before the first exposure on.
    """
    by_variant = {count.variant: count.shoppers for count in counts}
    shoppers = {name: by_variant.get(name, 0) for name in trial.names}
    currency = main_currency(responses)
    tallies = tallies_of(shoppers, responses, currency)
    first_at = min((count.first_at for count in counts), default=now)
    comparisons = _Comparisons(trial, tallies)
    ratio = _sample_ratio(trial, shoppers)
    conflicts = by_variant.get(None, 0)
    return {
        "experiment": trial.id,
        "kind": "holdout" if isinstance(trial, Holdout) else "experiment",
        "is_running": isinstance(trial, Holdout) or trial.is_running,
        "primary": trial.plan.primary,
        "currency": currency,
        "since": first_at if counts else None,
        "as_of": now,
        "window_days": trial.plan.window / DAY,
        "level": comparisons.level,
        "shoppers": sum(shoppers.values()),
        "conflicts": conflicts,
        "sample_ratio": ratio,
        "variants": [_variant(trial, name, tally) for name, tally in tallies.items()],
        "effects": comparisons.effects(),
        "guards": comparisons.guards(),
        "verdicts": comparisons.verdicts(is_believable=not ratio["is_mismatch"]),
        "power": _power(trial, tallies, comparisons.level, (now - first_at) / DAY),
        "remarks": _remarks(conflicts, sum(shoppers.values()), responses, currency),
    }


def _variant(trial: Experiment | Holdout, name: str, tally: VariantTally) -> dict[str, Any]:
    return {
        "variant": name,
        "weight": trial.weights[trial.names.index(name)],
        "shoppers": tally.shoppers,
        "totals": {metric: tally.sums[metric].y for metric in METRICS},
        "means": {metric: tally.sample(metric).mean for metric in METRICS},
    }


def _sample_ratio(trial: Experiment | Holdout, shoppers: Mapping[str, int]) -> dict[str, Any]:
    p_value = sample_ratio_p_value(list(shoppers.values()), trial.weights)
    return {"p_value": p_value, "is_mismatch": p_value < _SUSPICIOUS}


class _Comparisons:
    """Each variant but the control, compared with it; the level is shared among them."""

    def __init__(self, trial: Experiment | Holdout, tallies: Mapping[str, VariantTally]) -> None:
        self._trial = trial
        self._tallies = tallies
        self._control, *self._others = trial.names
        self.level = 1 - (1 - _LEVEL) / len(self._others)  # Bonferroni's

    def effects(self) -> list[dict[str, Any]]:
        """By variant and metric the difference and the relative lift, with their intervals."""
        return [self._effect(name, metric) for name in self._others for metric in METRICS]

    def _effect(self, name: str, metric: str) -> dict[str, Any]:
        control, variant = self._tallies[self._control], self._tallies[name]
        plain = difference(control.sample(metric), variant.sample(metric), self.level)
        lift = self._lift(name, metric)
        return {
            "variant": name,
            "metric": metric,
            "difference": _estimate(plain),
            "lift": _estimate(lift),
            "always_valid_lift": _plain(self._always_valid(name, lift)),
            "p_value": plain.p_value,
            "adjusted": self._adjusted(name, metric),
        }

    def _lift(self, name: str, metric: str) -> Effect:
        samples = [self._tallies[each].sample(metric) for each in (self._control, name)]
        return relative_lift(samples[0], samples[1], self.level)

    def _always_valid(self, name: str, effect: Effect) -> Interval:
        """By how many shoppers the two variants have of those planned for them."""
        shares = dict(zip(self._trial.names, self._trial.weights, strict=True))
        planned = self._trial.plan.planned_units * (shares[self._control] + shares[name])
        units = self._tallies[self._control].shoppers + self._tallies[name].shoppers
        return always_valid(effect, units, max(round(planned), 1), self.level)

    def _adjusted(self, name: str, metric: str) -> dict[str, Any] | None:
        """The difference by CUPED, where it removes anything worth telling."""
        pair = [self._tallies[each].sums[metric] for each in (self._control, name)]
        adjusted = adjust(pair)
        if adjusted.removed < _WORTH_TELLING:
            return None
        control, variant = adjusted.samples
        effect = difference(control, variant, self.level)
        return {**_estimate(effect), "p_value": effect.p_value, "removed": adjusted.removed}

    def guards(self) -> list[dict[str, Any]]:
        """The verdict on each guard metric of each variant, by the relative lift."""
        return [
            {
                "variant": name,
                "metric": guard.metric,
                "margin": guard.margin,
                "lift": _estimate(lift),
                "always_valid_lift": _plain(self._always_valid(name, lift)),
                "verdict": self._guard(name, guard.metric, guard.margin).value,
            }
            for name in self._others
            for guard in self._trial.plan.guards
            for lift in (self._lift(name, guard.metric),)
        ]

    def _guard(self, name: str, metric: str, margin: float) -> GuardVerdict:
        # A part of nothing is nothing.
        borne = margin if self._tallies[self._control].sample(metric).mean else 0.0
        interval = self._always_valid(name, self._decisive(name, metric))
        return guard_verdict(interval, borne, more_is_better=metric not in LESS_IS_BETTER)

    def _decisive(self, name: str, metric: str) -> Effect:
        """What decides: the relative lift, or the difference where the control has nothing."""
        control, variant = (self._tallies[each].sample(metric) for each in (self._control, name))
        if control.mean == 0 and control.units:
            return difference(*level_variance(control, variant), self.level)
        return relative_lift(control, variant, self.level)

    def verdicts(self, *, is_believable: bool) -> list[dict[str, Any]]:
        """By variant whether it is better or worse by the primary metric, or undecided."""
        metric = self._trial.plan.primary
        verdicts = []
        for name in self._others:
            interval = self._always_valid(name, self._decisive(name, metric))
            verdict = "undecided"
            if not is_believable:
                verdict = "not_believable"
            elif interval.excludes_zero:
                is_better = (interval.low > 0) != (metric in LESS_IS_BETTER)
                verdict = "better" if is_better else "worse"
            verdicts.append({"variant": name, "verdict": verdict})
        return verdicts


def _power(
    trial: Experiment | Holdout, tallies: Mapping[str, VariantTally], level: float, days: float
) -> dict[str, Any]:
    """What can be seen by now and once the planned shoppers are there, and when that will be.

    At the level of the comparisons. Of several variants that counts of which least can be seen.
    What gets no further shoppers, or goes on whatever it has, has no days left.
    """
    planned = trial.plan.planned_units
    shoppers = sum(tally.shoppers for tally in tallies.values())
    control, *variants = (tallies[name].sample(trial.plan.primary) for name in trial.names)
    is_ending = isinstance(trial, Experiment) and trial.is_running
    now: float | None = None
    if control.mean > 0 and all(variant.units for variant in variants):
        now = max(detectable_difference(control, each, level) for each in variants) / control.mean
    return {
        "planned_shoppers": planned,
        "days_left": days_left(planned, shoppers, days) if is_ending else None,
        "detectable_lift": now,
        "detectable_lift_as_planned": None if now is None else now * sqrt(shoppers / planned),
    }


def _remarks(
    conflicts: int, shoppers: int, responses: Sequence[ExposedResponse], currency: str | None
) -> list[str]:
    remarks = []
    if conflicts > _MANY_CONFLICTS * (conflicts + shoppers):
        remarks.append(
            f"{conflicts:,} shoppers saw two variants and are left out: are they split by an"
            " identifier that stays theirs?"
        )
    others = {each.currency for each in responses} - {None, currency}
    if others:
        named = ", ".join(sorted(name for name in others if name))
        remarks.append(f"revenue and refunds are in {currency} alone; left out: {named}")
    return remarks


def _estimate(effect: Effect) -> dict[str, Any]:
    return {"estimate": effect.estimate, **_plain(effect.interval)}


def _plain(interval: Interval) -> dict[str, Any]:
    """Without what JSON does not have: null where nothing is known."""
    return {
        "low": interval.low if isfinite(interval.low) else None,
        "high": interval.high if isfinite(interval.high) else None,
    }
