"""The commands of `cdp check`."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import click

from cdp.commands.arguments import json_option, suite_option
from cdp.commands.rebuild import forget_lost
from cdp.connection import broker_uri, connected, suite_settings
from cdp.consistency import SourceComparison, compare_all, confirm_facts, declare
from cdp.views.consistency import (
    comparison_lines,
    comparisons_json,
    confirmed_line,
    forgotten_line,
    lost_lines,
    restored_lines,
)
from chassis.config.settings import Settings, read_settings
from chassis.observability.logging import configure_logging
from chassis.projections.rebuild import RebuildProgress
from contracts.topology import SERVICE_NAMES

_DIFFERENT = 1
_CALL_SECONDS = 30.0


@click.group()
def check() -> None:
    """Check what the services hold against one another."""


@check.command()
@click.option("--repair", is_flag=True, help="Forget what a restored source has lost.")
@click.option(
    "--restored",
    type=click.Choice(SERVICE_NAMES),
    help="Say that the database of this service was restored from a backup.",
)
@suite_option
@json_option
def consistency(repair: bool, restored: str | None, suite: Path | None, as_json: bool) -> None:
    """Compare every service with the services that it follows.

    A service restored from a backup has lost what came after it, and its followers are ahead. With
    --repair they forget that: their read models are rebuilt, while all services run, with
    CDP_<SERVICE>_OWNER_DATABASE_URI as in `cdp rebuild`. Identity takes what it has lost back from
    the log of profiles: run --restored identity after a restore, before identity records again.

    The exit status is 0 if nothing differs, and 1 if something does.
    """
    configure_logging("text", "ERROR")
    if restored:
        profiles = _settings("profiles", suite) if restored == "identity" else None
        for line in restored_lines(declare(_settings(restored, suite), profiles)):
            click.echo(line)
        return
    with connected(suite, _CALL_SECONDS) as client:
        comparisons = compare_all(client)
        _print(comparisons, as_json)
        if repair:
            for consumer in dict.fromkeys(each.consumer for each in comparisons if each.lost):
                click.echo(_repair(consumer, suite), err=as_json)
            return
    if not all(each.is_consistent for each in comparisons):
        sys.exit(_DIFFERENT)


def _print(comparisons: list[SourceComparison], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(comparisons_json(comparisons), indent=2))
        return
    for each in comparisons:
        for line in (*comparison_lines(each), *lost_lines(each.lost)):
            click.echo(line)


def _repair(consumer: str, suite: Path | None) -> str:
    settings = _settings(consumer, suite)
    if consumer == "profiles":
        return confirmed_line(*confirm_facts(_settings("identity", suite), settings))
    return forgotten_line(consumer, forget_lost(settings, _say_nothing))


def _settings(service: str, suite: Path | None) -> Settings:
    if suite is not None:
        return next(each for each in suite_settings(suite) if each.service == service)
    os.environ["CDP_AMQP_URI"] = broker = broker_uri()
    return replace(read_settings(service), amqp_uri=broker)


def _say_nothing(progress: RebuildProgress) -> None:
    del progress
