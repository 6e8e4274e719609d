"""Whatever JSON comes: each item becomes events that can be sent on, or is rejected."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chassis.core.json import dump_json
from services.gateway.domain.sources import EventSource
from services.gateway.domain.tracking.items import KINDS, Sender, Unmappable
from services.gateway.domain.tracking.mapping import map_batch, map_single
from services.gateway.domain.tracking.recording import check_all
from services.gateway.domain.tracking.spec import SPEC_NAMES
from tests.support.tracked import NOW

NUMBERS = st.integers() | st.floats() | st.sampled_from([10**40, -(10**400), 2**63, 1e308])
TEXTS = st.text(st.characters(exclude_categories=()), max_size=20) | st.sampled_from(
    [
        "",
        " ",
        "\0",
        "\ud83d",
        "USD",
        "€",
        "19.99",
        "1,234",
        "https://[",
        "a@b.example",
        "x" * 200,
        "9" * 5_000,
    ]
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
ANYTHING = st.recursive(
    SCALARS, lambda parts: st.lists(parts, max_size=3) | st.dictionaries(TEXTS, parts, max_size=3)
)
PROPERTY_NAMES = st.sampled_from(
    [
        *("order_id", "orderId", "revenue", "total", "subtotal", "shipping", "tax", "value"),
        *("currency", "products", "price", "amount", "email", "phone", "context", "ip", "url"),
        *("product_id", "sku", "quantity", "cart_id", "traits", "referrer", "path", "discount"),
    ]
)
LINES = st.lists(
    st.dictionaries(PROPERTY_NAMES | TEXTS, SCALARS, max_size=4) | ANYTHING, max_size=3
)
PROPERTIES = st.dictionaries(PROPERTY_NAMES | TEXTS, SCALARS | LINES | ANYTHING, max_size=6)
CONTEXT_NAMES = (
    *("page", "campaign", "device", "locale", "userAgent", "library", "traits", "ip"),
    *("consent", "consentManagement", "referrer", "user_token"),
)
CONTEXTS = st.fixed_dictionaries({}, optional=dict.fromkeys(CONTEXT_NAMES, ANYTHING))
ITEMS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(KINDS),
        "event": st.sampled_from(sorted(SPEC_NAMES)) | TEXTS,
        "userId": SCALARS,
        "anonymousId": st.just("device-1") | SCALARS,
    },
    optional={
        "messageId": SCALARS,
        "properties": PROPERTIES | ANYTHING,
        "traits": PROPERTIES | ANYTHING,
        "context": CONTEXTS | ANYTHING,
        "timestamp": SCALARS,
        "sentAt": ANYTHING,
        "groupId": ANYTHING,
        "previousId": ANYTHING,
        "name": ANYTHING,
    },
)
SOURCES = st.sampled_from(
    [
        EventSource("b", "B", "browser", token_secrets=("secret",)),
        EventSource("s", "S", "server", store="berlin", settings={"currency": "EUR"}),
        EventSource("x", "X", "server", settings={"currency": 5, "consent_purposes": [1]}),
    ]
)


def check(mapped: Any, items: int) -> None:
    """Every item has its events or its reason, and all of it can be sent on and stored."""
    places = {each.place for each in (*mapped.events, *mapped.rejected)}
    assert len(places) + mapped.crawled == items
    for each in mapped.events:
        dump_json(each.event)
    for each in mapped.rejected:
        dump_json(each.payload)
        assert all(error.message for error in each.errors)
    read = check_all(mapped.events, NOW)
    assert read.taken + len(read.errors) <= len(mapped.events) + items


@given(st.lists(ITEMS | ANYTHING, max_size=4), SOURCES, st.booleans())
def test_no_item_whatever_makes_the_mapping_fail(
    items: list[Any], source: EventSource, opts_out: bool
) -> None:
    sender = Sender(source, NOW, opts_out=opts_out)

    check(map_batch({"batch": items, "sentAt": "x"}, sender), len(items))


@given(ANYTHING, SOURCES)
def test_no_document_whatever_makes_the_mapping_fail(document: Any, source: EventSource) -> None:
    for kind in KINDS:
        try:
            mapped = map_single(document, kind, Sender(source, NOW))
        except Unmappable:
            assert not isinstance(document, dict)
        else:
            check(mapped, 1)


@given(st.dictionaries(st.sampled_from(["batch", "context", "sentAt"]), ANYTHING), SOURCES)
def test_no_batch_whatever_makes_the_mapping_fail(batch: Any, source: EventSource) -> None:
    try:
        mapped = map_batch(batch, Sender(source, NOW))
    except Unmappable:
        assert not isinstance(batch.get("batch"), list)
    else:
        check(mapped, len(batch["batch"]))


def test_an_item_that_is_nested_without_end_is_rejected() -> None:
    deep: Any = "end"
    for _ in range(900):
        deep = {"part": deep}
    item = {"type": "track", "event": "Song Played", "userId": "lea", "properties": deep}
    for sent in (item, {**item, "properties": {}, "extra": deep}):
        mapped = map_batch({"batch": [sent]}, Sender(EventSource("s", "S", "server"), NOW))
        (rejected,) = mapped.rejected
        assert "nested deeper" in rejected.errors[0].message
        assert rejected.payload == {"left_out": "nested too deeply"}
