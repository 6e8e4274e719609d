"""What comes on the review list."""

from __future__ import annotations

from chassis import Event
from services.identity.domain.review import (
    AT_A_LIMIT,
    REFUSED,
    SHARED,
    handed_over,
    refusals,
    shared_devices,
)
from services.identity.domain.state import IdentityPolicy
from tests.unit.identity.shop import TYPES, ResolvedShop, seen


def reviews(
    shop: ResolvedShop, *observations: dict[str, str], signed_in: bool = False
) -> list[str]:
    """The kinds of entries that these events lead to."""
    batch = [seen(9, identifiers, signed_in=signed_in) for identifiers in observations]
    results = [shop.resolve(observation) for observation in batch]
    return [subject.kind for subject in refusals(batch, results)]


def test_a_refused_merge_is_about_the_identifier_that_was_refused() -> None:
    shop = ResolvedShop()
    shop.account(1, user_id="ann", email="family@shop.example")
    bob = seen(
        2, {"user_id": "bob", "email": "family@shop.example"}, signed_in=True, type="signed_in"
    )
    result = shop.resolve(bob)
    ((subject, event_id),) = refusals([bob], [result]).items()
    (email,) = (i.key for i in bob.identifiers if i.type.name == "email")
    assert (subject.kind, subject.about, event_id) == (REFUSED, email, "e")


def test_a_profile_at_a_limit_is_listed_once() -> None:
    shop = ResolvedShop(IdentityPolicy(TYPES, most_tied=1))
    for number in range(4):
        shop.guest(number, anonymous_id=f"d{number}")
    account = [{"user_id": "ann", "anonymous_id": f"d{number}"} for number in range(4)]
    assert reviews(shop, *account, signed_in=True) == [AT_A_LIMIT]


def test_a_proof_that_would_move_too_much_is_about_its_address() -> None:
    shop = ResolvedShop(IdentityPolicy(TYPES, most_proven=1))
    for number in range(2):
        shop.order(number, anonymous_id=f"d{number}", email="ann@shop.example")
    proof = seen(
        9, {"user_id": "ann", "email": "ann@shop.example"}, signed_in=True, type="signed_in"
    )
    ((subject, _),) = refusals([proof], [shop.resolve(proof)]).items()
    assert (subject.kind, subject.about) == (AT_A_LIMIT, proof.contacts[0].key)


def test_claims_and_placeholders_are_not_listed() -> None:
    shop = ResolvedShop()
    shop.account(1, user_id="ann", email="ann@shop.example")
    claim = {"anonymous_id": "d", "email": "ann@shop.example"}
    assert reviews(shop, claim, {"user_id": "null"}) == []


def test_a_device_is_handed_over_when_a_further_tenure_of_it_begins() -> None:
    tenures = [
        ("anonymous_id:a", 2, "device"),
        ("anonymous_id:b", 1, "device"),
        ("email:c", 2, "claimed"),
    ]
    identifiers = [{"key": key, "tenure": n, "assurance": a} for key, n, a in tenures]
    fact = Event(
        id="f",
        source="identity",
        type="identity_changed",
        stream="s",
        version=1,
        data={"streams": [{"identifiers": identifiers}]},
        occurred_at=1,
        recorded_at=1,
        metadata={"causation_id": "e-1"},
    )
    assert handed_over([fact]) == {"anonymous_id:a": "e-1"}


def test_a_device_is_shared_from_its_third_account_on() -> None:
    devices = {"anonymous_id:a": "e-1", "anonymous_id:b": "e-2"}
    shared = shared_devices(devices, {"anonymous_id:a": 3, "anonymous_id:b": 2})
    ((subject, event_id),) = shared.items()
    assert (subject.kind, subject.subject, event_id) == (SHARED, "anonymous_id:a", "e-1")
    assert subject.about == "anonymous_id"
