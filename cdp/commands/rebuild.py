"""`cdp rebuild`: rebuilds the read model of a service from the logs while the services run."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click

import chassis
import contracts
import profile_index
import rules
import services
from cdp.commands.arguments import suite_option
from cdp.connection import DEMO, broker_uri, connected, suite_settings
from cdp.databases import check_database, explained
from cdp.views.progress import Report, bars, lines
from cdp.views.report import console, one_line
from chassis.config.settings import Settings, owner_database, read_settings
from chassis.core.clock import corrected
from chassis.core.errors import Refused, Unavailable
from chassis.core.retry import retry
from chassis.database.engine import EXCHANGE_LIMITS, Database
from chassis.eventlog.reader import RemoteLog
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.observability.logging import configure_logging
from chassis.observability.replicas import skews_of_others
from chassis.projections.rebuild import Rebuild, RebuildResult, open_shadow
from chassis.runtime.client import Client
from contracts.topology import FOLLOWS, SERVICE_NAMES
from deploy.services import read_model, service_class

Run = Callable[[Rebuild], RebuildResult]

_CALL_SECONDS = 30.0
_PATIENCE = 60.0  # seconds that a source may be unavailable
_RETRY_SECONDS = 0.5
_INTERRUPTED = 130  # the exit status after Ctrl-C, as shells have it
_PACKAGES = (chassis, contracts, profile_index, rules, services)


@click.command()
@click.argument("service", type=click.Choice(SERVICE_NAMES))
@click.option("--resume", is_flag=True, help="Continue an interrupted rebuild.")
@click.option("--no-progress", is_flag=True, help="Print no progress.")
@suite_option
@click.pass_context
def rebuild(
    ctx: click.Context, service: str, resume: bool, no_progress: bool, suite: Path | None
) -> None:
    """Rebuild the read model of a service from the logs.

    profiles, segments and offers have one; identity has none, and is refused.

    All services keep running. The read model in use serves until the new one has caught up; then
    the two are exchanged, and only the net change is appended to the service's own log. You can
    interrupt a rebuild at any moment: continue with --resume, or start again. Connects with
    CDP_<SERVICE>_OWNER_DATABASE_URI, the role that owns the tables, and reaches the sources over
    the broker in CDP_AMQP_URI.
    """
    if service == "identity":
        raise Refused(
            "identity",
            "has no read model: its tables are its own state, and its log has only the results",
        )
    configure_logging("text", "ERROR")
    began = time.monotonic()
    try:
        with ExitStack() as stack:
            if suite is not None:
                stack.enter_context(connected(suite))
            report = stack.enter_context(_progress(not no_progress))
            run = resume_rebuild if resume else rebuild_service
            result = run(_settings(service, suite), report)
    except KeyboardInterrupt:
        where = "" if suite is None else " --demo" if suite == DEMO else f" --in {suite}"
        again = f"cdp rebuild {service} --resume{where}"
        click.echo(
            f"Interrupted; the old read model stays in use. Continue with `{again}`.", err=True
        )
        ctx.exit(_INTERRUPTED)
    click.echo(_summary(service, result, time.monotonic() - began))


def rebuild_service(settings: Settings, report: Report) -> RebuildResult:
    """Rebuild the read model of a service; its sources are reached on the broker of `settings`."""
    return _run(settings, report, Rebuild.run)


def resume_rebuild(settings: Settings, report: Report) -> RebuildResult:
    """Continue a rebuild of a service that was interrupted."""
    return _run(settings, report, Rebuild.resume)


def forget_lost(settings: Settings, report: Report) -> RebuildResult:
    """Rebuild the read model of a service without what its sources have lost in a restore."""
    return _run(settings, report, Rebuild.run, forget_lost=True)


def _run(
    settings: Settings, report: Report, run: Run, *, forget_lost: bool = False
) -> RebuildResult:
    uri, variable = owner_database(settings)
    check_database(settings.service, uri, variable)
    with explained(settings.service, variable):
        return _rebuild(settings, uri, report, run, forget_lost=forget_lost)


def _rebuild(
    settings: Settings, uri: str, report: Report, run: Run, *, forget_lost: bool
) -> RebuildResult:
    service = settings.service
    database = Database(uri, by_key=False, limits=EXCHANGE_LIMITS)
    upcasters = service_class(service).upcasters
    live = UnitOfWorkRunner(database, service, corrected(settings.clock), upcasters=upcasters)
    live.measure_clock(live.read(skews_of_others))
    model = read_model(service, settings, live)
    shadow = open_shadow(database, uri, model.tables, _release())
    callers = {
        source: Caller(settings.amqp_uri, source)
        for source in FOLLOWS[service]
        if source in model.projections
    }
    logs = {source: RemoteLog(caller.call) for source, caller in callers.items()}
    try:
        return run(Rebuild(model, live, shadow, logs, report, forget_lost=forget_lost))
    finally:
        for caller in callers.values():
            caller.close()
        shadow.database.close()
        database.close()


def _release() -> str:
    """A fingerprint of all code that builds read models."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        root = Path(str(package.__file__)).parent
        for file in sorted(root.rglob("*.py")):
            digest.update(
                f"{package.__name__}/{file.relative_to(root)}\0".encode() + file.read_bytes()
            )
    return digest.hexdigest()


@dataclass(slots=True)
class Caller:
    """Calls one service, with a new connection after any error.

    Says on standard error what it waits for.
    """

    amqp_uri: str
    service: str
    _client: Client | None = None

    def call(self, method: str, **arguments: Any) -> Any:
        """The response of the service; Unavailable after a minute without one."""
        announced = False

        def announce(error: BaseException, _pause: float) -> None:
            nonlocal announced
            if not announced:
                waiting = one_line(f"Waiting up to a minute for {self.service}: {error}")
                click.echo(waiting, err=True)
                announced = True

        return retry(
            partial(self._call_once, method, arguments),
            lambda error: isinstance(error, Unavailable),
            first_pause=_RETRY_SECONDS,
            longest_pause=_RETRY_SECONDS,
            patience=_PATIENCE,
            before_pause=announce,
        )

    def _call_once(self, method: str, arguments: Mapping[str, Any]) -> Any:
        try:
            if self._client is None:
                self._client = Client(self.amqp_uri, _CALL_SECONDS).__enter__()
            return self._client.call(self.service, method, **arguments)
        except BaseException:
            self.close()  # a response may still arrive that nobody waits for any more
            raise

    def close(self) -> None:
        """Close the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.__exit__(None, None, None)


def _settings(service: str, suite: Path | None) -> Settings:
    if suite is not None:
        return next(each for each in suite_settings(suite) if each.service == service)
    os.environ["CDP_AMQP_URI"] = broker = broker_uri()
    # Sources are called as any client calls them: the service's own user may lack the permission.
    return replace(read_settings(service), amqp_uri=broker)


def _summary(service: str, result: RebuildResult, seconds: float) -> str:
    summary = (
        f"{service}: rebuilt from {result.events:,} events in {seconds:.1f} s; its writers were "
        f"blocked for {result.lock_ms} ms, and {result.changes:,} changes were appended."
    )
    if not result.halted:
        return summary
    advice = f"see `cdp dead-letters list {service}`"
    return f"{summary}\n{result.halted:,} streams are halted: {advice}."


def _progress(visible: bool) -> AbstractContextManager[Report]:
    out = console()
    return lines() if visible and not out.is_terminal else bars(out, visible)
