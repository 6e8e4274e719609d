"""A batch: an event that changes nothing needs no lock, unless an earlier change may affect it."""

from __future__ import annotations

from dataclasses import replace

from services.identity.domain.observation import Observation
from services.identity.domain.resolution import resolve_all_unchanged
from tests.unit.identity.shop import ResolvedShop, seen


def unchanged(shop: ResolvedShop, *observations: Observation) -> set[int]:
    return set(
        resolve_all_unchanged(replace(shop.state, frozen=True), dict(enumerate(observations)))
    )


def test_events_of_known_identifiers_are_resolved_beside_those_of_new_ones() -> None:
    shop = ResolvedShop()
    shop.account(1, user_id="ann", anonymous_id="d")
    new, again = seen(2, {"anonymous_id": "new"}), seen(3, {"anonymous_id": "d"})
    assert unchanged(shop, new, again) == {1}


def test_an_event_is_not_resolved_before_a_change_of_the_same_identifier() -> None:
    shop = ResolvedShop()
    shop.guest(1, anonymous_id="d")
    sign_in = seen(2, {"user_id": "ann", "anonymous_id": "d"}, signed_in=True)
    assert unchanged(shop, sign_in, seen(3, {"anonymous_id": "d"})) == set()


def test_an_event_is_not_resolved_before_a_change_of_the_same_profile() -> None:
    shop = ResolvedShop()
    shop.guest(1, anonymous_id="d", device_id="x")
    sign_in = seen(2, {"user_id": "ann", "anonymous_id": "d"}, signed_in=True)
    assert unchanged(shop, sign_in, seen(3, {"device_id": "x"})) == set()
