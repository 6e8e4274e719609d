"""What `deploy/observability` holds, and the metrics that the code exports."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import REGISTRY

from chassis.observability.gauges import DatabaseCollector
from contracts.topology import SERVICE_NAMES
from deploy.services import service_class
from services.gateway.server import metrics as _gateway_metrics  # noqa: F401 - registers them

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "observability"
RULES = FOLDER / "alerts.yml"
CONFIGURATION = FOLDER / "prometheus.yml"
DASHBOARD = FOLDER / "grafana" / "dashboards" / "checkout-cdp.json"
OPERATIONS = ROOT / "docs" / "howto" / "operations.md"

_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
_METRIC = re.compile(r"\bcdp_\w+")
_TEXT = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert rule; `duration` is for how long its expression holds before it fires."""

    name: str
    expression: str
    duration: str
    severity: str
    annotations: dict[str, str]


def read_alerts() -> list[Alert]:
    """The alerts, in the order of the file."""
    return [
        Alert(r["alert"], r["expr"], r["for"], r["labels"]["severity"], r["annotations"])
        for group in yaml.safe_load(RULES.read_text())["groups"]
        for r in group["rules"]
    ]


def read_panels() -> list[dict[str, Any]]:
    """The panels of the dashboard, rows among them."""
    panels: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return panels


def dashboard_expressions() -> Iterator[str]:
    """Every expression of the dashboard, with Grafana's own variables replaced."""
    for panel in read_panels():
        for target in panel.get("targets", ()):
            yield target["expr"].replace("$__rate_interval", "1m").replace("$service", ".+")


def metrics_in(expression: str) -> set[str]:
    """The metrics of ours that a PromQL expression names, outside of quotes."""
    return set(_METRIC.findall(_TEXT.sub('""', expression)))


def exported_metrics() -> set[str]:
    """The names of all series that the processes of the suite export."""
    services = [service_class(name) for name in SERVICE_NAMES]
    queries = [query for service in services for query in service.gauges]
    read = {name for query in queries for name in query.texts}
    read |= {family.name for family in DatabaseCollector([]).collect()}
    counted = {
        family.name + suffix
        for family in REGISTRY.collect()
        if family.name.startswith("cdp_")
        for suffix in _SUFFIXES[family.type]
    }
    return read | counted
