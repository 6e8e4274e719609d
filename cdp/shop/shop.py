"""The demo shop with an embedded suite of its own, in one process."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cdp.connection import CLOCK
from cdp.embedded import EmbeddedSuite, database_path, embedded_settings, migrate
from cdp.shop.calls import GATEWAY, ShopCalls
from cdp.shop.edge import ShopGateway, issue_keys, open_own_calls
from cdp.shop.experiment import shop_offers
from cdp.shop.journal import Journal
from cdp.shop.panel import Panel
from cdp.shop.shoppers import stories
from cdp.shop.site import Site
from chassis.config.settings import Settings
from chassis.core.clock import SystemClock
from chassis.core.errors import Failure
from chassis.observability.logging import configure_logging
from chassis.runtime.local_http import LocalServer
from services.offers import SHIPPED_CATALOGUE

HOST = "127.0.0.1"
_STORE = "larch"
_PATIENCE = 30.0
_TAKEN = {"appended", "duplicate"}


@contextmanager
def open_shop(directory: Path, port: int) -> Iterator[LocalServer]:
    """A shop on this machine, within `with`; what was in `directory` from before is gone."""
    clock = SystemClock()
    settings = _fresh_settings(directory, clock)
    own = open_own_calls(settings[-1])
    suite = EmbeddedSuite(settings[:-1])
    journal = Journal()
    calls = ShopCalls(own, journal)
    edge = ShopGateway(calls)
    site = Site(edge, Panel(calls, journal), journal, issue_keys(own, _STORE), clock)
    server = LocalServer(HOST, port, site)  # before the suite: a port that is taken is told at once
    with suite.running():
        _tell_stories(calls, suite, clock)
        with edge.settling():
            server.start()
            yield server
            server.stop()


def _fresh_settings(directory: Path, clock: SystemClock) -> Sequence[Settings]:
    """Settings of the services, and last of the gateway, on empty databases."""
    configure_logging("text", "ERROR")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    (directory / CLOCK).write_text("system\n")
    (directory / SHIPPED_CATALOGUE.name).write_text(shop_offers(), encoding="utf-8")
    services = [replace(each, config_dir=directory) for each in embedded_settings(directory, clock)]
    uri = f"sqlite:///{database_path(directory, GATEWAY)}"
    settings = [*services, replace(services[0], service=GATEWAY, database_uri=uri)]
    for each in settings:
        migrate(each)
    return settings


def _tell_stories(calls: ShopCalls, suite: EmbeddedSuite, clock: SystemClock) -> None:
    """Record what the five shoppers have done so far, and wait until everybody has followed."""
    events = stories(clock.now())
    end = time.monotonic() + _PATIENCE
    while events:
        receipts = calls.call("profiles", "record", events=events)["receipts"]
        pairs = zip(events, receipts, strict=True)
        events = [event for event, receipt in pairs if receipt["status"] not in _TAKEN]
        _pause(end)
    while any(lag.applied < lag.total for lag in suite.lags()):
        _pause(end)


def _pause(end: float) -> None:
    if time.monotonic() > end:
        raise Failure("the suite", "does not follow what the shop has told")
    time.sleep(0.05)
