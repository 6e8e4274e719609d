"""Prometheus and its tool, found on this machine or installed, and run for a test."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote
from urllib.request import urlopen

import yaml

from deploy.machine import NoServer, ensure_package, run_program
from tests.support.ports import free_port

# A killed test run takes it along, where the system can see to that.
_MORTAL = ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()


def ensure_prometheus() -> None:
    """The programs `prometheus` and `promtool` are there after it; NoServer says what to do."""
    if shutil.which("promtool") and shutil.which("prometheus"):
        return
    if not ensure_package("prometheus", "promtool"):
        raise NoServer(
            "The programs prometheus and promtool are missing, and only root on Debian can install"
            " them. Install Prometheus (apt-get install prometheus, brew install prometheus, or"
            " https://prometheus.io/download); it need not run."
        )
    run_program("systemctl", "disable", "--now", "prometheus")  # the package starts one


class Prometheus:
    """A Prometheus of one's own on a free port, with `rules`; it runs within `with`.

    `watch(targets)` says what it scrapes: the labels of each by its address. `scrape_seconds` is
    how often it does; rules are evaluated every second. At the end its log is in `folder`.
    """

    def __init__(self, folder: Path, rules: Mapping[str, Any], scrape_seconds: float) -> None:
        self._folder = folder
        self._address = f"127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None
        seconds = f"{int(1_000 * scrape_seconds)}ms"
        configuration = {
            "global": {
                "scrape_interval": seconds,
                "scrape_timeout": seconds if scrape_seconds < 5 else "5s",
                "evaluation_interval": "1s",
            },
            "rule_files": ["rules.yml"],
            "scrape_configs": [
                {
                    "job_name": "cdp",
                    "file_sd_configs": [{"files": ["targets.json"], "refresh_interval": "1s"}],
                }
            ],
        }
        (folder / "rules.yml").write_text(yaml.safe_dump(dict(rules)))
        (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
        self.watch({})

    def __enter__(self) -> Self:
        ensure_prometheus()
        with (self._folder / "prometheus.log").open("wb") as output:
            self._process = subprocess.Popen(
                [
                    *_MORTAL,
                    "prometheus",
                    f"--config.file={self._folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self._folder / 'data'}",
                    f"--web.listen-address={self._address}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def watch(self, targets: Mapping[str, Mapping[str, str]]) -> None:
        """Scrape these from now on."""
        groups = [{"targets": [address], "labels": labels} for address, labels in targets.items()]
        path = self._folder / "targets.new"
        path.write_text(json.dumps(groups))
        path.rename(self._folder / "targets.json")

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that fire now, or whose expression holds but not for long enough yet."""
        alerts: list[dict[str, Any]] = self._get("alerts")["alerts"]
        return alerts

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query."""
        result: list[dict[str, Any]] = self._get(f"query?query={quote(expression)}")["result"]
        return result

    def _get(self, path: str) -> dict[str, Any]:
        """The data of a response; none while it is not ready."""
        try:
            with urlopen(f"http://{self._address}/api/v1/{path}", timeout=10) as response:
                data: dict[str, Any] = json.load(response)["data"]
                return data
        except OSError:
            return {"alerts": [], "result": []}


def hasten(rules: Mapping[str, Any], factor: float) -> dict[str, Any]:
    """The same rules, `factor` times as fast: durations, and limits to an age of a minute or more.

    With a factor of 1 they are as they were.
    """

    def shorten(match: re.Match[str]) -> str:
        seconds = int(match[1]) * {"s": 1, "m": 60}[match[2]]
        return f"{int(1_000 * seconds / factor)}ms"

    def hastened(rule: Mapping[str, Any]) -> dict[str, Any]:
        expression = re.sub(r"\[(\d+)([sm])\]", lambda match: f"[{shorten(match)}]", rule["expr"])
        expression = re.sub(
            r"> (60|600)\b", lambda match: f"> {int(match[1]) / factor:g}", expression
        )
        duration = re.sub(r"^(\d+)([sm])$", shorten, rule["for"])
        return {**rule, "expr": expression, "for": duration}

    groups = [
        {**group, "rules": [hastened(rule) for rule in group["rules"]]} for group in rules["groups"]
    ]
    return {"groups": groups}
