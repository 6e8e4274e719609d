"""The JSON Schemas take what the services take, and refuse what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from marshmallow import ValidationError

from contracts.event_types import EVENT_TYPES
from contracts.export import CALLS
from contracts.export.conversion import json_schema

CALLED = {f"{call.service}.{call.method}": call.arguments for call in CALLS}
LINE = {"product_id": "p", "quantity": 1}
ID = {"user_id": "u"}
EVENT = {
    "id": "e",
    "type": "noted",
    "time": "2026-11-21T19:30:00Z",
    "identifiers": ID,
    "authenticated": True,
}

ARGUMENTS: list[tuple[str, dict[str, Any]]] = [
    ("profiles.get", {"profile_id": "p"}),
    ("profiles.get", {"profile_id": "p", "identifiers": None}),
    ("profiles.get", {"identifiers": ID}),
    ("profiles.get", {"identifiers": {}}),
    ("profiles.get", {"identifiers": {"User Id": "u"}}),
    ("profiles.get", {"identifiers": {"user_id": 1}}),
    ("profiles.get", {"profile_id": "p", "identifiers": ID}),
    ("profiles.get", {"profile_id": None, "identifiers": None}),
    ("profiles.get", {"profil_id": "p"}),
    ("profiles.get", {}),
    ("profiles.record", {"events": []}),
    ("profiles.record", {"events": [EVENT]}),
    ("profiles.record", {"events": [{**EVENT, "context": None, "data": {"a": 1}}]}),
    ("profiles.record", {"events": [{**EVENT, "type": "segment_entered"}]}),
    ("profiles.record", {"events": [{**EVENT, "type": "identity_changed"}]}),
    ("profiles.record", {"events": [{**EVENT, "id": " e"}]}),
    ("profiles.record", {"events": [{**EVENT, "id": "e\tf"}]}),
    ("profiles.record", {"events": [{**EVENT, "authenticated": 1}]}),
    ("profiles.record", {"events": [{**EVENT, "revenue": 1}]}),
    ("profiles.record", {"events": [EVENT] * 1_001}),
    ("profiles.record", {"events": None}),
    ("profiles.record", {}),
    ("segments.memberships", {"profile_id": "p", "at_least": {"s": 3}, "wait_ms": 100}),
    ("segments.memberships", {"profile_id": "p", "at_least": {"s": "3"}}),
    ("segments.memberships", {"profile_id": "p", "wait_ms": 60_001}),
    ("segments.memberships", {"identifiers": ID, "profile_id": "p"}),
    ("segments.define", {"definition": {"segment": "a", "rule": "True", "description": "d"}}),
    ("segments.define", {"definition": {"segment": "A b", "rule": "True", "description": "d"}}),
    ("segments.define", {"definition": {"segment": "a", "rule": "", "description": "d"}}),
    ("offers.decide", {"request": {"placement": "checkout"}}),
    ("offers.decide", {"request": {"placement": "checkout", "identifiers": {}}}),
    ("offers.decide", {"request": {"placement": "checkout", "context": None, "deadline_ms": 5}}),
    ("offers.decide", {"request": {"placement": "checkout", "deadline_ms": 0}}),
    ("offers.decide", {"request": {"placement": "checkout", "context": {"stock": {"a": -1}}}}),
    ("offers.decide", {"request": {"placement": "checkout", "context": {"items": [{}]}}}),
    ("offers.decide", {"request": {"placement": "checkout", "context": {"value": 1.0e-1}}}),
    ("offers.decide", {"request": {"placement": None}}),
    ("identity.lookup", {"identifiers": ID, "authenticated": None}),
    ("identity.describe", {"profile_id": "p" * 65}),
    ("every.history", {"streams": [{"stream": "s", "after": 3}], "limit": 10}),
    ("every.history", {"streams": [{"after": 3}]}),
    ("every.dead_letters", {"redriven": "yes"}),
    ("every.ping", {}),
    ("every.ping", {"service": "offers"}),
]

DATA: list[tuple[str, dict[str, Any]]] = [
    ("product_viewed", {"product_id": "p"}),
    ("product_viewed", {"sku": "s", "price": 100}),
    ("product_viewed", {"name": "neither"}),
    ("product_viewed", {"sku": "s", "price": -1}),
    ("product_viewed", {"sku": "s", "price": "100"}),
    ("product_viewed", {"sku": "s", "price": True}),
    ("cart_updated", {"products": []}),
    ("cart_updated", {"products": [LINE], "value": 5, "currency": "USD"}),
    ("cart_updated", {"products": [LINE], "value": 5}),
    ("cart_updated", {"products": [{"product_id": "p"}]}),
    ("cart_updated", {"products": [{"quantity": 2}]}),
    ("cart_updated", {}),
    ("order_completed", {"order_id": "1", "revenue": 5, "currency": "EUR", "coupon": [1]}),
    ("order_completed", {"order_id": "1", "revenue": 5}),
    ("order_completed", {"order_id": "1", "revenue": 5, "currency": "euro"}),
    ("order_completed", {"order_id": "", "revenue": 5, "currency": "EUR"}),
    ("order_completed", {"order_id": "1", "revenue": 10**15 + 1, "currency": "EUR"}),
    ("order_refunded", {"order_id": "1"}),
    ("order_refunded", {"order_id": "1", "amount": 5}),
    ("order_refunded", {"order_id": "1", "amount": 5, "currency": "EUR"}),
    ("order_refunded", {}),
    ("order_refunded", {"without_order": True}),
    ("order_refunded", {"without_order": True, "total": 5, "currency": "EUR"}),
    ("order_refunded", {"without_order": False, "amount": 5, "currency": "EUR"}),
    ("order_refunded", {"without_order": True, "order_id": "1", "amount": 5, "currency": "EUR"}),
    ("order_cancelled", {}),
    ("traits_changed", {"traits": {"size": 4, "nickname": None, "loyalty_tier": None}}),
    ("traits_changed", {"traits": {"loyalty_tier": 4}}),
    ("traits_changed", {"traits": {"loyalty_enrolled": "yes"}}),
    ("traits_changed", {"traits": {"first name": "x"}}),
    ("traits_changed", {"traits": {}}),
    ("consent_changed", {"purpose": "email", "granted": True}),
    ("consent_changed", {"purpose": "email"}),
    ("consent_changed", {"granted": True}),
    ("consent_changed", {"purposes": {"email": False}}),
    ("consent_changed", {"purposes": {"email": "no"}}),
    ("consent_changed", {"purposes": {"email": False}, "purpose": "email", "granted": True}),
    ("consent_changed", {"purposes": {"email": False}, "granted": True}),
    ("consent_changed", {}),
    ("loyalty_points_changed", {"points": -5}),
    ("loyalty_points_changed", {"points": 0.5}),
    ("loyalty_tier_changed", {"tier": None}),
    ("signed_in", {"method": "password"}),
]


def accepts(schema: Any, value: Any) -> bool:
    try:
        schema.load(value)
    except ValidationError:
        return False
    return True


def fits(schema: Any, use: Any, value: Any) -> bool:
    return bool(Draft7Validator(json_schema(schema, use)).is_valid(value))


@pytest.mark.parametrize(("call", "arguments"), ARGUMENTS)
def test_arguments_fit_their_document_if_and_only_if_the_service_takes_them(
    call: str, arguments: dict[str, Any]
) -> None:
    schema = CALLED[call]
    assert fits(schema, "request", arguments) == accepts(schema, arguments)


@pytest.mark.parametrize(("event_type", "data"), DATA)
def test_data_fits_its_document_if_and_only_if_profiles_takes_it(
    event_type: str, data: dict[str, Any]
) -> None:
    schema = EVENT_TYPES[event_type]
    assert fits(schema, "ingested", data) == accepts(schema, data)


PLAIN = st.one_of(
    st.booleans(),
    st.integers(-5, 5),
    st.sampled_from(["", "a", "USD", "email", "2026-11-21T19:30:00Z"]),
    st.just([]),
    st.just([LINE]),
    st.just({}),
    st.just({"email": True}),
)
NAMES = sorted({name for schema in EVENT_TYPES.values() for name in schema.fields})


@given(st.sampled_from(sorted(EVENT_TYPES)), st.dictionaries(st.sampled_from(NAMES), PLAIN))
def test_whatever_the_data_is_both_judge_alike(event_type: str, data: dict[str, Any]) -> None:
    schema = EVENT_TYPES[event_type]
    assert fits(schema, "ingested", data) == accepts(schema, data)


@pytest.mark.parametrize(("event_type", "data"), DATA)
def test_what_was_taken_is_recorded_as_its_document_says(
    event_type: str, data: dict[str, Any]
) -> None:
    schema = EVENT_TYPES[event_type]
    sent = {**data, **{name: None for name in schema.fields if name not in data}}
    if accepts(schema, sent):
        assert fits(schema, "ingested", schema.load(sent))
