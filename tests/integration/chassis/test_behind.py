"""Facts about `behind`: how a caller learns that a service has followed another one."""

from __future__ import annotations

from typing import Any

import pytest

from chassis import InvalidInput, new_id
from tests.support.toy_services import Wire, wait_until


def behind(wire: Wire, places: Any, source: Any = "profiles") -> Any:
    return wire.call("segments", "behind", source=source, places=places)["behind"]


def test_a_place_is_behind_until_the_service_has_come_to_it(wire: Wire) -> None:
    stream = new_id()
    assert behind(wire, {stream: 1}) == {stream: 0}
    places = wire.call("profiles", "put", streams=[stream])
    assert places == {stream: 1}
    wait_until(lambda: not behind(wire, places))
    assert behind(wire, {stream: 3}) == {stream: 1}
    assert behind(wire, {}) == {}


def test_a_source_that_the_service_does_not_follow_is_behind_for_ever(wire: Wire) -> None:
    assert behind(wire, {"s": 1}, source="offers") == {"s": 0}


@pytest.mark.parametrize(
    ("places", "source", "field"),
    [
        (["s"], "profiles", "places"),
        ({"s": 0}, "profiles", "places.s"),
        ({"s": "1"}, "profiles", "places.s"),
        ({"s": 1}, None, "source"),
        ({str(n): 1 for n in range(1_001)}, "profiles", "places"),
    ],
)
def test_wrong_places_are_named(wire: Wire, places: Any, source: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        behind(wire, places, source)
    assert refused.value.subject == field
