"""`cdp decide`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TextIO

import click

from cdp.commands.arguments import json_option, suite_option
from cdp.connection import connected
from cdp.views.report import console, decision_view, print_json


@click.command()
@click.argument("request", type=click.File("r", encoding="utf-8"))
@suite_option
@json_option
def decide(request: TextIO, suite: Path | None, as_json: bool) -> None:
    """Show what a shopper would see, and why; nothing is recorded.

    REQUEST is a JSON file such as examples/requests/gold-customer.json, or - for standard input.
    Without a deadline of its own it has 5 s.
    """
    content = read_request(request)
    if isinstance(content, dict):
        content = {"deadline_ms": 5_000, **content, "explain": True, "dry_run": True}
    with connected(suite) as client:
        decision = client.call("offers", "decide", request=content)
        segments = []
        if decision["profile_id"] and not as_json:
            response = client.call("segments", "memberships", profile_id=decision["profile_id"])
            segments = [membership["segment"] for membership in response["segments"]]
    if as_json:
        print_json(decision)
    else:
        console().print(decision_view(Path(request.name).stem, decision, segments))


def read_request(file: TextIO) -> Any:
    """The JSON value in a file; a usage error if there is none."""
    try:
        return json.loads(file.read().removeprefix("\ufeff"))
    except UnicodeDecodeError:
        raise click.BadParameter(f"{file.name} is not UTF-8; save it as UTF-8") from None
    except ValueError as error:
        raise click.BadParameter(f"{file.name} is not JSON: {error}") from None
    except RecursionError:
        raise click.BadParameter(f"{file.name} is nested too deeply; flatten it") from None
