"""The commands of `cdp webhooks`: what shops have sent, and what became of it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import click

from cdp.commands.arguments import DURATION, json_option
from cdp.gateway import check_source_exists, gateway_database
from cdp.loading.progress import plural
from cdp.views.report import console, print_json, print_response
from cdp.views.webhooks import deliveries_view, delivery_view
from cdp.woocommerce import WooCommerceShop, changed_orders
from chassis import InvalidInput, NotFound
from chassis.core.json import dump_json
from services.gateway.commands import OwnCalls
from services.gateway.domain.webhooks.senders import (
    STRIPE,
    WOOCOMMERCE,
    split_topic,
    topic_name,
)
from services.gateway.domain.webhooks.stripe import references_of
from services.gateway.handlers.webhook_settling import understand_delivery

_STATUSES = ("waiting", "done", "ignored", "failed", "unlinked", "due")
_KEY, _SECRET = "CDP_WOOCOMMERCE_KEY", "CDP_WOOCOMMERCE_SECRET"

_status = click.option("--status", type=click.Choice(_STATUSES))
_source = click.option("--source", "source_id", metavar="SOURCE", help="Of this source only.")


@click.group()
def webhooks() -> None:
    """Inspect what shops have sent, and have it understood again.

    Webhooks are kept for 30 days, sealed. The commands use CDP_GATEWAY_DATABASE_URI.
    """


@webhooks.command("list")
@_source
@_status
@click.option("--topic", metavar="TOPIC", help="Such as shopify:orders/paid.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@json_option
def list_(
    source_id: str | None, status: str | None, topic: str | None, limit: int, as_json: bool
) -> None:
    """List the newest webhooks, with what became of each and why.

    One that is due asks somebody for something by a date. One that waits with a reason could not be
    recorded, and is tried again at the time that is given.
    """
    which = {"source_id": source_id, "status": status, "topic": topic, "limit": limit}
    with gateway_database() as own:
        check_source_exists(own, source_id)
        rows = own.call("list_deliveries", which)
    print_response(rows, deliveries_view(rows), as_json)


@webhooks.command()
@click.argument("delivery_id", metavar="ID")
@click.option("--reveal", is_flag=True, help="Show what it says, and the events as they are sent.")
def show(delivery_id: str, reveal: bool) -> None:
    """Show a webhook, and what it comes to.

    That is how it would be understood now: by the source and the release of today.
    """
    with gateway_database() as own:
        row = _listed(own, delivery_id)
        delivery = own.call("load_delivery", {"delivery_id": delivery_id})
        events, problem = _understood(own, delivery)
    console().print(delivery_view(row, events, problem))
    if reveal:
        body = delivery.body.decode("utf-8", "replace")
        print_json({"events": [*events], "body": body})


@webhooks.command()
@click.argument("delivery_ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Replay all of a --status.")
@_status
@_source
def replay(
    delivery_ids: tuple[str, ...], every: bool, status: str | None, source_id: str | None
) -> None:
    """Have webhooks understood again.

    The gateway takes them within seconds. An event counts once, however often what it comes from
    is replayed. What is due is not replayed; what is to be tried again later is tried at once.
    """
    if bool(delivery_ids) == every:
        raise click.UsageError("name the webhooks, or give --all")
    if every and status is None:
        raise click.UsageError("--all needs a --status, such as failed")
    with gateway_database() as own:
        check_source_exists(own, source_id)
        if every:
            number = own.call("await_again", {"status": status, "source_id": source_id})
        else:
            for each in delivery_ids:
                _listed(own, each)
            number = sum(own.call("await_again", {"delivery_id": each}) for each in delivery_ids)
    click.echo(f"{plural(number, 'webhook')} will be understood again.")


@webhooks.command()
@click.argument("delivery_ids", metavar="ID...", nargs=-1, required=True)
def done(delivery_ids: tuple[str, ...]) -> None:
    """Take what is due off the list, as somebody has seen to it.

    Likewise what could not be recorded and is not to be tried again. It is then forgotten like any
    other webhook, 30 days after it came.
    """
    with gateway_database() as own:
        for delivery_id in delivery_ids:
            row = _listed(own, delivery_id)
            if row["status"] != "due" and row["next_try_at"] is None:
                raise NotFound(delivery_id, "is nothing that is due; see `cdp webhooks list`")
            own.call("settle_delivery", {"delivery_id": delivery_id, "status": "done"})
    click.echo(f"{plural(len(delivery_ids), 'webhook')} done.")


@webhooks.command("catch-up")
@click.argument("source_id", metavar="SOURCE")
@click.option("--url", required=True, help="The shop's address, such as https://shop.example.")
@click.option(
    "--since",
    type=DURATION,
    default="36h",
    show_default=True,
    help="How far back: longer than the time between two runs.",
)
def catch_up(source_id: str, url: str, since: int) -> None:
    """Fetch what WooCommerce's webhooks missed.

    That is the orders of the shop that have changed. WooCommerce sends a webhook once, and switches
    it off after some failures: run this every night. The key is one of WooCommerce's REST API that
    may read, in CDP_WOOCOMMERCE_KEY and CDP_WOOCOMMERCE_SECRET. An order that is known already
    counts once.
    """
    shop = WooCommerceShop(url, _required(_KEY), _required(_SECRET))
    with gateway_database() as own:
        check_source_exists(own, source_id)
        begin = own.work.clock.now() - since
        number = 0
        for orders in changed_orders(shop, begin):
            for order in orders:
                own.call("keep_delivery", _fetched(source_id, order))
            number += len(orders)
            click.echo(f"{plural(number, 'order')} …", err=True)
    click.echo(f"{plural(number, 'order')} fetched, which the gateway understands within seconds.")


def _fetched(source_id: str, order: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "topic": topic_name(WOOCOMMERCE, "order.updated"),
        "headers": {},
        "body": dump_json(dict(order)).encode(),
    }


def _understood(own: OwnCalls, delivery: Any) -> tuple[Sequence[Mapping[str, Any]], str]:
    """The events of a delivery, or why there are none."""
    source = own.call("load_source", {"source_id": delivery.source_id})
    if source is None:
        return (), "Its source is gone."
    sender, topic = split_topic(delivery.topic)
    orders: Mapping[str, str] = {}
    try:
        if sender == STRIPE:
            references = references_of(topic, json.loads(delivery.body))
            arguments = {"source_id": delivery.source_id, "references": references}
            orders = own.call("find_links", arguments)
        found = understand_delivery(delivery, source, orders)
    except (InvalidInput, ArithmeticError, LookupError, TypeError, ValueError) as error:
        return (), f"It cannot be read: {error}"
    return found.events, f"It {found.reason}." if found.reason and not found.events else ""


def _listed(own: OwnCalls, delivery_id: str) -> dict[str, Any]:
    """The row of a delivery in the list; NotFound if there is none."""
    rows: list[dict[str, Any]] = own.call("list_deliveries", {"delivery_id": delivery_id})
    if not rows:
        raise NotFound(delivery_id, "is no webhook, or none any more; see `cdp webhooks list`")
    return rows[0]


def _required(variable: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value:
        raise InvalidInput(variable, "is not set; it is of a REST API key of the shop")
    return value
