"""`make run`: the services as processes of this machine, on RabbitMQ and PostgreSQL."""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from chassis.config.door import read_address
from chassis.core.errors import InvalidInput, Unavailable
from chassis.runtime.client import Client
from contracts.topology import ALL_NAMES, EDGE_NAMES
from deploy.access import CLIENT
from deploy.find_postgresql import find_cluster
from deploy.find_rabbitmq import find_broker
from deploy.machine import NoServer
from deploy.provision import broker_uri, database_uri, namespace, provision

_PATIENCE = 30.0
_DOORS = {"CDP_GATEWAY_HTTP": "127.0.0.1:8070", "CDP_OFFERS_HTTP": "127.0.0.1:8090"}


def main() -> int:
    """Provision, migrate, run until Ctrl-C; the exit status is 1 if a service ended by itself."""
    try:
        namespace()
        cluster = find_cluster(
            os.environ.get("CDP_ADMIN_DATABASE_URI"), "CDP_ADMIN_DATABASE_URI", "cdp"
        )
        broker = find_broker(os.environ.get("CDP_ADMIN_AMQP_URI"), "CDP_ADMIN_AMQP_URI")
    except NoServer as error:
        print(error, file=sys.stderr)
        return 1
    # New at every start, so that none has to be stored.
    passwords = {name: secrets.token_hex(16) for name in (*ALL_NAMES, CLIENT)}
    owners = provision(cluster, broker, passwords)
    environments = {
        name: {
            f"CDP_{name.upper()}_DATABASE_URI": database_uri(cluster, name, passwords),
            f"CDP_{name.upper()}_AMQP_URI": broker_uri(broker, name, passwords),
        }
        for name in ALL_NAMES
    }
    _open_doors(environments)
    client = broker_uri(broker, CLIENT, passwords)
    file = environment_file()
    try:
        write_environment(file, _commands(environments, owners, client))
        return _run_until_stopped(environments, client, file)
    finally:
        file.unlink(missing_ok=True)


def environment_file() -> Path:
    """Where the variables of the suite are while it runs."""
    name = os.environ.get("CDP_NAMESPACE")
    return Path(".run") / (f"environment-{name}" if name else "environment")


def write_environment(file: Path, variables: Mapping[str, str]) -> None:
    """Write variables for a shell to read, in a file that nobody but its owner reads."""
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)  # what a killed run left could be another's to read
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.writelines(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())


def _commands(
    environments: Mapping[str, Mapping[str, str]], owners: Mapping[str, str], client: str
) -> dict[str, str]:
    """The variables with which commands may do all that the owner of the suite may."""
    variables = {"CDP_AMQP_URI": client}
    for name, environment in environments.items():
        variables |= environment
        variables.pop("CDP_OFFERS_HTTP", None)  # another process of offers cannot listen there
        variables[f"CDP_{name.upper()}_OWNER_DATABASE_URI"] = owners[name]
    if clock := os.environ.get("CDP_CLOCK"):
        variables["CDP_CLOCK"] = clock
    if directory := os.environ.get("CDP_CONFIG_DIR"):
        variables["CDP_CONFIG_DIR"] = str(Path(directory).absolute())
    return variables


def _run_until_stopped(environments: dict[str, dict[str, str]], client: str, file: Path) -> int:
    signals: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        signals.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    print(f"run: starting {', '.join(environments)}", file=sys.stderr)
    processes = {
        name: subprocess.Popen(
            [sys.executable, "-m", "cdp", "run", name],
            env=os.environ | environment,
            start_new_session=True,  # Ctrl-C is ours to pass on, once
        )
        for name, environment in environments.items()
    }
    silent = set(environments)
    ended: list[str] = []
    while not signals and not ended:
        if silent:
            silent = {name for name in silent if not _answers(client, name, environments[name])}
            if not silent:
                _print_how_to_call(client, file, environments)
        time.sleep(0.2)
        ended = [name for name, process in processes.items() if process.poll() is not None]
    for name in ended:
        print(f"run: {name} ended with status {processes[name].returncode}", file=sys.stderr)
    _stop(list(processes.values()))
    return 1 if ended else 0


def _open_doors(environments: Mapping[str, dict[str, str]]) -> None:
    """Have the gateway and offers listen, and the gateway ask offers by its door."""
    gateway, offers = environments["gateway"], environments["offers"]
    gateway["CDP_GATEWAY_HTTP"] = _address("CDP_GATEWAY_HTTP")
    offers["CDP_OFFERS_HTTP"] = _address("CDP_OFFERS_HTTP")
    keys = os.environ.get("CDP_OFFERS_KEYS") or secrets.token_hex(16)
    offers["CDP_OFFERS_KEYS"] = gateway["CDP_GATEWAY_OFFERS_KEY"] = keys
    gateway["CDP_GATEWAY_OFFERS"] = f"http://{offers['CDP_OFFERS_HTTP']}"


def _address(variable: str) -> str:
    """Where a door is: as the variable says, whose port may be 0 for any that is free."""
    text = os.environ.get(variable) or _DOORS[variable]
    try:
        address = read_address(variable, text)
    except InvalidInput as error:
        raise NoServer(str(error)) from None
    if address is None or address[1]:
        return text
    with socket.create_server((address[0], 0)) as free:
        return f"{address[0]}:{free.getsockname()[1]}"


def _answers(client: str, service: str, environment: Mapping[str, str]) -> bool:
    if service in EDGE_NAMES:
        return _is_ready(environment[f"CDP_{service.upper()}_HTTP"])
    try:
        with Client(client, timeout=2) as cdp:
            cdp.call(service, "ping")
    except Unavailable:
        return False
    return True


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/ready", timeout=2):
            return True
    except OSError:
        return False


def _print_how_to_call(
    client: str, file: Path, environments: Mapping[str, Mapping[str, str]]
) -> None:
    gateway = environments["gateway"]["CDP_GATEWAY_HTTP"]
    offers = environments["offers"]["CDP_OFFERS_HTTP"]
    print(
        f"run: ready; call the services with CDP_AMQP_URI={client}\n"
        f"run: the gateway takes HTTP at http://{gateway}; `cdp keys` makes the keys for it\n"
        f"run: offers decides at http://{offers}/v1/decide, by the key in CDP_OFFERS_KEYS\n"
        f"run: in another terminal, set -a; . {file}; set +a\n"
        "run: sets that and what else the commands need: for instance, cdp rebuild segments\n"
        "run: cdp doctor says what is wrong, and what mends it\n"
        "run: Ctrl-C stops them",
        file=sys.stderr,
    )


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + _PATIENCE
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    if sys.argv[1:]:  # nothing is started by somebody who asks for help
        print(__doc__, file=sys.stderr)
        sys.exit(0 if sys.argv[1:] in (["-h"], ["--help"]) else 2)
    sys.exit(main())
