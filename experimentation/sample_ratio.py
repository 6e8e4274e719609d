"""The sample-ratio check: whether the variants have the shares of shoppers that they should."""

from __future__ import annotations

from collections.abc import Sequence


def sample_ratio_p_value(units: Sequence[int], weights: Sequence[float]) -> float:
    """How likely counts at least so far from the weights are: Pearson's chi-squared test.

    `weights` add up to 1, all above 0. Below 0.001 something loses or adds shoppers to one variant,
    and no other figure can be believed: Fabijan et al. (2019), Diagnosing Sample Ratio Mismatch.
    """
    total = sum(units)
    if total == 0:
        return 1.0
    from scipy.special import chdtrc  # noqa: PLC0415 - see the package

    expected = [weight * total for weight in weights]
    distance = sum(
        (seen - wanted) ** 2 / wanted for seen, wanted in zip(units, expected, strict=True)
    )
    return float(chdtrc(len(expected) - 1, distance))
