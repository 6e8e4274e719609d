"""Changes of experiments and holdouts: what another offers.yaml would do to their figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.offers.domain.experiments import Experiment, Holdout, Trials


@dataclass(frozen=True, slots=True)
class TrialChange:
    """What becomes of an experiment or a holdout: `added`, `changed` or `removed`; and slips."""

    experiment: str
    change: str
    warnings: tuple[str, ...] = ()


def trial_changes(before: Trials, after: Trials) -> list[TrialChange]:
    """The experiments and holdouts that are others, by id."""
    old, new = _by_id(before), _by_id(after)
    changes = []
    for trial in sorted(old.keys() | new.keys()):
        was, will = old.get(trial), new.get(trial)
        if was is None:
            changes.append(TrialChange(trial, "added"))
        elif will is None:
            changes.append(TrialChange(trial, "removed", tuple(_lost(was))))
        elif was != will:
            changes.append(TrialChange(trial, "changed", tuple(_mixed(was, will))))
    return changes


def _by_id(trials: Trials) -> Mapping[str, Experiment | Holdout]:
    found: list[Experiment | Holdout] = [*trials.experiments, *trials.holdouts]
    return {each.id: each for each in found}


def _lost(was: Experiment | Holdout) -> Iterator[str]:
    if _is_running(was):
        yield (
            f"{was.id} is running, and there is no report of what no file names: "
            + ("write `status: stopped` instead" if isinstance(was, Experiment) else "keep it")
        )


def _mixed(was: Experiment | Holdout, will: Experiment | Holdout) -> Iterator[str]:
    """What makes the figures of before and of now those of two experiments."""
    if not (_is_running(was) and _is_running(will)):
        return
    if (was.participation, was.names) != (will.participation, will.names):
        yield (
            f"{was.id} splits shoppers otherwise while it is running: those who saw a block keep"
            " their variant, and its report will say that the split is not as it should be. Give"
            " it another id, and it begins anew"
        )
    if _contents(was) != _contents(will):
        yield (
            f"{was.id} shows other offers while it is running: its report mixes what both did."
            " Give it another id, and it begins anew"
        )


def _contents(trial: Experiment | Holdout) -> object:
    """The offers that tell its variants apart."""
    if isinstance(trial, Holdout):
        return trial.placements, trial.exempt
    return [variant.offers for variant in trial.variants]


def _is_running(trial: Experiment | Holdout) -> bool:
    return isinstance(trial, Holdout) or trial.is_running
