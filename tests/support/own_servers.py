"""A PostgreSQL and a RabbitMQ of a test's own, which it may freeze, kill and start again.

Both run from the programs of this machine, on ports and in a directory of their own, and are gone
at the end. Start them in the main thread: where the system can see to it, they die with the thread
that started them.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import amqp
import kombu
import psycopg2

from deploy.broker import ControlCommand
from deploy.find_rabbitmq import Broker
from deploy.machine import NoServer, ensure_package
from tests.support.ports import free_port

_PATIENCE = 90.0
_OPERATOR = ("guest", "guest")
_MORTAL = ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()
# Debian keeps the servers' own programs out of the search path, behind wrappers for the system's.
_POSTGRESQL = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
_RABBITMQ = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/sbin")


class ServerProcess:
    """A server that runs as one process and its children. Within `with` it is up."""

    port: int

    def __init__(self, name: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix=f"cdp-{name}-"))
        self.port = free_port()
        self._popen: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        if self._popen is not None:
            self.thaw()
            self._popen.kill()
            self._popen.wait()
        wait_until(lambda: not listens(self.port), f"port {self.port} is free again")
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self) -> None:
        """Start the server, and wait until it serves."""
        if self._popen is not None:
            self._popen.wait(_PATIENCE)  # it was stopped
        self._popen = self._spawn()
        wait_until(self._serves, f"{type(self).__name__} serves\n{self._log()}")

    def stop_at_once(self) -> None:
        """End the server without any preparation for it."""
        raise NotImplementedError

    def restart_at_once(self) -> None:
        """End the server and start it again."""
        self.stop_at_once()
        assert self._popen is not None
        self._popen.wait(_PATIENCE)
        self.start()

    def freeze(self) -> None:
        """Halt every process of the server where it stands, until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the server go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._popen is not None
        for pid in (self._popen.pid, *_children(self._popen.pid)):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue  # a child that has ended meanwhile

    def _spawn(self) -> subprocess.Popen[bytes]:
        raise NotImplementedError

    def _serves(self) -> bool:
        raise NotImplementedError

    def _log(self) -> str:
        path = self.directory / "output"
        return path.read_text(errors="replace")[-2_000:] if path.exists() else ""

    def _popen_of(self, *command: str, **options: Any) -> subprocess.Popen[bytes]:
        with (self.directory / "output").open("ab") as output:
            return subprocess.Popen(
                [*_MORTAL, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                **options,
            )


class OwnPostgres(ServerProcess):
    """A PostgreSQL cluster; `uri` is its administrator's. Commits wait for the disk."""

    def __init__(self) -> None:
        super().__init__("postgres")
        self.uri = f"postgresql://postgres@localhost:{self.port}/postgres"
        ensure_package("postgresql", "pg_lsclusters")
        self._programs = program_directory("initdb", _POSTGRESQL)
        # PostgreSQL refuses to run as root.
        self._user: dict[str, Any] = {}
        if os.getuid() == 0:
            entry = pwd.getpwnam("postgres")
            self._user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(self.directory, entry.pw_uid, entry.pw_gid)
        initialize = ("initdb", "-D", "data", "-U", "postgres", "--auth=trust", "--locale=C")
        subprocess.run(
            [f"{self._programs}/{initialize[0]}", *initialize[1:], "-E", "UTF8"],
            check=True,
            capture_output=True,
            cwd=self.directory,
            **self._user,
        )

    def stop_at_once(self) -> None:
        """Immediate mode: what was not committed is lost, and recovery follows at the start."""
        assert self._popen is not None
        self._popen.send_signal(signal.SIGQUIT)

    def _spawn(self) -> subprocess.Popen[bytes]:
        settings = {"max_connections": "300", "listen_addresses": "localhost"}
        return self._popen_of(
            f"{self._programs}/postgres",
            *("-D", "data", "-p", str(self.port), "-k", str(self.directory)),
            *(f"--{name}={value}" for name, value in settings.items()),
            **self._user,
        )

    def _serves(self) -> bool:
        try:
            psycopg2.connect(self.uri, connect_timeout=5).close()
        except psycopg2.OperationalError:
            return False
        return True


class OwnRabbit(ServerProcess):
    """A RabbitMQ node without plugins, with lines of `rabbitmq.conf`; `broker` administers it."""

    def __init__(self, *configuration: str, cookie: str = "") -> None:
        super().__init__("rabbit")
        self.cookie = cookie or secrets.token_hex(10)
        ensure_package("rabbitmq-server", "rabbitmq-server")
        (self.directory / "rabbitmq.conf").write_text(
            "".join(f"{line}\n" for line in configuration)
        )
        self._programs = program_directory("rabbitmq-server", _RABBITMQ)
        file = self.directory / ".erlang.cookie"
        file.write_text(self.cookie)
        file.chmod(0o400)
        (self.directory / "plugins").write_text("[].\n")
        self._variables = {
            "HOME": str(self.directory),
            "RABBITMQ_NODENAME": f"cdp-{secrets.token_hex(4)}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self.directory / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.directory / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.directory / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.directory / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": str(self.directory / "rabbitmq-env.conf"),
            "RUNNING_UNDER_SYSTEMD": "true",  # the script becomes the node and does not wait for it
            "LANG": "C.UTF-8",
        }
        words = [f"{name}={value}" for name, value in self._variables.items()]
        self._control = ("env", *words, f"{self._programs}/rabbitmqctl", "-q")
        control = ControlCommand(self._control[:-1])
        self.broker = Broker("localhost", self.port, control)

    def join(self, other: OwnRabbit) -> None:
        """Become a node of the cluster of `other`, whose cookie this node has; it forgets its own
        virtual hosts and users."""
        for words in (["stop_app"], ["join_cluster", other.name], ["start_app"]):
            subprocess.run([*self._control, *words], check=True, stdout=subprocess.DEVNULL)

    @property
    def name(self) -> str:
        """The name of the node."""
        return self._variables["RABBITMQ_NODENAME"]

    def stop_at_once(self) -> None:
        """As a power cut would (SIGKILL)."""
        assert self._popen is not None
        self._popen.kill()

    def _spawn(self) -> subprocess.Popen[bytes]:
        environment: Mapping[str, str] = os.environ | self._variables
        return self._popen_of(f"{self._programs}/rabbitmq-server", env=environment)

    def _serves(self) -> bool:
        # A node that is asked before its users are there refuses them, and serves a moment later.
        uri = self.broker.uri(*_OPERATOR, "%2f")
        try:
            with kombu.Connection(uri, connect_timeout=5) as connection:
                connection.connect()
        except (OSError, amqp.AMQPError):
            return False
        return True


def listens(port: int) -> bool:
    """Whether something listens on a port of this machine, even if it is frozen."""
    try:
        socket.create_connection(("localhost", port), timeout=5).close()
    except OSError:
        return False
    return True


def wait_until(condition: Callable[[], bool], event: str, patience: float = _PATIENCE) -> None:
    """Wait until `condition()` is true; an AssertionError names the `event` that did not come."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"Waited {patience:g} s in vain: {event}"
        time.sleep(0.05)


def program_directory(name: str, patterns: tuple[str, ...]) -> Path:
    """Where a server's own programs are, `name` among them; NoServer if they are nowhere."""
    found = [path for pattern in patterns for path in Path("/").glob(f"{pattern[1:]}/{name}")]
    if found:
        return max(found).parent
    if program := shutil.which(name):
        return Path(program).resolve().parent
    raise NoServer(f"{name} is not on this machine, and a server in a container cannot be frozen")


def _children(pid: int) -> Iterator[int]:
    """The children of a process, each of which may be its own process group; none if unknown."""
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        yield from map(int, listing.read_text().split())
