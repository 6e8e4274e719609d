"""What is wrong with the definitions of segments: a file not in force, an unreadable rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cdp.doctor.finding import Finding, Rule, describe_replica, join_names, restart
from cdp.doctor.snapshot import SuiteSnapshot
from cdp.doctor.status import living

FILE = "segments.yaml"  # it is in force once it was applied, whichever file a process has read
_NAMED = 3


def file_in_force(status: Mapping[str, Any]) -> str | None:
    """The SHA-256 of the segments.yaml in force; None if none was applied."""
    for each in status["gauges"]:
        if each["name"] == "cdp_definitions_file":
            return str(each["labels"]["sha256"])
    return None


def _files(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        in_force = file_in_force(status)
        others = [
            each
            for each in living(status)
            if in_force is not None and each["configuration"].get(FILE, in_force) != in_force
        ]
        if others:
            who = join_names([describe_replica(service, each) for each in others[:_NAMED]])
            yield Finding(
                "definitions_file_unused",
                "warning",
                service,
                f"{who} read a {FILE} that is not in force; the one in force has the SHA-256"
                f" {str(in_force)[:12]}.",
                "All processes evaluate by the definitions in force: nobody is in a wrong segment,"
                " and what that file says anew is not used.",
                f"cdp segments apply {FILE}   # puts a file in force; or, with the one in force:\n"
                + restart((service, each) for each in others),
            )


def _unreadable(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        segments = sorted(
            each["labels"]["segment"]
            for each in status["gauges"]
            if each["name"] == "cdp_definitions_unreadable"
        )
        if segments:
            yield Finding(
                "definitions_unreadable",
                "warning",
                service,
                f"A process of {service} cannot read the rule of {join_names(segments)}.",
                "Nobody enters or leaves there; all other segments go on.",
                f"cdp segments status {segments[0]}   # why; then end processes of an older"
                " release, or define it anew",
            )


RULES: Sequence[Rule] = (
    _files,
    _unreadable,
)
