"""This machine: its ports, its packages, and programs that are run on it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

_COMPOSE = (
    "docker", "compose", "-p", "cdp-servers", "-f",
    str(Path(__file__).with_name("servers.compose.yaml")),
)  # fmt: skip


class NoServer(Exception):
    """No server is there and none could be started; the message says what to do."""


def compose_port(service: str, port: int) -> str | None:
    """The port of this machine that reaches `port` of a container, started if necessary."""
    if not shutil.which("docker") or not run_program("docker", "compose", "version"):
        return None
    if not run_program("docker", "info", "--format", "{{.ServerVersion}}"):
        return None
    if not run_program(*_COMPOSE, "ps", "-q", service):
        report(f"starting {service} in Docker Compose (`make clean` removes it)")
    if run_program(*_COMPOSE, "up", "-d", "--wait", service, patience=600, loud=True) is None:
        return None
    address = run_program(*_COMPOSE, "port", service, str(port))
    return address.strip().rpartition(":")[2] if address else None


def ensure_package(package: str, program: str) -> bool:
    """Whether a Debian package is there, installed if necessary; only root can do that."""
    if os.getuid() != 0 or not Path("/etc/debian_version").exists():
        return False
    if not shutil.which(program):
        report(f"installing the package {package}")
        install = ("apt-get", "install", "-qy", "--no-install-recommends", package)
        if run_program(*install, patience=1200) is None:  # its lists may be old, or not be there
            run_program("apt-get", "update", "-q", patience=600, loud=True)
            run_program(*install, patience=1200, loud=True)
    return shutil.which(program) is not None


def run_program(
    *command: str, stdin: str | None = None, patience: float = 30, loud: bool = False
) -> str | None:
    """What a program prints; None if it is missing or fails: with `loud` the reason is reported."""
    try:
        process = subprocess.run(
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
        if process.returncode == 0:
            return process.stdout
        reason = (process.stderr.strip() or process.stdout.strip()).rpartition("\n")[2]
    if loud:
        report(f"{' '.join(command[:3])}: {reason}")
    return None


def listens(port: int) -> bool:
    """Whether something listens on a port of this machine."""
    try:
        socket.create_connection(("localhost", port), timeout=5).close()
    except OSError:
        return False
    return True


def wait_for_port(port: int, patience: float = 60) -> None:
    """Wait until something listens on a port, or `patience` seconds have passed."""
    deadline = time.monotonic() + patience
    while not listens(port) and time.monotonic() < deadline:
        time.sleep(0.2)


def report(text: str) -> None:
    """Tell whoever started us what is being done."""
    print(f"servers: {text}", file=sys.stderr, flush=True)
