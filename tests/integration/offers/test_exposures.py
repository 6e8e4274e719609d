"""Exposures on both databases: the first one stands, on whatever device she signs in later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from cdp.commands.root import cli
from chassis import Event, FixedClock, parse_instant
from chassis.database.engine import Database
from contracts.experiments import ExperimentConflict
from services.offers import store
from services.offers.commands import ExposureKeeper, OutcomeHandler, settle_grants
from services.offers.configuration import read_file
from services.offers.projections import LiveShopperProjection
from services.offers.queries import report_experiment
from tests.integration.offers.test_offers import (
    TYPES,
    OffersWithoutNameko,
    happened,
    moved,
)

CONFLICT = ExperimentConflict()
FILE = read_file(
    """
placements: {checkout: {slots: {one: {fallback: {title: One}}}}}
offers:
  - {id: plain, version: 1, slots: [checkout.one], priority: 5, requires: any, content: {a: b}}
  - {id: bold, version: 1, slots: [checkout.one], priority: 5, requires: any, content: {a: c}}
experiments:
  - id: wording
    hash_attribute: user_id
    fallback_attribute: device_id
    variants:
      - {name: control, weight: 1, offers: [plain]}
      - {name: bold, weight: 1, offers: [bold]}
""",
    is_shipped=False,
)


class ShopWithExperiment(OffersWithoutNameko):
    """Offers with an experiment, and outcomes that keep exposures."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, file=FILE)
        self.outcomes = OutcomeHandler([ExposureKeeper(TYPES)])

    def at(self, instant: str) -> None:
        """Have it be that time from now on."""
        self.work.clock = FixedClock(parse_instant(instant))

    def part(self, **request: Any) -> dict[str, Any]:
        """The shopper's part in the experiment, with the id of the decision."""
        decision = self.decide(**request)
        [part] = decision["experiments"]
        assert decision["slots"]["one"][0]["offer_id"] == {
            "control": "plain", "bold": "bold",
        }[part["variant"]]  # fmt: skip
        return {**part, "decision_id": decision["decision_id"]}

    def report(self, part: dict[str, Any], kind: str = "shown", **rest: Any) -> None:
        report = {"decision_id": part["decision_id"], "slot": "one", "kind": kind, **rest}
        [receipt] = self.outcomes.record([report], self.work)["receipts"]
        assert receipt["status"] == "appended", receipt

    def experiment_report(self) -> dict[str, Any]:
        return self.work.read(
            partial(
                report_experiment,
                arguments={"experiment": "wording"},
                catalogue=self.handler.catalogues.current,
            )
        )

    def follow_profiles(self, *events: Event) -> None:
        self.profiles.process(events, LiveShopperProjection())

    def conflicts(self) -> list[Event]:
        """The events of shoppers who saw two variants."""
        stream = {"conflict:wording:p-1": 0}
        return self.work.read(lambda unit: unit.history(stream, 10))

    def rows(self, table: sa.Table) -> list[Any]:
        query = sa.select(table).order_by(*table.primary_key)
        return self.work.read(lambda unit: list(unit.connection.execute(query)))

    def device_in(self, variant: str) -> str:
        """A device that is hashed into a variant."""
        devices = (f"device-{number}" for number in range(50))
        return next(
            device
            for device in devices
            if self.part(identifiers={"device_id": device}, dry_run=True)["variant"] == variant
        )

    def user_in(self, variant: str) -> str:
        users = (f"user-{number}" for number in range(50))
        return next(
            user
            for user in users
            if self.part(identifiers={"user_id": user}, authenticated=True, dry_run=True)["variant"]
            == variant
        )


@pytest.fixture
def shop(service_database: Callable[[str], Database]) -> ShopWithExperiment:
    return ShopWithExperiment(service_database("offers"))


def test_asking_does_not_enrol_and_seeing_does(shop: ShopWithExperiment) -> None:
    part = shop.part(identifiers={"device_id": "device-1"})
    assert shop.rows(store.EXPOSURES) == []
    shop.report(part)
    shop.report(part, "clicked")
    shop.report(part, "converted", order_id="o-1", value=4_900, currency="EUR")
    [exposure] = shop.rows(store.EXPOSURES)
    assert (exposure.variant, exposure.hash_attribute) == (part["variant"], "device_id")
    assert exposure.key.startswith("device_id:")
    assert "device-1" not in exposure.key
    kinds = {row.kind: row.value for row in shop.rows(store.RESPONSES)}
    assert kinds == {"clicked": None, "converted": 4_900}


def test_who_signs_in_midway_keeps_her_variant_on_every_device(shop: ShopWithExperiment) -> None:
    device, user = shop.device_in("bold"), shop.user_in("control")
    shop.report(shop.part(identifiers={"device_id": device}))
    known = {"user_id": user, "device_id": device}
    part = shop.part(identifiers=known, authenticated=True)
    assert (part["variant"], part["hash_attribute"], part["sticky"]) == ("bold", "device_id", True)
    shop.follow_profiles(moved("p-1", "s-1", device_id=device, user_id=user))
    elsewhere = shop.part(identifiers={"user_id": user}, authenticated=True)
    assert (elsewhere["variant"], elsewhere["sticky"]) == ("bold", True)
    typed = shop.decide(identifiers={"user_id": user})
    assert typed["experiments"] == []


def test_the_earliest_exposure_stands_when_two_meet(shop: ShopWithExperiment) -> None:
    device, user = shop.device_in("bold"), shop.user_in("control")
    shop.at("2026-11-21T11:00:00Z")
    account = shop.part(identifiers={"user_id": user}, authenticated=True)
    shop.at("2026-11-21T10:00:00Z")
    guest = shop.part(identifiers={"device_id": device})
    shop.report(account)
    shop.report(guest)
    shop.follow_profiles(moved("p-1", "s-1", device_id=device, user_id=user))
    assert shop.part(identifiers={"user_id": user}, authenticated=True)["variant"] == "bold"


def test_an_exposure_that_is_told_later_and_was_earlier_replaces_the_later_one(
    shop: ShopWithExperiment,
) -> None:
    for at in ("2026-11-21T11:00:00Z", "2026-11-21T10:00:00Z", "2026-11-21T12:00:00Z"):
        shop.at(at)
        shop.report(shop.part(identifiers={"device_id": "device-1"}))
    [exposure] = shop.rows(store.EXPOSURES)
    assert exposure.at == 1_795_255_200_000_000


def test_a_conversion_told_by_a_clock_that_is_behind_counts(shop: ShopWithExperiment) -> None:
    part = shop.part(identifiers={"device_id": "device-1"})
    shop.report(part)
    shop.report(part, "converted", order_id="o-1", at="2026-11-21T19:00:00Z")
    counted = {each["variant"]: each["totals"] for each in shop.experiment_report()["variants"]}
    assert counted[part["variant"]]["conversions"] == 1


@pytest.mark.parametrize(
    ("first_at", "again_at", "totals"),
    [
        ("2026-11-21T09:59:59Z", "2026-11-21T10:00:00Z", (0, 0)),
        ("2026-11-21T10:00:00Z", "2026-11-29T10:00:00Z", (1, 4_900)),
        ("2026-11-28T09:59:59.999999Z", "2026-11-28T10:00:00Z", (1, 4_900)),
        ("2026-11-28T10:00:00Z", "2026-11-28T10:00:01Z", (0, 0)),
    ],
)
def test_an_order_is_dated_by_its_first_report(
    shop: ShopWithExperiment, first_at: str, again_at: str, totals: tuple[int, int]
) -> None:
    who = {"identifiers": {"device_id": "device-1"}}
    shop.at("2026-11-21T09:00:00Z")
    before = shop.part(**who)
    shop.at("2026-11-21T10:00:00Z")
    part = shop.part(**who)
    shop.report(part)
    shop.at("2026-11-30T10:00:00Z")
    money = {"value": 4_900, "currency": "EUR"}
    shop.report(before, "converted", order_id="o-1", at=first_at)
    shop.report(part, "converted", order_id="o-1", at=again_at, **money)
    counted = {each["variant"]: each["totals"] for each in shop.experiment_report()["variants"]}
    found = counted[part["variant"]]
    assert (found["conversions"], found["revenue"]) == totals


def test_a_report_counts_shoppers_and_what_they_did_on_any_device(
    shop: ShopWithExperiment,
) -> None:
    device, other, user = shop.device_in("bold"), shop.device_in("control"), "user-1"
    shop.report(shop.part(identifiers={"device_id": device}))
    shop.report(shop.part(identifiers={"device_id": other}))
    shop.follow_profiles(moved("p-1", "s-1", device_id=device, user_id=user))
    bought = shop.part(identifiers={"user_id": user}, authenticated=True)
    shop.report(bought, "converted", order_id="o-1", value=4_900, currency="EUR")
    typed = shop.decide(identifiers={"user_id": user})
    shop.report(typed, "converted", order_id="o-2", value=9_900, currency="EUR")
    shop.follow_profiles(
        happened("s-1", 2, "order_refunded", order_id="o-1", refund_id="r", amount=900)
    )
    report = shop.experiment_report()
    found = {each["variant"]: (each["shoppers"], each["totals"]) for each in report["variants"]}
    assert found["control"][0] == 1
    assert found["bold"] == (
        1, {"conversions": 1, "revenue": 4_000, "clicks": 0, "refunds": 900},
    )  # fmt: skip
    assert report["conflicts"] == 0


def test_a_report_lets_shoppers_who_wait_have_their_turn(shop: ShopWithExperiment) -> None:
    responses = 3_000
    part = shop.part(identifiers={"device_id": "device-1"})
    shop.report(part)
    [exposure] = shop.rows(store.EXPOSURES)
    rows = [
        {"outcome_id": f"o-{number}", "key": exposure.key, "kind": "converted",
         "at": exposure.at, "value": 100, "currency": "EUR", "store": None,
         "order_id": f"order-{number}"}
        for number in range(responses)
    ]  # fmt: skip
    shop.work.run(lambda unit: store.save_responses(unit, rows))
    turns = count()
    thread = eventlet.spawn(take_turns, turns)
    before = next(turns)
    report = shop.experiment_report()
    taken = next(turns) - before
    thread.kill()
    assert sum(each["totals"]["revenue"] for each in report["variants"]) == 100 * responses
    assert taken > 2 * responses / 500


def take_turns(turns: Iterator[int]) -> None:
    for _ in turns:
        eventlet.sleep(0)


def test_who_saw_two_variants_is_left_out_of_the_report(shop: ShopWithExperiment) -> None:
    one, other = shop.device_in("bold"), shop.device_in("control")
    for device in (one, other):
        shop.report(shop.part(identifiers={"device_id": device}))
    shop.follow_profiles(moved("p-1", "s-1", device_id=one), moved("p-1", "s-2", device_id=other))
    report = shop.experiment_report()
    assert (report["shoppers"], report["conflicts"]) == (0, 1)


@pytest.mark.parametrize("meets_later", [True, False], ids=["by a merge", "by what is shown"])
def test_who_saw_two_variants_is_an_event_once(shop: ShopWithExperiment, meets_later: bool) -> None:
    one, other = shop.device_in("bold"), shop.device_in("control")
    moves = [moved("p-1", "s-1", device_id=one), moved("p-1", "s-2", device_id=other)]
    parts = [shop.part(identifiers={"device_id": device}) for device in (one, other)]
    for part in parts:
        if not meets_later:
            shop.follow_profiles(*moves)
            moves = []
        shop.report(part)
    assert len(shop.conflicts()) == (0 if meets_later else 1)
    shop.follow_profiles(*moves)
    for _ in range(2):
        settle_grants(shop.work, shop.handler.catalogues.current)
    shop.report(parts[1], "clicked")
    [conflict] = shop.conflicts()
    assert conflict.data == {"experiment": "wording", "variants": ["bold", "control"]}
    assert conflict.metadata["profile_id"] == "p-1"
    CONFLICT.load(conflict.data)


def test_the_command_prints_the_report_and_draws_it(
    shop: ShopWithExperiment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shop.report(shop.part(identifiers={"device_id": shop.device_in("bold")}))

    @contextmanager
    def connected(*_: object) -> Iterator[Any]:
        yield SimpleNamespace(call=lambda *_, **__: shop.experiment_report())

    monkeypatch.setattr("cdp.commands.experiments.connected", connected)
    drawn = tmp_path / "wording.png"
    command = ["experiments", "report", "wording", "--png", str(drawn)]
    result = CliRunner().invoke(cli, command)
    assert "bold and control cannot be told apart yet" in result.stdout, result
    assert drawn.read_bytes().startswith(b"\x89PNG")
