"""nginx as a process of a test, by a configuration of the documents."""

from __future__ import annotations

import http.client
import re
import struct
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Self

from deploy.machine import NoServer, ensure_package, listens
from tests.support.gateway_process import HttpAnswer
from tests.support.ports import free_port

_PATIENCE = 30.0
_CLIENTS = count()
_VALID_UNTIL = struct.Struct("@q")  # the second field of the file of a kept response
_AFTER_VERSION = 8
_MAIN = """\
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log stderr;
events {{}}
http {{
    log_format test '$request_uri $upstream_status $upstream_cache_status';
    access_log {directory}/access.log test;
    log_subrequest on;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
{configuration}
}}
"""


class ProxiedAnswer(HttpAnswer):
    """What a request was answered through nginx."""

    @property
    def cache(self) -> str:
        """What the cache had of it: MISS, HIT, STALE, or nothing."""
        return self.headers.get("x-cache", "")


def nginx_blocks(document: Path) -> list[str]:
    """The configurations of nginx in a document."""
    return re.findall(r"```nginx\n(.*?)```", document.read_text(), re.DOTALL)


class NginxProxy:
    """nginx with a configuration, but for its ports and its directory; gone at the end."""

    def __init__(self, configuration: str, gateway_port: int, directory: Path) -> None:
        self.port = free_port()
        self._directory = directory
        self._cache = directory / "cache"
        places = {
            "/var/cache/nginx/cdp": str(self._cache),
            "127.0.0.1:8070": f"127.0.0.1:{gateway_port}",
            "listen 80;": f"listen 127.0.0.1:{self.port};",
        }
        for documented, used in places.items():
            assert documented in configuration, documented
            configuration = configuration.replace(documented, used)
        self._configuration = _MAIN.format(directory=directory, configuration=configuration)

    def __enter__(self) -> Self:
        if not ensure_package("nginx-light", "nginx"):
            raise NoServer("install nginx: apt-get install nginx-light")
        self._directory.mkdir(parents=True, exist_ok=True)
        file = self._directory / "nginx.conf"
        file.write_text(self._configuration)
        with (self._directory / "error.log").open("wb") as output:
            self._process = subprocess.Popen(
                ["nginx", "-c", str(file)], stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        deadline = time.monotonic() + _PATIENCE
        while not listens(self.port):
            log = (self._directory / "error.log").read_text(errors="replace")
            assert self._process.poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.02)
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        client: str | None = None,
    ) -> ProxiedAnswer:
        """One request over a connection of its own, from an address of this machine.

        Without a `client` it is an address that nobody else has.
        """
        if client is None:
            number = next(_CLIENTS)
            client = f"127.1.{number // 250}.{1 + number % 250}"
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=30, source_address=(client, 0)
        )
        with closing(connection):
            named = {"Host": "shop.example", **(headers or {})}
            connection.request(method, path, body, named)
            response = connection.getresponse()
            answered = {name.lower(): value for name, value in response.getheaders()}
            return ProxiedAnswer(response.status, answered, response.read())

    def get(self, path: str, **headers: str) -> ProxiedAnswer:
        """Ask, with headers whose names have underscores here."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("GET", path, headers=named)

    def let_expire(self) -> int:
        """Let whatever is kept be too old as of now; how many responses that is."""
        files = [file for file in self._cache.rglob("*") if file.is_file()]
        for file in files:
            with file.open("r+b") as kept:
                kept.seek(_AFTER_VERSION)
                kept.write(_VALID_UNTIL.pack(int(time.time()) - 1))
        return len(files)

    def asked(self, path: str) -> list[tuple[str, str]]:
        """What became of requests at the gateway, in order: its status, and the cache's."""
        lines = (self._directory / "access.log").read_text().splitlines()
        parts = (line.rsplit(" ", 2) for line in lines)
        return [(status, cache) for uri, status, cache in parts if uri == path]
