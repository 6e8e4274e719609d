"""Single events are read as rules ask for them."""

from __future__ import annotations

from collections.abc import Mapping

from chassis import DAY, HOUR
from chassis.eventlog.unit_of_work import UnitOfWork
from services.segments import store
from tests.support.segments_service import NOW, ProfilesLog, SegmentsWithoutNameko
from tests.support.statements import record_statements

ABANDONED = """cart_items() > 0 and "24h" <= since_last("cart_updated") < "30d"
and not cart_ordered(within="1h", during="30d")"""


def test_events_are_read_of_who_has_a_cart_alone_and_for_a_batch_together(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    segments.define("abandoned", ABANDONED)
    shoppers = [f"p{number}" for number in range(24)]
    log.move(**{each: each for each in shoppers})
    for each in shoppers[12:]:
        log.cart(each, at=NOW - 2 * DAY)
    segments.follow(*log.events)
    assert "abandoned" in segments.of("p23")
    statements = record_statements(segments.work.database.engine)

    def count(*batch: str) -> int:
        before = len(statements)
        log.events.clear()
        for each in batch:
            log.order(each, at=NOW - HOUR)
        segments.follow(*log.events)
        own = [each for each in statements if "JOIN facts" in each]
        prepared = {f"EXECUTE {each.split()[1]}" for each in own if each.startswith("PREPARE")}
        return sum(
            each.partition("(")[0] in prepared or (each in own and not each.startswith("PREPARE"))
            for each in statements[before:]
        )

    assert count("p0") == count(*shoppers[1:12]) == 0
    assert count("p12") == count(*shoppers[13:]) == len(["of the cart", "of the newest order"])
    assert segments.of("p0") == segments.of("p23")


def test_of_each_type_events_are_read_as_far_back_as_they_are_asked_for(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    log.cart("p", at=NOW - 2 * DAY)
    log.order("p", at=NOW - 9 * DAY)
    segments.follow(*log.events)

    def read(unit: UnitOfWork) -> Mapping[str, int]:
        asked = {"cart_updated": DAY, "order_completed": None}
        summary = store.load_profile_summaries(unit, {"p": ["p"]}, asked, NOW)["p"]
        return {kind: len(summary.facts.events(kind)) for kind in asked}

    assert segments.work.read(read) == {"cart_updated": 0, "order_completed": 1}


def test_a_cart_is_ordered_by_an_order_whose_id_was_another_orders_before(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    segments.define("abandoned", ABANDONED)
    log.move(p="p", q="p")
    order = {"order_id": "1", "revenue": 5_000, "currency": "USD", "products": [{"sku": "a"}]}
    log.append("p", "order_completed", order, NOW - 5 * DAY)
    log.cart("p", at=NOW - 3 * DAY)
    segments.follow(*log.events)
    assert "abandoned" in segments.of("p")
    second = log.append("q", "order_completed", order, NOW - 2 * DAY, order_apart=True)
    segments.follow(second)
    assert "abandoned" not in segments.of("p")
