"""The settings of the gateway, read from the environment."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

from environs import Env

from chassis.config.door import read_address
from chassis.config.settings import Settings, read_settings
from chassis.core.addresses import split_address
from chassis.core.errors import InvalidInput

_DEFAULT_ADDRESS = "127.0.0.1:8070"
_HEADER = re.compile(r"[A-Za-z0-9-]{1,60}")
_MOST_DIGITS = 15
_KEY_RATE = 2_000.0
_ADDRESS_RATE = 200.0
_ADDRESS_CONNECTIONS = 200
_BODY_BYTES = 64 * 1024 * 1024
_LEAST_BODY_BYTES = 16 * 1024 * 1024  # the largest body twice, as it came and inflated
_REJECT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """The settings of a process of the gateway.

    `offers` is the address of offers' HTTP door with its key, if it is to be asked there.
    `proxies` are the addresses whose `X-Forwarded-For` is believed, and `country_header` is what
    they say the country of a request in. Rates are requests a second and process.
    `address_connections` are those of one address at once, `body_bytes` those of all bodies under
    way, `reject_bytes` what is kept a day of what public keys of a source send wrongly: each of one
    process. `node_modules` is where npm packages are, whose scripts browsers may ask for.
    """

    common: Settings
    address: tuple[str, int]
    offers: tuple[str, int] | None = None
    offers_key: str = field(default="", repr=False)
    proxies: str = "127.0.0.1"
    country_header: str | None = None
    key_rate: float = _KEY_RATE
    address_rate: float = _ADDRESS_RATE
    address_connections: int = _ADDRESS_CONNECTIONS
    body_bytes: int = _BODY_BYTES
    reject_bytes: int = _REJECT_BYTES
    node_modules: Path | None = None


def read_gateway_settings() -> GatewaySettings:
    """The settings in the environment; InvalidInput names the variable to correct."""
    env = Env()
    address = read_address("CDP_GATEWAY_HTTP", env.str("CDP_GATEWAY_HTTP", "") or _DEFAULT_ADDRESS)
    if address is None:
        raise InvalidInput("CDP_GATEWAY_HTTP", "must be a host and a port")
    offers = _offers(env.str("CDP_GATEWAY_OFFERS", ""))
    key = env.str("CDP_GATEWAY_OFFERS_KEY", "").partition(",")[0].strip()
    if offers is not None and not key:
        raise InvalidInput("CDP_GATEWAY_OFFERS_KEY", "is not set; it is one of CDP_OFFERS_KEYS")
    return GatewaySettings(
        common=read_settings("gateway", has_door=False),
        address=address,
        offers=offers,
        offers_key=key,
        proxies=_proxies(env.str("CDP_GATEWAY_PROXIES", "127.0.0.1")),
        country_header=_header(env.str("CDP_GATEWAY_COUNTRY_HEADER", "")),
        key_rate=_rate(env, "CDP_GATEWAY_KEY_RATE", _KEY_RATE),
        address_rate=_rate(env, "CDP_GATEWAY_ADDRESS_RATE", _ADDRESS_RATE),
        address_connections=_number(
            env, "CDP_GATEWAY_ADDRESS_CONNECTIONS", _ADDRESS_CONNECTIONS, least=1
        ),
        body_bytes=_number(env, "CDP_GATEWAY_BODY_BYTES", _BODY_BYTES, _LEAST_BODY_BYTES),
        reject_bytes=_number(env, "CDP_GATEWAY_REJECT_BYTES", _REJECT_BYTES, least=0),
        node_modules=_directory(env.str("CDP_GATEWAY_NODE_MODULES", "")),
    )


def _offers(text: str) -> tuple[str, int] | None:
    """The host and port of offers' HTTP door."""
    if not text:
        return None
    url = split_address(text if "//" in text else f"http://{text}")
    if url.scheme != "http" or url.path not in ("", "/"):
        raise InvalidInput("CDP_GATEWAY_OFFERS", "must be an address such as http://offers:8090")
    return read_address("CDP_GATEWAY_OFFERS", url.netloc)


def _proxies(text: str) -> str:
    """Addresses and networks: a name would be believed of nobody, and `*` of everybody."""
    addresses = [each.strip() for each in text.split(",") if each.strip()]
    for address in addresses:
        try:
            ip_network(address)
        except ValueError:
            message = f"has {address[:50]}: give addresses and networks, such as 10.0.0.0/8"
            raise InvalidInput("CDP_GATEWAY_PROXIES", message) from None
    return ",".join(addresses)


def _header(name: str) -> str | None:
    if name and not _HEADER.fullmatch(name):
        message = "must be the name of a header, such as CF-IPCountry"
        raise InvalidInput("CDP_GATEWAY_COUNTRY_HEADER", message)
    return name.lower() or None


def _directory(name: str) -> Path | None:
    if name and not Path(name).is_dir():
        raise InvalidInput("CDP_GATEWAY_NODE_MODULES", "must be a directory that is there")
    return Path(name) if name else None


def _rate(env: Env, variable: str, default: float) -> float:
    text = env.str(variable, "") or str(default)
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise InvalidInput(variable, "must be requests a second, such as 200")
    return rate


def _number(env: Env, variable: str, default: int, least: int) -> int:
    text = env.str(variable, "") or str(default)
    if not (text.isascii() and text.isdecimal()) or len(text) > _MOST_DIGITS or int(text) < least:
        raise InvalidInput(variable, f"must be a whole number from {least} on, such as {default}")
    return int(text)
