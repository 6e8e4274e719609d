from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chassis import DAY, parse_instant
from chassis.validation import load
from contracts.ingest import read_events
from contracts.profiles import PROFILE_RESPONSE
from rules import Summary, combine, profile_view

NOW = parse_instant("2026-11-21T19:30:00Z")

texts = st.sampled_from(["o-1", "o-2", "gold", "", None, 5])
currencies = st.sampled_from(["USD", "EUR", None])
numbers = st.integers(-5, 10**6) | st.sampled_from([None, 1.5, True])
lines = st.fixed_dictionaries(
    {"sku": texts, "quantity": numbers}, optional={"price": numbers, "category": texts}
)
traits = st.dictionaries(
    st.sampled_from(["loyalty_tier", "loyalty_enrolled", "name"]),
    texts | numbers | st.booleans() | st.lists(numbers, max_size=2),
    max_size=3,
)
parts = {
    "order_id": texts,
    "revenue": numbers,
    "amount": numbers,
    "value": numbers,
    "currency": currencies,
    "products": st.lists(lines, max_size=2),
    "traits": traits,
    "purpose": texts,
    "granted": st.booleans(),
    "purposes": st.dictionaries(st.sampled_from(["email", "sms"]), st.booleans(), max_size=2),
    "tier": texts,
    "points": numbers,
    "strange": texts,
}
FIELDS = {
    "order_completed": ("order_id", "revenue", "currency", "products"),
    "order_refunded": ("order_id", "amount", "currency"),
    "order_cancelled": ("order_id",),
    "cart_updated": ("products", "value", "currency"),
    "traits_changed": ("traits",),
    "consent_changed": ("purpose", "granted"),
    "loyalty_enrolled": ("tier",),
    "loyalty_tier_changed": ("tier",),
    "loyalty_points_changed": ("points",),
    "page_read": tuple(parts),
}


def event_data(name: str) -> st.SearchStrategy[tuple[str, dict[str, Any], int]]:
    own = {part: parts[part] for part in FIELDS[name]}
    others = {part: values for part, values in parts.items() if part not in own}
    data = st.fixed_dictionaries(own, optional=others)
    return st.tuples(st.just(name), data, st.integers(0, 2 * DAY))


@given(st.lists(st.sampled_from([*FIELDS]).flatmap(event_data), max_size=8))
def test_whatever_contracts_accept_makes_a_profile_that_keeps_its_contract(
    story: list[tuple[str, dict[str, Any], int]],
) -> None:
    summaries = [Summary(), Summary()]
    for number, (name, data, ago) in enumerate(story):
        raw = {
            "id": f"e-{number}",
            "type": name,
            "time": "2026-11-21T19:00:00Z",
            "identifiers": {"anonymous_id": "a-1"},
            "authenticated": False,
            "data": data,
        }
        for event in read_events([raw], NOW).valid.values():
            summaries[number % 2].add(event.type, event.data, event.time - ago, event.id)
    view = profile_view(combine(summaries))
    rest: dict[str, Any] = {"profile_id": "p", "requested": None, "identifiers": [], "versions": {}}
    load(PROFILE_RESPONSE, {**rest, **view}, max_bytes=10**6)
