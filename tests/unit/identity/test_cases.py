"""The cases of the README's table, one fact each."""

from __future__ import annotations

import itertools

import pytest

from services.identity.domain.accounts import NOT_SIGNED_IN
from services.identity.domain.addresses import NOT_HELD, PROVEN_BY_ANOTHER, TOO_MANY_TO_MOVE
from services.identity.domain.devices import FULL
from services.identity.domain.guests import SEVERAL_ACCOUNTS
from services.identity.domain.resolution import Resolution, Unresolvable
from services.identity.domain.state import IdentityPolicy
from tests.unit.identity.shop import TYPES, ResolvedShop, seen

ANN, BOB, EVE = "ann@shop.example", "bob@shop.example", "eve@shop.example"


@pytest.fixture
def shop() -> ResolvedShop:
    return ResolvedShop()


def reasons(answer: Resolution) -> dict[str, str]:
    return {ignored.type: ignored.reason.partition(":")[0] for ignored in answer.ignored}


class TestGuestThenSignIn:
    def test_a_guest_keeps_the_profile_and_the_history_at_the_first_sign_in(
        self, shop: ResolvedShop
    ) -> None:
        guest = shop.guest(1, anonymous_id="d")
        account = shop.account(2, user_id="ann", anonymous_id="d")
        assert account.profile == guest.profile
        assert (account.assurance, guest.assurance) == ("verified", "device")

    def test_the_first_sign_in_opens_a_tenure_too(self, shop: ResolvedShop) -> None:
        before = shop.guest(1, anonymous_id="d")
        shop.account(10, user_id="ann", anonymous_id="d")
        after = shop.guest(11, anonymous_id="d")
        assert shop.together(before, after)
        assert before.stream != after.stream
        assert shop.guest(2, anonymous_id="d").stream == before.stream

    def test_a_device_that_is_first_seen_at_a_sign_in_has_no_guests_stream(
        self, shop: ResolvedShop
    ) -> None:
        account = shop.account(10, user_id="ann", anonymous_id="d")
        assert len(shop.state.members(account.profile)) == 2
        late = shop.guest(5, anonymous_id="d")
        assert shop.together(account, late)
        assert len(shop.state.members(account.profile)) == 3

    def test_an_account_keeps_its_label_and_the_guests_id_goes_on_resolving(
        self, shop: ResolvedShop
    ) -> None:
        account = shop.account(1, user_id="ann", anonymous_id="d1")
        guest = shop.guest(2, anonymous_id="d2")
        again = shop.account(3, user_id="ann", anonymous_id="d2")
        assert again.profile == account.profile != guest.profile
        assert shop.profile_of(guest) == account.profile
        assert shop.changes[-1].reason == "merged"

    def test_the_older_of_two_guests_gives_its_label(self, shop: ResolvedShop) -> None:
        younger = shop.guest(20, anonymous_id="d1")
        older = shop.guest(10, anonymous_id="d2")
        shop.guest(30, anonymous_id="d1", device_id="d1")
        assert shop.profile_of(younger) == younger.profile
        merged = shop.guest(31, anonymous_id="d2", device_id="d1")
        assert merged.profile == older.profile

    def test_sign_in_on_two_devices_is_one_profile_with_both_histories(
        self, shop: ResolvedShop
    ) -> None:
        guests = [shop.guest(1, anonymous_id="d1"), shop.guest(2, anonymous_id="d2")]
        signed_in = [shop.account(3 + n, user_id="ann", anonymous_id=f"d{n}") for n in (1, 2)]
        assert shop.together(*guests, *signed_in)

    @pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
    def test_three_devices_seen_together_in_any_order_are_one_guest_and_every_id_resolves(
        self, shop: ResolvedShop, order: tuple[int, ...]
    ) -> None:
        guests = [shop.guest(n, anonymous_id=f"a{n}") for n in range(3)]
        links = [("a0", "x"), ("a1", "x"), ("a2", "x")]
        for index in order:
            shop.guest(10, anonymous_id=links[index][0], device_id=links[index][1])
        assert shop.together(*guests)
        assert {shop.profile_of(guest) for guest in guests} == {guests[0].profile}

    def test_a_guest_of_two_devices_comes_whole_with_a_sign_in_on_one(
        self, shop: ResolvedShop
    ) -> None:
        guest = shop.guest(1, anonymous_id="a", device_id="d")
        alone = shop.guest(2, anonymous_id="a")
        account = shop.account(3, user_id="ann", device_id="d")
        assert shop.together(guest, alone, account)


class TestOneDeviceAndSeveralAccounts:
    def test_two_accounts_in_turn_share_nothing_whenever_their_events_come(
        self, shop: ResolvedShop
    ) -> None:
        before = shop.guest(1, anonymous_id="d")
        ann = shop.account(10, user_id="ann", anonymous_id="d")
        anns = shop.guest(11, anonymous_id="d")
        bob = shop.account(20, user_id="bob", anonymous_id="d")
        bobs = shop.guest(21, anonymous_id="d")
        late = {time: shop.guest(time, anonymous_id="d") for time in (2, 12, 22)}
        assert shop.together(before, ann, anns, late[2], late[12])
        assert shop.together(bob, bobs, late[22])
        assert not shop.together(ann, bob)

    def test_after_a_sign_out_the_traffic_is_a_new_guests(self, shop: ResolvedShop) -> None:
        ann = shop.account(10, user_id="ann", anonymous_id="d")
        out = shop.sign_out(20, user_id="ann", anonymous_id="d")
        guest = shop.guest(21, anonymous_id="d")
        assert shop.together(ann, out)
        assert not shop.together(ann, guest)
        assert shop.together(ann, shop.guest(19, anonymous_id="d"))

    def test_a_sign_out_without_the_account_is_that_of_who_was_signed_in(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(10, user_id="ann", anonymous_id="d")
        out = shop.sign_out(20, anonymous_id="d")
        assert shop.together(ann, out)
        assert not shop.together(ann, shop.guest(21, anonymous_id="d"))
        assert shop.sign_out(20, anonymous_id="d").stream == out.stream

    def test_a_sign_out_where_nobody_is_signed_in_is_that_of_who_signs_in_next(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(10, user_id="ann", anonymous_id="d")
        shop.sign_out(20, anonymous_id="d")
        again = shop.sign_out(30, anonymous_id="d")
        assert not shop.together(ann, again)
        shop.account(40, user_id="ann", anonymous_id="d")
        assert shop.together(ann, again)

    def test_a_sign_out_on_no_device_of_the_account_says_so(self, shop: ResolvedShop) -> None:
        ann = shop.account(10, user_id="ann", anonymous_id="d")
        shop.account(11, user_id="bob", anonymous_id="e")
        for answer in (
            shop.sign_out(20, user_id="ann"),
            shop.sign_out(21, user_id="ann", anonymous_id="e"),
        ):
            assert answer.stream == ann.stream
            assert [ignored.reason for ignored in answer.ignored] == [NOT_SIGNED_IN]
        assert shop.together(ann, shop.guest(30, anonymous_id="d"))

    def test_a_sign_out_that_claims_another_account_ends_nothing(self, shop: ResolvedShop) -> None:
        ann = shop.account(10, user_id="ann", anonymous_id="d")
        shop.resolve(seen(20, {"user_id": "bob", "anonymous_id": "d"}, type="signed_out"))
        assert shop.together(ann, shop.guest(21, anonymous_id="d"))

    def test_a_sign_out_and_a_sign_in_of_the_same_instant_count_in_the_order_of_the_call(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(10, user_id="ann", anonymous_id="d")
        shop.sign_out(20, user_id="ann", anonymous_id="d")
        bob = shop.account(20, user_id="bob", anonymous_id="d")
        assert shop.together(bob, shop.guest(20, anonymous_id="d"))
        assert shop.together(ann, shop.guest(19, anonymous_id="d"))
        shop.account(30, user_id="ann", anonymous_id="d")
        shop.sign_out(30, user_id="ann", anonymous_id="d")
        guest = shop.guest(31, anonymous_id="d")
        assert len({shop.profile_of(a) for a in (ann, bob, guest)}) == 3

    def test_a_guest_of_the_instant_in_which_another_was_signed_in_stays_one(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(10, user_id="ann", anonymous_id="d")
        shop.sign_out(20, user_id="ann", anonymous_id="d")
        bob = shop.account(20, user_id="bob", anonymous_id="d")
        shop.sign_out(20, user_id="bob", anonymous_id="d")
        guest = shop.guest(20, anonymous_id="d")
        shop.account(20, user_id="ann", anonymous_id="d")
        assert len({shop.profile_of(a) for a in (ann, bob, guest)}) == 3

    def test_traffic_after_a_sign_out_joins_the_same_account_if_it_signs_in_next(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(10, user_id="ann", anonymous_id="d")
        shop.sign_out(20, user_id="ann", anonymous_id="d")
        guest = shop.guest(21, anonymous_id="d")
        shop.account(30, user_id="ann", anonymous_id="d")
        assert shop.together(ann, guest)

    def test_an_account_that_comes_back_goes_on_in_its_stream_if_nobody_else_has_signed_in(
        self, shop: ResolvedShop
    ) -> None:
        shop.account(10, user_id="ann", anonymous_id="d")
        first = shop.guest(11, anonymous_id="d")
        for time in range(20, 100, 10):
            shop.sign_out(time, user_id="ann", anonymous_id="d")
            shop.account(time + 5, user_id="ann", anonymous_id="d")
            assert shop.guest(time + 6, anonymous_id="d").stream == first.stream
        assert len(shop.state.members(first.profile)) == 2

    def test_what_a_wrong_clock_dates_ahead_was_seen_when_it_is_told(
        self, shop: ResolvedShop
    ) -> None:
        now, minute, hour = 1_000_000, 60_000_000, 3_600_000_000
        tablet = {"device_id": "tablet"}
        ann = seen(now + 9 * hour, {"user_id": "ann", **tablet}, signed_in=True, type="signed_in")
        first = shop.resolved(ann.seen_at(now))
        bob = shop.account(now + minute, user_id="bob", **tablet)
        assert shop.together(bob, shop.guest(now + 2 * minute, **tablet))
        assert shop.together(first, shop.guest(now + 1, **tablet))
        a_bit_ahead = seen(now + minute, tablet)
        assert a_bit_ahead.seen_at(now) == a_bit_ahead

    def test_late_traffic_between_sign_outs_and_sign_ins_is_the_accounts(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(10, user_id="ann", anonymous_id="d")
        for time in (20, 30, 40):
            shop.sign_out(time, user_id="ann", anonymous_id="d")
            shop.account(time + 5, user_id="ann", anonymous_id="d")
        late = [shop.guest(time, anonymous_id="d") for time in (42, 22, 32)]
        assert shop.together(ann, *late)
        assert len({answer.stream for answer in late}) == 3

    def test_traffic_after_a_sign_out_is_nobodys_if_another_account_signs_in_next(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(10, user_id="ann", anonymous_id="d")
        shop.sign_out(20, user_id="ann", anonymous_id="d")
        guest = shop.guest(21, anonymous_id="d")
        bob = shop.account(30, user_id="bob", anonymous_id="d")
        assert len({shop.profile_of(a) for a in (ann, guest, bob)}) == 3
        shop.account(40, user_id="ann", anonymous_id="d")
        late = shop.guest(22, anonymous_id="d")
        assert shop.together(guest, late)
        assert len({shop.profile_of(a) for a in (ann, guest, bob)}) == 3

    def test_traffic_after_a_sign_out_is_nobodys_if_another_account_was_ever_there(
        self, shop: ResolvedShop
    ) -> None:
        shop.account(1, user_id="bob", anonymous_id="d")
        ann = shop.account(10, user_id="ann", anonymous_id="d")
        shop.sign_out(20, user_id="ann", anonymous_id="d")
        guest = shop.guest(21, anonymous_id="d")
        shop.account(30, user_id="ann", anonymous_id="d")
        assert not shop.together(ann, guest)
        assert shop.together(ann, shop.guest(31, anonymous_id="d"))

    def test_a_late_sign_in_before_another_account_ends_where_that_one_was_seen(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(20, user_id="ann", anonymous_id="d")
        bob = shop.account(10, user_id="bob", anonymous_id="d")
        assert shop.together(bob, shop.guest(15, anonymous_id="d"))
        assert shop.together(ann, shop.guest(25, anonymous_id="d"))

    def test_an_identifier_leads_consumers_to_its_latest_tenure_however_late_the_others_come(
        self, shop: ResolvedShop
    ) -> None:
        shop.account(20, user_id="ann", anonymous_id="d")
        shop.account(10, user_id="bob", anonymous_id="d")
        now = shop.guest(25, anonymous_id="d")
        moves = [stream for change in shop.changes for stream in change.streams]
        current = [t for t in moves if t.type == "anonymous_id" and t.current]
        assert max(current, key=lambda tenure: tenure.number).profile == now.profile

    def test_the_events_of_one_handover_make_one_tenure_however_they_are_shuffled(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(10, user_id="ann", anonymous_id="d")
        bobs = [shop.account(time, user_id="bob", anonymous_id="d") for time in (23, 21, 22, 20)]
        assert len(shop.state.members(bobs[0].profile)) == 2
        assert shop.together(*bobs, shop.guest(20, anonymous_id="d"))
        assert shop.together(ann, shop.guest(19, anonymous_id="d"))

    def test_the_sign_ins_of_two_accounts_at_the_same_instant_make_no_more_than_two_tenures(
        self, shop: ResolvedShop
    ) -> None:
        for _ in range(3):
            shop.account(10, user_id="ann", anonymous_id="d")
            shop.account(10, user_id="bob", anonymous_id="d")
        assert len(shop.state.tenures_of(seen(1, {"anonymous_id": "d"}).identifiers[0].key)) == 2

    def test_a_second_identifier_of_a_signed_in_device_is_the_accounts_too(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(1, user_id="ann", device_id="d")
        later = shop.guest(2, device_id="d", anonymous_id="a")
        assert shop.together(ann, later)
        assert later.assurance == "device"
        assert shop.together(ann, shop.guest(3, anonymous_id="a"))

    def test_devices_of_two_accounts_seen_together_stay_apart(self, shop: ResolvedShop) -> None:
        ann = shop.account(1, user_id="ann", device_id="d")
        bob = shop.account(2, user_id="bob", anonymous_id="a")
        both = shop.guest(3, device_id="d", anonymous_id="a")
        assert shop.together(ann, both)
        assert not shop.together(ann, bob)
        assert reasons(both) == {"anonymous_id": "merge_refused"}

    def test_a_device_on_which_another_account_was_signed_in_is_not_linked_by_being_seen_together(
        self, shop: ResolvedShop
    ) -> None:
        shop.account(1, user_id="bob", anonymous_id="d")
        shop.sign_out(2, user_id="bob", anonymous_id="d")
        shop.account(3, user_id="ann", device_id="x")
        both = shop.guest(4, device_id="x", anonymous_id="d")
        assert [ignored.reason for ignored in both.ignored] == [SEVERAL_ACCOUNTS]


class TestTypedAddresses:
    def test_guests_who_type_the_same_address_stay_apart(self, shop: ResolvedShop) -> None:
        guests = [shop.guest(n, anonymous_id=f"d{n}", email=ANN) for n in (1, 2)]
        assert not shop.together(*guests)

    def test_a_stranger_who_types_an_address_gets_the_same_answer_whoever_has_it(
        self, shop: ResolvedShop
    ) -> None:
        shop.account(1, user_id="ann", anonymous_id="d1", email=ANN)
        shop.order(2, anonymous_id="d2", email=BOB)
        answers = [shop.guest(3, anonymous_id=f"x{mail}", email=mail) for mail in (ANN, BOB, EVE)]
        assert {(a.assurance, a.ignored) for a in answers} == {("device", ())}

    def test_an_order_goes_with_the_guest_of_its_device(self, shop: ResolvedShop) -> None:
        guest = shop.guest(1, anonymous_id="d")
        order = shop.order(2, anonymous_id="d", email=ANN)
        assert shop.together(guest, order)
        assert order.stream != guest.stream
        assert order.came_from is not None
        assert order.came_from.stream == guest.stream

    def test_an_order_without_a_device_is_known_by_its_address_alone(
        self, shop: ResolvedShop
    ) -> None:
        order = shop.order(1, email=ANN)
        guest = shop.guest(2, anonymous_id="d", email=ANN)
        assert shop.order(3, email=ANN).stream == order.stream
        assert not shop.together(order, guest)
        assert order.assurance == "claimed"

    def test_a_stranger_who_types_an_address_and_signs_in_does_not_get_its_orders(
        self, shop: ResolvedShop
    ) -> None:
        order = shop.order(1, email=ANN)
        shop.guest(2, "checkout_started", anonymous_id="d", email=ANN)
        eve = shop.account(3, user_id="eve", anonymous_id="d")
        ann = shop.account(4, user_id="ann", email=ANN)
        assert shop.together(ann, order)
        assert not shop.together(eve, order)

    def test_a_browsers_order_stays_on_its_device(self, shop: ResolvedShop) -> None:
        guest = shop.guest(1, anonymous_id="d")
        order = seen(
            2, {"anonymous_id": "d", "email": ANN}, type="order_completed", origin="browser"
        )
        assert shop.resolved(order).stream == guest.stream
        alone = seen(3, {"email": ANN}, type="order_completed", origin="browser")
        forged = shop.resolved(alone)
        assert not shop.together(forged, shop.account(4, user_id="ann", email=ANN))

    def test_with_more_than_five_addresses_a_device_is_a_kiosk(self, shop: ResolvedShop) -> None:
        till = shop.guest(1, anonymous_id="till")
        orders = [shop.order(n, anonymous_id="till", email=f"p{n}@shop.example") for n in range(5)]
        assert shop.together(till, *orders)
        orders.append(shop.order(6, anonymous_id="till", email="p6@shop.example"))
        assert len({shop.profile_of(answer) for answer in (till, *orders)}) == 7

    def test_an_order_on_an_accounts_device_is_its_own_if_it_has_told_the_address(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(1, user_id="ann", email=ANN, device_id="d")
        own = shop.order(2, device_id="d", email=ANN)
        other = shop.order(3, device_id="d", email=BOB)
        assert shop.together(ann, own)
        assert not shop.together(ann, other)
        bob = shop.account(4, user_id="bob", email=BOB, device_id="phone")
        assert shop.together(bob, other)

    def test_an_account_that_has_told_no_address_has_the_only_one_of_its_device(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(1, user_id="ann", device_id="d")
        order = shop.order(2, device_id="d", email=BOB)
        assert shop.together(ann, order)
        second = shop.order(3, device_id="d", email=EVE)
        assert not shop.together(ann, order)
        assert not shop.together(ann, second)
        assert not shop.together(order, second)

    def test_an_account_that_tells_another_address_later_gives_the_order_up(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(1, user_id="ann", device_id="d")
        order = shop.order(2, device_id="d", email=BOB)
        assert shop.together(ann, order)
        shop.account(3, user_id="ann", email=ANN)
        assert not shop.together(ann, order)
        shop.account(4, user_id="ann", email=BOB)
        assert shop.together(ann, order)

    def test_a_guests_orders_under_another_address_do_not_come_along_at_the_sign_in(
        self, shop: ResolvedShop
    ) -> None:
        guest = shop.guest(1, anonymous_id="d")
        order = shop.order(2, anonymous_id="d", email=BOB)
        ann = shop.account(3, user_id="ann", email=ANN, anonymous_id="d")
        assert shop.together(ann, guest)
        assert not shop.together(ann, order)

    def test_of_several_contacts_the_first_decides_and_the_others_move_nothing(
        self, shop: ResolvedShop
    ) -> None:
        by_phone = shop.order(1, phone="+14155550100")
        order = shop.order(2, email=ANN, phone="+14155550100")
        assert not shop.together(by_phone, order)
        ann = shop.account(3, user_id="ann", email=ANN, phone="+14155550100")
        assert shop.together(ann, order)
        assert not shop.together(ann, by_phone)
        explicit = seen(
            4,
            {"user_id": "ann", "phone": "+14155550100"},
            signed_in=True,
            type="account_updated",
            proven=["phone"],
        )
        shop.resolve(explicit)
        assert shop.together(ann, by_phone)


class TestProofs:
    def test_an_account_that_proves_an_address_has_its_orders_before_and_after(
        self, shop: ResolvedShop
    ) -> None:
        before = [shop.order(1, email=ANN), shop.order(2, anonymous_id="laptop", email=ANN)]
        ann = shop.account(3, user_id="ann", email=ANN)
        after = [shop.order(4, email=ANN), shop.order(5, anonymous_id="tablet", email=ANN)]
        assert shop.together(ann, *before, *after)
        assert not shop.together(ann, shop.guest(6, anonymous_id="laptop"))

    def test_a_gift_to_an_address_proves_nothing(self, shop: ResolvedShop) -> None:
        hers = shop.order(1, anonymous_id="laptop", email=ANN)
        his = shop.order(2, signed_in=True, user_id="bob", email=ANN)
        ann = shop.account(3, user_id="ann", email=ANN)
        assert ann.ignored == ()
        assert shop.together(ann, hers)
        assert not shop.together(ann, his)

    def test_an_email_proven_by_two_accounts_stays_with_the_first(self, shop: ResolvedShop) -> None:
        ann = shop.account(1, user_id="ann", email="family@shop.example")
        bob = shop.account(2, user_id="bob", email="family@shop.example", anonymous_id="d")
        assert not shop.together(ann, bob)
        assert reasons(bob) == {"email": "merge_refused"}
        assert shop.together(bob, shop.guest(3, anonymous_id="d"))
        assert shop.together(ann, shop.order(4, email="family@shop.example"))

    @pytest.mark.parametrize(
        ("kind", "proven", "proves"),
        [
            ("signed_in", None, True),
            ("account_created", None, True),
            ("account_updated", None, True),
            ("traits_changed", None, True),
            ("signed_in", [], False),
            ("order_completed", None, False),
            ("checkout_started", None, False),
            ("consent_changed", None, False),
            ("consent_changed", ["email"], True),
        ],
    )
    def test_an_address_is_proven_by_what_an_account_says_of_itself_or_by_the_shops_word(
        self, shop: ResolvedShop, kind: str, proven: list[str] | None, proves: bool
    ) -> None:
        order = shop.order(1, email=ANN)
        event = seen(2, {"user_id": "ann", "email": ANN}, signed_in=True, type=kind, proven=proven)
        ann = shop.resolved(event)
        assert shop.together(ann, order) == proves

    def test_where_contacts_are_unverified_an_account_proves_none_by_itself(self) -> None:
        from dataclasses import replace

        types = replace(TYPES, contacts_verified=False)
        shop = ResolvedShop(IdentityPolicy(types))
        order = shop.order(1, email=ANN)
        ann = shop.account(2, user_id="ann", email=ANN)
        assert not shop.together(ann, order)
        shop.resolve(seen(3, {"user_id": "ann", "email": ANN}, signed_in=True, proven=["email"]))
        assert shop.together(ann, order)

    def test_what_strangers_tell_with_a_proven_address_is_nobodys(self, shop: ResolvedShop) -> None:
        early = shop.guest(1, "consent_changed", email=ANN)
        ann = shop.account(2, user_id="ann", email=ANN)
        late = shop.guest(3, "consent_changed", email=ANN)
        assert shop.together(ann, early)
        assert not shop.together(ann, late)
        opened_link = seen(4, {"email": ANN}, type="consent_changed", proven=["email"])
        assert shop.together(ann, shop.resolved(opened_link))

    def test_what_was_released_stays_and_what_comes_is_the_next_ones(
        self, shop: ResolvedShop
    ) -> None:
        past = shop.order(1, email=ANN)
        ann = shop.account(2, user_id="ann", email=ANN)
        shop.release(10, user_id="ann", email=ANN)
        shop.release(10, user_id="ann", email=ANN)
        late = shop.order(5, email=ANN)
        future = shop.order(11, email=ANN)
        assert shop.together(ann, past, late)
        assert not shop.together(ann, future)
        bob = shop.account(12, user_id="bob", email=ANN)
        assert bob.ignored == ()
        assert shop.together(bob, future)
        assert shop.together(ann, past)

    def test_an_address_that_is_released_and_proven_at_one_instant_is_the_next_ones(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(1, user_id="ann", email=ANN)
        early = shop.order(9, email=ANN)
        shop.release(10, user_id="ann", email=ANN)
        bob = shop.account(10, user_id="bob", email=ANN)
        assert bob.ignored == ()
        assert shop.account(10, user_id="bob", email=ANN).ignored == ()
        assert shop.together(bob, shop.order(11, email=ANN))
        assert shop.together(ann, early, shop.order(10, email=ANN))

    def test_what_is_recorded_before_a_late_release_stays_where_it_is(
        self, shop: ResolvedShop
    ) -> None:
        """A release moves nothing, so what comes before it is recorded is the holder's."""
        ann = shop.account(1, user_id="ann", email=ANN)
        early = shop.order(20, email=ANN)
        refused = shop.account(21, user_id="bob", email=ANN)
        assert [ignored.reason for ignored in refused.ignored] == [PROVEN_BY_ANOTHER]
        shop.release(10, user_id="ann", email=ANN)
        assert shop.together(ann, early, shop.order(9, email=ANN))
        again = shop.account(22, user_id="bob", email=ANN)
        assert again.ignored == ()
        assert shop.together(again, shop.order(11, email=ANN), shop.order(23, email=ANN))
        assert shop.together(ann, early)

    def test_only_the_holder_releases_an_address(self, shop: ResolvedShop) -> None:
        ann = shop.account(1, user_id="ann", email=ANN)
        refused = shop.release(2, user_id="bob", email=ANN)
        assert [ignored.reason for ignored in refused.ignored] == [NOT_HELD]
        assert shop.together(ann, shop.order(3, email=ANN))

    def test_a_proof_moves_the_newest_streams_in_facts_of_a_hundred(self) -> None:
        shop = ResolvedShop(IdentityPolicy(TYPES, most_proven=250))
        orders = [shop.order(n, anonymous_id=f"d{n}", email=ANN) for n in range(260)]
        facts = len(shop.changes)
        ann = shop.account(1_000, user_id="ann", email=ANN)
        moved = [shop.together(ann, order) for order in orders]
        assert moved == [False] * 10 + [True] * 250
        assert [len(change.streams) for change in shop.changes[facts:]] == [100, 100, 51]
        assert [ignored.reason for ignored in ann.ignored] == [TOO_MANY_TO_MOVE]
        assert shop.together(ann, shop.order(1_001, anonymous_id="new", email=ANN))


class TestUnprovenNames:
    def test_an_unauthenticated_user_id_is_nobody(self, shop: ResolvedShop) -> None:
        claim = shop.guest(1, user_id="ann")
        ann = shop.account(2, user_id="ann")
        again = shop.guest(3, user_id="ann")
        assert claim.stream == again.stream
        assert not shop.together(ann, claim)
        assert claim.assurance == "claimed"

    def test_on_a_guests_device_it_moves_nothing(self, shop: ResolvedShop) -> None:
        guest = shop.guest(1, anonymous_id="d")
        claims = [shop.guest(2, user_id=name, anonymous_id="d") for name in ("ann", "bob")]
        assert {claim.stream for claim in claims} == {guest.stream}

    def test_an_unauthenticated_user_id_on_the_accounts_own_device_is_the_account(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(1, user_id="ann", anonymous_id="d")
        later = shop.guest(2, user_id="ann", anonymous_id="d")
        assert shop.together(ann, later)
        assert later.assurance == "device"

    def test_another_user_id_on_an_accounts_device_is_not_the_account(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(1, user_id="ann", anonymous_id="d")
        bob = shop.account(2, user_id="bob")
        others = [shop.guest(3, user_id=name, anonymous_id="d") for name in ("bob", "eve")]
        assert len({shop.profile_of(a) for a in (ann, bob, *others)}) == 4
        assert {other.ignored for other in others} == {()}
        assert shop.together(ann, shop.guest(4, anonymous_id="d"))


class TestAccounts:
    def test_a_card_and_an_account_that_are_proven_together_become_one(
        self, shop: ResolvedShop
    ) -> None:
        card = shop.account(1, loyalty_id="card-1")
        ann = shop.account(2, user_id="ann")
        assert shop.together(card, ann, shop.account(3, user_id="ann", loyalty_id="card-1"))
        assert shop.profile_of(ann) == card.profile

    def test_an_accounts_event_goes_to_the_stream_of_its_strongest_name(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(1, user_id="ann")
        card = shop.account(2, loyalty_id="card-1")
        both = shop.order(3, signed_in=True, user_id="ann", loyalty_id="card-1", anonymous_id="d")
        assert ann.stream == both.stream != card.stream
        assert shop.order(4, signed_in=True, loyalty_id="card-1", email=ANN).stream == card.stream

    def test_two_accounts_are_never_one(self, shop: ResolvedShop) -> None:
        shop.account(1, user_id="ann", loyalty_id="card-1")
        bob = shop.account(2, user_id="bob", loyalty_id="card-1")
        assert reasons(bob) == {"loyalty_id": "merge_refused"}

    def test_a_second_card_is_refused(self, shop: ResolvedShop) -> None:
        shop.account(1, user_id="ann", loyalty_id="card-1")
        second = shop.account(2, user_id="ann", loyalty_id="card-2")
        assert reasons(second) == {"loyalty_id": "merge_refused"}

    def test_an_account_may_tell_any_number_of_addresses(self, shop: ResolvedShop) -> None:
        answers = [shop.account(n, user_id="ann", email=f"ann{n}@shop.example") for n in range(9)]
        orders = [shop.order(20 + n, email=f"ann{n}@shop.example") for n in range(9)]
        assert shop.together(*answers, *orders)

    def test_a_full_account_ties_no_more_guests_and_its_own_sign_ins_always(self) -> None:
        shop = ResolvedShop(IdentityPolicy(TYPES, most_tied=2))
        guests = [shop.guest(n, anonymous_id=f"d{n}") for n in range(4)]
        accounts = [shop.account(10 + n, user_id="ann", anonymous_id=f"d{n}") for n in range(4)]
        assert [shop.together(accounts[0], guest) for guest in guests] == [True, True, False, False]
        assert shop.together(*accounts, shop.guest(20, anonymous_id="d3"))
        assert [ignored.reason for ignored in accounts[3].ignored] == [FULL]

    def test_a_full_account_ties_no_more_orders_under_its_address(self) -> None:
        shop = ResolvedShop(IdentityPolicy(TYPES, most_tied=2))
        ann = shop.account(1, user_id="ann", email=ANN)
        orders = [shop.order(2 + n, anonymous_id=f"d{n}", email=ANN) for n in range(3)]
        assert [shop.together(ann, order) for order in orders] == [True, True, False]

    def test_two_guests_who_would_make_a_profile_too_large_stay_two(self) -> None:
        shop = ResolvedShop(IdentityPolicy(TYPES, most_tied=3))
        guests = [shop.guest(n, anonymous_id=f"a{n}", device_id=f"d{n}") for n in range(2)]
        both = shop.guest(3, anonymous_id="a0", device_id="d1")
        assert [ignored.reason for ignored in both.ignored] == [FULL]
        assert not shop.together(*guests)


class TestAnswers:
    def test_what_is_known_makes_no_fact(self, shop: ResolvedShop) -> None:
        for _ in range(3):
            shop.account(1, user_id="ann", anonymous_id="d", email=ANN)
            shop.guest(2, anonymous_id="d")
            shop.order(3, anonymous_id="d", email=ANN)
        assert [len(change.streams) for change in shop.changes] == [2, 1]

    def test_a_placeholder_is_ignored_and_the_event_kept_under_the_others(
        self, shop: ResolvedShop
    ) -> None:
        answer = shop.guest(1, user_id="null", anonymous_id="d")
        assert shop.together(answer, shop.guest(2, anonymous_id="d"))
        assert [ignored.type for ignored in answer.ignored] == ["user_id"]

    def test_what_a_database_writes_for_nothing_is_no_account(self, shop: ResolvedShop) -> None:
        answers = [
            shop.account(n, user_id=r"\N", anonymous_id=f"d{n}", email=f"g{n}@shop.example")
            for n in range(3)
        ]
        assert len({shop.profile_of(answer) for answer in answers}) == 3
        assert [reasons(answer).keys() for answer in answers] == [{"user_id"}] * 3

    def test_an_event_without_a_usable_identifier_is_nobodys(self, shop: ResolvedShop) -> None:
        answer = shop.resolve(seen(1, {"user_id": "undefined", "email": "guest@shop.example"}))
        assert isinstance(answer, Unresolvable)
        assert {ignored.type for ignored in answer.ignored} == {"user_id", "email"}
        assert shop.changes == []


class TestLookup:
    def test_nobody_is_found_by_what_was_never_seen(self, shop: ResolvedShop) -> None:
        assert shop.look(anonymous_id="d", user_id="ann", signed_in=True) is None

    def test_nobody_is_found_by_identifiers_that_cannot_be_used(self, shop: ResolvedShop) -> None:
        assert shop.look(user_id="null") is None

    def test_an_account_is_found_by_its_name_and_by_its_device_and_never_by_an_address(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(1, user_id="ann", anonymous_id="d", email=ANN)
        by_proof, by_device = shop.look(user_id="ann", signed_in=True), shop.look(anonymous_id="d")
        assert by_proof
        assert by_device
        assert (by_proof.profile, by_proof.assurance) == (ann.profile, "verified")
        assert (by_device.profile, by_device.assurance) == (ann.profile, "device")
        assert shop.look(email=ANN) is None
        assert shop.look(email=ANN, signed_in=True) is None
        assert shop.look(user_id="ann") is None

    def test_a_device_leads_to_the_tenure_in_force(self, shop: ResolvedShop) -> None:
        ann = shop.account(1, user_id="ann", anonymous_id="d")
        shop.sign_out(2, user_id="ann", anonymous_id="d")
        match = shop.look(anonymous_id="d")
        assert match
        assert match.profile != ann.profile

    def test_a_new_account_on_a_guests_device_is_found_by_the_device(
        self, shop: ResolvedShop
    ) -> None:
        guest = shop.guest(1, anonymous_id="d")
        match = shop.look(user_id="ann", anonymous_id="d", signed_in=True)
        assert match
        assert (match.profile, match.assurance) == (guest.profile, "device")

    def test_another_account_on_an_accounts_device_is_not_found(self, shop: ResolvedShop) -> None:
        shop.account(1, user_id="ann", anonymous_id="d")
        shop.account(2, user_id="eve")
        for signed_in, name in ((True, "bob"), (False, "bob"), (False, "eve")):
            assert shop.look(user_id=name, anonymous_id="d", signed_in=signed_in) is None

    def test_a_lookup_changes_nothing(self, shop: ResolvedShop) -> None:
        shop.guest(1, anonymous_id="d")
        before = dict(shop.state.tenures)
        shop.look(user_id="ann", anonymous_id="d", signed_in=True)
        assert shop.state.tenures == before
