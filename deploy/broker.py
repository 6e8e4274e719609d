"""RabbitMQ: a virtual host, and in it a user for each service with its own permissions."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from chassis.config.broker import RPC_EXCHANGE
from chassis.messaging.exchanges import policies
from contracts.topology import FOLLOWS
from deploy.access import permissions, rpc_routing_keys, tag

_PATIENCE = 60


class BrokerError(Exception):
    """The broker's administration refused or did not answer."""


class Administration(Protocol):
    """A way to administer a RabbitMQ node."""

    def load(self, definitions: Mapping[str, Any]) -> None:
        """Create or update what a definitions document says."""
        ...

    def virtual_hosts(self) -> list[str]: ...

    def users(self) -> list[str]: ...

    def delete(self, virtual_hosts: Sequence[str], users: Sequence[str]) -> None:
        """Delete these virtual hosts with all that is in them, and these users."""
        ...

    def close_connections(self, virtual_host: str) -> None:
        """Cut every connection into a virtual host."""
        ...

    def export(self, virtual_host: str) -> Mapping[str, Any]:
        """The `queues`, `bindings` and `policies` of a virtual host as they are."""
        ...


def definitions(virtual_host: str, passwords: Mapping[str, str], prefix: str) -> dict[str, Any]:
    """The RabbitMQ definitions document of a virtual host in which each name of `passwords` (a
    service, the client or the doctor) has the user `<prefix><name>`, with the policies of the
    queues."""
    document: dict[str, Any] = {"vhosts": [{"name": virtual_host}], "users": []}
    document |= {"permissions": [], "topic_permissions": []}
    document["policies"] = [
        {"vhost": virtual_host, "apply-to": "queues", "priority": 0} | policy
        for policy in policies(FOLLOWS)
    ]
    for name, password in passwords.items():
        place = {"user": f"{prefix}{name}", "vhost": virtual_host}
        allowed = permissions(name)
        document["users"].append(
            {
                "name": place["user"],
                "password_hash": _hash(password),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": tag(name),
            }
        )
        document["permissions"].append(
            place | {"configure": allowed.configure, "write": allowed.write, "read": allowed.read}
        )
        document["topic_permissions"].append(
            place | {"exchange": RPC_EXCHANGE, "write": ".*", "read": rpc_routing_keys(name)}
        )
    return document


class ControlCommand:
    """Administers the node of this machine with rabbitmqctl."""

    def __init__(self, command: Sequence[str] = ("rabbitmqctl",)) -> None:
        self._command = [*command, "-q"]

    def load(self, definitions: Mapping[str, Any]) -> None:
        # From a file, for RabbitMQ 4.0 waits for ever on its standard input; readable, for
        # rabbitmqctl becomes another user, and it holds hashes only.
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(definitions, file)
            file.flush()
            Path(file.name).chmod(0o644)
            self._run("import_definitions", file.name)

    def virtual_hosts(self) -> list[str]:
        return self._run("list_vhosts", "name", "--no-table-headers").splitlines()

    def users(self) -> list[str]:
        return [
            line.split("\t")[0]
            for line in self._run("list_users", "--no-table-headers").splitlines()
        ]

    def delete(self, virtual_hosts: Sequence[str], users: Sequence[str]) -> None:
        # One start of rabbitmqctl, not one for each name: each takes most of a second.
        steps = [f'catch rabbit_vhost:delete(<<"{name}">>, <<"cdp">>)' for name in virtual_hosts]
        steps += [
            f'catch rabbit_auth_backend_internal:delete_user(<<"{name}">>, <<"cdp">>)'
            for name in users
        ]
        self._run("eval", f"{', '.join([*steps, 'ok'])}.")

    def close_connections(self, virtual_host: str) -> None:
        self._run("close_all_connections", "--vhost", virtual_host, "cut by an operator")

    def export(self, virtual_host: str) -> Mapping[str, Any]:
        document = json.loads(self._run("export_definitions", "-"))
        return {
            kind: [row for row in document.get(kind, ()) if row["vhost"] == virtual_host]
            for kind in ("queues", "bindings", "policies")
        }

    def _run(self, *arguments: str) -> str:
        try:
            process = subprocess.run(
                [*self._command, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_PATIENCE,
                check=False,
                env=os.environ | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BrokerError(f"{self._command[0]}: {error}") from None
        if process.returncode:
            lines = (process.stderr or process.stdout).strip().splitlines()
            raise BrokerError(f"rabbitmqctl {arguments[0]}: {lines[0] if lines else 'failed'}")
        return process.stdout


class ManagementAPI:
    """Administers a node with the HTTP API of RabbitMQ's management plugin.

    `address` is http(s)://host:port; the user needs the tag administrator, and for `export` alone
    the tag management.
    """

    def __init__(self, address: str, user: str, password: str) -> None:
        self._address = address.rstrip("/")
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}

    def load(self, definitions: Mapping[str, Any]) -> None:
        self._call("POST", "definitions", definitions)

    def virtual_hosts(self) -> list[str]:
        return [row["name"] for row in self._call("GET", "vhosts")]

    def users(self) -> list[str]:
        return [row["name"] for row in self._call("GET", "users")]

    def delete(self, virtual_hosts: Sequence[str], users: Sequence[str]) -> None:
        for kind, names in (("vhosts", virtual_hosts), ("users", users)):
            for name in names:
                self._call("DELETE", f"{kind}/{quote(name, safe='')}", missing_ok=True)

    def close_connections(self, virtual_host: str) -> None:
        place = quote(virtual_host, safe="")
        for row in self._call("GET", f"vhosts/{place}/connections"):
            self._call("DELETE", f"connections/{quote(row['name'], safe='')}", missing_ok=True)

    def export(self, virtual_host: str) -> Mapping[str, Any]:
        # Not the definitions document, which only an administrator may read.
        place = quote(virtual_host, safe="")
        return {
            "queues": self._call("GET", f"queues/{place}?disable_stats=true"),
            "bindings": self._call("GET", f"bindings/{place}"),
            "policies": self._call("GET", f"policies/{place}"),
        }

    def _call(self, method: str, path: str, body: object = None, missing_ok: bool = False) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the address is the operator's own
            f"{self._address}/api/{path}",
            method=method,
            headers=self._headers,
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as response:  # noqa: S310
                text = response.read()
        except urllib.error.HTTPError as error:
            if missing_ok and error.code == 404:
                return None
            raise BrokerError(f"{method} {path}: HTTP {error.code} {error.reason}") from None
        except OSError as error:
            raise BrokerError(f"{self._address}: {error}") from None
        return json.loads(text) if text else None


def _hash(password: str) -> str:
    """RabbitMQ's salted hash: base64(salt + sha256(salt + password))."""
    salt = os.urandom(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
