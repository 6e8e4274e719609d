"""What is believed of a request, by the address that it came from."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chassis.core.errors import InvalidInput
from services.gateway.configuration import read_gateway_settings
from services.gateway.server.proxies import TrustedProxies

HEADERS = [(b"x-forwarded-for", b"203.0.113.7"), (b"cf-ipcountry", b"DE"), (b"host", b"a")]


async def nothing(*_parts: Any) -> Any: ...


def believed(proxies: str, client: tuple[str, int] | None) -> tuple[Any, bool]:
    """The address that a request counts by, and whether it has a country."""
    seen: dict[str, Any] = {}

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.update(scope)

    scope = {"type": "http", "client": client, "headers": list(HEADERS)}
    asyncio.run(TrustedProxies(app, proxies, "cf-ipcountry")(scope, nothing, nothing))
    address = seen["client"] and seen["client"][0]
    return address, b"cf-ipcountry" in dict(seen["headers"])


def test_a_proxy_is_believed() -> None:
    assert believed("10.0.0.1", ("10.0.0.1", 5)) == ("203.0.113.7", True)


@pytest.mark.parametrize("proxies", ["10.0.0.1", ""])
def test_nobody_else_is(proxies: str) -> None:
    assert believed(proxies, ("198.51.100.9", 5)) == ("198.51.100.9", False)
    assert believed(proxies, None) == (None, False)


@pytest.mark.parametrize("proxies", ["*", "nginx", "10.0.0.1/8", "10.0.0.1, proxy.example"])
def test_a_proxy_without_an_address_is_no_setting(
    monkeypatch: pytest.MonkeyPatch, proxies: str
) -> None:
    monkeypatch.setenv("CDP_AMQP_URI", "embedded://localhost")
    monkeypatch.setenv("CDP_GATEWAY_DATABASE_URI", "sqlite://")
    monkeypatch.setenv("CDP_GATEWAY_PROXIES", proxies)
    with pytest.raises(InvalidInput, match="CDP_GATEWAY_PROXIES: has"):
        read_gateway_settings()
    monkeypatch.setenv("CDP_GATEWAY_PROXIES", "10.0.0.0/8, 2001:db8::1,")
    assert read_gateway_settings().proxies == "10.0.0.0/8,2001:db8::1"
