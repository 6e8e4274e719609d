"""What only an administrator of the broker can see: bindings, policies, everybody's queues."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

from cdp.doctor.snapshot import Administered
from chassis.core.addresses import split_address
from chassis.core.errors import InvalidInput
from deploy.broker import Administration, BrokerError, ControlCommand, ManagementAPI

VARIABLE = "CDP_MANAGEMENT_URI"
_LOCAL = {"localhost", "127.0.0.1", "::1"}


def read_administered(
    administration: Administration | None, virtual_host: str
) -> Administered | None:
    """What an administrator sees of the virtual host; None if there is none, or it is refused."""
    if administration is None:
        return None
    try:
        document = administration.export(virtual_host)
    except BrokerError:
        return None
    return Administered(
        frozenset((each["source"], each["destination"]) for each in document["bindings"]),
        {each["name"]: each for each in document["policies"]},
        {each["name"]: None for each in document["queues"]},
    )


def open_administration(uri: str) -> Administration | None:
    """How this process may administer the broker at `uri`; None if it may not.

    CDP_MANAGEMENT_URI=http://USER:PASSWORD@HOST:15672 lets it, and so does being root on the
    broker's machine. InvalidInput for what is no such URI.
    """
    if management := os.environ.get(VARIABLE):
        parts = split_address(management)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput(VARIABLE, "write http://USER:PASSWORD@HOST:15672")
        login = urlsplit(uri) if parts.username is None else parts
        user, password = unquote(login.username or "guest"), unquote(login.password or "guest")
        address = f"{parts.scheme}://{parts.hostname}:{parts.port or 15672}"
        return ManagementAPI(address, user, password)
    if (urlsplit(uri).hostname or "localhost") in _LOCAL and os.getuid() == 0:
        return ControlCommand()
    return None
