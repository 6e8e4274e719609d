"""The cookie of the script, set anew by the server: browsers keep that longer than a script's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chassis.core.addresses import split_address
from services.gateway.domain.exchange import EdgeRequest

_COOKIE = re.compile(r"(?:^|;\s*)cdp_id=([\w.-]{1,100})(?:;|$)", re.ASCII)
_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_SECONDS = 400 * 24 * 3600  # the longest that browsers keep one


def renewed_cookie(request: EdgeRequest) -> Mapping[str, str]:
    """The header that sets the cookie anew as it came, if the page is of the gateway's own host.

    The script makes the cookie once a shopper allows it, and deletes it; no other is made here.
    `domain` of the query is the script's `data-domain`.
    """
    found = _COOKIE.search(request.headers.get("cookie", ""))
    origin = split_address(request.headers.get("origin", ""))
    host = request.headers.get("host", "")
    if found is None or not host or origin.netloc != host:
        return {}
    parts = [f"cdp_id={found[1]}", "Path=/", f"Max-Age={_SECONDS}", "SameSite=Lax"]
    if origin.scheme == "https":
        parts.append("Secure")
    domain = request.query.get("domain", "")
    if domain:
        if not _DOMAIN.fullmatch(domain) or not f".{origin.hostname}".endswith(f".{domain}"):
            return {}
        parts.append(f"Domain={domain}")
    return {"Set-Cookie": "; ".join(parts)}
