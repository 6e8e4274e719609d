"""Devices that came to an account by a claim alone."""

from __future__ import annotations

from tests.unit.identity.shop import ResolvedShop

BOB = "bob@shop.example"


def test_a_device_that_a_claim_brought_to_another_account_is_of_whoever_signs_in_there() -> None:
    shop = ResolvedShop()
    guest = shop.guest(1, anonymous_id="d", email=BOB)
    bob = shop.account(2, user_id="bob", email=BOB)
    assert shop.together(guest, bob)
    ann = shop.account(3, user_id="ann", anonymous_id="d")
    assert not shop.together(ann, bob)
    assert shop.together(ann, shop.guest(4, anonymous_id="d"))
    assert shop.together(guest, bob)
