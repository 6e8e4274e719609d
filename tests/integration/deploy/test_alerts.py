"""Every alert fires while its fault is there and clears afterwards: promtool, on made-up series.

tests/proofs/test_alerts.py has the same with a real suite and real faults.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.topology import SERVICE_NAMES
from tests.support.observability import (
    CONFIGURATION,
    RULES,
    Alert,
    dashboard_expressions,
    metrics_in,
    read_alerts,
)
from tests.support.prometheus import ensure_prometheus

STEP = 30  # seconds between scrapes and between evaluations
# The fault begins and ends; both phases and the one after it are long enough for every rule.
BEGIN, END, LAST = 12, 30, 48  # minutes
_ALERTS = {alert.name: alert for alert in read_alerts()}


def gauge(sound: float, faulty: float) -> str:
    """A gauge that has another value while the fault is there."""
    return f"{sound}x{_steps(BEGIN)} {faulty}x{_steps(END - BEGIN)} {sound}x{_steps(LAST - END)}"


def counter(sound: float, faulty: float) -> str:
    """A counter that grows by so much a minute."""
    values, total = [], 0.0
    for minutes, rate in ((BEGIN, sound), (END - BEGIN, faulty), (LAST - END, sound)):
        step = rate * STEP / 60
        values.append(f"{total}+{step}x{_steps(minutes)}")
        total += step * (_steps(minutes) + 1)
    return " ".join(values)


def gone() -> str:
    """A series that is not there while the fault is."""
    return f"1x{_steps(BEGIN)} stale _x{_steps(END - BEGIN) - 1} 1x{_steps(LAST - END)}"


def _steps(minutes: int) -> int:
    return minutes * 60 // STEP - 1


_REACHABLE = {
    f'cdp_database_reachable{{service="{name}", instance="a"}}': "1x300" for name in SERVICE_NAMES
}
_FOLLOWING = '{service="segments", source="profiles", instance="a"}'
_CLEAN = {
    "cdp_outbox_age_seconds": '{service="segments", instance="a"}',
    "cdp_dead_letters": '{service="segments", instance="a"}',
    "cdp_horizon_age_seconds": '{service="segments", instance="a"}',
    "cdp_database_writable": '{service="segments", instance="a"}',
    "cdp_replicas": '{service="segments", role="all", instance="a"}',
    "cdp_clock_skew_seconds": '{instance="a"}',
    "cdp_broker_connected": '{instance="a"}',
    "cdp_events_behind": _FOLLOWING,
    "cdp_streams_halted": _FOLLOWING,
    "cdp_comparison_age_seconds": _FOLLOWING,
    "cdp_streams_ahead": _FOLLOWING,
    "cdp_evaluations_failing": '{service="segments", instance="a"}',
}
_PROFILES = '{service="profiles", instance="a"}'
_WAITING = ("cdp_waiting_age_seconds", "cdp_unrecordable_events")
# Profiles follows identity as segments follows it, and has gauges of its own.
_OF_PROFILES = {
    **{
        name
        + labels.replace('"profiles"', '"identity"').replace('"segments"', '"profiles"'): "1x300"
        for name, labels in _CLEAN.items()
    },
    **{name + _PROFILES: "1x300" for name in ("cdp_database_reachable", *_WAITING)},
}
_NEWEST_RECORDED = 'cdp_newest_event_recorded_timestamp_seconds{service="profiles", instance="b"}'
_NEWEST_APPLIED = f"cdp_newest_event_applied_timestamp_seconds{_FOLLOWING}"


@dataclass(frozen=True, slots=True)
class Case:
    """Series in which a fault begins and ends, for an alert; `name` says which of its faults."""

    alert: str
    series: Mapping[str, str]
    name: str = ""


CASES = [
    Case("CdpProcessDown", {'up{job="cdp", instance="a"}': gauge(1, 0)}),
    *(Case("CdpServiceAbsent", {**_REACHABLE, series: gone()}, series) for series in _REACHABLE),
    *(
        Case(
            "CdpRoleAbsent",
            {
                f'cdp_replicas{{service="offers", role="{role}", instance="{instance}"}}': values
                for instance in ("a", "b")
                for role, values in (
                    ("all", "0x300"),
                    (absent, gauge(2, 0)),
                    (present, "1x300"),
                )
            },
            absent,
        )
        for absent, present in (("rpc", "events"), ("events", "rpc"))
    ),
    Case(
        "CdpConfigurationsDiffer",
        {
            'cdp_configuration_replicas{service="offers", file="a.yaml", sha256="1"}': "2x300",
            'cdp_configuration_replicas{service="identity", file="a.yaml", sha256="2"}': (
                f"_x{_steps(BEGIN)} 1x{_steps(END - BEGIN)} stale"
            ),
        },
    ),
    Case("CdpClockSkew", {'cdp_clock_skew_seconds{instance="a"}': gauge(0.01, 90)}, "fast"),
    Case("CdpClockSkew", {'cdp_clock_skew_seconds{instance="a"}': gauge(0.01, -90)}, "slow"),
    *(
        Case(
            "CdpGaugeAbsent",
            {
                'cdp_database_reachable{service="segments", instance="a"}': "1x300",
                **{n + labels: "1x300" for n, labels in _CLEAN.items()},
                name + labels: gone(),
            },
            name,
        )
        for name, labels in _CLEAN.items()
    ),
    *(
        Case("CdpGaugeAbsent", {**_OF_PROFILES, f"{name}{_PROFILES}": gone()}, name)
        for name in _WAITING
    ),
    Case("CdpBrokerDisconnected", {'cdp_broker_connected{instance="a"}': gauge(1, 0)}),
    Case(
        "CdpDatabaseUnreachable",
        {'cdp_database_reachable{service="offers", instance="a"}': gauge(1, 0)},
        "reachable",
    ),
    Case(
        "CdpDatabaseUnreachable",
        {'cdp_database_writable{service="offers", instance="a"}': gauge(1, 0)},
        "writable",
    ),
    Case("CdpOutboxOld", {'cdp_outbox_age_seconds{service="profiles"}': gauge(0.2, 90)}),
    Case("CdpEventsBehind", {f"cdp_events_behind{_FOLLOWING}": gauge(0, 7)}),
    Case(
        "CdpEventsLate",
        {
            _NEWEST_RECORDED: f"1000+{STEP}x300",
            _NEWEST_APPLIED: (
                f"999+{STEP}x{_steps(BEGIN)} 900+{STEP}x{_steps(END - BEGIN)} "
                f"{999 + END * 60}+{STEP}x{_steps(LAST - END)}"
            ),
            f"cdp_events_received_total{_FOLLOWING}": "0+10x300",
        },
    ),
    Case("CdpComparisonOld", {f"cdp_comparison_age_seconds{_FOLLOWING}": gauge(15, 900)}),
    Case("CdpHorizonHeld", {'cdp_horizon_age_seconds{service="profiles"}': gauge(0, 900)}),
    Case("CdpStreamsHalted", {f"cdp_streams_halted{_FOLLOWING}": gauge(0, 1)}),
    Case("CdpDeadLetters", {'cdp_dead_letters{service="segments"}': gauge(0, 1)}),
    Case("CdpOutage", {f"cdp_outages{_FOLLOWING}": gauge(0, 1)}),
    Case("CdpEventsUnrecordable", {'cdp_unrecordable_events{service="profiles"}': gauge(0, 1)}),
    Case("CdpStreamsAhead", {f"cdp_streams_ahead{_FOLLOWING}": gauge(0, 3)}),
    Case("CdpEventsWaiting", {'cdp_waiting_age_seconds{service="profiles"}': gauge(0, 90)}),
    Case("CdpEvaluationsFailing", {'cdp_evaluations_failing{service="segments"}': gauge(0, 1)}),
    Case(
        "CdpEvaluationsFailing",
        {'cdp_evaluation_outages{service="segments"}': gauge(0, 1)},
        "outage",
    ),
    Case(
        "CdpDecideSlow",
        {
            f'cdp_worker_seconds_bucket{{service="offers", method="decide", le="{le}"}}': values
            for le, values in (
                ("0.2", counter(1_000, 500)),
                ("0.5", counter(1_000, 1_000)),
                ("+Inf", counter(1_000, 1_000)),
            )
        },
    ),
    *(
        Case(
            alert,
            {
                'cdp_decisions_total{outcome="ok"}': counter(1_000, 900),
                f'cdp_decisions_total{{outcome="{outcome}"}}': counter(0, 100),
            },
            outcome,
        )
        for alert, outcome in (
            ("CdpDecisionsDegraded", "database_unavailable"),
            ("CdpDecisionsDegraded", "decision_not_logged"),
            ("CdpDecisionsOutdated", "events_lagging"),
            ("CdpDecisionsOutdated", "events_halted"),
        )
    ),
    *(
        Case(
            "CdpDecisionsUnlogged",
            {
                'cdp_decisions_unlogged_total{instance="a", reason="full"}': "0x300",
                'cdp_decisions_unspooled_total{instance="a"}': "0x300",
                'cdp_decision_log_waiting{instance="a"}': "3x300",
            }
            | faulty,
            reason,
        )
        for reason, faulty in (
            ("full", {'cdp_decisions_unlogged_total{instance="a", reason="full"}': counter(0, 5)}),
            ("disk", {'cdp_decisions_unspooled_total{instance="a"}': counter(0, 5)}),
            ("waiting", {'cdp_decision_log_waiting{instance="a"}': gauge(3, 900)}),
        )
    ),
    *(
        Case(
            "CdpDoorCrowded",
            {
                'cdp_http_refused_total{instance="a", reason="slow"}': counter(1, 50),
                f'cdp_http_refused_total{{instance="a", reason="{reason}"}}': counter(0, 50),
            },
            reason,
        )
        for reason in ("full", "gone")
    ),
    *(
        Case(
            "CdpCallsExpiring",
            {
                f'cdp_calls_{name}_total{{service="offers"}}': "0x300"
                for name in ("expired", "returned")
            }
            | {f'cdp_calls_{faulty}_total{{service="offers"}}': counter(0, 100)},
            faulty,
        )
        for faulty in ("expired", "returned")
    ),
    Case("CdpGatewayAbsent", {'cdp_gateway_ready{instance="a"}': gone()}),
    Case(
        "CdpGatewayNotReady",
        {
            'cdp_gateway_ready{instance="a"}': gauge(1, 0),
            'cdp_gateway_ready{instance="b"}': "1x300",
        },
    ),
    Case(
        "CdpGatewayRejects",
        {
            f'cdp_gateway_rejected_items_total{{instance="{instance}", source="web"}}': counter(
                1, 8
            )
            for instance in ("a", "b")
        },
    ),
    Case(
        "CdpWebhooksWaiting",
        {'cdp_gateway_webhooks_waiting_age_seconds{instance="a"}': gauge(0.5, 900)},
    ),
]


@pytest.fixture(scope="module")
def promtool() -> Any:
    """`promtool(words…)`: it succeeds with these words; else the test fails with what it says."""
    ensure_prometheus()

    def run(*words: str | Path) -> str:
        command = ["promtool", *map(str, words)]
        process = subprocess.run(command, check=False, capture_output=True, text=True)
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    return run


def test_the_rules_and_the_configuration_are_valid(promtool: Any) -> None:
    assert f"{len(_ALERTS)} rules found" in promtool("check", "rules", RULES)
    promtool("check", "config", CONFIGURATION)


def test_the_expressions_of_the_dashboard_are_valid(promtool: Any, tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expression}
        for number, expression in enumerate(dashboard_expressions())
    ]
    path = tmp_path / "dashboard.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", path)


def test_every_alert_has_its_case() -> None:
    assert {case.alert for case in CASES} == set(_ALERTS)
    absent = {case.name for case in CASES if case.alert == "CdpGaugeAbsent"}
    watched = metrics_in(_ALERTS["CdpGaugeAbsent"].expression)
    assert absent == watched - {"cdp_database_reachable"}


def _promtool_case(case: Case, alert: Alert) -> dict[str, Any]:
    """A test of promtool: before the fault the alert is silent, at its end it fires, then not."""
    firing = f'count(ALERTS{{alertname="{alert.name}", alertstate="firing"}}) > bool 0'
    return {
        "name": f"{alert.name} {case.name}",
        "interval": f"{STEP}s",
        "input_series": [{"series": s, "values": v} for s, v in case.series.items()],
        "promql_expr_test": [
            {"expr": firing, "eval_time": f"{BEGIN - 1}m", "exp_samples": []},
            {
                "expr": firing,
                "eval_time": f"{END - 1}m",
                "exp_samples": [{"labels": "{}", "value": 1}],
            },
            {"expr": firing, "eval_time": f"{LAST - 1}m", "exp_samples": []},
        ],
    }


@pytest.mark.parametrize("name", _ALERTS)
def test_an_alert_is_silent_before_its_fault_fires_under_it_and_clears_after_it(
    name: str, promtool: Any, tmp_path: Path
) -> None:
    cases = [_promtool_case(case, _ALERTS[name]) for case in CASES if case.alert == name]
    # promtool would evaluate every rule that it is given at every step of every case.
    groups = yaml.safe_load(RULES.read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"] if rule["alert"] == name]
    (tmp_path / "rules.yml").write_text(
        yaml.safe_dump({"groups": [{"name": name, "rules": rules}]})
    )
    path = tmp_path / "cases.yml"
    content = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": f"{STEP}s",
        "tests": cases,
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    promtool("test", "rules", path)
