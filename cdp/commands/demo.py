"""`cdp demo`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cdp.demo.demo import DEMO_CLOCK, Demo
from cdp.views.report import console


@click.command()
@click.option("--full", is_flag=True, help="All 69,659 purchases instead of the sample's 6,919.")
@click.option("--no-progress", is_flag=True, help="Show no progress bars.")
def demo(full: bool, no_progress: bool) -> None:
    """Load real purchases, and show the decisions they lead to.

    Runs the four services in this process, on SQLite files in .demo (replaced by every run) and an
    in-process broker. Its clock stands at the end of the data, so the figures never change.
    """
    out = console()
    Demo(out, progress=not no_progress and out.is_terminal).run(full)
    out.print(next_steps(Path(sys.executable).parent), soft_wrap=True)


def next_steps(programs: Path) -> str:
    """What to try after the demo, with the programs in the directory `programs`."""
    near = programs.relative_to(Path.cwd()) if programs.is_relative_to(Path.cwd()) else programs
    return f"""[bold]Try next[/]
  {near}/cdp profile show user_id=grace --demo
  {near}/cdp decide examples/requests/one-time-buyer.json --demo

As processes on RabbitMQ and PostgreSQL, called the way a checkout calls them:
  CDP_CLOCK={DEMO_CLOCK} make run     (prints the CDP_AMQP_URI to set for these)
  {near}/python examples/checkout/record.py examples/shoppers.ndjson
  {near}/python examples/checkout/decide.py examples/requests/gold-customer.json"""
