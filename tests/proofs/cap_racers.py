"""Shoppers who race for capped offers, in a process of its own; with a mover, also their sign-ins.

`python -m tests.proofs.cap_racers URI SEED GREENLETS SECONDS [move]`: so many greenlets reserve,
confirm and release for so long. Of the shoppers every other one is a guest who signs in meanwhile,
and whose profiles are split and merged again.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import eventlet

import chassis.runtime.green  # noqa: F401 - before anything that waits
from chassis import Event, ServiceError, Unavailable, new_id
from chassis.core.clock import SystemClock
from chassis.core.retry import retry
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.projections.inbox import Inbox
from identifiers import accept, load_types
from services.offers.commands import DecisionHandler, ReservationHandler, Upstream, settle_grants
from services.offers.commands.granting import Granter
from services.offers.configuration import read_file
from services.offers.decision_log import DecisionLog
from services.offers.projections import LiveShopperProjection
from services.offers.registry import CatalogueRegistry, put_in_force

SHOPPERS = 12
MOST = 2
MOST_IN_ALL = 12
BUDGET = 10
OFFERS = f"""
placements:
  checkout:
    slots:
      first: {{fallback: {{title: Nothing}}}}
      second: {{fallback: {{title: Nothing}}}}
offers:
  - id: personal
    version: 1
    slots: [checkout.first]
    priority: 1
    requires: any
    content: {{title: For you}}
    caps: [{{by: shopper, most: {MOST}}}]
    hold: 2s
  - id: scarce
    version: 1
    slots: [checkout.second]
    priority: 1
    requires: any
    content: {{title: While stocks last}}
    caps: [{{by: offer, most: {MOST_IN_ALL}}}]
    budget: {{count: {BUDGET}}}
    hold: 2s
"""
FILE = read_file(OFFERS, is_shipped=False)
TYPES = load_types()
KEY = b"key"


def guest(shopper: int) -> str:
    """The stream of a shopper's device."""
    return f"guest-{shopper:02}"


def account(shopper: int) -> str:
    """The stream of a shopper's account."""
    return f"account-{shopper:02}"


class Mover:
    """Signs guests in, splits them off and merges them again, as identity would say it.

    `moved` counts how often.
    """

    def __init__(self, work: UnitOfWorkRunner, *, are_known: bool = False) -> None:
        self.moved = 0
        self._inbox = Inbox(work, "profiles")
        self._epochs: Counter[str] = Counter(guest(n) for n in range(SHOPPERS) if are_known)
        self._clock = work.clock

    def found(self, shopper: int) -> None:
        """Both profiles of a shopper, apart."""
        self.move(guest(shopper), guest(shopper), device_id=f"d-{shopper}")
        self.move(account(shopper), account(shopper), user_id=f"u-{shopper}")

    def move(self, stream: str, profile: str, **identifiers: str) -> None:
        """A stream is of a profile from now on."""
        self._epochs[stream] += 1
        number, now = self._epochs[stream], self._clock.now()
        keys = [
            {"key": each.key, "type": each.type.name, "tenure": 1, "assurance": each.assured(True)}
            for each in accept(identifiers, TYPES, KEY).keys
        ]
        entry = {"stream": stream, "version": number, "profile_id": profile, "epoch": number}
        data = {
            "reason": "moved",
            "fact_id": new_id(),
            "streams": [{**entry, "identifiers": keys}],
        }
        event = Event(
            new_id(), "profiles", "identity_changed", stream, number, data, now, now, 1,
            {"joint": True},
        )  # fmt: skip
        # Again until it is applied, as a subscriber does.
        retry(
            lambda: self._inbox.process([event], LiveShopperProjection()),
            lambda error: isinstance(error, Unavailable),
            first_pause=0.01,
            longest_pause=0.2,
            sleep=eventlet.sleep,
        )
        self.moved += 1

    def run(self, until: float, dice: random.Random) -> None:
        """Move guests for so long; every other shopper stays as she is."""
        while time.monotonic() < until:
            shopper = dice.randrange(0, SHOPPERS, 2)
            self.move(guest(shopper), dice.choice((guest(shopper), account(shopper))))
            eventlet.sleep(dice.uniform(0, 0.1))


class Racers:
    """The greenlets of one process; `counts` has what became of their calls."""

    def __init__(self, work: UnitOfWorkRunner, seed: int) -> None:
        self.work = work
        self.counts: Counter[str] = Counter()
        self._handler = DecisionHandler(CatalogueRegistry(FILE), TYPES, KEY, capacity=1_000)
        self._log = DecisionLog(work)
        self._reservations = ReservationHandler(Granter(), TYPES, KEY)
        self._upstream = Upstream(lambda _at_least, _seconds: True, lambda *_: {})
        self._seed = seed

    def run(self, greenlets: int, until: float) -> None:
        """Race until then."""
        pool = eventlet.GreenPool(greenlets + 1)
        for number in range(greenlets):
            pool.spawn(self._race, random.Random(f"{self._seed}/{number}"), until)
        pool.waitall()

    def _race(self, dice: random.Random, until: float) -> None:
        while time.monotonic() < until:
            try:
                self._once(dice)
            except ServiceError as error:
                self.counts[type(error).__name__] += 1

    def _once(self, dice: random.Random) -> None:
        shopper = dice.randrange(SHOPPERS)
        who: dict[str, Any] = {"identifiers": {"device_id": f"d-{shopper}"}}
        if dice.random() < 0.5:
            who = {"identifiers": {"user_id": f"u-{shopper}"}, "authenticated": True}
        keys = self._by_decision(who) if dice.random() < 0.5 else self._by_key(who, dice)
        for key in keys:
            eventlet.sleep(dice.uniform(0, 0.05))
            fate = dice.random()
            if fate < 0.2:
                email = {"email": f"mail-{shopper // 3}+{dice.randrange(9)}@example.com"}
                request = {"key": key, "identifiers": email}
                answer = self._reservations.confirm(request, FILE.catalogue, self.work)
                self._note("confirm", answer)
                eventlet.sleep(dice.uniform(0, 0.05))
            if 0.01 < fate < 0.95:
                self._note("release", self._reservations.release({"key": key}, self.work))

    def _by_decision(self, who: dict[str, Any]) -> list[str]:
        request = {"placement": "checkout", "reserve": True, "deadline_ms": 20_000, **who}
        decision = self._handler.decide(request, self.work, self._upstream, self._log)
        self.counts[f"decide {len(decision.get('reservations', ()))}"] += 1
        return [each["key"] for each in decision.get("reservations", {}).values()]

    def _by_key(self, who: dict[str, Any], dice: random.Random) -> list[str]:
        offer = dice.choice(("personal", "personal", "scarce"))
        request = {"key": new_id(), "offer_id": offer, **who}
        answer = self._reservations.reserve(request, FILE.catalogue, self.work)
        self._note("reserve", answer)
        return [request["key"]] if answer["state"] == "reserved" else []

    def _note(self, call: str, answer: dict[str, Any]) -> None:
        self.counts[f"{call} {answer['state']}"] += 1


def prepare(database: Database) -> None:
    """The catalogue in force, and all shoppers, each of two profiles."""
    work = UnitOfWorkRunner(database, "offers", SystemClock())
    work.run(lambda unit: put_in_force(unit, FILE))
    mover = Mover(work)
    for shopper in range(SHOPPERS):
        mover.found(shopper)


def run_timer(work: UnitOfWorkRunner, until: float) -> None:
    """What offers does every few seconds."""
    while time.monotonic() < until:
        with suppress(Unavailable):  # the next time, then
            settle_grants(work, FILE.catalogue)
        eventlet.sleep(1.0)


def main() -> None:
    uri, seed, greenlets, seconds = sys.argv[1], *map(int, sys.argv[2:5])
    database = Database(uri, pool_size=4)
    work = UnitOfWorkRunner(database, "offers", SystemClock())
    until = time.monotonic() + seconds
    racers = Racers(work, seed)
    if sys.argv[5:] == ["move"]:
        # With connections of their own, as in a process that follows events.
        following = UnitOfWorkRunner(Database(uri, pool_size=2), "offers", SystemClock())
        mover = Mover(following, are_known=True)
        others = [
            eventlet.spawn(mover.run, until, random.Random(seed)),
            eventlet.spawn(run_timer, following, until),
        ]
        racers.run(greenlets, until)
        for other in others:
            other.wait()  # if it has failed, so has the proof
        racers.counts["moved"] = mover.moved
    else:
        racers.run(greenlets, until)
    print(json.dumps(racers.counts))


if __name__ == "__main__":
    main()
