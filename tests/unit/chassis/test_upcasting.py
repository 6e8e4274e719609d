from __future__ import annotations

from dataclasses import replace

import pytest

from chassis import Event
from chassis.core.upcasting import NewerSchema, Upcasters

WRITTEN = Event("e1", "profiles", "order_completed", "s1", 1, {"total": "9.50"}, 0, 0)

upcasters = Upcasters(
    {
        ("order_completed", 1): lambda data: {**data, "currency": "EUR"},
        ("order_completed", 2): lambda data: {
            "revenue": int(data["total"].replace(".", "")),
            "currency": data["currency"],
        },
    }
)


def test_an_old_event_takes_every_step_up_to_the_present() -> None:
    event = upcasters.upcast(WRITTEN)
    assert event.data == {"revenue": 950, "currency": "EUR"}
    assert event.schema_version == 3


def test_an_event_of_a_middle_version_takes_the_steps_that_are_left() -> None:
    middle = replace(WRITTEN, data={"total": "1.00", "currency": "USD"}, schema_version=2)
    assert upcasters.upcast(middle).data == {"revenue": 100, "currency": "USD"}


def test_a_present_event_is_left_as_it_is() -> None:
    present = replace(WRITTEN, data={"revenue": 1, "currency": "EUR"}, schema_version=3)
    assert upcasters.upcast(present) is present


def test_upcasting_twice_is_upcasting_once() -> None:
    once = upcasters.upcast(WRITTEN)
    assert upcasters.upcast(once) == once


def test_the_event_as_written_is_not_touched() -> None:
    upcasters.upcast(WRITTEN)
    assert WRITTEN.data == {"total": "9.50"}


def test_an_event_from_the_future_waits_for_an_update() -> None:
    with pytest.raises(NewerSchema, match="order_completed"):
        upcasters.upcast(replace(WRITTEN, schema_version=4))
    with pytest.raises(NewerSchema):
        Upcasters().upcast(replace(WRITTEN, type="noted", schema_version=2))


def test_a_type_without_steps_is_at_version_one() -> None:
    assert upcasters.current("noted") == 1
    assert upcasters.current("order_completed") == 3
