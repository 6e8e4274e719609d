"""The demo shop as a WSGI application: its pages, its panel, and the gateway below /cdp."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from cdp.shop import catalogue, pages
from cdp.shop.edge import ShopGateway, ShopKeys
from cdp.shop.journal import Journal
from cdp.shop.layout import CSP, Page, render
from cdp.shop.panel import Panel
from cdp.shop.shoppers import SHOPPERS
from cdp.shop.visits import Visit, Visits
from chassis.core.clock import Clock
from chassis.core.instants import format_instant
from chassis.runtime.local_http import HangUp
from services.gateway.domain.serving import ReceivedRequest

GATEWAY_PATH = "/cdp"
DEVICE_COOKIE = "cdp_id"  # the script's
_VISIT_COOKIE = "shop_visit"
_CONSENT_COOKIE = "shop_consent"
_YEAR = 365 * 24 * 3600
_STATIC = Path(__file__).with_name("static")
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_MOST_BODY = 256 * 1024
_SECURITY = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}

Answer = Callable[[Request, Visit], Response]


class Site:
    """The shop: each request is one visit's, by a cookie of the shop's own."""

    def __init__(
        self, edge: ShopGateway, panel: Panel, journal: Journal, keys: ShopKeys, clock: Clock
    ) -> None:
        self._edge = edge
        self._panel = panel
        self._journal = journal
        self._keys = keys
        self._clock = clock
        self._visits = Visits()
        self._gets: dict[str, Answer] = {
            "/": self._catalogue,
            "/cart": self._cart,
            "/checkout": self._checkout,
            "/panel": self._panel_state,
            "/privacy": self._privacy,
            "/sign-in": self._sign_in_page,
        }
        self._posts: dict[str, Answer] = {
            "/be": self._become,
            "/cart": self._put_into_cart,
            "/checkout": self._order,
            "/gateway": self._switch_gateway,
            "/sign-in": self._sign_in,
            "/sign-out": self._sign_out,
        }

    def __call__(self, environ: Mapping[str, Any], start: Any) -> Iterable[bytes]:
        """The WSGI application."""
        request = Request(dict(environ))
        request.max_content_length = _MOST_BODY
        answered: Iterable[bytes] = self._respond(request)(dict(environ), start)
        return answered

    def _respond(self, request: Request) -> Response:
        path = request.path
        if path.startswith(f"{GATEWAY_PATH}/"):
            return self._ask_gateway(request, path.removeprefix(GATEWAY_PATH))
        if path.startswith("/static/"):
            return _static(path.removeprefix("/static/"))
        visit = self._visits.find(request.cookies.get(_VISIT_COOKIE))
        is_new = visit is None
        visit = visit or self._visits.open(self._journal.last)
        asks = request.method == "POST"
        answer = self._posts.get(path) if asks else self._gets.get(path, self._other)
        response = answer(request, visit) if answer else Response("", 405)
        if is_new and _VISIT_COOKIE not in response.headers.get("Set-Cookie", ""):
            response.set_cookie(_VISIT_COOKIE, visit.visit_id, httponly=True, samesite="Lax")
        response.headers.extend(_SECURITY)
        response.headers["Cache-Control"] = "no-store"
        return response

    # The gateway

    def _ask_gateway(self, request: Request, path: str) -> Response:
        if not self._edge.is_up:
            raise HangUp
        answer = self._edge.answer(
            ReceivedRequest(
                method=request.method,
                path=path,
                received_at=self._clock.now(),
                query=request.args.to_dict(),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=request.get_data(),
            )
        )
        body = answer.body
        if not isinstance(body, str | bytes):
            body = b"" if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **answer.headers}
        return Response(body, answer.status, headers)

    def _switch_gateway(self, request: Request, _visit: Visit) -> Response:
        self._edge.is_up = request.form.get("is_up") == "yes"
        return redirect("/", 303)

    # Who it is

    def _identifiers(self, request: Request, visit: Visit) -> dict[str, str]:
        """What the shop's server knows a visit by, as far as it was allowed."""
        identifiers = {}
        if device := request.cookies.get(DEVICE_COOKIE):
            identifiers["anonymous_id"] = device
        if visit.user and visit.user.user_id:
            identifiers["user_id"] = visit.user.user_id
        return identifiers

    def _become(self, request: Request, _visit: Visit) -> Response:
        """Another shopper in another browser: nothing of the one before is left."""
        shopper = SHOPPERS.get(request.form.get("who", ""))
        visit = self._visits.open(self._journal.last)
        response = redirect("/cart" if shopper and shopper.cart else "/", 303)
        response.headers["Clear-Site-Data"] = '"storage"'
        response.set_cookie(_VISIT_COOKIE, visit.visit_id, httponly=True, samesite="Lax")
        response.delete_cookie(DEVICE_COOKIE)
        if shopper is None:
            response.delete_cookie(_CONSENT_COOKIE)
            return response
        visit.persona = shopper.key
        visit.cart = dict(shopper.cart)
        if shopper.user_id:
            visit.user = shopper
        device = shopper.device or str(uuid.uuid4())
        response.set_cookie(DEVICE_COOKIE, device, max_age=_YEAR, samesite="Lax")
        response.set_cookie(_CONSENT_COOKIE, "yes", max_age=_YEAR, samesite="Lax")
        return response

    def _sign_in(self, request: Request, visit: Visit) -> Response:
        shopper = SHOPPERS.get(request.form.get("who", ""))
        if shopper and shopper.user_id:
            visit.user = shopper
        return redirect("/cart" if visit.cart else "/", 303)

    def _sign_out(self, _request: Request, visit: Visit) -> Response:
        visit.user = None
        return redirect("/", 303)

    # The shop

    def _show(self, page: Page, visit: Visit, status: int = 200) -> Response:
        user_id = visit.user.user_id if visit.user else None
        token = self._keys.token_of(user_id, self._clock.now()) if user_id else None
        text = render(page, visit, self._keys.pages, token)
        return Response(text, status, content_type="text/html; charset=utf-8")

    def _catalogue(self, request: Request, visit: Visit) -> Response:
        query = request.args.get("q", "").strip()[:100]
        return self._show(pages.catalogue_page(catalogue.search(query), query), visit)

    def _cart(self, _request: Request, visit: Visit) -> Response:
        return self._show(pages.cart_page(visit), visit)

    def _put_into_cart(self, request: Request, visit: Visit) -> Response:
        visit.add(request.form.get("sku", ""), request.form.get("quantity", 1, type=int))
        return redirect("/cart", 303)

    def _checkout(self, _request: Request, visit: Visit) -> Response:
        return (
            self._show(pages.checkout_page(visit), visit) if visit.cart else redirect("/cart", 303)
        )

    def _order(self, request: Request, visit: Visit) -> Response:
        """Place the order, and have the shop's server tell it: no page is trusted with that."""
        if not visit.cart:
            return redirect("/cart", 303)
        order_id = f"L-{uuid.uuid4().hex[:8]}"
        order = visit.place_order(order_id, request.form.get("email", "")[:200])
        identifiers = self._identifiers(request, visit)
        if order.email:
            identifiers["email"] = order.email
        event = {
            "id": f"{order_id}-completed",
            "type": "order_completed",
            "time": format_instant(self._clock.now()),
            "identifiers": identifiers,
            "authenticated": visit.user is not None,
            "data": {
                "order_id": order_id,
                "revenue": order.value,
                "currency": catalogue.CURRENCY,
                "products": [
                    {**line.article.as_product(line.quantity), "price": line.article.price}
                    for line in order.lines
                ],
            },
        }
        self._edge.tell(event, self._keys.servers, self._clock.now())
        return redirect(f"/orders/{order_id}", 303)

    def _other(self, request: Request, visit: Visit) -> Response:
        head, _, rest = request.path[1:].partition("/")
        if head == "articles" and (article := catalogue.find_article(rest)):
            return self._show(pages.article_page(article), visit)
        if head == "orders" and (order := visit.orders.get(rest)):
            return self._show(pages.confirmation_page(order), visit)
        return self._show(pages.missing_page(), visit, 404)

    def _sign_in_page(self, _request: Request, visit: Visit) -> Response:
        return self._show(pages.sign_in_page(), visit)

    def _privacy(self, request: Request, visit: Visit) -> Response:
        return self._show(pages.privacy_page(request.cookies.get(_CONSENT_COOKIE)), visit)

    def _panel_state(self, request: Request, visit: Visit) -> Response:
        consent = request.cookies.get(_CONSENT_COOKIE)
        after = request.args.get("after", 0, type=int)
        identifiers = self._identifiers(request, visit)
        state = self._panel.state(visit, after, identifiers, consent)
        state["gateway"] = self._edge.is_up
        return Response(json.dumps(state), content_type="application/json")


def _static(path: str) -> Response:
    """A file of the shop's, by names that can lead nowhere else."""
    kind = _TYPES.get(path.rpartition(".")[2])
    found = _STATIC
    for part in path.split("/"):
        found = found / part
        if part.startswith(".") or not part:
            return Response("", 404)
    if kind is None or not found.is_file():
        return Response("", 404)
    return Response(found.read_bytes(), content_type=f"{kind}; charset=utf-8")
