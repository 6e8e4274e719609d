"""What pages do with a real gateway, and without it: see tests/e2e/test_pages_of_a_gateway.py."""

from __future__ import annotations

from collections.abc import Generator

from playwright.sync_api import Page, expect

from tests.support.browser.visitor import Visitor

_WAITING = "Object.keys(localStorage).filter(key => key.startsWith('cdp:')).length"

_SAFARI = """
const { get, set } = Object.getOwnPropertyDescriptor(Document.prototype, "cookie");
Object.defineProperty(document, "cookie", {
  get() { return get.call(document); },
  set(text) { set.call(document, text.replace(/max-age=[1-9]\\d*/, "max-age=604800")); },
});
"""


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
    return _device(page)


def leave_at_once(visitor: Visitor, url: str, tries: int) -> str:
    """A link is clicked, and the page is gone; no later page can send what was left. The device."""
    page = visitor.open()
    for _ in range(tries):
        page.goto(f"{url}/article.html")
        page.wait_for_function(f"{_WAITING} === 0")
        page.get_by_role("link", name="Buy").click()
        page.wait_for_url("**/away.html")
        page.evaluate("localStorage.clear()")
    return _device(page)


def keep_cookie(visitor: Visitor, url: str) -> float:
    """A browser keeps what a script sets for 7 days, as Safari does; for how many it has the id."""
    page = visitor.open()
    page.add_init_script(_SAFARI)
    with page.expect_response("**/v1/b?*"):
        page.goto(f"{url}/article.html")
    page.wait_for_function(f"{_WAITING} === 0")
    (expires,) = (c["expires"] for c in page.context.cookies() if c["name"] == "cdp_id")
    now = page.evaluate("Date.now() / 1000")
    page.evaluate("cdp.consent({analytics: false})")
    page.wait_for_function("!document.cookie.includes('cdp_id')")
    return float((expires - now) / 86_400)


def _device(page: Page) -> str:
    (device,) = (c["value"] for c in page.context.cookies() if c["name"] == "cdp_id")
    return str(device)


def _see(page: Page, state: str, words: str) -> None:
    slot = page.locator("cdp-slot[slot=reassurance]")
    expect(slot).to_have_attribute("state", state)
    expect(slot.get_by_text(words)).to_be_visible()
