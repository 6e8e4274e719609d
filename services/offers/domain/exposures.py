"""Exposures: who saw a block that depended on an experiment, and what they did then. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chassis import Draft
from chassis.core.instants import parse_instant
from contracts.experiments import EXPERIMENT_CONFLICT
from identifiers import IdentifierTypes
from services.offers.domain.outcomes import JoinedOutcome

_IDS = uuid.UUID("3c7f4f6a-5b0e-4a0e-8e57-1c2b9a7d6e10")


@dataclass(frozen=True, slots=True)
class ExposedCount:
    """How many shoppers are in one variant alone, or in several (None), and since when (µs)."""

    variant: str | None
    shoppers: int
    first_at: int


@dataclass(frozen=True, slots=True)
class ExposedResponse:
    """What an exposed shopper of one variant did; `returned` is what its order gave back since.

    `is_returned`: the order was given back whole.
    """

    shopper: str
    variant: str
    exposed_at: int
    outcome_id: str
    kind: str
    at: int
    value: int | None = None
    currency: str | None = None
    store: str | None = None
    order_id: str | None = None
    returned: int = 0
    is_returned: bool = False


@dataclass(frozen=True, slots=True)
class ExposureConflict:
    """A shopper who saw several variants of an experiment, the earliest first.

    She is left out of its analysis, and goes on seeing the earliest. `shopper` is her profile, or
    the keyed hash of her identifier where nobody is known by it.
    """

    experiment: str
    shopper: str
    profile_id: str | None
    variants: tuple[str, ...]

    def draft(self, now: int) -> Draft:
        """Its event: the same conflict is the same event."""
        stream = f"conflict:{self.experiment}:{self.shopper}"
        return Draft(
            id=str(uuid.uuid5(_IDS, f"{stream}:{','.join(sorted(self.variants))}")),
            stream=stream,
            type=EXPERIMENT_CONFLICT,
            data={"experiment": self.experiment, "variants": list(self.variants)},
            occurred_at=now,
            metadata={"profile_id": self.profile_id} if self.profile_id else {},
        )


def exposures_of(outcomes: Iterable[JoinedOutcome]) -> list[dict[str, Any]]:
    """The exposures in outcomes, sorted, of one shopper in one variant the earliest.

    Who was shown a block is exposed to the experiments on which its slot depended, from when it
    was decided: by our clock, since those of a shop's servers may differ.
    """
    earliest: dict[tuple[str, str, str], dict[str, Any]] = {}
    for outcome, part in _parts(outcomes):
        if outcome.outcome.slot not in part["slots"]:
            continue
        place = part["experiment"], part["key"], part["variant"]
        at = _decided_at(outcome)
        if place not in earliest or at < earliest[place]["at"]:
            names = ("experiment", "key", "variant", "hash_attribute")
            earliest[place] = {**{name: part[name] for name in names}, "at": at}
    return [earliest[place] for place in sorted(earliest)]


def responses_of(outcomes: Iterable[JoinedOutcome], types: IdentifierTypes) -> list[dict[str, Any]]:
    """The clicks and conversions in outcomes, a row for each key that led to the shopper, sorted.

    Devices do, and names of accounts that the request of the decision had proven. Nothing is dated
    before its decision: else a clock that is behind would put it before the exposure.
    """
    rows = {
        (joined.outcome.outcome_id, key): {
            "outcome_id": joined.outcome.outcome_id,
            "key": key,
            "kind": joined.outcome.kind,
            "at": max(joined.outcome.at, _decided_at(joined)),
            "value": joined.outcome.value,
            "currency": joined.outcome.currency,
            "store": joined.outcome.store,
            "order_id": joined.outcome.order_id,
        }
        for joined in outcomes
        if joined.outcome.kind != "shown"
        for key in _leading(joined.decision, types)
    }
    return [rows[place] for place in sorted(rows)]


def _decided_at(outcome: JoinedOutcome) -> int:
    return parse_instant(outcome.decision["decided_at"])


def _leading(decision: Mapping[str, Any], types: IdentifierTypes) -> Iterator[str]:
    request = decision.get("request") or {}
    for key in request.get("identifiers", ()):
        known = types.by_name.get(key.partition(":")[0])
        if known is None or known.assurance == "claimed":
            continue
        if known.assurance == "device" or request["authenticated"]:
            yield key


def _parts(outcomes: Iterable[JoinedOutcome]) -> Iterator[tuple[JoinedOutcome, dict[str, Any]]]:
    for joined in outcomes:
        if joined.outcome.kind == "shown":
            for part in joined.decision.get("experiments") or ():
                yield joined, part
