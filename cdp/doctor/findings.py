"""From a snapshot of a suite to what is wrong with it, in plain words, worst first: pure.

Each finding says what is wrong, what that does to whom, and the command that mends it. What merely
follows from a worse finding is left out: with the broker down nothing is said of queues.
"""

from __future__ import annotations

from cdp.doctor import (
    broker_findings,
    definition_findings,
    event_findings,
    replica_findings,
    service_findings,
)
from cdp.doctor.finding import Finding
from cdp.doctor.snapshot import SuiteSnapshot

_RULES = (
    *service_findings.RULES,
    *broker_findings.RULES,
    *event_findings.RULES,
    *replica_findings.RULES,
    *definition_findings.RULES,
)


def diagnose(snapshot: SuiteSnapshot) -> list[Finding]:
    """What is wrong with the suite, worst first; empty when all is well."""
    if finding := broker_findings.find_no_suite(snapshot):
        return [finding]
    found = [finding for rule in _RULES for finding in rule(snapshot)]
    return sorted(found, key=lambda finding: finding.severity != "critical")
