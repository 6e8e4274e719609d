"""What is wrong with processes: gone, a wrong clock, files or releases that differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cdp.doctor.definition_findings import FILE as APPLIED_FILE
from cdp.doctor.definition_findings import file_in_force
from cdp.doctor.finding import (
    Finding,
    Rule,
    count,
    describe_replica,
    duration,
    join_names,
    name_host,
    restart_one,
    skew_in_words,
)
from cdp.doctor.snapshot import SuiteSnapshot
from cdp.doctor.status import LIVING_MS, is_lost, is_starting, living

SKEW_SECONDS = 1.0
_NAMED = 3  # processes in one sentence


def _replicas(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        for replica in status["replicas"]:
            if is_lost(replica, status) and not snapshot.is_down(service):
                yield Finding(
                    "replica_lost",
                    "warning",
                    service,
                    f"{describe_replica(service, replica)} has given no sign of life for"
                    f" {duration(replica['seen_ms'] / 1_000)}, and did not stop in order.",
                    "It was killed, hangs, or does not reach its database. If it hangs, calls that"
                    " the broker gives it are not answered.",
                    restart_one(service, replica, "KILL"),
                )
            elif (
                not replica["broker_connected"]
                and replica["seen_ms"] < LIVING_MS
                and not is_starting(replica, status)
            ):
                yield Finding(
                    "replica_without_broker",
                    "warning",
                    service,
                    f"{describe_replica(service, replica)} does not reach the broker.",
                    "It takes no calls and follows no events.",
                    restart_one(service, replica),
                )


def _clocks(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        skews = [replica["skew_ms"] / 1_000 for replica in living(status)]
        alike = len(skews) > 1 and max(skews) - min(skews) <= SKEW_SECONDS
        if alike and min(map(abs, skews)) > SKEW_SECONDS:
            yield Finding(
                "database_clock_wrong",
                "warning",
                service,
                f"The clocks of all processes of {service} are {skew_in_words(skews[0])} its"
                " database's.",
                "The processes go on by their own clocks, as they agree; one that starts alone"
                " believes the database, up to an hour.",
                f"timedatectl set-ntp true   # on the host of the database of {service}",
            )
        else:
            yield from _clocks_of_processes(service, status)
    yield from _database_clocks(snapshot)


def _clocks_of_processes(service: str, status: Mapping[str, Any]) -> Iterator[Finding]:
    for replica in living(status):
        skew = replica["skew_ms"] / 1_000
        if abs(skew) > SKEW_SECONDS:
            yield Finding(
                "clock_wrong",
                "warning",
                service,
                f"The clock of {describe_replica(service, replica)} is {skew_in_words(skew)}"
                " its database's.",
                "Most witnesses are believed: the database, other processes, its own past. By more"
                " than an hour the database alone corrects no process. Log lines and the lifetimes"
                " of calls are not corrected.",
                f"timedatectl set-ntp true   # on {name_host(replica)}",
            )


def _database_clocks(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    offsets = {
        service: offset
        for service in snapshot.services
        if (offset := snapshot.clock_offset(service)) is not None
    }
    if not offsets:
        return
    first, last = min(offsets, key=offsets.__getitem__), max(offsets, key=offsets.__getitem__)
    apart = offsets[last] - offsets[first]
    if apart > SKEW_SECONDS:
        yield Finding(
            "database_clocks_differ",
            "warning",
            None,
            f"The clock of the database of {last} is {apart:.1f} s ahead of that of {first}.",
            "What one service dates, the other takes for early or late.",
            "timedatectl set-ntp true   # on the hosts of both databases",
        )
    elif abs(middle := (offsets[first] + offsets[last]) / 2) > SKEW_SECONDS:
        yield Finding(
            "client_clock_wrong",
            "warning",
            None,
            f"The clock of this machine is {skew_in_words(-middle)} the databases'.",
            "Calls from here are taken for past their time, or for longer than they should be.",
            "timedatectl set-ntp true   # on this machine",
        )


def _some(names: Sequence[str]) -> str:
    """A few names, and how many there are besides."""
    more = [count(len(names) - _NAMED, "other process")] if len(names) > _NAMED else []
    return join_names([*names[:_NAMED], *more])


def _configurations(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    """Files of which two processes have read different contents."""
    readers: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    restarts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for service, status in snapshot.statuses():
        for replica in living(status):
            for name, digest in replica["configuration"].items():
                if name == APPLIED_FILE and file_in_force(status) is not None:
                    continue
                readers[name][digest].append(describe_replica(service, replica))
                restarts[name][digest].append(restart_one(service, replica))
    for name, contents in sorted(readers.items()):
        if len(contents) > 1:
            usual = max(contents, key=lambda digest: len(contents[digest]))
            read = (f"{_some(who)} read {digest[:12]}" for digest, who in contents.items())
            steps = [
                step for digest in contents if digest != usual for step in restarts[name][digest]
            ]
            yield Finding(
                "configurations_differ",
                "warning",
                None,
                f"Processes read different contents of {name}, by SHA-256: {'; '.join(read)}.",
                "Which answer a shopper gets depends on the process that the call reaches.",
                f"sha256sum $CDP_CONFIG_DIR/{name}   # the same on every host; then each process"
                " that read another\n" + "\n".join(steps or restarts[name][usual]),
            )


def _releases(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    releases: dict[str, list[str]] = defaultdict(list)
    newest: dict[str, str] = {}
    steps: dict[str, list[str]] = defaultdict(list)
    for service, status in snapshot.statuses():
        for replica in living(status):
            release = replica["release"]
            releases[release].append(describe_replica(service, replica))
            steps[release].append(restart_one(service, replica))
            newest[release] = max(newest.get(release, ""), replica["started_at"])
    if len(releases) > 1:
        last = max(newest, key=newest.__getitem__)
        yield Finding(
            "releases_differ",
            "warning",
            None,
            "Several releases run side by side: "
            + "; ".join(f"{name} in {join_names(who)}" for name, who in sorted(releases.items()))
            + ".",
            "During an upgrade that is as it should be; afterwards an old process may not know"
            " what the new ones write.",
            "\n".join(step for name in sorted(steps) if name != last for step in steps[name]),
        )


RULES: Sequence[Rule] = (
    _replicas,
    _clocks,
    _configurations,
    _releases,
)
