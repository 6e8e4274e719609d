"""The alerts, the dashboard and their documentation agree with each other and with the code."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import pytest
import yaml

from contracts.topology import SERVICE_NAMES
from tests.support.observability import (
    CONFIGURATION,
    DASHBOARD,
    FOLDER,
    OPERATIONS,
    ROOT,
    Alert,
    dashboard_expressions,
    exported_metrics,
    metrics_in,
    read_alerts,
    read_panels,
)
from tests.unit.docs.test_links import _anchors

ALERTS = read_alerts()
# What has an absence of its own among the alerts, or is absent when all is well.
_NEED_NOT_BE_THERE = {
    "cdp_database_reachable",
    "cdp_newest_event_applied_timestamp_seconds",
    "cdp_newest_event_recorded_timestamp_seconds",
    "cdp_configuration_replicas",
    "cdp_outages",
    "cdp_evaluation_outages",
    "cdp_gateway_ready",  # CdpGatewayAbsent is of it
    "cdp_gateway_webhooks_waiting_age_seconds",  # of every gateway that can be seen; NaN: not ready
    "cdp_decision_log_waiting",  # of the process itself: no database has to answer for it
}


def _sections() -> dict[str, str]:
    """The sections of the page about alerts: heading -> text."""
    page = OPERATIONS.read_text()
    parts = re.split(r"^### (Cdp\w+)$", page, flags=re.MULTILINE)
    texts = [re.split(r"^##", text, maxsplit=1, flags=re.MULTILINE)[0] for text in parts[2::2]]
    return dict(zip(parts[1::2], texts, strict=True))


def _compose() -> dict[str, Any]:
    compose: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return compose["services"]  # type: ignore[no-any-return]


def test_every_alert_has_its_section_and_every_section_its_alert() -> None:
    sections = _sections()
    assert list(sections) == [alert.name for alert in ALERTS]
    assert [name for name, text in sections.items() if len(text.split()) < 15] == []


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_says_how_urgent_it_is_what_it_means_and_where_to_read_on(alert: Alert) -> None:
    assert alert.severity in ("critical", "warning")
    assert set(alert.annotations) == {"summary", "description", "runbook"}
    path, _, anchor = alert.annotations["runbook"].partition("#")
    assert ROOT / path == OPERATIONS
    assert anchor in _anchors(OPERATIONS)
    assert anchor == alert.name.lower()


def test_alerts_and_dashboard_use_only_what_the_code_exports() -> None:
    used = {
        name
        for expression in [*(alert.expression for alert in ALERTS), *dashboard_expressions()]
        for name in metrics_in(expression)
    }
    assert len(used) > 20
    assert used - exported_metrics() == set()


def test_the_page_explains_every_metric_that_the_code_exports() -> None:
    table = [
        line.split("|")[1] for line in OPERATIONS.read_text().splitlines() if "| `cdp_" in line
    ]
    explained = {name for cell in table for name in re.findall(r"`(cdp_\w+)`", cell)}
    exported = {re.sub("_(bucket|sum|count)$", "", name) for name in exported_metrics()}
    assert exported == explained


def test_a_metric_is_told_from_a_text_and_a_label() -> None:
    expression = (
        'label_replace(cdp_a{b="cdp_c"} - on (d) rate(cdp_e_total[5m]), "f", "cdp_g", "", "")'
    )
    assert metrics_in(expression) == {"cdp_a", "cdp_e_total"}


def test_an_alert_fires_where_a_gauge_that_an_alert_needs_is_absent() -> None:
    by_name = {alert.name: alert.expression for alert in ALERTS}
    watched = metrics_in(by_name["CdpGaugeAbsent"]) | _NEED_NOT_BE_THERE
    gauges = {
        name
        for expression in by_name.values()
        for name in metrics_in(expression)
        if not name.endswith(("_total", "_bucket"))
    }
    assert gauges - watched == set()
    for service in SERVICE_NAMES:
        assert (
            f'absent(cdp_database_reachable{{service="{service}"}})' in by_name["CdpServiceAbsent"]
        )


def test_the_dashboard_shows_what_the_alerts_watch() -> None:
    visible = {name for expression in dashboard_expressions() for name in metrics_in(expression)}
    watched = {name for alert in ALERTS for name in metrics_in(alert.expression)}
    assert watched - visible == set()


def test_the_panels_of_the_dashboard_have_places_and_a_source_of_their_own() -> None:
    panels = read_panels()
    assert len({panel["id"] for panel in panels}) == len(panels)
    (datasource,) = yaml.safe_load(
        (FOLDER / "grafana/provisioning/datasources/prometheus.yml").read_text()
    )["datasources"]
    for panel in panels:
        if panel["type"] != "row":
            assert panel["datasource"] == {"type": "prometheus", "uid": datasource["uid"]}
            assert panel["description"], panel["title"]
            assert panel["targets"], panel["title"]
    for one, other in combinations((panel["gridPos"] for panel in panels), 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)


def test_prometheus_scrapes_every_container_of_a_service() -> None:
    running = {name for name, each in _compose().items() if each.get("command", [])[:1] == ["run"]}
    (job,) = yaml.safe_load(CONFIGURATION.read_text())["scrape_configs"]
    (discovery,) = job["dns_sd_configs"]
    assert set(discovery["names"]) == running
    assert discovery["port"] == 8080
    assert "CDP_HTTP_PORT=8080" in (ROOT / "Dockerfile").read_text()


def test_who_watches_starts_with_a_profile_at_a_fixed_version_for_this_machine_alone() -> None:
    services = _compose()
    watching = {name for name, service in services.items() if "observability" in _profiles(service)}
    assert watching == {"prometheus", "grafana"}
    for name in watching:
        assert re.fullmatch(r".+:v?\d+\.\d+\.\d+", services[name]["image"])
        assert all(port.startswith("127.0.0.1:${CDP_") for port in services[name]["ports"])
    assert services["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD"].startswith("${CDP_")


def test_what_the_containers_mount_is_there() -> None:
    mounts = [
        volume.split(":")
        for name in ("prometheus", "grafana")
        for volume in _compose()[name]["volumes"]
        if volume.startswith("./")
    ]
    assert len(mounts) == 4
    assert [path for path, _, mode in mounts if not (ROOT / path).exists() or mode != "ro"] == []
    (provider,) = yaml.safe_load(
        (FOLDER / "grafana/provisioning/dashboards/checkout-cdp.yml").read_text()
    )["providers"]
    (folder,) = [there for path, there, _ in mounts if (ROOT / path) == DASHBOARD.parent]
    assert provider["options"]["path"] == folder


def _profiles(service: dict[str, Any]) -> list[str]:
    profiles: list[str] = service.get("profiles", [])
    return profiles
