"""The commands of `cdp keys`: the gateway's sources, their keys, and what they sign with."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any, cast

import click

from cdp.commands.arguments import json_option
from cdp.gateway import check_source_exists, gateway_database
from cdp.views.keys import keys_view, new_key_view, sources_view
from cdp.views.report import print_response
from chassis import InvalidInput
from chassis.core.addresses import split_address
from chassis.eventlog.unit_of_work import UnitOfWork
from rules.language.units import parse_duration
from services.gateway import store
from services.gateway.commands import add_secret, create_key, revoke_key, rotate_key
from services.gateway.domain.source_settings import check_setting, check_source_id
from services.gateway.domain.sources import EventSource, KeyKind

_NO_ORIGIN = "none"
_ORIGIN = (
    "must be as browsers send it, https://shop.example; or `none` alone, which empties the list"
)

_keep = click.option(
    "--keep",
    default="24h",
    show_default=True,
    help="How long the one before goes on, such as 1h or 0.",
)


@click.group()
def keys() -> None:
    """Make and revoke the keys that open the gateway.

    A source is a page, a server or a system that sends. Its browser keys are public, and prove
    nothing; its server keys are secret. The commands use CDP_GATEWAY_DATABASE_URI.
    """


@keys.command()
@click.argument("source_id", metavar="ID")
@click.option("--name", help="What people call it; by default its id.")
@click.option("--store", "shop", help="The store whose orders it tells; all entries of a shop.")
@click.option("--test/--live", "test", default=None, help="Whether what it sends counts nowhere.")
@click.option(
    "--emails-verified/--emails-unverified",
    "verified",
    default=None,
    help="Whether the shop lets nobody register with an address that is not theirs.",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    help="A page's that may ask; repeat it: they are the whole list, which `none` empties.",
)
@click.option(
    "--setting",
    "settings",
    multiple=True,
    metavar="NAME=JSON",
    help="consent_purposes, currency, mapping, public_url, shop_domain; null removes it. Repeat.",
)
@json_option
def source(
    source_id: str,
    name: str | None,
    shop: str | None,
    test: bool | None,
    verified: bool | None,
    origins: tuple[str, ...],
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make the source ID, or change what is given of it."""
    changes: dict[str, Any] = {"name": name, "store": shop, "test": test}
    changes |= {
        "emails_verified": verified,
        "allowed_origins": _origins(origins),
    }
    given = {field: value for field, value in changes.items() if value is not None}
    with gateway_database() as own:

        def change(unit: UnitOfWork) -> list[dict[str, Any]]:
            found = store.load_source(unit, own.seal, source_id)
            if found is None:
                check_source_id(source_id)
            old = found or EventSource(source_id, name or source_id, "server")
            more = {**old.settings, **_settings(settings)}
            more = {setting: value for setting, value in more.items() if value is not None}
            store.put_source(unit, replace(old, **given, settings=more))
            return [s for s in store.list_sources(unit) if s["source_id"] == source_id]

        response = own.work.run(change)
    print_response(response[0], sources_view(response), as_json)


@keys.command()
@json_option
def sources(as_json: bool) -> None:
    """List the sources."""
    with gateway_database() as own:
        response = own.work.read(store.list_sources)
    print_response(response, sources_view(response), as_json)


@keys.command()
@click.argument("source_id", metavar="SOURCE")
@click.option("--kind", type=click.Choice(["browser", "server"]), required=True)
@json_option
def create(source_id: str, kind: str, as_json: bool) -> None:
    """Make a key of SOURCE, and print it this once."""
    with gateway_database() as own:
        make = partial(create_key, source_id=source_id, kind=cast("KeyKind", kind))
        response = asdict(own.work.run(make))
    print_response(response, new_key_view(response), as_json)


@keys.command()
@click.argument("key", metavar="KEY")
@_keep
@json_option
def rotate(key: str, keep: str, as_json: bool) -> None:
    """Make a key in place of KEY, which is its id or its beginning."""
    with gateway_database() as own:
        new = own.work.run(partial(rotate_key, key_id=key, keep=_duration(keep)))
    print_response(asdict(new), new_key_view(asdict(new)), as_json)


@keys.command()
@click.argument("key", metavar="KEY")
def revoke(key: str) -> None:
    """Let KEY open nothing any more.

    KEY is its id or its beginning. Every process has taken it over within ten seconds.
    """
    with gateway_database() as own:
        key_id = own.work.run(partial(revoke_key, key_id=key))
    click.echo(f"{key_id}: revoked")


@keys.command("list")
@click.argument("source_id", metavar="[SOURCE]", required=False)
@json_option
def list_keys(source_id: str | None, as_json: bool) -> None:
    """List the keys of SOURCE, or of all.

    There are their beginnings, and when they were used last, to some minutes.
    """
    with gateway_database() as own:
        check_source_exists(own, source_id)
        response = own.work.read(partial(store.list_keys, source_id=source_id))
    print_response(response, keys_view(response), as_json)


@keys.command()
@click.argument("source_id", metavar="SOURCE")
@click.option(
    "--for",
    "purpose",
    type=click.Choice(["webhooks", "users"]),
    required=True,
    help="webhooks: the shop's software signs them; users: your back end signs user tokens.",
)
@click.option(
    "--stdin", "reads", is_flag=True, help="Read it from standard input, as the shop shows it."
)
@_keep
def secret(source_id: str, purpose: str, reads: bool, keep: str) -> None:
    """Set by what webhooks or user tokens of SOURCE are signed.

    Without --stdin a secret is made, and printed this once. The secret before counts for as long
    as --keep says, so that it can be exchanged without a gap.
    """
    text = sys.stdin.readline().strip() if reads else secrets.token_hex(32)
    with gateway_database() as own:
        own.work.run(
            partial(
                add_secret,
                seal=own.seal,
                source_id=source_id,
                purpose=purpose,
                secret=text,
                keep=_duration(keep),
            )
        )
    click.echo(f"{source_id}: the secret for {purpose} is set" if reads else text)


def _duration(text: str) -> int:
    """How long something goes on, in microseconds; 0 ends it at once."""
    if text.strip() in ("0", "0s"):
        return 0
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InvalidInput("--keep", str(error)) from None


def _origins(given: Sequence[str]) -> tuple[str, ...] | None:
    """The origins as browsers send them; None if none is given."""
    if tuple(given) == (_NO_ORIGIN,):
        return ()
    origins = []
    for text in given:
        url = split_address(text.strip().rstrip("/"))
        if url.scheme not in ("http", "https") or not url.netloc or url.path or url.query:
            raise InvalidInput("--origin", _ORIGIN)
        origins.append(f"{url.scheme}://{url.netloc.lower()}")
    return tuple(origins) or None


def _settings(given: Sequence[str]) -> dict[str, Any]:
    """Settings by name: JSON, or else text."""
    settings = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        if not name or not equals:
            raise InvalidInput("--setting", "must be a name and JSON, such as currency=EUR")
        try:
            settings[name] = json.loads(text)
        except ValueError:
            settings[name] = text
        check_setting(name, settings[name])
    return settings
