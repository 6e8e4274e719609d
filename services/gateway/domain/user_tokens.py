"""User tokens: the shop's back end signs who is signed in, which proves a browser's user id.

A token is a JWT with HS256, signed with the token secret of the source: `sub` is the user id, `exp`
when it ends, `iat` when it was made. Other algorithms are not read, so none can be confused.
"""

from __future__ import annotations

from typing import Any

from chassis.core.errors import Refused
from chassis.core.signed_claims import read_claims, sign_claims
from services.gateway.domain.sources import EventSource

USER_TOKEN_HEADER = "x-cdp-user-token"  # noqa: S105 - the name of a header
_MAX_CHARS = 2_048
_LONGEST_SECONDS = 24 * 3600
_SECONDS_OF_SKEW = 60


def verified_user(source: EventSource, token: object, at: int) -> str | None:
    """The user id that a token proves at an instant (µs); None if it proves nothing."""
    if not isinstance(token, str) or len(token) > _MAX_CHARS or not token.isascii():
        return None
    try:
        claims = read_claims(token, source.token_secrets)
    except Refused:
        return None
    return _subject(claims, at // 1_000_000)


def sign_user(secret: str, user_id: str, issued_at: int, seconds: int = 3_600) -> str:
    """A token for `user_id` from `issued_at` (µs) on, as a shop's back end makes it."""
    now = issued_at // 1_000_000
    return sign_claims({"sub": user_id, "iat": now, "exp": now + seconds}, secret)


def _subject(claims: dict[str, Any], now: int) -> str | None:
    user_id, expires, issued = claims.get("sub"), claims.get("exp", 0), claims.get("iat", now)
    begins = claims.get("nbf", issued)
    if not isinstance(user_id, str) or not user_id.strip():
        return None
    if not all(type(each) in (int, float) for each in (expires, issued, begins)):
        return None
    lasts = max(issued, begins) - _SECONDS_OF_SKEW <= now < expires
    return user_id if lasts and expires - issued <= _LONGEST_SECONDS else None
