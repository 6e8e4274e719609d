"""Requests of `/v1/decide` and `/v1/outcomes`, and what a browser may ask, say and be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chassis.core.errors import InvalidInput
from contracts.outcomes import check_outcomes
from services.gateway.domain.exchange import EdgeRequest

# What a browser may ask: no reservation, no explanation, and nobody by a proof of its own. Anybody
# has its key: with reservations a script without shoppers would use up what is limited.
_ASKED_BY_BROWSERS = {"placement", "context", "at_least", "sent_at", "deadline_ms"}
_NAMED_BY_BROWSERS = {"device_id", "anonymous_id"}
_SERVERS_MAY = "a browser's key may not ask for it: have your server ask, with its secret key"
_PROVES_NOTHING = "proves nothing from a browser: send the user token of who is signed in"
_NAMES = " or ".join(sorted(_NAMED_BY_BROWSERS))
# What is said to be left out if it asks for something, and why; who is named is said apart.
_NOT_FOR_BROWSERS = {
    "authenticated": _PROVES_NOTHING,
    "dry_run": _SERVERS_MAY,
    "explain": _SERVERS_MAY,
    "reserve": f"nothing is reserved, as {_SERVERS_MAY}",
}
# What it gets: not whose profile it is, nor what was looked at, nor what a later release adds.
_ANSWERED_TO_BROWSERS = {
    *("decision_id", "placement", "assurance", "slots", "reasons", "degraded", "stale"),
    *("decided_at", "capped", "experiments"),
}
_OF_THE_REQUEST = {"writeKey", "userToken"}
_SERVERS_ALONE = "must be shown or clicked: what has converted only the shop's servers can say"
_COUNTS_NOWHERE = "is from a test source, and counts nowhere"


def decide_request(request: EdgeRequest) -> dict[str, Any]:
    """The argument of `offers.decide`.

    A browser is known as its device at most: names and addresses prove nothing there. A user token
    proves the user, who is `verified` then.
    """
    document = request.document
    if not isinstance(document, dict):
        raise InvalidInput("request", "must be an object with a placement")
    asked = {name: value for name, value in document.items() if name not in _OF_THE_REQUEST}
    if request.source.key_kind == "browser":
        asked = _asked_by_browser(request, asked)
    if request.source.test:
        asked["dry_run"] = True
    return asked


def decision_told(request: EdgeRequest, decision: Mapping[str, Any]) -> dict[str, Any]:
    """The decision as its asker may see it, who learns what of the request was left out here."""
    if request.source.key_kind == "server":
        return dict(decision)
    answered = {name: value for name, value in decision.items() if name in _ANSWERED_TO_BROWSERS}
    if left_out := list(_left_out(request)):
        answered["reasons"] = [*decision["reasons"], *left_out]
    return answered


def outcomes_of(request: EdgeRequest) -> list[Any]:
    """The reports of a request; InvalidInput if it is no object with a list of them."""
    document = request.document
    if not isinstance(document, dict):
        raise InvalidInput("outcomes", 'is missing: send {"outcomes": [...]}, a list of reports')
    return check_outcomes(document.get("outcomes"))


def reportable(request: EdgeRequest, outcomes: Sequence[Any]) -> dict[int, Any]:
    """The reports that count, by their places: not a browser's orders, nor those of a test."""
    if request.source.test:
        return {}
    is_server = request.source.key_kind == "server"
    return {
        place: outcome
        for place, outcome in enumerate(outcomes)
        if is_server or not _has_converted(outcome)
    }


def outcome_receipts(
    request: EdgeRequest, outcomes: Sequence[Any], receipts: Mapping[int, Any]
) -> list[Any]:
    """A receipt for each report, in order; those that were not passed on were refused here."""
    reason = _COUNTS_NOWHERE if request.source.test else _SERVERS_ALONE
    field = "" if request.source.test else "kind"
    return [
        receipts[place] if place in receipts else _refused(outcome, field, reason)
        for place, outcome in enumerate(outcomes)
    ]


def _asked_by_browser(request: EdgeRequest, asked: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in asked.items() if name in _ASKED_BY_BROWSERS}
    given = asked.get("identifiers")
    if given is not None and not isinstance(given, dict):
        raise InvalidInput("identifiers", 'must be an object, such as {"device_id": "…"}')
    named = {name: value for name, value in (given or {}).items() if name in _NAMED_BY_BROWSERS}
    if request.user_id is not None:
        return {**kept, "identifiers": {**named, "user_id": request.user_id}, "authenticated": True}
    return {**kept, "identifiers": named, "authenticated": False}


def _left_out(request: EdgeRequest) -> Iterator[str]:
    """What a browser has asked for in vain, in the form of the notes of `offers.decide`."""
    for name, why in _NOT_FOR_BROWSERS.items():
        if request.document.get(name) not in (False, None):
            yield f"ignored:{name}: {why}"
    counting = _NAMED_BY_BROWSERS if request.user_id is None else {*_NAMED_BY_BROWSERS, "user_id"}
    if (request.document.get("identifiers") or {}).keys() - counting:
        yield f"ignored:identifiers: whatever is not {_NAMES} {_PROVES_NOTHING}"


def _has_converted(outcome: Any) -> bool:
    """Whether a report is of a conversion, or of a kind that is spelt as only those may be read."""
    kind = outcome.get("kind") if isinstance(outcome, dict) else None
    return isinstance(kind, str) and kind.strip().lower() not in ("shown", "clicked")


def _refused(outcome: Any, field: str, reason: str) -> dict[str, Any]:
    outcome_id = outcome.get("outcome_id") if isinstance(outcome, dict) else None
    return {
        "outcome_id": outcome_id if isinstance(outcome_id, str) else None,
        "status": "rejected",
        "errors": [{"field": field, "message": reason}],
        "warnings": [],
    }
