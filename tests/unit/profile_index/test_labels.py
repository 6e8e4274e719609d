from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from chassis import Event
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import (
    IdentifierOwner,
    LabelChange,
    apply_identity,
    current_profile,
    find,
    profiles_of,
    streams_of,
    tables,
)
from tests.unit.profile_index.conftest import unit_of_work


def entry(
    stream: str, profile: str, epoch: int, *identifiers: tuple[str, int, str]
) -> dict[str, Any]:
    return {
        "stream": stream,
        "version": epoch,
        "profile_id": profile,
        "epoch": epoch,
        "identifiers": [
            {"key": key, "type": "email", "tenure": tenure, "assurance": assurance}
            for key, tenure, assurance in identifiers
        ],
    }


def fact(*entries: dict[str, Any], type_: str = "identity_changed") -> Event:
    stream = entries[0]["stream"]
    return Event(f"e-{stream}", "profiles", type_, stream, 1, {"streams": list(entries)}, 0, 0)


def contents(unit: UnitOfWork) -> tuple[list[Any], list[Any]]:
    labels = sa.select(tables.LABELS).order_by(tables.LABELS.c.stream_id)
    keys = sa.select(tables.IDENTIFIERS).order_by(tables.IDENTIFIERS.c.key)
    return list(unit.connection.execute(labels).all()), list(unit.connection.execute(keys).all())


def test_a_new_stream_comes_to_its_profile(unit: UnitOfWork) -> None:
    moves = apply_identity(unit, [fact(entry("s1", "s1", 1))])
    assert moves == [LabelChange("s1", None, "s1")]
    assert profiles_of(unit, ["s1", "s2"]) == {"s1": "s1"}


def test_a_merge_moves_labels_and_tells_what_moved(unit: UnitOfWork) -> None:
    apply_identity(unit, [fact(entry("s1", "s1", 1)), fact(entry("s2", "s2", 1))])
    moves = apply_identity(unit, [fact(entry("s2", "s1", 2))])
    assert moves == [LabelChange("s2", "s2", "s1")]
    assert streams_of(unit, ["s1", "s2"]) == {"s1": ["s1", "s2"], "s2": []}


def test_an_old_profile_id_resolves_to_the_profile_of_today(unit: UnitOfWork) -> None:
    apply_identity(unit, [fact(entry("s1", "s1", 1)), fact(entry("s2", "s2", 1))])
    apply_identity(unit, [fact(entry("s2", "s1", 2))])
    assert current_profile(unit, "s2") == "s1"
    apply_identity(unit, [fact(entry("s2", "s2", 3))])
    assert current_profile(unit, "s2") == "s2"
    assert current_profile(unit, "nobody") is None


def test_an_older_fact_that_comes_later_moves_nothing(unit: UnitOfWork) -> None:
    apply_identity(unit, [fact(entry("s2", "s1", 2))])
    assert apply_identity(unit, [fact(entry("s2", "s2", 1))]) == []
    assert apply_identity(unit, [fact(entry("s2", "s1", 2))]) == []
    assert profiles_of(unit, ["s2"]) == {"s2": "s1"}


def test_a_batch_tells_the_net_move_alone(unit: UnitOfWork) -> None:
    apply_identity(unit, [fact(entry("s1", "s1", 1))])
    there_and_back = [fact(entry("s1", "p", 2)), fact(entry("s1", "s1", 3))]
    assert apply_identity(unit, there_and_back) == []
    assert apply_identity(unit, [fact(entry("s1", "p", 4)), fact(entry("s1", "q", 5))]) == [
        LabelChange("s1", "s1", "q")
    ]


def test_moves_come_sorted_by_stream(unit: UnitOfWork) -> None:
    moves = apply_identity(unit, [fact(*(entry(f"s{n}", "s1", 1) for n in (3, 1, 2)))])
    assert [move.stream for move in moves] == ["s1", "s2", "s3"]


def test_events_of_other_types_tell_nothing_of_identity(unit: UnitOfWork) -> None:
    assert apply_identity(unit, [fact(entry("s1", "s1", 1), type_="noted")]) == []
    assert apply_identity(unit, []) == []
    assert contents(unit) == ([], [])


def test_an_identifier_leads_to_its_stream_and_that_streams_profile(
    unit: UnitOfWork,
) -> None:
    apply_identity(unit, [fact(entry("s1", "s1", 1, ("email:ab", 1, "claimed")))])
    apply_identity(unit, [fact(entry("s1", "p", 2))])
    assert find(unit, ["email:ab", "email:cd"]) == {
        "email:ab": IdentifierOwner("email:ab", "s1", "p", "claimed")
    }


def test_an_identifier_leads_to_the_stream_of_its_latest_tenure(unit: UnitOfWork) -> None:
    apply_identity(unit, [fact(entry("s2", "s2", 1, ("device:ab", 2, "claimed")))])
    apply_identity(unit, [fact(entry("s1", "s1", 7, ("device:ab", 1, "verified")))])
    owner = find(unit, ["device:ab"])["device:ab"]
    assert (owner.stream, owner.assurance) == ("s2", "claimed")


def test_within_a_tenure_the_latest_epoch_tells_the_assurance(unit: UnitOfWork) -> None:
    verified = fact(entry("s1", "s1", 2, ("email:ab", 1, "verified")))
    claimed = fact(entry("s1", "s1", 1, ("email:ab", 1, "claimed")))
    apply_identity(unit, [verified])
    assert apply_identity(unit, [claimed]) == []
    assert find(unit, ["email:ab"])["email:ab"].assurance == "verified"


def test_asking_for_nothing_finds_nothing(unit: UnitOfWork) -> None:
    assert profiles_of(unit, []) == {}
    assert streams_of(unit, []) == {}
    assert find(unit, []) == {}


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Facts as identity tells them: each move of a stream has the next epoch."""
    epochs: dict[str, int] = {}
    tenures: dict[str, int] = {}
    facts = []
    for _ in range(draw(st.integers(1, 12))):
        entries = []
        for stream in sorted(draw(st.sets(st.sampled_from("abcd"), min_size=1, max_size=3))):
            epochs[stream] = epochs.get(stream, 0) + 1
            identifiers = []
            for key in sorted(draw(st.sets(st.sampled_from("kl")))):
                tenures[key] = tenures.get(key, 0) + 1
                identifiers.append((key, tenures[key], draw(st.sampled_from(["x", "y"]))))
            profile = draw(st.sampled_from("abcd"))
            entries.append(entry(stream, profile, epochs[stream], *identifiers))
        facts.append(fact(*entries))
    return facts


@given(histories(), st.randoms(use_true_random=False), st.integers(1, 5))
def test_facts_in_any_order_in_any_batches_any_number_of_times_end_in_the_same_labels(
    database: Database, facts: list[Event], random: Any, size: int
) -> None:
    def applied(batches: Sequence[Sequence[Event]]) -> object:
        with unit_of_work(database) as unit:
            for batch in batches:
                apply_identity(unit, batch)
            return contents(unit)

    shuffled = facts + random.sample(facts, len(facts) // 2)
    random.shuffle(shuffled)
    batches = [shuffled[i : i + size] for i in range(0, len(shuffled), size)]
    assert applied(batches) == applied([[each] for each in facts]) == applied([facts])
