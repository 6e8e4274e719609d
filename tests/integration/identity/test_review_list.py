"""The review list forgets nothing: what was done and is seen again is open again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import eventlet
import pytest

from chassis import FixedClock, NotFound, parse_instant
from chassis.config.settings import Settings
from chassis.messaging import embedded
from chassis.runtime.client import Client
from chassis.runtime.runner import Runner
from chassis.validation import load_checked
from contracts.identity.support import ReviewEntrySchema
from services.identity.service import IdentityService

NOW = "2026-11-21T19:30:00.000000Z"
LATER = "2026-11-21T19:45:00.000000Z"
MAIL = "family@shop.example"


class ReviewedShop:
    """Identity, running, with a clock that a test sets."""

    def __init__(self, uri: str, clock: FixedClock) -> None:
        self._uri = uri
        self._clock = clock
        self._events = 0

    def call(self, method: str, **arguments: Any) -> Any:
        """What identity answers a client that is new, as a client takes one call at a time."""
        with Client(self._uri) as client:
            return client.call("identity", method, **arguments)

    def stand_at(self, instant: str) -> None:
        self._clock.at = parse_instant(instant)

    def sign_in(self, *users: str) -> None:
        """Each of them proves the same address, in one call."""
        observations = []
        for user in users:
            self._events += 1
            observations.append(
                {
                    "event_id": f"e-{self._events}",
                    "type": "signed_in",
                    "time": "2026-11-21T19:00:00Z",
                    "identifiers": {"user_id": user, "email": MAIL},
                    "authenticated": True,
                }
            )
        self.call("resolve", observations=observations)

    def review(self, **arguments: Any) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.call("review", **arguments)
        for entry in entries:
            load_checked(ReviewEntrySchema(), entry)
        return entries


@pytest.fixture
def shop(service_database_uri: Callable[[str], str]) -> Iterator[ReviewedShop]:
    embedded.forget()
    clock = FixedClock(parse_instant(NOW))
    uri = embedded.install(["identity"])
    settings = Settings("identity", service_database_uri("identity"), uri, clock, b"k", role="rpc")
    runner = Runner([(IdentityService, settings)])
    runner.start()
    yield ReviewedShop(uri, clock)
    runner.stop()


def test_what_is_done_is_listed_on_request_with_who_and_when(shop: ReviewedShop) -> None:
    shop.sign_in("ann", "bob")
    (entry,) = shop.review()
    assert "done_at" not in entry
    shop.stand_at(LATER)
    assert shop.review(done=entry["id"], done_by="Eve") == []
    assert shop.review() == []
    done = {**entry, "done_at": LATER, "done_by": "Eve"}
    assert shop.review(include_done=True) == [done]


def test_what_is_done_and_seen_again_is_open_again_with_its_last_time(shop: ReviewedShop) -> None:
    shop.sign_in("ann", "bob")
    (entry,) = shop.review()
    shop.review(done=entry["id"], done_by="Eve")
    shop.stand_at(LATER)
    shop.sign_in("bob")
    (again,) = shop.review()
    assert again == {**entry, "last_at": LATER, "event_id": "e-3"}
    assert shop.review(include_done=True) == [again]


def test_it_is_open_again_even_if_it_is_seen_in_the_moment_in_which_it_is_done(
    shop: ReviewedShop,
) -> None:
    shop.sign_in("ann", "bob")
    for _ in range(3):
        (entry,) = shop.review()
        assert shop.review(done=entry["id"]) == []
        shop.sign_in("bob")
        assert [each["id"] for each in shop.review()] == [entry["id"]]


def test_a_process_whose_clock_is_slow_does_not_set_the_last_time_back(shop: ReviewedShop) -> None:
    shop.stand_at(LATER)
    shop.sign_in("ann", "bob")
    (entry,) = shop.review()
    shop.review(done=entry["id"])
    shop.stand_at(NOW)
    shop.sign_in("bob")
    assert [each["last_at"] for each in shop.review()] == [LATER]


def test_who_was_first_to_do_it_stays_named(shop: ReviewedShop) -> None:
    shop.sign_in("ann", "bob")
    (entry,) = shop.review()
    for name in ("Eve", "Mallory"):
        shop.review(done=entry["id"], done_by=name)
    assert [each["done_by"] for each in shop.review(include_done=True)] == ["Eve"]


def test_what_is_not_on_the_list_cannot_be_done(shop: ReviewedShop) -> None:
    with pytest.raises(NotFound, match="is not an entry of the review list"):
        shop.review(done="nothing")


def test_seen_and_done_at_once_leave_one_entry_that_the_last_sighting_opens(
    shop: ReviewedShop,
) -> None:
    shop.sign_in("ann", "bob")
    (entry,) = shop.review()
    threads = [
        eventlet.spawn(shop.sign_in, "bob")
        if number % 2
        else eventlet.spawn(shop.review, done=entry["id"])
        for number in range(12)
    ]
    for thread in threads:
        thread.wait()
    assert [each["id"] for each in shop.review(include_done=True)] == [entry["id"]]
    shop.sign_in("bob")
    assert [each["id"] for each in shop.review()] == [entry["id"]]
