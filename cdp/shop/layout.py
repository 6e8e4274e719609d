"""What every page of the demo shop has: the head, the shop's own parts, the banner, the panel.

Markup escapes all that is put into it: what comes from a shopper is text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from cdp.shop.shoppers import SHOPPERS
from cdp.shop.visits import Visit

SHOP = "Larch"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_TEMPLATES = Path(__file__).with_name("templates")
_SIGN_IN = Markup('<a href="/sign-in">Sign in</a>')
_PEOPLE = {
    "new": "a new guest",
    **{s.key: f"{s.name}, {s.about}" for s in SHOPPERS.values()},
}


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the shop: its title, its main part, and what was searched for."""

    title: str
    main: Markup
    query: str = ""


@cache
def template(name: str) -> Markup:
    """The HTML of templates/, in which `format` puts values, escaped."""
    text = (_TEMPLATES / f"{name}.html").read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - a file of ours


def render(page: Page, visit: Visit, key: str, token: str | None) -> str:
    """The whole page for a visit; `token` proves to the gateway who is signed in."""
    user = visit.user
    account = template("sign_out").format(name=user.name) if user else _SIGN_IN
    people = Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(
            key_, Markup(" selected") if key_ == visit.persona else "", words
        )
        for key_, words in _PEOPLE.items()
    )
    return str(
        template("page").format(
            title=page.title,
            shop=SHOP,
            key=key,
            user=(user.user_id if user else "") or "",
            token=Markup(' data-user-token="{}"').format(token) if token else "",
            query=page.query,
            account=account,
            pieces=sum(visit.cart.values()) or "",
            main=page.main,
            people=people,
        )
    )


def data_block(value: Any, **attributes: str) -> Markup:
    """JSON in the page, which nobody runs: `<` is escaped, so that it ends with its element."""
    text = json.dumps(value).replace("<", "\\u003c")
    named = Markup("").join(
        Markup(' {}="{}"').format(name.replace("_", "-"), each) for name, each in attributes.items()
    )
    return Markup('<script type="application/json"{}>{}</script>').format(
        named,
        Markup(text),  # noqa: S704 - no element can begin or end in it
    )


def event_block(name: str, properties: Any) -> Markup:
    """An event that the script tells as soon as the page is there."""
    return data_block(properties, data_cdp_event=name)
