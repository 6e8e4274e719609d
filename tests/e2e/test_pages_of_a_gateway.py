"""Pages in Chromium with the gateway as it is run, behind the nginx of the documents or beside."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chassis import new_id
from services.gateway.domain.sources import EventSource
from tests.support.browser import gateway_stories as stories
from tests.support.browser.process import BrowserProcess
from tests.support.nginx import NginxProxy, nginx_blocks
from tests.support.running_gateway import RunningGateway
from tests.support.servers import Databases, VirtualHosts
from tests.support.system import ROOT

SECOND, HOUR = 1_000, 3_600_000
PAGE = """<!doctype html><html lang="en"><title>Shop</title>
<link rel="icon" href="data:,">
<script src="{host}/cdp.js" data-key="{key}"></script>
<script>cdp.consent({{analytics: true}})</script>
<cdp-slot placement="checkout" slot="reassurance" timeout="{milliseconds}">
<p>The shop's own words</p></cdp-slot>
<a href="away.html" data-cdp-event="Product Clicked">Buy</a>"""
AWAY = '<!doctype html><html lang="en"><title>Away</title><link rel="icon" href="data:,">'
TRIES = 20
PATIENCE = 60.0
TOLD = {
    "consent_changed": 1,
    "page_viewed": 2,
    "product_added": 1,
    "cart_updated": 1,
    "checkout_started": 1,
}


@pytest.fixture(scope="module")
def gateway(
    databases: Databases, virtual_hosts: VirtualHosts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    directory: Path = tmp_path_factory.mktemp("gateway")
    services = ("identity", "profiles", "offers")
    with RunningGateway(databases, virtual_hosts, directory, services=services) as running:
        yield running


class ShopHost:
    """A host of the shop's own, with pages of a new source, and the gateway below /cdp."""

    def __init__(self, gateway: RunningGateway, directory: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._gateway = gateway
        self._directory = directory

    def make_pages(self, is_own_host: bool, milliseconds: int = HOUR) -> None:
        """Write the pages; they ask the gateway by this host, or by one of its own."""
        source = EventSource(new_id(), "Pages", "browser", allowed_origins=(self.url,))
        page = PAGE.format(
            host="/cdp" if is_own_host else self._gateway.url,
            key=self._gateway.add(source),
            milliseconds=milliseconds,
        )
        for name, text in (("article", page), ("cart", page), ("away", AWAY)):
            (self._directory / f"{name}.html").write_text(text)


@pytest.fixture
def shop(gateway: RunningGateway, tmp_path: Path) -> Iterator[ShopHost]:
    (configuration, _) = nginx_blocks(ROOT / "docs" / "howto" / "caching.md")
    name = "server_name shop.example;"
    assert name in configuration
    configuration = configuration.replace(
        name, f"server_name _; root {tmp_path}; types {{ text/html html; }}"
    )
    with NginxProxy(configuration, gateway.port, tmp_path / "nginx") as running:
        yield ShopHost(gateway, tmp_path, running.port)


def events_of(gateway: RunningGateway, device: str) -> Counter[str]:
    """How many events of each type the device has."""
    identifiers = {"anonymous_id": device}
    timeline = gateway.call("profiles", "timeline", identifiers=identifiers, limit=100)
    return Counter(entry["type"] for entry in timeline["entries"])


by_either_host = pytest.mark.parametrize(
    "is_own_host", [True, False], ids=["own host", "another host"]
)


@by_either_host
@pytest.mark.parametrize("hurt", ["killed", "frozen"])
def test_a_page_shows_its_own_words_and_what_it_tells_meanwhile_arrives_once(
    browser: BrowserProcess, gateway: RunningGateway, shop: ShopHost, hurt: str, is_own_host: bool
) -> None:
    # Of a gateway that is dead a page hears at once; of a frozen one it hears nothing.
    shop.make_pages(is_own_host, HOUR if hurt == "killed" else SECOND)

    def restart() -> None:
        gateway.start()
        gateway.wait_until_ready()

    hurts: dict[str, dict[str, Callable[[], object]]] = {
        "killed": {"decided": gateway.kill, "away": restart},
        "frozen": {"decided": gateway.freeze, "away": gateway.thaw},
    }
    device = browser.run(stories.outlive_gateway, at=hurts[hurt], url=shop.url)
    types = events_of(gateway, device)
    assert {name: types[name] for name in TOLD} == TOLD


@by_either_host
def test_nothing_is_lost_where_the_page_is_left_right_after_the_click(
    browser: BrowserProcess, gateway: RunningGateway, shop: ShopHost, is_own_host: bool
) -> None:
    shop.make_pages(is_own_host)
    device = browser.run(stories.leave_at_once, url=shop.url, tries=TRIES)
    deadline = time.monotonic() + PATIENCE
    while events_of(gateway, device)["product_clicked"] < TRIES and time.monotonic() < deadline:
        time.sleep(0.1)
    assert events_of(gateway, device)["product_clicked"] == TRIES


@pytest.mark.parametrize(("is_own_host", "days"), [(True, 400), (False, 7)])
def test_on_the_shops_own_host_the_cookie_outlives_what_a_script_may_set(
    browser: BrowserProcess, shop: ShopHost, is_own_host: bool, days: int
) -> None:
    shop.make_pages(is_own_host)
    assert round(browser.run(stories.keep_cookie, url=shop.url)) == days
