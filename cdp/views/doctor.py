"""What `cdp doctor` prints: findings for people, and the same for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cdp.doctor.finding import Finding
from cdp.doctor.snapshot import SuiteSnapshot
from cdp.doctor.status import RECENT_MS
from cdp.views.report import harmless, one_line

_WHOLE_LINES: Any = {"no_wrap": True, "overflow": "ignore"}  # so that they can be copied
_STYLES = {"critical": "bold red", "warning": "bold yellow"}


def findings_view(snapshot: SuiteSnapshot, findings: Sequence[Finding]) -> RenderableType:
    """All findings, worst first; one line when all is well; and what could not be seen."""
    parts: list[RenderableType] = [_finding(finding) for finding in findings]
    if not findings:
        parts.append(Text(f"All is well: {_summary(snapshot)}.", style="green"))
    parts += [
        Text(f"Not looked at: {one_line(each)}", style="dim", **_WHOLE_LINES)
        for each in unseen(snapshot)
    ]
    return Group(*parts)


def report_json(
    snapshot: SuiteSnapshot, findings: Sequence[Finding], seconds: float
) -> dict[str, Any]:
    """The same for scripts: see docs/howto/operations.md."""
    return {
        "well": not findings,
        "findings": [asdict(finding) for finding in findings],
        "unseen": unseen(snapshot),
        "seconds": round(seconds, 2),
        "services": {service: snapshot.status(service) for service in snapshot.services},
    }


def unseen(snapshot: SuiteSnapshot) -> list[str]:
    """What nobody gave us the means to look at, a sentence for each."""
    sentences = []
    if snapshot.broker.refusal is None and snapshot.broker.administered is None:
        sentences.append(
            "bindings and policies of the broker: its administration did not answer, or nothing"
            " lets us in; set CDP_MANAGEMENT_URI=http://USER:PASSWORD@HOST:15672"
        )
    dark = [name for name in snapshot.services if snapshot.status(name) is None]
    without = [name for name in dark if name not in snapshot.databases]
    if without:
        variables = ", ".join(f"CDP_{name.upper()}_DATABASE_URI" for name in without)
        sentences.append(f"what {', '.join(without)} would say; set {variables} to see more")
    return sentences


def _finding(finding: Finding) -> RenderableType:
    text = Text(finding.severity, style=_STYLES[finding.severity], **_WHOLE_LINES)
    text.append(f"  {one_line(finding.problem)}", style="bold")
    text.append(f"  [{finding.code}]\n", style="dim")
    text.append(f"  {one_line(finding.consequence)}\n", style="default")
    text.append(
        "".join(f"    {harmless(line)}\n" for line in finding.command.splitlines()), style="cyan"
    )
    return text


def _summary(snapshot: SuiteSnapshot) -> str:
    replicas = sum(
        sum(each["seen_ms"] < RECENT_MS for each in status["replicas"])
        for name in snapshot.services
        if (status := snapshot.status(name)) is not None
    )
    return (
        f"{len(snapshot.services)} services answer, {replicas} processes"
        f" gave a sign of life within {RECENT_MS // 1_000} s"
    )
