"""The options and arguments that several commands share, and how their words are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from cdp.connection import DEMO
from contracts.topology import SERVICE_NAMES
from rules.language.units import parse_duration

F = TypeVar("F", bound=Callable[..., Any])

services_argument = click.argument(
    "services", nargs=-1, type=click.Choice(SERVICE_NAMES), metavar="[SERVICE]..."
)
service_argument = click.argument("service", type=click.Choice(SERVICE_NAMES))
who_argument = click.argument("who", nargs=-1, required=True, metavar="WHO...")


def suite_option(command: F) -> F:
    """`--demo` and `--in DIR`: an embedded suite in place of the services on the broker."""
    own = click.option(
        "--in",
        "suite",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Use the suite that `cdp load --into DIR` made; needs no broker.",
    )
    demo = click.option(
        "--demo",
        "suite",
        flag_value=DEMO,
        type=click.Path(path_type=Path),
        help=f"Use what the last `cdp demo` left in {DEMO}; needs no broker.",
    )
    return own(demo(command))


class _Duration(click.ParamType[int]):
    """A length of time such as 36h, in microseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


DURATION = _Duration()

json_option = click.option("--json", "as_json", is_flag=True, help="Print the response as JSON.")


def read_identifiers(words: Sequence[str]) -> dict[str, str] | list[str]:
    """What IDENTIFIERS stand for: {type: value} for type=value pairs, else the keys as they are."""
    if not any("=" in word for word in words):
        return list(words)
    pairs = [word.partition("=") for word in words]
    if not all(kind and value for kind, _, value in pairs):
        raise click.UsageError(
            "IDENTIFIERS are either values such as email=omar@example.com, or keys; do not mix them"
        )
    values: dict[str, str] = {}
    for kind, _, value in pairs:
        if kind in values:
            raise click.UsageError(f"{kind} is given twice; give one value of each type")
        values[kind] = value
    return values


def read_address(word: str) -> dict[str, str]:
    """The arguments of profiles.address that ADDRESS stands for: an address or a key of one."""
    kind, equals, value = word.partition("=")
    if kind in ("email", "phone") and value.strip():
        return {kind: value}
    if ":" in word and not equals:
        return {"key": word}
    raise click.UsageError(
        "ADDRESS is email=omar@example.com or phone=+49301234567, or a key such as email:3b1f09aa…"
    )
