"""`cdp shop`."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event

import click

from cdp.views.report import console

SHOP = Path(".shop")


@click.command()
@click.option("--port", default=8000, show_default=True, help="Where a browser finds the shop.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=SHOP,
    show_default=True,
    help="Where its databases are; what was there from before is gone.",
)
def shop(port: int, directory: Path) -> None:
    """Serve a small shop, and what the platform makes of it.

    Runs the services and the gateway in this process, on SQLite files and an in-process broker,
    until Ctrl-C. Nobody else can reach it: it listens on this machine's loopback address.
    """
    from cdp.shop.shop import HOST, open_shop  # noqa: PLC0415 - slow to import

    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with open_shop(directory, port) as server:
        out = console()
        out.print(f"The shop is open: [bold]http://{HOST}:{server.port}[/]  (Ctrl-C closes it)")
        while not stopped.wait(0.2):
            pass
