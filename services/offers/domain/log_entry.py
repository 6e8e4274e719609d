"""Log entries: the inputs of a decision and what came of them, from which it is decided again.

An entry has no prose and no contents: those are worked out anew by the catalogue of its
fingerprint, which is kept for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chassis.core.instants import parse_instant
from rules import Reads
from services.offers.domain.catalogue import Catalogue
from services.offers.domain.decision import Block, Decision, choose
from services.offers.domain.draws import LoggedDraws
from services.offers.domain.eligibility import EligibilityCheck
from services.offers.domain.experiments import Assignment
from services.offers.domain.request import DecisionRequest
from services.offers.domain.shopper import PERSONALIZATION, PERSONALIZATION_REFUSED, Shopper
from services.offers.domain.trace import Trace, trace

EVALUATOR = 4
"""The version of what is decided from the same inputs: it grows whenever that changes."""


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
            **({"points_pending": seen.points_pending} if seen.points_pending else {}),
        },
        "request": {
            "identifiers": list(identifiers),
            "authenticated": request.authenticated,
            "context": request.context,
            "at_least": request.at_least,
            "deadline_ms": request.deadline_ms,
        },
    }


def replay(entry: Mapping[str, Any], catalogue: Catalogue) -> Mapping[str, tuple[Block, ...]]:
    """The blocks of an entry's decision made again, by the catalogue of its fingerprint."""
    now, context = parse_instant(entry["decided_at"]), entry["request"]["context"]
    check = EligibilityCheck(context, _shopper_of(entry), catalogue, now)
    draws = LoggedDraws(entry.get("rankings", {}))
    return choose(catalogue.slots(entry["placement"]).values(), check, draws)


def replay_trace(entry: Mapping[str, Any], catalogue: Catalogue) -> Trace:
    """The trace of the same. It takes many times as long."""
    now, context = parse_instant(entry["decided_at"]), entry["request"]["context"]
    rankings = entry.get("rankings", {})
    return trace(entry["placement"], context, _shopper_of(entry), catalogue, now, rankings)


def _shopper_of(entry: Mapping[str, Any]) -> Shopper:
    seen = entry["shopper"]
    consent = seen["consent"]
    if PERSONALIZATION_REFUSED in entry["reasons"]:
        consent = {**consent, PERSONALIZATION[0]: False}
    return Shopper(
        profile_id=entry["profile_id"],
        assurance=entry["assurance"],
        segments=frozenset(seen["segments"]),
        traits=seen["traits"],
        consent=consent,
        points=seen["points"],
        capped=entry.get("capped", {}),
        points_pending=seen.get("points_pending", 0),
        assignments=tuple(_assignment_of(each) for each in entry.get("experiments", ())),
    )


def _assignment_of(logged: Mapping[str, Any]) -> Assignment:
    return Assignment(
        logged["experiment"],
        logged["variant"],
        logged["hash_attribute"],
        logged["key"],
        logged["sticky"],
    )
