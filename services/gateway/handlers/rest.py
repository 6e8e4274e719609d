"""REST for the shop's own code: events, decisions, outcomes, profiles, segments."""

from __future__ import annotations

from typing import Any

from chassis.core.errors import NotFound
from mappings import with_store
from services.gateway.domain.caching import public_response, static_handler
from services.gateway.domain.exchange import EdgeRequest, EdgeResponse, ServiceCall, Steps
from services.gateway.domain.rest.decisions import (
    decide_request,
    decision_told,
    outcome_receipts,
    outcomes_of,
    reportable,
)
from services.gateway.domain.rest.events import check_only, events_of, recorded, runs_of
from services.gateway.domain.rest.fallbacks import fallbacks_in, language_of
from services.gateway.domain.rest.shoppers import (
    recommendations_in,
    recommendations_request,
    shopper_of,
    verified_user_of,
)
from services.gateway.domain.routes import WRITE_KEY_PLACES, Route
from services.gateway.scripts import OPENAPI

_RECORD_BYTES = 4 * 1024 * 1024
_DECIDE_BYTES = 64 * 1024
_FALLBACK_SECONDS = 60


def record(request: EdgeRequest) -> Steps:
    """Record events: a receipt for each, in order."""
    receipts: list[Any] = []
    events = events_of(request.document)
    of_store = [with_store(event, request.source.store) for event in events]
    for run in runs_of(request, of_store):
        if request.source.test:
            receipts += check_only(run, request.received_at)
            continue
        arguments = {"events": list(run.events), "origin": run.origin}
        response = yield ServiceCall("profiles", "record", arguments)
        receipts += response["receipts"]
    return EdgeResponse(body=recorded(request, events, receipts))


def decide(request: EdgeRequest) -> Steps:
    """What a shopper should see in each slot of a placement."""
    arguments = {"request": decide_request(request)}
    decision = yield ServiceCall("offers", "decide", arguments)
    return EdgeResponse(body=decision_told(request, decision))


def show_fallbacks(request: EdgeRequest) -> Steps:
    """What the slots of a placement, or of all, show if no decision comes."""
    fallbacks = yield ServiceCall("offers", "fallbacks", language_of(request.query))
    return public_response(fallbacks_in(request.query, fallbacks), max_age=_FALLBACK_SECONDS)


def report_outcomes(request: EdgeRequest) -> Steps:
    """Take what became of blocks: a receipt for each report, in order."""
    outcomes = outcomes_of(request)
    counting = reportable(request, outcomes)
    receipts: dict[int, Any] = {}
    if counting:
        arguments = {"outcomes": list(counting.values())}
        response = yield ServiceCall("offers", "record_outcomes", arguments)
        receipts = dict(zip(counting, response["receipts"], strict=True))
    return EdgeResponse(body={"receipts": outcome_receipts(request, outcomes, receipts)})


def show_profile(request: EdgeRequest) -> Steps:
    """Everything known of a shopper."""
    profile = yield ServiceCall("profiles", "get", shopper_of(request.query))
    return EdgeResponse(body=profile)


def show_checkout_profile(request: EdgeRequest) -> Steps:
    """What the shop's form is filled with, for who is verified; for all others one refusal."""
    arguments = {"user_id": verified_user_of(request)}
    profile = yield ServiceCall("profiles", "checkout_profile", arguments)
    return EdgeResponse(body=profile)


def show_segments(request: EdgeRequest) -> Steps:
    """The segments that a shopper is in now; none for a shopper whom nobody knows."""
    try:
        memberships = yield ServiceCall("segments", "memberships", shopper_of(request.query))
    except NotFound as error:
        raise NotFound("shopper", error.message) from None
    return EdgeResponse(body=memberships)


def recommend(request: EdgeRequest) -> Steps:
    """What the rules for upselling offer to a user."""
    arguments = {"request": recommendations_request(request)}
    decision = yield ServiceCall("offers", "decide", arguments)
    return EdgeResponse(body=recommendations_in(request, decision))


ROUTES: tuple[Route, ...] = (
    Route(
        "POST", "/v1/record", record, "browser", WRITE_KEY_PLACES, max_bytes=_RECORD_BYTES,
        summary="Record events, and get a receipt for each",
    ),
    Route(
        "POST", "/v1/decide", decide, "browser", WRITE_KEY_PLACES, max_bytes=_DECIDE_BYTES,
        summary="Decide what a shopper sees in each slot of a placement",
    ),
    Route(
        "POST", "/v1/outcomes", report_outcomes, "browser", WRITE_KEY_PLACES,
        max_bytes=_RECORD_BYTES, summary="Report what became of blocks: shown, clicked, converted",
    ),
    Route(
        "GET", "/api/recommendations", recommend, "browser", WRITE_KEY_PLACES,
        summary="What the rules for upselling offer to a user",
    ),
    Route(
        "GET", "/v1/fallbacks", show_fallbacks, "none",
        summary="What the slots of a placement show if no decision comes: the same for everybody",
    ),
    Route(
        "GET", "/openapi.json", static_handler(OPENAPI.read_bytes(), "application/json"), "none",
        summary="This document",
    ),
    Route("GET", "/v1/profile", show_profile, "server", summary="Everything known of a shopper"),
    Route(
        "GET", "/v1/checkout-profile", show_checkout_profile, "browser", WRITE_KEY_PLACES,
        summary="The addresses and payment methods that a verified user has saved",
    ),
    Route("GET", "/v1/segments", show_segments, "server", summary="A shopper's segments"),
)  # fmt: skip
