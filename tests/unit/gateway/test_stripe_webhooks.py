"""Stripe's topics, one by one: what each comes to."""

from __future__ import annotations

from typing import Any

import pytest

from chassis import InvalidInput
from contracts.ingest import read_events
from services.gateway.domain.webhooks.stripe import references_of
from services.gateway.domain.webhooks.understanding import Understanding
from tests.support.shop_webhooks import (
    RECEIVED_AT,
    source,
    stripe_charge,
    stripe_event,
    stripe_refund,
    stripe_session,
    understood,
)

LINKED = {"pi_1": "A-17"}
Event = dict[str, Any]


def stripe(topic: str, one: dict[str, Any], **more: Any) -> Understanding:
    """What a message comes to; all its events are right, and none has a warning."""
    found = understood("stripe", topic, stripe_event(topic, one), **more)
    checked = read_events([dict(event) for event in found.events], RECEIVED_AT)
    assert not checked.errors
    assert not [each.warnings for each in checked.valid.values() if each.warnings]
    return found


def events(topic: str, one: dict[str, Any], **more: Any) -> list[Event]:
    return [dict(event) for event in stripe(topic, one, **more).events]


def refunds(found: list[Event]) -> list[tuple[str, str, int]]:
    return [
        (e["data"]["order_id"], e["data"]["refund_id"], e["data"]["amount"])
        for e in found
        if e["type"] == "order_refunded"
    ]


def test_a_session_that_is_paid_is_an_order_and_links_its_payment_to_it() -> None:
    found = stripe("checkout.session.completed", stripe_session())
    (event,) = found.events
    assert event["type"] == "order_completed"
    assert event["authenticated"] is False
    assert event["identifiers"] == {"anonymous_id": "b7c1", "email": "lea@shop.example"}
    assert event["data"] == {
        "order_id": "A-17", "store": "mugs", "revenue": 2_990, "currency": "EUR",
    }  # fmt: skip
    assert found.links == {"pi_1": "A-17"}
    again = stripe("checkout.session.async_payment_succeeded", stripe_session())
    assert again.events == found.events


@pytest.mark.parametrize(
    ("changes", "order_id"),
    [
        ({"metadata": {"orderId": "B-1"}, "client_reference_id": "C-1"}, "B-1"),
        ({"metadata": {}, "client_reference_id": "C-1"}, "C-1"),
        ({"metadata": None}, "pi_1"),
        ({"metadata": {}, "payment_intent": None}, "cs_1"),
    ],
)
def test_an_order_is_called_as_the_shop_calls_it(changes: Event, order_id: str) -> None:
    (event,) = events("checkout.session.completed", stripe_session(**changes))
    assert event["data"]["order_id"] == order_id


def test_an_account_that_the_shop_has_written_into_the_metadata_is_no_sign_in_on_a_device() -> None:
    session = stripe_session(metadata={"order_id": "1", "user_id": "lea", "cdp_id": "b7c1"})
    (event,) = events("checkout.session.completed", session)
    assert event["authenticated"] is True
    assert event["identifiers"] == {"user_id": "lea", "email": "lea@shop.example"}


def test_a_session_that_is_not_paid_yet_is_no_order() -> None:
    found = stripe("checkout.session.completed", stripe_session(payment_status="unpaid"))
    assert (found.events, found.reason) == ((), "is not paid yet")


def test_a_refund_whose_order_nobody_knows_yet_waits_for_a_link() -> None:
    for topic, one in (
        ("refund.created", stripe_refund()),
        ("charge.refunded", stripe_charge()),
    ):
        found = stripe(topic, one)
        assert found.is_unlinked
        assert not found.events
        assert "pi_1" in references_of(topic, stripe_event(topic, one))
        assert events(topic, one, orders=LINKED)


def test_the_same_refund_by_two_topics_counts_once() -> None:
    of_charge = events("charge.refunded", stripe_charge(), orders=LINKED)
    of_refund = events("refund.created", stripe_refund(), orders=LINKED)
    assert refunds(of_charge) == [("A-17", "ch_1", 1_000)]
    assert refunds(of_refund) == [("A-17", "re_1", 1_000), ("A-17", "ch_1", 0)]
    assert of_refund[1]["data"]["revision"] > of_charge[0]["data"]["revision"]


def test_the_older_form_of_a_charge_has_its_refunds() -> None:
    single = {"data": [stripe_refund("re_1", 600), stripe_refund("re_2", 400)]}
    found = events("charge.refunded", stripe_charge(refunds=single, metadata={"order_id": "A-17"}))
    assert sorted(set(refunds(found))) == [
        ("A-17", "ch_1", 0),
        ("A-17", "re_1", 600),
        ("A-17", "re_2", 400),
    ]
    (alone, _) = events("refund.created", stripe_refund("re_1", 600), orders=LINKED)
    assert alone in found


def test_a_refund_that_fails_counts_no_more() -> None:
    made, _ = events("refund.created", stripe_refund(status="pending"), orders=LINKED)
    failed, _ = events("refund.failed", stripe_refund(status="failed"), orders=LINKED)
    assert made["data"]["amount"] == 1_000
    assert (failed["data"]["amount"], failed["data"]["revision"]) == (0, 1)


@pytest.mark.parametrize(
    ("currency", "amount", "expected"),
    [("eur", 2_990, 2_990), ("jpy", 2_990, 2_990), ("isk", 299_000, 2_990), ("mga", 30, 3_000)],
)
def test_stripes_smallest_units_become_those_of_iso_4217(
    currency: str, amount: int, expected: int
) -> None:
    session = stripe_session(currency=currency, amount_total=amount)
    (event,) = events("checkout.session.completed", session)
    assert event["data"]["revenue"] == expected


def test_test_mode_counts_nowhere_but_in_a_test_source() -> None:
    document = stripe_event("checkout.session.completed", stripe_session(), livemode=False)
    topic = "checkout.session.completed"
    assert not understood("stripe", topic, document).events
    assert understood("stripe", topic, document, source=source(test=True)).events


def test_of_other_topics_nothing_is_made() -> None:
    assert stripe("invoice.paid", {"id": "in_1"}).reason == "is a topic of which nothing is made"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount_total": "29.90"}, "amount_total"),
        ({"amount_total": True}, "amount_total"),
        ({"currency": "taler"}, "currency"),
        ({"created": None}, "created"),
    ],
)
def test_what_cannot_be_read_is_named(changes: Event, field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        stripe("checkout.session.completed", stripe_session(**changes))
    assert error.value.subject == field


def test_a_refund_that_names_no_charge_is_told_by_its_own_number_alone() -> None:
    found = events("refund.created", stripe_refund(charge=None), orders=LINKED)
    assert len(found) == 1
    assert len(events("refund.created", stripe_refund(), orders=LINKED)) == 2


def test_a_session_that_only_keeps_a_way_to_pay_is_no_order() -> None:
    session = stripe_session(
        mode="setup", amount_total=None, currency=None, payment_status="no_payment_required"
    )
    document = stripe_event("checkout.session.completed", session)
    found = understood("stripe", "checkout.session.completed", document)
    assert (found.events, found.reason) == ((), "keeps a way to pay, and buys nothing")
