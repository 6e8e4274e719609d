"""The gateway: events by the tracking API, acknowledged, and decisions through it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from bench.calls import echo_p50_ms
from bench.cpu import cpu_seconds
from bench.door import KEY, door_port
from services.gateway.domain.sources import EventSource
from tests.support.gateway_process import GatewayProcess
from tests.support.system import ROOT, ProcessSuite

_SECONDS = 10
_UNBOUNDED = {"CDP_GATEWAY_KEY_RATE": "1000000", "CDP_GATEWAY_ADDRESS_RATE": "1000000"}
_WEB = EventSource("web", "Web", "browser")


def intake(suite: ProcessSuite) -> dict[str, float]:
    """Events a second in batches of 100, and alone by 32 connections; the gateway's CPU for one."""
    with GatewayProcess(suite, _UNBOUNDED) as gateway:
        key = gateway.add(_WEB)
        _load("single", gateway, key, 2, 8)  # what is made on first use is made
        batches = _load("batch", gateway, key, _SECONDS, 4)
        before = cpu_seconds([gateway.pid])
        singles = _load("single", gateway, key, _SECONDS, 32)
        cpu = cpu_seconds([gateway.pid]) - before
    return {
        "gateway_batch_events_per_s": round(batches["events"] / batches["seconds"]),
        "gateway_single_events_per_s": round(singles["events"] / singles["seconds"]),
        "gateway_cpu_us": round(1e6 * cpu / singles["events"]),
    }


def decisions(suite: ProcessSuite) -> dict[str, float]:
    """How long a decision takes through the gateway, one caller at a time, over nameko's echo."""
    door = {
        "CDP_GATEWAY_OFFERS": f"http://127.0.0.1:{door_port(suite)}",
        "CDP_GATEWAY_OFFERS_KEY": KEY,
    }
    with GatewayProcess(suite, _UNBOUNDED | door) as gateway:
        key = gateway.add(_WEB)
        _load("decide", gateway, key, 2, 1)
        measured = _load("decide", gateway, key, _SECONDS, 1)
    ms = 1e3 * measured["p50"]
    return {
        "http_decide_p50_ms": round(ms, 2),
        "http_decide_p50_over_echo": round(ms / echo_p50_ms(suite), 2),
    }


def _load(mode: str, gateway: GatewayProcess, key: str, seconds: int, callers: int) -> Any:
    host, port = gateway.address
    command = [sys.executable, "-m", "bench.gateway_load", mode, host, str(port), key]
    done = subprocess.run(
        [*command, str(seconds), str(callers)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)
