"""What holds for any sequence of observations, against plain models."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from services.identity.domain.observation import Observation
from services.identity.domain.resolution import Resolution, resolve_unchanged
from services.identity.domain.state import IdentityState
from tests.unit.identity.observed import DEVICES, PEOPLE, SEQUENCES, TYPES
from tests.unit.identity.shop import ResolvedShop, has_cause, recomputed_labels, seen


@given(SEQUENCES)
def test_any_sequence_keeps_the_invariants(sequence: list[Observation]) -> None:
    shop = ResolvedShop()
    for observation in sequence:
        shop.resolve(observation)


@given(SEQUENCES)
def test_a_stream_is_in_an_account_by_its_name_a_sign_in_or_a_proven_address(
    sequence: list[Observation],
) -> None:
    shop = ResolvedShop()
    for observation in sequence:
        shop.resolve(observation)
    for stream in shop.state.streams():
        names = {n.stream for n in shop.state.members(stream.profile) if n.assurance == "verified"}
        assert not names or has_cause(shop.state, stream, names)


@given(SEQUENCES)
def test_no_guests_profile_spans_devices_that_were_not_seen_together(
    sequence: list[Observation],
) -> None:
    shop = ResolvedShop()
    for observation in sequence:
        shop.resolve(observation)
    together = [{i.key for i in observation.devices} for observation in sequence]
    for profile in {stream.profile for stream in shop.state.streams()}:
        members = shop.state.members(profile)
        if any(member.assurance == "verified" for member in members):
            continue
        devices = {member.key for member in members if member.assurance == "device"}
        reached = set(sorted(devices)[:1])
        while (
            more := {key for seen_keys in together if seen_keys & reached for key in seen_keys}
            - reached
        ):
            reached |= more
        assert devices <= reached


@st.composite
def typed(draw: st.DrawFn) -> Observation:
    """What a stranger types, from a device of its own or none; a shop's order is not typed."""
    kind = draw(st.sampled_from([*TYPES, "checkout_started", "consent_changed"]))
    origins = ["browser"] if kind == "order_completed" else ["server", "browser"]
    identifiers = draw(st.sampled_from([{}, {"anonymous_id": "stranger"}]))
    identifiers = identifiers | {"email": f"{draw(st.sampled_from(PEOPLE))}@shop.example"}
    if draw(st.booleans()):
        identifiers |= {"user_id": draw(st.sampled_from(PEOPLE))}
    origin = draw(st.sampled_from(origins))
    return seen(draw(st.integers(1, 9)), identifiers, type=kind, origin=origin)


@given(SEQUENCES, st.lists(typed(), max_size=6))
def test_what_a_stranger_types_changes_no_answer_elsewhere_and_no_proof(
    sequence: list[Observation], observations: list[Observation]
) -> None:
    shop = ResolvedShop()
    for observation in sequence:
        shop.resolve(observation)
    answers = [shop.looked_up(observation) for observation in sequence]
    proofs = shop.state.address_tenures()
    labels = dict(shop.labels)
    for observation in observations:
        shop.resolve(observation)
    assert [shop.looked_up(observation) for observation in sequence] == answers
    assert [each for each in shop.state.address_tenures() if each in proofs] == proofs
    assert all(each.held_by is None for each in shop.state.address_tenures() if each not in proofs)
    assert {stream: shop.labels[stream] for stream in labels} == labels


@given(SEQUENCES, st.randoms(use_true_random=False))
def test_facts_in_any_order_end_in_the_same_labels(
    sequence: list[Observation], chance: random.Random
) -> None:
    shop = ResolvedShop()
    for observation in sequence:
        shop.resolve(observation)
    moves = [stream for change in shop.changes for stream in change.streams]
    chance.shuffle(moves)
    labels: dict[str, tuple[int, str]] = {}
    for tenure in moves + moves[:5]:
        labels[tenure.stream] = max(
            labels.get(tenure.stream, (0, "")), (tenure.epoch, tenure.profile)
        )
    assert labels == shop.labels


@given(SEQUENCES)
def test_what_is_answered_from_some_streams_is_what_all_of_them_would_give(
    sequence: list[Observation],
) -> None:
    shop = ResolvedShop()
    for observation in sequence:
        shop.resolve(observation)
    for observation in sequence:
        keys = {identifier.key for identifier in observation.identifiers}
        part = IdentityState(shop.state.policy, frozen=True)
        part.load(
            tenures=[t for key in keys for t in shop.state.tenures_of(key) if t.current],
            addresses=[a for a in shop.state.address_tenures() if a.key in keys and a.current],
        )
        whole = resolve_unchanged(replace(shop.state, frozen=True), observation)
        assert resolve_unchanged(part, observation) in (None, whole)


@st.composite
def worlds(draw: st.DrawFn) -> list[tuple[str, Observation]]:
    """Observations of people of whom nobody touches what is another's, each with its person."""
    story = []
    for number in range(draw(st.integers(1, 4))):
        person = f"person-{number}"
        own = {"device_id": f"d{number}", "anonymous_id": f"a{number}"}
        has_account = draw(st.booleans())
        for _ in range(draw(st.integers(1, 5))):
            signed_in = has_account and draw(st.booleans())
            kinds = draw(st.sets(st.sampled_from(sorted(own)), min_size=1))
            identifiers = {kind: own[kind] for kind in kinds}
            if signed_in:
                identifiers["user_id"] = person
            story.append((person, seen(draw(st.integers(1, 9)), identifiers, signed_in=signed_in)))
    return story


def _connected(story: Sequence[tuple[str, Observation]]) -> set[frozenset[int]]:
    """A plain union of all observations that share an identifier."""
    groups: list[tuple[set[str], set[int]]] = []
    for index, (_, observation) in enumerate(story):
        keys, indices = {i.key for i in observation.identifiers}, {index}
        for group in [group for group in groups if group[0] & keys]:
            groups.remove(group)
            keys |= group[0]
            indices |= group[1]
        groups.append((keys, indices))
    return {frozenset(indices) for _, indices in groups}


@given(worlds(), st.randoms(use_true_random=False))
def test_without_conflict_every_order_gives_the_plain_union(
    story: list[tuple[str, Observation]], chance: random.Random
) -> None:
    order = list(range(len(story)))
    chance.shuffle(order)
    shop = ResolvedShop()
    answers = {index: shop.resolve(story[index][1]) for index in order}
    profiles: dict[str, set[int]] = {}
    for index, answer in answers.items():
        assert isinstance(answer, Resolution)
        profiles.setdefault(shop.profile_of(answer), set()).add(index)
    assert {frozenset(indices) for indices in profiles.values()} == _connected(story)


@given(worlds(), st.randoms(use_true_random=False))
def test_without_conflict_a_replay_of_everything_in_any_order_changes_nothing(
    story: list[tuple[str, Observation]], chance: random.Random
) -> None:
    shop = ResolvedShop()
    for _, observation in story:
        shop.resolve(observation)
    changes = len(shop.changes)
    chance.shuffle(story)
    for _, observation in story:
        shop.resolve(observation)
    assert len(shop.changes) == changes


def _shown(draw: st.DrawFn, kinds: Sequence[str]) -> dict[str, str]:
    values = {
        "user_id": PEOPLE,
        "loyalty_id": ("card-1", "card-2"),
        "device_id": DEVICES,
        "anonymous_id": DEVICES,
        "email": tuple(f"{name}@shop.example" for name in PEOPLE),
    }
    return {kind: draw(st.sampled_from(values[kind])) for kind in kinds if draw(st.booleans())}


@st.composite
def histories(draw: st.DrawFn) -> list[Observation]:
    """Events in the order of their times: accounts' with proofs and sign-outs, and guests'."""
    history = []
    for time in range(1, draw(st.integers(2, 12))):
        kinds = ["device_id", "anonymous_id", "email"]
        if draw(st.booleans()):
            identifiers = {"user_id": draw(st.sampled_from(PEOPLE))}
            identifiers |= _shown(draw, ["loyalty_id", *kinds])
            kind = draw(
                st.sampled_from(["signed_in", "signed_in", "signed_out", "order_completed"])
            )
            history.append(seen(time, identifiers, signed_in=True, type=kind))
            continue
        identifiers = _shown(draw, kinds)
        kind = draw(st.sampled_from(["product_viewed", "order_completed"]))
        if not identifiers.keys() & {"device_id", "anonymous_id"}:
            identifiers, kind = (
                {"email": f"{draw(st.sampled_from(PEOPLE))}@x.example"},
                "order_completed",
            )
        history.append(seen(time, identifiers, type=kind))
    return history


def _owners(history: Sequence[Observation], order: Sequence[int]) -> set[frozenset[int]]:
    """Which events end with one owner, after they arrived in this order."""
    shop = ResolvedShop()
    answers = {place: shop.resolved(history[place]) for place in order}
    owners: dict[str, set[int]] = {}
    for place, answer in answers.items():
        owners.setdefault(shop.profile_of(answer), set()).add(place)
    return {frozenset(places) for places in owners.values()}


@given(histories(), st.randoms(use_true_random=False))
def test_guests_events_that_arrive_late_and_in_any_order_end_with_the_same_owners(
    history: list[Observation], chance: random.Random
) -> None:
    late: list[int] = []
    order: list[int] = []
    for place, observation in enumerate(history):
        (order if observation.authenticated else late).append(place)
        chance.shuffle(late)
        while late and chance.random() < 0.3:
            order.append(late.pop())
    assert _owners(history, [*order, *late]) == _owners(history, range(len(history)))


def test_what_was_recorded_on_a_device_before_an_earlier_sign_in_or_sign_out_stays() -> None:
    shop = ResolvedShop()
    guest = shop.guest(5, anonymous_id="d")
    ann = shop.account(3, user_id="ann", anonymous_id="d")
    assert not shop.together(guest, ann) or guest.stream != ann.stream
    assert shop.guest(6, anonymous_id="d").stream != guest.stream
    before = shop.guest(9, anonymous_id="d")
    shop.sign_out(8, user_id="ann", anonymous_id="d")
    assert shop.together(ann, before)
    assert not shop.together(ann, shop.guest(9, anonymous_id="d"))


def test_of_two_proofs_of_an_address_the_one_that_arrives_first_holds_whatever_their_times() -> (
    None
):
    shop = ResolvedShop()
    bob = shop.account(5, user_id="bob", email="a@shop.example")
    ann = shop.account(3, user_id="ann", email="a@shop.example")
    assert shop.together(bob, shop.order(9, email="a@shop.example"))
    assert [ignored.type for ignored in ann.ignored] == ["email"]


def test_what_was_recorded_with_an_address_before_an_earlier_release_stays() -> None:
    shop = ResolvedShop()
    ann = shop.account(1, user_id="ann", email="a@shop.example")
    order = shop.order(9, email="a@shop.example")
    shop.release(5, user_id="ann", email="a@shop.example")
    assert shop.together(ann, order)
    assert not shop.together(ann, shop.order(9, email="a@shop.example"))


@given(SEQUENCES, st.sampled_from(PEOPLE))
def test_a_proof_that_is_withdrawn_restores_every_label(
    sequence: list[Observation], name: str
) -> None:
    shop = ResolvedShop()
    account = shop.account(1, user_id="zoe")
    for observation in sequence:
        shop.resolve(observation)
    key = seen(1, {"email": f"{name}@shop.example"}).contacts[0].key
    if shop.state.address(key, 9).held_by is not None:
        return
    before = recomputed_labels(shop.state)
    proof = seen(
        9, {"user_id": "zoe", "email": f"{name}@shop.example"}, signed_in=True, proven=["email"]
    )
    assert shop.resolved(proof).profile == account.profile
    address = shop.state.address(key, 9)
    assert address.held_by == account.stream
    shop.state.set_address(address._replace(withdrawn=True))
    assert recomputed_labels(shop.state) == before
