"""Replay: every decision of a run, made again from the log, shows the same blocks.

Meanwhile shoppers sign in, buy and refuse; profiles are merged and split; definitions of segments
and catalogues change; bandits draw, and learn from outcomes.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from chassis import HOUR, FixedClock, parse_instant
from chassis.core.upcasting import Upcasters
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from contracts.decisions import DECISION_STEPS
from contracts.topology import SERVICE_NAMES
from deploy.services import upgrade
from identifiers import load_types
from services.offers import store
from services.offers.commands import (
    DecisionHandler,
    Upstream,
    open_outcome_handler,
)
from services.offers.configuration import SHIPPED as SHIPPED_OFFERS
from services.offers.configuration import read_file
from services.offers.decision_log import DecisionLog
from services.offers.queries import replay_page
from services.offers.registry import CatalogueRegistry, put_in_force
from services.segments import commands as segments_commands
from services.segments.configuration import read_file as read_segments
from services.segments.registry import DefinitionRegistry
from tests.conftest import FULL_SIZE
from tests.support.case_shop import CaseShop
from tests.support.suite_without_broker import SuiteWithoutBroker

pytestmark = [pytest.mark.proofs, pytest.mark.timeout(3_600 if FULL_SIZE else 300)]

DECISIONS, SHOPPERS = (10_000, 200) if FULL_SIZE else (240, 20)
FEW_SEGMENTS = Path(__file__).parents[1] / "support/few_segments.yaml"
ROUNDS = 8
START = parse_instant("2026-11-20T12:00:00Z")
THOMPSON = "ranking: {bandit: {method: thompson, floor: 0.02, cells: [category, device]}}"
IGW = "ranking: {bandit: {method: igw, success: clicked, explore: 0.1}}\n        blocks: 2"
FORMULA = """ranking:
          formula: 'priority * (context.device == "mobile") - priority + loyalty_points() / 9'"""


def catalogue(number: int) -> str:
    """The shipped offers with two slots that are ranked in another way in each of them."""
    text = SHIPPED_OFFERS.read_text()
    pairs = [("blocks: 1", "blocks: 1"), (THOMPSON, FORMULA), (IGW, THOMPSON), (FORMULA, IGW)]
    for slot, ranking in zip(("extras", "welcome"), pairs[number % len(pairs)], strict=True):
        before = f"      {slot}:\n"
        assert before in text
        text = text.replace(before, f"{before}        {ranking}\n")
    return text.replace("priority: 60", f"priority: {60 + number}")


class ReplayedShop:
    """The suite without a broker, with offers' handlers, and shoppers who do many things."""

    def __init__(self, suite: SuiteWithoutBroker, chance: random.Random) -> None:
        self.suite = suite
        self.chance = chance
        self.shop = CaseShop(suite, suite.clock, 1, list)
        self.profiles: list[str] = []
        self.seen: Counter[str] = Counter()
        self.repairs = 0
        self.work = UnitOfWorkRunner(
            suite.works["offers"].database, "offers", suite.clock,
            upcasters=Upcasters(DECISION_STEPS),
        )  # fmt: skip
        self.handler = DecisionHandler(
            CatalogueRegistry(read_file(catalogue(0), is_shipped=False)),
            load_types(),
            suite.settings["offers"].identifier_key,
            capacity=8,
        )
        self.log = DecisionLog(self.work)
        self.outcomes = open_outcome_handler(suite.settings["offers"])

    def who(self) -> dict[str, str]:
        number = self.chance.randrange(SHOPPERS)
        account, device = {"user_id": f"u{number}"}, {"device_id": f"d{number}"}
        return self.chance.choice([account, device, account | device, device, {}])

    def tell(self) -> None:
        """An event of a shopper."""
        who = self.who() or {"device_id": "nobody's"}
        choices: list[tuple[str, dict[str, Any]]] = [
            ("signed_in", {}),
            ("product_viewed", {"product_id": "watch"}),
            ("consent_changed", {"purpose": "personalization", "granted": False}),
            ("consent_changed", {"purpose": "email", "granted": True}),
            ("loyalty_enrolled", {"tier": "gold"}),
            ("loyalty_points_changed", {"points": self.chance.randrange(3_000)}),
            ("traits_changed", {"traits": {"age": self.chance.randrange(90)}}),
            *[("order_completed", self._order())] * 4,
        ]
        kind, data = self.chance.choice(choices)
        event = self.shop.event(kind, "2026-11-20", who, authenticated="user_id" in who, **data)
        (receipt,) = self.shop.receipts(event)
        if receipt.get("profile_id"):
            self.profiles.append(receipt["profile_id"])

    def _order(self) -> dict[str, Any]:
        return {
            "order_id": f"o-{self.chance.random()}",
            "revenue": self.chance.randrange(90_000),
            "currency": "USD",
            "products": [],
        }

    def decide(self) -> None:
        who = self.who()
        item = {"sku": "w-1", "category": self.chance.choice(["running watch", "shoes", "tents"])}
        request = {
            "placement": self.chance.choice(["checkout", "checkout", "order_confirmation"]),
            "identifiers": {name: self.shop.mine(value) for name, value in who.items()},
            "authenticated": "user_id" in who,
            "context": {
                "items": [item],
                "value": self.chance.randrange(30_000),
                "currency": self.chance.choice(["USD", "EUR", "JPY"]),
                "device": self.chance.choice(["mobile", "desktop"]),
                "referrer": self.chance.choice([None, "running-club.example", "x.example"]),
                "stock": {"strap-sport": self.chance.choice([0, 2])},
            },
            "deadline_ms": 60_000,
        }
        decision = self.handler.decide(request, self.work, UPSTREAM, self.log)
        assert set(decision["degraded"]) <= {"events_lagging"}, decision
        self.seen.update(block["offer_id"] for slot in decision["slots"].values() for block in slot)
        self.report(decision)

    def report(self, decision: Mapping[str, Any]) -> None:
        reports = [
            {
                "decision_id": decision["decision_id"],
                "slot": slot,
                "offer_id": block["offer_id"],
                "kind": kind,
            }
            for slot, blocks in decision["slots"].items()
            for block in blocks
            if block["offer_id"]
            for kind in ("shown", "clicked", "converted")
            if self.chance.random() < 0.3
        ]
        if reports:
            self.outcomes.record(reports, self.work)

    def change(self, number: int) -> None:
        """Profiles are repaired, and definitions and the catalogue replaced."""
        for _ in range(4):
            if self.profiles:
                self.repairs += self.suite.repair(self.chance, self.profiles)
        self.suite.clock.at += HOUR
        self.redefine(number)
        self.suite.deliver(self.chance)
        file = read_file(catalogue(number), is_shipped=False)
        self.work.run(partial(put_in_force, file=file))
        self.handler.catalogues.refresh(self.work)
        self.log.write()
        self.outcomes.join(self.work)
        self.handler.statistics.refresh(self.work)

    def redefine(self, number: int) -> None:
        before = 'revenue("USD") >= 500'
        text = FEW_SEGMENTS.read_text()
        assert before in text
        content = text.replace(before, f'revenue("USD") >= {500 + number * 50}').encode()
        file = read_segments(content, is_shipped=False)
        work = self.suite.works["segments"]
        work.run(partial(segments_commands.apply, file=file))
        segments_commands.DueEvaluation().run(work, DefinitionRegistry(), 60.0)

    def counted_cells(self) -> int:
        """Of how many cells bandits have learned something."""
        query = sa.select(sa.func.count()).select_from(store.OUTCOME_COUNTS)
        return self.work.read(lambda unit: unit.connection.execute(query).scalar_one())

    def replayed(self) -> list[dict[str, Any]]:
        """Every page of the replay."""
        self.log.write()
        pages: list[dict[str, Any]] = []
        arguments: dict[str, Any] = {"since": "9d"}
        while True:
            page = self.work.read(
                lambda unit: replay_page(unit, arguments, self.handler.catalogues)
            )
            pages.append(page)
            if page["next"] is None:
                return pages
            arguments["after"] = page["next"]


def _never(*_arguments: Any) -> Any:
    raise AssertionError("nothing was asked of others")


UPSTREAM = Upstream(_never, _never)


@contextmanager
def open_suite(directory: Path) -> Iterator[SuiteWithoutBroker]:
    uris = {}
    for service in SERVICE_NAMES:
        uri = f"sqlite:///{directory / f'{service}.db'}"
        upgrade(service, uri)
        uris[service] = (uri, uri)
    suite = SuiteWithoutBroker(uris, FixedClock(START))
    try:
        yield suite
    finally:
        suite.close()


def test_every_decision_of_a_run_comes_out_the_same_when_it_is_made_again(tmp_path: Path) -> None:
    with open_suite(tmp_path) as suite:
        shop = ReplayedShop(suite, random.Random(6))
        for number in range(ROUNDS):
            shop.change(number)
            for _ in range(DECISIONS // ROUNDS):
                if shop.chance.random() < 0.4:
                    shop.tell()
                if shop.chance.random() < 0.05:
                    suite.deliver(shop.chance)
                shop.decide()
        pages = shop.replayed()
        assert min(shop.repairs, shop.counted_cells(), len(shop.seen)) > 5, "the run was too dull"
    assert [change for page in pages for change in page["changes"]] == []
    total = Counter[str]()
    for page in pages:
        total.update({name: page[name] for name in ("decisions", "same")})
    made = DECISIONS // ROUNDS * ROUNDS
    assert total == {"decisions": made, "same": made}
