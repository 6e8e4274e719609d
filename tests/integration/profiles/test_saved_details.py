"""The stored details of accounts: a rebuild makes the same of the log, on both databases."""

from __future__ import annotations

import random
from typing import Any

import sqlalchemy as sa

from services.profiles import store
from tests.support.case_shop import CaseShop
from tests.support.read_models import rows
from tests.support.suite_without_broker import READ_MODELS, OpenSuite, SuiteWithoutBroker

ANN = {"user_id": "ann"}


def events(shop: CaseShop) -> list[dict[str, Any]]:
    address = {"line1": "1 Example Street", "city": "Bonn"}
    card = {"provider": "stripe", "token": "pm_1"}

    def happened(kind: str, time: str, **data: Any) -> dict[str, Any]:
        return shop.event(kind, time, ANN, authenticated=True, **data)

    return [
        happened("address_saved", "11:00", address_id="home", address=address, default=True),
        happened("address_removed", "10:00", address_id="home"),
        happened("address_saved", "09:00", address_id="old", address=address),
        happened("payment_method_saved", "10:00", **card, brand="visa", last4="4242"),
        happened("address_removed", "12:00", address_id="old"),
    ]


def details(suite: SuiteWithoutBroker) -> list[Any]:
    found: list[Any] = rows(
        suite.works["profiles"], READ_MODELS["profiles"], suite.settings["profiles"]
    )["saved_details"]
    return found


def test_a_rebuild_keeps_what_accounts_have_saved(open_suite: OpenSuite) -> None:
    with open_suite() as suite:
        shop = CaseShop(suite, suite.clock, 1, list)
        for event in events(shop):
            shop.record(event)
        suite.deliver(random.Random(1))
        ((_, state),) = details(suite)
        assert [each[4] is None for each in state["addresses"].values()] == [True, False]
        before = details(suite)
        suite.rebuild("profiles")
        assert details(suite) == before
        shop.record(
            shop.event("address_removed", "12:00", ANN, authenticated=True, address_id="home")
        )
        ((_, state),) = details(suite)
        assert [each[4] for each in state["addresses"].values()] == [None, None]


def test_a_duplicate_changes_nothing_and_others_make_no_row(open_suite: OpenSuite) -> None:
    with open_suite() as suite:
        shop = CaseShop(suite, suite.clock, 2, list)
        sent = events(shop)
        shop.receipts(*sent)
        before = details(suite)
        assert {each["status"] for each in shop.receipts(*sent)} == {"duplicate"}
        shop.record(shop.event("page_read", "12:00", {"user_id": "ben"}, authenticated=True))
        assert details(suite) == before
        suite.deliver(random.Random(1))


def test_the_facts_of_segments_have_nothing_of_it(open_suite: OpenSuite) -> None:
    with open_suite() as suite:
        shop = CaseShop(suite, suite.clock, 3, list)
        shop.receipts(*events(shop))
        suite.deliver(random.Random(1))
        query = sa.text("SELECT type, data FROM facts")
        found = suite.works["segments"].read(lambda unit: unit.connection.execute(query).all())
        assert "address_saved" in {row.type for row in found}
        for secret in ("Example Street", "4242", "pm_1"):
            assert secret not in str(found)


def test_every_stream_has_a_row_of_its_own(open_suite: OpenSuite) -> None:
    with open_suite() as suite:
        shop = CaseShop(suite, suite.clock, 4, list)
        for user in ("ann", "ben"):
            event = events(shop)[0]
            shop.record({**event, "identifiers": {"user_id": shop.mine(user)}})
        streams = [stream for stream, _ in details(suite)]
        assert len(set(streams)) == 2
        read = suite.works["profiles"].read(lambda unit: store.load_details(unit, streams))
        assert sorted(read) == sorted(streams)
        suite.deliver(random.Random(1))
