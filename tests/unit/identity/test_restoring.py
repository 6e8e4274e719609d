"""Facts that identity has lost in a restore come back from the log of profiles."""

from __future__ import annotations

from typing import Any

import pytest

from identifiers import load_types
from services.identity.domain.events import lost_fact
from services.identity.domain.restoring import LostFact, in_order, take_back
from services.identity.domain.state import (
    BEGINNING,
    IdentityPolicy,
    IdentityState,
    Period,
    ProfileFacts,
    Sighting,
    Tenure,
)
from tests.unit.identity.shop import recomputed_labels, whole_state

_AT = 1_700_000_000_000_000


@pytest.fixture(scope="module")
def policy() -> IdentityPolicy:
    return IdentityPolicy(load_types())


def entry(
    profile: str, epoch: int, key: str = "", tenure: int = 1, assurance: str = "device"
) -> dict[str, Any]:
    kind = key.partition(":")[0]
    identifier = {"key": key, "type": kind, "tenure": tenure, "assurance": assurance}
    return {"profile_id": profile, "epoch": epoch, "identifiers": [identifier] if key else []}


def fact(id_: str, reason: str = "linked", note: str = "", **entries: dict[str, Any]) -> LostFact:
    return LostFact(id_, reason, note or None, _AT, "e-1", entries)


def test_facts_come_in_an_order_without_gaps() -> None:
    facts = [
        fact("3", s=entry("p", 3), t=entry("p", 1)),
        fact("1", s=entry("p", 2)),
        fact("4", t=entry("p", 2)),
        fact("0", s=entry("p", 1)),
    ]
    assert [each.id for each in in_order(facts, {"s": 1})] == ["1", "3", "4"]


def test_a_fact_after_one_that_is_nowhere_is_left_out() -> None:
    assert in_order([fact("2", s=entry("p", 3), t=entry("p", 1))], {"s": 1}) == []
    assert in_order([fact("2", s=entry("p", 2), t=entry("p", 2))], {"s": 1}) == []


def tenure(stream: str, key: str, **fields: Any) -> Tenure:
    return Tenure(
        **{
            "stream": stream,
            "key": key,
            "number": 1,
            "opened_at": BEGINNING,
            "founded_at": 1,
            "profile": stream,
            "epoch": 1,
            "assurance": "device",
            "group": stream,
            "home": stream,
            **fields,
        }
    )


def check(state: IdentityState) -> None:
    """The labels that the facts say are those that the rules give."""
    assert {s.stream: s.profile for s in state.streams()} == recomputed_labels(state)


def test_a_new_stream_comes_back_with_its_identifier(policy: IdentityPolicy) -> None:
    state = whole_state(policy)
    take_back(state, [fact("1", s=entry("s", 1, "device_id:a"))])
    assert state.tenures["s"] == tenure("s", "device_id:a", founded_at=_AT)
    assert state.profile("s") == ProfileFacts(account=False, tied=1)
    check(state)


def test_a_later_tenure_takes_the_place_of_the_one_before(policy: IdentityPolicy) -> None:
    state = whole_state(policy)
    state.load(tenures=[tenure("s", "device_id:a")])
    take_back(state, [fact("1", t=entry("t", 1, "device_id:a", tenure=2))])
    assert state.tenures["t"].opened_at == _AT
    assert [t.current for t in state.tenures_of("device_id:a")] == [False, True]
    assert state.in_force("device_id:a", _AT + 1) == Period("device_id:a", _AT, "t")
    check(state)


def test_an_account_comes_back_with_its_devices(policy: IdentityPolicy) -> None:
    state = whole_state(policy)
    state.load(tenures=[tenure("s", "device_id:s"), tenure("t", "device_id:t")])
    take_back(
        state,
        [
            fact("1", u=entry("s", 1, "user_id:u", assurance="verified")),
            fact("2", "merged", s=entry("s", 2, "device_id:s"), t=entry("s", 2)),
        ],
    )
    assert {m.stream for m in state.members("s")} == {"s", "t", "u"}
    assert state.profile("s").account
    assert state.tenures["s"].owner == "u"
    assert not state.tenures["t"].current
    check(state)
    take_back(state, [fact("3", s=entry("s", 3, "device_id:s"))])
    assert state.tenures["s"].epoch == 3
    check(state)


def test_an_account_that_has_kept_its_guests_profile_comes_back_with_the_guest(
    policy: IdentityPolicy,
) -> None:
    state = whole_state(policy)
    state.load(tenures=[tenure("s", "device_id:s")])
    name = entry("s", 1, "user_id:u", assurance="verified")
    take_back(state, [fact("1", "tenure_opened", u=name, v=entry("s", 1, "device_id:s", tenure=2))])
    assert {stream.profile for stream in state.streams()} == {"s"}
    check(state)


def test_an_address_stream_that_is_known_follows_the_facts(policy: IdentityPolicy) -> None:
    state = whole_state(policy)
    state.load(
        tenures=[tenure("s", "device_id:s")],
        sightings=[Sighting("email:a", 1, "", 1, stream="x", profile="x", epoch=1)],
    )
    take_back(state, [fact("1", "merged", x=entry("s", 2))])
    assert state.stream("x").profile == "s"
    check(state)


def test_a_stream_that_no_identifier_led_to_stays_unknown(policy: IdentityPolicy) -> None:
    state = whole_state(policy)
    take_back(state, [fact("1", s=entry("p", 1))])
    assert state.tenures == {}


def test_the_fact_is_recorded_as_it_was() -> None:
    draft = lost_fact(fact("1", "split", "a mistake", s=entry("p", 2)))
    assert (draft.id, draft.data) == ("1", {"reason": "split", "note": "a mistake"})
    assert draft.entries == {"s": entry("p", 2)}
    assert draft.metadata == {"causation_id": "e-1"}
    bare = lost_fact(LostFact("1", "linked", None, _AT, None, {}))
    assert (bare.data, bare.metadata) == ({"reason": "linked"}, {})
