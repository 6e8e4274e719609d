"""Finds a RabbitMQ to provision, or starts one."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import amqp
import kombu

from chassis.config.uris import broker_refusal, check_broker_uri
from chassis.core.errors import InvalidInput
from deploy.access import CLIENT
from deploy.broker import Administration, BrokerError, ControlCommand, ManagementAPI, definitions
from deploy.machine import (
    NoServer,
    compose_port,
    ensure_package,
    listens,
    report,
    run_program,
    wait_for_port,
)

BROKER_PORT, MANAGEMENT_PORT = 5672, 15672
_LOCAL = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Broker:
    """A RabbitMQ node: where it listens and how it is administered."""

    host: str
    port: int
    administration: Administration

    def uri(self, user: str, password: str, virtual_host: str) -> str:
        """Where `user` reaches `virtual_host`."""
        return f"amqp://{user}:{password}@{self.host}:{self.port}/{virtual_host}"


def find_broker(uri: str | None, variable: str) -> Broker:
    """The RabbitMQ at `uri`, which `variable` gave; else as for PostgreSQL.

    It is administered by rabbitmqctl if the node is this machine's, else by its management API:
    CDP_MANAGEMENT_URI, or port 15672 of the same host.
    """
    if uri:
        _check_login(uri, variable)
        broker = _administered(uri, os.environ.get("CDP_MANAGEMENT_URI"))
        if broker is None:
            raise NoServer(
                f"{variable}: no virtual host can be made on that RabbitMQ. Its management API"
                " must answer on port 15672 (rabbitmq-plugins enable rabbitmq_management), or at"
                " CDP_MANAGEMENT_URI=http://HOST:PORT, to the same user, tagged administrator; a"
                " node on this machine can be administered by root through rabbitmqctl instead."
            )
        return broker
    for find in (_answering, _in_compose, _from_packages):
        if broker := find():
            return broker
    raise NoServer(
        "No RabbitMQ could be used: none on localhost:5672 can be administered (by root through"
        " rabbitmqctl, or by guest/guest through the management API on port 15672), Docker Compose"
        " does not run, and only root on Debian can install one. Start one with the plugin"
        f" rabbitmq_management and set {variable}=amqp://USER:PASSWORD@HOST:5672 with a user"
        " tagged administrator; or start Docker; or, with a RabbitMQ on this machine, run:"
        " sudo rabbitmq-plugins enable rabbitmq_management"
    )


def _answering() -> Broker | None:
    uri = f"amqp://guest:guest@localhost:{BROKER_PORT}"
    return _administered(uri) if listens(BROKER_PORT) else None


def _in_compose() -> Broker | None:
    port, api = (compose_port("rabbitmq", p) for p in (BROKER_PORT, MANAGEMENT_PORT))
    uri = f"amqp://guest:guest@localhost:{port}"
    return _administered(uri, f"http://localhost:{api}") if port and api else None


def _from_packages() -> Broker | None:
    if not ensure_package("rabbitmq-server", "rabbitmq-server"):
        return None
    if not listens(BROKER_PORT):
        report("starting RabbitMQ")
        run_program("rabbitmq-server", "-detached", patience=60)
        wait_for_port(BROKER_PORT)
    return _answering()


def _check_login(uri: str, variable: str) -> None:
    """NoServer for what is not the URI of a broker, and for a password that the broker refuses."""
    try:
        check_broker_uri(variable, uri)
        if urlsplit(uri).password:
            with kombu.Connection(uri, connect_timeout=10) as connection:
                connection.connect()
    except InvalidInput as error:
        raise NoServer(str(error)) from None
    except amqp.AccessRefused as error:
        raise NoServer(str(broker_refusal(variable, uri, error))) from None
    except (OSError, amqp.AMQPError):
        return  # how it is administered says whether that matters


def _administered(uri: str, api: str | None = None) -> Broker | None:
    """The node at `uri` with the first way to administer it that works."""
    parts = urlsplit(uri)
    host, port = parts.hostname or "localhost", parts.port or BROKER_PORT
    user, password = unquote(parts.username or "guest"), unquote(parts.password or "guest")
    ways: list[Administration] = []
    if host in _LOCAL and not api:
        ways.append(ControlCommand())
        if os.getuid() != 0:
            ways.append(ControlCommand(("sudo", "-n", "rabbitmqctl")))
    ways.append(ManagementAPI(api or f"http://{host}:{MANAGEMENT_PORT}", user, password))
    return next((broker for way in ways if _works(broker := Broker(host, port, way))), None)


def _works(broker: Broker) -> bool:
    """Whether a virtual host made this way is there at the broker's address: rabbitmqctl could
    speak to another node than the one that listens there."""
    name, password = f"cdp_probe_{secrets.token_hex(4)}", secrets.token_hex(16)
    user = f"{name}_{CLIENT}"
    try:
        broker.administration.load(definitions(name, {CLIENT: password}, f"{name}_"))
    except BrokerError:
        return False
    try:
        with kombu.Connection(broker.uri(user, password, name), connect_timeout=10) as connection:
            connection.connect()
    except (OSError, amqp.AMQPError):
        return False
    else:
        return True
    finally:
        broker.administration.delete([name], [user])
