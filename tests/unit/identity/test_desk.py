"""A support desk splits and merges: what it undoes is undone, and nothing joins it by itself."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import Conflict, InvalidInput, Refused, ServiceError
from rules import SEGMENT_VOCABULARY, Summary, combine, compile_rule, profile_view
from services.identity.domain.observation import Observation
from services.identity.domain.resolution import Resolution
from services.identity.domain.state import Sighting
from tests.unit.identity.observed import SEQUENCES
from tests.unit.identity.shop import ResolvedShop, has_cause

ANN = "ann@shop.example"
SPENDERS = compile_rule('revenue("USD") >= 20', SEGMENT_VOCABULARY)
BUYERS = compile_rule('count("order_completed", within="60d") >= 2', SEGMENT_VOCABULARY)


@pytest.fixture
def shop() -> ResolvedShop:
    return ResolvedShop()


class TestSplit:
    def test_a_wrongly_merged_guest_gets_its_own_id_back(self, shop: ResolvedShop) -> None:
        account = shop.account(1, user_id="ann", anonymous_id="d1")
        guest = shop.guest(2, anonymous_id="d2")
        shop.account(3, user_id="ann", anonymous_id="d2")
        assert shop.together(account, guest)
        assert shop.split(account.profile, "anonymous_id", "d2") == (account.profile, guest.profile)
        assert shop.profile_of(guest) == guest.profile

    def test_a_profile_that_was_merged_before_gets_its_id_back_with_all_that_it_had(
        self, shop: ResolvedShop
    ) -> None:
        account = shop.account(1, user_id="ann")
        old = shop.guest(2, anonymous_id="d2")
        card = shop.account(3, loyalty_id="card", anonymous_id="d1")
        shop.account(4, loyalty_id="card", anonymous_id="d2")
        shop.account(5, user_id="ann", loyalty_id="card")
        names = [("loyalty_id", "card"), ("anonymous_id", "d1"), ("anonymous_id", "d2")]
        _, split_off = shop.split(account.profile, *(name for pair in names for name in pair))
        assert split_off == card.profile != old.profile
        assert shop.together(card, old)

    def test_the_rest_leaves_if_the_founding_stream_is_what_was_named(
        self, shop: ResolvedShop
    ) -> None:
        guest = shop.guest(1, anonymous_id="d1")
        account = shop.account(2, user_id="ann", anonymous_id="d1")
        kept, left = shop.split(account.profile, "anonymous_id", "d1")
        assert (kept, left) == (guest.profile, account.stream)
        assert shop.state.profile(left).account
        assert not shop.state.profile(kept).account

    def test_a_split_pair_is_not_merged_by_a_sign_in_nor_by_a_claim(
        self, shop: ResolvedShop
    ) -> None:
        account = shop.account(1, user_id="ann", anonymous_id="d1", email=ANN)
        shop.split(account.profile, "anonymous_id", "d1", "email", ANN)
        again = shop.account(2, user_id="ann", email=ANN)
        assert again.profile == account.stream
        assert [ignored.type for ignored in again.ignored] == ["email"]
        assert "support desk" in again.ignored[0].reason

    def test_a_device_that_was_split_off_is_the_accounts_from_its_next_sign_in_on(
        self, shop: ResolvedShop
    ) -> None:
        account = shop.account(1, user_id="ann", anonymous_id="d1")
        before = shop.guest(2, anonymous_id="d1")
        shop.split(account.profile, "anonymous_id", "d1")
        shop.account(9, user_id="ann", anonymous_id="d1")
        assert shop.together(shop.guest(10, anonymous_id="d1"), account)
        assert not shop.together(before, account)
        assert shop.together(shop.guest(3, anonymous_id="d1"), before)

    def test_l_into_s_split_and_s_into_l(self, shop: ResolvedShop) -> None:
        large = shop.account(1, user_id="ann", anonymous_id="d1")
        small = shop.guest(2, anonymous_id="d2")
        shop.account(3, user_id="ann", anonymous_id="d2")
        for first, second in ((large, small), (small, large)):
            shop.split(large.profile, "anonymous_id", "d2")
            assert not shop.together(large, small)
            assert shop.merge(first.profile, second.profile) == large.profile
            assert shop.together(large, small)

    def test_what_is_not_there_or_all_that_is_there_is_refused(self, shop: ResolvedShop) -> None:
        account = shop.account(1, user_id="ann", anonymous_id="d1")
        with pytest.raises(InvalidInput, match="identifiers"):
            shop.split(account.profile, "anonymous_id", "d2")
        with pytest.raises(Refused, match="identifiers"):
            shop.split(account.profile, "anonymous_id", "d1", "user_id", "ann")

    def test_both_profiles_are_told_of_the_split(self, shop: ResolvedShop) -> None:
        account = shop.account(1, user_id="ann", anonymous_id="d1")
        kept, left = shop.split(account.profile, "anonymous_id", "d1")
        assert {stream.profile for stream in shop.changes[-1].streams} == {kept, left}
        assert (shop.changes[-1].reason, shop.changes[-1].note) == ("split", "because")


class TestMerge:
    def test_two_accounts_are_never_merged(self, shop: ResolvedShop) -> None:
        ann = shop.account(1, user_id="ann")
        bob = shop.account(2, user_id="bob")
        with pytest.raises(Refused, match="more than 1 user_id: two accounts stay two"):
            shop.merge(ann.profile, bob.profile)

    def test_a_profile_is_not_merged_with_itself(self, shop: ResolvedShop) -> None:
        ann = shop.account(1, user_id="ann")
        with pytest.raises(Conflict):
            shop.merge(ann.profile, ann.profile)

    def test_an_account_keeps_its_label_and_the_guests_device_is_its_own(
        self, shop: ResolvedShop
    ) -> None:
        guest = shop.guest(1, anonymous_id="d")
        ann = shop.account(2, user_id="ann")
        assert shop.merge(guest.profile, ann.profile) == ann.profile
        assert shop.together(shop.guest(3, anonymous_id="d"), ann)


def test_an_address_that_was_merged_into_another_goes_wherever_that_one_goes(
    shop: ResolvedShop,
) -> None:
    first = shop.order(1, device_id="d", anonymous_id="a", email="first@shop.example")
    shop.account(1, user_id="eve", anonymous_id="a", email="eve@shop.example")
    other = shop.order(1, email="other@shop.example")
    shop.merge(shop.profile_of(first), shop.profile_of(other))
    card = shop.account(6, loyalty_id="card", device_id="d")
    assert shop.together(first, other, card)
    shop.guest(5, device_id="d", email="second@shop.example")  # it is no longer the only one there
    assert shop.together(first, other)
    assert not shop.together(first, card)


def _orders(stream: str) -> Summary:
    """Some behaviour of a stream that differs from that of every other."""
    summary = Summary()
    number = int(stream[1:])
    for order in range(number % 3):
        data = {"order_id": f"{stream}-{order}", "revenue": number, "currency": "USD"}
        summary.add("order_completed", {**data, "products": []}, order, f"{stream}-{order}")
    summary.add("traits_changed", {"traits": {f"t{number % 4}": number}}, number, stream)
    return summary


def folds(shop: ResolvedShop) -> dict[frozenset[str], tuple[object, bool, bool]]:
    """Every profile by its streams, folded from them, and whether it is in two segments."""
    members: dict[str, list[str]] = {}
    for stream in shop.state.streams():
        members.setdefault(stream.profile, []).append(stream.stream)
    views: dict[frozenset[str], tuple[object, bool, bool]] = {}
    for streams in members.values():
        whole = combine(_orders(stream) for stream in streams)
        views[frozenset(streams)] = (
            profile_view(whole),
            SPENDERS.evaluate(whole, 100).value,
            BUYERS.evaluate(whole, 100).value,
        )
    return views


@given(SEQUENCES, st.randoms(use_true_random=False), st.integers(1, 6))
def test_merges_and_splits_nested_at_will_and_undone_restore_every_profile_and_segment(
    sequence: list[Observation], chance: random.Random, depth: int
) -> None:
    shop = ResolvedShop()
    for observation in sequence:
        shop.resolve(observation)
    seen = [folds(shop)]
    undo = []
    for _ in range(depth):
        if not (way_back := _some_repair(shop, chance)):
            continue
        undo.append(way_back)
        seen.append(folds(shop))
    while undo:
        assert folds(shop) == seen.pop()
        kind, arguments = undo.pop()
        profiles = [shop.state.stream(a).profile for a in arguments if isinstance(a, str)]
        getattr(shop, kind)(*profiles, *arguments[len(profiles) :])
    assert folds(shop) == seen.pop()


def _some_repair(
    shop: ResolvedShop, chance: random.Random
) -> tuple[str, tuple[object, ...]] | None:
    """Split a profile or merge two, if that may be; returns what undoes it."""
    profiles = sorted({stream.profile for stream in shop.state.streams()})
    if chance.random() < 0.5:
        one, other = chance.choice(profiles), chance.choice(profiles)
        keys = {p: {m.key for m in shop.state.members(p)} for p in (one, other)}
        if one == other or keys[one] & keys[other]:
            return None
        try:
            home = shop.merge(one, other)
        except ServiceError:
            return None
        away = one if home == other else other
        return "split_keys", (home, keys[away])
    profile = chance.choice(profiles)
    keys_of = sorted({member.key for member in shop.state.members(profile)})
    if len(keys_of) < 2:
        return None
    part = chance.sample(keys_of, chance.randint(1, len(keys_of) - 1))
    return "merge", shop.split_keys(profile, set(part))


@given(SEQUENCES, SEQUENCES, st.randoms(use_true_random=False))
def test_what_a_desk_has_split_nothing_observed_joins_again(
    before: list[Observation], after: list[Observation], chance: random.Random
) -> None:
    shop = ResolvedShop()
    for observation in before:
        assert isinstance(shop.resolve(observation), Resolution)
    pairs = []
    for _ in range(3):
        undo = _some_repair(shop, chance)
        if undo and undo[0] == "merge":
            one, other = (str(profile) for profile in undo[1])
            pairs.append([_decided(shop, profile) for profile in (one, other)])
        elif undo:
            pairs.clear()  # a merge by the desk may join what it had split
    for observation in after:
        shop.resolve(observation)
        for sides in pairs:
            labels = [{shop.state.stream(s).profile for s in side} for side in sides]
            assert labels[0].isdisjoint(labels[1])


def _decided(shop: ResolvedShop, profile: str) -> set[str]:
    """The streams that a split has put into a profile; an address that it did not name goes with
    its device, and to the account that proves it."""
    members = shop.state.members(profile)
    return {m.stream for m in members if not isinstance(m, Sighting) or m.pin}


def test_a_split_stands_though_a_third_account_signs_in_and_then_is_the_same_as_the_first() -> None:
    shop = ResolvedShop()
    ann = shop.account(1, user_id="ann", anonymous_id="d")
    device = shop.guest(2, anonymous_id="d")
    shop.split(ann.profile, "anonymous_id", "d")
    shop.account(3, loyalty_id="card", anonymous_id="d")
    refused = shop.account(4, user_id="ann", loyalty_id="card")
    assert [ignored.type for ignored in refused.ignored] == ["loyalty_id"]
    assert not shop.together(ann, device)


def test_a_split_stands_though_a_device_of_the_other_account_was_seen_beside() -> None:
    shop = ResolvedShop()
    ann = shop.account(6, user_id="ann", device_id="laptop")
    shop.guest(3, device_id="laptop", anonymous_id="mobile")
    card = shop.account(3, loyalty_id="card", anonymous_id="mobile")
    shop.split(card.profile, "anonymous_id", "mobile")
    mobile = shop.guest(3, device_id="laptop", anonymous_id="mobile")
    assert not shop.together(mobile, card)
    assert shop.profile_of(ann) != shop.profile_of(card)


@given(SEQUENCES, SEQUENCES, st.randoms(use_true_random=False))
def test_a_stream_without_a_cause_of_its_own_is_in_an_account_by_a_desk(
    before: list[Observation], after: list[Observation], chance: random.Random
) -> None:
    shop = ResolvedShop()
    for observation in before:
        shop.resolve(observation)
    by_desk: set[str] = set()
    for _ in range(3):
        undo = _some_repair(shop, chance)
        if undo and undo[0] == "split_keys":
            by_desk |= {member.stream for member in shop.state.members(str(undo[1][0]))}
    for observation in after:
        shop.resolve(observation)
    groups = {t.group for t in shop.state.tenures.values() if t.stream in by_desk}
    for stream in shop.state.streams():
        names = {n.stream for n in shop.state.members(stream.profile) if n.assurance == "verified"}
        if names and not has_cause(shop.state, stream, names):
            pin = stream.pin if isinstance(stream, Sighting) else None
            device = stream.on if isinstance(stream, Sighting) else stream.stream
            tenure = shop.state.tenures.get(device)
            assert pin or stream.stream in by_desk or (tenure and tenure.group in groups)
