"""`cdp load`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import click

from cdp.connection import DEMO, broker_uri, connected
from cdp.loading.checkpoint import Bookmark, CheckpointFolder
from cdp.loading.load import Load
from cdp.loading.mapping import TableMapping, read_mapping
from cdp.loading.parquet import Parquet
from cdp.loading.progress import print_kept, print_report, shown
from cdp.loading.records import Record, SizedRecord, grouped, map_rows, read_line, single
from cdp.loading.rows import Lines, RowSource, file_name
from cdp.loading.table import Table
from cdp.loading.target import FOLLOWERS, RemoteTarget
from cdp.loading.text import check_text
from cdp.loading.throttle import Throttle
from cdp.views.report import console
from chassis.core.errors import Unavailable

_LINES = (".ndjson", ".jsonl")
_PARQUET = ".parquet"
_CALL_SECONDS = 30.0
_GO_ON = "run the same command to go on"
_AGAIN_SECONDS = 2.0


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="How the rows of a table become events, such as examples/mappings/cdnow.yaml.",
)
@click.option("--first", type=click.IntRange(1), metavar="N", help="Only the first N lines.")
@click.option("--name", help="What the ids made from lines start with (default: the file's name).")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to keep the place and what is rejected (default: FILE.load, beside the file).",
)
@click.option("--restart", is_flag=True, help="Start at the first line, whatever was done before.")
@click.option(
    "--patience",
    type=click.IntRange(0),
    default=60,
    show_default=True,
    metavar="S",
    help="Seconds to wait for services that are away or do not move.",
)
@click.option("--flat-out", is_flag=True, help="Do not wait for segments and offers to follow.")
@click.option("--demo", is_flag=True, help="Load into what the last `cdp demo` left in .demo.")
@click.option("--no-progress", is_flag=True, help="Do not tell how far it is.")
@click.pass_context
def load(  # noqa: PLR0913 - as many as the command has options
    ctx: click.Context,
    *,
    file: Path,
    mapping: Path | None,
    first: int | None,
    name: str | None,
    folder: Path | None,
    restart: bool,
    patience: int,
    flat_out: bool,
    demo: bool,
    no_progress: bool,
) -> None:
    """Load a shop's history from a file.

    FILE has an event as JSON in each line (.ndjson, .jsonl), or is a table with a --mapping: text
    such as CSV, or Parquet (.parquet). Run the same command again after any interruption: it goes
    on where it stood, and nothing counts twice. Lines that are rejected go into a file, to mend and
    load again. The exit status is 1 if there are any.
    """
    told = read_mapping(mapping) if mapping else None
    source, pieces, make = open_file(file, told, name)
    run = partial(
        Load,
        source=source,
        pieces=pieces,
        make=make,
        setting={
            "mapping": told.digest if told else "",
            "name": source.name,
            "suite": str(DEMO.absolute()) if demo else _broker(),
        },
        pace=Throttle(),
        most_rows=first,
        patience=float(patience),
    )
    followers = () if flat_out else FOLLOWERS
    err = console(stderr=True)
    rejected_name = f"{file.stem}.rejected{source.suffix}"
    with CheckpointFolder(folder or file.with_name(f"{file.name}.load"), rejected_name) as place:
        if restart:
            print_kept(err, place.clear())
        before = place.read()
        with shown(err, source, first, wanted=not no_progress) as show:

            def attempt() -> Bookmark:
                with connected(demo, _CALL_SECONDS) as client:
                    services = RemoteTarget(client, followers)
                    return run(folder=place, services=services, show=show).run()

            mark = _insist(attempt, place, float(patience))
    print_report(console(), mark, place, before)
    if mark.counts.rejected:
        ctx.exit(1)


def open_file(
    path: Path, mapping: TableMapping | None, name: str | None = None
) -> tuple[RowSource, Callable[[], Iterator[Record]], Callable[[Record], SizedRecord]]:
    """How a file is read: its source, its pieces from the start, and the event of a piece."""
    row_name = file_name(Path(name or path.name))
    if path.suffix.lower() != _PARQUET:
        check_text(path)
    if path.suffix.lower() in _LINES:
        if mapping is not None:
            raise click.UsageError("--mapping is for tables; the lines of this file are events")
        lines = Lines(path, row_name)
        return lines, lambda: single(lines.rows()), read_line
    if mapping is None:
        raise click.UsageError(
            f"--mapping is missing: it tells how the rows of {path.name} become events"
            " (a file of events as JSON ends in .ndjson or .jsonl)"
        )
    if path.suffix.lower() == _PARQUET:
        table: Table | Parquet = Parquet(path, row_name)
    else:
        table = Table(path, row_name, mapping.form)
    mapping.check_columns(table.columns)
    make = partial(map_rows, mapping=mapping)
    if not mapping.group_by:
        return table, lambda: single(table.rows()), make
    return table, lambda: grouped(table.rows(), mapping.group_by), make


def _insist(attempt: Callable[[], Bookmark], place: CheckpointFolder, patience: float) -> Bookmark:
    """Try again while services are away for less than `patience` seconds."""
    moved, rows = time.monotonic(), -1
    while True:
        try:
            return attempt()
        except KeyboardInterrupt:
            raise Unavailable("", f"Stopped. {_done(place):,} rows are done; {_GO_ON}") from None
        except Unavailable as error:
            done = _done(place)
            if done != rows:
                moved, rows = time.monotonic(), done
            if time.monotonic() - moved >= patience:
                raise Unavailable(
                    error.subject,
                    f"{error.message}. {done:,} rows are done; {_GO_ON}",
                ) from None
            time.sleep(min(_AGAIN_SECONDS, patience))


def _done(place: CheckpointFolder) -> int:
    mark = place.read()
    return mark.counts.rows if mark else 0


def _broker() -> str:
    """Where the suite is, without the password."""
    uri = urlsplit(broker_uri())
    return f"{uri.hostname}:{uri.port}{uri.path}"
