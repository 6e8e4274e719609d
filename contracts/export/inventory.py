"""The inventory: every call and every event, with the schemas of what goes over the wire.

A test compares it with the services: a call without an entry here fails `make check`.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from chassis.validation.fields import Choice, ListOf, MapOf, Name, Nested, Text
from chassis.validation.plain import MAX_CALL_EVENTS
from chassis.validation.schema import StrictSchema
from contracts import (
    addresses,
    catalogues,
    checkout_profile,
    common,
    consent,
    coupons,
    decisions,
    event_types,
    experiments,
    offers,
    orders,
    outcomes,
    profiles,
    reservations,
    segments,
    stability,
    timeline,
    value_model,
)
from contracts.event_schema import ORIGINS, EventSchema
from contracts.export.entries import Call, EventKind
from contracts.export.shared_calls import SHARED_CALLS
from contracts.identity import calls, events, support


def _arguments(doc: str, **named: fields.Field[Any]) -> Schema:
    schema: Schema = type("Arguments", (StrictSchema,), {**named, "__doc__": doc})()
    return schema


_NOTHING = common.NoArguments()
_PROFILE_PREVIEW = profiles.ProfileResponse(
    exclude=("profile_id", "requested", "identifiers", "addresses", "versions")
)
_IDENTITY = (
    Call(
        "identity",
        "resolve",
        "The stream and profile of each observation, in order, and the facts that they made.",
        calls.ResolveRequest(),
        events.ResolveResponse(),
    ),
    Call(
        "identity",
        "lookup",
        "The profile that identifiers lead to now, and how surely; nothing is changed.",
        calls.LookupRequest(),
        calls.LookupResponse(),
    ),
    Call(
        "identity",
        "holders",
        "Which account has proven each address and has it still; for the back office.",
        calls.HoldersRequest(),
        calls.HoldersResponse(),
    ),
    Call(
        "identity",
        "describe",
        "What a profile is made of; an id that it had before a merge will do.",
        calls.DescribeRequest(),
        calls.DescribeResponse(),
    ),
    Call(
        "identity",
        "explain",
        "How a profile came to be, fact by fact.",
        calls.DescribeRequest(),
        support.IdentityExplainResponse(),
    ),
    Call(
        "identity",
        "split",
        "Part identifiers, by value or by key, from a profile; with dry_run, what would be.",
        support.SplitByValueRequest(),
        support.RepairResponse(),
        otherwise=support.SplitByKeyRequest(),
    ),
    Call(
        "identity",
        "merge",
        "Make one profile of two, within its limits; with dry_run, what would be.",
        support.MergeRequest(),
        support.RepairResponse(),
    ),
    Call(
        "identity",
        "redraw",
        "Part what claims alone had joined, profile by profile; with dry_run, what would be.",
        support.RedrawRequest(),
        support.RedrawResponse(),
    ),
    Call(
        "identity",
        "review",
        "What a person should look at, the newest first; `done` takes one off the list.",
        support.ReviewRequest(),
        ListOf(Nested(support.ReviewEntrySchema())),
    ),
)
_PROFILES = (
    Call(
        "profiles",
        "record",
        "Record events: a receipt for each, in order, and one token that covers them all.",
        _arguments(
            "At most 1,000 events and 4 MB in a call, 32 KB and 20 levels in an event.",
            events=ListOf(Nested(EventSchema()), most=MAX_CALL_EVENTS, required=True),
            origin=Choice(*ORIGINS),
        ),
        profiles.RecordResponse(),
    ),
    Call(
        "profiles",
        "get",
        "Everything known of a shopper, up to this moment, by one of the arguments.",
        profiles.GetProfileRequest(),
        profiles.ProfileResponse(),
    ),
    Call(
        "profiles",
        "checkout_profile",
        "What a user has saved for the next checkout: addresses, and tokens of payment methods.",
        checkout_profile.CheckoutProfileRequest(),
        checkout_profile.CheckoutProfileResponse(),
    ),
    Call(
        "profiles",
        "timeline",
        "What happened to a shopper, a page of it, the newest first; and the orders as they stand.",
        timeline.TimelineRequest(),
        timeline.TimelineResponse(),
    ),
    Call(
        "profiles",
        "find",
        "Whose an id, a key or identifiers are; or why they are nobody's, and what to try.",
        timeline.FindRequest(),
        timeline.FindResponse(),
    ),
    Call(
        "profiles",
        "address",
        "What is known of an address: its streams, its account, orders, consents and refusals.",
        addresses.AddressRequest(),
        addresses.AddressResponse(),
    ),
    Call(
        "profiles",
        "review",
        "Orders whose id stands for another order too, the newest first; `done` takes one off.",
        profiles.OrderReviewRequest(),
        ListOf(Nested(profiles.OrderReviewSchema())),
    ),
    Call(
        "profiles",
        "statistics",
        "How many events of shops, profiles, completed orders and streams there are.",
        _NOTHING,
        profiles.StatisticsResponse(),
    ),
    Call(
        "profiles",
        "preview",
        "The profile that each set of streams would be, whoever they belong to today.",
        common.StreamSetsRequest(),
        ListOf(Nested(_PROFILE_PREVIEW)),
    ),
    Call(
        "profiles",
        "conflicts",
        "The newest events that were not recorded, as their id stands for another one.",
        profiles.ConflictsRequest(),
        ListOf(Nested(profiles.EventConflictSchema())),
    ),
    Call(
        "profiles",
        "unrecordable",
        "The newest events that waited for identity and could not be recorded, and why.",
        profiles.UnrecordableRequest(),
        ListOf(Nested(profiles.UnrecordableEventSchema())),
    ),
    Call(
        "profiles",
        "retry_unrecordable",
        "Let such events wait again, where they were in the queue.",
        profiles.RetryUnrecordableRequest(),
        profiles.RetryUnrecordableResponse(),
    ),
    Call(
        "profiles",
        "set_aside_deferred",
        "Take deferred events out of the queue, so that they are tried no more by themselves.",
        profiles.SetAsideRequest(),
        profiles.SetAsideResponse(),
    ),
)
_SEGMENTS = (
    Call(
        "segments",
        "memberships",
        "The segments that a shopper is in now.",
        segments.MembershipsRequest(),
        segments.MembershipsResponse(),
    ),
    Call(
        "segments",
        "list",
        "Every segment: its rule, version, number of members and status.",
        _NOTHING,
        ListOf(Nested(segments.SegmentSchema())),
    ),
    Call(
        "segments",
        "standstills",
        "The segments whose rules a running process cannot read: since when, and why.",
        _NOTHING,
        segments.StandstillsResponse(),
    ),
    Call(
        "segments",
        "define",
        "Put a definition in force, as a new version if it says anything new.",
        _arguments("A definition.", definition=Nested(segments.DefineRequest(), required=True)),
        segments.SegmentSchema(),
    ),
    Call(
        "segments",
        "check",
        "What a segments.yaml would change, without changing anything.",
        segments.FileRequest(),
        segments.FileResponse(),
    ),
    Call(
        "segments",
        "apply",
        "Put a segments.yaml in force; segments that it does not mention stay.",
        segments.FileRequest(),
        segments.FileResponse(),
    ),
    Call(
        "segments",
        "export",
        "The segments in force, as a segments.yaml.",
        _NOTHING,
        segments.ExportResponse(),
    ),
    Call(
        "segments",
        "rename",
        "Give a segment another name; its members leave the old one and enter the new one.",
        segments.RenameRequest(),
        segments.SegmentSchema(),
    ),
    Call(
        "segments",
        "delete",
        "End a segment: its members leave it.",
        segments.SegmentRequest(),
        segments.DeleteResponse(),
    ),
    Call(
        "segments",
        "describe",
        "One segment, as it is listed.",
        segments.SegmentRequest(),
        segments.SegmentSchema(),
    ),
    Call(
        "segments",
        "members",
        "A page of a segment's members, for exports.",
        segments.MembersRequest(),
        segments.MembersResponse(),
    ),
    Call(
        "segments",
        "stability",
        "How segments move from week to week: size, entries, exits, stays, stability index.",
        stability.StabilityRequest(),
        stability.StabilityResponse(),
    ),
    Call(
        "segments",
        "warnings",
        "What looks wrong about the members of each segment, and what to do.",
        _NOTHING,
        stability.WarningsResponse(),
    ),
    Call(
        "segments",
        "preview",
        "Who would be a member by a rule: their number, and some of them.",
        segments.PreviewRequest(),
        segments.PreviewResponse(),
    ),
    Call(
        "segments",
        "translate",
        "A rule as text and as JSON, whichever of them is given, and what it means.",
        segments.TranslateRequest(),
        segments.TranslateResponse(),
    ),
    Call(
        "segments",
        "backtest",
        "Who would have been a member by a rule, had it been in force: sizes, entries and exits.",
        segments.BacktestRequest(),
        segments.BacktestResponse(),
    ),
    Call(
        "segments",
        "explain",
        "Why a shopper is in a segment, or is not.",
        segments.ExplainRequest(),
        segments.SegmentExplainResponse(),
    ),
    Call(
        "segments",
        "preview_streams",
        "The segments that a profile of each set of streams would be in now.",
        common.StreamSetsRequest(),
        ListOf(ListOf(Name())),
    ),
    Call(
        "segments",
        "value_model",
        "The model of customer lifetime value that is in force.",
        _NOTHING,
        value_model.ValueModelResponse(),
    ),
    Call(
        "segments",
        "values",
        "What a customer is expected to buy and to spend.",
        value_model.ValuesRequest(),
        value_model.ValuesResponse(),
    ),
)
_OFFERS = (
    Call(
        "offers",
        "decide",
        "What a shopper should see in each slot of a placement.",
        _arguments("A request.", request=Nested(offers.DecideRequest(), required=True)),
        offers.DecideResponse(),
    ),
    Call(
        "offers",
        "reserve",
        "Reserve an offer with caps or a budget for a shopper.",
        reservations.ReserveRequest(),
        reservations.ReservationResponse(),
    ),
    Call(
        "offers",
        "confirm",
        "Have a reservation count for good, for an order.",
        reservations.ConfirmRequest(),
        reservations.ReservationResponse(),
    ),
    Call(
        "offers",
        "release",
        "Give a reservation back.",
        reservations.ReleaseRequest(),
        reservations.ReservationResponse(),
    ),
    Call(
        "offers",
        "preview_caps",
        "The caps that a profile of each set of streams would have used, by offer.",
        common.StreamSetsRequest(),
        ListOf(MapOf(ListOf(Nested(reservations.CapUsageSchema())), fewest=0)),
    ),
    Call(
        "offers",
        "load_coupons",
        "Add codes to a pool of coupons; one that it has is left alone.",
        coupons.LoadCouponsRequest(),
        coupons.LoadCouponsResponse(),
    ),
    Call(
        "offers",
        "coupons",
        "The pools of coupon codes, and what is left of each.",
        _NOTHING,
        coupons.CouponsResponse(),
    ),
    Call(
        "offers",
        "record_outcomes",
        "What became of blocks that were decided: they were shown or clicked, or have converted.",
        outcomes.RecordOutcomesRequest(),
        outcomes.RecordOutcomesResponse(),
    ),
    Call(
        "offers",
        "explain",
        "A decision of the log, with its trace and the request that it answered.",
        _arguments("A decision, by its id.", decision_id=Text(required=True)),
        decisions.ExplainResponse(),
    ),
    Call(
        "offers",
        "check",
        "What an offers.yaml would change, without changing anything.",
        catalogues.CatalogueRequest(),
        catalogues.CatalogueResponse(),
    ),
    Call(
        "offers",
        "apply",
        "Put an offers.yaml in force; offers that it does not mention end.",
        catalogues.CatalogueRequest(),
        catalogues.CatalogueResponse(),
    ),
    Call(
        "offers",
        "export",
        "The offers.yaml in force.",
        _NOTHING,
        catalogues.CatalogueExport(),
    ),
    Call(
        "offers",
        "fallbacks",
        "What each slot shows if no offer comes, which is the same for everybody.",
        catalogues.FallbacksRequest(),
        catalogues.FallbacksResponse(),
    ),
    Call(
        "offers",
        "replay",
        "Decisions of the log made again, by their own catalogue or by another one: a page.",
        catalogues.ReplayRequest(),
        catalogues.ReplayResponse(),
    ),
    Call(
        "offers",
        "experiment_report",
        "How the variants of an experiment compare, and how sure that is.",
        experiments.ExperimentReportRequest(),
        experiments.ExperimentReportResponse(),
    ),
)
CALLS = (*_IDENTITY, *_PROFILES, *_SEGMENTS, *_OFFERS, *SHARED_CALLS)

_MOVED = "Streams have moved to a profile: created, linked, merged, separated, …"
_HOME = "An order has another home: a stronger completion has told whose it is."
_FITTED = "The model of customer lifetime value has been fitted."
_REFUSED = "An address has refused a channel: so have all who were told with it."
_DRIFTED = "A segment's share of all shoppers is another than the week before."
_DECIDED = "What was decided, and from what."
_CONVERTED = "A block has led to what it is for, such as an order."
_TWO = "A shopper saw several variants of an experiment."
_SETTLED = "All segments of a shopper are known, even when there are none."
EVENTS = (
    EventKind("identity", "identity_changed", events.IdentityChanged(), _MOVED, joint=True),
    EventKind("profiles", "identity_changed", events.IdentityChanged(), _MOVED, joint=True),
    *(
        EventKind(
            "profiles",
            name,
            data,
            "A shop's event, as it was recorded.",
            version=event_types.EVENT_VERSIONS.get(name, 1),
            use="ingested",
        )
        for name, data in event_types.EVENT_TYPES.items()
    ),
    EventKind("profiles", "order_moved", orders.OrderMoved(), _HOME, joint=True),
    EventKind("profiles", "consent_refused", consent.ConsentRefused(), _REFUSED, joint=True),
    EventKind("segments", "segment_entered", segments.MembershipChanged(), "A shopper is in."),
    EventKind("segments", "segment_exited", segments.MembershipChanged(), "A shopper is out."),
    EventKind("segments", "value_model_fitted", value_model.ValueModelFitted(), _FITTED),
    EventKind("segments", "segment_drifted", stability.SegmentDrifted(), _DRIFTED),
    EventKind("segments", "memberships_settled", segments.MembershipsSettled(), _SETTLED),
    EventKind("offers", "offer_decided", decisions.OfferDecided(), _DECIDED, version=2),
    EventKind("offers", "offer_shown", outcomes.OfferShown(), "A block was seen."),
    EventKind("offers", "offer_clicked", outcomes.OfferClicked(), "A block was followed."),
    EventKind("offers", "offer_converted", outcomes.OfferConverted(), _CONVERTED),
    EventKind("offers", experiments.EXPERIMENT_CONFLICT, experiments.ExperimentConflict(), _TWO),
)
