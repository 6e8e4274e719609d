"""Log entries: the inputs of a decision and what came of them, from which it is decided again.

An entry has no prose and no contents: those are worked out anew by the catalogue of its
fingerprint, which is kept for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from chassis.core.instants import parse_instant
from rules import Reads
from services.offers.domain.catalogue import Catalogue
from services.offers.domain.decision import Block, Decision, choose
from services.offers.domain.eligibility import EligibilityCheck
from services.offers.domain.request import DecisionRequest
from services.offers.domain.shopper import Shopper
from services.offers.domain.trace import Trace, trace

EVALUATOR = 1
"""The version of what is decided from the same inputs: it grows whenever that changes."""


class Replay(NamedTuple):
    """What the inputs of an entry lead to now."""

    slots: Mapping[str, tuple[Block, ...]]
    trace: Trace


def log_entry(
    request: DecisionRequest,
    identifiers: Sequence[str],
    shopper: Shopper,
    decision: Decision,
    reads: Reads,
) -> dict[str, Any]:
    """The data of `offer_decided`: see `contracts.decisions`.

    `identifiers` are keyed hashes, `reads` is what the offers of the placement read of a shopper:
    nothing else of her is logged.
    """
    seen = shopper.as_seen_by(reads)
    return {
        **decision.to_log(),
        "evaluator": EVALUATOR,
        "shopper": {
            "segments": sorted(seen.segments),
            "traits": seen.traits,
            "consent": seen.consent,
            "points": seen.points,
        },
        "request": {
            "identifiers": list(identifiers),
            "authenticated": request.authenticated,
            "context": request.context,
            "at_least": request.at_least,
            "deadline_ms": request.deadline_ms,
        },
    }


def replay(entry: Mapping[str, Any], catalogue: Catalogue) -> Replay:
    """The decision of an entry made again, by the catalogue of its fingerprint."""
    seen = entry["shopper"]
    shopper = Shopper(
        profile_id=entry["profile_id"],
        assurance=entry["assurance"],
        segments=frozenset(seen["segments"]),
        traits=seen["traits"],
        consent=seen["consent"],
        points=seen["points"],
    )
    placement, context = entry["placement"], entry["request"]["context"]
    now = parse_instant(entry["decided_at"])
    check = EligibilityCheck(context, shopper, catalogue.programme, now)
    return Replay(
        choose(catalogue.slots(placement).values(), check),
        trace(placement, context, shopper, catalogue, now),
    )
