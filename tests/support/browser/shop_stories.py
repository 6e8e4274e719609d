"""What happens in the demo shop, as a visitor sees it; tests/e2e/test_shop.py has them run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page, expect

from tests.support.browser.visitor import PHONE, Visitor

_POLL_MS = 100
_TRIES = 300


def buy_as(
    visitor: Visitor,
    url: str,
    who: str,
    sees: Mapping[str, Mapping[str, str]],
    on_phone: bool = False,
) -> None:
    """A shopper of the demo goes from the cart to the order, and each slot has what is meant."""
    page = visitor.open(**(PHONE if on_phone else {}))
    become(page, url, who)
    for placement, path in (("cart", "/cart"), ("checkout", "/checkout")):
        page.goto(url + path)
        see(page, sees.get(placement, {}))
    order(page)
    see(page, sees.get("order_confirmation", {}))
    wait_for_event(page, url, "order completed")


def become(page: Page, url: str, who: str) -> None:
    """Start over as somebody."""
    page.goto(url)
    page.select_option("#persona", who)
    page.click(".persona button")
    page.wait_for_load_state()


def see(page: Page, slots: Mapping[str, str]) -> None:
    """The slots show these words, and they are decided."""
    for slot, words in slots.items():
        expect(page.locator(f"cdp-slot[slot={slot}]").first).to_have_attribute("state", "decided")
        expect(
            page.locator(f"cdp-slot[slot={slot}] [part=title]").get_by_text(words)
        ).to_be_visible()


def order(page: Page) -> None:
    """Place the order; a guest gives an address, and an account's stands there."""
    if not (address := page.get_by_label("E-mail address")).input_value():
        address.fill("somebody@example.com")
    page.get_by_role("button", name="Place the order").click()
    page.wait_for_url("**/orders/*")


def sign_in_midway(visitor: Visitor, url: str) -> list[str]:
    """A guest fills a cart and signs in; the words of the experiment before and after."""
    page = visitor.open()
    new_guest(page, url, "yes")
    put_into_cart(page, url, "jacket-rain")
    reviews = page.locator("cdp-slot[slot=summary] [part=title]").filter(has_text="5 stars")
    before = reviews.inner_text()
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name="Lena").click()
    page.wait_for_url("**/cart")
    expect(reviews).to_be_visible()
    expect(page.locator("#who")).to_contain_text("proved who is signed in")
    wait_for_event(page, url, "signed in")
    return [before, reviews.inner_text()]


def refuse_consent(visitor: Visitor, url: str) -> None:
    """Who refuses leaves no trace, and gets what the cart alone decides."""
    page = visitor.open()
    new_guest(page, url, "no")
    put_into_cart(page, url, "watch-run-5")
    see(page, {"summary": "Tempo 5: only 2 left", "upsell": "Two more years of warranty"})
    page.goto(f"{url}/?q=coffee")
    page.goto(f"{url}/checkout")
    see(page, {"extras": "Two more years of warranty"})
    names = [cookie["name"] for cookie in page.context.cookies()]
    assert sorted(names) == ["shop_consent", "shop_visit"], names
    assert page.evaluate("Object.keys(localStorage)") == []
    assert visitor.sent("/v1/b") == visitor.sent("/v1/outcomes") == []
    asked = [json.loads(body) for body in visitor.sent("/v1/decide")]
    assert {json.dumps(each["identifiers"]) for each in asked} == {"{}"}, asked
    assert not any("x-cdp-user-token" in each.headers for each in visitor.requests)
    expect(page.locator("#who")).to_contain_text("Consent was refused")


def ask_first(visitor: Visitor, url: str) -> None:
    """Nothing is stored or sent before an answer; then all that was seen meanwhile is sent."""
    page = visitor.open()
    page.goto(f"{url}/articles/lamp-brass")
    expect(page.locator("#banner")).to_be_visible()
    assert visitor.sent("/v1/b") == []
    assert [c["name"] for c in page.context.cookies()] == ["shop_visit"]
    page.locator("#banner button[data-consent=yes]").click()
    wait_for_event(page, url, "product viewed")
    wait_for_event(page, url, "consent changed")


def withdraw_consent(visitor: Visitor, url: str) -> None:
    """Who takes it back is told of once, and then forgotten."""
    page = visitor.open()
    new_guest(page, url, "yes")
    wait_for_event(page, url, "page viewed")
    page.goto(f"{url}/privacy")
    page.locator("main button[data-consent=no]").click()
    expect(page.locator("#answer")).to_have_text("You have said no.")
    last = json.loads(visitor.sent("/v1/b")[-1])["batch"][-1]
    assert last["context"]["consent"]["categoryPreferences"]["analytics"] is False, last
    sent = len(visitor.sent("/v1/b"))
    page.goto(f"{url}/articles/lamp-brass")
    page.wait_for_load_state("load")
    assert len(visitor.sent("/v1/b")) == sent
    assert "cdp_id" not in [cookie["name"] for cookie in page.context.cookies()]
    assert page.evaluate("Object.keys(localStorage)") == []


def lose_gateway(visitor: Visitor, url: str) -> None:
    """The gateway dies: pages show their own words at once, and what they tell arrives later."""
    page = visitor.open()
    new_guest(page, url, "yes")
    wait_for_event(page, url, "page viewed")
    page.locator("#gateway-switch").click()
    expect(page.locator("#gateway-state")).to_have_text("The gateway is down.")
    page.goto(f"{url}/articles/kettle-2l")
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url("**/cart")
    for slot, words in (("delivery", "You see what delivery costs"), ("upsell", "30 days")):
        place = page.locator(f"cdp-slot[slot={slot}]")
        expect(place).to_have_attribute("state", "fallback")
        expect(place.get_by_text(words)).to_be_visible()
    assert "product viewed" not in events_of(page, url)
    page.locator("#gateway-switch").click()
    expect(page.locator("#gateway-state")).to_have_text("The gateway is up.")
    page.goto(url)
    for name in ("product viewed", "product added", "cart updated"):
        wait_for_event(page, url, name)
    visitor.ignore_unreached()


def start_gateway(visitor: Visitor, url: str) -> None:
    """Whatever has become of it, it is up."""
    visitor.open().request.post(f"{url}/gateway", form={"is_up": "yes"})


def check_accessibility(visitor: Visitor, url: str, axe: str) -> int:
    """No page has a violation that axe-core finds; how many pages were looked at."""
    page = visitor.open()
    looked = 0
    with open(axe, encoding="utf-8") as file:
        source = file.read()

    def look(path: str) -> None:
        nonlocal looked
        page.goto(url + path)
        for place in page.locator("cdp-slot").all():
            expect(place).to_have_attribute("state", "decided")
        page.evaluate(source)
        found: list[dict[str, Any]] = page.evaluate(
            "axe.run().then(({ violations }) => violations)"
        )
        violations = [(v["id"], [node["target"] for node in v["nodes"]]) for v in found]
        assert violations == [], f"{path}: {violations}"
        looked += 1

    look("/")  # with the banner
    become(page, url, "grace")
    for path in (
        "/",
        "/?q=lamp",
        "/articles/kettle-2l",
        "/cart",
        "/checkout",
        "/sign-in",
        "/privacy",
    ):
        look(path)
    page.goto(f"{url}/checkout")
    order(page)
    look(page.url.removeprefix(url))
    return looked


def take_picture(visitor: Visitor, url: str, path: str) -> None:
    """The shop as the README shows it."""
    page = visitor.open(viewport={"width": 1400, "height": 860})
    become(page, url, "grace")
    page.goto(f"{url}/checkout")
    see(page, {"loyalty": "Your tier is gold"})
    wait_for_event(page, url, "checkout started")
    expect(page.locator("#who .chips")).to_contain_text("gold and recent")
    expect(page.locator("#decision details").first).to_be_visible()
    page.screenshot(path=path)


def new_guest(page: Page, url: str, answer: str) -> None:
    """Somebody new, who answers the banner."""
    page.goto(url)
    page.locator(f"#banner button[data-consent={answer}]").click()
    expect(page.locator("#banner")).to_be_hidden()


def put_into_cart(page: Page, url: str, sku: str) -> None:
    """Look at an article, and put it into the cart."""
    page.goto(f"{url}/articles/{sku}")
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url("**/cart")


def events_of(page: Page, url: str) -> set[str]:
    """The names of what the panel says that has come since this visit began."""
    state = page.request.get(f"{url}/panel?after=0").json()
    return {each["title"] for each in state["entries"]}


def wait_for_event(page: Page, url: str, name: str) -> None:
    """Something of this name comes to be recorded."""
    assert name in _wait_until(page, url, {name}), f"{name} has not come: {events_of(page, url)}"


def _wait_until(page: Page, url: str, wanted: set[str]) -> set[str]:
    found: set[str] = set()
    for _ in range(_TRIES):
        found = events_of(page, url)
        if wanted <= found:
            break
        page.wait_for_timeout(_POLL_MS)
    return found
