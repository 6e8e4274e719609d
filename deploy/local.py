"""`make run`: the services as processes of this machine, on RabbitMQ and PostgreSQL."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from types import FrameType

from chassis.client import Client
from chassis.errors import Unavailable
from deploy.access import CLIENT, NAMES
from deploy.provision import broker_uri, database_uri, namespace, provision
from deploy.servers import NoServer, find_broker, find_cluster

_PATIENCE = 30.0


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
    # New at every start, so that none need be kept.
    passwords = {name: secrets.token_hex(16) for name in (*NAMES, CLIENT)}
    provision(cluster, broker, passwords)
    environments = {
        name: {
            f"CDP_{name.upper()}_DATABASE_URI": database_uri(cluster, name, passwords),
            f"CDP_{name.upper()}_AMQP_URI": broker_uri(broker, name, passwords),
        }
        for name in NAMES
    }
    return _run_until_stopped(environments, broker_uri(broker, CLIENT, passwords))


def _run_until_stopped(environments: dict[str, dict[str, str]], client: str) -> int:
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    print(f"run: starting {', '.join(NAMES)}", file=sys.stderr)
    processes = {
        name: subprocess.Popen(
            [sys.executable, "-m", "cdp", "run", name],
            env=os.environ | environment,
            start_new_session=True,  # Ctrl-C is ours to pass on, once
        )
        for name, environment in environments.items()
    }
    silent = set(NAMES)
    ended: list[str] = []
    while not asked and not ended:
        if silent:
            silent = {name for name in silent if not _answers(client, name)}
            if not silent:
                _say_how_to_call(client)
        time.sleep(0.2)
        ended = [name for name, process in processes.items() if process.poll() is not None]
    for name in ended:
        print(f"run: {name} ended with status {processes[name].returncode}", file=sys.stderr)
    _stop(list(processes.values()))
    return 1 if ended else 0


def _answers(client: str, service: str) -> bool:
    try:
        with Client(client, timeout=2) as cdp:
            cdp.call(service, "ping")
    except Unavailable:
        return False
    return True


def _say_how_to_call(client: str) -> None:
    print(
        f"run: ready; call the services with CDP_AMQP_URI={client}\n"
        "run: for instance, in another terminal:"
        f" CDP_AMQP_URI={client} python examples/checkout/decide.py --help\n"
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
    sys.exit(main())
