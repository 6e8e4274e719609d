"""What holds for any sequence of observations, against plain models."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from services.identity.domain.observation import Observation
from services.identity.domain.resolution import Resolution, resolve_unchanged
from services.identity.domain.state import IdentityState
from tests.unit.identity.observed import SEQUENCES
from tests.unit.identity.shop import ResolvedShop, seen


@given(SEQUENCES)
def test_any_sequence_keeps_the_invariants(sequence: list[Observation]) -> None:
    shop = ResolvedShop()
    for observation in sequence:
        shop.resolve(observation)


@given(SEQUENCES)
def test_no_account_is_ever_reached_by_a_claim(sequence: list[Observation]) -> None:
    shop = ResolvedShop()
    ties: list[
        set[str]
    ] = []  # what events without claims tie together, with what an account proved
    for observation in sequence:
        answer = shop.resolve(observation)
        assert isinstance(answer, Resolution)
        sure = {
            identifier.key
            for identifier in observation.identifiers
            if identifier.assured(observation.authenticated) != "claimed"
        }
        tied = sure.union(*(tie for tie in ties if tie & sure))
        ties = [tie for tie in ties if not tie & sure] + [tied]
        members = shop.state.members(answer.profile)
        proven = {member.key for member in members if member.assurance == "verified"}
        if any(identifier.assured(observation.authenticated) == "verified"
               for identifier in observation.identifiers):  # fmt: skip
            assert answer.assurance == "verified"
        elif proven:
            assert answer.assurance == "device"
            assert proven & tied


@given(SEQUENCES, st.randoms(use_true_random=False))
def test_facts_in_any_order_end_in_the_same_labels(
    sequence: list[Observation], chance: random.Random
) -> None:
    shop = ResolvedShop()
    for observation in sequence:
        shop.resolve(observation)
    moves = [tenure for change in shop.changes for tenure in change.tenures]
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
        tenures = [t for i in observation.identifiers for t in shop.state.tenures_of(i.key)]
        profiles = [shop.state.profiles[tenure.profile] for tenure in tenures]
        part = IdentityState.of(shop.state.policy, tenures, profiles)
        whole = resolve_unchanged(shop.state, observation)
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
            if (signed_in or not has_account) and draw(st.booleans()):
                identifiers["email"] = f"{person}@shop.example"
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
