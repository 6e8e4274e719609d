"""A finding, and the words and commands that several of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cdp.doctor.snapshot import SuiteSnapshot
from cdp.doctor.status import LOST_MS

Severity = Literal["critical", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong. `code` is for scripts and stays; the sentences are for people.

    `service` is the one that is hurt, None for the whole suite. `command` mends it, or shows more
    where a person has to decide; several lines are steps.
    """

    code: str
    severity: Severity
    service: str | None
    problem: str
    consequence: str
    command: str


Rule = Callable[[SuiteSnapshot], Iterable[Finding]]
"""Finds one kind of fault in a snapshot."""


def restart(snapshot: SuiteSnapshot, service: str, role: str, signal: str = "TERM") -> str:
    """Steps that replace the processes of a service that serve `role`."""
    status = snapshot.status(service)
    replicas = [] if status is None else status["replicas"]
    steps = [
        restart_one(service, each, signal)
        for each in replicas
        if each["seen_ms"] < LOST_MS and (role == "all" or each["role"] in (role, "all"))
    ]
    return "\n".join(steps) or f"cdp run {service} --role {role}   # after ending what hangs"


def restart_one(service: str, replica: Mapping[str, Any], signal: str = "TERM") -> str:
    """The step that replaces one process."""
    role, pid, host = replica["role"], replica["pid"], replica["host"]
    return f"kill -{signal} {pid}   # on {host}; then: cdp run {service} --role {role}"


def describe_replica(service: str, replica: Mapping[str, Any]) -> str:
    """A process, so that an operator finds it."""
    return f"{service} (process {replica['pid']} on {replica['host']}, role {replica['role']})"


def join_names(names: Sequence[str]) -> str:
    """Names as a sentence lists them."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def count(number: float, noun: str) -> str:
    """A number with its noun."""
    plural = {"process": "processes", "other process": "other processes"}.get(noun, f"{noun}s")
    return f"{number:,.0f} {noun if number == 1 else plural}"


def duration(seconds: float) -> str:
    """Seconds, as people say them."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} minutes"


def skew_in_words(skew: float) -> str:
    """Seconds that a clock is ahead of another one, which the sentence goes on to name."""
    return f"{abs(skew):,.1f} s {'ahead of' if skew > 0 else 'behind'}"
