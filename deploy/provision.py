"""Prepares a broker and a database server for the services; running it again changes nothing.

`python -m deploy.provision` is what Compose runs once before it starts the services: it makes
users, databases, tables, exchanges and queues, and changes nothing that is as it should be.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Mapping

from chassis.messaging.exchanges import declare_at, subscribe_at
from contracts.topology import ALL_NAMES, TOPOLOGY
from deploy.access import CLIENT, DOCTOR
from deploy.broker import definitions
from deploy.databases import Cluster
from deploy.find_postgresql import find_cluster
from deploy.find_rabbitmq import Broker, find_broker
from deploy.machine import NoServer
from deploy.services import upgrade

_NAMESPACE = re.compile(r"[a-z][a-z0-9_]{,39}")


def namespace() -> str:
    """The name of the virtual host, and what the names of users and databases begin with.

    NoServer if CDP_NAMESPACE cannot be one.
    """
    name = os.environ.get("CDP_NAMESPACE") or "cdp"
    if not _NAMESPACE.fullmatch(name):
        raise NoServer(
            "CDP_NAMESPACE: must be small letters, digits and _, a letter first, at most 40"
        )
    return name


def provision(cluster: Cluster, broker: Broker, passwords: Mapping[str, str]) -> dict[str, str]:
    """Make all that the services need; `passwords` has one for each of them and the client, and may
    have one for the doctor.

    A service's password is that of its user on the broker and in its database. The owners of the
    tables get a new one at every run: returns where each of them reaches its database.
    """
    owners = {}
    broker.administration.load(definitions(namespace(), passwords, _user("")))
    for name in ALL_NAMES:
        user, owner, secret = _user(name), f"{_user(name)}_owner", secrets.token_hex(16)
        cluster.create_role(user, passwords[name])
        cluster.create_role(owner, secret)
        cluster.create_database(user, owner, user)
        owners[name] = cluster.uri_for(owner, secret, user)
        upgrade(name, owners[name], user)
    for service in TOPOLOGY:
        declare_at(broker_uri(broker, service.name, passwords), service.name)
    for service in TOPOLOGY:
        uri = broker_uri(broker, service.name, passwords)
        subscribe_at(uri, service.name, service.follows)
    return owners


def broker_uri(broker: Broker, name: str, passwords: Mapping[str, str]) -> str:
    """Where the service `name`, or the client, reaches the broker."""
    return broker.uri(_user(name), passwords[name], namespace())


def database_uri(cluster: Cluster, name: str, passwords: Mapping[str, str]) -> str:
    """Where the service `name` reaches its database."""
    return cluster.uri_for(_user(name), passwords[name], _user(name))


def main() -> int:
    """Provision the servers that the environment names; 1 and a message if that cannot be."""
    names = (*ALL_NAMES, CLIENT)
    missing = [variable for name in names if not os.environ.get(variable := _variable(name))]
    if missing:
        print(
            f"provision: {', '.join(missing)}: not set; docker-compose.yml shows all",
            file=sys.stderr,
        )
        return 1
    passwords = {name: os.environ[_variable(name)] for name in names}
    if password := os.environ.get(_variable(DOCTOR)):
        passwords[DOCTOR] = password
    try:
        cluster = find_cluster(
            os.environ.get("CDP_ADMIN_DATABASE_URI"), "CDP_ADMIN_DATABASE_URI", "cdp"
        )
        broker = find_broker(os.environ.get("CDP_ADMIN_AMQP_URI"), "CDP_ADMIN_AMQP_URI")
        provision(cluster, broker, passwords)
    except NoServer as error:
        print(f"provision: {error}", file=sys.stderr)
        return 1
    print("provision: users, databases, tables and queues are ready", file=sys.stderr)
    return 0


def _user(name: str) -> str:
    """The user of the service `name`, or of the client; its database has the same name."""
    return f"{namespace()}_{name}"


def _variable(name: str) -> str:
    return f"CDP_{name.upper()}_PASSWORD"


if __name__ == "__main__":
    sys.exit(main())
