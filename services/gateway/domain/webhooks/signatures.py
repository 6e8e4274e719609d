"""Signatures of webhooks, over the body as it came, by any of a source's secrets.

A secret is exchanged without a gap: both count while there are two. All comparisons take the same
time whatever they compare.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from chassis.core.errors import Refused
from chassis.core.instants import MINUTE, SECOND

TOLERANCE = 5 * MINUTE
"""How far the time of a signature may be from ours; what is older may be a replay."""

_FIELD = "signature"
_WRONG = (
    "does not belong to this body and the secrets of the source; "
    "`cdp keys secret --for webhooks` sets another one"
)
_UNCHECKABLE = (
    "cannot be checked: the source has no webhook secret; `cdp keys secret --for webhooks` sets one"
)
_STANDARD_PREFIX = "whsec_"
_MOST_SIGNATURES = 20


def check_shopify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> None:
    """Refused unless Shopify has signed the body; the name of the header has lost its `X-`."""
    given = headers.get("x-shopify-hmac-sha256") or headers.get("shopify-hmac-sha256", "")
    _check_base64(given, body, _keys(secrets), "X-Shopify-Hmac-Sha256")


def check_woocommerce(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> None:
    """Refused unless WooCommerce has signed the body."""
    _check_base64(
        headers.get("x-wc-webhook-signature", ""), body, _keys(secrets), "X-WC-Webhook-Signature"
    )


def check_stripe(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: int) -> None:
    """Refused unless Stripe has signed the body, within `TOLERANCE` of `now`."""
    given = headers.get("stripe-signature", "")
    parts = [part.strip().partition("=") for part in given.split(",", _MOST_SIGNATURES)]
    time = next((value for name, _, value in parts if name == "t"), "")
    signatures = [value for name, _, value in parts if name == "v1"]
    if not time or not signatures:
        raise Refused(_FIELD, "is missing: Stripe-Signature has no t and v1")
    _check_time(time, now)
    content = time.encode() + b"." + body
    expected = [hmac.digest(key, content, sha256).hex() for key in _keys(secrets)]
    _compare(signatures, expected)


def check_standard(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: int
) -> str:
    """The id of the message; Refused unless it is signed by Standard Webhooks, near to `now`."""
    message, time = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not message or not time or not given:
        raise Refused(
            _FIELD, "is missing: send webhook-id, webhook-timestamp and webhook-signature"
        )
    _check_time(time, now)
    versions = [each.partition(",") for each in given.split(" ", _MOST_SIGNATURES)]
    signatures = [value for version, _, value in versions if version == "v1"]
    content = f"{message}.{time}.".encode() + body
    _compare(signatures, _in_base64(content, [_standard_key(each) for each in _some(secrets)]))
    return message


def _check_base64(given: str, body: bytes, keys: Sequence[bytes], header: str) -> None:
    if not given:
        raise Refused(_FIELD, f"is missing: the request has no {header}")
    _compare([given], _in_base64(body, keys))


def _in_base64(content: bytes, keys: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(hmac.digest(key, content, sha256)).decode() for key in keys]


def _compare(given: Sequence[str], expected: Sequence[str]) -> None:
    """Refused unless one is among those expected; every pair is compared, so that none shows."""
    pairs = [
        hmac.compare_digest(one.encode(errors="replace"), other.encode())
        for one in given
        for other in expected
    ]
    if not any(pairs):
        raise Refused(_FIELD, _WRONG)


def _check_time(text: str, now: int) -> None:
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        raise Refused(_FIELD, "has no time: it must be in seconds since 1970")
    if abs(int(text) * SECOND - now) > TOLERANCE:
        raise Refused(_FIELD, "is older, or newer, than five minutes: is it a replay, or a clock?")


def _keys(secrets: Sequence[str]) -> list[bytes]:
    return [secret.encode() for secret in _some(secrets)]


def _some(secrets: Sequence[str]) -> Sequence[str]:
    found = [secret for secret in secrets if secret]
    if not found:
        raise Refused(_FIELD, _UNCHECKABLE)
    return found


def _standard_key(secret: str) -> bytes:
    """The key in a secret such as `whsec_c2VjcmV0`; one that is no base64 is itself the key."""
    try:
        return base64.b64decode(secret.removeprefix(_STANDARD_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()
