"""A gateway is killed, or freezes, under a page in Chromium: nothing is lost, and nobody waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
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
<p>The shop's own words</p></cdp-slot>"""
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


@pytest.fixture
def shop(gateway: RunningGateway, tmp_path: Path) -> Iterator[NginxProxy]:
    """The shop's own host, by the nginx of the documents: files, and the gateway below /cdp."""
    (configuration, _) = nginx_blocks(ROOT / "docs" / "howto" / "caching.md")
    name = "server_name shop.example;"
    assert name in configuration
    configuration = configuration.replace(
        name, f"server_name _; root {tmp_path}; types {{ text/html html; }}"
    )
    with NginxProxy(configuration, gateway.port, tmp_path / "nginx") as running:
        yield running


@pytest.mark.parametrize("is_own_host", [True, False], ids=["own host", "another host"])
@pytest.mark.parametrize("hurt", ["killed", "frozen"])
def test_a_page_shows_its_own_words_and_what_it_tells_meanwhile_arrives_once(
    browser: BrowserProcess,
    gateway: RunningGateway,
    shop: NginxProxy,
    tmp_path: Path,
    hurt: str,
    is_own_host: bool,
) -> None:
    url = f"http://127.0.0.1:{shop.port}"
    key, _ = gateway.add_source(EventSource(new_id(), "Pages", "browser", allowed_origins=(url,)))
    # Of a gateway that is dead a page hears at once; of a frozen one it hears nothing.
    page = PAGE.format(
        host="/cdp" if is_own_host else gateway.url,
        key=key,
        milliseconds=HOUR if hurt == "killed" else SECOND,
    )
    for name in ("article", "cart"):
        (tmp_path / f"{name}.html").write_text(page)

    def restart() -> None:
        gateway.start_gateway()
        gateway.wait_until_ready()

    hurts: dict[str, dict[str, Callable[[], object]]] = {
        "killed": {"decided": partial(gateway.kill, "gateway"), "away": restart},
        "frozen": {
            "decided": partial(gateway.freeze, "gateway"),
            "away": partial(gateway.thaw, "gateway"),
        },
    }
    device = browser.run(stories.outlive_gateway, at=hurts[hurt], url=url)
    timeline = gateway.call("profiles", "timeline", identifiers={"anonymous_id": device}, limit=100)
    types = Counter(entry["type"] for entry in timeline["entries"])
    assert {name: types[name] for name in TOLD} == TOLD
