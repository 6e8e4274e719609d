"""Whose request it is, and what of a profile may be used for it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from identifiers import Accepted, accept, load_types
from rules import Summary
from services.offers.domain.recognition import (
    IdentifierMatch,
    ProfileSegments,
    Recognition,
    StreamState,
    leading_keys,
    recognise,
    shopper_of,
    with_segments,
)
from services.offers.domain.shopper import Shopper

TYPES = load_types()
NOW = 10**15


def accepted(**identifiers: str) -> Accepted:
    return accept(identifiers, TYPES, b"key")


def key(**identifier: str) -> str:
    return accepted(**identifier).keys[0].key


def recognised(
    identifiers: dict[str, str], matches: dict[str, IdentifierMatch], authenticated: bool = False
) -> tuple[str | None, str]:
    recognition = recognise(accepted(**identifiers), authenticated, matches)
    return recognition.match.profile_id if recognition.match else None, recognition.assurance


ANN = IdentifierMatch("ann", True, "verified")
BEN = IdentifierMatch("ben", True, "verified")
GUESTS_LAPTOP = IdentifierMatch("guest", False, "device")
ANNS_LAPTOP = IdentifierMatch("ann", True, "device")
CLAIMED_FOR_ANN = IdentifierMatch("ann", True, "claimed")
NOBODY = (None, "none")
CLAIM = (None, "claimed")


def test_nobody_is_recognised_without_a_known_identifier() -> None:
    assert recognised({}, {}) == NOBODY
    assert recognised({"anonymous_id": "laptop"}, {}) == NOBODY
    assert recognised({"user_id": "ann-1"}, {}, authenticated=True) == NOBODY


def test_an_account_that_signed_in_is_verified() -> None:
    matches = {key(user_id="ann-1"): ANN}
    assert recognised({"user_id": "ann-1"}, matches, authenticated=True) == ("ann", "verified")


def test_what_is_typed_leads_to_nobody_and_has_one_answer_known_or_not() -> None:
    known = {key(user_id="ann-1"): ANN, key(email="ann@example.com"): GUESTS_LAPTOP}
    for request in ({"user_id": "ann-1"}, {"email": "ann@example.com"}):
        for matches in (known, {}):
            assert recognised(request, matches) == CLAIM
    # Who signed in is said by a name: an address stays a claim, as it does for identity.
    assert recognised({"email": "ann@example.com"}, known, authenticated=True) == CLAIM


def test_an_account_is_reached_by_a_device_on_which_it_was_signed_in() -> None:
    matches = {key(anonymous_id="laptop"): ANNS_LAPTOP}
    assert recognised({"anonymous_id": "laptop"}, matches) == ("ann", "device")


def test_an_account_is_not_reached_by_a_device_that_a_claim_brought() -> None:
    matches = {key(anonymous_id="laptop"): CLAIMED_FOR_ANN}
    assert recognised({"anonymous_id": "laptop"}, matches) == NOBODY


def test_the_account_goes_before_the_device() -> None:
    matches = {key(user_id="ben-1"): BEN, key(anonymous_id="laptop"): ANNS_LAPTOP}
    request = {"anonymous_id": "laptop", "user_id": "ben-1"}
    assert recognised(request, matches, authenticated=True) == ("ben", "verified")


def test_a_new_account_is_not_taken_for_the_one_that_used_the_device_before() -> None:
    matches = {key(anonymous_id="laptop"): ANNS_LAPTOP}
    request = {"anonymous_id": "laptop", "user_id": "new-1"}
    assert recognised(request, matches, authenticated=True) == NOBODY
    assert recognised(request, matches, authenticated=False) == CLAIM


def test_who_types_another_account_on_a_device_is_not_the_one_that_used_it() -> None:
    matches = {key(user_id="ben-1"): BEN, key(anonymous_id="laptop"): ANNS_LAPTOP}
    assert recognised({"anonymous_id": "laptop", "user_id": "ben-1"}, matches) == CLAIM


def test_a_new_account_is_the_guest_whose_device_it_signs_in_on() -> None:
    matches = {key(anonymous_id="laptop"): GUESTS_LAPTOP}
    request = {"anonymous_id": "laptop", "user_id": "new-1"}
    assert recognised(request, matches, authenticated=True) == ("guest", "device")


def test_a_device_is_recognised_whatever_is_typed_on_it() -> None:
    matches = {key(anonymous_id="laptop"): GUESTS_LAPTOP, key(email="ann@example.com"): ANN}
    request = {"email": "ann@example.com", "anonymous_id": "laptop"}
    assert recognised(request, matches) == ("guest", "device")
    assert leading_keys(accepted(**request)) == [key(anonymous_id="laptop")]


def test_the_device_vouches_for_the_account_that_is_typed_on_it() -> None:
    matches = {key(anonymous_id="laptop"): ANNS_LAPTOP, key(user_id="ann-1"): ANN}
    request = {"anonymous_id": "laptop", "user_id": "ann-1"}
    assert recognised(request, matches) == ("ann", "device")


def summary(**traits: Any) -> dict[str, Any]:
    state = Summary()
    state.add("traits_changed", {"traits": traits}, 1, "e-1")
    state.add("loyalty_points_changed", {"points": 40}, 2, "e-2")
    state.add("consent_changed", {"purpose": "email", "granted": True}, 3, "e-3")
    return state.dump()


STREAMS = [StreamState("s-1", 7, summary(loyalty_tier="gold")), StreamState("s-2", 2, None)]
SEGMENTS = ProfileSegments(5, {"high_value": 0}, {"s-1": 7})


def shopper(match: IdentifierMatch, assurance: str) -> Shopper:
    return shopper_of(Recognition(match, assurance), STREAMS, accepted(), NOW)


def test_a_shopper_is_the_combination_of_the_streams() -> None:
    ann = shopper(IdentifierMatch("ann", True, "verified", SEGMENTS), "verified")
    assert ann.traits == {"loyalty_tier": "gold"}
    assert (ann.points, ann.consent) == (40, {"email": True})
    assert ann.segments == frozenset({"high_value"})
    assert ann.streams == {"s-1": 7, "s-2": 2}
    assert ann.segments_version == 5


def test_who_claims_an_account_is_a_first_time_visitor_whom_nobody_knows() -> None:
    stranger = shopper_of(Recognition(None, "claimed"), [], accepted(), NOW)
    assert stranger == Shopper(assurance="claimed", reasons=("claimed_account",))


def test_who_is_in_no_segment_is_no_first_time_visitor() -> None:
    assert (
        shopper(IdentifierMatch("ann", True, "device", ProfileSegments(9)), "device").segments
        == frozenset()
    )


def test_of_whom_segments_has_not_spoken_yet_counts_as_a_first_time_visitor() -> None:
    new = shopper(IdentifierMatch("ann", True, "device"), "device")
    assert new.segments == frozenset({"first_time_visitor"})
    assert new.reasons == ("segments_not_known_yet",)


def test_whose_segments_were_asked_for_is_known() -> None:
    new = with_segments(shopper(IdentifierMatch("ann", True, "device"), "device"), ["loyal"], 0)
    assert (new.segments, new.reasons) == (frozenset({"loyal"}), ())


def test_nobody_is_a_first_time_visitor_and_the_ignored_identifiers_are_told() -> None:
    nobody = shopper_of(Recognition(None, "none"), [], accepted(email="test@example.com"), NOW)
    assert nobody.segments == frozenset({"first_time_visitor"})
    assert (nobody.assurance, nobody.reasons) == ("none", ("unknown_shopper",))
    ((kind, reason),) = nobody.ignored
    assert kind == "email"
    assert "placeholder" in reason


VALUES = {"user_id": "u-1", "anonymous_id": "a-1", "email": "ann@example.com"}


@given(
    st.sets(st.sampled_from(sorted(VALUES))),
    st.dictionaries(
        st.sampled_from(sorted(VALUES)),
        st.builds(
            IdentifierMatch,
            st.sampled_from(["ann", "ben"]),
            st.just(True),
            st.sampled_from(["claimed", "device", "verified"]),
        ),
    ),
    st.booleans(),
)
def test_an_account_is_reached_by_a_sign_in_or_a_device_of_its_own_only(
    sent: set[str], by_name: dict[str, IdentifierMatch], authenticated: bool
) -> None:
    matches = {key(**{name: VALUES[name]}): match for name, match in by_name.items()}
    recognition = recognise(accepted(**{n: VALUES[n] for n in sent}), authenticated, matches)
    if recognition.match is None:
        assert recognition.assurance in ("none", "claimed")
        return
    assert recognition.match in [by_name[name] for name in sent if name in by_name]
    assert recognition.assurance in (("device", "verified") if authenticated else ("device",))


CONTACTS = {"email": "ann@example.com", "phone": "+14155550100"}
MATCHES = st.none() | st.builds(
    IdentifierMatch,
    st.sampled_from(["ann", "ben", "guest"]),
    st.booleans(),
    st.sampled_from(["claimed", "device", "verified"]),
)


@given(
    st.sets(st.sampled_from(sorted(VALUES.keys() - CONTACTS.keys()))),
    st.sets(st.sampled_from(sorted(CONTACTS)), min_size=1),
    st.fixed_dictionaries(dict.fromkeys(VALUES, MATCHES)),
    st.fixed_dictionaries(dict.fromkeys(CONTACTS, MATCHES)),
    st.booleans(),
)
def test_an_unknown_a_known_and_a_proven_contact_get_one_answer_reasons_included(
    sent: set[str],
    typed: set[str],
    known: dict[str, IdentifierMatch | None],
    of_contacts: dict[str, IdentifierMatch | None],
    authenticated: bool,
) -> None:
    request = accepted(**{n: VALUES[n] for n in sent}, **{n: CONTACTS[n] for n in typed})
    others = {
        key(**{name: VALUES[name]}): match
        for name, match in known.items()
        if match is not None and name not in CONTACTS
    }
    contacts = {
        key(**{name: CONTACTS[name]}): match
        for name, match in of_contacts.items()
        if match is not None
    }
    assert not contacts.keys() & set(leading_keys(request))
    unknown, proven = (
        recognise(request, authenticated, each) for each in (others, others | contacts)
    )
    assert proven == unknown
    assert shopper_of(proven, [], request, NOW) == shopper_of(unknown, [], request, NOW)


@given(st.booleans(), st.sampled_from(["claimed", "device", "verified"]), st.booleans())
def test_a_name_that_nothing_proves_has_one_answer_whether_it_is_known_or_not(
    is_account: bool, assurance: str, with_contact: bool
) -> None:
    request = {"user_id": "u-1", **({"email": "ann@example.com"} if with_contact else {})}
    known = {key(user_id="u-1"): IdentifierMatch("ann", is_account, assurance)}
    assert recognised(request, known) == recognised(request, {}) == CLAIM
