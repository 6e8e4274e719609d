"""Experiments and holdouts: who takes part in which, and which offers that leaves.

The steps are: a holdout of all placements, one of this placement, then the experiments. Who is in a
holdout takes part in nothing after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis.core.errors import NotFound
from chassis.core.suggest import suggest
from identifiers import Accepted
from services.offers.domain.assignment import Split
from services.offers.domain.request import DecisionRequest

HELD_OUT = "holdout"
NOT_HELD_OUT = "offers"


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant, and the offers that are for its shoppers alone."""

    name: str
    offers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Guard:
    """A metric that must not get worse by more than `margin`, relative to the control."""

    metric: str
    margin: float


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """How an experiment is judged.

    What is done within `window` µs of the first exposure counts. `planned_units` is how many
    shoppers it is meant to have, all variants together.
    """

    primary: str = "conversions"
    window: int = 7 * 24 * 3_600 * 1_000_000
    planned_units: int = 20_000
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Participation:
    """By which identifiers shoppers are split, the first that a request has, and how.

    The value of an identifier is hashed as the shop sends it.
    """

    hash_attributes: tuple[str, ...]
    split: Split

    def assign(self, values: Mapping[str, str]) -> tuple[str, int] | None:
        """The attribute that was hashed, and the index of the variant; None for no part in it."""
        for attribute in self.hash_attributes:
            if attribute in values:
                index = self.split.assign(values[attribute])
                return None if index is None else (attribute, index)
        return None


@dataclass(frozen=True, slots=True)
class Experiment:
    """A comparison of variants, the first of which is the control.

    Offers of its variants are for the shoppers of these; who takes no part sees those of the
    control, and once it has a `winner` everybody sees the winner's.
    """

    id: str
    variants: tuple[Variant, ...]
    participation: Participation
    is_running: bool = True
    winner: str | None = None
    plan: AnalysisPlan = field(default_factory=AnalysisPlan)

    @property
    def names(self) -> tuple[str, ...]:
        """Its variants, the control first."""
        return tuple(variant.name for variant in self.variants)

    @property
    def weights(self) -> tuple[float, ...]:
        """Their shares of its shoppers."""
        return self.participation.split.weights

    @property
    def default(self) -> Variant:
        """What is shown to those who take no part."""
        named = (variant for variant in self.variants if variant.name == self.winner)
        return next(named, self.variants[0])

    @property
    def offers(self) -> frozenset[str]:
        """All offers of its variants."""
        return frozenset().union(*(variant.offers for variant in self.variants))


@dataclass(frozen=True, slots=True)
class Holdout:
    """A share of the shoppers who see no offer, except those of `exempt`, in these placements.

    In all where there are none. Its variants are `holdout` and `offers`.
    """

    id: str
    participation: Participation
    placements: frozenset[str] = frozenset()
    exempt: frozenset[str] = frozenset()
    plan: AnalysisPlan = field(default_factory=AnalysisPlan)

    @property
    def names(self) -> tuple[str, ...]:
        """Its variants, those who see no offers first: they are what offers are compared with."""
        return (HELD_OUT, NOT_HELD_OUT)

    @property
    def weights(self) -> tuple[float, ...]:
        """Their shares of all shoppers."""
        return self.participation.split.weights


@dataclass(frozen=True, slots=True)
class Assignment:
    """The variant of a shopper, and by which identifier: `key` is its keyed hash.

    `is_sticky`: from an earlier exposure, and not by hashing.
    """

    experiment: str
    variant: str
    hash_attribute: str
    key: str
    is_sticky: bool = False

    def to_wire(self) -> dict[str, Any]:
        """As responses have it: without the key."""
        return {
            "experiment": self.experiment,
            "variant": self.variant,
            "hash_attribute": self.hash_attribute,
            "sticky": self.is_sticky,
        }

    def to_log(self) -> dict[str, Any]:
        return {**self.to_wire(), "key": self.key}


@dataclass(frozen=True, slots=True)
class Identified:
    """What may be hashed of a request: by type, the value as it was sent, and its keyed hash."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    keys: Mapping[str, str] = field(default_factory=dict)


def identified(accepted: Accepted, request: DecisionRequest) -> Identified:
    """What may be hashed of a request: devices, and names of accounts that the request proves.

    Anybody can type anybody's address or name.
    """
    keys = {
        each.type.name: each.key
        for each in accepted.keys
        if each.type.assurance == "device"
        or (each.type.assurance == "verified" and request.authenticated)
    }
    return Identified({name: request.identifiers[name] for name in keys}, keys)


@dataclass(frozen=True, slots=True)
class Trials:
    """The experiments and holdouts of a catalogue, in the order of its file."""

    experiments: tuple[Experiment, ...] = ()
    holdouts: tuple[Holdout, ...] = ()

    def find(self, trial: str) -> Experiment | Holdout:
        """The experiment or the holdout of this id; NotFound names those that there are."""
        known: dict[str, Experiment | Holdout] = {each.id: each for each in self.experiments}
        known |= {each.id: each for each in self.holdouts}
        if trial not in known:
            hint = suggest(trial, known) if known else "the offers.yaml in force has none"
            raise NotFound("experiment", f"is not known; {hint}")
        return known[trial]

    def holdouts_of(self, placement: str) -> Iterator[Holdout]:
        """Those of all placements, then those of this one."""
        yield from (each for each in self.holdouts if not each.placements)
        yield from (each for each in self.holdouts if placement in each.placements)


def assign(
    trials: Trials,
    placement: str,
    offers: frozenset[str],
    who: Identified,
    exposures: Mapping[str, Mapping[str, Any]],
) -> tuple[Assignment, ...]:
    """The assignments of a request for a placement with these offers, step by step.

    `exposures` has by experiment the `variant`, `hash_attribute` and `key` of an earlier exposure
    of this shopper: it goes before hashing, if the experiment still has the variant.
    """
    found: list[Assignment] = []
    for holdout in trials.holdouts_of(placement):
        assignment = _assignment(holdout.id, holdout.names, holdout.participation, who, exposures)
        if assignment is not None:
            found.append(assignment)
            if assignment.variant == HELD_OUT:
                return tuple(found)
    for experiment in trials.experiments:
        if not experiment.is_running or not (experiment.offers & offers):
            continue
        part = experiment.participation
        assignment = _assignment(experiment.id, experiment.names, part, who, exposures)
        if assignment is not None:
            found.append(assignment)
    return tuple(found)


def _assignment(
    experiment: str,
    variants: tuple[str, ...],
    participation: Participation,
    who: Identified,
    exposures: Mapping[str, Mapping[str, Any]],
) -> Assignment | None:
    exposure = exposures.get(experiment)
    if exposure is not None and exposure["variant"] in variants:
        return Assignment(
            experiment,
            exposure["variant"],
            exposure["hash_attribute"],
            exposure["key"],
            is_sticky=True,
        )
    assigned = participation.assign(who.values)
    if assigned is None:
        return None
    attribute, index = assigned
    return Assignment(experiment, variants[index], attribute, who.keys[attribute])


class Gate:
    """Which offers the assignments of a shopper leave, and which experiments that depended on.

    `slots` has by experiment the slots where one of its offers could have been shown, whatever the
    shopper's variant: who sees one of these is exposed to it, as much in one variant as in another.
    """

    __slots__ = ("_closed", "_holdout", "_holdouts", "_of", "_own", "slots")

    def __init__(self, trials: Trials, assignments: Iterable[Assignment]) -> None:
        variants = {each.experiment: each.variant for each in assignments}
        self.slots: dict[str, list[str]] = {}
        self._holdout = next(
            (each for each in trials.holdouts if variants.get(each.id) == HELD_OUT), None
        )
        self._holdouts = {each.id for each in trials.holdouts}
        self._of: dict[str, Experiment] = {}
        self._own: dict[str, Variant] = {}
        self._closed: set[str] = set()
        for experiment in trials.experiments:
            named = variants.get(experiment.id)
            own = next((each for each in experiment.variants if each.name == named), None)
            variant = own or experiment.default
            if own is not None:
                self._own[experiment.id] = own
            self._of |= dict.fromkeys(experiment.offers, experiment)
            self._closed |= experiment.offers - variant.offers

    def slots_of(self, trial: str, slots: Iterable[str]) -> Iterable[str]:
        """The slots that depend on a trial: all of these on a holdout."""
        return slots if trial in self._holdouts else self.slots.get(trial, ())

    @property
    def holdout(self) -> str | None:
        """The holdout that the shopper is in."""
        return self._holdout.id if self._holdout else None

    def obstacle(self, offer: str) -> str | None:
        """Why an offer that is eligible else is not for this shopper; None if it is."""
        if self._holdout is not None and offer not in self._holdout.exempt:
            return f"holdout {self._holdout.id}: this shopper sees no offers"
        return self.reason(offer) if offer in self._closed else None

    def is_of_variant(self, offer: str) -> bool:
        """Whether the offer is for the shoppers of a variant alone."""
        return offer in self._of

    def reason(self, offer: str) -> str | None:
        """Which variant of the offer's experiment the shopper sees, and why; None without one."""
        experiment = self._of.get(offer)
        return None if experiment is None else _whose(experiment, self._own.get(experiment.id))

    def opens(self, offer: str, slot: str) -> bool:
        """Whether an eligible offer is for this shopper; notes that it depends on an experiment."""
        experiment = self._of.get(offer)
        if experiment is not None and slot not in self.slots.setdefault(experiment.id, []):
            self.slots[experiment.id].append(slot)
        return self.obstacle(offer) is None


def _whose(experiment: Experiment, own: Variant | None) -> str:
    """Which variant of an experiment a shopper sees, as people read it."""
    if own is not None:
        why = f"this shopper is in {own.name}"
    elif experiment.winner is not None:
        why = f"its winner is {experiment.winner}"
    else:
        why = f"for who takes no part, {experiment.default.name}"
    return f"experiment {experiment.id}: {why}"
