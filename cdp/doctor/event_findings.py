"""What is wrong with the flow of events: halted, behind, ahead, waiting, not published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cdp.doctor.finding import Finding, Rule, count, duration
from cdp.doctor.snapshot import SuiteSnapshot
from cdp.doctor.status import by_source, gauge_value, lives

_MANY_EVENTS = 1_000
_STUCK_OUTBOX_SECONDS = 30.0
_WAITING_SECONDS = 15.0
# While messages pile up, heads are compared every five minutes.
_OLD_COMPARISON_MS = 360_000
_OLD_HORIZON_SECONDS = 600.0
_FIND_TRANSACTION = """\
psql -c "SELECT pid, datname, usename, xact_start, state FROM pg_stat_activity \
WHERE backend_xid IS NOT NULL ORDER BY age(backend_xid) DESC LIMIT 1"
psql -c "SELECT gid, database, owner, prepared FROM pg_prepared_xacts ORDER BY prepared LIMIT 1"
psql -c "SELECT pg_terminate_backend(PID)"   # or ROLLBACK PREPARED 'GID', whichever is older\
"""
_LAG = ("cdp_events_behind", "cdp_streams_parked")


def _halted(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        halted = by_source(status, "cdp_streams_halted")
        letters = int(gauge_value(status, "cdp_dead_letters"))
        for source, streams in halted.items():
            if streams:
                yield Finding(
                    "streams_halted",
                    "critical",
                    service,
                    f"{service} has halted {count(streams, 'stream')} of {source}, each at an"
                    " event that it could not apply.",
                    "What it knows of these shoppers stays as it was; all others go on.",
                    _redrive(service, status),
                )
        if letters and not any(halted.values()):
            yield Finding(
                "dead_letters",
                "warning",
                service,
                f"{service} has {count(letters, 'dead letter')}, which halt no stream.",
                "A message could not be read; if it was one of ours, its event has been fetched"
                " from the log.",
                _redrive(service, status),
            )


def _redrive(service: str, status: Mapping[str, Any]) -> str:
    letter, letters = status["newest_dead_letter"], gauge_value(status, "cdp_dead_letters")
    if letter is None:
        return f"cdp dead-letters list {service}"
    which = letter if letters == 1 else '--all --reason "the cause is fixed"'
    return (
        f"cdp dead-letters show {service} {letter}   # fix the cause, then\n"
        f"cdp dead-letters redrive {service} {which}"
    )


def _ahead(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    """Consumers of a log that was restored from a backup."""
    incarnations = {service: status["incarnation"] for service, status in snapshot.statuses()}
    for service, status in snapshot.statuses():
        streams = by_source(status, "cdp_streams_ahead")
        seen = {each["source"]: each["incarnation"] for each in status["comparisons"]}
        for source in sorted(streams.keys() | seen.keys()):
            if streams.get(source):
                yield Finding(
                    "streams_ahead",
                    "critical",
                    service,
                    f"{service} is ahead of {source} in {count(streams[source], 'stream')}: the"
                    f" log of {source} was restored from a backup.",
                    f"{service} has applied events that {source} no longer has, and applies none of"
                    " their streams until that is settled.",
                    "cdp check consistency --json > lost.json   # keep it; then\n"
                    "cdp check consistency --repair",
                )
            elif seen.get(source, 0) < incarnations.get(source, 0):
                yield Finding(
                    "log_restored",
                    "warning",
                    service,
                    f"The log of {source} was restored from a backup, and {service} has not"
                    " compared itself with it since.",
                    f"Until then {service} takes no new events of {source}.",
                    f"cdp check consistency   # if it stays: cdp run {service} --role events",
                )


def _outages(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        for each in status.get("outages") or ():
            yield Finding(
                "outage",
                "critical",
                service,
                f"{service} cannot apply events of {each['source']}: they fail alike, with"
                f" {each['failure']}.",
                "What it knows grows old. Nothing is halted: all of them are tried again until the"
                " cause is gone.",
                f"cdp migrate {service}   # if tables or columns do not fit its release; else mend"
                " what the failure names",
            )


def _lag_of(status: Mapping[str, Any], source: str) -> tuple[int, ...]:
    """How many events a service is behind a source, and in how many streams."""
    return tuple(by_source(status, name).get(source, 0) for name in _LAG)


def _lag(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        behind, parked = (by_source(status, name) for name in _LAG)
        too_large = by_source(status, "cdp_streams_too_large")
        failing = {each["source"] for each in status.get("outages") or ()}
        later = snapshot.services[service].later
        for source in sorted(source for source, streams in parked.items() if streams):
            before = _lag_of(status, source)
            after = later and _lag_of(later, source)
            if source in failing or too_large.get(source, 0) >= parked[source]:
                continue  # that says why
            if after and after[0] > before[0] >= _MANY_EVENTS:
                yield Finding(
                    "lag_grows",
                    "critical",
                    service,
                    f"{service} is {count(after[0], 'event')} of {source} behind, and falls"
                    " further behind.",
                    "What it knows grows old: more comes than it applies, or nothing applies"
                    " because all fail alike, which its log says (`outage`).",
                    f"cdp run {service} --role events   # one more process\n"
                    f"cdp migrate {service}   # if its log has errors of tables or columns",
                )
            elif after == before:
                yield Finding(
                    "lag_stuck",
                    "critical",
                    service,
                    f"{service} is {count(behind.get(source, 0), 'event')} of {source} behind,"
                    f" in {count(parked[source], 'stream')}, and comes no nearer.",
                    f"What it knows grows old: {source} does not give the events, this release"
                    " cannot read them, or all fail alike, which its log says.",
                    f"cdp run {service} --role events   # of the newest release\n"
                    f"cdp migrate {service}   # if its log has errors of tables or columns",
                )
            elif behind.get(source, 0) >= _MANY_EVENTS:
                yield Finding(
                    "lag",
                    "warning",
                    service,
                    f"{service} is {count(behind[source], 'event')} of {source} behind, and"
                    " catches up.",
                    "What it knows is late by as much.",
                    f"cdp run {service} --role events   # one more process, if it lasts",
                )


def _too_large(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        for source, streams in by_source(status, "cdp_streams_too_large").items():
            if streams:
                yield Finding(
                    "events_too_large",
                    "warning",
                    service,
                    f"{service} cannot fetch the next event of {count(streams, 'stream')} of"
                    f" {source}: the broker takes no message that large.",
                    "What it knows of these shoppers stays as it was; all others go on.",
                    "rabbitmqctl eval 'application:set_env(rabbit, max_message_size, 67108864).'"
                    "   # and max_message_size = 67108864 in rabbitmq.conf",
                )


def _horizons(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        age = gauge_value(status, "cdp_horizon_age_seconds")
        if age > _OLD_HORIZON_SECONDS:
            yield Finding(
                "horizon_held",
                "warning",
                service,
                f"For {duration(age)} a transaction has been open on the database server of"
                f" {service}, in whatever database.",
                "Whoever follows its log reads again, in every comparison, all that has changed"
                " since.",
                _FIND_TRANSACTION,
            )


def _outboxes(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        rows = int(gauge_value(status, "cdp_outbox_rows"))
        age = gauge_value(status, "cdp_outbox_age_seconds")
        if rows and age > _STUCK_OUTBOX_SECONDS:
            yield Finding(
                "outbox_stuck",
                "critical",
                service,
                f"{count(rows, 'unit')} of work of {service} were not published, the oldest for"
                f" {duration(age)}.",
                "Whoever follows it gets these events late, at the next comparison.",
                f"cdp run {service}   # any process of it publishes what others have left",
            )


def _waiting(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        events = int(gauge_value(status, "cdp_waiting_events"))
        age = gauge_value(status, "cdp_waiting_age_seconds")
        if events and age > _WAITING_SECONDS:
            identity = snapshot.services.get("identity")
            if identity and identity.status and identity.status.get("restore_unconfirmed"):
                continue  # they wait for its operator
            down = identity is not None and identity.status is None
            yield Finding(
                "events_waiting",
                "critical",
                service,
                f"{count(events, 'event')} that {service} accepted wait for identity, the oldest"
                f" for {duration(age)}.",
                "They are kept, and no profile, segment or offer knows of them yet.",
                "cdp run identity"
                if down
                else f"cdp run {service} --role events   # one more process; its log says more",
            )


def _unrecordable(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        if events := int(gauge_value(status, "cdp_unrecordable_events")):
            yield Finding(
                "events_unrecordable",
                "warning",
                service,
                f"{count(events, 'event')} that {service} accepted could not be recorded.",
                "They are kept, and no profile, segment or offer knows of them.",
                "cdp unrecordable list   # the reasons; fix the cause, then\n"
                "cdp unrecordable retry --all",
            )


def _evaluations(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        if failing := int(gauge_value(status, "cdp_evaluations_failing")):
            yield Finding(
                "evaluations_failing",
                "warning",
                service,
                f"{service} cannot evaluate {count(failing, 'profile')}.",
                "Their segments stay as they were; all others are evaluated.",
                f"cdp rebuild {service}   # after the release that can; its log has the reasons",
            )


def _comparisons(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        for each in status["comparisons"]:
            age = each["age_ms"]
            if age is not None and age > _OLD_COMPARISON_MS and lives(status, "events"):
                yield Finding(
                    "comparison_old",
                    "warning",
                    service,
                    f"{service} has not compared itself with {each['source']} for"
                    f" {duration(age / 1_000)}.",
                    "An event that no message announced would not be found.",
                    f"cdp run {service} --role events   # one more process; its log says more",
                )


RULES: Sequence[Rule] = (
    _halted,
    _ahead,
    _outages,
    _lag,
    _too_large,
    _horizons,
    _outboxes,
    _waiting,
    _unrecordable,
    _evaluations,
    _comparisons,
)
