"""The commands of `cdp clv`: the model of customer lifetime value is fitted, and looked at.

What computes is imported when it is needed: scipy takes a third of a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from cdp.commands.arguments import json_option, suite_option, who_argument
from cdp.connection import connected
from cdp.finding import find_profile_id, read_shopper
from cdp.views.report import console, print_response
from chassis.core.instants import DAY
from chassis.observability.logging import configure_logging
from rules.language.units import parse_duration

_SECONDS_A_LINE = 2.0

Report = Callable[[str, int], None]

file_option = click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read the orders of a file, as `cdp load` does, instead of a suite's.",
)
mapping_option = click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="How the rows of the file become events, for example examples/mappings/cdnow.yaml.",
)
progress_option = click.option("--no-progress", is_flag=True, help="Print no progress.")


@click.group()
def clv() -> None:
    """Fit the model of customer lifetime value and read its values."""


@clv.command()
@file_option
@mapping_option
@progress_option
@suite_option
@json_option
def fit(
    file: Path | None,
    mapping: Path | None,
    no_progress: bool,
    suite: Path | None,
    as_json: bool,
) -> None:
    """Fit the model to all orders, and put it in force.

    Of a running suite the database in CDP_SEGMENTS_DATABASE_URI is read; the model is stored there
    and published. With --file nothing is stored: the model is shown alone. Refused with fewer than
    100 customers who ordered on two days or more.
    """
    from cdp import value_jobs  # noqa: PLC0415 - see above
    from cdp.views.clv import model_view  # noqa: PLC0415

    configure_logging("text", "ERROR")
    with _progress(not no_progress) as report:
        if file is not None:
            model = value_jobs.fit_file(file, mapping, report)
        else:
            model = value_jobs.fit_suite(suite, report)
    print_response(model, model_view(model), as_json)


@clv.command()
@file_option
@mapping_option
@click.option(
    "--holdout",
    metavar="TIME",
    help="How much at the end is not fitted but compared, such as 39w (default: a third).",
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The last day that counts (default: the last day with orders).",
)
@click.option(
    "--png",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw the comparison, too; needs the extra `charts` (matplotlib).",
)
@progress_option
@suite_option
@json_option
def report(
    file: Path | None,
    mapping: Path | None,
    holdout: str | None,
    until: datetime | None,
    png: Path | None,
    no_progress: bool,
    suite: Path | None,
    as_json: bool,
) -> None:
    """Compare a forecast with what happened.

    A model is fitted without the holdout, and what it expects of these weeks stands beside what
    came. Nothing is stored.
    """
    from cdp import value_jobs  # noqa: PLC0415 - see above
    from cdp.views.clv import calibration_json, calibration_view  # noqa: PLC0415
    from cdp.views.clv_picture import draw, open_calibration_figure  # noqa: PLC0415

    # What is missing is said before the work.
    figure = None if png is None else open_calibration_figure()
    configure_logging("text", "ERROR")
    days = None if holdout is None else _days(holdout)
    with _progress(not no_progress) as show:
        orders = value_jobs.orders_from(file, mapping, suite, show)
        last = None if until is None else until.date()
        compared = value_jobs.compare(orders, days, last, show)
    if png is not None:
        draw(compared, figure, png)
    print_response(calibration_json(compared), calibration_view(compared), as_json)
    if png is not None:
        click.echo(f"Drawn in {png}.", err=True)


@clv.command()
@who_argument
@suite_option
@json_option
def show(who: tuple[str, ...], suite: Path | None, as_json: bool) -> None:
    """Show the expected orders of a customer, and when they lapse.

    WHO is identifiers such as user_id=omar, or the id of a profile, of a stream or of an event.
    """
    from cdp.views.clv import values_view  # noqa: PLC0415 - see above

    shopper = read_shopper(who)
    with connected(suite) as client:
        profile_id = find_profile_id(client, shopper)
        response = client.call("segments", "values", profile_id=profile_id)
    print_response(response, values_view(response), as_json)


def _days(holdout: str) -> int:
    try:
        time_span = parse_duration(holdout)
    except ValueError as error:
        raise click.UsageError(f"--holdout: {error}") from None
    if time_span % DAY or time_span < 7 * DAY:
        raise click.UsageError("--holdout must be whole days, at least a week, such as 39w")
    return time_span // DAY


@contextmanager
def _progress(visible: bool) -> Iterator[Report]:
    """What is being done, on standard error: one line in a terminal, otherwise now and then."""
    err = console(stderr=True)
    if not visible:
        yield lambda doing, done: None  # noqa: ARG005
        return
    if err.is_terminal:
        with err.status("Reading …") as status:
            yield lambda doing, done: status.update(f"{done:,} {doing} …")
        return
    last = time.monotonic()

    def report_now_and_then(doing: str, done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _SECONDS_A_LINE:
            last = time.monotonic()
            click.echo(f"{done:,} {doing} …", err=True)

    yield report_now_and_then
