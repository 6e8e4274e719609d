"""Two long profiles are merged by a sign-in, split and merged again, while events keep coming."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

from tests.proofs.checker import Checker
from tests.proofs.clients import Receipt
from tests.proofs.observer import SuiteObserver
from tests.proofs.workload import NOW
from tests.support.system import ProcessSuite

_A_CALL = 100
_GUEST = {"anonymous_id": "kitchen-tablet"}
_ACCOUNT = {"user_id": "u-merged"}


class GuestAndAccount:
    """What a guest on a device and an account elsewhere do, sent to a suite."""

    def __init__(self, system: ProcessSuite) -> None:
        self.system = system
        self.receipts: dict[str, list[Receipt]] = {}
        self._numbers = count(1)
        self._lock = threading.Lock()

    def event(self, identifiers: dict[str, str], authenticated: bool = False) -> dict[str, Any]:
        with self._lock:
            number = next(self._numbers)
        order = number % 10 == 0
        return {
            "id": f"event-{number:06}",
            "type": "order_completed" if order else "product_viewed",
            "time": (NOW - timedelta(minutes=number)).isoformat().replace("+00:00", "Z"),
            "identifiers": identifiers,
            "authenticated": authenticated,
            "data": {"order_id": f"order-{number}", "revenue": number, "currency": "USD"}
            if order
            else {"product_id": f"p-{number % 40}", "category": "kitchen"},
        }

    def record(self, proxy: Any, events: list[dict[str, Any]]) -> None:
        for receipt in proxy.profiles.record(events=events)["receipts"]:
            self.receipts.setdefault(receipt["event_id"], []).append(receipt)

    def fill(self, size: int) -> None:
        """Send `size` events of the guest, and of the account."""
        with self.system.proxy(timeout=60) as proxy:
            for identifiers, authenticated in ((_GUEST, False), (_ACCOUNT, True)):
                for _ in range(0, size, _A_CALL):
                    batch = [self.event(identifiers, authenticated) for _ in range(_A_CALL)]
                    self.record(proxy, batch)

    def while_events_come(self, act: Callable[[Any], Any]) -> Any:
        """What `act(proxy)` returns, while both keep sending before, during and after it."""
        stop, begun = threading.Event(), threading.Barrier(3)

        def send(identifiers: dict[str, str], authenticated: bool) -> None:
            with self.system.proxy(timeout=60) as proxy:
                for turn in count():
                    batch = [self.event(identifiers, authenticated) for _ in range(7)]
                    self.record(proxy, batch)
                    if turn == 2:
                        begun.wait(60)
                    if turn > 4 and stop.is_set():
                        return

        threads = [
            threading.Thread(target=send, args=arguments)
            for arguments in ((_GUEST, False), (_ACCOUNT, True))
        ]
        for thread in threads:
            thread.start()
        begun.wait(60)
        try:
            with self.system.proxy(timeout=60) as proxy:
                return act(proxy)
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def check(self, observer: SuiteObserver) -> Checker:
        """The checker when all is quiet; nothing may be wrong anywhere."""
        observer.wait_until_quiet()
        checker = Checker(observer, int(NOW.timestamp()) * 1_000_000)
        assert checker.flaws() == []
        assert checker.receipts(self.receipts) == []
        return checker

    def profile(self, **identifiers: str) -> str | None:
        """The profile for which offers decides; the device alone does not prove the account."""
        request = {
            "placement": "checkout",
            "identifiers": identifiers,
            "authenticated": "user_id" in identifiers,
            "context": {"value": 100, "currency": "USD"},
            "deadline_ms": 10_000,
            "dry_run": True,
        }
        decision = self.system.call("offers", "decide", request=request)
        profile_id: str | None = decision["profile_id"]
        return profile_id


def _merge(proxy: Any, **arguments: str) -> Any:
    return proxy.identity.merge(**arguments)


def test_two_long_profiles_are_merged_split_and_merged_while_events_keep_coming(
    suite: Callable[..., ProcessSuite], size: Callable[[int, int], int]
) -> None:
    events, times = size(200, 5_000), size(1, 2)
    system = suite(environment={"CDP_CLOCK": NOW.isoformat().replace("+00:00", "Z")})
    shop, observer = GuestAndAccount(system), SuiteObserver(system)
    shop.fill(events)
    checker = shop.check(observer)
    assert sorted(len(streams) for streams in checker.profiles.values()) == [1, 1]
    assert shop.profile(**_GUEST) != shop.profile(**_ACCOUNT)

    sign_in = shop.event(_GUEST | _ACCOUNT, authenticated=True)
    shop.while_events_come(lambda proxy: shop.record(proxy, [sign_in]))
    (whole,) = shop.check(observer).profiles
    assert shop.profile(**_GUEST) == shop.profile(**_ACCOUNT) == whole

    for _ in range(times):
        shop.while_events_come(
            lambda proxy: proxy.identity.split(
                profile_id=whole, identifiers=_GUEST, reason="a tablet in a shop window"
            )
        )
        profiles = shop.check(observer).profiles
        assert len(profiles) == 2
        assert shop.profile(**_ACCOUNT) == whole
        (other,) = set(profiles) - {whole}
        assert shop.profile(**_GUEST) == other

        shop.while_events_come(partial(_merge, a=whole, b=other, reason="it was theirs"))
        assert list(shop.check(observer).profiles) == [whole]
        assert shop.profile(**_GUEST) == shop.profile(**_ACCOUNT) == whole
    print(f"{len(shop.receipts):,} events in one profile")
    observer.close()
