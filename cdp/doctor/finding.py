"""A finding, and the words and commands that several of them share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cdp.doctor.snapshot import SuiteSnapshot
from cdp.doctor.status import lives, living

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


LOOK_AGAIN = "cdp doctor   # heals by itself within seconds; look again"


def declared_again(snapshot: SuiteSnapshot, service: str, role: str) -> str:
    """What to do about something that every process of a role declares every two seconds."""
    status = snapshot.status(service)
    start = f"cdp run {service} --role {role}"
    if status is None or not (living(status) if role == "all" else lives(status, role)):
        return start
    return f"{LOOK_AGAIN}\n{start}   # if it stays: it declares it, or its log says why it cannot"


def restart(replicas: Iterable[tuple[str, Mapping[str, Any]]], signal: str = "TERM") -> str:
    """Steps that replace processes, each with its service, one after the other."""
    return "\n".join(restart_one(service, replica, signal) for service, replica in replicas)


def restart_one(service: str, replica: Mapping[str, Any], signal: str = "TERM") -> str:
    """The step that replaces one process.

    A process id may be somebody else's by now, or on another host; so it is asked whose it is.
    """
    role, pid, host = replica["role"], replica["pid"], replica["host"]
    if is_container(host):
        at_once = " --time 0" if signal == "KILL" else ""
        return f"docker restart{at_once} {host}   # {service}, role {role}"
    return (
        f"ps -o args= -p {pid} | grep 'cdp.* run' && kill -{signal} {pid}"
        f"   # on {host}; then: cdp run {service} --role {role}"
    )


def is_container(host: str) -> bool:
    """Whether a host's name is the id of a container, as Docker names it."""
    return re.fullmatch("[0-9a-f]{12}", host) is not None


def name_host(replica: Mapping[str, Any]) -> str:
    """The host of a process, or its container."""
    host = replica["host"]
    return f"the host of container {host}" if is_container(host) else str(host)


def describe_replica(service: str, replica: Mapping[str, Any]) -> str:
    """A process, so that an operator finds it."""
    host, role = replica["host"], replica["role"]
    if is_container(host):
        return f"{service} (container {host}, role {role})"
    return f"{service} (process {replica['pid']} on {host}, role {role})"


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
