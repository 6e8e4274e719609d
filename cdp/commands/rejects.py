"""The command `cdp rejects`: what came over HTTP and was not recorded, and why."""

from __future__ import annotations

import click

from cdp.commands.arguments import json_option
from cdp.gateway import check_source_exists, gateway_database
from cdp.views.rejects import rejects_view
from cdp.views.report import print_response


@click.group()
def rejects() -> None:
    """Inspect what SDKs and pages have sent and was not recorded.

    Rejected items are kept for 30 days, sealed. The command uses CDP_GATEWAY_DATABASE_URI.
    """


@rejects.command("list")
@click.option("--source", "source_id", metavar="SOURCE", help="Of this source only.")
@click.option("--reveal", is_flag=True, help="Show what was sent.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@json_option
def list_(source_id: str | None, reveal: bool, limit: int, as_json: bool) -> None:
    """List rejected items, the newest first, each with its wrong field.

    Each says what to send instead.
    """
    which = {"source_id": source_id, "reveal": reveal, "limit": limit}
    with gateway_database() as own:
        check_source_exists(own, source_id)
        rows = own.call("list_rejects", which)
    print_response(rows, rejects_view(rows), as_json)
