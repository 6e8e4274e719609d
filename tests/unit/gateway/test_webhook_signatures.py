"""Signatures of webhooks: right, wrong, old, by either secret of a rotation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from chassis import Refused
from chassis.core.instants import MINUTE, SECOND
from services.gateway.domain.webhooks.signatures import (
    TOLERANCE,
    check_shopify,
    check_standard,
    check_stripe,
    check_woocommerce,
)
from tests.support.shop_webhooks import RECEIVED_AT, SECRET, signed, stripe_signed

Check = Callable[[Mapping[str, str], bytes, Sequence[str]], None]
BODY = b'{"id": 1, "name": "K\\u00f6ln", "price": 1.10}'
SECONDS = RECEIVED_AT // SECOND
STANDARD = "whsec_bWFkZSB1cCBmb3IgdGVzdHM="
OTHER = "whsec_YW5vdGhlciBvbmU="


@pytest.mark.parametrize(
    ("check", "header"),
    [
        (check_shopify, "x-shopify-hmac-sha256"),
        (check_shopify, "shopify-hmac-sha256"),
        (check_woocommerce, "x-wc-webhook-signature"),
    ],
)
def test_a_body_counts_that_either_secret_of_a_rotation_has_signed(
    check: Check, header: str
) -> None:
    for secrets in ((SECRET,), ("newer", SECRET), (SECRET, "older")):
        check({header: signed(BODY)}, BODY, secrets)
    refused: list[tuple[dict[str, str], bytes, tuple[str, ...]]] = [
        ({header: signed(BODY, "another")}, BODY, (SECRET,)),
        ({header: signed(BODY)}, BODY + b" ", (SECRET,)),  # the same JSON, and another body
        ({header: signed(BODY)}, BODY, ("newer", "newest")),
        ({header: signed(BODY).lower()}, BODY, (SECRET,)),
        ({header: ""}, BODY, (SECRET,)),
        ({header: "\u00e9\U0001f600"}, BODY, (SECRET,)),
        ({}, BODY, (SECRET,)),
        ({header: signed(BODY)}, BODY, ()),
        ({header: signed(BODY, "")}, BODY, ("",)),  # an empty secret signs nothing
    ]
    for arguments in refused:
        with pytest.raises(Refused):
            check(*arguments)


def test_stripes_signature_counts_for_five_minutes() -> None:
    def check(header: str, now: int = RECEIVED_AT, *secrets: str) -> None:
        check_stripe({"stripe-signature": header}, BODY, secrets or (SECRET,), now)

    check(stripe_signed(BODY, SECONDS))
    check(stripe_signed(BODY, SECONDS, "another", SECRET))  # Stripe signs with both in a rotation
    check(stripe_signed(BODY, SECONDS), RECEIVED_AT, "newer", SECRET)
    check(stripe_signed(BODY, SECONDS), RECEIVED_AT + TOLERANCE)
    for header in (
        stripe_signed(BODY, SECONDS - 301),
        stripe_signed(BODY, SECONDS + 301),
        stripe_signed(BODY, SECONDS).replace(f"t={SECONDS}", f"t={SECONDS + 1}"),
        stripe_signed(BODY, SECONDS, "another"),
        stripe_signed(BODY + b"\n", SECONDS),
        stripe_signed(BODY, SECONDS).replace("v1=", "v0="),
        f"t={SECONDS}",
        "v1=00",
        "t=now,v1=00",
        f"t={'9' * 4_000},v1=00",
        "t=\u0661,v1=00",
        "",
    ):
        with pytest.raises(Refused):
            check(header)


def test_what_the_library_of_standard_webhooks_signs_counts_for_five_minutes() -> None:
    sent_at = datetime.fromtimestamp(SECONDS, UTC)

    def headers(body: bytes = BODY, secret: str = STANDARD) -> dict[str, str]:
        return {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(SECONDS),
            "webhook-signature": Webhook(secret).sign("msg_1", sent_at, body.decode()),
        }

    assert check_standard(headers(), BODY, (STANDARD,), RECEIVED_AT) == "msg_1"
    assert check_standard(headers(), BODY, (OTHER, STANDARD), RECEIVED_AT) == "msg_1"
    both = f"{headers(secret=OTHER)['webhook-signature']} {headers()['webhook-signature']}"
    check_standard(headers() | {"webhook-signature": both}, BODY, (STANDARD,), RECEIVED_AT)
    for wrong, now in (
        (headers(secret=OTHER), RECEIVED_AT),
        (headers(BODY + b" "), RECEIVED_AT),
        (headers() | {"webhook-id": "msg_2"}, RECEIVED_AT),
        (headers() | {"webhook-timestamp": str(SECONDS + 1)}, RECEIVED_AT),
        (headers() | {"webhook-signature": "v1a,AAAA"}, RECEIVED_AT),
        (headers() | {"webhook-signature": ""}, RECEIVED_AT),
        (headers(), RECEIVED_AT + 6 * MINUTE),
        (headers(), RECEIVED_AT - 6 * MINUTE),
        ({}, RECEIVED_AT),
    ):
        with pytest.raises(Refused):
            check_standard(wrong, BODY, (STANDARD,), now)


def test_ours_and_the_librarys_signatures_are_the_same_ones() -> None:
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(datetime.now(UTC).timestamp())),
    }
    moment = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    headers["webhook-signature"] = Webhook(STANDARD).sign("msg_1", moment, BODY.decode())
    Webhook(STANDARD).verify(BODY, headers)
    check_standard(headers, BODY, (STANDARD,), int(moment.timestamp()) * SECOND)
