"""What proxies say of a request, of which those of others is nothing worth."""

from __future__ import annotations

from typing import Any, cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware


class TrustedProxies:
    """Believes `X-Forwarded-For` and the header of the country from some addresses alone."""

    def __init__(self, app: ASGIApp, proxies: str, country_header: str | None) -> None:
        self._believing = ProxyHeadersMiddleware(cast("Any", app), proxies)
        self._country = (country_header or "").encode()

    def trusts(self, address: str) -> bool:
        """Whether what comes from an address is believed."""
        return address in self._believing.trusted_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request as what is believed of it says."""
        client = scope.get("client")
        if self._country and (client is None or not self.trusts(client[0])):
            headers = scope.get("headers", [])
            scope["headers"] = [each for each in headers if each[0] != self._country]
        await self._believing(cast("Any", scope), cast("Any", receive), cast("Any", send))
