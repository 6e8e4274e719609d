"""The root of the command line: `cdp`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import click

from cdp.views.report import harmless
from chassis.core.errors import ServiceError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_MODULES = (
    "check",
    "clv",
    "conflicts",
    "dead_letters",
    "decide",
    "demo",
    "doctor",
    "experiments",
    "identity",
    "keys",
    "load",
    "migrate",
    "offers",
    "profile",
    "rebuild",
    "rejects",
    "run",
    "segments",
    "shop",
    "unrecordable",
    "webhooks",
)


class CommandModules(Mapping[str, click.Command]):
    """The commands by name, each the one that its module is named after.

    A module is imported when its command is called, so that a process of a service starts without
    what the others need.
    """

    def __getitem__(self, name: str) -> click.Command:
        if name not in set(self):
            raise KeyError(name)
        module = name.replace("-", "_")
        command: click.Command = getattr(import_module(f"cdp.commands.{module}"), module)
        return command

    def __iter__(self) -> Iterator[str]:
        return (module.replace("_", "-") for module in _MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


class RootGroup(click.Group):
    """Prints a command's ServiceError on standard error, with exit status 1.

    Whatever an error cites reaches the terminal harmless.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ServiceError as error:
            raise click.ClickException(harmless(error)) from None
        except click.ClickException as error:
            vars(error)["message"] = harmless(error.message)  # declared final, and set but once
            raise


@click.group(cls=RootGroup, commands=CommandModules(), context_settings=CONTEXT)
def cli() -> None:
    """Checkout CDP: run the services, see what they know, and repair what went wrong.

    Commands reach running services over the broker in CDP_AMQP_URI (default: RabbitMQ on this
    machine). The exit status is 0, 1 after a failure and 2 after a usage error.
    """
