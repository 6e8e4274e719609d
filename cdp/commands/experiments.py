"""The command of `cdp experiments`: how the variants of an experiment compare."""

from __future__ import annotations

from pathlib import Path

import click

from cdp.commands.arguments import json_option, suite_option
from cdp.connection import connected
from cdp.views.experiments import report_view
from cdp.views.report import print_response

_REPORT_SECONDS = 30.0


@click.group()
def experiments() -> None:
    """See how the experiments and holdouts in force stand."""


@experiments.command()
@click.argument("name")
@click.option(
    "--png",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw the lifts, too; needs the extra `charts` (matplotlib).",
)
@suite_option
@json_option
def report(name: str, png: Path | None, suite: Path | None, as_json: bool) -> None:
    """Show how each variant differs from the control.

    It says by how much, and how sure that is.

    NAME is the id of an experiment or a holdout. It may be looked at at any time: what is called
    better or worse is so by intervals that hold however often one looks.
    """
    from cdp.views.experiments_picture import draw_report, open_report_figure  # noqa: PLC0415

    figure = None if png is None else open_report_figure()  # what is missing is said before
    with connected(suite, _REPORT_SECONDS) as client:
        response = client.call("offers", "experiment_report", experiment=name)
    if png is not None:
        draw_report(response, figure, png)
    print_response(response, report_view(response), as_json)
    if png is not None:
        click.echo(f"Drawn in {png}.", err=True)
