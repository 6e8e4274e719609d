"""Facts about the demo shop and the script of its pages, in Chromium."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cdp.embedded import EMBEDDED_KEY, database_path
from cdp.gateway import gateway_database
from services.gateway import store
from tests.support.browser import shop_stories as stories
from tests.support.browser.finding import install_packages
from tests.support.browser.process import BrowserProcess
from tests.support.ending import end_process
from tests.support.ports import free_port
from tests.support.shop_webhooks import SECRET, body_of, shopify_order, signed, source

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "shop.png"
_SECONDS = 120

FIRST_TIME_GUEST = {
    "cart": {
        "summary": "Harbour kettle: only 3 left",
        "delivery": "11.00 more, and delivery is free",
    },
    "checkout": {
        "reassurance": "New here? You are in good hands",
        "account": "Check out as a guest",
    },
    "order_confirmation": {"next": "5 percent off your second order", "account": "Keep your"},
}
ONE_TIME_BUYER = {"checkout": {"welcome": "Good to see you", "loyalty": "points with this order"}}
GOLD_CUSTOMER = {
    "cart": {"discount": "10 percent off", "delivery": "Your parcel goes first"},
    "checkout": {"welcome": "Welcome back", "loyalty": "Your tier is gold"},
    "order_confirmation": {"thanks": "Thank you once again", "service": "We are here for you"},
}
ANONYMOUS_RUNNER = {
    "cart": {"summary": "Tempo 5: only 2 left", "upsell": "Two more years of warranty"},
    "checkout": {"payment": "Pay with your phone's wallet"},
    "order_confirmation": {"extras": "Because you bought Tempo 5"},
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shop has its databases."""
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="module")
def url(directory: Path) -> Iterator[str]:
    """Where the shop is, for all of these tests: each has visits of its own."""
    port = str(free_port())
    command = [sys.executable, "-m", "cdp", "shop", "--port", port, "--directory", str(directory)]
    process = subprocess.Popen(command)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_open(address, process)
        yield address
    finally:
        assert end_process(process, 30) == 0


@pytest.mark.parametrize(
    ("who", "sees", "on_phone"),
    [
        ("ines", FIRST_TIME_GUEST, False),
        ("omar", ONE_TIME_BUYER, False),
        ("grace", GOLD_CUSTOMER, False),
        ("watch", ANONYMOUS_RUNNER, True),
    ],
)
def test_each_of_the_four_shoppers_sees_what_is_meant_for_them_up_to_the_order(
    browser: BrowserProcess, url: str, who: str, sees: dict[str, Any], on_phone: bool
) -> None:
    browser.run(stories.buy_as, url=url, who=who, sees=sees, on_phone=on_phone)


def test_a_guest_who_signs_in_midway_keeps_the_variant_and_is_known(
    browser: BrowserProcess, url: str
) -> None:
    before, after = browser.run(stories.sign_in_midway, url=url)
    assert before == after


def test_who_refuses_consent_leaves_no_trace_and_sees_offers_by_the_cart_alone(
    browser: BrowserProcess, url: str
) -> None:
    browser.run(stories.refuse_consent, url=url)


def test_nothing_is_stored_or_sent_before_an_answer_and_all_of_it_after_a_yes(
    browser: BrowserProcess, url: str
) -> None:
    browser.run(stories.ask_first, url=url)


def test_a_consent_that_is_taken_back_is_recorded_and_nothing_stays_on_the_device(
    browser: BrowserProcess, url: str
) -> None:
    browser.run(stories.withdraw_consent, url=url)


def test_while_the_gateway_is_down_pages_show_their_own_words_and_events_arrive_later(
    browser: BrowserProcess, url: str
) -> None:
    try:
        browser.run(stories.lose_gateway, url=url)
    finally:
        browser.run(stories.start_gateway, url=url)


def test_a_webhook_is_understood_beside_the_requests(
    url: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"sqlite:///{database_path(directory, 'gateway')}"
    monkeypatch.setenv("CDP_GATEWAY_DATABASE_URI", database)
    monkeypatch.setenv("CDP_IDENTIFIER_KEY", EMBEDDED_KEY)
    body = body_of(shopify_order())
    headers = {"X-Shopify-Topic": "orders/create", "X-Shopify-Hmac-Sha256": signed(body)}
    with gateway_database() as own:
        own.work.run(partial(store.put_source, source=source()))
        sign = partial(
            store.put_secret, seal=own.seal, source_id="src-1", purpose="webhooks", secret=SECRET
        )
        own.work.run(sign)
        sent = urllib.request.Request(f"{url}/cdp/webhooks/src-1/shopify", body, headers)
        with urllib.request.urlopen(sent, timeout=_SECONDS) as response:
            assert response.status == 200
        end = time.monotonic() + _SECONDS
        while (
            found := own.call("list_deliveries", {"source_id": "src-1"})[0]["status"]
        ) == "waiting":
            assert time.monotonic() < end, "nobody settles it"
            time.sleep(0.1)
    assert found == "done"


def test_axe_finds_no_violation_on_any_page(browser: BrowserProcess, url: str) -> None:
    axe = install_packages() / "axe-core" / "axe.min.js"
    assert browser.run(stories.check_accessibility, url=url, axe=str(axe)) == 9


def test_the_readme_shows_the_shop(browser: BrowserProcess, url: str) -> None:
    made = ROOT / "build" / "shop.png"
    made.parent.mkdir(exist_ok=True)
    browser.run(stories.take_picture, url=url, path=str(made))
    if not PICTURE.exists():
        shutil.copyfile(made, PICTURE)
        pytest.fail(f"{PICTURE.name} was missing, and is made: commit it")
    assert "docs/shop.png" in (ROOT / "README.md").read_text()
    assert PICTURE.read_bytes()[16:24] == made.read_bytes()[16:24], "its size is another one"


def _wait_until_open(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, "the shop has ended"
        try:
            with urllib.request.urlopen(address, timeout=_SECONDS):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the shop does not open")
