"""Refunds in another currency than their order, which never count."""

from __future__ import annotations

from typing import Any

from rules import Occasion, apply_to_order, uncounted_currencies

ORDER = {"order_id": "1", "revenue": 500, "currency": "USD"}


def state(*events: tuple[str, dict[str, Any]], by_browser: bool = False) -> dict[str, Any]:
    order: dict[str, Any] = {}
    for place, (kind, data) in enumerate(events):
        of_browser = by_browser and kind == "order_refunded"
        occasion = Occasion(
            at=place, event_id=f"e{place}", arrival=(place, 0), recorded_at=place,
            by_browser=of_browser,
        )  # fmt: skip
        apply_to_order(order, kind, {"order_id": "1", **data}, occasion, place)
    return order


COMPLETED = ("order_completed", ORDER)
EUROS = ("order_refunded", {"refund_id": "r", "amount": 100, "currency": "EUR"})


def test_a_refund_in_another_currency_is_uncounted_once_the_currency_of_its_order_is_known() -> (
    None
):
    assert uncounted_currencies(state(EUROS)) == []
    assert uncounted_currencies(state(COMPLETED)) == []
    assert uncounted_currencies(state(EUROS, COMPLETED)) == ["EUR"]


def test_a_refund_that_is_corrected_or_of_the_whole_order_counts() -> None:
    corrected = ("order_refunded", {"refund_id": "r", "amount": 100, "currency": "USD"})
    whole = ("order_refunded", {"refund_id": "r", "currency": "EUR"})
    for refund in (corrected, whole):
        assert uncounted_currencies(state(EUROS, COMPLETED, refund)) == []


def test_what_a_browser_tells_of_a_shops_order_is_not_missed() -> None:
    assert uncounted_currencies(state(EUROS, COMPLETED, by_browser=True)) == []
