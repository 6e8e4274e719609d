"""What the script does in pages without a gateway: routes answer in its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, expect

from services.gateway.scripts import SCRIPT
from tests.support.browser.visitor import Visitor

SHOP = "http://shop.test"  # without TLS, and not on this machine's own name
EXAMPLES = Path(__file__).parents[3] / "examples" / "web"
BUILT = EXAMPLES.parents[1] / "build" / "examples-web"
_FRAME = (
    '<!doctype html><html lang="en"><title>Shop</title><script src="/cdp/cdp.js" {}></script>{}'
)
_CONSENT = "<script>cdp.consent({analytics: true})</script>"
_PATIENCE = "AbortSignal.timeout = () => new AbortController().signal"  # of a busy machine
_TYPES = {".html": "text/html", ".js": "text/javascript"}


class StandIn:
    """Answers for the shop and for its gateway, and keeps what was asked."""

    def __init__(self, page: Page, pages: Mapping[str, str]) -> None:
        self.decisions: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.outcomes: list[dict[str, Any]] = []
        self.slots: dict[str, list[dict[str, Any]]] = {}
        self.status = 200
        self._pages = pages
        page.route(f"{SHOP}/**", self._answer)

    def _answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(SHOP).partition("?")[0]
        if path == "/cdp/cdp.js":
            route.fulfill(body=SCRIPT.read_text(), content_type=_TYPES[".js"])
        elif path in self._pages:
            kind = _TYPES.get(Path(path).suffix, _TYPES[".html"])
            route.fulfill(body=self._pages[path], content_type=kind)
        elif path.startswith("/cdp/v1/"):
            self._take(route, path.removeprefix("/cdp/v1/"), route.request.post_data or "")
        else:
            route.fulfill(status=204)

    def _take(self, route: Route, path: str, body: str) -> None:
        if self.status != 200:
            route.fulfill(status=self.status)
            return
        answer: dict[str, Any] = {"success": True}
        match path:
            case "decide":
                self.decisions.append(json.loads(body))
                answer = {"decision_id": f"d-{len(self.decisions)}", "slots": self.slots}
            case "b":
                self.events += json.loads(body)["batch"]
            case "outcomes":
                self.outcomes += json.loads(body)["outcomes"]
        route.fulfill(json=answer)

    def names(self) -> list[str]:
        """The names of the events that have come."""
        return [event.get("event", event["type"]) for event in self.events]


def run_example(visitor: Visitor, name: str) -> None:
    """An example shows its blocks by one request, acts on a click, and both are reported."""
    page = visitor.open()
    page.add_init_script(_PATIENCE)
    stand_in = StandIn(page, _example(name))
    stand_in.slots = {
        "delivery": [block("free", title="Delivery is free")],
        "extras": [block("strap", title="A strap", add={"sku": "strap"})],
        "loyalty": [block("gold", title="You are gold")],
    }
    page.goto(f"{SHOP}/")
    delivery = page.locator("cdp-slot[slot=delivery]")
    expect(delivery.get_by_text("Delivery is free")).to_be_visible()
    expect(delivery.get_by_text("before you pay")).to_be_hidden()
    assert [each["context"]["value"] for each in stand_in.decisions] == [5_900]
    page.get_by_role("button", name="Add to cart").click()
    if name == "plain":
        expect(page.get_by_role("heading", name="You are gold")).to_be_visible()
        wait_for(page, lambda: "Checkout Started" in stand_in.names())
    else:
        expect(page.locator("#value")).to_have_text("78 USD")
        wait_for(page, lambda: len(stand_in.decisions) == 2)
        assert stand_in.decisions[1]["context"]["value"] == 7_800
    wanted = {("shown", "free"), ("shown", "strap"), ("clicked", "strap")}
    wait_for(page, lambda: wanted <= {(o["kind"], o["offer_id"]) for o in stand_in.outcomes})


def show_markup(visitor: Visitor) -> None:
    """What looks like HTML in contents is text, and an address that runs leads nowhere."""
    bad = '<img src=x onerror="window.ran=1"><script>window.ran=1</script>{{7*7}}'
    urls = ("javascript:window.ran=1", "java\nscript:window.ran=1", "data:text/html,<script>1")
    page = visitor.open()
    page.add_init_script(_PATIENCE)
    template = '<template><b data-field="title"></b><a data-href="url">x</a></template>'
    slots = "".join(
        f'<cdp-slot placement="cart" slot="s{n}">{template if n == 3 else ""}</cdp-slot>'
        for n in range(4)
    )
    stand_in = StandIn(page, {"/": _FRAME.format('data-key="k"', _CONSENT + slots)})
    contents = [{"url": url, "image": url, "label": bad} for url in (*urls, urls[0])]
    stand_in.slots = {
        f"s{n}": [block("a", title=bad, text=bad, code=bad, badges=[bad], **content)]
        for n, content in enumerate(contents)
    }
    page.goto(f"{SHOP}/")
    for number in range(4):
        place = page.locator(f"cdp-slot[slot=s{number}]")
        expect(place).to_have_attribute("state", "decided")
        expect(place.get_by_text(bad).first).to_be_visible()
        expect(place.locator("img, script, a[href]")).to_have_count(0)
    assert page.evaluate("window.ran") is None


def decide_late(visitor: Visitor) -> None:
    """Without an answer in time, or with an error, what stands in the element shows, and stays."""
    page = visitor.open()
    slot = '<cdp-slot placement="cart" slot="a" timeout="{}"><p>Our own words</p></cdp-slot>'
    pages = {
        "/late": _FRAME.format("", slot.format(200)),
        "/wrong": _FRAME.format("", slot.format(60_000)),
    }
    stand_in = StandIn(page, pages)
    stand_in.slots = {"a": [block("a", title="Too late")]}
    waiting: list[Route] = []
    page.route("**/v1/decide*", lambda route: waiting.append(route))  # noqa: PLW0108 - it is marked
    page.goto(f"{SHOP}/late")
    place = page.locator("cdp-slot")
    expect(place).to_have_attribute("state", "fallback")
    expect(place.get_by_text("Our own words")).to_be_visible()
    page.unroute_all()
    stand_in = StandIn(page, pages)
    stand_in.status = 503
    page.goto(f"{SHOP}/wrong")
    expect(place).to_have_attribute("state", "fallback")
    expect(place.get_by_text("Our own words")).to_be_visible()
    visitor.errors.clear()  # of the 503


def follow_banners(visitor: Visitor) -> None:
    """Consent Mode's commands and calls from before the script count; GPC refuses sharing."""
    page = visitor.open()
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    before = """<script>
      dataLayer = []; function gtag() { dataLayer.push(arguments) }
      gtag("consent", "default", {analytics_storage: "denied", ad_storage: "denied"});
      (cdp = window.cdp || []).push(["track", "Queued"]);
    </script>"""
    frame = _FRAME.format('data-key="k" defer', "")
    stand_in = StandIn(page, {"/": frame.replace("<script src", f"{before}<script src")})
    page.goto(f"{SHOP}/")
    page.wait_for_function("cdp.track")
    assert stand_in.events == []
    page.evaluate(
        'gtag("consent", "update", {analytics_storage: "granted", ad_storage: "granted"})'
    )
    wait_for(page, lambda: "Queued" in stand_in.names())
    update = next(e for e in stand_in.events if "Consent" in str(e.get("event")))
    preferences = update["context"]["consent"]["categoryPreferences"]
    assert preferences == {"analytics": True, "sale_or_sharing": False}, preferences
    assert len({event["anonymousId"] for event in stand_in.events}) == 1


CONSENTS = {  # by the way in which it is given: the script's attribute, and what runs before it
    "attribute": ('data-consent="given"', ""),
    "consent mode": ("", "dataLayer = [['consent', 'default', {analytics_storage: 'granted'}]]"),
    "call": ("", "cdp = [['consent', {analytics: true}]]"),
}


def track_at_once(visitor: Visitor, way: str) -> None:
    """Where consent is there before the script, the page is told at once, with its device."""
    page = visitor.open()
    attribute, before = CONSENTS[way]
    frame = _FRAME.format(f'data-key="k" defer {attribute}', f"<script>{before}</script>")
    stand_in = StandIn(page, {"/": frame})
    page.goto(f"{SHOP}/")
    wait_for(page, lambda: "page" in stand_in.names())
    assert "cdp_id" in {each.get("name") for each in page.context.cookies()}


def keep_until_it_arrives(visitor: Visitor) -> None:
    """What nobody has taken is sent again, by the next page too, under the same id."""
    page = visitor.open()
    stand_in = StandIn(page, {"/": _FRAME.format('data-key="k"', _CONSENT)})
    stand_in.status = 503
    page.goto(f"{SHOP}/")
    page.evaluate("cdp.track('Kept')")
    kept = page.evaluate("Object.values(localStorage).filter(each => each.includes('Kept'))")
    stand_in.status = 200
    page.reload()
    wait_for(page, lambda: "Kept" in stand_in.names())
    arrived = [e["messageId"] for e in stand_in.events if e.get("event") == "Kept"]
    assert arrived == [json.loads(kept[0][1:])["messageId"]], (arrived, kept)
    page.wait_for_function("!Object.values(localStorage).some(each => each.includes('Kept'))")
    visitor.errors.clear()  # of the 503


_SLOT = '<cdp-slot placement="cart" slot="a" {}>Our own words</cdp-slot>'
_GIVEN = 'data-key="k" data-consent="given"'


def load_twice(visitor: Visitor) -> None:
    """A page that has the script twice tells what happens once."""
    page = visitor.open()
    twice = f'<script src="/cdp/cdp.js" {_GIVEN}></script><button data-cdp-event="Clicked">'
    stand_in = StandIn(page, {"/": _FRAME.format(_GIVEN, twice)})
    page.goto(f"{SHOP}/")
    page.get_by_role("button").click()
    wait_for(page, lambda: "Clicked" in stand_in.names())
    assert stand_in.names() == ["page", "Clicked"]


def fill_storage(visitor: Visitor) -> None:
    """A storage that keeps nothing more costs neither events nor blocks, whenever consent comes."""
    page = visitor.open()
    page.add_init_script(_PATIENCE)
    page.add_init_script("Storage.prototype.setItem = () => { throw new Error('full') }")
    signed_in = 'data-user="u-1"'
    given = _FRAME.format(f"{_GIVEN} {signed_in}", _SLOT)
    asked = _FRAME.format(f'data-key="k" {signed_in}', _SLOT)
    stand_in = StandIn(page, {"/given": given, "/asked": asked})
    stand_in.slots = {"a": [block("a", title="Yours")]}
    page.goto(f"{SHOP}/given")
    expect(page.locator("cdp-slot")).to_have_attribute("state", "decided")
    wait_for(page, lambda: sorted(stand_in.names()) == ["identify", "page"])
    stand_in.events.clear()
    page.goto(f"{SHOP}/asked")
    page.evaluate("cdp.track('Early'); cdp.consent({analytics: true})")
    wait_for(page, lambda: {"identify", "page", "Early"} <= set(stand_in.names()))


def change_context(visitor: Visitor) -> None:
    """A request has the context of the slots that are in the page, as it is now."""
    page = visitor.open()
    page.add_init_script(_PATIENCE)
    slot = _SLOT.format('context="#cart"')
    cart = '<script type="application/json" id="cart">{"value": 1, "coupon": "X"}</script>'
    stand_in = StandIn(page, {"/": _FRAME.format(_GIVEN, slot + cart)})
    page.goto(f"{SHOP}/")
    wait_for(page, lambda: len(stand_in.decisions) == 1)
    page.evaluate("document.querySelector('cdp-slot').context = {value: 2}")
    wait_for(page, lambda: len(stand_in.decisions) == 2)
    page.evaluate("""
        document.querySelector("cdp-slot").remove();
        const slot = document.createElement("cdp-slot");
        slot.setAttribute("placement", "cart");
        document.body.append(slot);
    """)
    wait_for(page, lambda: len(stand_in.decisions) == 3)
    contexts = [each["context"] for each in stand_in.decisions]
    known = [{name: c[name] for name in ("value", "coupon") if name in c} for c in contexts]
    assert known == [{"value": 1, "coupon": "X"}, {"value": 2}, {}]


def withdraw_consent(visitor: Visitor, purpose: str) -> None:
    """Once it is withdrawn, the blocks of a page are decided by the cart alone."""
    page = visitor.open()
    page.add_init_script(_PATIENCE)
    stand_in = StandIn(page, {"/": _FRAME.format(_GIVEN, _SLOT)})
    page.goto(f"{SHOP}/")
    wait_for(page, lambda: len(stand_in.decisions) == 1)
    page.evaluate(f"cdp.consent({{{purpose}: false}})")
    wait_for(page, lambda: len(stand_in.decisions) == 2)
    assert [bool(each["identifiers"]) for each in stand_in.decisions] == [True, False]


def prove_later(visitor: Visitor) -> None:
    """A sign-in that was told without its proof is told again with it, and then no more."""
    page = visitor.open()
    stand_in = StandIn(page, {"/": _FRAME.format(_GIVEN, "")})
    page.goto(f"{SHOP}/")
    page.evaluate("cdp.identify('u-1')")
    page.evaluate("for (const n of [1, 2]) cdp.identify('u-1', {token: 't'}); cdp.track('Last')")
    wait_for(page, lambda: "Last" in stand_in.names())
    tokens = [e["context"].get("userToken") for e in stand_in.events if e["type"] == "identify"]
    assert tokens == [None, "t"]


def block(offer_id: str, **content: Any) -> dict[str, Any]:
    """A block of a decision."""
    return {"offer_id": offer_id, "offer_version": 1, "variant": "default", "content": content}


def wait_for(page: Page, holds: Any) -> None:
    """Wait until something holds."""
    for _ in range(200):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it does not come to hold")


def _example(name: str) -> dict[str, str]:
    if name == "plain":
        folder = EXAMPLES / name
        return {
            "/": (folder / "index.html").read_text(),
            "/banner.js": (folder / "banner.js").read_text(),
        }
    body = f'{_CONSENT}<div id="app"></div><script type="module" src="/main.js"></script>'
    return {
        "/": _FRAME.format('data-key="k"', body),
        "/main.js": (BUILT / name / "main.js").read_text(),
    }
