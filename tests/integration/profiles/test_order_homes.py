"""Homes of orders on both databases: callers at once, and read models that are made anew."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa

from chassis import Event
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import fold_events, load_summaries, update_summaries
from rules import Summary, combine, profile_view
from services.profiles import store
from services.profiles.domain.orders import OrderKey
from services.profiles.store.tables import ORDER_HOMES
from tests.integration.profiles.test_profiles import NOW, ProfilesWithoutNameko, event, order

SENDERS: tuple[dict[str, Any], ...] = (
    {"identifiers": {"user_id": "u-1"}, "authenticated": True},
    {"identifiers": {"email": "ann@shop.example"}},
    {"identifiers": {"email": "eva@shop.example"}},
    {"identifiers": {"anonymous_id": "a-1"}},
    {"identifiers": {"email": "undefined"}},
)


@pytest.fixture
def profiles(service_database: Callable[[str], Database]) -> ProfilesWithoutNameko:
    return ProfilesWithoutNameko(service_database("profiles"))


def folded(log: list[Event]) -> dict[str, Summary]:
    """The summary of each stream, folded from the log at once."""
    summaries: dict[str, Summary] = {}
    fold_events(summaries, log)
    return summaries


def nets(summaries: Mapping[str, Summary]) -> dict[str, list[int]]:
    """What the standing orders of each stream are worth."""
    found = {s: [each.net for each in summary.book(NOW).orders] for s, summary in summaries.items()}
    return {stream: worth for stream, worth in found.items() if worth}


def test_callers_that_tell_one_order_at_once_give_it_one_home(
    profiles: ProfilesWithoutNameko,
) -> None:
    def tell(number: int) -> None:
        sender = SENDERS[number % 4]
        refund = {"order_id": "o-1", "amount": 10, "currency": "USD", "refund_id": f"r-{number}"}
        profiles.record(
            order(f"order-{number}", "o-1", 500, **sender),
            event(f"refund-{number}", "order_refunded", data=refund, **sender),
        )

    pool = eventlet.GreenPool()
    for call in [pool.spawn(tell, number) for number in range(16)]:
        call.wait()
    summaries = folded(profiles.log())
    (receipt,) = profiles.receipts(order("order-0", "o-1", 500, **SENDERS[0]))
    home = profiles.work.run(lambda unit: store.lock_orders(unit, [OrderKey("", "o-1")]))
    row = home[OrderKey("", "o-1")]
    assert nets(summaries) == {row.home.stream: [340]}
    assert summaries[row.home.stream].state.orders["o-1"].keys() == row.home.state.keys()
    assert (row.reused, receipt["status"]) == ([], "duplicate")
    assert profiles.work.read(lambda unit: store.list_order_reviews(unit, 10)) == []


def test_the_row_of_an_order_with_many_refunds_stays_small_and_each_counts_once_wherever_it_is(
    profiles: ProfilesWithoutNameko,
) -> None:
    guest, account = SENDERS[3], SENDERS[0]
    refunds = [
        event(
            f"refund-{number}",
            "order_refunded",
            data={"order_id": "o-1", "amount": 10, "currency": "USD", "refund_id": f"r-{number}"},
            **guest,
        )
        for number in range(130)
    ]

    def size() -> int:
        query = sa.select(ORDER_HOMES.c.state, ORDER_HOMES.c.reused)
        (row,) = profiles.work.read(lambda unit: unit.connection.execute(query).all())
        return len(json.dumps([*row]))

    profiles.record(order("first", "o-1", 5_000, **guest))
    for begin in range(0, 130, 13):
        profiles.record(*refunds[begin : begin + 13])
        assert size() < 6_000
    assert [*nets(folded(profiles.log())).values()] == [[3_700]]
    profiles.record(order("moves", "o-1", 5_000, **account))
    again = [{**each, "id": f"again-{each['id']}"} for each in refunds[:5]]
    profiles.record(
        *again, {**refunds[0], "id": "other", "data": {**refunds[0]["data"], "refund_id": "o"}}
    )
    assert size() < 6_000
    worth = nets(folded(profiles.log()))
    (receipt,) = profiles.receipts(order("moves", "o-1", 5_000, **account))
    assert worth == {receipt["stream_id"]: [3_690]}


def random_batch(chance: random.Random, name: str) -> list[dict[str, Any]]:
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("order_completed", {"revenue": 500, "currency": "USD"}),
        ("order_updated", {"revenue": 700, "currency": "USD"}),
        ("order_cancelled", {}),
        ("order_refunded", {"amount": 10, "currency": "USD"}),
        ("traits_changed", {"traits": {"city": name}}),
        ("consent_changed", {"purpose": "email", "granted": chance.random() < 0.5}),
    ]
    batch = []
    for number in range(chance.randint(1, 4)):
        kind, data = chance.choice(kinds)
        if kind.startswith("order"):
            data = {**data, "order_id": chance.choice("ab")}
        sender = chance.choice(SENDERS)
        hour = chance.randint(17, 20)  # some of it is dated ahead, much of it alike
        batch.append(
            event(f"{name}-{number}", kind, data=data, time=f"2026-11-21T{hour}:00:00Z", **sender)
        )
    return batch


@pytest.mark.parametrize("seed", range(6))
def test_a_read_model_that_is_made_anew_is_what_it_was(
    profiles: ProfilesWithoutNameko, seed: int
) -> None:
    chance = random.Random(seed)
    for number in range(12):
        profiles.record(*random_batch(chance, f"{seed}-{number}"))
    log = profiles.log()
    once: dict[str, Event] = {}
    for each in sorted(log, key=lambda logged: logged.recorded_at):
        once.setdefault(each.data["fact_id"] if each.joint else each.id, each)
    waiting, applied = list(once.values()), dict[str, int]()

    def is_next(logged: Event) -> bool:
        return all(applied.get(s, 0) + 1 == version for s, version in logged.versions.items())

    while waiting:
        batch = []
        for _ in range(chance.randint(1, 5)):
            if (ready := next((each for each in waiting if is_next(each)), None)) is not None:
                waiting.remove(ready)
                applied |= ready.versions
                batch.append(ready)
        profiles.work.run(lambda unit, batch=batch: update_summaries(unit, batch))  # type: ignore[misc]

    def load(unit: UnitOfWork) -> dict[str, Summary]:
        stored = load_summaries(unit, applied)
        return {stream: Summary.load(state) for stream, (_, state) in stored.items()}

    anew, live = profiles.work.read(load), folded(log)
    for stream, summary in live.items():
        assert profile_view(anew.get(stream, Summary()), NOW) == profile_view(summary, NOW)
    for now in (NOW, None):
        assert profile_view(combine(anew.values()), now) == profile_view(
            combine(live.values()), now
        )


def test_a_cart_that_many_streams_tell_of_leaves_room_for_others(
    profiles: ProfilesWithoutNameko,
) -> None:
    def note(unit: UnitOfWork) -> dict[str, dict[str, int]]:
        store.note_carts(unit, {("huge", f"s{number:04}"): 5 for number in range(1_200)})
        store.note_carts(unit, {("small", "s0001"): 6, ("small", "s0000"): 7})
        return store.streams_of_carts(unit, ["huge", "small", "unknown"])

    assert profiles.work.run(note) == {
        "huge": {f"s{number:04}": 5 for number in range(10)},
        "small": {"s0000": 7, "s0001": 6},
    }


def test_a_cart_that_is_told_of_while_it_is_bought_learns_of_that(
    profiles: ProfilesWithoutNameko,
) -> None:
    def tell(number: int) -> None:
        cart = {"cart_id": f"c-{number // 2}", "products": []}
        if number % 2:
            device = {"anonymous_id": f"a-{number}"}
            profiles.record(event(f"e-{number}", "cart_updated", identifiers=device, data=cart))
        else:
            bought = order(f"e-{number}", f"o-{number}", 500, **SENDERS[0])
            profiles.record({**bought, "data": {**bought["data"], **cart}})

    pool = eventlet.GreenPool()
    for call in [pool.spawn(tell, number) for number in range(32)]:
        call.wait()
    carts = [each.stream for each in profiles.log() if each.type == "cart_updated"]
    checkouts = [each.stream for each in profiles.log() if each.type == "checkout_completed"]
    assert sorted(checkouts) == sorted(carts)
    assert len(set(carts)) == 16
