"""What happens in the golden databases, beside the stories of examples/shoppers.ndjson.

Every name, address and number here is made up; 020 7946 0000 to 0999 are kept for fiction.
"""

from __future__ import annotations

from typing import Any

Event = dict[str, Any]

JUNE = "1998-06-25T12:00:00Z"
MIDNIGHT = "1998-07-01T00:00:00Z"
NIGHT = "1998-07-01T01:00:00Z"  # where the clock of the golden databases stands


def guest(event_id: str, kind: str, time: str, /, data: Any = None, **who: str) -> Event:
    """An event that nobody has authenticated; `time` is "06-20T10:00" of 1998."""
    return {
        "id": event_id,
        "type": kind,
        "time": f"1998-{time}:00Z",
        "identifiers": who,
        "authenticated": False,
        "data": data or {},
    }


def account(event_id: str, kind: str, time: str, /, data: Any = None, **who: str) -> Event:
    """An event of somebody who is signed in."""
    return guest(event_id, kind, time, data, **who) | {"authenticated": True}


def order(number: str, revenue: int, currency: str, *products: tuple[str, str, int, int]) -> Any:
    """An order's data; a product is (sku, category, quantity, price)."""
    return {
        "order_id": number,
        "revenue": revenue,
        "currency": currency,
        "products": lines(*products),
    }


def cart(currency: str, *products: tuple[str, str, int, int]) -> Any:
    """A cart's data."""
    value = sum(quantity * price for _, _, quantity, price in products)
    return {"products": lines(*products), "value": value, "currency": currency}


def lines(*products: tuple[str, str, int, int]) -> list[Any]:
    """Lines of an order or a cart."""
    names = ("sku", "category", "quantity", "price")
    return [dict(zip(names, product, strict=True)) for product in products]


LAMP, VASE, BOOK = ("lamp", "home", 1, 1900), ("vase", "home", 2, 300), ("book", "books", 1, 4200)
TENT, SOCKS = ("tent", "outdoor", 1, 12000), ("socks", "clothing", 3, 700)

# A guest who orders, then makes an account on the same device: she keeps her profile id.
NORA = [
    guest("nora-1", "product_viewed", "06-20T10:00", {"sku": "lamp"}, device_id="nora-tablet")
    | {"context": {"device": "tablet", "language": "sv", "referrer": "https://blog.example/"}},
    guest(
        "nora-2", "order_completed", "06-20T10:10", order("nora-order-1", 2500, "EUR", LAMP, VASE),
        device_id="nora-tablet", email=" Nora@Example.com ",
    ),
    account(
        "nora-3", "signed_in", "06-21T09:00",
        user_id="nora", device_id="nora-tablet", email="nora@example.com",
    ),
    account(
        "nora-4", "order_refunded", "06-22T09:00",
        {"order_id": "nora-order-1", "amount": 300, "currency": "EUR"}, user_id="nora",
    ),
    account(
        "nora-5", "traits_changed", "06-22T10:00",
        {"traits": {"first_name": "Nóra", "city": "Malmö", "sizes": {"shoe": 39}}}, user_id="nora",
    ),
    account(
        "nora-6", "traits_changed", "06-23T10:00",
        {"traits": {"city": None, "newsletter": True}}, user_id="nora",
    ),
    account(
        "nora-7", "consent_changed", "06-23T10:01",
        {"purposes": {"email": True, "sms": False}}, user_id="nora",
    ),
    account(
        "nora-8", "consent_changed", "06-24T10:01",
        {"purpose": "email", "granted": False}, user_id="nora",
    ),
]  # fmt: skip

# A guest who types an e-mail that an account proves afterwards: the guest joins the account.
PIA = [
    guest("pia-1", "cart_updated", "06-21T20:00", cart("GBP", BOOK), anonymous_id="pia-phone"),
    guest(
        "pia-2", "checkout_started", "06-21T20:05", cart("GBP", BOOK),
        anonymous_id="pia-phone", email="pia@example.com",
    ),
    guest(
        "pia-3", "order_completed", "06-21T20:10", order("pia-order-1", 4200, "GBP", BOOK),
        anonymous_id="pia-phone", email="pia@example.com",
    ),
    account(
        "pia-4", "signed_in", "06-22T20:00",
        user_id="pia", anonymous_id="pia-laptop", email="pia@example.com",
    ),
    account("pia-5", "order_cancelled", "06-22T20:05", {"order_id": "pia-order-1"}, user_id="pia"),
]  # fmt: skip

# A device that three accounts share, and an e-mail that two of them prove.
FAMILY = [
    account(
        "ana-1", "signed_in", "06-18T18:00",
        user_id="ana", device_id="family-ipad", email="ana@example.com",
    ),
    account(
        "ana-2", "order_completed", "06-18T18:10", order("ana-order-1", 12000, "USD", TENT),
        user_id="ana", device_id="family-ipad",
    ),
    account("ana-3", "signed_out", "06-18T18:20", user_id="ana", device_id="family-ipad"),
    account("ben-1", "signed_in", "06-18T20:00", user_id="ben", device_id="family-ipad"),
    guest("ben-2", "cart_updated", "06-18T20:05", cart("USD", SOCKS), device_id="family-ipad"),
    account("ben-3", "signed_out", "06-18T20:20", user_id="ben", device_id="family-ipad"),
    guest("ipad-1", "product_viewed", "06-18T21:00", {"sku": "kite"}, device_id="family-ipad"),
    account("cleo-1", "signed_in", "06-19T18:00", user_id="cleo", device_id="family-ipad"),
    account("ana-4", "signed_in", "06-20T18:00", user_id="ana", device_id="family-ipad"),
    guest("ana-5", "cart_updated", "06-20T18:05", {"products": []}, device_id="family-ipad"),
    account(
        "ben-4", "traits_changed", "06-21T18:00", {"traits": {"first_name": "Ben"}},
        user_id="ben", email="ana@example.com",
    ),
]  # fmt: skip

# An account that proves more e-mails than a profile may have.
OLGA = [
    account(
        f"olga-{number}", "newsletter_opened", f"06-15T10:0{number}", {"issue": number},
        user_id="olga", email=f"olga{number}@example.com",
    )
    for number in range(1, 7)
]  # fmt: skip

# A sister signs in on a phone that is another's; the desk parts it, before the last two.
MIA = [
    account("mia-1", "signed_in", "06-10T08:00", user_id="mia", anonymous_id="mia-laptop"),
    account(
        "mia-2", "order_completed", "06-10T08:10", order("mia-order-1", 1900, "USD", LAMP),
        user_id="mia", anonymous_id="mia-laptop",
    ),
    guest("lou-1", "product_viewed", "06-11T08:00", {"sku": "socks"}, device_id="lou-phone"),
    guest(
        "lou-2", "order_completed", "06-11T08:10", order("lou-order-1", 2100, "USD", SOCKS),
        device_id="lou-phone", phone="+44 20 7946 0018",
    ),
    account("mia-3", "signed_in", "06-12T08:00", user_id="mia", device_id="lou-phone"),
    account(
        "tess-1", "signed_in", "06-12T09:00",
        user_id="tess", anonymous_id="tess-pc", email="tess@example.com",
    ),
]  # fmt: skip
AFTER_THE_SPLITS = [
    account(
        "mia-4", "order_completed", "06-30T22:00", order("mia-order-2", 4200, "USD", BOOK),
        user_id="mia",
    ),
    account(
        "tess-2", "product_viewed", "06-30T22:10", {"product_id": "kettle"},
        user_id="tess", email="tess@example.com",
    ),
]  # fmt: skip

# Guests whom the desk merges: Ivo's at once, Uma's while all but identity are down.
GUESTS = [
    guest("ivo-1", "product_viewed", "06-13T08:00", {"sku": "tent"}, anonymous_id="ivo-phone"),
    guest(
        "ivo-2", "order_completed", "06-13T09:00", order("ivo-order-1", 12000, "USD", TENT),
        anonymous_id="ivo-tv",
    ),
    guest("uma-1", "product_viewed", "06-14T08:00", {"sku": "vase"}, anonymous_id="uma-phone"),
    guest("uma-2", "product_viewed", "06-14T09:00", {"sku": "lamp"}, anonymous_id="uma-tv"),
]  # fmt: skip

# Known by a loyalty card alone.
CARD = {"loyalty_id": "L-200777"}
KAI = [
    account("kai-1", "loyalty_enrolled", "06-16T08:00", **CARD),
    account("kai-2", "loyalty_points_changed", "06-16T08:01", {"points": 600}, **CARD),
    account("kai-3", "loyalty_tier_changed", "06-16T08:02", {"tier": "silver"}, **CARD),
    account("kai-4", "loyalty_points_changed", "06-17T08:00", {"points": -150}, **CARD),
]

# An event type of the shop's own, a sender's clock that is wrong, and events that come late.
REX = [
    account(
        "rex-1", "store_visited", "06-24T16:00",
        {"store": "Zürich", "beacons": [{"id": 7, "seconds": 12.5}, {"id": 9}], "rainy": True},
        user_id="rex", phone="+442079460019", email="null",
    ),
    account(
        "rex-2", "order_completed", "06-25T15:00", order("rex-order-1", 9900, "USD"), user_id="rex"
    ) | {"sent_at": "1998-06-25T15:05:00Z"},
    account(
        "rex-3", "order_completed", "01-05T09:00", order("rex-order-2", 700, "USD", SOCKS),
        user_id="rex",
    ),
    account("rex-4", "order_refunded", "06-25T11:58", {"order_id": "rex-order-2"}, user_id="rex"),
]  # fmt: skip
TWICE = [
    account("rex-3", "order_completed", "01-05T09:00", order("other", 1, "USD"), user_id="rex"),
    account("kai-4", "loyalty_points_changed", "06-17T08:00", {"points": 9}, **CARD),
    *[
        account("rex-5", "newsletter_opened", "06-25T11:59", {"issue": issue}, user_id="rex")
        for issue in (1, 2)
    ],
]

# A tablet at which strangers type their e-mails, one of whom makes an account; and an account that
# is first named by somebody who has not signed in.
STRANGERS = [
    guest(
        "tablet-1", "checkout_started", "06-08T10:00", cart("USD", VASE),
        anonymous_id="shop-tablet", email="dora@example.com",
    ),
    guest(
        "tablet-2", "checkout_started", "06-08T11:00", cart("USD", LAMP),
        anonymous_id="shop-tablet", email="emil@example.com",
    ),
    account(
        "dora-1", "signed_in", "06-09T10:00",
        user_id="dora", anonymous_id="dora-phone", email="dora@example.com",
    ),
    guest(
        "yan-1", "product_viewed", "06-09T12:00", {"sku": "book"},
        user_id="yan", anonymous_id="yan-phone",
    ),
    account("yan-2", "signed_in", "06-09T12:05", user_id="yan", anonymous_id="yan-phone"),
]  # fmt: skip

JUNE_EVENTS = [*STRANGERS, *OLGA, *MIA, *GUESTS, *KAI, *FAMILY, *NORA, *PIA, *REX]

# Whose cart is left behind an hour after this, when the clock has stood already.
NIGHT_EVENTS = [
    guest("ivo-3", "cart_updated", "07-01T00:30", cart("USD", SOCKS), anonymous_id="ivo-phone"),
]

DEFINITIONS = [
    {
        "segment": "high_value",
        "rule": 'revenue("USD") >= 100',
        "description": "Has spent 100 USD or more, net of refunds.",
    },
    {
        "segment": "newsletter_reader",
        "rule": 'count("newsletter_opened", within="30d") >= 3\nor traits.newsletter == True',
        "description": "Reads what we write: opened three issues in 30 days, or asked for it.",
    },
    {"segment": "frequent_buyer", "rule": "False", "description": "No longer in use."},
]

# What profiles records while segments and offers are down. Segments is told that there is HEARD_OF,
# is made to fail on POISON, and knows nothing of the others; offers knows nothing of any.
HEARD_OF = account(
    "omar-6", "order_completed", "07-01T00:50", order("omar-order-2", 4800, "USD", VASE),
    user_id="omar",
)  # fmt: skip
POISON = account(
    "lena-3", "order_completed", "07-01T00:51", order("lena-order-1", 11800, "USD", TENT),
    user_id="lena",
)  # fmt: skip
UNHEARD_OF = [
    account(
        "guest-4", "signed_in", "07-01T00:52",
        user_id="ines", anonymous_id="guest-browser", email="ines@example.com",
    ),
    account(
        "nora-9", "order_completed", "07-01T00:53", order("nora-order-2", 4200, "EUR", BOOK),
        user_id="nora",
    ),
]  # fmt: skip
# Committed by a process that died before it could publish.
UNPUBLISHED = [
    account("kai-5", "loyalty_points_changed", "07-01T00:54", {"points": 1000}, **CARD),
]
# Accepted while identity is down.
WAITING = [
    account(
        "grace-22", "order_completed", "07-01T00:55",
        order("grace-order-9", 7900, "USD", ("poles-trek", "outdoor", 1, 7900)),
        user_id="grace", loyalty_id="L-100234",
    ),
    guest("vic-1", "product_viewed", "07-01T00:56", {"sku": "book"}, anonymous_id="vic-phone"),
    guest("vic-2", "cart_updated", "07-01T00:57", cart("GBP", BOOK), anonymous_id="vic-phone"),
]  # fmt: skip

# Who is asked for by what the shop knows of them.
KNOWN_BY: list[dict[str, str]] = [
    {"user_id": "grace"},
    {"email": "NORA@example.com"},
    {"device_id": "family-ipad"},
    {"anonymous_id": "ivo-tv"},
    CARD,
    {"phone": "+44 20 7946 0019"},
    {"user_id": "nobody"},
]

# Whose history is told by identity, as it has what is particular.
EXPLAINED: list[dict[str, str]] = [
    {"user_id": "mia"},
    {"user_id": "ana"},
    {"user_id": "pia"},
    {"user_id": "dora"},
    {"user_id": "yan"},
    {"user_id": "ben"},
    {"device_id": "lou-phone"},
    {"anonymous_id": "ivo-phone"},
]

# Requests of the checkout, beside those of examples/requests.
REQUESTS: dict[str, dict[str, Any]] = {
    "an account on the order's confirmation": {
        "placement": "order_confirmation",
        "identifiers": {"user_id": "nora", "device_id": "nora-tablet"},
        "authenticated": True,
        "context": {"value": 2200, "currency": "EUR", "device": "tablet", "language": "sv"},
    },
    "a device that is known": {
        "placement": "checkout",
        "identifiers": {"device_id": "nora-tablet"},
        "authenticated": False,
        "context": {"value": 2200, "currency": "EUR"},
    },
    "somebody who types an account's e-mail": {
        "placement": "checkout",
        "identifiers": {"email": "ana@example.com"},
        "authenticated": False,
        "context": {"value": 12000, "currency": "USD"},
    },
    "a stranger": {"placement": "checkout", "identifiers": {"anonymous_id": "a-new-phone"}},
    "a loyalty card": {
        "placement": "order_confirmation",
        "identifiers": CARD,
        "authenticated": True,
        "context": {"items": [{"sku": "book", "quantity": 1}], "stock": {"strap-sport": 0}},
    },
}
