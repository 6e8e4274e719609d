"""What is wrong with the services as such: down, silent, without database or tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cdp.doctor.finding import Finding, Rule, count, join_names, restart
from cdp.doctor.snapshot import ServiceSnapshot, SuiteSnapshot
from cdp.doctor.status import LOST_MS, gauge_value, living

_SLOW_SECONDS = 1.0
_MANY_CALLS = 50
_WITHOUT = {
    "identity": "Events are accepted and wait: nobody can say whose they are.",
    "profiles": "No event of a shop is accepted, and nobody can look up a profile.",
    "segments": "Nobody enters or leaves a segment.",
    "offers": "The checkout shows the blocks that it has stored.",
}
_CALLS_FAIL = "Its calls fail."


# What PostgreSQL says when it has no connection left: for anybody, a role or a database.
_FULL = ("too many clients", "too many connections", "remaining connection slots")


# What the chassis says of a database whose tables or columns are those of another release.
_UNFIT = "does not fit this release"


_SESSIONS = (
    "SELECT usename, application_name, count(*) FROM pg_stat_activity GROUP BY 1, 2 ORDER BY 3 DESC"
)


def _full(service: str, refusal: str) -> Finding:
    return Finding(
        "database_full",
        "critical",
        service,
        f"The database of {service} has no connection left: {refusal}.",
        _WITHOUT.get(service, _CALLS_FAIL),
        f"psql -c '{_SESSIONS}'   # who has them; end what is not ours, or\n"
        "psql -c 'ALTER SYSTEM SET max_connections = 300'   # and restart PostgreSQL, or\n"
        f"CDP_WORKERS=5 cdp run {service}   # fewer for each process",
    )


def _unfit(service: str, refusal: str) -> Finding:
    return Finding(
        "schema_behind",
        "critical",
        service,
        f"The tables of {service} are not those of this release: {refusal}.",
        "What uses the new tables or columns fails, and is tried again until they are there.",
        f"cdp migrate {service}   # if this release is newer; stop identity first",
    )


def _blocked(snapshot: SuiteSnapshot, service: str) -> Finding:
    found = snapshot.blockers(service)
    who = [
        f"process {each.pid} of user {each.user} (application {each.application or 'unnamed'},"
        f" since {each.since or 'an unknown time'})"
        for each in found
    ]
    return Finding(
        "database_locked",
        "critical",
        service,
        f"Sessions of {service} wait in its database for locks that others hold, times in UTC:"
        f" {join_names(who)}.",
        "What needs these rows or tables fails after a few seconds, and is tried again.",
        "\n".join(
            f"psql -c 'SELECT pg_terminate_backend({each.pid})'   # or let its owner end it"
            for each in found
        ),
    )


def _databases(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service in snapshot.services:
        if snapshot.blockers(service):
            yield _blocked(snapshot, service)
        elif refusal := snapshot.database_refusal(service):
            if any(words in refusal for words in _FULL):
                yield _full(service, refusal)
                continue
            if _UNFIT in refusal:
                yield _unfit(service, refusal)
                continue
            yield Finding(
                "database_unreachable",
                "critical",
                service,
                f"The database of {service} does not answer: {refusal}.",
                _WITHOUT.get(service, _CALLS_FAIL)
                + " Nothing is lost: what its sources log is fetched when it is back.",
                "systemctl start postgresql   # in containers: docker compose up --detach postgres",
            )


def _unwritable(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        problem = status.get("write_problem")
        if problem is None and not any(
            each["name"] == "cdp_database_writable" and not each["value"]
            for each in status["gauges"]
        ):
            continue
        yield Finding(
            "database_not_writable",
            "critical",
            service,
            f"The database of {service} answers and takes no writes of it: it"
            f" {problem or 'does not let the service write'}.",
            _WITHOUT.get(service, _CALLS_FAIL),
            _let_write(service, problem or ""),
        )


def _let_write(service: str, problem: str) -> str:
    """What ends a problem in the words of `chassis.database.writable.write_problem`."""
    if "standby" in problem:
        variable = f"CDP_{service.upper()}_DATABASE_URI"
        return f"cdp run {service}   # with the primary in {variable}; then end the others"
    if "read-only" in problem:
        return (
            "psql -c 'ALTER SYSTEM SET default_transaction_read_only = off'"
            " -c 'SELECT pg_reload_conf()'   # or of the database or role that sets it"
        )
    return f"cdp migrate {service}   # grants what is missing"


def _restore_unconfirmed(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        if status.get("restore_unconfirmed"):
            yield Finding(
                "restore_unconfirmed",
                "critical",
                service,
                f"The log of {service} lies elsewhere than before, as after a restore from a"
                f" backup, and {service} refuses to use it.",
                _WITHOUT.get(service, _CALLS_FAIL),
                f"cdp check consistency --restored {service}",
            )


def _answers(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    """Services that do not answer, do so slowly, or are not there."""
    for service, seen in snapshot.services.items():
        if snapshot.database_refusal(service):
            continue
        if snapshot.is_down(service):
            yield Finding(
                "service_down",
                "critical",
                service,
                f"{service} does not run: nobody takes its calls or its events.",
                _WITHOUT.get(service, _CALLS_FAIL),
                f"cdp run {service}",
            )
        elif seen.status is None:
            yield from _unanswered(snapshot, service, seen)
        elif seen.seconds is not None and seen.seconds > _SLOW_SECONDS:
            yield Finding(
                "service_slow",
                "warning",
                service,
                f"{service} took {seen.seconds:.1f} s to say how it is.",
                "A checkout does not wait for so long: it shows what it has stored.",
                f"cdp run {service} --role rpc   # one more process",
            )


def _unanswered(snapshot: SuiteSnapshot, service: str, seen: ServiceSnapshot) -> Iterator[Finding]:
    if seen.unanswered == "not_running" or _calls_unserved(snapshot, service):
        yield Finding(
            "calls_not_served",
            "critical",
            service,
            f"No process of {service} takes calls, though others of it run.",
            _WITHOUT.get(service, _CALLS_FAIL),
            f"cdp run {service} --role rpc",
        )
    elif seen.unanswered == "timeout":
        yield Finding(
            "service_silent",
            "critical",
            service,
            f"{service} runs and does not answer: {seen.reason}.",
            "Its callers wait until their time is up.",
            _replace_silent(snapshot, service),
        )
    elif seen.unanswered == "earlier_release":
        yield Finding(
            "release_earlier",
            "warning",
            service,
            f"A process of an earlier release of {service} runs, which cannot say how it is.",
            "During an upgrade that is as it should be; afterwards an old process may not know what"
            " the new ones write.",
            f"cdp run {service}   # of the new release; then end each old process:\n"
            f"pgrep --full --list-full 'cdp.* run {service}'",
        )
    elif seen.unanswered == "failed":
        yield Finding(
            "status_failed",
            "critical",
            service,
            f"{service} could not say how it is: {seen.reason}.",
            "Other calls may fail in the same way; its log has the reason.",
            f"cdp migrate {service}   # if its release is newer than its tables",
        )


def _replace_silent(snapshot: SuiteSnapshot, service: str) -> str:
    """Steps for a service of which no process answers, whoever was silent for longest first."""
    status = snapshot.status(service)
    known = [] if status is None else status["replicas"]
    serving = [
        (service, each)
        for each in sorted(known, key=lambda each: -int(each["seen_ms"]))
        if each["seen_ms"] < LOST_MS and each["role"] in ("rpc", "all")
    ]
    again = "cdp doctor   # look again, it may be a moment's load; if it stays"
    if not serving:
        return f"{again}:\ncdp run {service} --role rpc   # after ending what hangs"
    return f"{again}, one after the other:\n{restart(serving, 'KILL')}"


def _calls_unserved(snapshot: SuiteSnapshot, service: str) -> bool:
    depth = snapshot.calls(service)
    unanswered = snapshot.services[service].unanswered == "timeout"
    return unanswered and depth is not None and depth.consumers == 0


def _schemas(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        revision, expected = status["schema"]["revision"], status["schema"]["expected"]
        if not expected or revision == expected:
            continue
        if revision is None or revision < expected:
            yield Finding(
                "schema_behind",
                "critical",
                service,
                f"The tables of {service} are at revision {revision or 'none'}, and its release"
                f" needs {expected}.",
                "What uses the new tables or columns fails, and is tried again until they are"
                " there.",
                f"cdp migrate {service}",
            )
        else:
            yield Finding(
                "schema_ahead",
                "warning",
                service,
                f"The tables of {service} are at revision {revision}, newer than the release that"
                f" runs, which was made for {expected}.",
                "During an upgrade that is as it should be; afterwards it means that an old"
                " process was left running.",
                restart(
                    (service, each)
                    for each in living(status)
                    if each["release"] == status["release"]
                ),
            )


def _rebuilds(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        if gauge_value(status, "cdp_rebuild_due"):
            yield Finding(
                "rebuild_due",
                "warning",
                service,
                f"The read model of {service} was folded by an earlier release.",
                "It lacks what that release had forgotten, such as the first date of an order;"
                " everything else is up to date.",
                f"cdp rebuild {service}   # once after an upgrade; everything keeps running",
            )


def _calls(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service in snapshot.follows:
        depth = snapshot.calls(service)
        if depth is not None and depth.consumers and depth.messages >= _MANY_CALLS:
            yield Finding(
                "calls_pile_up",
                "warning",
                service,
                f"{count(depth.messages, 'call')} wait for a process of {service}.",
                "What waits past its time is dropped, and its caller gets no answer.",
                f"cdp run {service} --role rpc   # one more process",
            )


def _expired_calls(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in snapshot.statuses():
        if calls := status.get("calls_expired"):
            yield Finding(
                "calls_expire",
                "warning",
                service,
                f"A process of {service} has dropped {count(calls, 'call')} within the last"
                " minute: nobody waited for them any more.",
                "Their callers got no answer in time.",
                f"cdp run {service} --role rpc   # one more process, unless it stood still",
            )


RULES: Sequence[Rule] = (
    _databases,
    _unwritable,
    _restore_unconfirmed,
    _answers,
    _schemas,
    _rebuilds,
    _calls,
    _expired_calls,
)
