"""What pages do while their gateway, a real one, is away: see tests/e2e/test_lost_gateway.py."""

from __future__ import annotations

from collections.abc import Generator

from playwright.sync_api import Page, expect

from tests.support.browser.visitor import Visitor

_WAITING = "Object.keys(localStorage).filter(key => key.startsWith('cdp:')).length"


def outlive_gateway(visitor: Visitor, url: str) -> Generator[str, None, str]:
    """A shopper goes on while the gateway is away, and stays on the page until it is back.

    Stops at `decided`, where it is lost, and at `away`, where it comes back. What is returned is
    the id of the device.
    """
    page = visitor.open()
    page.goto(f"{url}/article.html")
    _see(page, "decided", "Secure payment")
    page.wait_for_function(f"{_WAITING} === 0")
    yield "decided"
    page.evaluate("cdp.track('Product Added', {product_id: 'kettle'}); cdp.refresh()")
    _see(page, "decided", "Secure payment")  # what was decided before is better
    page.goto(f"{url}/cart.html")
    _see(page, "fallback", "The shop's own words")
    page.evaluate("cdp.track('Cart Viewed', {cart_id: 'c-1', products: []})")
    page.evaluate("cdp.track('Checkout Started', {products: []})")
    assert page.evaluate(_WAITING) > 0
    yield "away"
    page.wait_for_function(f"{_WAITING} === 0")
    page.evaluate("cdp.refresh()")
    _see(page, "decided", "Secure payment")
    visitor.ignore_unreached()
    (device,) = (c["value"] for c in page.context.cookies() if c["name"] == "cdp_id")
    return device


def _see(page: Page, state: str, words: str) -> None:
    slot = page.locator("cdp-slot[slot=reassurance]")
    expect(slot).to_have_attribute("state", state)
    expect(slot.get_by_text(words)).to_be_visible()
