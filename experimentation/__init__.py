"""Statistics of experiments: differences, intervals, and whether they can be believed. Pure.

    control, variant = Sample.of_proportion(500, 10_000), Sample.of_proportion(580, 10_000)
    difference(control, variant).interval              # of the difference, at a fixed horizon
    relative_lift(control, variant).interval           # of variant / control - 1
    always_valid(difference(control, variant), units=20_000, planned_units=50_000)
    sample_ratio_p_value([10_000, 10_000], [0.5, 0.5])
    adjust([Covaried.of(spend, spend_before), …])      # CUPED, and how much variance it removed

What goes in are counts, means and variances, never rows: they can be added up where the data is.
Nothing here reads a clock, a file or a database. scipy takes a third of a second to import: the
functions that compute with it do so, and a process that decides never calls them.
"""

from experimentation.always_valid import always_valid, peeking_bound
from experimentation.cuped import Adjusted, Covaried, adjust
from experimentation.effects import Effect, difference, level_variance, relative_lift
from experimentation.guards import GuardVerdict, guard_verdict
from experimentation.intervals import Interval
from experimentation.power import days_left, detectable_difference, power_of, units_needed
from experimentation.sample import Sample
from experimentation.sample_ratio import sample_ratio_p_value

__all__ = [
    "Adjusted",
    "Covaried",
    "Effect",
    "GuardVerdict",
    "Interval",
    "Sample",
    "adjust",
    "always_valid",
    "days_left",
    "detectable_difference",
    "difference",
    "guard_verdict",
    "level_variance",
    "peeking_bound",
    "power_of",
    "relative_lift",
    "sample_ratio_p_value",
    "units_needed",
]
