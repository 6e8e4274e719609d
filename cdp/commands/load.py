"""`cdp load`."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import click

from cdp.connection import CLOCK, DEMO, broker_uri, connected, make_suite, suite_clock
from cdp.loading.check import ROWS_CHECKED, check_load
from cdp.loading.checkpoint import Checkpoint, CheckpointFolder
from cdp.loading.load import Load
from cdp.loading.mapping import TableMapping, read_mapping
from cdp.loading.parquet import Parquet
from cdp.loading.progress import print_old_rejects, print_report, progress_display
from cdp.loading.records import (
    Record,
    SizedEvent,
    group,
    map_rows,
    of_store,
    read_line,
    single,
)
from cdp.loading.rows import JsonRows, Lines, RowSource, file_name
from cdp.loading.table import Table
from cdp.loading.target import FOLLOWERS, RemoteTarget
from cdp.loading.text import check_text
from cdp.loading.throttle import Throttle
from cdp.views.load_check import load_check_view
from cdp.views.report import console, one_line
from chassis.core.errors import InvalidInput, Unavailable
from chassis.core.retry import retry
from identifiers import IdentifierTypes, load_types

_LINES = (".ndjson", ".jsonl", ".json")
_PARQUET = ".parquet"
_CALL_SECONDS = 30.0
_CONTINUE = "run the same command again to continue"
_RETRY_SECONDS = 2.0
_REQUEST = '{"placement": "checkout"}'


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="How the rows of a table become events, for example examples/mappings/cdnow.yaml.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Record nothing: say what would come of the first 1,000 rows (or of --first N).",
)
@click.option(
    "--first", type=click.IntRange(1), metavar="N", help="Load, or check, only the first N lines."
)
@click.option("--store", help="The store of the file's orders, where they name none.")
@click.option("--name", help="What ids made from lines start with (default: the file's name).")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to keep the checkpoint and rejected lines (default: FILE.load, beside the file).",
)
@click.option("--restart", is_flag=True, help="Start over at the first line.")
@click.option(
    "--patience",
    type=click.IntRange(0),
    default=60,
    show_default=True,
    metavar="S",
    help="Seconds to wait for services that are unavailable or make no progress.",
)
@click.option(
    "--flat-out", is_flag=True, help="Do not wait until segments and offers have followed."
)
@click.option(
    "--into",
    "suite",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Load into a suite of your own on SQLite in DIR, made if there is none; needs no broker.",
)
@click.option(
    "--demo",
    "suite",
    flag_value=DEMO,
    type=click.Path(path_type=Path),
    help=f"Load into what the last `cdp demo` left in {DEMO}, whose clock stands in 1998.",
)
@click.option("--no-progress", is_flag=True, help="Print no progress.")
@click.pass_context
def load(  # noqa: PLR0913 - as many as the command has options
    ctx: click.Context,
    *,
    file: Path,
    mapping: Path | None,
    check: bool,
    first: int | None,
    store: str | None,
    name: str | None,
    folder: Path | None,
    restart: bool,
    patience: int,
    flat_out: bool,
    suite: Path | None,
    no_progress: bool,
) -> None:
    """Load a shop's history from a file.

    FILE has one event as JSON on each line (.ndjson, .jsonl, .json), or is a table with a
    --mapping: text such as CSV, or Parquet (.parquet). After any interruption, run the same command
    again: it continues from its checkpoint, and nothing counts twice. Rejected lines go into a
    file, to be corrected and loaded. The exit status is 1 if there are any. See first what would
    come of a file with --check.
    """
    table_mapping = read_mapping(mapping) if mapping else None
    source, records, make_events = open_file(file, table_mapping, name)
    if store is not None:
        make_events = partial(of_store, make_events=make_events, store=store)
    if check:
        ctx.exit(_check(records(), make_events, first or ROWS_CHECKED))
    if suite is not None and suite != DEMO:
        make_suite(suite)
    run = partial(
        Load,
        source=source,
        records=records,
        make_events=make_events,
        setting={
            "mapping": table_mapping.digest if table_mapping else "",
            "name": source.name,
            "suite": _suite(suite) if suite else _broker(),
            **({"store": store} if store is not None else {}),
        },
        throttle=Throttle(),
        most_rows=first,
        patience=float(patience),
    )
    followers = () if flat_out else FOLLOWERS
    err = console(stderr=True)
    rejected_name = f"{file.stem}.rejected{source.suffix}"
    path = folder or file.with_name(f"{file.name}.load")
    with CheckpointFolder(path, rejected_name) as checkpoints:
        if restart:
            print_old_rejects(err, checkpoints.clear())
        before = checkpoints.read()
        with progress_display(err, source, first, visible=not no_progress) as show:

            def attempt() -> Checkpoint:
                with connected(suite, _CALL_SECONDS) as client:
                    target = RemoteTarget(client, followers)
                    return run(folder=checkpoints, target=target, show=show).run()

            checkpoint = _retry(attempt, checkpoints, float(patience))
    print_report(console(), checkpoint, checkpoints, before)
    if suite is not None:
        _print_next(suite, checkpoint, _first_event(records(), make_events))
    if checkpoint.counts.rejected:
        ctx.exit(1)


def _check(
    records: Iterator[Record], make_events: Callable[[Record], Sequence[SizedEvent]], most: int
) -> int:
    """Print what would come of a file; the exit status."""
    done = check_load(records, make_events, _identifier_types(), time.time_ns() // 1_000, most)
    console().print(load_check_view(done))
    return 1 if done.rejected else 0


def _first_event(
    records: Iterator[Record], make_events: Callable[[Record], Sequence[SizedEvent]]
) -> str | None:
    """The id of the first event that is made of a file."""
    for record in islice(records, ROWS_CHECKED):
        with suppress(InvalidInput):
            for made in [] if record.fault else make_events(record):
                if isinstance(made.event, dict) and isinstance(made.event.get("id"), str):
                    return str(made.event["id"])
    return None


def _print_next(suite: Path, checkpoint: Checkpoint, event_id: str | None) -> None:
    """What to look at in an embedded suite, and where its clock stands if that is not now."""
    clock = suite_clock(suite)
    if clock != "system" and checkpoint.counts.rejected:
        click.echo(
            f"The clock of this suite stands at {clock}, and events a day after it are rejected;"
            " `--into DIR` loads into a suite whose clock is this machine's."
        )
    if not checkpoint.counts.new + checkpoint.counts.duplicate:
        return  # no event of the file can be looked at
    where = "--demo" if suite == DEMO else f"--in {shlex.quote(str(suite))}"
    who = "user_id=omar" if event_id is None else shlex.quote(event_id)
    whose = "a shopper" if event_id is None else "the shopper of the first event"
    for line in (
        f"Orders, consent and segments of {whose}:  cdp profile show {who} {where}",
        f"What happened to them:  cdp profile events {who} {where}",
        f"A decision:  echo '{_REQUEST}' | cdp decide - {where}",
    ):
        click.echo(one_line(line))


def open_file(
    path: Path, mapping: TableMapping | None, name: str | None = None
) -> tuple[RowSource, Callable[[], Iterator[Record]], Callable[[Record], Sequence[SizedEvent]]]:
    """How a file is read: its source, its records from the start, and the events of a record."""
    row_name = file_name(Path(name or path.name))
    if path.suffix.lower() != _PARQUET:
        check_text(path, of_json=path.suffix.lower() in _LINES)
    if mapping is None:
        if path.suffix.lower() in _LINES:
            lines = Lines(path, row_name)
            return lines, lambda: single(lines.rows()), read_line
        raise click.UsageError(
            f"--mapping is missing; it says how the rows of {path.name} become events"
            " (name a file of JSON events .ndjson, .jsonl or .json)"
        )
    source: RowSource
    for join in mapping.joins:
        join.open(path.parent)
    if path.suffix.lower() in _LINES:
        source = JsonRows(path, row_name, mapping.table_format.blank)
    else:
        if path.suffix.lower() == _PARQUET:
            table: Table | Parquet = Parquet(path, row_name, mapping.table_format.blank)
        else:
            table = Table(path, row_name, mapping.table_format)
        mapping.check_columns(table.columns)
        source = table
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
    make_events = partial(map_rows, mapping=mapping, file_time=changed)
    return source, lambda: group(source.rows(), mapping.grouping), make_events


def _retry(
    attempt: Callable[[], Checkpoint], folder: CheckpointFolder, patience: float
) -> Checkpoint:
    """Try again while services are unavailable, up to `patience` seconds without progress."""
    last_progress, rows = time.monotonic(), -1

    def is_worth_another(error: BaseException) -> bool:
        nonlocal last_progress, rows
        if not isinstance(error, Unavailable):
            return False
        done = _rows_done(folder)
        if done != rows:
            last_progress, rows = time.monotonic(), done
        return time.monotonic() - last_progress < patience

    pause = min(_RETRY_SECONDS, patience)
    try:
        return retry(attempt, is_worth_another, first_pause=pause, longest_pause=pause)
    except KeyboardInterrupt:
        raise Unavailable(
            "", f"Stopped. {_rows_done(folder):,} rows are done; {_CONTINUE}"
        ) from None
    except Unavailable as error:
        raise Unavailable(
            error.subject, f"{error.message}. {rows:,} rows are done; {_CONTINUE}"
        ) from None


def _rows_done(folder: CheckpointFolder) -> int:
    checkpoint = folder.read()
    return checkpoint.counts.rows if checkpoint else 0


def _identifier_types() -> IdentifierTypes:
    """Those of identity.yaml in CDP_CONFIG_DIR, or the shipped ones."""
    directory = os.environ.get("CDP_CONFIG_DIR")
    return load_types(Path(directory) if directory else None)


def _suite(directory: Path) -> str:
    """The embedded suite in a directory: another one if it was made anew."""
    try:
        made = (directory / CLOCK).stat().st_mtime_ns
    except OSError:
        made = 0  # there is none, as the first call will say
    return f"{directory.absolute()}@{made}"


def _broker() -> str:
    """The broker of the suite, without the password."""
    uri = urlsplit(broker_uri())
    return f"{uri.hostname}:{uri.port}{uri.path}"
