"""Finds a PostgreSQL and a RabbitMQ to provision, or starts them."""

from __future__ import annotations

import atexit
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import amqp
import kombu
import psycopg2

from chassis.config.uris import broker_refusal, check_broker_uri
from chassis.core.errors import InvalidInput
from deploy.access import CLIENT
from deploy.broker import Administration, BrokerError, ControlCommand, ManagementAPI, definitions
from deploy.databases import Cluster

POSTGRES_PORT, BROKER_PORT, MANAGEMENT_PORT = 5432, 5672, 15672
_COMPOSE = (
    "docker", "compose", "-p", "cdp-servers", "-f",
    str(Path(__file__).with_name("servers.compose.yaml")),
)  # fmt: skip
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_ADMIN_PREFIX = "cdp_admin_"


class NoServer(Exception):
    """No server is there and none could be started; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A RabbitMQ node: where it listens and how it is administered."""

    host: str
    port: int
    administration: Administration

    def uri(self, user: str, password: str, virtual_host: str) -> str:
        """Where `user` reaches `virtual_host`."""
        return f"amqp://{user}:{password}@{self.host}:{self.port}/{virtual_host}"


def find_cluster(uri: str | None, variable: str, application_name: str) -> Cluster:
    """The PostgreSQL at `uri`, which `variable` gave; else one that answers on this machine, in
    Docker Compose or, for root on Debian, from packages."""
    if uri:
        if reason := _refusal(uri):
            raise NoServer(f"{variable}: PostgreSQL refused: {reason}")
        return Cluster(uri, application_name)
    for find in (_postgres_answering, _postgres_in_compose, _postgres_from_packages):
        if found := find():
            return Cluster(found, application_name)
    raise NoServer(
        "No PostgreSQL could be used: none on localhost:5432 lets postgres or the current user in"
        " without a password as a superuser, Docker Compose does not run, and only root on Debian"
        f" can install one. Start one, then set {variable}="
        "postgresql://USER:PASSWORD@HOST:5432/postgres with a user that may create roles and"
        " databases; or start Docker; or, with a PostgreSQL on this machine, run:"
        ' sudo -u postgres createuser --superuser "$USER"'
    )


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
    for find in (_broker_answering, _broker_in_compose, _broker_from_packages):
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


# PostgreSQL


def _postgres_answering(port: int = POSTGRES_PORT) -> str | None:
    if not _listens(port):
        return None
    user = pwd.getpwuid(os.getuid()).pw_name
    candidates = [
        f"postgresql://postgres@localhost:{port}/postgres",
        f"postgresql://{user}@localhost:{port}/postgres",
        f"postgresql://{user}@:{port}/postgres?host=/var/run/postgresql",
    ]
    found = next((uri for uri in candidates if not _refusal(uri)), None)
    return found or _administrator_by_root(port)


def _refusal(uri: str) -> str:
    """Why the administrator's URI cannot be used; empty if it can."""
    try:
        connection = psycopg2.connect(uri, connect_timeout=10)
    except psycopg2.Error as error:
        return str(error).strip() or type(error).__name__
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT rolsuper OR (rolcreaterole AND rolcreatedb) FROM pg_roles"
                " WHERE rolname = current_user"
            )
            row = cursor.fetchone()
            may = bool(row and row[0])
    finally:
        connection.close()
    return "" if may else "the user may not create roles and databases (CREATEROLE CREATEDB)"


def _administrator_by_root(port: int) -> str | None:
    """Root may become the system user postgres: it makes an administrator who is gone when this
    process ends, and locked out after a day."""
    if os.getuid() != 0 or not shutil.which("psql"):
        return None
    user, password = f"{_ADMIN_PREFIX}{secrets.token_hex(4)}", secrets.token_hex(16)
    until = datetime.now(UTC) + timedelta(days=1)
    # Nothing in it comes from outside.
    script = f"""
        DO $$ DECLARE old text; BEGIN
            FOR old IN SELECT rolname FROM pg_roles
                WHERE starts_with(rolname, '{_ADMIN_PREFIX}') AND rolvaliduntil < now()
            LOOP EXECUTE format('DROP ROLE %I', old); END LOOP;
        END $$;
        CREATE ROLE {user} SUPERUSER LOGIN PASSWORD '{password}' VALID UNTIL '{until}';
    """  # noqa: S608
    psql = ("runuser", "-u", "postgres", "--", "psql", "-qX", "-p", str(port))
    if _output(*psql, "-v", "ON_ERROR_STOP=1", stdin=script) is None:
        return None
    atexit.register(_output, *psql, "-c", f"DROP ROLE {user}")
    return f"postgresql://{user}:{password}@localhost:{port}/postgres"


def _postgres_in_compose() -> str | None:
    port = _compose_port("postgres", POSTGRES_PORT)
    return port and f"postgresql://postgres:postgres@localhost:{port}/postgres"


def _postgres_from_packages() -> str | None:
    if not _installed("postgresql", "pg_lsclusters"):
        return None
    for line in (_output("pg_lsclusters", "--no-header") or "").splitlines():
        version, name, port, status = line.split()[:4]
        if status.startswith("down"):
            _say(f"starting PostgreSQL {version}")
            _output("pg_ctlcluster", version, name, "start", loud=True)
            _wait_for(int(port))
        if found := _postgres_answering(int(port)):
            return found
    return None


# RabbitMQ


def _broker_answering() -> Broker | None:
    uri = f"amqp://guest:guest@localhost:{BROKER_PORT}"
    return _administered(uri) if _listens(BROKER_PORT) else None


def _broker_in_compose() -> Broker | None:
    port, api = (_compose_port("rabbitmq", p) for p in (BROKER_PORT, MANAGEMENT_PORT))
    uri = f"amqp://guest:guest@localhost:{port}"
    return _administered(uri, f"http://localhost:{api}") if port and api else None


def _broker_from_packages() -> Broker | None:
    if not _installed("rabbitmq-server", "rabbitmq-server"):
        return None
    if not _listens(BROKER_PORT):
        _say("starting RabbitMQ")
        _output("rabbitmq-server", "-detached", patience=60)
        _wait_for(BROKER_PORT)
    return _broker_answering()


def _check_login(uri: str, variable: str) -> None:
    """NoServer for what is no URI of a broker, and for a password that the broker refuses."""
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
    return next((found for way in ways if _works(found := Broker(host, port, way))), None)


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


# Docker Compose and Debian packages


def _compose_port(service: str, port: int) -> str | None:
    """The port of this machine that reaches `port` of a container, started if need be."""
    if not shutil.which("docker") or not _output("docker", "compose", "version"):
        return None
    if not _output("docker", "info", "--format", "{{.ServerVersion}}"):
        return None
    if not _output(*_COMPOSE, "ps", "-q", service):
        _say(f"starting {service} in Docker Compose (`make clean` removes it)")
    if _output(*_COMPOSE, "up", "-d", "--wait", service, patience=600, loud=True) is None:
        return None
    address = _output(*_COMPOSE, "port", service, str(port))
    return address.strip().rpartition(":")[2] if address else None


def _installed(package: str, program: str) -> bool:
    """Whether a Debian package is there, installed if need be; only root can do that."""
    if os.getuid() != 0 or not Path("/etc/debian_version").exists():
        return False
    if not shutil.which(program):
        _say(f"installing the package {package}")
        install = ("apt-get", "install", "-qy", "--no-install-recommends", package)
        if _output(*install, patience=1200) is None:  # its lists may be old, or not be there
            _output("apt-get", "update", "-q", patience=600, loud=True)
            _output(*install, patience=1200, loud=True)
    return shutil.which(program) is not None


# The machine


def _output(
    *command: str, stdin: str | None = None, patience: float = 30, loud: bool = False
) -> str | None:
    """What a command prints; None if it is missing or fails, and `loud` says why."""
    try:
        done = subprocess.run(
            command,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=patience,
            cwd="/",
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    else:
        if done.returncode == 0:
            return done.stdout
        reason = (done.stderr.strip() or done.stdout.strip()).rpartition("\n")[2]
    if loud:
        _say(f"{' '.join(command[:3])}: {reason}")
    return None


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("localhost", port), timeout=5).close()
    except OSError:
        return False
    return True


def _wait_for(port: int, patience: float = 60) -> None:
    deadline = time.monotonic() + patience
    while not _listens(port) and time.monotonic() < deadline:
        time.sleep(0.2)


def _say(text: str) -> None:
    print(f"servers: {text}", file=sys.stderr, flush=True)
