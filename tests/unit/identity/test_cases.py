"""The cases of the README's table, one fact each."""

from __future__ import annotations

import itertools

import pytest

from services.identity.domain.guests import SEVERAL_ACCOUNTS
from services.identity.domain.plan import FULL
from services.identity.domain.resolution import Resolution, Unresolvable
from services.identity.domain.state import IdentityPolicy
from tests.unit.identity.shop import TYPES, ResolvedShop, seen

ANN, BOB = "ann@shop.example", "bob@shop.example"


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

    def test_an_order_at_the_guest_checkout_comes_along(self, shop: ResolvedShop) -> None:
        order = shop.guest(1, anonymous_id="d", email=ANN)
        assert shop.together(order, shop.account(2, user_id="ann", anonymous_id="d"))

    def test_an_order_without_a_device_comes_along_if_its_email_was_typed_on_the_device(
        self, shop: ResolvedShop
    ) -> None:
        order = shop.guest(1, email=ANN)
        shop.guest(2, anonymous_id="d", email=ANN)
        assert shop.together(order, shop.account(3, user_id="ann", anonymous_id="d"))

    def test_a_guest_of_an_email_joins_the_account_that_proves_it_on_another_device(
        self, shop: ResolvedShop
    ) -> None:
        order = shop.guest(1, anonymous_id="d1", email=ANN)
        account = shop.account(2, user_id="ann", anonymous_id="d2", email=ANN)
        assert shop.together(order, account)

    def test_an_account_keeps_its_label_and_the_guests_id_goes_on_resolving(
        self, shop: ResolvedShop
    ) -> None:
        account = shop.account(1, user_id="ann", anonymous_id="d1")
        guest = shop.guest(2, anonymous_id="d2")
        again = shop.account(3, user_id="ann", anonymous_id="d2")
        assert again.profile == account.profile != guest.profile
        assert shop.state.tenures[guest.profile].profile == account.profile
        assert shop.changes[-1].reason == "merged"

    def test_the_older_of_two_guests_gives_its_label(self, shop: ResolvedShop) -> None:
        younger = shop.guest(20, anonymous_id="d1")
        older = shop.guest(10, anonymous_id="d2")
        both = shop.guest(30, anonymous_id="d1", device_id="d1")
        assert both.profile == younger.profile
        merged = shop.guest(31, anonymous_id="d2", device_id="d1")
        assert merged.profile == older.profile

    def test_sign_in_on_two_devices_is_one_profile_with_both_histories(
        self, shop: ResolvedShop
    ) -> None:
        guests = [shop.guest(1, anonymous_id="d1"), shop.guest(2, anonymous_id="d2")]
        signed_in = [shop.account(3 + n, user_id="ann", anonymous_id=f"d{n}") for n in (1, 2)]
        assert shop.together(*guests, *signed_in)

    @pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
    def test_three_guests_merged_in_any_order_are_one_and_every_id_resolves(
        self, shop: ResolvedShop, order: tuple[int, ...]
    ) -> None:
        guests = [shop.guest(n, anonymous_id=f"a{n}") for n in range(3)]
        links = [("a0", "x"), ("a1", "x"), ("a2", "x")]
        for index in order:
            shop.guest(10, anonymous_id=links[index][0], device_id=links[index][1])
        assert shop.together(*guests)
        assert {shop.profile_of(guest) for guest in guests} == {guests[0].profile}


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

    def test_traffic_after_a_sign_out_joins_the_same_account_if_it_signs_in_next(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(10, user_id="ann", anonymous_id="d")
        shop.sign_out(20, user_id="ann", anonymous_id="d")
        guest = shop.guest(21, anonymous_id="d")
        shop.account(30, user_id="ann", anonymous_id="d")
        assert shop.together(ann, guest)

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

    def test_nobodys_traffic_does_not_become_somebodys_by_an_email_typed_there(
        self, shop: ResolvedShop
    ) -> None:
        shop.account(1, user_id="bob", anonymous_id="d")
        shop.sign_out(20, user_id="bob", anonymous_id="d")
        guest = shop.guest(21, anonymous_id="d", email=ANN)
        ann = shop.account(30, user_id="ann", email=ANN)
        assert not shop.together(guest, ann)

    def test_a_late_sign_out_ends_what_was_the_accounts_until_then(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(10, user_id="ann", anonymous_id="d")
        bob = shop.account(30, user_id="bob", anonymous_id="d")
        shop.sign_out(20, user_id="ann", anonymous_id="d")
        between = shop.guest(25, anonymous_id="d")
        assert not shop.together(between, ann)
        assert not shop.together(between, bob)
        assert shop.together(bob, shop.guest(31, anonymous_id="d"))
        assert shop.together(ann, shop.guest(15, anonymous_id="d"))

    def test_a_late_first_sign_in_leaves_the_device_to_who_was_seen_there_after_it(
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
        moves = [tenure for change in shop.changes for tenure in change.tenures]
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

    def test_the_sign_ins_of_two_accounts_at_the_same_instant_end(self, shop: ResolvedShop) -> None:
        for _ in range(3):
            shop.account(10, user_id="ann", anonymous_id="d")
            shop.account(10, user_id="bob", anonymous_id="d")
        assert len(shop.state.tenures_of(seen(1, {"anonymous_id": "d"}).identifiers[0].key)) == 3

    def test_a_device_that_comes_back_to_an_account_that_is_full_is_not_the_last_ones(self) -> None:
        shop = ResolvedShop(IdentityPolicy(TYPES, most_identifiers=2))
        ann = shop.account(1, user_id="ann", anonymous_id="d")
        bob = shop.account(10, user_id="bob", anonymous_id="d")
        back = shop.account(20, user_id="ann", anonymous_id="d")
        assert reasons(back) == {"anonymous_id": "merge_refused"}
        guest = shop.guest(21, anonymous_id="d")
        assert len({shop.profile_of(a) for a in (ann, bob, guest)}) == 3

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


class TestClaims:
    def test_the_email_of_a_stranger_at_the_guest_checkout_reaches_nobody(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(1, user_id="ann", anonymous_id="d1", email=ANN)
        stranger = shop.guest(2, anonymous_id="d2", email=ANN)
        assert not shop.together(ann, stranger)
        assert reasons(stranger) == {"email": "claimed"}
        shop.account(3, user_id="ann", anonymous_id="d1", email=ANN)
        assert not shop.together(ann, stranger)

    def test_a_claim_alone_is_recorded_with_a_guest_of_its_own(self, shop: ResolvedShop) -> None:
        ann = shop.account(1, user_id="ann", email=ANN)
        first, second = shop.guest(2, email=ANN), shop.guest(3, email=ANN)
        assert first.assurance == "claimed"
        assert first.profile == second.profile != ann.profile

    def test_a_proven_email_does_not_tie_the_guests_who_claim_it(self, shop: ResolvedShop) -> None:
        shop.account(1, user_id="ann", email=ANN)
        shop.guest(2, email=ANN)
        guests = [shop.guest(3, anonymous_id=f"d{n}", email=ANN) for n in (1, 2)]
        assert not shop.together(*guests)

    def test_guests_who_claim_the_same_email_are_one_guest(self, shop: ResolvedShop) -> None:
        guests = [shop.guest(n, anonymous_id=f"d{n}", email=ANN) for n in (1, 2)]
        assert shop.together(*guests)

    def test_of_two_guests_on_two_devices_each_goes_with_the_account_that_signs_in_there(
        self, shop: ResolvedShop
    ) -> None:
        guests = [shop.guest(n, anonymous_id=f"d{n}", email="family@shop.example") for n in (1, 2)]
        accounts = [shop.account(2 + n, user_id=f"u{n}", anonymous_id=f"d{n}") for n in (1, 2)]
        assert shop.together(guests[0], accounts[0])
        assert shop.together(guests[1], accounts[1])
        assert not shop.together(*accounts)

    def test_those_who_typed_their_emails_on_one_tablet_stay_apart(
        self, shop: ResolvedShop
    ) -> None:
        tablet = [
            shop.guest(n, anonymous_id="tablet", email=f"p{n}@shop.example") for n in range(3)
        ]
        by_email = shop.guest(4, email="p1@shop.example")
        account = shop.account(5, user_id="u1", email="p1@shop.example")
        assert shop.together(account, by_email)
        assert not shop.together(account, tablet[0])

    def test_what_a_claim_brought_to_an_account_does_not_lead_there(
        self, shop: ResolvedShop
    ) -> None:
        order = shop.guest(1, anonymous_id="d", email=ANN)
        ann = shop.account(2, user_id="ann", email=ANN)
        later = shop.guest(3, anonymous_id="d")
        assert shop.together(ann, order)
        assert not shop.together(ann, later)
        bob = shop.account(4, user_id="bob", anonymous_id="d")
        assert shop.together(bob, later)

    def test_an_unauthenticated_user_id_is_a_claim(self, shop: ResolvedShop) -> None:
        ann = shop.account(1, user_id="ann")
        claim = shop.guest(2, user_id="ann")
        assert not shop.together(ann, claim)
        assert claim.assurance == "claimed"

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
        other = shop.guest(2, user_id="bob", anonymous_id="d")
        assert not shop.together(ann, other)
        assert reasons(other) == {"anonymous_id": "merge_refused"}
        assert shop.together(ann, shop.guest(3, anonymous_id="d"))

    def test_claimed_user_ids_never_share_a_profile(self, shop: ResolvedShop) -> None:
        first = shop.guest(1, user_id="ann", anonymous_id="d")
        second = shop.guest(2, user_id="bob", anonymous_id="d")
        assert not shop.together(first, second)
        assert reasons(second) == {"anonymous_id": "merge_refused"}

    def test_a_claimed_user_id_does_not_keep_its_proof_out(self, shop: ResolvedShop) -> None:
        claim = shop.guest(1, user_id="ann", anonymous_id="d")
        assert shop.together(claim, shop.account(2, user_id="ann"))

    def test_a_device_that_came_by_a_claim_is_the_accounts_once_it_is_seen_beside_its_own_one(
        self, shop: ResolvedShop
    ) -> None:
        shop.guest(1, anonymous_id="d", email=ANN)
        ann = shop.account(2, user_id="ann", email=ANN, device_id="x")
        assert shop.together(ann, shop.guest(3, device_id="x", anonymous_id="d"))
        assert shop.together(ann, shop.guest(4, anonymous_id="d"))

    def test_a_device_that_came_to_another_account_by_a_claim_is_of_who_is_signed_in_beside_it(
        self, shop: ResolvedShop
    ) -> None:
        claim = shop.guest(1, anonymous_id="d", email=BOB)
        bob = shop.account(2, user_id="bob", email=BOB)
        ann = shop.account(3, user_id="ann", device_id="x")
        assert shop.together(ann, shop.guest(4, device_id="x", anonymous_id="d"))
        assert shop.together(ann, shop.guest(5, anonymous_id="d"))
        assert shop.together(bob, claim)

    def test_a_device_on_which_another_account_was_signed_in_is_not_linked_by_being_seen_together(
        self, shop: ResolvedShop
    ) -> None:
        shop.account(1, user_id="bob", anonymous_id="d")
        shop.sign_out(2, user_id="bob", anonymous_id="d")
        shop.account(3, user_id="ann", device_id="x")
        both = shop.guest(4, device_id="x", anonymous_id="d")
        assert [ignored.reason for ignored in both.ignored] == [SEVERAL_ACCOUNTS]


class TestAccounts:
    def test_an_email_proven_by_two_accounts_stays_with_the_first(self, shop: ResolvedShop) -> None:
        ann = shop.account(1, user_id="ann", email="family@shop.example")
        bob = shop.account(2, user_id="bob", email="family@shop.example", anonymous_id="d")
        assert not shop.together(ann, bob)
        assert reasons(bob) == {"email": "merge_refused"}
        assert shop.together(bob, shop.guest(3, anonymous_id="d"))

    def test_a_card_and_an_account_that_are_proven_together_become_one(
        self, shop: ResolvedShop
    ) -> None:
        card = shop.account(1, loyalty_id="card-1")
        ann = shop.account(2, user_id="ann")
        assert shop.together(card, ann, shop.account(3, user_id="ann", loyalty_id="card-1"))
        assert shop.profile_of(ann) == card.profile

    def test_a_second_card_is_refused(self, shop: ResolvedShop) -> None:
        shop.account(1, user_id="ann", loyalty_id="card-1")
        second = shop.account(2, user_id="ann", loyalty_id="card-2")
        assert reasons(second) == {"loyalty_id": "merge_refused"}

    def test_a_sixth_email_is_not_linked_and_the_event_is_recorded(
        self, shop: ResolvedShop
    ) -> None:
        for n in range(5):
            shop.account(n, user_id="ann", email=f"ann{n}@shop.example")
        sixth = shop.account(6, user_id="ann", email="ann6@shop.example")
        assert reasons(sixth) == {"email": "merge_refused"}
        assert len(shop.state.members(sixth.profile)) == 6

    def test_a_full_profile_links_nothing_and_its_events_are_recorded(self) -> None:
        shop = ResolvedShop(IdentityPolicy(TYPES, most_identifiers=3))
        answers = [shop.account(n, user_id="ann", anonymous_id=f"d{n}") for n in range(4)]
        assert shop.together(*answers)
        assert reasons(answers[-1]) == {"anonymous_id": "merge_refused"}
        assert len(shop.state.members(answers[0].profile)) == 3

    def test_two_guests_who_would_make_a_profile_too_large_stay_two(self) -> None:
        shop = ResolvedShop(IdentityPolicy(TYPES, most_identifiers=3))
        guests = [shop.guest(n, anonymous_id=f"a{n}", device_id=f"d{n}") for n in range(2)]
        both = shop.guest(3, anonymous_id="a0", device_id="d1")
        assert [ignored.reason for ignored in both.ignored] == [FULL]
        assert not shop.together(*guests)

    def test_a_profile_that_was_merged_as_often_as_it_may_be_is_not_merged_again(self) -> None:
        shop = ResolvedShop(IdentityPolicy(TYPES, most_merges=2))
        guests = [shop.guest(n, anonymous_id=f"d{n}") for n in range(4)]
        account = shop.account(9, user_id="ann")
        for n in range(4):
            shop.account(10 + n, user_id="ann", anonymous_id=f"d{n}")
        assert [shop.together(account, guest) for guest in guests] == [True, True, False, False]


class TestAnswers:
    def test_an_event_goes_to_the_stream_of_its_strongest_identifier_before_and_after_a_merge(
        self, shop: ResolvedShop
    ) -> None:
        device = shop.guest(1, anonymous_id="d", email=ANN).stream
        user = shop.account(2, user_id="ann", anonymous_id="d").stream
        assert shop.guest(3, anonymous_id="d", email=ANN).stream == device
        assert shop.account(4, user_id="ann", email=ANN).stream == user

    def test_a_proven_email_is_stronger_than_a_device(self, shop: ResolvedShop) -> None:
        email = shop.account(1, email=ANN).stream
        assert shop.account(2, email=ANN, anonymous_id="d").stream == email

    def test_what_is_known_makes_no_fact(self, shop: ResolvedShop) -> None:
        for _ in range(3):
            shop.account(1, user_id="ann", anonymous_id="d", email=ANN)
            shop.guest(2, anonymous_id="d")
        assert len(shop.changes) == 1
        assert [t.epoch for t in shop.changes[0].tenures] == [1, 1, 1]

    def test_a_placeholder_is_ignored_and_the_event_kept_under_the_others(
        self, shop: ResolvedShop
    ) -> None:
        answer = shop.guest(1, user_id="null", anonymous_id="d")
        assert shop.together(answer, shop.guest(2, anonymous_id="d"))
        assert [ignored.type for ignored in answer.ignored] == ["user_id"]

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

    def test_an_account_is_found_by_proof_and_by_its_device_and_not_by_a_claim(
        self, shop: ResolvedShop
    ) -> None:
        ann = shop.account(1, user_id="ann", anonymous_id="d", email=ANN)
        by_proof, by_device = shop.look(email=ANN, signed_in=True), shop.look(anonymous_id="d")
        assert by_proof
        assert by_device
        assert (by_proof.profile, by_proof.assurance) == (ann.profile, "verified")
        assert (by_device.profile, by_device.assurance) == (ann.profile, "device")
        assert shop.look(email=ANN) is None
        assert shop.look(user_id="ann") is None

    def test_a_new_account_on_a_guests_device_is_found_by_the_device(
        self, shop: ResolvedShop
    ) -> None:
        guest = shop.guest(1, anonymous_id="d")
        match = shop.look(user_id="ann", anonymous_id="d", signed_in=True)
        assert match
        assert (match.profile, match.assurance) == (guest.profile, "device")

    def test_a_new_account_on_another_ones_device_is_not_found(self, shop: ResolvedShop) -> None:
        shop.account(1, user_id="ann", anonymous_id="d")
        assert shop.look(user_id="bob", anonymous_id="d", signed_in=True) is None

    def test_a_lookup_changes_nothing(self, shop: ResolvedShop) -> None:
        shop.guest(1, anonymous_id="d")
        before = dict(shop.state.tenures)
        shop.look(user_id="ann", anonymous_id="d", signed_in=True)
        assert shop.state.tenures == before
