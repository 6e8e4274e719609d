"""Refunds that say that they belong to no order."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.incoming import RejectedEvent
from contracts.ingest import read_event, read_events
from tests.unit.contracts.test_event import NOW, event

WHO = {"user_id": "lea"}


def credit_note(identifiers: Any = WHO, **data: Any) -> dict[str, Any]:
    whole = {"without_order": True, "refund_id": "C1", "amount": 500, "currency": "EUR", **data}
    present = {name: value for name, value in whole.items() if value is not ...}
    return event(type="order_refunded", identifiers=identifiers, data=present)


def errors(sent: dict[str, Any], origin: str = "server") -> dict[str, str]:
    checked = read_events([sent], NOW, origin=origin)
    rejected = checked.errors.get(0, RejectedEvent(()))
    return {each.field.removeprefix("events[0]."): each.message for each in rejected.errors}


@pytest.mark.parametrize("amount", [{}, {"amount": ..., "total": 500}, {"refund_id": ...}])
def test_a_refund_may_say_that_it_belongs_to_no_order(amount: dict[str, Any]) -> None:
    read = read_event(credit_note(**amount), NOW)
    assert read.data["without_order"] is True
    assert read.warnings == ()


def test_a_refund_that_names_no_order_and_does_not_say_so_is_rejected_with_the_fix() -> None:
    for sent in (credit_note(without_order=...), credit_note(without_order=False)):
        assert "without_order: true" in errors(sent)["data.order_id"]


def test_a_refund_cannot_name_an_order_and_say_that_it_belongs_to_none() -> None:
    assert "refund_id" in errors(credit_note(order_id="17"))["data.order_id"]


@pytest.mark.parametrize("products", [..., [{"sku": "cup", "price": 500, "currency": "EUR"}]])
def test_a_refund_of_no_order_says_how_much_went_back(products: Any) -> None:
    assert list(errors(credit_note(amount=..., products=products))) == ["data.amount"]
    assert list(errors(credit_note(currency=...))) == ["data.currency"]


def test_a_refund_of_no_order_names_its_shopper() -> None:
    assert list(errors(credit_note(identifiers={}))) == ["identifiers"]
    assert errors(event(type="order_refunded", identifiers={}, data={"order_id": "1"})) == {}


def test_a_browser_cannot_say_that_money_went_back() -> None:
    assert list(errors(credit_note(), "browser")) == ["data.without_order"]


def test_slips_of_the_field_are_mended_with_a_warning() -> None:
    read = read_event(credit_note(without_order="true"), NOW)
    assert read.data["without_order"] is True
    assert [each.field for each in read.warnings] == ["event.data.without_order"]
    misspelt = credit_note(without_order=..., order_id="17", without_ordr=True)
    assert [each.field for each in read_event(misspelt, NOW).warnings] == [
        "event.data.without_ordr"
    ]


def test_blank_text_does_not_say_that_a_refund_belongs_to_no_order() -> None:
    for blank in ("", "N/A", None):
        assert "data.order_id" in errors(credit_note(without_order=..., order_id=blank))
